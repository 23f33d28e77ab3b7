// SPDX-License-Identifier: Apache-2.0
/* From a question to a plan. What can be found is found by code (spot.h), what the rest asks for is told by the
 * examples (intent.h). Where something stays strange or the examples disagree, the model on the device writes its
 * query, and both are weighed: the model knows words that no table holds, the examples know what can be asked. */
#include <math.h>
#include <string.h>

#include "assistant/internal.h"
#include "assistant/scan.h"
#include "assistant/spot.h"
#include "base/utf8.h"

enum { TEXT_BYTES = 2048, MAX_STRANGE = 8, MAX_READINGS = 8 };
static const float SURE = 0.6f;       /* from here on the examples alone decide */
static const float MODEL_SAYS = 1.5f; /* what the model's word adds to a want's log-probability */
static const float NAMED_COUNTS =
    1.5f; /* and what it takes from "nothing of the ledger's" that it knows a name in the question */

typedef struct reading {
    tael__job *job;
    const tael__intents *intents;
    tael__spots spots;
    char masked[TEXT_BYTES];
    size_t map[TEXT_BYTES];
    struct {
        size_t at, bytes; /* in the question */
    } strange[MAX_STRANGE];
    size_t strange_count;
} reading;

static void mask(reading *r)
{
    tael__spots_mask(&r->spots, r->job->question, r->masked, r->map, TEXT_BYTES);
}

/* ---- What is strange ---- */

static void keep_strange(size_t at, size_t bytes, void *user)
{
    reading *r = user;
    if (r->strange_count == MAX_STRANGE) return;
    r->strange[r->strange_count].at = r->map[at];
    r->strange[r->strange_count++].bytes = r->map[at + bytes - 1] + 1 - r->map[at];
}

/* Is this piece of the question something that the table or (*of_ledger) the ledger has? */
static tael_status is_known(const reading *r, size_t at, size_t bytes, bool *known, bool *of_ledger)
{
    char word[TAEL__WORD_BYTES];
    tael__terms terms = {0};
    tael__known how = TAEL__NOISE;
    tael_status status = TAEL_OK;
    *known = *of_ledger = false;
    if (bytes >= sizeof word) return TAEL_OK;
    memcpy(word, r->job->question + at, bytes);
    word[bytes] = '\0';
    status = tael__resolve(&terms, &how, word, r->job->question, &r->job->merchants);
    *known = how == TAEL__KNOWN;
    *of_ledger = terms.of_ledger;
    tael__terms_free(&terms);
    return status;
}

static size_t character_bytes(const char *text)
{
    uint32_t code;
    return tael__utf8_decode(text, strlen(text), &code, NULL);
}

typedef struct looked_for {
    const char *word;
    bool latin, found;
} looked_for;

static int begins_a_field(const tael_record *record, void *user)
{
    looked_for *w = user;
    const char *const fields[] = {record->merchant, record->item, record->note, record->brand};
    size_t n = strlen(w->word);
    for (size_t i = 0; i < 4 && !w->found; i++)
        for (const char *p = fields[i]; (p = strcasestr(p, w->word)) && !w->found; p++)
            w->found = w->latin ? (p == fields[i] || !tael__is_letter(p[-1])) && !tael__is_letter(p[n])
                                : p == fields[i] || (uint8_t)p[-1] < 0x80;
    return w->found;
}

/* Does some row's merchant, item or note begin with it, or have it after a blank or a dash? A piece cut from a run of
 * characters may stand across two words ("共交" in 公共交通). */
static tael_status begins_a_name(const reading *r, size_t at, size_t bytes, bool *begins)
{
    enum { LOOKED_AT = 200 };
    char word[TAEL__WORD_BYTES];
    looked_for w = {word, (uint8_t)r->job->question[at] < 0x80, false};
    memcpy(word, r->job->question + at, bytes);
    word[bytes] = '\0';
    const char *terms[1] = {word};
    tael_filter filter = {.size = sizeof filter, .any_terms = terms, .any_count = 1};
    TAEL_TRY(tael_ledger_records(r->job->ledger, &filter, LOOKED_AT, begins_a_field, &w, NULL));
    *begins = w.found;
    return TAEL_OK;
}

/* A strange run, or the longest piece of it with two characters or more, that is known. Its edges are fuzzy: they
 * depend on what stands beside it. */
static tael_status name_strange(reading *r, size_t at, size_t bytes, bool *found)
{
    const char *text = r->job->question;
    bool of_ledger;
    *found = false;
    if ((uint8_t)text[at] < 0x80) { /* a Latin word is whole or not there */
        if (bytes < 3) return TAEL_OK;
        TAEL_TRY(is_known(r, at, bytes, found, &of_ledger));
        bool whole = true;
        if (*found && bytes < TAEL__WORD_BYTES) TAEL_TRY(begins_a_name(r, at, bytes, &whole));
        *found = *found && (whole || !of_ledger); /* by likeness to the table ("lucking") a part is enough */
        if (*found) tael__spots_add(&r->spots, at, bytes, TAEL__MASK_ENTITY);
        return TAEL_OK;
    }
    for (size_t n = bytes; n >= 6 && !*found; n = tael__utf8_cut(text + at, n - 1)) {
        for (size_t from = 0; from + n <= bytes && !*found; from += character_bytes(text + at + from)) {
            if (tael__utf8_cut(text + at + from, n) != n) continue;
            TAEL_TRY(is_known(r, at + from, n, found, &of_ledger));
            if (*found && (n < bytes || tael__intents_has_particle(text + at + from, n)))
                TAEL_TRY(begins_a_name(r, at + from, n, found));
            if (*found) tael__spots_add(&r->spots, at + from, n, TAEL__MASK_ENTITY);
        }
    }
    return TAEL_OK;
}

/* Strange runs become names where they are known; what stays strange is listed. */
static tael_status look_at_strange(reading *r)
{
    size_t kept = 0;
    mask(r);
    r->strange_count = 0;
    tael__intents_strange(r->intents, r->masked, keep_strange, r);
    for (size_t i = 0; i < r->strange_count; i++) {
        bool found;
        TAEL_TRY(name_strange(r, r->strange[i].at, r->strange[i].bytes, &found));
        if (!found) r->strange[kept++] = r->strange[i];
    }
    r->strange_count = kept;
    mask(r);
    return TAEL_OK;
}

/* ---- What the model adds ---- */

static bool overlaps_strange(const reading *r, size_t at, size_t bytes)
{
    for (size_t i = 0; i < r->strange_count; i++)
        if (at < r->strange[i].at + r->strange[i].bytes && r->strange[i].at < at + bytes) return true;
    return false;
}

/* A word that the model names: taken where the examples know nothing of it. One with a particle in it ("共交") may be
 * cut across two words, so it must begin a name of the ledger. */
static tael_status take_model_word(reading *r, const char *word)
{
    const char *here = strcasestr(r->job->question, word);
    bool begins = true;
    size_t at = here ? (size_t)(here - r->job->question) : 0, bytes = strlen(word);
    if (!here || !overlaps_strange(r, at, bytes)) return TAEL_OK;
    if (tael__intents_has_particle(word, bytes)) TAEL_TRY(begins_a_name(r, at, bytes, &begins));
    if (begins) tael__spots_add(&r->spots, at, bytes, TAEL__MASK_ENTITY);
    return TAEL_OK;
}

static tael_status take_model_words(reading *r, const tael__plan *model)
{
    for (size_t i = 0; i < model->about_count; i++) TAEL_TRY(take_model_word(r, model->about[i]));
    for (size_t i = 0; i < model->not_about_count; i++) TAEL_TRY(take_model_word(r, model->not_about[i]));
    mask(r);
    return TAEL_OK;
}

/* ---- The plan ---- */

static tael__want best_want(const reading *r, const tael__plan *model)
{
    float wants[TAEL__WANT_COUNT_OF], most = -1e30f;
    tael__want best = TAEL__WANT_SUM;
    bool named = false; /* something of the ledger's */
    for (size_t i = 0; i < r->spots.count; i++)
        named |= r->spots.of[i].mask == TAEL__MASK_ENTITY || r->spots.of[i].mask == TAEL__MASK_METHOD;
    tael__intents_wants(r->intents, wants, r->masked);
    for (int w = 0; w < TAEL__WANT_COUNT_OF; w++) {
        float score = logf(wants[w] + 1e-3f) + (model && model->want == (tael__want)w ? MODEL_SAYS : 0);
        if (w == TAEL__WANT_OTHER && named && !(model && model->want == TAEL__WANT_OTHER)) score -= NAMED_COUNTS;
        if (score > most) most = score, best = (tael__want)w;
    }
    return best;
}

static void copy_word(char *out, const char *text, size_t bytes)
{
    size_t n = tael__utf8_cut(text, bytes < TAEL__WORD_BYTES - 1 ? bytes : TAEL__WORD_BYTES - 1);
    memcpy(out, text, n);
    out[n] = '\0';
}

/* Is this spot in brackets right behind a name, or behind names and times? "(点都德 and 陶陶居)", "（babycare）". */
static bool is_gloss(const reading *r, size_t spot)
{
    const char *text = r->job->question;
    for (size_t at = r->spots.of[spot].at; at > 0; at--) {
        char c = text[at - 1];
        if (c == ')' || (at >= 3 && memcmp(text + at - 3, "）", 3) == 0)) return false;
        if (c == '(' || (at >= 3 && memcmp(text + at - 3, "（", 3) == 0)) return true;
    }
    return false;
}

/* Names before a bracket that holds others give way to those; of "打车（所有打车）" both are one. */
static void note_glosses(const reading *r, tael__plan *plan, const size_t *spot_of)
{
    for (size_t i = 1; i < plan->about_count; i++)
        if (is_gloss(r, spot_of[i]))
            for (size_t k = 0; k < i; k++) plan->glossed[k] |= !is_gloss(r, spot_of[k]) && k + 1 == i;
}

static void take_spots(const reading *r, tael__plan *plan)
{
    size_t spot_of[TAEL__PLAN_WORDS];
    for (size_t i = 0; i < r->spots.count; i++) {
        const tael__spot *s = &r->spots.of[i];
        const char *text = r->job->question + s->at;
        if (s->mask == TAEL__MASK_ENTITY && plan->about_count < TAEL__PLAN_WORDS) {
            spot_of[plan->about_count] = i;
            copy_word(plan->about[plan->about_count++], text, s->bytes);
        }
        if (s->mask != TAEL__MASK_METHOD) continue;
        if (!*plan->paid_with)
            copy_word(plan->paid_with, text, s->bytes);
        else if (!*plan->paid_with_too)
            copy_word(plan->paid_with_too, text, s->bytes);
    }
    note_glosses(r, plan, spot_of);
}

static void fill_plan(reading *r, tael__plan *plan, const tael__plan *model)
{
    tael__intent readings[MAX_READINGS];
    tael__want want = best_want(r, model);
    tael__intents_read(r->intents, readings, MAX_READINGS, r->masked);
    const tael__intent *in = NULL;
    for (size_t i = 0; i < MAX_READINGS && !in; i++)
        if (readings[i].want == want) in = &readings[i];
    *plan = (tael__plan){.want = want, .sure = readings[0].probability};
    if (in) {
        plan->by = in->by;
        plan->by_times = in->times;
        plan->income = in->income;
        plan->percent = in->percent;
        plan->total = in->total;
    } else if (model) {
        plan->by = model->by;
        plan->by_times = model->by_times;
        plan->income = model->income;
    }
    take_spots(r, plan);
    bool several = r->job->when.count >= 2 || plan->about_count >= 2 || *plan->paid_with_too;
    bool sums = want == TAEL__WANT_SUM || want == TAEL__WANT_COUNT || want == TAEL__WANT_LARGEST;
    if (sums &&
        tael__holds(r->job->question, "退款|退钱|退回来|refund|Refund")) { /* they look like income, and are none */
        plan->want = TAEL__WANT_REFUND;
        plan->by_times = want == TAEL__WANT_COUNT;
        plan->largest = want == TAEL__WANT_LARGEST;
        plan->income = false;
    }
    if (several && want == TAEL__WANT_SUM && tael__holds(r->job->question, "各|分别|each|respectively"))
        plan->want = TAEL__WANT_LIST;
    const tael__amounts *a = &r->spots.amounts;
    if (want == TAEL__WANT_BUDGET) {
        plan->budget_minor = a->plain ? a->plain : a->least;
        if (!plan->budget_minor && model) plan->budget_minor = model->budget_minor;
    } else {
        plan->least_minor = a->least;
        plan->most_minor = a->most;
    }
    if (!model) return;
    plan->asked_model = true;
    if (!*plan->paid_with) memcpy(plan->paid_with, model->paid_with, sizeof plan->paid_with);
    for (size_t i = 0; i < model->not_about_count; i++)
        memcpy(plan->not_about[plan->not_about_count++], model->not_about[i], TAEL__WORD_BYTES);
}

tael_status tael__job_understand(tael__job *job, const tael__intents *intents, const tael_model *model,
                                 const tael_ask_options *options, tael__buffer *json, tael_generation *timing)
{
    tael__plan written;
    tael__intent first;
    reading *r = tael__alloc_zero(sizeof *r);
    if (!r) return tael__fail_memory("ask", sizeof *r);
    r->job = job;
    r->intents = intents;
    tael__spots_find(&r->spots, job->question, &job->when, &job->merchants, intents);
    tael_status status = look_at_strange(r);
    if (status == TAEL_OK) {
        tael__intents_read(intents, &first, 1, r->masked);
        /* Without a model the examples decide also what they aren't sure of. */
        bool sure = !model || (r->strange_count == 0 && first.probability >= SURE);
        if (!sure) status = tael__prompt_plan(model, job, options, json, timing);
        if (status == TAEL_OK && !sure) status = tael__plan_parse(&written, json->data ? json->data : "");
        if (status == TAEL_OK && !sure) status = take_model_words(r, &written);
        if (status == TAEL_OK) fill_plan(r, job->plan, sure ? NULL : &written);
    }
    tael__free(r);
    return status;
}
