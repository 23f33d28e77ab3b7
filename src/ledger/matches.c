// SPDX-License-Identifier: Apache-2.0
// Matches for the owner: the list with its reasons in words, and the owner's decisions. What was found stands in the
// records (match.c); what was decided stands apart, under the rows' keys.
#include <stdio.h>
#include <string.h>

#include "ledger/match.h"

#define READING  TAEL_SAY("reading the matches", "读取核对结果")
#define DECIDING TAEL_SAY("deciding about a match", "更改核对结果")

/* ---- Reasons ---- */

static void add(char *out, size_t cap, const char *text)
{
    size_t n = strlen(out);
    if (n + 1 < cap) snprintf(out + n, cap - n, "%s%s", n ? TAEL_SAY("; ", "；") : "", text);
}

/* At most 60 bytes of a bill's own text, whole characters. */
static const char *excerpt(char out[64], const char *text)
{
    size_t n = strlen(text);
    if (n > 60) {
        n = 60;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) n--;
    }
    memcpy(out, text, n);
    out[n] = '\0';
    return out;
}

static void tail_of(char out[8], const char *method)
{
    const char *open = strchr(method, '(');
    size_t n = open ? strspn(open + 1, "0123456789") : 0;
    if (n > 4) n = 4;
    if (n) memcpy(out, open + 1, n);
    out[n] = '\0';
}

static void say_days(char *out, size_t cap, int32_t days)
{
    char text[96];
    if (days == 0)
        snprintf(text, sizeof text, "%s", TAEL_SAY("same amount on the same day", "同日同额"));
    else if (days == 1)
        snprintf(text, sizeof text, "%s", TAEL_SAY("same amount on the next day", "同额，次日"));
    else if (days > 0)
        snprintf(text, sizeof text, TAEL_SAY("same amount, %d days later", "同额，晚 %d 天"), (int)days);
    else
        snprintf(text, sizeof text, TAEL_SAY("same amount, %d days earlier", "同额，早 %d 天"), (int)-days);
    add(out, cap, text);
}

static void say_why(char *out, size_t cap, uint32_t why, const tael_match *m)
{
    char text[160], quoted[64], tail[8];
    *out = '\0';
    if (why & TAEL__WHY_OWNER) {
        add(out, cap, TAEL_SAY("you joined them", "由您合并"));
        return;
    }
    say_days(out, cap, m->days);
    if (why & TAEL__WHY_ORDER) add(out, cap, TAEL_SAY("the same order number", "订单号相同"));
    tail_of(tail, m->other->method);
    if ((why & TAEL__WHY_TAIL) && tail[0]) {
        snprintf(text, sizeof text, TAEL_SAY("card %s", "卡尾号 %s"), tail);
        add(out, cap, text);
    } else if (why & TAEL__WHY_BANK) {
        add(out, cap, TAEL_SAY("the same bank", "银行相同"));
    }
    if (why & (TAEL__WHY_CHANNEL | TAEL__WHY_NAME)) {
        const char *item = m->other->item[0] ? m->other->item : m->other->merchant;
        bool said = strcmp(m->other->source, "manual") == 0;
        snprintf(text, sizeof text, "%s %s",
                 said ? TAEL_SAY("you said", "您说的是") : TAEL_SAY("the other bill writes", "另一账单写着"),
                 excerpt(quoted, item));
        add(out, cap, text);
    }
    if (why & TAEL__WHY_ACCOUNT) add(out, cap, TAEL_SAY("one names the other's account", "对方账号就是另一账户"));
    if (why & TAEL__WHY_HOLDER) add(out, cap, TAEL_SAY("both name one counterparty", "双方户名相同"));
    if (why & TAEL__WHY_WORDS) add(out, cap, TAEL_SAY("both speak of a transfer", "都写明是转账或还款"));
}

/* ---- The list ---- */

typedef struct reader {
    tael_ledger *ledger;
    sqlite3_stmt *one, *two; /* by id: both records are in hand at once */
} reader;

static tael_status read_one(const reader *r, sqlite3_stmt *s, int64_t id, tael_record *record, bool *found)
{
    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, id);
    TAEL_TRY(tael__sql_step(r->ledger, s, found, READING));
    if (*found) tael__record_read(record, s);
    return TAEL_OK;
}

/* *stop: the caller has seen enough. */
static tael_status give(const reader *r, int64_t kept_id, int64_t other_id, uint32_t why, tael_match_state state,
                        tael_match_fn *each, void *user, bool *stop)
{
    static const int64_t day = 86400000;
    tael_record kept, other;
    bool found = false;
    char reason[512] = "";
    TAEL_TRY(read_one(r, r->one, kept_id, &kept, &found));
    if (found) TAEL_TRY(read_one(r, r->two, other_id, &other, &found));
    if (!found) return TAEL_OK;
    int64_t days =
        (other.time_ms + other.offset_minutes * 60000LL) / day - (kept.time_ms + kept.offset_minutes * 60000LL) / day;
    tael_match m = {.kind = (why & TAEL__WHY_KIND) == TAEL__WHY_TRANSFER ? TAEL_OWN_TRANSFER : TAEL_SAME_PAYMENT,
                    .state = state,
                    .kept = &kept,
                    .other = &other,
                    .days = (int32_t)days,
                    .reason = reason};
    if (state != TAEL_MATCH_UNDONE) say_why(reason, sizeof reason, why, &m);
    *stop = each(&m, user) != 0;
    return TAEL_OK;
}

static tael_status list_found(const reader *r, tael_match_fn *each, void *user, bool *stop)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(r->ledger, &s,
                               "SELECT id,pair_of,pair_why FROM records WHERE pair_of<>0 AND ((pair_why&3)=1 OR "
                               "(pair_why&8)<>0) ORDER BY time_ms DESC,id DESC",
                               READING));
    tael_status status = tael__sql_step(r->ledger, s, &row, READING);
    while (status == TAEL_OK && row && !*stop) {
        uint32_t why = (uint32_t)sqlite3_column_int64(s, 2);
        status = give(r, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0), why,
                      why & TAEL__WHY_OWNER ? TAEL_MATCH_JOINED : TAEL_MATCH_FOUND, each, user, stop);
        if (status == TAEL_OK) status = tael__sql_step(r->ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    return status;
}

static tael_status list_undone(const reader *r, tael_match_fn *each, void *user, bool *stop)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(
        tael__sql_prepare(r->ledger, &s,
                          "SELECT a.id,b.id,d.decision,a.direction FROM match_decisions d JOIN records a ON a.key=d.a"
                          " JOIN records b ON b.key=d.b WHERE d.decision<>0 ORDER BY max(a.time_ms,b.time_ms) DESC,"
                          "d.a,d.b",
                          READING));
    tael_status status = tael__sql_step(r->ledger, s, &row, READING);
    while (status == TAEL_OK && row && !*stop) {
        int what = sqlite3_column_int(s, 2);
        bool transfer = what == TAEL__DECIDED_NO_TRANSFER;
        bool a_kept = transfer ? sqlite3_column_int(s, 3) == TAEL_EXPENSE : what == TAEL__DECIDED_B_ALONE;
        status = give(r, sqlite3_column_int64(s, a_kept ? 0 : 1), sqlite3_column_int64(s, a_kept ? 1 : 0),
                      transfer ? TAEL__WHY_TRANSFER : TAEL__WHY_SAME, TAEL_MATCH_UNDONE, each, user, stop);
        if (status == TAEL_OK) status = tael__sql_step(r->ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_matches(tael_ledger *ledger, tael_match_fn *each, void *user)
{
    static const char by_id[] = "SELECT " TAEL__RECORD_COLUMNS " FROM records WHERE id=?1";
    reader r = {.ledger = ledger};
    bool stop = false;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("matches: a ledger and a function are needed", "核对：需要账本和回调函数"));
    tael_status status = tael__sql_prepare(ledger, &r.one, by_id, READING);
    if (status == TAEL_OK) status = tael__sql_prepare(ledger, &r.two, by_id, READING);
    if (status == TAEL_OK) status = list_found(&r, each, user, &stop);
    if (status == TAEL_OK && !stop) status = list_undone(&r, each, user, &stop);
    sqlite3_finalize(r.one);
    sqlite3_finalize(r.two);
    return status;
}

/* ---- Decisions ---- */

static tael_status fail_no_match(int64_t id)
{
    return tael__fail(TAEL_NOT_FOUND,
                      TAEL_SAY("match %lld: no match or decision is of that record; `tael match` lists them",
                               "核对 %lld：该记录没有对应的核对结果或决定；可用 tael match 查看"),
                      (long long)id);
}

/* How many rows the statement changed, with two numbers bound. */
static tael_status run_with(tael_ledger *ledger, const char *sql, int64_t a, int64_t b, int64_t *changed)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s, sql, DECIDING));
    sqlite3_bind_int64(s, 1, a);
    if (b) sqlite3_bind_int64(s, 2, b);
    tael_status status = tael__sql_run(ledger, s, DECIDING);
    sqlite3_finalize(s);
    *changed = sqlite3_changes(ledger->db);
    return status;
}

/* The row that `id` is matched with: as the one below, or else as the only one above. 0: none. */
static tael_status partner_of(tael_ledger *ledger, int64_t id, int64_t *partner)
{
    sqlite3_stmt *s;
    bool row;
    *partner = 0;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT coalesce((SELECT pair_of FROM records WHERE id=?1 AND pair_of<>0),"
                               "(SELECT iif(count(*)=1,max(id),0) FROM records WHERE pair_of<>0 AND pair_of=?1),0)",
                               DECIDING));
    sqlite3_bind_int64(s, 1, id);
    tael_status status = tael__sql_step(ledger, s, &row, DECIDING);
    if (status == TAEL_OK && row) *partner = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return status;
}

static tael_status decide(tael_ledger *ledger, int64_t id, int64_t with, bool join)
{
    /* Of a payment the row that was left out stands alone; its pair_of tells which of the two that is. */
    static const char joined[] = "INSERT OR REPLACE INTO match_decisions(a,b,decision) SELECT min(x.key,y.key),"
                                 "max(x.key,y.key),0 FROM records x JOIN records y ON y.id=?2 WHERE x.id=?1";
    static const char undone[] =
        "INSERT OR REPLACE INTO match_decisions(a,b,decision) SELECT min(x.key,y.key),max(x.key,y.key),"
        "CASE WHEN (x.pair_why&3)=2 AND x.pair_of=y.id THEN 3 WHEN (x.pair_of=y.id)=(x.key<y.key) THEN 1 ELSE 2 END"
        " FROM records x JOIN records y ON y.id=?2 WHERE x.id=?1";
    int64_t changed;
    TAEL_TRY(run_with(ledger, join ? joined : undone, id, with, &changed));
    return changed ? TAEL_OK
                   : tael__fail(TAEL_NOT_FOUND, TAEL_SAY("match: no record has that id; `tael ledger` lists them",
                                                         "核对：没有该编号的记录；可用 tael ledger 查看"));
}

static tael_status check_join(tael_ledger *ledger, int64_t a, int64_t b)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT x.currency=y.currency,x.kind<>2 AND y.kind<>2 FROM records x JOIN records y ON "
                               "y.id=?2 WHERE x.id=?1",
                               DECIDING));
    sqlite3_bind_int64(s, 1, a);
    sqlite3_bind_int64(s, 2, b);
    tael_status status = tael__sql_step(ledger, s, &row, DECIDING);
    bool currency = row && sqlite3_column_int(s, 0), paid = row && sqlite3_column_int(s, 1);
    sqlite3_finalize(s);
    TAEL_TRY(status);
    if (a == b || (row && (!currency || !paid)))
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("match: these two can't be one payment; give two records of one currency that were paid",
                     "核对：这两条不能合并；请给出同一币种且已付款的两条记录"));
    return TAEL_OK;
}

/* A record has at most one match above it and one below: of two words of the owner one may have lost. */
static tael_status check_joined(tael_ledger *ledger)
{
    int64_t lost;
    TAEL_TRY(
        tael__sql_number(ledger, &lost,
                         "SELECT (SELECT count(*) FROM match_decisions d JOIN records a ON a.key=d.a JOIN records b"
                         " ON b.key=d.b WHERE d.decision=0)-(SELECT count(*) FROM records WHERE pair_of<>0"
                         " AND (pair_why&4)<>0 AND ((pair_why&3)=1 OR (pair_why&8)<>0))",
                         DECIDING));
    if (lost == 0) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("match: one of the two is joined to another record already; undo that first",
                               "核对：其中一条已与别的记录合并；请先撤销那一个"));
}

static tael_status apply(tael_ledger *ledger, tael_match_decision what, int64_t id, int64_t with)
{
    int64_t changed;
    if (what == TAEL_MATCH_JOIN) {
        TAEL_TRY(check_join(ledger, id, with));
        TAEL_TRY(decide(ledger, id, with, true));
    } else if (what == TAEL_MATCH_UNDO) {
        TAEL_TRY(partner_of(ledger, id, &with));
        if (!with) return fail_no_match(id);
        TAEL_TRY(decide(ledger, id, with, false));
    } else {
        TAEL_TRY(run_with(ledger,
                          "DELETE FROM match_decisions WHERE a IN (SELECT key FROM records WHERE id=?1)"
                          " OR b IN (SELECT key FROM records WHERE id=?1)",
                          id, 0, &changed));
        if (!changed) return fail_no_match(id);
    }
    TAEL_TRY(tael__ledger_settle(ledger, NULL));
    return what == TAEL_MATCH_JOIN ? check_joined(ledger) : TAEL_OK;
}

tael_status tael_ledger_match_decide(tael_ledger *ledger, tael_match_decision decision, int64_t id, int64_t with)
{
    if (!ledger || decision > TAEL_MATCH_REDO)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("match: a ledger and a decision are needed", "核对：需要账本和决定"));
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, apply(ledger, decision, id, with));
}
