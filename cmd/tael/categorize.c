// SPDX-License-Identifier: Apache-2.0
// `tael categorize`: the owner says what a record is, and the model learns from it.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const option options[] = {
    {"only",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"this record alone, not the merchant's others", "只改这一条，不改同一商户的其他记录"}},
    {"all", 0, OPTION_FLAG, NULL, 0, 0, {"find the category of every record anew", "重新为所有记录分类"}},
    {"forget", 0, OPTION_TEXT, "ID", 0, 0, {"take back what was said of this record", "撤销对这条记录的更正"}},
    {NULL},
};

/* What is done with the record while it is at hand. */
typedef struct work {
    tael_categorizer *categorizer;
    int32_t category_id; /* 0: forget */
    bool only;
    tael_status status;
} work;

static int on_record(const tael_record *record, void *user)
{
    work *w = user;
    tael_category_prediction p;
    if (w->category_id) {
        w->status = tael_categorizer_learn(w->categorizer, record, w->category_id, w->only);
        return 0;
    }
    w->status = tael_categorizer_predict(w->categorizer, record, &p);
    if (w->status != TAEL_OK) return 0;
    if (p.correction)
        w->status = tael_categorizer_forget(w->categorizer, p.correction);
    else
        w->status = tael__fail(TAEL_NOT_FOUND,
                               TAEL_SAY("record %" PRId64 ": nothing was said of it; there is nothing to take back",
                                        "记录 %" PRId64 "：没有更正过；无需撤销"),
                               record->id);
    return 0;
}

/* The record as it is now. */
static int on_done(const tael_record *record, void *user)
{
    *(int32_t *)user = record->category_id;
    return 0;
}

static tael_status tell(request *r, int64_t id, int32_t category_id, uint64_t changed)
{
    tael_language language = tael_get_language();
    const char *top = tael_category_name(tael_category_top(category_id), language);
    const char *name = tael_category_name(category_id, language);
    const tael_category *c = tael_category_get(category_id);
    if (r->json && id == 0) return out_json(r, json_pack("{s:I}", "changed", (json_int_t)changed));
    if (r->json)
        return out_json(r, json_pack("{s:I,s:s,s:o,s:s,s:I}", "id", (json_int_t)id, "category", top, "subcategory",
                                     category_id % 100 ? json_string(name) : json_null(), "category_key",
                                     c ? c->key : "", "changed", (json_int_t)changed));
    if (id != 0)
        printf(category_id % 100 ? TAEL_SAY("record %" PRId64 " is now %s / %s; ", "记录 %" PRId64 " 现为 %s / %s；")
                                 : TAEL_SAY("record %" PRId64 " is now %s; ", "记录 %" PRId64 " 现为 %s；"),
               id, top, name);
    printf(TAEL_SAY("%" PRIu64 " records changed\n", "共更改 %" PRIu64 " 条记录\n"), changed);
    return TAEL_OK;
}

static tael_status read_id(int64_t *id, const char *text)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    *id = n;
    if (end != text && *end == '\0' && errno == 0 && n > 0) return TAEL_OK;
    return tael__fail(TAEL_MISUSE,
                      TAEL_SAY("categorize: `%s` is no record's number; `tael ledger` shows them",
                               "categorize：“%s”不是记录编号；`tael ledger` 可查看编号"),
                      text);
}

static tael_status read_request(const request *r, int64_t *id, int32_t *category_id)
{
    const char *forget = option_text(r, "forget", NULL);
    bool all = option_given(r, "all");
    *id = 0;
    *category_id = 0;
    if ((all || forget) ? r->argument_count != 0 || (all && forget) : r->argument_count != 2)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("categorize: give ID and CATEGORY, or --forget ID, or --all",
                                                "categorize：请给出 编号 和 分类，或 --forget 编号，或 --all"));
    if (all) return TAEL_OK;
    TAEL_TRY(read_id(id, forget ? forget : r->arguments[0]));
    if (forget) return TAEL_OK;
    *category_id = tael_category_find(r->arguments[1]);
    if (*category_id) return TAEL_OK;
    return tael__fail(TAEL_MISUSE,
                      TAEL_SAY("categorize: there is no category `%s`; `tael categories` lists them",
                               "categorize：没有分类“%s”；`tael categories` 可列出全部分类"),
                      r->arguments[1]);
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    work w = {.only = option_given(r, "only")};
    int64_t id;
    int32_t now = 0;
    uint64_t changed = 0;
    TAEL_TRY(read_request(r, &id, &w.category_id));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael_categorizer_open(&w.categorizer, ledger);
    if (status == TAEL_OK && id != 0) status = tael_ledger_record(ledger, id, on_record, &w);
    if (status == TAEL_OK) status = w.status;
    if (status == TAEL_OK) status = tael_categorizer_apply(w.categorizer, false, &changed);
    if (status == TAEL_OK && id != 0) status = tael_ledger_record(ledger, id, on_done, &now);
    tael_categorizer_close(w.categorizer);
    tael_ledger_close(ledger);
    return status == TAEL_OK ? tell(r, id, now, changed) : status;
}

const command command_categorize = {
    .verb = "categorize",
    .usage = "ID CATEGORY [--only] | --forget ID | --all",
    .what = {"say what a record is; learned from", "更正一条记录的分类，并从中学习"},
    .more = {"CATEGORY is a name in either language or a key (`tael categories`). What you say holds for the "
             "merchant's other records "
             "too, now and\nin bills to come, and records that are like it follow. Nothing of it leaves the device.",
             "CATEGORY 为中英文名称或键名（见 `tael "
             "categories`）。更正同时适用于同一商户的其他记录和以后的账单，相似的记录也会"
             "随之调整。\n一切都只在本机进行。"},
    .options = options,
    .most = 2,
    .run = run,
};
