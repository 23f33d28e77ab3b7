// SPDX-License-Identifier: Apache-2.0
/* Shared by the ledger's tests: bills written in the test itself, and sums in one call. */
#ifndef TAEL__TESTS_LEDGER_BILLS_H
#define TAEL__TESTS_LEDGER_BILLS_H

#include <stdio.h>
#include <string.h>

#include "ledger/internal.h"
#include "support.h"

#define ALIPAY_HEADER \
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,\r\n"
#define WECHAT_HEADER "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\r\n"

static inline tael_ledger *memory_ledger(void)
{
    tael_ledger *ledger;
    assert_ok(tael__ledger_open_memory(&ledger));
    return ledger;
}

/* Imports text; the report is kept in *report when it isn't NULL (free it), and must be fine. */
static inline void put_bill(tael_ledger *ledger, const char *text, tael_import_report *report)
{
    tael_import_report own;
    assert_ok(tael__ledger_import_bytes(ledger, "test", text, strlen(text), NULL, report ? report : &own));
    if (!report) tael_import_report_free(&own);
}

typedef struct sums {
    int64_t minor, count, value;
    size_t groups, records;
    char keys[2048]; /* "key=value " for each group */
} sums;

static inline int add_sums(const tael_group_row *row, void *user)
{
    sums *s = user;
    char text[512];
    s->minor += row->minor;
    s->count += row->count;
    s->value = row->value;
    s->records += row->record_count;
    s->groups++;
    snprintf(text, sizeof text, "%s=%lld ", row->key, (long long)row->value);
    strncat(s->keys, text, sizeof s->keys - strlen(s->keys) - 1);
    return 0;
}

static inline sums query(tael_ledger *ledger, tael_query q)
{
    sums s = {0};
    q.size = sizeof q;
    assert_ok(tael_ledger_query(ledger, &q, add_sums, &s));
    return s;
}

static inline int64_t total(tael_ledger *ledger, tael_direction direction)
{
    return query(ledger, (tael_query){.filter = {.direction = direction}}).minor;
}

static inline uint64_t row_count(tael_ledger *ledger)
{
    tael_ledger_summary summary;
    assert_ok(tael_ledger_summarize(ledger, &summary));
    return summary.records;
}

#endif
