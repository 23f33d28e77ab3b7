// SPDX-License-Identifier: Apache-2.0
// `tael match`: which rows of two bills are one payment, why, and the owner's word on it.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "command.h"

static const option options[] = {
    {"undo", 0, OPTION_INTEGER, "ID", 1, 9e15, {"this match is wrong, now and later", "该核对有误，今后也不再采用"}},
    {"redo", 0, OPTION_INTEGER, "ID", 1, 9e15, {"forget what was decided about this record", "取消对该记录的决定"}},
    {"join", 0, OPTION_INTEGER, "ID ID", 1, 9e15, {"these two records are one payment", "这两条记录是同一笔"}},
    LIMIT_OPTION,
    {NULL},
};

typedef struct listing {
    const request *r;
    json_t *matches; /* NULL: print */
    uint64_t count, limit;
} listing;

static json_t *short_json(const tael_record *record)
{
    char time[40];
    tael__format_time(time, sizeof time, record->time_ms, record->offset_minutes);
    return json_pack("{s:I,s:s,s:o,s:I,s:o,s:o,s:o,s:o}", "id", (json_int_t)record->id, "time", time, "source",
                     out_text(record->source), "minor", (json_int_t)record->minor, "currency",
                     out_text(record->currency), "merchant", out_text(record->merchant), "item", out_text(record->item),
                     "method", out_text(record->method));
}

static json_t *match_json(const tael_match *m)
{
    static const char *const states[] = {"found", "joined", "undone"};
    return json_pack("{s:I,s:s,s:s,s:i,s:o,s:o,s:o}", "id", (json_int_t)m->other->id, "kind",
                     m->kind == TAEL_SAME_PAYMENT ? "same" : "transfer", "state", states[m->state], "days",
                     (int)m->days, "reason", out_text(m->reason), "kept", short_json(m->kept), "other",
                     short_json(m->other));
}

static void print_match(const tael_match *m)
{
    const char *head = m->state == TAEL_MATCH_UNDONE  ? TAEL_SAY("undone", "已撤销")
                       : m->kind == TAEL_SAME_PAYMENT ? TAEL_SAY("the same payment", "同一笔付款")
                                                      : TAEL_SAY("between own accounts", "自己账户之间");
    printf("%" PRId64 "  %s", m->other->id, head);
    if (m->reason[0]) printf(TAEL_SAY(": %s", "：%s"), m->reason);
    putchar('\n');
    record_print(m->kept);
    record_print(m->other);
}

static int on_match(const tael_match *m, void *user)
{
    listing *l = user;
    l->count++;
    if (l->limit && l->count > l->limit) return 0;
    if (l->matches)
        json_array_append_new(l->matches, match_json(m));
    else
        print_match(m);
    return 0;
}

static tael_status list(request *r, tael_ledger *ledger)
{
    listing l = {.r = r, .limit = list_limit(r)};
    if (r->json) l.matches = json_array();
    tael_status status = tael_ledger_matches(ledger, on_match, &l);
    if (status != TAEL_OK) {
        json_decref(l.matches);
        return status;
    }
    if (r->json) return out_json(r, json_pack("{s:o,s:I}", "matches", l.matches, "total", (json_int_t)l.count));
    printf(l.limit && l.count > l.limit
               ? TAEL_SAY("%" PRIu64 " matches; --limit 0 shows all\n", "共 %" PRIu64 " 组；--limit 0 显示全部\n")
               : TAEL_SAY("%" PRIu64 " matches\n", "共 %" PRIu64 " 组\n"),
           l.count);
    return TAEL_OK;
}

/* The second id of --join. */
static bool read_id(int64_t *id, const char *text)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *id = value;
    return errno == 0 && *end == '\0' && end != text && value > 0;
}

static tael_status decide(request *r, tael_ledger *ledger, tael_match_decision what, int64_t with)
{
    static const char *const names[] = {"join", "undo", "redo"};
    int64_t id = option_integer(r, names[what], 0);
    TAEL_TRY(tael_ledger_match_decide(ledger, what, id, with));
    if (r->json) return out_json(r, json_pack("{s:s,s:I}", "decision", names[what], "id", (json_int_t)id));
    puts(what == TAEL_MATCH_JOIN ? TAEL_SAY("joined", "已合并")
         : what == TAEL_MATCH_UNDO
             ? TAEL_SAY("undone; it stays so whatever is imported later", "已撤销；以后导入也不会再合并")
             : TAEL_SAY("the decision is forgotten", "已取消该决定"));
    return TAEL_OK;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    int64_t with = 0;
    bool join = option_given(r, "join"), undo = option_given(r, "undo"), redo = option_given(r, "redo");
    if (join + undo + redo > 1)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("match: give one of --undo, --redo, --join",
                                                "match：--undo、--redo、--join 只能给其一"));
    if (join ? r->argument_count != 1 || !read_id(&with, r->arguments[0]) : r->argument_count > 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("match: --join takes two ids, such as --join 12 34; nothing else has arguments",
                                   "match：--join 需要两个编号，如 --join 12 34；其他用法没有参数"));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK)
        status = join   ? decide(r, ledger, TAEL_MATCH_JOIN, with)
                 : undo ? decide(r, ledger, TAEL_MATCH_UNDO, 0)
                 : redo ? decide(r, ledger, TAEL_MATCH_REDO, 0)
                        : list(r, ledger);
    tael_ledger_close(ledger);
    return status;
}

const command command_match = {
    .verb = "match",
    .usage = "[--limit N] | --undo ID | --redo ID | --join ID ID",
    .what = {"rows of several bills that are one payment", "多份账单中的同一笔付款"},
    .more =
        {"A payment that stands in a shop's, a wallet's and a bank's bill counts once: the shop's row before the\n"
         "wallet's before the bank's. Moves between your own accounts are neutral. A match is called by the id of its\n"
         "second row.",
         "同一笔付款出现在商家、钱包和银行账单中时只计一次：商家优先，其次钱包，最后银行。自己账户之间的转移不计收支。"
         "\n"
         "编号是每组第二条记录的编号。"},
    .options = options,
    .most = 1,
    .run = run,
};
