// SPDX-License-Identifier: Apache-2.0
// Rows that the owner adds and takes back by hand. Each has an identity of its own, made by chance: two equal coffees
// that were said twice are two.
#include <sodium.h>
#include <string.h>

#include "base/date.h"
#include "base/utf8.h"
#include "ledger/internal.h"

#define ADDING      TAEL_SAY("adding a record", "添加记录")
#define MINOR_MAX   1000000000000000LL /* as for bills: a sum of many stays an int64_t */
#define LAST_DAY_MS 253402300800000LL  /* 10000-01-01 */

static bool fine_text(const char *text)
{
    if (!text) return true;
    size_t n = strnlen(text, TAEL__MAX_FIELD_BYTES + 1);
    if (n > TAEL__MAX_FIELD_BYTES || !tael__utf8_valid(text, n)) return false;
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F) return false;
    return true;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static tael_status fail_field(const char *en, const char *zh)
{
    return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("record: %s", "记录：%s"), TAEL_SAY(en, zh));
}

static tael_status check(const tael_record *r)
{
    const char *currency = or_empty(r->currency);
    bool code = currency[0] == '\0' || (strlen(currency) == 3 && strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3);
    bool direction = r->direction == TAEL_EXPENSE || r->direction == TAEL_INCOME || r->direction == TAEL_NEUTRAL;
    if (r->minor <= 0 || r->minor > MINOR_MAX)
        return fail_field("the amount must be above zero and below ten trillion", "金额须大于零且小于十万亿");
    if (!direction) return fail_field("say expense, income or neutral", "请说明是支出、收入还是不计收支");
    if (!code) return fail_field("the currency has three capital letters, such as CNY", "币种为三个大写字母，如 CNY");
    if (r->time_ms < 0 || r->time_ms >= LAST_DAY_MS || r->offset_minutes < -1080 || r->offset_minutes > 1080)
        return fail_field("the time lies outside of 1970 to 9999", "时间不在 1970 至 9999 年之间");
    if (!fine_text(r->merchant) || !fine_text(r->item) || !fine_text(r->category) || !fine_text(r->type) ||
        !fine_text(r->method) || !fine_text(r->note))
        return fail_field("a text is too long, or holds what isn't text", "有文字过长，或含有非文字内容");
    return TAEL_OK;
}

static tael_status insert(tael_ledger *ledger, const tael_record *r, int64_t *id)
{
    sqlite3_stmt *s;
    uint8_t key[16];
    const char *currency = or_empty(r->currency);
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "INSERT INTO records(key,time_ms,offset_minutes,day,direction,kind,counted,minor,currency,source,merchant,item,"
        "category,type,method,status,external_id,merchant_order,account,note,brand)"
        " VALUES(?1,?2,?3,?4,?5,?6,1,?7,?8,'" TAEL_SOURCE_MANUAL "',?9,?10,?11,?12,?13,'','','','',?14,tael_brand(?9))",
        ADDING));
    randombytes_buf(key, sizeof key);
    sqlite3_bind_blob(s, 1, key, sizeof key, SQLITE_STATIC);
    const int64_t numbers[] = {r->time_ms,
                               r->offset_minutes,
                               tael__days_of(tael__date_of_ms(r->time_ms, r->offset_minutes)),
                               r->refund ? TAEL_NEUTRAL : r->direction,
                               r->refund ? TAEL__REFUND : TAEL__PLAIN,
                               r->minor};
    for (int i = 0; i < 6; i++) sqlite3_bind_int64(s, 2 + i, numbers[i]);
    const char *const texts[] = {
        currency[0] ? currency : "CNY", r->merchant, r->item, r->category, r->type, r->method, r->note};
    for (int i = 0; i < 7; i++) sqlite3_bind_text(s, 8 + i, or_empty(texts[i]), -1, SQLITE_STATIC);
    tael_status status = tael__sql_run(ledger, s, ADDING);
    sqlite3_finalize(s);
    if (status == TAEL_OK && id) *id = sqlite3_last_insert_rowid(ledger->db);
    if (status == TAEL_OK) status = tael__ledger_settle(ledger, NULL);
    return status;
}

static tael_status writable(const tael_ledger *ledger)
{
    if (!ledger->read_only) return TAEL_OK;
    return tael__fail(TAEL_DENIED,
                      TAEL_SAY("%s: the ledger is open for reading only; open it for writing",
                               "%s：账本以只读方式打开；请以可写方式打开"),
                      ledger->path);
}

tael_status tael_ledger_add(tael_ledger *ledger, const tael_record *record, int64_t *id)
{
    if (id) *id = 0;
    if (!ledger || !record)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("add: a ledger and a record are needed", "添加：需要账本和记录"));
    if (sodium_init() < 0) return tael__fail(TAEL_INTERNAL, TAEL_SAY("add: no random numbers", "添加：没有随机数"));
    TAEL_TRY(writable(ledger));
    TAEL_TRY(check(record));
    TAEL_TRY(tael__sql_begin(ledger));
    tael_status status = tael__sql_end(ledger, insert(ledger, record, id));
    if (status != TAEL_OK && id) *id = 0;
    return status;
}

/* ---- Taking back ---- */

static tael_status fail_source(tael_ledger *ledger, int64_t id)
{
    sqlite3_stmt *s;
    bool row = false;
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT source FROM records WHERE id=?1", ADDING));
    sqlite3_bind_int64(s, 1, id);
    tael_status status = tael__sql_step(ledger, s, &row, ADDING);
    if (status == TAEL_OK && !row)
        status = tael__fail(TAEL_NOT_FOUND,
                            TAEL_SAY("record %lld: there is none; `tael ledger` shows the ids",
                                     "记录 %lld：不存在；`tael ledger` 会显示编号"),
                            (long long)id);
    else if (status == TAEL_OK)
        status =
            tael__fail(TAEL_DENIED,
                       TAEL_SAY("record %lld: it comes from a bill (%s); only what was added by hand can be removed",
                                "记录 %lld：来自账单（%s）；只能移除手工添加的记录"),
                       (long long)id, tael__sql_text(s, 0));
    sqlite3_finalize(s);
    return status;
}

static tael_status delete (tael_ledger *ledger, int64_t id)
{
    sqlite3_stmt *s;
    TAEL_TRY(
        tael__sql_prepare(ledger, &s, "DELETE FROM records WHERE id=?1 AND source='" TAEL_SOURCE_MANUAL "'", ADDING));
    sqlite3_bind_int64(s, 1, id);
    tael_status status = tael__sql_run(ledger, s, ADDING);
    sqlite3_finalize(s);
    TAEL_TRY(status);
    return sqlite3_changes64(ledger->db) == 1 ? tael__ledger_settle(ledger, NULL) : fail_source(ledger, id);
}

tael_status tael_ledger_remove(tael_ledger *ledger, int64_t id)
{
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("remove: a ledger is needed", "移除：需要账本"));
    TAEL_TRY(writable(ledger));
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, delete (ledger, id));
}
