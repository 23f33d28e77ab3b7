// SPDX-License-Identifier: Apache-2.0
// `tael merchant`: the brands behind merchants' names, and the owner's own names for them.
#include <inttypes.h>
#include <string.h>

#include "command.h"

static const option options[] = {
    {"as",
     0,
     OPTION_TEXT,
     "BRAND",
     0,
     0,
     {"call it this, in all records and those to come", "归并为该名称，今后也如此"}},
    {"forget", 0, OPTION_FLAG, NULL, 0, 0, {"forget what was taught about it", "取消归并"}},
    {"suggest", 0, OPTION_FLAG, NULL, 0, 0, {"names that two bills give one payment", "两份账单对同一商户的不同叫法"}},
    LIMIT_OPTION,
    {NULL},
};

typedef struct listing {
    json_t *rows; /* NULL: print */
    uint64_t count, limit;
} listing;

static bool shown(listing *l)
{
    l->count++;
    return l->limit == 0 || l->count <= l->limit;
}

static int on_merchant(const tael_merchant *m, void *user)
{
    listing *l = user;
    char number[48];
    if (!shown(l)) return 0;
    if (l->rows) {
        json_array_append_new(l->rows,
                              json_pack("{s:o,s:I,s:I,s:b}", "brand", out_text(m->brand), "records",
                                        (json_int_t)m->records, "names", (json_int_t)m->names, "taught", m->taught));
        return 0;
    }
    out_cell(stdout, m->brand, 32, false);
    snprintf(number, sizeof number, "%" PRId64, m->records);
    out_cell(stdout, number, 8, true);
    if (m->names > 1) printf(TAEL_SAY("  %" PRId64 " names", "  %" PRId64 " 种写法"), m->names);
    if (m->taught) fputs(TAEL_SAY("  taught", "  已归并"), stdout);
    putchar('\n');
    return 0;
}

static int on_suggestion(const tael_suggestion *s, void *user)
{
    listing *l = user;
    if (!shown(l)) return 0;
    if (l->rows) {
        json_array_append_new(l->rows, json_pack("{s:o,s:o,s:I}", "merchant", out_text(s->merchant), "brand",
                                                 out_text(s->brand), "payments", (json_int_t)s->payments));
        return 0;
    }
    out_line(stdout, s->merchant);
    fputs("  →  ", stdout);
    out_line(stdout, s->brand);
    printf(TAEL_SAY("  (%" PRId64 " payments)\n", "（%" PRId64 " 笔）\n"), s->payments);
    return 0;
}

static tael_status list(request *r, tael_ledger *ledger, bool suggest, const char *text)
{
    listing l = {.limit = list_limit(r)};
    if (r->json) l.rows = json_array();
    tael_status status = suggest ? tael_ledger_suggest_merchants(ledger, on_suggestion, &l)
                                 : tael_ledger_merchants(ledger, text, on_merchant, &l);
    if (status != TAEL_OK) {
        json_decref(l.rows);
        return status;
    }
    if (r->json)
        return out_json(
            r, json_pack("{s:o,s:I}", suggest ? "suggestions" : "merchants", l.rows, "total", (json_int_t)l.count));
    printf(l.limit && l.count > l.limit
               ? TAEL_SAY("%" PRIu64 " in all; --limit 0 shows them\n", "共 %" PRIu64 " 个；--limit 0 显示全部\n")
           : suggest ? TAEL_SAY("%" PRIu64 " suggestions; teach one with tael merchant NAME --as BRAND\n",
                                "共 %" PRIu64 " 条建议；用 tael merchant 名称 --as 品牌 采纳\n")
                     : TAEL_SAY("%" PRIu64 " merchants\n", "共 %" PRIu64 " 个商户\n"),
           l.count);
    return TAEL_OK;
}

static tael_status teach(request *r, tael_ledger *ledger, const char *merchant, const char *brand)
{
    uint64_t records;
    TAEL_TRY(tael_ledger_teach_merchant(ledger, merchant, brand, &records));
    if (r->json)
        return out_json(r, json_pack("{s:o,s:o,s:I}", "merchant", out_text(merchant), "brand",
                                     brand ? out_text(brand) : json_null(), "records", (json_int_t)records));
    printf(TAEL_SAY("%" PRIu64 " records changed\n", "已更改 %" PRIu64 " 条记录\n"), records);
    return TAEL_OK;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    const char *brand = option_text(r, "as", NULL), *name = r->argument_count ? r->arguments[0] : NULL;
    bool forget = option_given(r, "forget"), suggest = option_given(r, "suggest");
    if ((brand != NULL) + forget + suggest > 1 || (suggest && name))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("merchant: give one of --as, --forget, --suggest; --suggest takes no name",
                                   "merchant：--as、--forget、--suggest 只能给其一；--suggest 不带名称"));
    if ((brand || forget) && !name)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("merchant: whose? Give the name, such as tael merchant NAME --as BRAND",
                                                "merchant：请给出名称，如 tael merchant 名称 --as 品牌"));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = brand || forget ? teach(r, ledger, name, brand) : list(r, ledger, suggest, name);
    tael_ledger_close(ledger);
    return status;
}

const command command_merchant = {
    .verb = "merchant",
    .usage = "[NAME] [--limit N] | NAME --as BRAND | NAME --forget | --suggest",
    .what = {"merchants by brand, and your own names for them", "按品牌归并的商户，以及您自己的命名"},
    .more = {"Branches, company forms and channels are taken off a merchant's name; what the bill writes stays in the\n"
             "record. NAME lists the brands that hold it.",
             "商户名会去掉分店、公司后缀和支付渠道；账单原名仍保留在记录中。给出 NAME 则只列出包含它的品牌。"},
    .options = options,
    .most = 1,
    .run = run,
};
