// SPDX-License-Identifier: Apache-2.0
// TD (Canada), account activity: a CSV without a header, `05/01/2023,DOLLARAMA # 845   _M,1.96,,13.04`: month first,
// text, what went, what came, the balance. It is known by its shape, which all rows of the file must have.
#include <string.h>

#include "ledger/import/importer.h"

static bool plain_amount(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    return whole > 0 && text[whole] == '.' && strspn(text + whole + 1, "0123456789") == 2 && text[whole + 3] == '\0';
}

static bool shape(const char *const *cell, size_t count)
{
    int64_t ms;
    if (count != 5 || strlen(cell[0]) != 10 || cell[0][2] != '/' || cell[1][0] == '\0') return false;
    for (const char *c = cell[1]; *c; c++)
        if (*c < ' ' || *c > '~') return false;
    bool out = cell[2][0] != '\0', in = cell[3][0] != '\0';
    return tael__parse_moment(&ms, cell[0], "", TAEL__MONTH_FIRST) && out != in && plain_amount(cell[out ? 2 : 3]) &&
           plain_amount(cell[4] + (cell[4][0] == '-'));
}

static const char *td_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {
        .card = "TD", .currency = "CAD", .style = TAEL__AMOUNT_COLUMNS, .order = TAEL__MONTH_FIRST};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name columns[] = {{TAEL__COL_TIME, "date", true},
                                            {TAEL__COL_ITEM, "description", true},
                                            {TAEL__COL_OUT, "withdrawal", true},
                                            {TAEL__COL_IN, "deposit", true},
                                            {TAEL__COL_BALANCE, "balance", true}};

const tael__importer tael__importer_td = {.name = "td",
                                          .what = "TD",
                                          .columns = columns,
                                          .column_count = sizeof columns / sizeof *columns,
                                          .next_row = td_row,
                                          .shape = shape};
