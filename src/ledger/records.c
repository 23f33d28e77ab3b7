// SPDX-License-Identifier: Apache-2.0
// Records one by one, and what the ledger covers.
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "ledger/internal.h"

#define READING TAEL_SAY("reading the records", "读取记录")

void tael__record_read(tael_record *record, sqlite3_stmt *s)
{
    *record = (tael_record){
        .id = sqlite3_column_int64(s, 0),
        .time_ms = sqlite3_column_int64(s, 1),
        .offset_minutes = sqlite3_column_int(s, 2),
        .direction = (tael_direction)sqlite3_column_int(s, 3),
        .refund = sqlite3_column_int(s, 4) == TAEL__REFUND,
        .counted = sqlite3_column_int(s, 5) != 0,
        .minor = sqlite3_column_int64(s, 6),
        .refunded_minor = sqlite3_column_int64(s, 7),
        .refund_of = sqlite3_column_int64(s, 8),
        .currency = tael__sql_text(s, 9),
        .merchant = tael__sql_text(s, 10),
        .item = tael__sql_text(s, 11),
        .category = tael__sql_text(s, 12),
        .type = tael__sql_text(s, 13),
        .method = tael__sql_text(s, 14),
        .status = tael__sql_text(s, 15),
        .source = tael__sql_text(s, 16),
        .external_id = tael__sql_text(s, 17),
        .note = tael__sql_text(s, 18),
        .brand = tael__sql_text(s, 19),
        .same_as = sqlite3_column_int64(s, 20),
        .category_id = sqlite3_column_int(s, 21),
        .category_by = sqlite3_column_int(s, 22),
    };
}

static tael_status count_rows(tael_ledger *ledger, const tael__where *where, uint64_t *total)
{
    sqlite3_stmt *s;
    bool row = false;
    TAEL_TRY(tael__where_prepare(ledger, &s, "SELECT count(*) FROM records", where, ""));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    if (row) *total = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return status;
}

static tael_status give_rows(tael_ledger *ledger, const tael__where *where, uint64_t limit, tael_record_fn *each,
                             void *user)
{
    sqlite3_stmt *s;
    bool row = true;
    TAEL_TRY(tael__where_prepare(ledger, &s, "SELECT " TAEL__RECORD_COLUMNS " FROM records", where,
                                 " ORDER BY time_ms DESC,id DESC"));
    tael_status status = TAEL_OK;
    for (uint64_t n = 0; limit == 0 || n < limit; n++) {
        tael_record record;
        status = tael__sql_step(ledger, s, &row, READING);
        if (status != TAEL_OK || !row) break;
        tael__record_read(&record, s);
        if (each(&record, user) != 0) break;
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_records(tael_ledger *ledger, const tael_filter *filter, uint64_t limit, tael_record_fn *each,
                                void *user, uint64_t *total)
{
    tael_filter f;
    tael__where where;
    if (total) *total = 0;
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("records: a ledger is needed", "记录：需要账本"));
    TAEL_TRY(tael__filter_copy(&f, filter));
    tael_status status = tael__where_make(&where, &f, false);
    if (status == TAEL_OK && total) status = count_rows(ledger, &where, total);
    if (status == TAEL_OK && each) status = give_rows(ledger, &where, limit, each, user);
    tael__where_free(&where);
    return status;
}

static void write_day(char out[16], int64_t day)
{
    tael__date date = tael__date_of(day);
    snprintf(out, 16, "%04d-%02d-%02d", (int)((unsigned)date.year % 10000), (int)((unsigned)date.month % 100),
             (int)((unsigned)date.day % 100));
}

tael_status tael_ledger_summarize(tael_ledger *ledger, tael_ledger_summary *summary)
{
    sqlite3_stmt *s;
    bool row = false;
    if (!ledger || !summary)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("summary: a ledger and a place are needed", "概况：需要账本和存放位置"));
    *summary = (tael_ledger_summary){.currency = "CNY"};
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "SELECT sum(n),min(a),max(b),currency,max(n) FROM (SELECT count(*) n,min(day) a,max(day) b,currency"
        " FROM records GROUP BY currency)",
        READING));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    if (row && sqlite3_column_int64(s, 0) > 0) {
        summary->records = (uint64_t)sqlite3_column_int64(s, 0);
        write_day(summary->first_day, sqlite3_column_int64(s, 1));
        write_day(summary->last_day, sqlite3_column_int64(s, 2));
        snprintf(summary->currency, sizeof summary->currency, "%s", tael__sql_text(s, 3));
    }
    sqlite3_finalize(s);
    return status;
}
