// SPDX-License-Identifier: Apache-2.0
// Refunds to their purchases. A joined refund lowers its purchase and is itself in no sum; one whose purchase isn't in
// the ledger stays in the sums and lowers its own day.
//
// Everything is joined anew from the rows whenever rows came or went, in a fixed order, surest evidence first; so the
// result doesn't depend on which file came first. Refunds are few (one row in fifty), and each search goes by an index.
// What was found stays in memory until the end (the searches see it through tael_joined), and only rows that it changes
// are written: an import into a ledger of ten years touches what it brought.
#include "ledger/match.h"

#define JOINING TAEL_SAY("joining refunds", "关联退款")

/* Each finds the purchase of refund ?1 (its row is r), or nothing. A partial index is taken only when its own condition
 * stands in the query word for word: hence p.external_id<>'' and its like. */
static const char *const searches[] = {
    /* JD: a refund has its purchase's order number. Of several purchases of an order the one that says so itself, best
     * with this very sum, then the one of this item, then the last before. */
    "SELECT p.id FROM records r JOIN records p ON p.external_id=r.external_id AND p.external_id<>''"
    " WHERE r.id=?1 AND r.source='jd' AND r.external_id<>'' AND p.source='jd' AND p.kind<>1 AND p.direction=1"
    " AND p.minor-tael_joined(p.id)>=r.minor"
    " ORDER BY (p.time_ms<=r.time_ms) DESC,(p.stated_minor-tael_joined(p.id)>=r.minor) DESC,(p.stated_minor=r.minor) "
    "DESC,"
    "(instr(r.item,p.item)>0) DESC,p.time_ms DESC,p.id LIMIT 1",
    /* Alipay: the refund's id is the order's id, "_" and more. */
    "SELECT p.id FROM records r JOIN records p ON p.external_id=substr(r.external_id,1,instr(r.external_id,'_')-1)"
    " AND p.external_id<>''"
    " WHERE r.id=?1 AND r.source='alipay' AND instr(r.external_id,'_')>1 AND p.source=r.source AND p.kind<>1"
    " ORDER BY (p.direction=1) DESC,(p.merchant=r.merchant) DESC,p.time_ms,p.id LIMIT 1",
    /* WeChat's red packets: the refund's id is the purchase's merchant order. */
    "SELECT p.id FROM records r JOIN records p ON p.merchant_order=r.external_id AND p.merchant_order<>''"
    " WHERE r.id=?1 AND r.external_id<>'' AND p.source=r.source AND p.kind<>1 AND p.direction=1 AND "
    "p.minor-tael_joined(p.id)>=r.minor"
    " ORDER BY p.time_ms,p.id LIMIT 1",
    /* Both carry the merchant's order number; the merchant must fit as well, since samples and masked bills repeat it.
     */
    "SELECT p.id FROM records r JOIN records p ON p.merchant_order=r.merchant_order AND p.merchant_order<>''"
    " WHERE r.id=?1 AND r.merchant_order<>'' AND p.source=r.source AND p.kind<>1 AND p.merchant=r.merchant"
    " AND p.direction<>2 AND p.time_ms<=r.time_ms AND p.minor-tael_joined(p.id)>=r.minor"
    " ORDER BY (p.direction=1) DESC,(p.kind=3) DESC,(p.minor=r.minor) DESC,p.time_ms DESC,p.id LIMIT 1",
    /* The purchase's own status says that something came back, and it is of this merchant: the same sum, then any. */
    "SELECT p.id FROM records r JOIN records p ON p.source=r.source AND p.stated_minor=r.minor"
    " WHERE r.id=?1 AND p.stated_minor<>0 AND p.kind<>1 AND p.direction=1 AND "
    "p.merchant=r.merchant AND p.time_ms<=r.time_ms AND tael_joined(p.id)=0"
    " ORDER BY (p.method=r.method) DESC,p.time_ms DESC,p.id LIMIT 1",
    "SELECT p.id FROM records r JOIN records p ON p.source=r.source AND p.stated_minor>r.minor"
    " WHERE r.id=?1 AND p.stated_minor<>0 AND p.kind<>1 AND p.direction=1"
    " AND p.merchant=r.merchant AND p.time_ms<=r.time_ms AND p.stated_minor-tael_joined(p.id)>=r.minor ORDER BY "
    "(p.method=r.method) DESC,p.time_ms DESC,p.id LIMIT 1",
    /* A paid and closed purchase of this merchant and sum: it must have come back, and the order was replaced. */
    "SELECT p.id FROM records r JOIN records p ON p.kind=3 AND p.kind<>0 AND p.source=r.source AND p.time_ms<=r.time_ms"
    " WHERE r.id=?1 AND p.merchant=r.merchant AND p.minor=r.minor AND tael_joined(p.id)=0 ORDER BY p.time_ms DESC,p.id "
    "LIMIT 1",
    /* WeChat's refund may carry another name of the shop: the same stated sum within half a year before. */
    "SELECT p.id FROM records r JOIN records p ON p.source=r.source AND p.stated_minor=r.minor"
    " WHERE r.id=?1 AND r.source='wechat' AND p.stated_minor<>0 AND p.kind<>1 AND p.direction=1"
    " AND p.time_ms BETWEEN r.time_ms-15811200000 AND r.time_ms AND tael_joined(p.id)=0 ORDER BY (p.method=r.method) "
    "DESC,p.time_ms DESC,p.id "
    "LIMIT 1",
    /* Meituan's refund shares no number with its purchase: the same title and sum within half a year before. */
    "SELECT p.id FROM records r JOIN records p ON p.time_ms BETWEEN r.time_ms-15811200000 AND r.time_ms"
    " WHERE r.id=?1 AND r.source='meituan' AND p.direction=1 AND p.kind=0 AND p.minor=r.minor AND +p.source='meituan'"
    " AND p.item=r.item AND tael_joined(p.id)=0 ORDER BY (p.method=r.method) DESC,p.time_ms DESC,p.id LIMIT 1",
};

/* What purchases got back so far. Open addressing; an id of 0 is a free place. */
typedef struct given_back {
    int64_t id, minor;
} given_back;

typedef struct joiner {
    tael_ledger *ledger;
    sqlite3_stmt *search;
    given_back *back;
    size_t count, capacity;
} joiner;

static given_back *back_of(const joiner *j, int64_t id)
{
    size_t at = ((uint64_t)id * 0x9E3779B97F4A7C15u >> 20) & (j->capacity - 1);
    while (j->back[at].id && j->back[at].id != id) at = (at + 1) & (j->capacity - 1);
    return &j->back[at];
}

static void joined(sqlite3_context *context, int count, sqlite3_value **values)
{
    const joiner *j = sqlite3_user_data(context);
    (void)count;
    sqlite3_result_int64(context, j->capacity ? back_of(j, sqlite3_value_int64(values[0]))->minor : 0);
}

/* Room for one more. */
static tael_status make_room(joiner *j)
{
    if (2 * (j->count + 1) <= j->capacity) return TAEL_OK;
    joiner bigger = {.capacity = j->capacity ? 2 * j->capacity : 256};
    bigger.back = tael__alloc_array(bigger.capacity, sizeof *bigger.back);
    if (!bigger.back) return tael__fail_memory("refunds", bigger.capacity * sizeof *bigger.back);
    for (size_t i = 0; i < j->capacity; i++)
        if (j->back[i].id) *back_of(&bigger, j->back[i].id) = j->back[i];
    tael__free(j->back);
    j->back = bigger.back;
    j->capacity = bigger.capacity;
    return TAEL_OK;
}

static tael_status give_back(joiner *j, int64_t purchase, int64_t minor)
{
    TAEL_TRY(make_room(j));
    given_back *back = back_of(j, purchase);
    j->count += back->id == 0;
    back->id = purchase;
    if (__builtin_add_overflow(back->minor, minor, &back->minor)) back->minor = INT64_MAX;
    return TAEL_OK;
}

typedef struct unjoined {
    int64_t id, minor;
    int64_t was, purchase; /* as the store has it, and as it was found now; 0: none */
    bool counted, alone;   /* as the store has it; no other bill shows it (pair_of) */
} unjoined;

/* All refunds, oldest first; equal ones in the order of their keys, which no import order changes. */
static tael_status list_unjoined(tael_ledger *ledger, unjoined **out, size_t *count)
{
    sqlite3_stmt *s;
    size_t capacity = 0;
    bool row;
    *out = NULL;
    *count = 0;
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "SELECT id,minor,refund_of,counted,pair_of FROM records WHERE kind=1 AND kind<>0 ORDER BY time_ms,key",
        JOINING));
    tael_status status = tael__sql_step(ledger, s, &row, JOINING);
    while (status == TAEL_OK && row) {
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            unjoined *more = tael__realloc(*out, capacity * sizeof **out);
            if (!more) {
                status = tael__fail_memory("refunds", capacity * sizeof **out);
                break;
            }
            *out = more;
        }
        (*out)[(*count)++] = (unjoined){.id = sqlite3_column_int64(s, 0),
                                        .minor = sqlite3_column_int64(s, 1),
                                        .was = sqlite3_column_int64(s, 2),
                                        .counted = sqlite3_column_int(s, 3) != 0,
                                        .alone = sqlite3_column_int64(s, 4) == 0};
        status = tael__sql_step(ledger, s, &row, JOINING);
    }
    sqlite3_finalize(s);
    return status;
}

static tael_status search_one(joiner *j, unjoined *refund)
{
    bool found;
    sqlite3_bind_int64(j->search, 1, refund->id);
    tael_status status = tael__sql_step(j->ledger, j->search, &found, JOINING);
    if (status == TAEL_OK && found) refund->purchase = sqlite3_column_int64(j->search, 0);
    sqlite3_reset(j->search);
    return refund->purchase ? give_back(j, refund->purchase, refund->minor) : status;
}

/* One kind of evidence over all refunds that are left. */
static tael_status pass(joiner *j, const char *search, unjoined *list, size_t count)
{
    TAEL_TRY(tael__sql_prepare(j->ledger, &j->search, search, JOINING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < count && status == TAEL_OK; i++)
        if (!list[i].purchase) status = search_one(j, &list[i]);
    sqlite3_finalize(j->search);
    return status;
}

/* The refunds whose purchase is another than the store has. */
static tael_status write_refunds(tael_ledger *ledger, const unjoined *list, size_t count)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s, "UPDATE records SET refund_of=?2,counted=(?2=0 AND pair_of=0) WHERE id=?1",
                               JOINING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < count && status == TAEL_OK; i++) {
        if (list[i].purchase == list[i].was && list[i].counted == (!list[i].purchase && list[i].alone)) continue;
        sqlite3_bind_int64(s, 1, list[i].id);
        sqlite3_bind_int64(s, 2, list[i].purchase);
        status = tael__sql_run(ledger, s, JOINING);
    }
    sqlite3_finalize(s);
    return status;
}

/* The purchases that got back another sum than the store has: those that had something, then all that have now. */
static tael_status write_purchases(joiner *j)
{
    sqlite3_stmt *had, *set;
    bool row;
    static const char update[] = "UPDATE records SET joined_minor=?2,refunded_minor=min(minor,max(stated_minor,?2))"
                                 " WHERE id=?1 AND joined_minor<>?2";
    TAEL_TRY(tael__sql_prepare(j->ledger, &set, update, JOINING));
    tael_status status = tael__sql_prepare(j->ledger, &had, "SELECT id FROM records WHERE joined_minor>0", JOINING);
    while (status == TAEL_OK && (status = tael__sql_step(j->ledger, had, &row, JOINING)) == TAEL_OK && row) {
        status = make_room(j);
        if (status != TAEL_OK) break;
        given_back *back = back_of(j, sqlite3_column_int64(had, 0));
        if (back->id) continue;
        back->id = sqlite3_column_int64(had, 0); /* nothing any more */
        j->count++;
    }
    sqlite3_finalize(had);
    for (size_t i = 0; i < j->capacity && status == TAEL_OK; i++) {
        if (!j->back[i].id) continue;
        sqlite3_bind_int64(set, 1, j->back[i].id);
        sqlite3_bind_int64(set, 2, j->back[i].minor);
        status = tael__sql_run(j->ledger, set, JOINING);
    }
    sqlite3_finalize(set);
    return status;
}

tael_status tael__refunds_join(tael_ledger *ledger)
{
    joiner j = {.ledger = ledger};
    unjoined *list = NULL;
    size_t count = 0;
    int code = sqlite3_create_function(ledger->db, "tael_joined", 1, SQLITE_UTF8, &j, joined, NULL, NULL);
    if (code != SQLITE_OK) return tael__sql_fail(ledger, code, JOINING);
    tael_status status = list_unjoined(ledger, &list, &count);
    for (size_t i = 0; i < sizeof searches / sizeof *searches && status == TAEL_OK && count > 0; i++)
        status = pass(&j, searches[i], list, count);
    if (status == TAEL_OK) status = write_purchases(&j);
    if (status == TAEL_OK) status = write_refunds(ledger, list, count);
    sqlite3_create_function(ledger->db, "tael_joined", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
    tael__free(j.back);
    tael__free(list);
    return status;
}
