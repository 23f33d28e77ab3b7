// SPDX-License-Identifier: Apache-2.0
/* Attention over pages, against a softmax in double. Pages lie apart, each ends at a fence, and those that no token
 * sees can't be touched at all. Every token is also computed alone, with NaN in all positions that it doesn't see, and
 * must have the bits that it has among others: so a kernel that reads past a range, mixes rows or takes a row's
 * neighbours into account shows. */
#ifndef TAEL__TESTS_KERNELS_ATTENTION_H
#define TAEL__TESTS_KERNELS_ATTENTION_H

#include "checker.h"

enum { SEEN_PAGES = 5, SEEN_MOST = SEEN_PAGES * TAEL__KV_POSITIONS };

typedef struct sight {
    tael__attention a;
    tael__kv_kind kind;
    float *keys, *values; /* [SEEN_MOST][size], before they are stored */
    float *q, *out;       /* out has guards */
    fenced page[SEEN_PAGES], nowhere;
    const char *pages[SEEN_PAGES];
    uint32_t from[TAEL__ATTEND_ROWS], to[TAEL__ATTEND_ROWS];
    size_t out_floats;
} sight;

static size_t pick(size_t n)
{
    return (size_t)(tael__random_next(&rng) % n);
}

/* ---- A case ---- */

/* Causal, with and without a window, or any range at all; ends lie around the borders of pages. */
static void sight_ranges(sight *s)
{
    static const uint32_t ends[] = {1, 2, 17, 63, 64, 65, 100, 127, 128, 129, 191, 192, 193, 250};
    static const uint32_t windows[] = {1, 2, 40, 63, 64, 65, 128, 1000, 1000, 1000};
    uint32_t end = ends[pick(sizeof ends / sizeof *ends)], window = windows[pick(sizeof windows / sizeof *windows)];
    bool any = pick(4) == 0;
    for (uint32_t t = 0; t < s->a.tokens; t++) {
        uint32_t to = any ? 1 + (uint32_t)pick(SEEN_MOST) : end + t;
        s->to[t] = to < SEEN_MOST ? to : SEEN_MOST;
        s->from[t] = any ? (uint32_t)pick(s->to[t]) : s->to[t] > window ? s->to[t] - window : 0;
    }
}

static void sight_numbers(sight *s)
{
    size_t k = s->a.head_size, v = s->a.value_size, rows = (s->a.tokens - 1) * s->a.stride + s->a.group * k;
    float spread = pick(4) == 0 ? 30.0f : 1.5f;
    s->keys = lines(SEEN_MOST * k * 4);
    s->values = lines(SEEN_MOST * v * 4);
    s->q = lines(rows * 4);
    for (size_t i = 0; i < SEEN_MOST * k; i++) s->keys[i] = (float)(tael__random_unit(&rng) * 4 - 2);
    for (size_t i = 0; i < SEEN_MOST * v; i++) s->values[i] = (float)(tael__random_unit(&rng) * 4 - 2);
    for (size_t i = 0; i < rows; i++) s->q[i] = spread * (float)(tael__random_unit(&rng) * 2 - 1);
    if (pick(3) == 0) /* scores that grow from page to page: the sums so far are corrected each time */
        for (size_t i = 0; i < SEEN_MOST * k; i++) s->keys[i] *= (float)(i / k) / 100;
    s->a.q = s->q;
    s->out_floats = (s->a.tokens - 1) * s->a.out_stride + s->a.group * v;
    s->out = lines((s->out_floats + 2 * GUARD) * 4);
    s->a.out = s->out + GUARD;
}

/* The pages as positions from..to-1 leave them: NaN everywhere else. */
static void sight_store(sight *s, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < SEEN_PAGES; i++) {
        bool seen = from < (i + 1) * TAEL__KV_POSITIONS && to > i * TAEL__KV_POSITIONS;
        s->pages[i] = seen ? s->page[i].data : s->nowhere.data + 4096 - s->a.k_at;
        memset(s->page[i].data, 0xFF, s->a.v_at + tael__kv_run_bytes(s->kind, s->a.value_size));
    }
    for (uint32_t p = from; p < to; p++) {
        char *page = s->page[p / TAEL__KV_POSITIONS].data;
        size_t at = p % TAEL__KV_POSITIONS, k = s->a.head_size, v = s->a.value_size;
        reference()->kv_store[s->kind](page + s->a.k_at, at, s->keys + p * k, k);
        reference()->kv_store[s->kind](page + s->a.v_at, at, s->values + p * v, v);
    }
}

static sight *sight_make(tael__kv_kind kind)
{
    static const size_t sizes[] = {2, 16, 24, 64, 80, 96, 104, 128, 192, 256}, blocks[] = {32, 64, 96, 128, 160, 256};
    static sight s;
    memset(&s, 0, sizeof s);
    s.kind = kind;
    s.a.head_size = kind == TAEL__KV_f16 ? sizes[pick(10)] : blocks[pick(6)];
    s.a.value_size = pick(4) ? s.a.head_size : kind == TAEL__KV_f16 ? sizes[pick(10)] : blocks[pick(6)];
    s.a.group = pick(3) ? 1 + pick(8) : 1 + pick(16);
    s.a.tokens = pick(3) == 0 ? 1 : 1 + pick(TAEL__ATTEND_ROWS / s.a.group);
    if (s.a.tokens == 1 && pick(8) == 0) s.a.group = TAEL__ATTEND_ROWS + 7; /* more heads than rows */
    s.a.stride = s.a.group * s.a.head_size + pick(3) * 8;
    s.a.out_stride = s.a.group * s.a.value_size + pick(3) * 8;
    s.a.k_at = 64 * pick(3);
    s.a.v_at = s.a.k_at + tael__kv_run_bytes(kind, s.a.head_size);
    s.a.page = s.pages;
    s.a.from = s.from;
    s.a.to = s.to;
    s.a.scale = 1 / sqrtf((float)s.a.head_size);
    s.a.scratch = lines(tael__attend_scratch_bytes(s.a.head_size, s.a.value_size));
    for (int i = 0; i < SEEN_PAGES; i++) s.page[i] = fence(s.a.v_at + tael__kv_run_bytes(kind, s.a.value_size));
    s.nowhere = fence(4096); /* data + 4096 may not be touched */
    sight_ranges(&s);
    sight_numbers(&s);
    return &s;
}

static void sight_free(sight *s)
{
    for (int i = 0; i < SEEN_PAGES; i++) unfence(s->page[i]);
    unfence(s->nowhere);
    free(s->keys);
    free(s->values);
    free(s->q);
    free(s->out);
    free(s->a.scratch);
}

/* ---- What it should give ---- */

/* Number i of a stored position. */
static double stored(const char *run, tael__kv_kind kind, size_t n, size_t position, size_t i)
{
    const uint16_t *h = (const uint16_t *)(const void *)run;
    if (kind == TAEL__KV_f16) return (double)tael__f16_to_f32(h[position * n + i]);
    h = (const uint16_t *)(const void *)(run + TAEL__KV_POSITIONS * n);
    return (double)tael__f16_to_f32(h[position * (n / 32) + i / 32]) * ((const int8_t *)run)[position * n + i];
}

/* A score errs by (n + 4) eps sum |q k| scale, of `attend_many` by 2^-16 of that sum besides; a share p of the softmax
 * by twice that, times p, and by its exp; sums of shares and values by eps a position and page. `attend_many` may round
 * shares and values, 2^-9 each. */
static bool sight_row(const sight *s, size_t t, size_t g, bool many)
{
    size_t n = s->a.head_size, from = s->from[t], to = s->to[t];
    const float *q = s->q + t * s->a.stride + g * n, *out = s->a.out + t * s->a.out_stride + g * s->a.value_size;
    static double p[SEEN_MOST];
    double max = -INFINITY, sum = 0, off = 0;
    for (size_t j = from; j < to; j++) {
        double dot = 0, terms = 0;
        for (size_t i = 0; i < n; i++) {
            double term = (double)q[i] *
                          stored(s->pages[j / TAEL__KV_POSITIONS] + s->a.k_at, s->kind, n, j % TAEL__KV_POSITIONS, i);
            dot += term;
            terms += fabs(term);
        }
        p[j] = dot * (double)s->a.scale;
        if (p[j] > max) max = p[j];
        double error = ((double)(n + 4) * 0x1p-24 + (many ? 0x1p-14 : 0)) * terms * (double)s->a.scale;
        if (error > off) off = error;
    }
    for (size_t j = from; j < to; j++) sum += p[j] = exp(p[j] - max);
    double relative = 4 * off + 0x1p-20 + (double)(to - from) * 0x1p-23 + (many ? 0x1p-14 : 0);
    for (size_t i = 0; i < s->a.value_size; i++) {
        double want = 0, size = 0;
        for (size_t j = from; j < to; j++) {
            double v = stored(s->pages[j / TAEL__KV_POSITIONS] + s->a.v_at, s->kind, s->a.value_size,
                              j % TAEL__KV_POSITIONS, i);
            want += p[j] / sum * v;
            size += p[j] / sum * fabs(v);
        }
        if (fabs((double)out[i] - want) <= relative * size + 1e-29) continue;
        return wrong("heads of %zu and %zu, group %zu, token %zu of %zu sees %zu..%zu: head %zu, number %zu is %.9g, "
                     "not %.9g +- %.2g",
                     n, s->a.value_size, s->a.group, t, s->a.tokens, from, to, g, i, (double)out[i], want,
                     relative * size);
    }
    return true;
}

/* ---- The check ---- */

static bool check_sight(tael__attend_fn *fn, sight *s, bool many)
{
    uint32_t from = s->from[0], to = s->to[0];
    for (size_t t = 0; t < s->a.tokens; t++) {
        if (s->from[t] < from) from = s->from[t];
        if (s->to[t] > to) to = s->to[t];
    }
    sight_store(s, from, to);
    guards_set(s->out, s->out_floats);
    fn(&s->a);
    if (!guards_hold(s->out, s->out_floats)) return false;
    for (size_t t = 0; t < s->a.tokens; t++)
        for (size_t g = 0; g < s->a.group; g++)
            if (!sight_row(s, t, g, many)) return false;
    for (size_t t = 0; t + 1 < s->a.tokens; t++)
        for (size_t i = s->a.group * s->a.value_size; i < s->a.out_stride; i++)
            if (s->a.out[t * s->a.out_stride + i] != guard_value) return wrong("wrote between two tokens' rows");
    float *alone = lines(s->a.group * s->a.value_size * 4);
    bool good = true;
    for (size_t t = 0; t < s->a.tokens && good; t++) {
        tael__attention a = s->a;
        sight_store(s, s->from[t], s->to[t]);
        a.out = alone;
        a.q += t * a.stride;
        a.from += t;
        a.to += t;
        a.tokens = 1;
        if (t % 2 && a.group <= TAEL__ATTEND_ROWS) { /* one head of it as well */
            a.q += (a.group - 1) * a.head_size;
            a.out += (a.group - 1) * a.value_size;
            a.group = 1;
        }
        fn(&a);
        size_t at = (size_t)(a.out - alone);
        good = memcmp(a.out, s->a.out + t * s->a.out_stride + at, a.group * a.value_size * 4) == 0;
    }
    free(alone);
    return good || wrong("heads of %zu, group %zu, %zu tokens: other bits for a token alone", s->a.head_size,
                         s->a.group, s->a.tokens);
}

static bool check_attend_case(tael__attend_fn *fn, tael__kv_kind kind, bool many)
{
    sight *s = sight_make(kind);
    bool good = check_sight(fn, s, many);
    sight_free(s);
    return good;
}

static bool check_attend(tael__attend_fn *fn, tael__kv_kind kind)
{
    for (int i = 0; i < 150; i++)
        if (!check_attend_case(fn, kind, false)) return false;
    return true;
}

/* Not every CPU has kernels of this family. */
__attribute__((unused)) static bool check_attend_many(tael__attend_fn *fn, tael__kv_kind kind)
{
    for (int i = 0; i < 150; i++)
        if (!check_attend_case(fn, kind, true)) return false;
    return true;
}

/* The reference's bits, and not a byte of other positions. */
static bool check_kv_store(tael__kv_store_fn *fn, tael__kv_kind kind)
{
    size_t step = kind == TAEL__KV_f16 ? 1 : 32;
    for (size_t n = step; n <= 256; n += n < 40 ? step : 4 * step)
        for (int acts = 0; acts <= ACT_PATTERNS; acts++) {
            size_t bytes = tael__kv_run_bytes(kind, n), position = pick(TAEL__KV_POSITIONS);
            fenced got = fence(bytes), x = fence(n * 4);
            char *want = lines(bytes);
            float *values = (float *)(void *)x.data;
            make_activations(values, n, &rng, acts % ACT_PATTERNS);
            if (acts == ACT_PATTERNS) {
                values[n / 2] = -7e4f; /* beyond f16 */
                values[n - 1] = 3e38f; /* and so is its block's d */
                values[0] = 2e-8f;
            }
            memset(want, 0x5A, bytes);
            memset(got.data, 0x5A, bytes);
            reference()->kv_store[kind](want, position, values, n);
            fn(got.data, position, values, n);
            bool same = memcmp(want, got.data, bytes) == 0;
            unfence(x);
            unfence(got);
            free(want);
            if (!same) return wrong("%zu values of kind %d at position %zu: other bytes", n, acts, position);
        }
    return true;
}

/* ---- The checks themselves ---- */

static tael__attention trapped; /* the call, which the trap below may bend */
static uint32_t trapped_from[TAEL__ATTEND_ROWS], trapped_to[TAEL__ATTEND_ROWS];

static void trap_begin(const tael__attention *a)
{
    trapped = *a;
    memcpy(trapped_from, a->from, a->tokens * sizeof *a->from);
    memcpy(trapped_to, a->to, a->tokens * sizeof *a->to);
    trapped.from = trapped_from;
    trapped.to = trapped_to;
}

static void wrong_page_border(const tael__attention *a)
{
    trap_begin(a);
    for (size_t t = 0; t < a->tokens; t++)
        if (a->to[t] % TAEL__KV_POSITIONS == 1 && a->to[t] - 1 > a->from[t]) trapped_to[t]--;
    tael__attend_f16__c(&trapped);
}
static void wrong_window(const tael__attention *a)
{
    trap_begin(a);
    for (size_t t = 1; t < a->tokens; t++) trapped_from[t] = trapped_from[0] < a->to[t] ? trapped_from[0] : a->from[t];
    tael__attend_f16__c(&trapped);
}
static void wrong_future(const tael__attention *a)
{
    trap_begin(a);
    for (size_t t = 0; t + 1 < a->tokens; t++)
        if (a->to[t + 1] > a->to[t]) trapped_to[t]++;
    tael__attend_f16__c(&trapped);
}
static void wrong_neighbour(const tael__attention *a)
{
    tael__attend_f16__c(a);
    if (a->tokens > 2) a->out[a->out_stride] = nextafterf(a->out[a->out_stride], 1e30f);
}
static void wrong_last_head(const tael__attention *a)
{
    tael__attend_f16__c(a);
    if (a->group > 8) a->out[8 * a->value_size] *= 1.001f;
}
static void wrong_place(const tael__attention *a)
{
    tael__attend_f16__c(a);
    if (a->value_size % 16) a->out[(a->tokens - 1) * a->out_stride + a->group * a->value_size] = 0;
}
static void wrong_half(void *run, size_t position, const float *x, size_t head_size)
{
    tael__kv_store_f16__c(run, position, x, head_size);
    if (head_size % 16 && position + 1 < TAEL__KV_POSITIONS) ((uint16_t *)run)[(position + 1) * head_size] = 0;
}

/* What the checks above don't notice, or NULL. */
static const char *unnoticed_attention(void)
{
    static const struct {
        const char *what;
        tael__attend_fn *fn;
    } traps[] = {
        {"a page's first position left out", wrong_page_border},
        {"another token's window", wrong_window},
        {"a token that sees the next one", wrong_future},
        {"other bits for a token among others", wrong_neighbour},
        {"a ninth head that is 0.1 % off", wrong_last_head},
        {"a write past the last row", wrong_place},
    };
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        if (check_attend(traps[i].fn, TAEL__KV_f16)) return traps[i].what;
    return check_kv_store(wrong_half, TAEL__KV_f16) ? "a write into the next position" : NULL;
}

/* ---- Time ---- */

enum { DEEP = 4096, DEEP_PAGES = DEEP / TAEL__KV_POSITIONS, DEEP_HEADS = 16, DEEP_SIZE = 128 };

typedef struct deep {
    tael__attend_fn *fn;
    tael__attention a;
    size_t heads;
} deep;

static void run_deep(void *user)
{
    deep *d = user;
    size_t k_at = d->a.k_at, v_at = d->a.v_at;
    for (size_t h = 0; h < d->heads; h++) {
        d->fn(&d->a);
        d->a.k_at += k_at + v_at;
        d->a.v_at += k_at + v_at;
    }
    d->a.k_at = k_at;
    d->a.v_at = v_at;
}

/* `tokens` at depth 4096 with 6 heads each, over the pages of 16 such heads, which are larger than a core's caches. */
static double deep_seconds(tael__attend_fn *fn, tael__kv_kind kind, size_t tokens, size_t group, size_t heads)
{
    size_t run = tael__kv_run_bytes(kind, DEEP_SIZE), page_bytes = DEEP_HEADS * 2 * run;
    const char *pages[DEEP_PAGES];
    uint32_t from[TAEL__ATTEND_ROWS] = {0}, to[TAEL__ATTEND_ROWS];
    char *memory = lines(DEEP_PAGES * page_bytes);
    memset(memory, 0x11, DEEP_PAGES * page_bytes); /* small numbers */
    for (size_t i = 0; i < DEEP_PAGES; i++) pages[i] = memory + i * page_bytes;
    for (size_t t = 0; t < tokens; t++) to[t] = (uint32_t)(DEEP - tokens + t + 1);
    deep d = {fn, {.tokens = tokens, .group = group, .page = pages, .v_at = run, .from = from, .to = to}, heads};
    d.a.head_size = d.a.value_size = DEEP_SIZE;
    d.a.scale = 0.1f;
    d.a.stride = d.a.out_stride = group * DEEP_SIZE;
    float *q = lines(tokens * d.a.stride * 4);
    make_activations(q, tokens * d.a.stride, &rng, 0);
    d.a.q = q;
    d.a.out = lines(tokens * d.a.stride * 4);
    d.a.scratch = lines(tael__attend_scratch_bytes(DEEP_SIZE, DEEP_SIZE));
    double seconds = fastest(run_deep, &d) / (double)heads;
    free(q);
    free(d.a.out);
    free(d.a.scratch);
    free(memory);
    return seconds;
}

/* Of one query's six or seven heads, what is read of keys and values each second; of 60 rows, the multiplications. */
static void time_attend(tael__attend_fn *fn, tael__kv_kind kind)
{
    bool is_reference = fn == reference()->attend[kind];
    static double c[2];
    double bytes = 2.0 * DEEP_PAGES * (double)tael__kv_run_bytes(kind, DEEP_SIZE);
    for (size_t i = 0; i < 2; i++) {
        double seconds = deep_seconds(fn, kind, 1, 6 + i, is_reference ? 1 : DEEP_HEADS);
        printf("  1x%zux%dx%d %7.3f ms", 6 + i, DEEP, DEEP_SIZE, seconds * 1e3);
        print_rate(bytes / seconds / 1e9, "GB/s", is_reference, c + i);
    }
}

__attribute__((unused)) static void time_attend_many(tael__attend_fn *fn, tael__kv_kind kind)
{
    double none = 0, seconds = deep_seconds(fn, kind, 10, 6, 4);
    printf("  10x6x%dx%d %7.3f ms", DEEP, DEEP_SIZE, seconds * 1e3);
    print_rate(60 * 4.0 * DEEP * DEEP_SIZE / seconds / 1e9, "Gop/s", false, &none);
}

/* A thousand positions, as a prefill stores them. */
typedef struct storing {
    tael__kv_store_fn *fn;
    float x[DEEP_SIZE];
    char *run;
} storing;

static void run_storing(void *user)
{
    storing *s = user;
    for (size_t i = 0; i < 1024; i++) s->fn(s->run, i % TAEL__KV_POSITIONS, s->x, DEEP_SIZE);
}

static void time_kv_store(tael__kv_store_fn *fn, tael__kv_kind kind)
{
    static double c[TAEL__KV_COUNT];
    storing s = {.fn = fn, .run = lines(tael__kv_run_bytes(kind, DEEP_SIZE))};
    make_activations(s.x, DEEP_SIZE, &rng, 0);
    double seconds = fastest(run_storing, &s) / 1024;
    printf("  %d %8.3f us", DEEP_SIZE, seconds * 1e6);
    print_rate(DEEP_SIZE / seconds / 1e9, "G/s", fn == reference()->kv_store[kind], c + kind);
    free(s.run);
}

#endif
