// SPDX-License-Identifier: Apache-2.0
// `tael spend`: sums, net of refunds, in one figure or by group.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "document/document.h"
#include "filters.h"

static const option options[] = {
    FILTER_OPTIONS,
    {"by",
     0,
     OPTION_CHOICE,
     "month|category|subcategory|merchant|weekday|hour|method|source|day|year",
     0,
     0,
     {"a sum for each", "分组"}},
    {"income", 0, OPTION_FLAG, NULL, 0, 0, {"what came in, not what was spent", "统计收入而不是支出"}},
    {"gross", 0, OPTION_FLAG, NULL, 0, 0, {"leave refunds out", "不扣除退款"}},
    {"limit", 0, OPTION_INTEGER, "N", 0, 1e9, {"at most N groups (default: all)", "最多 N 组（默认全部）"}},
    {NULL},
};

typedef struct sums {
    const request *r;
    const char *by, *currency;
    int64_t minor, count;
} sums;

/* A group's key for people. */
static const char *label_of(const sums *s, const char *key, char *scratch, size_t cap)
{
    static const words weekdays[] = {{"Monday", "周一"},   {"Tuesday", "周二"}, {"Wednesday", "周三"},
                                     {"Thursday", "周四"}, {"Friday", "周五"},  {"Saturday", "周六"},
                                     {"Sunday", "周日"}};
    if (strcmp(s->by, "weekday") == 0 && key[0] >= '1' && key[0] <= '7') return say(weekdays[key[0] - '1']);
    if (strcmp(s->by, "hour") == 0) {
        snprintf(scratch, cap, "%02d:00", atoi(key));
        return scratch;
    }
    return *key ? key : TAEL_SAY("(unknown)", "（未知）");
}

static int on_total(const tael_group_row *row, void *user)
{
    sums *s = user;
    s->minor = row->minor;
    s->count = row->count;
    return 0;
}

static int on_group(const tael_group_row *row, void *user)
{
    sums *s = user;
    char money[64], scratch[16], count[40];
    money_format(money, sizeof money, row->minor, s->currency);
    snprintf(count, sizeof count, "%" PRId64, row->count);
    out_cell(stdout, label_of(s, row->key, scratch, sizeof scratch), 28, false);
    out_cell(stdout, money, 16, true);
    out_cell(stdout, count, 8, true);
    putchar('\n');
    return 0;
}

static void print_total(const sums *s, bool income)
{
    char money[64];
    money_format(money, sizeof money, s->minor, s->currency);
    printf(income ? TAEL_SAY("income %s, %" PRId64 " payments\n", "收入 %s，%" PRId64 " 笔\n")
                  : TAEL_SAY("spent %s, %" PRId64 " purchases\n", "支出 %s，%" PRId64 " 笔\n"),
           money, s->count);
}

static tael_status sum_up(request *r, tael_ledger *ledger, tael_query *q)
{
    tael_ledger_summary summary;
    sums s = {.r = r, .by = option_text(r, "by", "")};
    tael_group group = tael__group_named(option_text(r, "by", NULL));
    uint32_t limit = (uint32_t)option_integer(r, "limit", 0);
    if (r->json) {
        json_t *document;
        q->limit = limit;
        TAEL_TRY(tael__spend_json(ledger, q, group, &document));
        return out_json(r, document);
    }
    TAEL_TRY(tael_ledger_summarize(ledger, &summary));
    s.currency = summary.currency[0] ? summary.currency : "CNY";
    TAEL_TRY(tael_ledger_query(ledger, q, on_total, &s));
    q->limit = limit;
    if (group != TAEL_BY_NONE) TAEL_TRY(tael__spend_groups(ledger, q, group, on_group, &s));
    print_total(&s, q->filter.direction == TAEL_INCOME);
    return TAEL_OK;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    tael__filter_days days;
    tael_query q = {.size = sizeof q,
                    .measure = TAEL_SUM,
                    .gross = option_given(r, "gross"),
                    .no_records = true,
                    .category_name = tael_category_name};
    TAEL_TRY(filter_read(r, &q.filter, &days));
    if (option_given(r, "income") && q.filter.direction != TAEL_ANY_DIRECTION && q.filter.direction != TAEL_INCOME)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--income: --direction says otherwise; give one of them",
                                                "--income：与 --direction 矛盾；请只给其一"));
    if (option_given(r, "income")) q.filter.direction = TAEL_INCOME;
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = sum_up(r, ledger, &q);
    tael_ledger_close(ledger);
    return status;
}

const command command_spend = {
    .verb = "spend",
    .usage = "[FILTERS] [--by month|category|subcategory|merchant|weekday|hour|method|source] [--income] [--gross]",
    .what = {"what was spent, net of refunds", "花了多少（已扣退款）"},
    .more = {"A refund counts on the day of its purchase when it can be joined to one, else on its own. Money that "
             "only moved\n"
             "(repayments, withdrawals) is in no sum.",
             "能对上原单的退款算在购买当天，否则算在退款当天。只是转移的资金（还款、提现等）不计入。"},
    .options = options,
    .run = run,
};
