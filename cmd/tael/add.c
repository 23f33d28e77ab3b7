// SPDX-License-Identifier: Apache-2.0
// `tael add`: payments from a sentence, shown as they were understood and stored when they are confirmed. Without a
// terminal nothing is asked, and without --yes nothing is stored: a wrong reading must not slip in.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/memory.h"
#include "command.h"

static const option options[] = {
    {"yes", 'y', OPTION_FLAG, NULL, 0, 0, {"store without asking", "不询问，直接保存"}},
    {"today",
     0,
     OPTION_DATE,
     "DATE",
     0,
     0,
     {"as said on this day at noon (default: now)", "按这一天中午所说（默认为现在）"}},
    {NULL},
};

enum { LINE_BYTES = 1024 };

static const char *direction_name(const tael_record *r)
{
    if (r->refund) return TAEL_SAY("refund", "退款");
    return r->direction == TAEL_EXPENSE  ? TAEL_SAY("expense", "支出")
           : r->direction == TAEL_INCOME ? TAEL_SAY("income", "收入")
                                         : TAEL_SAY("neutral", "不计收支");
}

/* ---- Showing ---- */

static void print_field(const char *name, const char *value, bool learned)
{
    if (!value[0]) return;
    fputs("    ", stdout);
    out_cell(stdout, name, 10, false);
    out_line(stdout, value);
    puts(learned ? TAEL_SAY("  (usual)", "（按习惯）") : "");
}

static void print_draft(const tael_draft *d)
{
    const tael_record *r = &d->record;
    char time[40], money[64];
    tael__format_time(time, sizeof time, r->time_ms, r->offset_minutes);
    time[10] = ' ';
    time[16] = '\0';
    money_format(money, sizeof money, r->minor, r->currency);
    printf("  %s  %s  %s%s\n", direction_name(r), money, time,
           d->day_assumed ? TAEL_SAY("  (the day is assumed)", "（日期为推定）") : "");
    print_field(TAEL_SAY("merchant", "商户"), r->merchant, d->learned & TAEL_LEARNED_MERCHANT);
    print_field(TAEL_SAY("item", "内容"), r->item, d->learned & TAEL_LEARNED_ITEM);
    print_field(TAEL_SAY("method", "方式"), r->method, d->learned & TAEL_LEARNED_METHOD);
    print_field(TAEL_SAY("category", "分类"), r->category, d->learned & TAEL_LEARNED_CATEGORY);
    print_field(TAEL_SAY("note", "备注"), r->note, false);
}

static void print_unclear(FILE *out, const tael_unclear *u)
{
    fputs(TAEL_SAY("  unclear: ", "  不清楚："), out);
    out_line(out, u->clause);
    fprintf(out, ": %s", u->reason);
    for (size_t i = 0; i < u->reading_count; i++)
        fprintf(out, "%s%s", i ? TAEL_SAY(" or ", " 或 ") : " (", u->readings[i]);
    fprintf(out, "%s\n", u->reading_count ? ")" : "");
}

static json_t *learned_json(uint32_t learned)
{
    static const char *const names[] = {"merchant", "item", "category", "method"};
    json_t *list = json_array();
    for (int i = 0; i < 4; i++)
        if (learned >> i & 1) json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *draft_json(const tael_draft *d)
{
    const tael_record *r = &d->record;
    char time[40];
    tael__format_time(time, sizeof time, r->time_ms, r->offset_minutes);
    json_t *row =
        json_pack("{s:s,s:s,s:b,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:b}", "time", time, "direction",
                  r->direction == TAEL_EXPENSE  ? "expense"
                  : r->direction == TAEL_INCOME ? "income"
                                                : "neutral",
                  "refund", (int)r->refund, "minor", (json_int_t)r->minor, "currency", out_text(r->currency),
                  "merchant", out_text(r->merchant), "item", out_text(r->item), "category", out_text(r->category),
                  "method", out_text(r->method), "note", out_text(r->note), "source", TAEL_SOURCE_MANUAL, "clause",
                  out_text(d->clause), "learned", learned_json(d->learned), "day_assumed", (int)d->day_assumed);
    if (row && r->id) json_object_set_new(row, "id", json_integer((json_int_t)r->id));
    return row;
}

static json_t *unclear_json(const tael_unclear *u)
{
    json_t *readings = json_array();
    for (size_t i = 0; i < u->reading_count; i++) json_array_append_new(readings, out_text(u->readings[i]));
    return json_pack("{s:o,s:s,s:o}", "clause", out_text(u->clause), "reason", u->reason, "readings", readings);
}

static tael_status fail_unclear(const tael_drafts *d)
{
    const tael_unclear *u = &d->unclear[0];
    char readings[256] = "";
    for (size_t i = 0, n = 0; i < u->reading_count && n < sizeof readings; i++)
        n += (size_t)snprintf(readings + n, sizeof readings - n, "%s%s", i ? TAEL_SAY(" or ", " 或 ") : "",
                              u->readings[i]);
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("add: %s%s%s%s; say it with one amount, nothing was stored",
                               "记账：%s%s%s%s；请用一个金额再说一次，尚未保存"),
                      u->reason, readings[0] ? TAEL_SAY(" (", "（") : "", readings,
                      readings[0] ? TAEL_SAY(")", "）") : "");
}

static tael_status write_json(request *r, const tael_drafts *d, bool stored)
{
    json_t *records = json_array(), *unclear = json_array();
    tael_status failed = d->unclear_count ? fail_unclear(d) : TAEL_OK;
    for (size_t i = 0; i < d->count; i++) json_array_append_new(records, draft_json(&d->items[i]));
    for (size_t i = 0; i < d->unclear_count; i++) json_array_append_new(unclear, unclear_json(&d->unclear[i]));
    json_t *all = json_pack("{s:o,s:b,s:o}", "records", records, "stored", (int)stored, "unclear", unclear);
    if (failed != TAEL_OK && all)
        json_object_set_new(
            all, "error", json_pack("{s:s,s:o}", "code", tael_status_name(failed), "message", out_text(tael_error())));
    TAEL_TRY(out_json(r, all));
    return failed;
}

/* ---- Storing ---- */

/* As an import does: what has no category gets the model's. */
static tael_status categorize(tael_ledger *ledger)
{
    tael_categorizer *categorizer;
    TAEL_TRY(tael_categorizer_open(&categorizer, ledger));
    tael_status status = tael_categorizer_apply(categorizer, true, NULL);
    tael_categorizer_close(categorizer);
    return status;
}

/* All or none. */
static tael_status store(tael_ledger *ledger, tael_drafts *d)
{
    for (size_t i = 0; i < d->count; i++) {
        tael_record *record = &d->items[i].record;
        tael_status status = tael_ledger_add(ledger, record, &record->id);
        if (status == TAEL_OK) continue;
        char sentence[TAEL__MAX_ERROR_BYTES];
        snprintf(sentence, sizeof sentence, "%s", tael_error());
        while (i-- > 0) tael_ledger_remove(ledger, d->items[i].record.id);
        tael__error_set(sentence);
        return status;
    }
    return categorize(ledger);
}

/* ---- Asking, on a terminal ---- */

/* A line without its end; false at the end of input. */
static bool ask(char line[LINE_BYTES], const char *prompt)
{
    fputs(prompt, stdout);
    fflush(stdout);
    if (!fgets(line, LINE_BYTES, stdin)) return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

/* The new text of a field, or what it was: an empty answer keeps it, a dash empties it. */
static void edit_text(const char **field, char store[LINE_BYTES], const char *name)
{
    char prompt[LINE_BYTES];
    snprintf(prompt, sizeof prompt, "  %s [%.200s]: ", name, *field);
    if (!ask(store, prompt) || !store[0]) return;
    *field = strcmp(store, "-") == 0 ? "" : store;
}

typedef struct edited {
    char merchant[LINE_BYTES], item[LINE_BYTES], method[LINE_BYTES], category[LINE_BYTES], note[LINE_BYTES];
} edited;

static void edit_numbers(tael_record *r)
{
    char line[LINE_BYTES], prompt[160], money[64], time[40];
    money_format(money, sizeof money, r->minor, r->currency);
    snprintf(prompt, sizeof prompt, "  %s [%s]: ", TAEL_SAY("amount", "金额"), money);
    int64_t minor;
    while (ask(line, prompt) && line[0] && !(money_parse(&minor, line) && minor > 0))
        puts(TAEL_SAY("  an amount such as 12.34", "  金额如 12.34"));
    if (line[0] && money_parse(&minor, line)) r->minor = minor;
    tael__format_time(time, sizeof time, r->time_ms, r->offset_minutes);
    time[10] = '\0';
    snprintf(prompt, sizeof prompt, "  %s [%s]: ", TAEL_SAY("day", "日期"), time);
    tael__date day;
    while (ask(line, prompt) && line[0] && !tael__date_parse(&day, line))
        puts(TAEL_SAY("  a day such as 2026-11-20", "  日期如 2026-11-20"));
    if (line[0] && tael__date_parse(&day, line)) {
        int64_t old = tael__ms_of_date(tael__date_of_ms(r->time_ms, r->offset_minutes), r->offset_minutes);
        r->time_ms += tael__ms_of_date(day, r->offset_minutes) - old;
    }
    snprintf(prompt, sizeof prompt, "  %s [%s]: ",
             TAEL_SAY("expense, income, neutral or refund (e/i/n/r)", "支出、收入、不计收支或退款（e/i/n/r）"),
             direction_name(r));
    if (!ask(line, prompt) || !strchr("einr", line[0]) || !line[0]) return;
    r->refund = line[0] == 'r';
    r->direction = line[0] == 'e' ? TAEL_EXPENSE : line[0] == 'i' ? TAEL_INCOME : TAEL_NEUTRAL;
}

static void edit(tael_draft *d, edited *texts)
{
    tael_record *r = &d->record;
    puts(TAEL_SAY("Enter keeps a field, - empties it.", "回车保留原值，- 清空。"));
    edit_numbers(r);
    edit_text(&r->merchant, texts->merchant, TAEL_SAY("merchant", "商户"));
    edit_text(&r->item, texts->item, TAEL_SAY("item", "内容"));
    edit_text(&r->method, texts->method, TAEL_SAY("method", "方式"));
    edit_text(&r->category, texts->category, TAEL_SAY("category", "分类"));
    edit_text(&r->note, texts->note, TAEL_SAY("note", "备注"));
    d->learned = 0;
}

/* Until yes or no. *yes: store them. */
static tael_status confirm(tael_drafts *d, edited **texts, bool *yes)
{
    char line[LINE_BYTES];
    *texts = tael__alloc_array(d->count, sizeof **texts);
    if (!*texts) return tael__fail_memory("add", d->count * sizeof **texts);
    for (;;) {
        for (size_t i = 0; i < d->count; i++) print_draft(&d->items[i]);
        if (!ask(line, TAEL_SAY("Store? [Y/n/e(dit)] ", "保存吗？[Y/n/e（修改）] "))) return TAEL_OK;
        char answer = line[0] | 0x20;
        if (line[0] == '\0' || answer == 'y') return *yes = true, TAEL_OK;
        if (answer == 'n') return TAEL_OK;
        for (size_t i = 0; answer == 'e' && i < d->count; i++) edit(&d->items[i], &(*texts)[i]);
    }
}

/* ---- The command ---- */

static int64_t now_of(const request *r)
{
    tael__date day;
    const char *today = option_text(r, "today", NULL);
    if (!today || !tael__date_parse(&day, today)) return 0;
    return tael__ms_of_date(day, TAEL__SHANGHAI_OFFSET_MINUTES) + 12 * 3600000;
}

/* On a terminal what is unclear is asked for again. */
static tael_status parse(tael_ledger *ledger, const char *text, const tael_add_options *o, tael_drafts *d, bool asks)
{
    char line[LINE_BYTES];
    tael_status status = tael_add_parse(ledger, text, o, d);
    while (status == TAEL_OK && asks && d->unclear_count > 0) {
        for (size_t i = 0; i < d->unclear_count; i++) print_unclear(stdout, &d->unclear[i]);
        if (!ask(line, TAEL_SAY("Say it again: ", "请再说一次：")) || !line[0]) break;
        tael_drafts_free(d);
        status = tael_add_parse(ledger, line, o, d);
    }
    return status;
}

static tael_status finish(request *r, tael_ledger *ledger, tael_drafts *d, bool asks)
{
    edited *texts = NULL;
    bool yes = option_given(r, "yes") && d->unclear_count == 0;
    tael_status status = TAEL_OK;
    if (asks && d->unclear_count == 0) status = confirm(d, &texts, &yes);
    if (status == TAEL_OK && yes) status = store(ledger, d);
    if (status == TAEL_OK && r->json) {
        status = write_json(r, d, yes);
    } else if (status == TAEL_OK && d->unclear_count > 0) {
        status = fail_unclear(d);
    } else if (status == TAEL_OK) {
        for (size_t i = 0; i < d->count && !asks; i++) print_draft(&d->items[i]);
        if (yes)
            for (size_t i = 0; i < d->count; i++)
                printf(TAEL_SAY("stored as %" PRId64 "; `tael remove %" PRId64 "` takes it back\n",
                                "已保存，编号 %" PRId64 "；`tael remove %" PRId64 "` 可撤销\n"),
                       d->items[i].record.id, d->items[i].record.id);
        else
            puts(TAEL_SAY("not stored; add --yes to store it", "未保存；加 --yes 保存"));
    }
    tael__free(texts);
    return status;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    tael_drafts drafts = {0};
    char *text = NULL;
    size_t bytes;
    bool asks = !r->json && !option_given(r, "yes") && out_terminal(stdin) && out_terminal(stdout);
    tael_add_options o = {.size = sizeof o, .now_ms = now_of(r)};
    TAEL_TRY(input_text(r, &text, &bytes));
    tael_status status = TAEL_OK;
    if (strlen(text) != bytes)
        status = tael__fail(TAEL_BAD_INPUT,
                            TAEL_SAY("TEXT: it holds a NUL byte; take it out", "文字：含有 NUL 字节；请去掉"));
    if (status == TAEL_OK) status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = parse(ledger, text, &o, &drafts, asks);
    if (status == TAEL_OK) status = finish(r, ledger, &drafts, asks);
    tael_drafts_free(&drafts);
    tael_ledger_close(ledger);
    tael__free(text);
    return status;
}

const command command_add = {
    .verb = "add",
    .usage = "TEXT [--yes]",
    .what = {"add a payment by saying it", "说一句话记一笔账"},
    .more =
        {"Such as: tael add \"lunch 12.50 alipay\". Several payments are parted by commas. What was understood is "
         "shown and "
         "stored when you confirm it; without a terminal only with --yes.",
         "例如：tael add \"早饭25元，支付宝\"。多笔用逗号隔开。会先显示理解的结果，确认后才保存；非终端下需加 --yes。"},
    .options = options,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
