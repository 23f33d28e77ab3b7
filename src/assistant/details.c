// SPDX-License-Identifier: Apache-2.0
// "上周买了什么", "show me my Nike purchases": the rows themselves.
#include <inttypes.h>
#include <stdio.h>

#include "assistant/internal.h"

enum { SHOWN = 10 };

static int show_row(const tael_record *record, void *user)
{
    tael__job *job = user;
    const char *item = record->item[0] ? record->item : record->merchant,
               *who = record->merchant[0] ? record->merchant : item;
    int64_t net = record->minor - record->refunded_minor;
    tael_group_row row = {.records = &record->id, .record_count = 1};
    if (!record->counted) return 0;
    tael__figure_money(job, who, net, NULL, &row);
    SAY(job, "\n%s  %s  %s  %s", "\n%s  %s  %s  %s",
        tael__date_text(tael__date_of_ms(record->time_ms, record->offset_minutes)), tael__money_text(job, net), who,
        item == who ? "" : item);
    return job->text.failed != TAEL_OK || job->figure_count >= SHOWN + 2;
}

tael_status tael__answer_rows(tael__job *job)
{
    tael__bounds bounds;
    tael__row total;
    const tael__period *p = tael__job_period(job);
    tael_query q = tael__job_query(job, TAEL_SUM, p, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &total));
    tael_status status = TAEL_OK;
    if (total.count == 0) {
        tael__say_no_data(job);
    } else {
        tael_group_row ids = {.records = total.records, .record_count = total.record_count};
        tael__figure_row(job, job->plan->income ? NAME(job, "income", "收入") : NAME(job, "spent", "支出"), total.minor,
                         &q, &total);
        tael__figure_number(job, NAME(job, "times", "笔数"), (double)total.count, "count", &q, &ids);
        SAY(job, "%s, %s: %lld payments, %s in all%s", "%2$s，%1$s共 %3$lld 笔，合计 %4$s%5$s", tael__subject_text(job),
            tael__period_text(job, p), (long long)total.count, tael__money_text(job, total.minor),
            total.count > SHOWN ? NAME(job, "; the latest:", "；最近的：") : NAME(job, ":", "："));
        status = tael_ledger_records(job->ledger, &q.filter, 0, show_row, job, NULL);
    }
    tael__row_free(&total);
    return status;
}
