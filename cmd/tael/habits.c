// SPDX-License-Identifier: Apache-2.0
// `tael habits`: what the ledger teaches about its owner, each line with its reason; and what is left out of it.
#include <inttypes.h>
#include <string.h>

#include "base/date.h"
#include "command.h"
#include "document/habits.h"

static const option options[] = {
    {"today",
     0,
     OPTION_DATE,
     "DATE",
     0,
     0,
     {"as of this day (default: today in Shanghai); later rows are left out",
      "以这一天为今天（默认为上海的今天）；不看之后的记录"}},
    {"days",
     0,
     OPTION_INTEGER,
     "N",
     1,
     36500,
     {"unusual: look at the last N days (default 30)", "unusual：查看最近 N 天（默认 30）"}},
    {"limit",
     0,
     OPTION_INTEGER,
     "N",
     0,
     1e9,
     {"next: at most N (default: 20 for people, all with --json; 0: all)",
      "next：最多 N 条（默认显示 20 条，--json 为全部；0 为全部）"}},
    {"kind",
     0,
     OPTION_CHOICE,
     "merchant|category|item",
     0,
     0,
     {"next: only merchants, categories or items", "next：只看商户、分类或商品"}},
    {"undo", 0, OPTION_FLAG, NULL, 0, 0, {"forget: learn from it again", "forget：恢复学习"}},
    {NULL},
};

enum { SHOWN = 20 };

static void print_line(const tael__habits_writer *w, const char *name, const char *sentence)
{
    if (w->indent) fputs("  ", stdout);
    out_cell(stdout, name, 20, false);
    fputs("  ", stdout);
    out_line(stdout, sentence);
    putchar('\n');
}

/* ---- What was learned ---- */

static const struct {
    words heading, nothing;
} said[TAEL__HABITS_PARTS] = {
    [TAEL__HABITS_RECURRING] = {{"recurs", "周期收支"}, {"nothing recurs that is known of", "尚未发现周期收支"}},
    [TAEL__HABITS_NEXT] = {{"next", "接下来可能购买"}, {"nothing was bought on two days yet", "尚无购买两天以上的"}},
    [TAEL__HABITS_FORECAST] = {{"this month", "本月预计"}, {"", ""}},
    [TAEL__HABITS_UNUSUAL] = {{"unusual", "异常"}, {"nothing stands out", "没有异常"}},
};

static tael_status write_part(tael__habits_writer *w, tael_habits *habits, tael__habits_part part, bool heading)
{
    w->rows = w->json ? json_array() : NULL;
    w->count = w->left = 0;
    if (!w->json && heading) printf("%s\n", say(said[part].heading));
    tael_status status = tael__habits_write(w, habits, part);
    if (status != TAEL_OK) {
        json_decref(w->rows);
        return status;
    }
    if (w->json) {
        json_object_set_new(w->json, tael__habits_name(part), w->rows);
        return TAEL_OK;
    }
    if (w->count == 0 && *say(said[part].nothing)) printf("%s%s\n", heading ? "  " : "", say(said[part].nothing));
    if (w->left > 0)
        printf(TAEL_SAY("%s%" PRIu64 " more; --limit 0 shows them\n", "%s另有 %" PRIu64 " 条；--limit 0 显示全部\n"),
               heading ? "  " : "", w->left);
    return TAEL_OK;
}

static int on_left_out(const char *merchant, int32_t category_id, void *user)
{
    tael__habits_writer *w = user;
    const char *name = *merchant ? merchant : tael_category_name(category_id, tael_get_language());
    w->count++;
    fputs("  ", stdout);
    out_line(stdout, name);
    fputs(*merchant ? "\n" : TAEL_SAY(" (category)\n", "（分类）\n"), stdout);
    return 0;
}

static tael_status write_left_out(tael__habits_writer *w, tael_ledger *ledger)
{
    w->count = 0;
    if (!w->json) return tael_ledger_left_out(ledger, on_left_out, w);
    json_t *rows = json_array();
    tael_status status = tael__habits_left_out_json(ledger, rows);
    json_object_set_new(w->json, "left_out", rows);
    return status;
}

static tael_status answer(request *r, tael__habits_writer *w, tael_status status)
{
    if (status == TAEL_OK && w->json) return out_json(r, w->json);
    json_decref(w->json);
    return status;
}

static void say_learned(const tael_habits *habits, double ms)
{
    tael_habits_summary s;
    tael_habits_summarize(habits, &s);
    printf(TAEL_SAY("learned from %" PRIu64 " payments to and from %" PRIu64
                    " merchants, %s to %s, in %.0f ms; nothing of it is "
                    "stored\n",
                    "依据 %" PRIu64 " 笔收支、%" PRIu64 " 个商户（%s 至 %s），用时 %.0f 毫秒；结果不留存\n"),
           s.records, s.merchants, s.first_day, s.last_day, ms);
}

static tael_status show(request *r, tael_ledger *ledger, const char *what)
{
    char today[16];
    tael_habits *habits;
    bool all = strcmp(what, "show") == 0, train = strcmp(what, "train") == 0;
    double began = tael__clock_seconds();
    tael__date_write(today, tael__date_today());
    TAEL_TRY(tael_habits_open(&habits, ledger, option_text(r, "today", today)));
    double ms = 1000 * (tael__clock_seconds() - began);
    tael__habits_writer w = {.json = r->json ? json_object() : NULL,
                             .line = print_line,
                             .days = (int32_t)option_integer(r, "days", 0),
                             .kind = option_text(r, "kind", NULL),
                             .limit = (uint64_t)option_integer(r, "limit", r->json ? 0 : SHOWN),
                             .indent = all};
    tael_habits_summary s;
    tael_habits_summarize(habits, &s);
    snprintf(w.currency, sizeof w.currency, "%s", s.currency);
    tael_status status = TAEL_OK;
    if (w.json) tael__habits_summary_json(habits, w.json);
    if ((all || train) && !r->json) say_learned(habits, ms);
    if (train && r->json) json_object_set_new(w.json, "ms", out_real(ms));
    for (int i = 0; i < TAEL__HABITS_PARTS && status == TAEL_OK; i++)
        if (all || i == (int)tael__habits_named(what)) status = write_part(&w, habits, (tael__habits_part)i, all);
    if (all && status == TAEL_OK) {
        if (!r->json) puts(TAEL_SAY("left out", "已排除"));
        status = write_left_out(&w, ledger);
        if (!r->json && w.count == 0) puts(TAEL_SAY("  nothing", "  无"));
    }
    tael_habits_close(habits);
    return answer(r, &w, status);
}

/* ---- What is left out ---- */

typedef struct lookup {
    const char *name;
    char brand[256]; /* that of this name, else the only one that a bill calls so */
    int found;
    bool exact;
} lookup;

static int on_merchant(const tael_merchant *m, void *user)
{
    lookup *l = user;
    l->exact = strcmp(m->brand, l->name) == 0;
    l->found++;
    if (l->exact || l->found == 1) snprintf(l->brand, sizeof l->brand, "%s", m->brand);
    return l->exact;
}

static tael_status forget(request *r, tael_ledger *ledger, const char *name)
{
    lookup l = {.name = name};
    int32_t category = tael_category_find(name);
    bool undo = option_given(r, "undo");
    TAEL_TRY(tael_ledger_merchants(ledger, name, on_merchant, &l));
    bool merchant = l.exact || category == 0;
    if (merchant && !l.exact && l.found != 1 && !undo)
        return tael__fail(
            TAEL_NOT_FOUND,
            TAEL_SAY("%s: no single merchant and no category is called so; `tael merchant %s` lists what comes near",
                     "%s：没有唯一的此名商户或分类；`tael merchant %s` 可列出相近的"),
            name, name);
    if (merchant && l.found == 1 && !l.exact) name = l.brand;
    TAEL_TRY(tael_ledger_leave_out(ledger, merchant ? name : NULL, merchant ? 0 : category, !undo));
    if (r->json)
        return out_json(r, json_pack("{s:s,s:o,s:b}", "kind", merchant ? "merchant" : "category", "name",
                                     out_text(name), "left_out", !undo));
    out_line(stdout, name);
    puts(undo ? TAEL_SAY(": habits learn from it again", "：已恢复学习")
              : TAEL_SAY(": habits leave it out from now on; the records stay", "：今后不再从中学习习惯；记录保留"));
    return TAEL_OK;
}

static tael_status list_left_out(request *r, tael_ledger *ledger)
{
    tael__habits_writer w = {.json = r->json ? json_object() : NULL};
    tael_status status = write_left_out(&w, ledger);
    if (status == TAEL_OK && !r->json && w.count == 0) puts(TAEL_SAY("nothing is left out", "没有排除任何项目"));
    return answer(r, &w, status);
}

/* ---- The command ---- */

static tael_status check(const request *r, const char *what)
{
    bool known = tael__habits_named(what) != TAEL__HABITS_PARTS || strcmp(what, "show") == 0 ||
                 strcmp(what, "train") == 0 || strcmp(what, "forget") == 0;
    if (!known)
        return tael__fail(
            TAEL_MISUSE,
            TAEL_SAY("habits: there is no %s; give show, recurring, next, forecast, unusual, train or forget",
                     "habits：没有 %s；请给出 show、recurring、next、forecast、unusual、train 或 forget"),
            what);
    if (r->argument_count > 1 && strcmp(what, "forget") != 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("habits: only forget takes a name; leave it out",
                                                "habits：只有 forget 需要名称；请去掉"));
    if (option_given(r, "undo") && r->argument_count < 2)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--undo: of what? Give tael habits forget NAME --undo",
                                                "--undo：请给出名称：tael habits forget 名称 --undo"));
    return TAEL_OK;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    const char *what = r->argument_count ? r->arguments[0] : "show";
    TAEL_TRY(check(r, what));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK && strcmp(what, "forget") == 0)
        status = r->argument_count > 1 ? forget(r, ledger, r->arguments[1]) : list_left_out(r, ledger);
    else if (status == TAEL_OK)
        status = show(r, ledger, what);
    tael_ledger_close(ledger);
    return status;
}

const command command_habits = {
    .verb = "habits",
    .usage = "[show|recurring|next|forecast|unusual|train] [--today DATE] [--kind KIND] | forget [MERCHANT|CATEGORY "
             "[--undo]]",
    .what = {"what recurs, comes next, stands out; what the month will cost", "周期收支、接下来的购买、异常和本月预计"},
    .more = {"Worked out from the ledger each time, on this device; nothing of it is stored. forget leaves a merchant "
             "or a\n"
             "category out of it; without a name it lists what is left out.",
             "每次在本机由账本算出，结果不留存。forget 把某个商户或分类排除在外；不带名称则列出已排除的。"},
    .options = options,
    .most = 2,
    .run = run,
};
