// SPDX-License-Identifier: Apache-2.0
// What the model foretells: the ten likeliest of all items, without those seen before, and how often that is right.
#include <math.h>
#include <string.h>

#include "habits/sequence.h"

/* The first `count` of `next` are in order: larger scores first, equal ones by number. */
static size_t insert(uint32_t *next, float *of, size_t count, size_t most, uint32_t item, float score)
{
    if (count == most && !(score > of[count - 1])) return count;
    size_t at = count < most ? count++ : most - 1;
    for (; at > 0 && score > of[at - 1]; at--) {
        next[at] = next[at - 1];
        of[at] = of[at - 1];
    }
    next[at] = item;
    of[at] = score;
    return count;
}

/* Scores of all items; those of `seen` are taken out of it. */
static size_t best_of(const tael_sequence *m, float *scores, const uint32_t *seen, size_t count, size_t wanted,
                      uint32_t *next, float *of)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (seen[i] < m->sizes.items) scores[seen[i]] = -INFINITY;
    for (uint32_t j = 0; j < m->sizes.items; j++)
        if (scores[j] > -INFINITY) found = insert(next, of, found, wanted, j, scores[j]);
    return found;
}

static void score_all(const tael_sequence *m, float *scores, const float *hidden, size_t n)
{
    const size_t d = m->sizes.width;
    m->kernels->matmul(scores, m->padded, hidden, d, 1, m->side.panels, TAEL__PANEL * d, TAEL__PANEL, n, m->padded, d,
                       false);
}

tael_status tael_sequence_predict(const tael_sequence *m, const uint32_t *items, size_t count, size_t wanted,
                                  uint32_t *next, float *scores, size_t *found)
{
    const size_t d = m->sizes.width;
    tael__sequence_batch b;
    *found = 0;
    if (wanted == 0) return TAEL_OK;
    if (wanted > m->sizes.items) wanted = m->sizes.items;
    TAEL_TRY(tael__sequence_batch_open(&b, m, 1, m->sizes.length, false));
    uint32_t *known = tael__alloc_array(count ? count : 1, sizeof *known);
    float *all = tael__alloc_aligned(m->padded * sizeof *all), *of = tael__alloc_array(wanted, sizeof *of);
    tael_status status = known && all && of ? TAEL_OK : tael__fail_memory(TAEL_SAY("a forecast", "预测"), m->padded);
    size_t n = 0;
    for (size_t i = 0; status == TAEL_OK && i < count; i++)
        if (items[i] >= 1 && items[i] <= m->sizes.items) known[n++] = items[i] - 1;
    if (status == TAEL_OK && n > 0) {
        size_t used = n < m->sizes.length ? n : m->sizes.length;
        memcpy(b.items, known + n - used, used * sizeof *known);
        b.count = 1;
        b.start[1] = used;
        status = tael__sequence_batch_cut(&b, m);
        if (status == TAEL_OK) {
            tael__sequence_forward(m, &b, 0);
            score_all(m, all, b.hidden + (used - 1) * d, 1);
            *found = best_of(m, all, known, n, wanted, next, of);
        }
    }
    for (size_t i = 0; i < *found; i++) {
        next[i]++;
        if (scores) scores[i] = of[i];
    }
    tael__sequence_batch_close(&b);
    tael__free(known);
    tael__free(all);
    tael__free(of);
    return status;
}

/* ---- Evaluation ---- */

enum { TOP = 10 };

typedef struct ranking {
    const tael_sequence *model;
    const tael_sequences *data;
    tael__sequence_batch *batches; /* one a thread, of a slice */
    float *scores;                 /* [threads][slice][padded] */
    uint32_t *next;                /* [count][TOP] */
    uint8_t *place;                /* [count] of the target, from 1; 0: not among the ten; 255: not scored */
    uint32_t back;
    tael_status *status; /* [threads] */
} ranking;

static void rank_slice(void *user, size_t job, uint32_t thread)
{
    ranking *r = user;
    const tael_sequence *m = r->model;
    const size_t d = m->sizes.width;
    tael__sequence_batch *b = &r->batches[thread];
    size_t whose[TAEL__SLICE_SEQUENCES];
    float *scores = r->scores + (size_t)thread * TAEL__SLICE_SEQUENCES * m->padded;
    b->count = 0;
    for (size_t i = job * TAEL__SLICE_SEQUENCES; i < (job + 1) * TAEL__SLICE_SEQUENCES && i < r->data->count; i++) {
        size_t begin = r->data->start[i], end = r->data->start[i + 1];
        r->place[i] = 255;
        if (end - begin < r->back + 1) continue;
        size_t to = end - r->back, from = to - begin > m->sizes.length ? to - m->sizes.length : begin;
        memcpy(b->items + b->start[b->count], r->data->items + from, (to - from) * sizeof *b->items);
        b->start[b->count + 1] = b->start[b->count] + (to - from);
        whose[b->count++] = i;
    }
    if (b->count == 0 || r->status[thread] != TAEL_OK) return;
    r->status[thread] = tael__sequence_batch_cut(b, m);
    if (r->status[thread] != TAEL_OK) return;
    tael__sequence_forward(m, b, 0);
    for (size_t s = 0; s < b->count; s++) /* the last tokens' answers, close together */
        memmove(b->hidden + s * d, b->hidden + (b->start[s + 1] - 1) * d, d * sizeof(float));
    score_all(m, scores, b->hidden, b->count);
    for (size_t s = 0; s < b->count; s++) {
        size_t begin = r->data->start[whose[s]], to = r->data->start[whose[s] + 1] - r->back;
        uint32_t *next = r->next + whose[s] * TOP;
        float of[TOP];
        size_t found = best_of(m, scores + s * m->padded, r->data->items + begin, to - begin, TOP, next, of);
        r->place[whose[s]] = 0;
        for (size_t k = 0; k < found; k++) {
            if (next[k] == r->data->items[to]) r->place[whose[s]] = (uint8_t)(k + 1);
            next[k]++;
        }
    }
}

static tael_status ranking_open(ranking *r, uint32_t threads)
{
    const size_t slice = TAEL__SLICE_SEQUENCES, n = r->data->count;
    r->batches = tael__alloc_array(threads, sizeof *r->batches);
    r->status = tael__alloc_array(threads, sizeof *r->status);
    r->scores = tael__alloc_aligned(threads * slice * r->model->padded * sizeof(float));
    r->place = tael__alloc_array(n, sizeof *r->place);
    if (!r->next) r->next = tael__alloc_array(n, TOP * sizeof *r->next);
    if (!r->batches || !r->status || !r->scores || !r->place || !r->next)
        return tael__fail_memory(TAEL_SAY("evaluation", "评估"), n * TOP * sizeof *r->next);
    for (uint32_t i = 0; i < threads; i++)
        TAEL_TRY(tael__sequence_batch_open(&r->batches[i], r->model, slice, slice * r->model->sizes.length, false));
    return TAEL_OK;
}

tael_status tael_sequence_evaluate(tael_sequence_score *score, const tael_sequence *m, const tael_sequences *data,
                                   uint32_t back, uint32_t threads, uint32_t *next)
{
    ranking r = {.model = m, .data = data, .back = back, .next = next};
    tael__pool *pool = NULL;
    *score = (tael_sequence_score){0};
    if (back < 1 || data->item_count > m->sizes.items)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("evaluating a sequence model: `back` is 0, or items are unknown to it",
                                                "评估序列模型：back 为 0，或有模型不认识的商品"));
    TAEL_TRY(tael__pool_open(&pool, threads));
    threads = tael__pool_threads(pool);
    tael_status status = ranking_open(&r, threads);
    if (status == TAEL_OK) {
        if (next) memset(next, 0, data->count * TOP * sizeof *next);
        tael__sequence_jobs(pool, (data->count + TAEL__SLICE_SEQUENCES - 1) / TAEL__SLICE_SEQUENCES, rank_slice, &r);
    }
    for (uint32_t i = 0; status == TAEL_OK && i < threads; i++)
        if (r.status[i] != TAEL_OK) status = tael__fail_memory(TAEL_SAY("evaluation", "评估"), 0);
    for (size_t i = 0; status == TAEL_OK && i < data->count; i++) {
        if (r.place[i] == 255) continue;
        score->count++;
        score->hit += r.place[i] > 0;
        if (r.place[i] > 0) score->ndcg += 1 / log2(1 + (double)r.place[i]);
    }
    if (score->count > 0) {
        score->hit /= (double)score->count;
        score->ndcg /= (double)score->count;
    }
    for (uint32_t i = 0; r.batches && i < threads; i++) tael__sequence_batch_close(&r.batches[i]);
    tael__pool_close(pool);
    tael__free(r.batches);
    tael__free(r.status);
    tael__free(r.scores);
    tael__free(r.place);
    if (!next) tael__free(r.next);
    return status;
}
