// SPDX-License-Identifier: Apache-2.0
// `tael disclosures`: what left the device, to whom, and whether the log is whole.
#include <inttypes.h>
#include <string.h>

#include "base/date.h"
#include "command.h"

static const option options[] = {
    {"verify", 0, OPTION_FLAG, NULL, 0, 0, {"look whether the log was changed", "检查记录是否被改动"}},
    LIMIT_OPTION,
    {NULL},
};

typedef struct listing {
    json_t *lines; /* NULL: for people */
    uint64_t count, limit;
} listing;

static int on_line(const tael_disclosure *d, void *user)
{
    listing *l = user;
    l->count++;
    if (l->limit && l->count > l->limit) return 0;
    if (l->lines) return json_array_append_new(l->lines, tael__disclosure_json(d)) != 0;
    char time[40], bytes[32];
    tael__format_time(time, sizeof time, d->time_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    time[10] = ' ';
    time[19] = '\0';
    out_size(bytes, sizeof bytes, d->bytes);
    printf("%s  ", time);
    out_cell(stdout, d->purpose, 14, false);
    out_cell(stdout, bytes, 10, true);
    fputs("  ", stdout);
    out_line(stdout, d->recipient);
    putchar('\n');
    return 0;
}

static tael_status list(request *r, tael_ledger *ledger)
{
    listing l = {.lines = r->json ? json_array() : NULL, .limit = list_limit(r)};
    tael_status status = tael_ledger_disclosures(ledger, on_line, &l);
    if (status != TAEL_OK) {
        json_decref(l.lines);
        return status;
    }
    if (r->json) return out_json(r, json_pack("{s:o,s:I}", "disclosures", l.lines, "total", (json_int_t)l.count));
    printf(l.limit && l.count > l.limit ? TAEL_SAY("%" PRIu64 " times; --limit 0 shows all, --json what was sent\n",
                                                   "共 %" PRIu64 " 次；--limit 0 显示全部，--json 显示发送的内容\n")
                                        : TAEL_SAY("%" PRIu64 " times; --json shows what was sent\n",
                                                   "共 %" PRIu64 " 次；--json 显示发送的内容\n"),
           l.count);
    return TAEL_OK;
}

static tael_status verify(request *r, tael_ledger *ledger)
{
    uint64_t lines;
    int64_t broken;
    TAEL_TRY(tael_ledger_verify_disclosures(ledger, &lines, &broken));
    if (broken)
        return tael__fail(TAEL_CORRUPT,
                          TAEL_SAY("disclosure %" PRId64
                                   ": it was changed, or the line before it is gone; compare with an "
                                   "earlier export",
                                   "披露 %" PRId64 "：已被改动，或缺少前一条；请与较早的导出比较"),
                          broken);
    if (r->json) return out_json(r, json_pack("{s:b,s:I}", "whole", 1, "lines", (json_int_t)lines));
    printf(TAEL_SAY("the log is whole: %" PRIu64 " lines\n", "记录完整：共 %" PRIu64 " 条\n"), lines);
    return TAEL_OK;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = option_given(r, "verify") ? verify(r, ledger) : list(r, ledger);
    tael_ledger_close(ledger);
    return status;
}

const command command_disclosures = {
    .verb = "disclosures",
    .usage = "[--limit N] [--verify]",
    .what = {"what left the device, and to whom", "哪些内容离开了设备，发给了谁"},
    .more = {"Newest first. Every line holds the digest of the one before it, so that --verify finds an edit. Erasing\n"
             "records takes the bytes that were sent; that they were sent stays, until all is erased.",
             "从新到旧。每条含前一条的摘要，--verify 可发现改动。删除记录会删去发送的内容，\n"
             "但保留“曾发送”这一事实，直至全部删除。"},
    .options = options,
    .run = run,
};
