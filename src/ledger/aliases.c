// SPDX-License-Identifier: Apache-2.0
// What the owner taught about merchants' names, kept beside the rules of merchants.c: a name's own brand, in lower
// case, and what it is called instead. It stands apart from the records, so it holds for those that come later, too.
// What matches of two bills suggest is only shown.
#include <stdio.h>
#include <string.h>

#include "ledger/match.h"
#include "ledger/merchants.h"

#define TEACHING TAEL_SAY("naming a merchant", "归并商户")
#define PLACES   16384 /* names that an import remembers; a bill of a year has a few hundred, so few share a place */

struct tael__brand_place {
    char *merchant, *brand; /* owned, in one piece; NULL: free */
};

tael_status tael__brands_open(tael__brands *b, tael_ledger *ledger)
{
    int64_t taught;
    *b = (tael__brands){.ledger = ledger};
    TAEL_TRY(tael__sql_number(ledger, &taught, "SELECT EXISTS(SELECT 1 FROM merchant_aliases)", TEACHING));
    b->places = tael__alloc_array(PLACES, sizeof *b->places);
    if (!b->places) return tael__fail_memory("brands", PLACES * sizeof *b->places);
    if (!taught) return TAEL_OK;
    return tael__sql_prepare(ledger, &b->taught, "SELECT brand FROM merchant_aliases WHERE name=tael_fold(?1)",
                             TEACHING);
}

void tael__brands_close(tael__brands *b)
{
    for (size_t i = 0; b->places && i < PLACES; i++) tael__free(b->places[i].merchant);
    tael__free(b->places);
    sqlite3_finalize(b->taught);
    *b = (tael__brands){0};
}

static tael_status work_out(tael__brands *b, char out[TAEL__BRAND_BYTES], const char *merchant)
{
    bool found;
    tael__merchant_brand(out, merchant);
    if (!b->taught) return TAEL_OK;
    sqlite3_bind_text(b->taught, 1, out, -1, SQLITE_TRANSIENT);
    tael_status status = tael__sql_step(b->ledger, b->taught, &found, TEACHING);
    if (found) snprintf(out, TAEL__BRAND_BYTES, "%s", tael__sql_text(b->taught, 0));
    sqlite3_reset(b->taught);
    return status;
}

tael_status tael__brands_find(tael__brands *b, const char *merchant, const char **out)
{
    char brand[TAEL__BRAND_BYTES];
    uint32_t hash = 2166136261u; /* FNV-1a */
    *out = "";
    if (!*merchant) return TAEL_OK;
    size_t bytes = strlen(merchant) + 1;
    for (const char *c = merchant; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    struct tael__brand_place *place = &b->places[hash % PLACES];
    if (!place->merchant || strcmp(place->merchant, merchant) != 0) {
        TAEL_TRY(work_out(b, brand, merchant));
        char *both = tael__alloc(bytes + strlen(brand) + 1);
        if (!both) return tael__fail_memory("brands", bytes + strlen(brand) + 1);
        memcpy(both, merchant, bytes);
        memcpy(both + bytes, brand, strlen(brand) + 1);
        tael__free(place->merchant);
        *place = (struct tael__brand_place){both, both + bytes};
    }
    *out = place->brand;
    return TAEL_OK;
}

/* ---- Teaching ---- */

static tael_status run_with(tael_ledger *ledger, const char *sql, const char *merchant, const char *brand)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s, sql, TEACHING));
    sqlite3_bind_text(s, 1, merchant, -1, SQLITE_STATIC);
    if (brand && sqlite3_bind_parameter_count(s) > 1) sqlite3_bind_text(s, 2, brand, -1, SQLITE_STATIC);
    tael_status status = tael__sql_run(ledger, s, TEACHING);
    sqlite3_finalize(s);
    return status;
}

static tael_status teach(tael_ledger *ledger, const char *merchant, const char *brand)
{
    TAEL_TRY(run_with(ledger,
                      "INSERT INTO merchant_aliases(name,brand) VALUES(tael_fold(tael_brand(?1)),?2)"
                      " ON CONFLICT(name) DO UPDATE SET brand=excluded.brand",
                      merchant, brand));
    /* What was already called by the name that changes goes along. */
    TAEL_TRY(run_with(ledger, "UPDATE merchant_aliases SET brand=?2 WHERE brand=?1", merchant, brand));
    return run_with(ledger,
                    "UPDATE records SET brand=?2 WHERE merchant<>'' AND brand<>?2"
                    " AND (brand=?1 OR tael_fold(tael_brand(merchant))=tael_fold(tael_brand(?1)))",
                    merchant, brand);
}

static tael_status forget(tael_ledger *ledger, const char *merchant, bool *known)
{
    TAEL_TRY(run_with(ledger, "DELETE FROM merchant_aliases WHERE name=tael_fold(tael_brand(?1)) OR brand=?1", merchant,
                      NULL));
    *known = sqlite3_changes(ledger->db) > 0;
    if (!*known) return TAEL_OK;
    return tael__sql_exec(
        ledger,
        "UPDATE records SET brand=n.brand FROM (SELECT r.id,coalesce((SELECT a.brand FROM "
        "merchant_aliases a WHERE a.name=tael_fold(tael_brand(r.merchant))),tael_brand(r.merchant)) "
        "brand FROM records r WHERE r.merchant<>'') n WHERE n.id=records.id AND n.brand<>records.brand",
        TEACHING);
}

static tael_status change(tael_ledger *ledger, const char *merchant, const char *brand, uint64_t *records)
{
    bool known = true;
    tael_status status;
    TAEL_TRY(tael__sql_begin(ledger));
    status = brand ? teach(ledger, merchant, brand) : forget(ledger, merchant, &known);
    uint64_t count = (uint64_t)sqlite3_changes64(ledger->db);
    if (status == TAEL_OK && !known)
        status = tael__fail(TAEL_NOT_FOUND,
                            TAEL_SAY("merchant: nothing was taught about that name; `tael merchant` lists the names",
                                     "merchant：没有为该名称设置过归并；可用 tael merchant 查看名称"));
    /* Names are evidence of matches, so these may change with them. */
    if (status == TAEL_OK) status = tael__ledger_settle(ledger, NULL);
    TAEL_TRY(tael__sql_end(ledger, status));
    if (records) *records = count;
    return TAEL_OK;
}

static bool blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

tael_status tael_ledger_teach_merchant(tael_ledger *ledger, const char *merchant, const char *brand, uint64_t *records)
{
    if (records) *records = 0;
    if (!ledger || !merchant || blank(merchant) || (brand && blank(brand)))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("merchant: a name and what it is called are needed; give both, not blank",
                                   "merchant：需要原名称和新名称；都不能为空"));
    if (strlen(merchant) > TAEL__MAX_FIELD_BYTES || (brand && strlen(brand) > TAEL__MAX_FIELD_BYTES))
        return tael__fail(
            TAEL_LIMIT,
            TAEL_SAY("merchant: the name has more than %d bytes; shorten it", "merchant：名称超过 %d 字节；请缩短"),
            TAEL__MAX_FIELD_BYTES);
    return change(ledger, merchant, brand, records);
}

/* ---- Lists ---- */

tael_status tael_ledger_merchants(tael_ledger *ledger, const char *text, tael_merchant_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("merchants: a ledger and a function are needed", "商户：需要账本和回调函数"));
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "SELECT brand,count(*),count(DISTINCT merchant),brand IN (SELECT a.brand FROM merchant_aliases a) FROM records"
        " WHERE brand<>'' AND (?1 IS NULL OR tael_contains(tael_fold(?1),brand,merchant))"
        " GROUP BY brand ORDER BY 2 DESC,1",
        TEACHING));
    if (text) sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
    tael_status status = tael__sql_step(ledger, s, &row, TEACHING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, TEACHING)) {
        tael_merchant merchant = {.brand = tael__sql_text(s, 0),
                                  .records = sqlite3_column_int64(s, 1),
                                  .names = sqlite3_column_int64(s, 2),
                                  .taught = sqlite3_column_int(s, 3) != 0};
        if (each(&merchant, user) != 0) break;
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_suggest_merchants(tael_ledger *ledger, tael_suggestion_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("merchants: a ledger and a function are needed", "商户：需要账本和回调函数"));
    /* A platform's name stands for many shops: only a name that always met one other is sure. */
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "SELECT o.brand,min(k.brand),count(*) FROM records o JOIN records k ON k.id=o.pair_of"
        " WHERE o.pair_of<>0 AND (o.pair_why&3)=1 AND o.brand<>'' AND k.brand<>'' AND k.source NOT IN('jd','meituan') "
        "AND o.source<>'manual'"
        " GROUP BY o.brand HAVING min(k.brand)=max(k.brand) AND min(k.brand)<>o.brand ORDER BY 3 DESC,1",
        TEACHING));
    tael_status status = tael__sql_step(ledger, s, &row, TEACHING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, TEACHING)) {
        tael_suggestion suggestion = {
            .merchant = tael__sql_text(s, 0), .brand = tael__sql_text(s, 1), .payments = sqlite3_column_int64(s, 2)};
        if (tael__merchant_is_channel(suggestion.merchant) || tael__merchant_is_channel(suggestion.brand)) continue;
        if (each(&suggestion, user) != 0) break;
    }
    sqlite3_finalize(s);
    return status;
}
