// SPDX-License-Identifier: Apache-2.0
// `tael erase`: records really gone, with what was derived from them: the saved prompt states name merchants too.
#include <inttypes.h>

#include "assistant/prefix.h"
#include "command.h"

static const option options[] = {
    {"source", 0, OPTION_TEXT, "S", 0, 0, {"what came from this source, such as alipay", "来自该来源的，如 alipay"}},
    {"before", 0, OPTION_DATE, "DATE", 0, 0, {"what is older than this day", "早于这一天的"}},
    {"all", 0, OPTION_FLAG, NULL, 0, 0, {"everything", "全部"}},
    {"yes", 0, OPTION_FLAG, NULL, 0, 0, {"really", "确认删除"}},
    {NULL},
};

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    uint64_t erased = 0;
    const char *source = option_text(r, "source", NULL), *before = option_text(r, "before", NULL);
    int chosen = (source != NULL) + (before != NULL) + option_given(r, "all");
    if (chosen != 1)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("erase: say what; give one of --source S, --before DATE, --all",
                                                "erase：请指明范围；给出 --source S、--before DATE、--all 之一"));
    if (!option_given(r, "yes"))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("erase: this can't be undone; add --yes to do it",
                                                "erase：删除后无法恢复；确定请加 --yes"));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael_ledger_erase(ledger, source, before, &erased);
    tael_ledger_close(ledger);
    if (status == TAEL_OK) status = tael__ask_prefixes_remove(r->home);
    if (status != TAEL_OK) return status;
    if (r->json) return out_json(r, json_pack("{s:I}", "erased", (json_int_t)erased));
    printf(TAEL_SAY("%" PRIu64 " records are gone\n", "已删除 %" PRIu64 " 条记录\n"), erased);
    return TAEL_OK;
}

const command command_erase = {
    .verb = "erase",
    .usage = "--source S | --before DATE | --all  --yes",
    .what = {"records really gone, freed pages too", "彻底删除记录，不留残页"},
    .options = options,
    .run = run,
};
