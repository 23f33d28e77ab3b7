// SPDX-License-Identifier: Apache-2.0
// Refunds where a payment stands in two bills. Most are matched like purchases are: the wallet's row with the bank's.
// Two cases are left. A wallet's purchase may state a refund (已全额退款) whose own row is in an export that isn't
// here, while the bank shows the money: it came back once. And a refund may be joined to a purchase that isn't counted,
// of which the counted row knows nothing: it must be felt.
#include "ledger/match.h"

#define JOINING TAEL_SAY("joining refunds of matched payments", "关联已核对付款的退款")

/* The matched purchase that states what bank's refund ?1 brings: of this card and bank text, the last before it. Half
 * a year as in refunds.c. What it states is used up by rows joined to it, and by refunds that were given to it here. */
static const char search[] =
    "SELECT u.id FROM records r JOIN records u INDEXED BY records_stated ON u.stated_minor>=r.minor"
    " JOIN records p ON p.pair_of=u.id AND p.pair_of<>0"
    " WHERE r.id=?1 AND u.stated_minor<>0 AND u.kind<>1 AND (p.pair_why&3)=1 AND p.source=r.source AND "
    "p.method=r.method"
    " AND p.merchant=r.merchant AND p.currency=r.currency AND p.time_ms BETWEEN r.time_ms-15811200000 AND r.time_ms"
    " AND u.stated_minor-u.joined_minor-(SELECT coalesce(sum(x.minor),0) FROM records x WHERE x.kind=1 AND x.kind<>0"
    " AND x.refund_of=u.id AND x.source<>u.source)>=r.minor"
    " ORDER BY (u.stated_minor=r.minor) DESC,p.time_ms DESC,p.key LIMIT 1";

static tael_status list_alone(tael_ledger *ledger, tael__list *ids)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT id,source FROM records WHERE kind=1 AND kind<>0 AND refund_of=0 AND pair_of=0"
                               " ORDER BY time_ms,key",
                               JOINING));
    tael_status status = tael__sql_step(ledger, s, &row, JOINING);
    while (status == TAEL_OK && row) {
        int64_t id = sqlite3_column_int64(s, 0);
        if (tael__level_of(tael__sql_text(s, 1)) <= TAEL__LEVEL_BANK) status = tael__list_push(ids, &id, sizeof id);
        if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, JOINING);
    }
    sqlite3_finalize(s);
    return status;
}

static tael_status join_stated(tael_ledger *ledger, const tael__list *ids)
{
    sqlite3_stmt *find, *join = NULL;
    TAEL_TRY(tael__sql_prepare(ledger, &find, search, JOINING));
    tael_status status =
        tael__sql_prepare(ledger, &join, "UPDATE records SET refund_of=?2,counted=0 WHERE id=?1", JOINING);
    for (size_t i = 0; i < ids->count && status == TAEL_OK; i++) {
        bool row;
        int64_t id = ((const int64_t *)ids->data)[i];
        sqlite3_bind_int64(find, 1, id);
        status = tael__sql_step(ledger, find, &row, JOINING);
        int64_t purchase = status == TAEL_OK && row ? sqlite3_column_int64(find, 0) : 0;
        sqlite3_reset(find);
        if (!purchase) continue;
        sqlite3_bind_int64(join, 1, id);
        sqlite3_bind_int64(join, 2, purchase);
        status = tael__sql_run(ledger, join, JOINING);
    }
    sqlite3_finalize(find);
    sqlite3_finalize(join);
    return status;
}

tael_status tael__match_refunds(tael_ledger *ledger)
{
    tael__list ids = {0};
    tael_status status = list_alone(ledger, &ids);
    if (status == TAEL_OK && ids.count > 0) status = join_stated(ledger, &ids);
    tael__free(ids.data);
    if (status != TAEL_OK) return status;
    return tael__sql_exec(
        ledger,
        "UPDATE records SET counted=1 WHERE kind=1 AND kind<>0 AND refund_of<>0 AND same_as=0 AND EXISTS(SELECT 1 FROM"
        " records p JOIN records t ON t.id=p.same_as WHERE p.id=records.refund_of AND p.same_as<>0"
        " AND t.refunded_minor<p.refunded_minor)",
        JOINING);
}
