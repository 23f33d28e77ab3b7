// SPDX-License-Identifier: Apache-2.0
// Labelled rows from a table of tabs.
#include "labelled.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { FIELDS = 9 };

static tael_status read_row(tael__labelled *all, size_t line, const char *path, char *field[FIELDS])
{
    tael__labelled_row *row = &all->rows[all->count];
    int32_t id = tael_category_find(field[0]);
    if (!id || id % 100 == 0)
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s, line %zu: no such category", "%s 第 %zu 行：没有这个分类"),
                          path, line);
    int hour = atoi(field[8]);
    *row = (tael__labelled_row){.category_id = id,
                                .index = tael__category_index(id),
                                .record = {.merchant = field[1],
                                           .item = field[2],
                                           .category = field[3],
                                           .direction = *field[4] == 'e'   ? TAEL_EXPENSE
                                                        : *field[4] == 'i' ? TAEL_INCOME
                                                                           : TAEL_NEUTRAL,
                                           .type = field[5],
                                           .source = field[6],
                                           .minor = (int64_t)(atof(field[7]) * 100 + 0.5),
                                           .time_ms = hour >= 0 ? (20000 * 24 + (int64_t)hour) * 3600000 + 1800000 : 0,
                                           .note = "",
                                           .currency = "CNY",
                                           .method = "",
                                           .status = "",
                                           .external_id = ""}};
    all->count++;
    return TAEL_OK;
}

tael_status tael__labelled_read(tael__labelled *out, const char *path)
{
    size_t bytes, lines = 0, line = 0;
    *out = (tael__labelled){0};
    TAEL_TRY(tael__file_read(&out->text, &bytes, path, (size_t)64 << 20));
    for (size_t i = 0; i < bytes; i++) lines += out->text[i] == '\n';
    out->rows = tael__alloc_array(lines + 1, sizeof *out->rows);
    if (!out->rows) return tael__fail_memory(path, lines * sizeof *out->rows);
    for (char *at = out->text, *next; at && *at; at = next) {
        char *field[FIELDS];
        size_t n = 0;
        next = strchr(at, '\n');
        if (next) *next++ = '\0';
        line++;
        if (line == 1 || *at == '#') continue;
        for (char *f = at; f && n < FIELDS; n++) {
            field[n] = f;
            f = strchr(f, '\t');
            if (f) *f++ = '\0';
        }
        if (n < FIELDS)
            return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s, line %zu: a field is missing", "%s 第 %zu 行：缺少字段"),
                              path, line);
        TAEL_TRY(read_row(out, line, path, field));
    }
    return TAEL_OK;
}

void tael__labelled_free(tael__labelled *rows)
{
    tael__free(rows->rows);
    tael__free(rows->text);
    *rows = (tael__labelled){0};
}

uint32_t tael__labelled_brand(const tael__labelled_row *row)
{
    const char *text = *row->record.merchant ? row->record.merchant : row->record.item;
    uint32_t h = 0x811C9DC5u;
    const char *dash = strstr(text, "-");
    if (dash && dash[1] && dash - text <= 12) text = dash + 1; /* behind a channel */
    for (; *text && *text != '('; text++) h = (h ^ (unsigned char)*text) * 16777619u;
    return h ^ (h >> 13);
}
