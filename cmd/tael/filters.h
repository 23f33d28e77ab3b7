// SPDX-License-Identifier: Apache-2.0
/* Which records: the options that `ledger` and `spend` share. */
#ifndef TAEL_COMMAND_FILTERS_H
#define TAEL_COMMAND_FILTERS_H

#include "command.h"
#include "document/document.h"

#define FILTER_OPTIONS                                                                                            \
    {"from", 0, OPTION_DATE, "DATE", 0, 0, {"from this day on", "起始日（含）"}},                                 \
        {"to", 0, OPTION_DATE, "DATE", 0, 0, {"up to this day, inclusive", "截止日（含）"}},                      \
        {"month", 0, OPTION_MONTH, "YYYY-MM", 0, 0, {"this month", "某个月"}},                                    \
        {"merchant", 0, OPTION_TEXT, "TEXT", 0, 0, {"in the merchant's name", "商户名包含"}},                     \
        {"category",                                                                                              \
         0,                                                                                                       \
         OPTION_TEXT,                                                                                             \
         "NAME",                                                                                                  \
         0,                                                                                                       \
         0,                                                                                                       \
         {"a category's name or key, or a word of the bill's own", "分类名称或键名，或账单自带分类包含"}},        \
        {"direction", 0, OPTION_CHOICE, "expense|income|neutral", 0, 0, {"only this direction", "收支方向"}},     \
        {"method", 0, OPTION_TEXT, "TEXT", 0, 0, {"in the payment method", "支付方式包含"}},                      \
        {"min", 0, OPTION_AMOUNT, "AMOUNT", 0, 0, {"at least this much, such as 12.34", "金额不低于，如 12.34"}}, \
        {"max", 0, OPTION_AMOUNT, "AMOUNT", 0, 0, {"at most this much", "金额不高于"}},                           \
    {                                                                                                             \
        "text", 0, OPTION_TEXT, "TEXT", 0, 0,                                                                     \
        {                                                                                                         \
            "anywhere in the record", "任意字段包含"                                                        \
        }                                                                                                         \
    }

/* TAEL_MISUSE: --month beside --from or --to, or bounds in the wrong order. */
tael_status filter_read(const request *r, tael_filter *filter, tael__filter_days *days);

#endif
