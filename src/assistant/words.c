// SPDX-License-Identifier: Apache-2.0
// The words of a plan against the question and the ledger: what each is, whether it is taken out, how they go together.
#include <stdio.h>
#include <string.h>

#include "assistant/internal.h"

/* Are the two words alternatives in the question ("库迪和瑞幸", "Cotti or Luckin", "水电燃气"), or a thing of a thing?
 */
static bool are_alternatives(const char *question, const char *a, const char *b)
{
    static const char *const links[] = {"和", "跟", "与", "或",   "还是",   "、",   "以及", "加",    "比",
                                        "含", "同", "对", "包括", "vs",     "incl", "plus", " and ", " or ",
                                        ",",  "，", "&",  "+",    "versus", "than", "/"};
    const char *x = strcasestr(question, a), *y = strcasestr(question, b);
    if (!x || !y) return true;
    const char *from = x < y ? x + strlen(a) : y + strlen(b), *to = x < y ? y : x;
    for (size_t i = 0; from < to && i < sizeof links / sizeof *links; i++)
        if (memmem(from, (size_t)(to - from), links[i], strlen(links[i]))) return true;
    return false;
}

static bool same_terms(const tael__terms *a, const tael__terms *b)
{
    if (a->count != b->count || a->range_count != b->range_count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0) return false;
    return true;
}

static tael_status take_about(tael__job *job, const char *word)
{
    tael__terms terms = {0};
    tael__known known;
    const char *source, *method;
    if (job->about_count == TAEL__PLAN_WORDS) return TAEL_OK;
    if (tael__resolve_method(word, &source, &method)) { /* a way of paying, perhaps named twice */
        if (!job->source && !job->method) {
            job->source = source;
            job->method = method;
        }
        return TAEL_OK;
    }
    TAEL_TRY(tael__resolve(&terms, &known, word, job->question, &job->merchants));
    if (known == TAEL__KNOWN) { /* "Amap (高德)" is one thing */
        for (size_t i = 0; i < job->about_count; i++)
            if (strcasecmp(job->labels[i], word) == 0 || same_terms(&job->about[i], &terms)) known = TAEL__NOISE;
    }
    if (known == TAEL__KNOWN) {
        for (size_t i = 0; i < terms.without_count; i++)
            TAEL_TRY(tael__terms_add(&job->without, terms.without[i], strlen(terms.without[i])));
        job->about[job->about_count] = terms;
        snprintf(job->labels[job->about_count++], TAEL__WORD_BYTES, "%s", word);
        return TAEL_OK;
    }
    if (known == TAEL__UNKNOWN && job->unknown_count++ == 0) snprintf(job->unknown, sizeof job->unknown, "%s", word);
    tael__terms_free(&terms);
    return TAEL_OK;
}

static int stop(const tael_record *record, void *user)
{
    (void)record;
    (void)user;
    return 1;
}

/* ---- What is taken out ---- */

static const char *const taken_before[] = {
    "除了",       "除去",      "除开",    "除却",         "扣掉",          "扣除",   "去掉",           "剔除",
    "排除",       "刨去",      "刨除",    "刨开",         "减去",          "减掉",   "抛开",           "撇开",
    "不算上",     "不算",      "不计",    "不含",         "不包括",        "不包含", "不要算",         "不要",
    "别算",       "没有",      "除",      "唔计",         "唔算",          "除咗",   "except for",     "except",
    "without",    "excluding", "exclude", "not counting", "not including", "minus",  "other than",     "apart from",
    "aside from", "besides",   "but not", "leaving out",  "ignoring",      "less",   "everything but", "outside of"};
static const char *const taken_after[] = {"除外", "不算",     "不计",   "去掉",         "刨掉",     "扣掉",
                                          "除开", "别算",     "不要",   "剔除",         "排除",     "刨去",
                                          "减掉", "不包括",   "都不算", "都别算",       "不要算",   "唔计",
                                          "唔算", "excluded", "aside",  "not included", "left out", "taken out"};
/* What may stand between two that are taken out together, and words of no meaning around them. */
static const char *const joints[] = {
    "和",   "跟",   "与",  "及",   "以及", "还有", "、",          "或",          "（",   "(",  "）",
    ")",    " ",    "and", "or",   "the",  "my",   "what i sent", "what i paid", "for",  "to", "给",
    "的",   "钱",   "费",  "那台", "这台", "那部", "那个",        "这个",        "那次", "同", "同埋",
    "that", "this", "那",  "两笔", "几笔", "这笔", "那笔",        "一笔",        "\"",   "“",  "”"};

/* If text[..end) ends with one of the words, how long that is. */
static size_t ends_with(const char *text, size_t end, const char *const *words, size_t count)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(words[i]);
        if (n > best && n <= end && strncasecmp(text + end - n, words[i], n) == 0) best = n;
    }
    return best;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Walks back over joints and other named words to a word that takes out ("除了转账和红包"). */
static bool taken_by_what_precedes(const tael__plan *plan, const char *question, size_t at)
{
    for (;;) {
        if (ends_with(question, at, taken_before, COUNT(taken_before))) return true;
        size_t n = ends_with(question, at, joints, COUNT(joints));
        for (size_t i = 0; n == 0 && i < plan->about_count; i++) {
            size_t own = strlen(plan->about[i]);
            if (own <= at && strncasecmp(question + at - own, plan->about[i], own) == 0) n = own;
        }
        if (n == 0) return false;
        at -= n;
    }
}

/* And forward ("转账红包别算"). A comma ends it, unless what follows is a bare "都不算". */
static bool taken_by_what_follows(const tael__plan *plan, const char *rest)
{
    for (;;) {
        if (tael__begins_with(rest, taken_after, COUNT(taken_after))) {
            size_t n = tael__begins_with(rest, taken_after, COUNT(taken_after));
            /* "咖啡不算星巴克" takes out what comes after it. */
            for (size_t i = 0; i < plan->about_count; i++)
                if (strncasecmp(rest + n, plan->about[i], strlen(plan->about[i])) == 0) return false;
            return true;
        }
        size_t n = tael__begins_with(rest, joints, COUNT(joints));
        for (size_t i = 0; n == 0 && i < plan->about_count; i++)
            if (strncasecmp(rest, plan->about[i], strlen(plan->about[i])) == 0) n = strlen(plan->about[i]);
        if (n == 0) return false;
        rest += n;
    }
}

/* "转账红包都算": said to be counted in, which they are. */
static bool is_counted_in(const tael__plan *plan, const char *question, const char *word)
{
    static const char *const in[] = {"都算上", "都算",     "也算",         "算在内",      "算上",   "一起算",
                                     "都计",   "included", "all included", "all counted", "counted"};
    const char *rest = strcasestr(question, word);
    if (!rest || plan->about_count < 2) return false;
    for (rest += strlen(word);;) {
        if (tael__begins_with(rest, in, COUNT(in))) return true;
        size_t n = tael__begins_with(rest, joints, COUNT(joints));
        for (size_t i = 0; n == 0 && i < plan->about_count; i++)
            if (strncasecmp(rest, plan->about[i], strlen(plan->about[i])) == 0) n = strlen(plan->about[i]);
        if (n == 0) return false;
        rest += n;
    }
}

/* Does the question take this word out ("扣掉房租", "without rent", "房租除外")? Small models miss it. */
static bool is_taken_out(const tael__plan *plan, const char *question, const char *word)
{
    const char *at = strcasestr(question, word);
    if (!at) return false;
    return taken_by_what_precedes(plan, question, (size_t)(at - question)) ||
           taken_by_what_follows(plan, at + strlen(word));
}

static tael_status take_not_about(tael__job *job, const char *word)
{
    tael__known known;
    if (job->not_count == TAEL__PLAN_WORDS) return TAEL_OK;
    tael__terms *terms = &job->not_about[job->not_count];
    TAEL_TRY(tael__resolve(terms, &known, word, job->question, &job->merchants));
    if (known == TAEL__NOISE) return tael__terms_free(terms), TAEL_OK;
    job->not_groups[job->not_count++] = tael__terms_group(terms);
    size_t n = strlen(job->not_label);
    snprintf(job->not_label + n, sizeof job->not_label - n, "%s%s", n ? NAME(job, ", ", "、") : "", word);
    return TAEL_OK;
}

/* A way of paying that the table knows, or that some row was paid with; anything else the model may have put there is
 * not. */
static tael_status take_paid_with(tael__job *job, const char *word)
{
    if (!*word || !strcasestr(job->question, word)) return TAEL_OK;
    tael__resolve_method(word, &job->source, &job->method);
    if (job->source || job->method) return TAEL_OK;
    tael_filter filter = {.size = sizeof filter, .method = word};
    uint64_t rows = 0;
    TAEL_TRY(tael_ledger_records(job->ledger, &filter, 1, stop, NULL, &rows));
    if (rows > 0) job->method = word;
    return TAEL_OK;
}

/* "花呗上个月还了多少": a debt paid back is neither spending nor income, and is asked for by the name of what it paid
 * off. */
static tael_status take_repayment(tael__job *job)
{
    static const char back[] =
        "还了|还款|还多少|还花呗|还信用卡|还白条|还咗|要还|repay|pay back|paid back|pay off|paid off|payoff";
    if ((!job->method && !job->source) || !tael__holds(job->question, back)) return TAEL_OK;
    const char *word = job->method ? job->method : job->plan->paid_with;
    job->neutral = true;
    job->source = job->method = NULL;
    TAEL_TRY(tael__terms_add(&job->about[0], word, strlen(word)));
    snprintf(job->labels[0], TAEL__WORD_BYTES, "%s", word);
    TAEL_TRY(tael__terms_add(&job->about[1], "还款", strlen("还款")));
    snprintf(job->labels[1], TAEL__WORD_BYTES, "%s", NAME(job, "repayment", "还款"));
    job->about_count = 2;
    return TAEL_OK;
}

tael_status tael__job_words(tael__job *job)
{
    const tael__plan *plan = job->plan;
    TAEL_TRY(take_paid_with(job, plan->paid_with));
    TAEL_TRY(take_repayment(job));
    if (job->neutral) return TAEL_OK;
    for (size_t i = 0; i < plan->about_count; i++) {
        if ((job->source || job->method) && strcasecmp(plan->about[i], plan->paid_with) == 0) continue;
        if (plan->glossed[i] || is_counted_in(plan, job->question, plan->about[i])) continue;
        TAEL_TRY(is_taken_out(plan, job->question, plan->about[i]) ? take_not_about(job, plan->about[i])
                                                                   : take_about(job, plan->about[i]));
    }
    for (size_t i = 0; i < plan->not_about_count; i++) TAEL_TRY(take_not_about(job, plan->not_about[i]));
    return TAEL_OK;
}

static void point_groups(tael__job *job)
{
    for (size_t i = 0; i < job->about_count; i++) job->groups[i] = tael__terms_group(&job->about[i]);
}

/* Sums of things side by side need them apart. */
static tael_status join_alternatives(tael__job *job)
{
    const tael__plan *plan = job->plan;
    bool apart = plan->want == TAEL__WANT_COMPARE || plan->want == TAEL__WANT_RATIO || plan->want == TAEL__WANT_SHARE ||
                 plan->want == TAEL__WANT_LIST;
    if (!job->any_about || apart) return TAEL_OK;
    for (size_t i = 0; i < job->about_count; i++) TAEL_TRY(tael__terms_join(&job->joined, &job->about[i]));
    job->groups[0] = tael__terms_group(&job->joined);
    return TAEL_OK;
}

/* "闲鱼上卖了几件": when what is named was only ever received (or only spent), that is what the question means. */
static tael_status settle_direction(tael__job *job)
{
    tael__bounds bounds;
    uint64_t here = 0, there = 0;
    if (job->about_count == 0 || job->neutral) return TAEL_OK;
    tael_query q = tael__job_query(job, TAEL_SUM, tael__job_period(job), &bounds);
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, 1, stop, NULL, &here));
    if (here > 0) return TAEL_OK;
    q.filter.direction = job->plan->income ? TAEL_EXPENSE : TAEL_INCOME;
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, 1, stop, NULL, &there));
    if (there > 0) job->plan->income = !job->plan->income;
    return TAEL_OK;
}

/* Whether any row, spent or received, holds all the words of groups[0..count). */
static tael_status any_row(tael__job *job, size_t first, size_t count, bool *any)
{
    tael__bounds bounds;
    uint64_t rows = 0;
    tael_query q = tael__job_query(job, TAEL_SUM, NULL, &bounds);
    q.filter.direction = TAEL_ANY_DIRECTION;
    q.filter.all_of = job->groups + first;
    q.filter.all_count = count;
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, 1, stop, NULL, &rows));
    *any = rows > 0;
    return TAEL_OK;
}

static void drop_about(tael__job *job, size_t at)
{
    tael__terms_free(&job->about[at]);
    job->about_count--;
    for (size_t i = at; i < job->about_count; i++) {
        job->about[i] = job->about[i + 1];
        memcpy(job->labels[i], job->labels[i + 1], TAEL__WORD_BYTES);
    }
    job->about[job->about_count] = (tael__terms){0};
    point_groups(job); /* they point into `about` */
}

/* Does one stand right after the other, as in "水电燃气"? */
static bool are_adjacent(const char *question, const char *a, const char *b)
{
    const char *x = strcasestr(question, a), *y = strcasestr(question, b);
    return x && y && (uint8_t)*a >= 0x80 && (x + strlen(a) == y || y + strlen(b) == x);
}

/* "数码钢琴" is one thing where a row says so; "水电燃气" are alternatives. */
static tael_status join_adjacent(tael__job *job)
{
    char both[2 * TAEL__WORD_BYTES];
    uint64_t rows = 0;
    bool first = strcasestr(job->question, job->labels[0]) < strcasestr(job->question, job->labels[1]);
    snprintf(both, sizeof both, "%s%s", job->labels[first ? 0 : 1], job->labels[first ? 1 : 0]);
    const char *terms[1] = {both};
    tael_filter filter = {.size = sizeof filter, .any_terms = terms, .any_count = 1};
    TAEL_TRY(tael_ledger_records(job->ledger, &filter, 1, stop, NULL, &rows));
    job->any_about = rows == 0;
    if (rows == 0) return TAEL_OK;
    drop_about(job, 1);
    tael__terms_free(&job->about[0]);
    snprintf(job->labels[0], TAEL__WORD_BYTES, "%.*s", TAEL__WORD_BYTES - 1, both);
    TAEL_TRY(tael__terms_add(&job->about[0], both, strlen(both)));
    point_groups(job);
    return TAEL_OK;
}

/* "孩子上培训班": words that stand in no row together aren't conditions on one row. What stands with nothing goes; of
 * two, the one that says more about the spending comes last in Chinese and English alike ("the car's parking"). */
static tael_status loosen(tael__job *job)
{
    bool any = true;
    while (!job->any_about && job->about_count > 1) {
        TAEL_TRY(any_row(job, 0, job->about_count, &any));
        if (any) return TAEL_OK;
        if (are_adjacent(job->question, job->labels[0], job->labels[1])) return join_adjacent(job);
        size_t worst = 0;
        for (size_t i = 0; i < job->about_count; i++) {
            TAEL_TRY(any_row(job, i, 1, &any));
            if (!any) worst = i;
        }
        drop_about(job, worst);
    }
    return TAEL_OK;
}

/* "狗狗在宠颐生看病": a shop's own name says all that the kinds beside it say, and rows of it that were put elsewhere
 * count. */
static void drop_kinds(tael__job *job)
{
    bool shop = false;
    for (size_t i = 0; i < job->about_count; i++) shop |= job->about[i].of_shop;
    if (!shop || job->any_about) return;
    for (size_t i = job->about_count; i-- > 0;)
        if (job->about[i].range_count > 0) drop_about(job, i);
}

tael_status tael__job_group(tael__job *job)
{
    point_groups(job);
    job->any_about =
        job->about_count > 1 && !job->neutral && are_alternatives(job->question, job->labels[0], job->labels[1]);
    drop_kinds(job);
    TAEL_TRY(loosen(job));
    TAEL_TRY(join_alternatives(job));
    return settle_direction(job);
}
