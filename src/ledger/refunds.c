// SPDX-License-Identifier: Apache-2.0
// Refunds to their purchases. A joined refund lowers its purchase and is itself in no sum; one whose purchase isn't in
// the ledger stays in the sums and lowers its own day.
//
// Everything is joined anew from the rows whenever rows came or went, in a fixed order, surest evidence first; so the
// result doesn't depend on which file came first. Refunds are few (one row in fifty), and each search goes by an index.
#include "ledger/match.h"

#define JOINING TAEL_SAY("joining refunds", "关联退款")

/* Each finds the purchase of refund ?1 (its row is r), or nothing. A partial index is taken only when its own condition
 * stands in the query word for word: hence p.external_id<>'' and its like. */
static const char *const searches[] = {
    /* JD: a refund has its purchase's order number. Of several purchases of an order the one that says so itself, best
     * with this very sum, then the one of this item, then the last before. */
    "SELECT p.id FROM records r JOIN records p ON p.external_id=r.external_id AND p.external_id<>''"
    " WHERE r.id=?1 AND r.source='jd' AND r.external_id<>'' AND p.source='jd' AND p.kind<>1 AND p.direction=1"
    " AND p.minor-p.joined_minor>=r.minor"
    " ORDER BY (p.time_ms<=r.time_ms) DESC,(p.stated_minor-p.joined_minor>=r.minor) DESC,(p.stated_minor=r.minor) DESC,"
    "(instr(r.item,p.item)>0) DESC,p.time_ms DESC,p.id LIMIT 1",
    /* Alipay: the refund's id is the order's id, "_" and more. */
    "SELECT p.id FROM records r JOIN records p ON p.external_id=substr(r.external_id,1,instr(r.external_id,'_')-1)"
    " AND p.external_id<>''"
    " WHERE r.id=?1 AND r.source='alipay' AND instr(r.external_id,'_')>1 AND p.source=r.source AND p.kind<>1"
    " ORDER BY (p.direction=1) DESC,(p.merchant=r.merchant) DESC,p.time_ms,p.id LIMIT 1",
    /* WeChat's red packets: the refund's id is the purchase's merchant order. */
    "SELECT p.id FROM records r JOIN records p ON p.merchant_order=r.external_id AND p.merchant_order<>''"
    " WHERE r.id=?1 AND r.external_id<>'' AND p.source=r.source AND p.kind<>1 AND p.direction=1 AND "
    "p.minor-p.joined_minor>=r.minor"
    " ORDER BY p.time_ms,p.id LIMIT 1",
    /* Both carry the merchant's order number; the merchant must fit as well, since samples and masked bills repeat it.
     */
    "SELECT p.id FROM records r JOIN records p ON p.merchant_order=r.merchant_order AND p.merchant_order<>''"
    " WHERE r.id=?1 AND r.merchant_order<>'' AND p.source=r.source AND p.kind<>1 AND p.merchant=r.merchant"
    " AND p.direction<>2 AND p.minor-p.joined_minor>=r.minor AND p.time_ms<=r.time_ms"
    " ORDER BY (p.direction=1) DESC,(p.kind=3) DESC,(p.minor=r.minor) DESC,p.time_ms DESC,p.id LIMIT 1",
    /* The purchase's own status says that something came back, and it is of this merchant: the same sum, then any. */
    "SELECT p.id FROM records r JOIN records p ON p.source=r.source AND p.stated_minor=r.minor"
    " WHERE r.id=?1 AND p.stated_minor<>0 AND p.kind<>1 AND p.direction=1 AND p.joined_minor=0 AND "
    "p.merchant=r.merchant AND p.time_ms<=r.time_ms"
    " ORDER BY (p.method=r.method) DESC,p.time_ms DESC,p.id LIMIT 1",
    "SELECT p.id FROM records r JOIN records p ON p.source=r.source AND p.stated_minor>r.minor"
    " WHERE r.id=?1 AND p.stated_minor<>0 AND p.kind<>1 AND p.direction=1 AND p.stated_minor-p.joined_minor>=r.minor"
    " AND p.merchant=r.merchant AND p.time_ms<=r.time_ms ORDER BY (p.method=r.method) DESC,p.time_ms DESC,p.id LIMIT 1",
    /* A paid and closed purchase of this merchant and sum: it must have come back, and the order was replaced. */
    "SELECT p.id FROM records r JOIN records p ON p.kind=3 AND p.kind<>0 AND p.source=r.source AND p.time_ms<=r.time_ms"
    " WHERE r.id=?1 AND p.merchant=r.merchant AND p.minor=r.minor AND p.joined_minor=0 ORDER BY p.time_ms DESC,p.id "
    "LIMIT 1",
    /* WeChat's refund may carry another name of the shop: the same stated sum within half a year before. */
    "SELECT p.id FROM records r JOIN records p ON p.source=r.source AND p.stated_minor=r.minor"
    " WHERE r.id=?1 AND r.source='wechat' AND p.stated_minor<>0 AND p.kind<>1 AND p.direction=1 AND p.joined_minor=0"
    " AND p.time_ms BETWEEN r.time_ms-15811200000 AND r.time_ms ORDER BY (p.method=r.method) DESC,p.time_ms DESC,p.id "
    "LIMIT 1",
    /* Meituan's refund shares no number with its purchase: the same title and sum within half a year before. */
    "SELECT p.id FROM records r JOIN records p ON p.time_ms BETWEEN r.time_ms-15811200000 AND r.time_ms"
    " WHERE r.id=?1 AND r.source='meituan' AND p.direction=1 AND p.kind=0 AND p.minor=r.minor AND +p.source='meituan'"
    " AND p.item=r.item AND p.joined_minor=0 ORDER BY (p.method=r.method) DESC,p.time_ms DESC,p.id LIMIT 1",
};

/* What another bill shows as well (pair_of) stays out of sums. */
static tael_status forget(tael_ledger *ledger)
{
    TAEL_TRY(tael__sql_exec(
        ledger, "UPDATE records SET joined_minor=0,refunded_minor=min(minor,stated_minor) WHERE joined_minor>0",
        JOINING));
    return tael__sql_exec(
        ledger,
        "UPDATE records SET refund_of=0,counted=(pair_of=0) WHERE kind=1 AND kind<>0 AND (refund_of<>0 OR "
        "counted<>(pair_of=0))",
        JOINING);
}

typedef struct joiner {
    tael_ledger *ledger;
    sqlite3_stmt *search, *purchase, *refund;
} joiner;

static tael_status join(joiner *j, int64_t refund, int64_t minor, int64_t purchase)
{
    sqlite3_bind_int64(j->purchase, 1, purchase);
    sqlite3_bind_int64(j->purchase, 2, minor);
    TAEL_TRY(tael__sql_run(j->ledger, j->purchase, JOINING));
    sqlite3_bind_int64(j->refund, 1, refund);
    sqlite3_bind_int64(j->refund, 2, purchase);
    return tael__sql_run(j->ledger, j->refund, JOINING);
}

typedef struct unjoined {
    int64_t id, minor;
} unjoined;

/* The refunds without a purchase, oldest first; equal ones in the order of their keys, which no import order changes.
 */
static tael_status list_unjoined(tael_ledger *ledger, unjoined **out, size_t *count)
{
    sqlite3_stmt *s;
    size_t capacity = 0;
    bool row;
    *out = NULL;
    *count = 0;
    TAEL_TRY(tael__sql_prepare(
        ledger, &s, "SELECT id,minor FROM records WHERE kind=1 AND kind<>0 AND refund_of=0 ORDER BY time_ms,key",
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
        (*out)[(*count)++] = (unjoined){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
        status = tael__sql_step(ledger, s, &row, JOINING);
    }
    sqlite3_finalize(s);
    return status;
}

static tael_status search_one(joiner *j, const unjoined *refund, bool *joined)
{
    bool found;
    *joined = false;
    sqlite3_bind_int64(j->search, 1, refund->id);
    tael_status status = tael__sql_step(j->ledger, j->search, &found, JOINING);
    int64_t purchase = status == TAEL_OK && found ? sqlite3_column_int64(j->search, 0) : 0;
    sqlite3_reset(j->search);
    if (status == TAEL_OK && found) status = join(j, refund->id, refund->minor, purchase);
    *joined = status == TAEL_OK && found;
    return status;
}

/* One kind of evidence over all refunds that are left; the list keeps those that stay. */
static tael_status pass(joiner *j, const char *search, unjoined *list, size_t *count)
{
    size_t left = 0;
    TAEL_TRY(tael__sql_prepare(j->ledger, &j->search, search, JOINING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < *count && status == TAEL_OK; i++) {
        bool joined;
        status = search_one(j, &list[i], &joined);
        if (!joined) list[left++] = list[i];
    }
    *count = left;
    sqlite3_finalize(j->search);
    return status;
}

tael_status tael__refunds_join(tael_ledger *ledger)
{
    joiner j = {.ledger = ledger};
    unjoined *list = NULL;
    size_t count = 0;
    TAEL_TRY(forget(ledger));
    tael_status status = list_unjoined(ledger, &list, &count);
    if (status == TAEL_OK && count > 0)
        status = tael__sql_prepare(ledger, &j.purchase,
                                   "UPDATE records SET joined_minor=joined_minor+?2,"
                                   "refunded_minor=min(minor,max(stated_minor,joined_minor+?2)) WHERE id=?1",
                                   JOINING);
    if (status == TAEL_OK && count > 0)
        status = tael__sql_prepare(ledger, &j.refund, "UPDATE records SET refund_of=?2,counted=0 WHERE id=?1", JOINING);
    for (size_t i = 0; i < sizeof searches / sizeof *searches && status == TAEL_OK && count > 0; i++)
        status = pass(&j, searches[i], list, &count);
    sqlite3_finalize(j.purchase);
    sqlite3_finalize(j.refund);
    tael__free(list);
    return status;
}
