// SPDX-License-Identifier: Apache-2.0
// What a question is about, as the habits see it: its rows, which of what recurs they belong to, and whether that is
// most of them. Opened for one question and closed with it, so nothing here is ever stale.
#include <stdlib.h>
#include <string.h>

#include "assistant/habits.h"

static bool grow(void **list, size_t *capacity, size_t count, size_t each)
{
    if (count < *capacity) return true;
    size_t more = *capacity ? 2 * *capacity : 64;
    void *grown = tael__realloc(*list, more * each);
    if (!grown) return false;
    *list = grown;
    *capacity = more;
    return true;
}

/* ---- Rows ---- */

static int keep_row(const tael_record *record, void *user)
{
    tael__job_habits *h = user;
    if (!record->counted || record->minor <= record->refunded_minor) return 0;
    if (!grow((void **)&h->rows, &h->row_capacity, h->row_count, sizeof *h->rows)) {
        h->failed = true;
        return 1;
    }
    h->rows[h->row_count++] = record->id;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool tael__job_habits_has(const tael__job_habits *h, int64_t id)
{
    return h->all || (h->row_count > 0 && bsearch(&id, h->sorted, h->row_count, sizeof id, by_id) != NULL);
}

bool tael__is_about_all(const tael__job *job)
{
    return job->about_count == 0 && job->not_count == 0 && !job->source && !job->method && !job->plan->least_minor &&
           !job->plan->most_minor && !job->when.weekdays && job->when.hour_from == job->when.hour_to;
}

static tael_status read_rows(tael__job_habits *h, tael__job *job)
{
    tael__bounds bounds;
    tael_query q = tael__job_query(job, TAEL_LAST, NULL, &bounds);
    h->all = tael__is_about_all(job);
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, h->all ? 1 : 0, keep_row, h, NULL));
    if (!h->failed && h->row_count) h->sorted = tael__alloc_array(h->row_count, sizeof *h->sorted);
    if (h->failed || (h->row_count && !h->sorted)) return tael__fail_memory("ask", h->row_count * sizeof *h->rows);
    if (h->row_count) memcpy(h->sorted, h->rows, h->row_count * sizeof *h->rows);
    if (h->row_count > 1) qsort(h->sorted, h->row_count, sizeof *h->sorted, by_id);
    return TAEL_OK;
}

/* ---- What of them recurs ---- */

typedef struct keeping {
    tael__job_habits *h;
    tael_direction direction;
} keeping;

/* Most of its rows are among the question's. */
static int keep_recurring(const tael_recurring *r, void *user)
{
    keeping *k = user;
    tael__job_habits *h = k->h;
    size_t inside = 0;
    if (r->direction != k->direction) return 0;
    for (size_t i = 0; i < r->record_count; i++) inside += tael__job_habits_has(h, r->records[i]);
    if (5 * inside < 3 * r->record_count) return 0;
    if (!grow((void **)&h->recurring, &h->recurring_capacity, h->recurring_count, sizeof *h->recurring)) {
        h->failed = true;
        return 1;
    }
    h->recurring[h->recurring_count] = *r;
    h->recurring[h->recurring_count++].sentence = NULL; /* it doesn't live on */
    return 0;
}

static bool recurs(const tael__job_habits *h, int64_t id)
{
    for (size_t i = 0; i < h->recurring_count; i++)
        for (size_t k = h->recurring[i].record_count; k-- > 0;)
            if (h->recurring[i].records[k] == id) return true;
    return false;
}

/* Do most of the latest rows recur? Then the question is about what recurs, and else about buying now and then. */
static bool mostly_recurs(const tael__job_habits *h)
{
    enum { LATEST = 12 };
    size_t n = h->row_count < LATEST ? h->row_count : LATEST, recurring = 0;
    for (size_t i = 0; i < n; i++) recurring += recurs(h, h->rows[i]);
    return n > 0 && 2 * recurring >= n;
}

tael_status tael__job_habits_open(tael__job_habits *h, tael__job *job, bool *allowed)
{
    *h = (tael__job_habits){.habits = NULL};
    keeping k = {h, job->plan->income ? TAEL_INCOME : TAEL_EXPENSE};
    TAEL_TRY(tael_consent_get(job->ledger, "habits", allowed));
    tael_status status = read_rows(h, job);
    if (status == TAEL_OK && *allowed) status = tael_habits_open(&h->habits, job->ledger, tael__date_text(job->today));
    if (status == TAEL_OK && h->habits) status = tael_habits_recurring(h->habits, keep_recurring, &k);
    if (status == TAEL_OK && h->failed) status = tael__fail_memory("ask", sizeof *h->recurring);
    h->mostly_recurs = status == TAEL_OK && !h->all && mostly_recurs(h);
    if (status != TAEL_OK) tael__job_habits_close(h);
    return status;
}

void tael__job_habits_close(tael__job_habits *h)
{
    tael_habits_close(h->habits);
    tael__free(h->rows);
    tael__free(h->sorted);
    tael__free(h->recurring);
    *h = (tael__job_habits){.habits = NULL};
}

/* ---- Words ---- */

void tael__say_not_learned(tael__job *job)
{
    job->route = "not_allowed";
    SAY(job, "%s", "%s",
        NAME(job,
             "You don't want habits learned, so I can't tell this. `tael consent habits on` allows it; they are worked "
             "out on this device, and nothing of them is stored.",
             "您没有允许学习习惯，所以这个问题我答不了。用 `tael consent habits on` "
             "可以允许；习惯只在本机推算，结果不留存。"));
}

void tael__say_known_until(tael__job *job, const tael__job_habits *h)
{
    enum { BEHIND_DAYS = 7 };
    tael_habits_summary s;
    if (!h->habits) return;
    tael_habits_summarize(h->habits, &s);
    if (!*s.last_day || tael__days_of(job->today) - tael__days_of(tael__day_of(s.last_day)) <= BEHIND_DAYS) return;
    SAY(job, " (The ledger's last record is of %s: import newer bills for a better answer.)",
        "（账本的记录只到 %s，导入新的账单会更准。）", s.last_day);
}

/* "每月", "every 2 weeks". `out` holds what isn't a fixed word. */
static const char *every_text(const tael__job *job, const tael_recurring *r, char *out, size_t cap)
{
    static const struct {
        int every;
        const char *en, *zh;
    } months[] = {
        {1, "a month", "每月"}, {3, "a quarter", "每季度"}, {6, "every half-year", "每半年"}, {12, "a year", "每年"}};
    for (size_t i = 0; r->months && i < sizeof months / sizeof *months; i++)
        if (months[i].every == r->every) return NAME(job, months[i].en, months[i].zh);
    if (r->months)
        snprintf(out, cap, NAME(job, "every %d months", "每 %d 个月"), r->every);
    else if (r->every == 7)
        snprintf(out, cap, "%s", NAME(job, "a week", "每周"));
    else if (r->every % 7 == 0 && r->day)
        snprintf(out, cap, NAME(job, "every %d weeks", "每 %d 周"), r->every / 7);
    else
        snprintf(out, cap, NAME(job, "every %d days", "每 %d 天"), r->every);
    return out;
}

const char *tael__recurring_minor_text(const tael__job *job, const tael_recurring *r, char *out, size_t cap)
{
    bool about = r->amount == TAEL_AMOUNT_VARYING;
    snprintf(out, cap, "%s%s", about ? NAME(job, "about ", "约 ") : "", tael__money_text(job, r->minor));
    return out;
}

const char *tael__recurring_price_text(const tael__job *job, const tael_recurring *r, char *out, size_t cap)
{
    char every[64];
    const char *money = tael__money_text(job, r->minor), *period = every_text(job, r, every, sizeof every);
    bool about = r->amount == TAEL_AMOUNT_VARYING;
    if (job->chinese)
        snprintf(out, cap, "%s%s %s", period, about ? "约" : "", money);
    else
        snprintf(out, cap, "%s%s %s", about ? "about " : "", money, period);
    return out;
}

tael_group_row tael__recurring_rows(const tael_recurring *r)
{
    return (tael_group_row){.records = r->records, .record_count = r->record_count};
}

tael__date tael__day_of(const char *day)
{
    tael__date date = {1970, 1, 1};
    (void)tael__date_parse(&date, day);
    return date;
}

/* ---- What a person knows it by ---- */

typedef struct seen_as {
    char merchant[TAEL__NAME_BYTES / 2], item[TAEL__NAME_BYTES / 2];
} seen_as;

static int take_words(const tael_record *record, void *user)
{
    seen_as *s = user;
    bool company = strstr(record->merchant, "公司") || !*record->merchant; /* nobody calls it by that name */
    const char *name = company && *record->brand ? record->brand : record->merchant;
    size_t n = strnlen(name, sizeof s->merchant - 1), k = strnlen(record->item, sizeof s->item - 1);
    snprintf(s->merchant, sizeof s->merchant, "%.*s", (int)tael__utf8_cut(name, n), name);
    snprintf(s->item, sizeof s->item, "%.*s", (int)tael__utf8_cut(record->item, k), record->item);
    const char *note = strstr(s->item, "备注:"); /* 转账备注:房租 */
    if (note) memmove(s->item, note + strlen("备注:"), strlen(note + strlen("备注:")) + 1);
    return 1;
}

/* A short item that stays the same says what it is for: 豪华绿钻连续包月, 房租. */
static bool tells_more(const seen_as *last, const seen_as *before)
{
    enum { SHORT = 30 };
    size_t n = strlen(last->item);
    return n > 1 && n <= SHORT && strcmp(last->item, before->item) == 0 && !strstr(last->merchant, last->item) &&
           strspn(last->item, "0123456789-") < n;
}

const char *tael__recurring_name(const tael__job *job, const tael_recurring *r, char *out)
{
    seen_as last = {.item = ""}, before = {.item = ""};
    size_t n = r->record_count;
    bool known = n > 0 && tael_ledger_record(job->ledger, r->records[n - 1], take_words, &last) == TAEL_OK;
    if (n > 1) known = known && tael_ledger_record(job->ledger, r->records[n - 2], take_words, &before) == TAEL_OK;
    if (known && tells_more(&last, &before))
        snprintf(out, TAEL__NAME_BYTES, NAME(job, "%s (%s)", "%s（%s）"), last.merchant, last.item);
    else
        snprintf(out, TAEL__NAME_BYTES, "%s", known && *last.merchant ? last.merchant : r->merchant);
    return out;
}

tael_status tael__job_habits_end(tael__job_habits *h, tael__job *job, tael_status status)
{
    if (status == TAEL_OK && h->row_count) tael__say_known_until(job, h);
    tael__job_habits_close(h);
    job->habit = NULL;
    return status;
}
