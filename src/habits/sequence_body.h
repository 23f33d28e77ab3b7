// SPDX-License-Identifier: Apache-2.0
/* The kernels of sequence_kernels.h, for the ISA whose file includes this. It defines first:
 *   WIDTH        floats in a register
 *   ROWS, COLS   the tile of c that a product holds in registers: COLS divides 32; ROWS · COLS / WIDTH registers for
 *                sums, and two more
 *   FMA(a, b, c) a · b + c; NAME, ISA. */
#include <math.h>
#include <string.h>

#include "habits/sequence_kernels.h"

typedef float vec __attribute__((vector_size(WIDTH * 4)));
typedef int32_t ints __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t bits __attribute__((vector_size(WIDTH * 4)));
typedef float unaligned __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));

#define INLINE      static inline __attribute__((always_inline))
#define LOAD(p)     ((vec)(*(const unaligned *)(p)))
#define STORE(p, x) (*(unaligned *)(p) = (x))
#define ALL(x)      ((x) - (vec){0}) /* not plus: -0 + 0 is 0, so that would stay an addition */

/* One tile of c: each element of a is read once and multiplied with COLS of b. */
INLINE void tile(float *c, size_t c_row, const float *a, size_t a_row, size_t a_step, const float *b, size_t b_row,
                 size_t k, bool add, const int rows)
{
    vec sum[ROWS][COLS / WIDTH];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 16
        for (int j = 0; j < COLS / WIDTH; j++) sum[i][j] = add ? LOAD(c + (size_t)i * c_row + j * WIDTH) : (vec){0};
    for (size_t s = 0; s < k; s++) {
        vec right[COLS / WIDTH];
#pragma GCC unroll 16
        for (int j = 0; j < COLS / WIDTH; j++) right[j] = LOAD(b + s * b_row + j * WIDTH);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            vec left = ALL(a[(size_t)i * a_row + s * a_step]);
#pragma GCC unroll 16
            for (int j = 0; j < COLS / WIDTH; j++) sum[i][j] = FMA(left, right[j], sum[i][j]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 16
        for (int j = 0; j < COLS / WIDTH; j++) STORE(c + (size_t)i * c_row + j * WIDTH, sum[i][j]);
}

static void matmul(float *c, size_t c_row, const float *a, size_t a_row, size_t a_step, const float *b, size_t b_panel,
                   size_t b_row, size_t m, size_t n, size_t k, bool add)
{
    for (size_t j = 0; j < n; j += COLS) {
        const float *right = b + j / TAEL__PANEL * b_panel + j % TAEL__PANEL;
        size_t i = 0;
        for (; i + ROWS <= m; i += ROWS)
            tile(c + i * c_row + j, c_row, a + i * a_row, a_row, a_step, right, b_row, k, add, ROWS);
        for (; i + 3 <= m; i += 3)
            tile(c + i * c_row + j, c_row, a + i * a_row, a_row, a_step, right, b_row, k, add, 3);
        for (; i < m; i++) tile(c + i * c_row + j, c_row, a + i * a_row, a_row, a_step, right, b_row, k, add, 1);
    }
}

INLINE float across(vec v)
{
    float sum = 0;
    for (int i = 0; i < WIDTH; i++) sum += v[i];
    return sum;
}

static float dot(const float *a, const float *b, size_t n)
{
    vec sum = {0};
    float rest = 0;
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) sum = FMA(LOAD(a + i), LOAD(b + i), sum);
    for (; i < n; i++) rest += a[i] * b[i];
    return across(sum) + rest;
}

static void axpy(float *y, float a, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) STORE(y + i, FMA(ALL(a), LOAD(x + i), LOAD(y + i)));
    for (; i < n; i++) y[i] += a * x[i];
}

INLINE vec choose(ints yes, vec a, vec b)
{
    return (vec)(((ints)a & yes) | ((ints)b & ~yes));
}

/* e^x by 2^n · e^r, |r| <= ln 2 / 2, and Taylor's series to r^6: within 2 units of the last place. */
INLINE vec exponential(vec x)
{
    const vec magic = ALL(12582912.0f); /* 1.5 · 2^23: adding it rounds to an integer, in the lowest bits */
    x = choose(x < ALL(-87.0f), ALL(-87.0f), x);
    x = choose(x > ALL(88.0f), ALL(88.0f), x);
    vec t = FMA(x, ALL(1.44269504f), magic);
    ints n = (ints)t - (ints)magic;
    t -= magic;
    vec r = FMA(t, ALL(-0.693145752f), x);
    r = FMA(t, ALL(-1.42860677e-6f), r);
    vec p = ALL(1.0f / 720);
    p = FMA(p, r, ALL(1.0f / 120));
    p = FMA(p, r, ALL(1.0f / 24));
    p = FMA(p, r, ALL(1.0f / 6));
    p = FMA(p, r, ALL(0.5f));
    p = FMA(p, r, ALL(1.0f));
    p = FMA(p, r, ALL(1.0f));
    return (vec)((ints)p + (n << 23));
}

/* The last few elements as a whole register. */
INLINE vec load_some(const float *p, size_t n)
{
    float some[WIDTH] = {0};
    memcpy(some, p, n * sizeof *p);
    return LOAD(some);
}
INLINE void store_some(float *p, vec v, size_t n)
{
    float some[WIDTH];
    STORE(some, v);
    memcpy(p, some, n * sizeof *p);
}

static float exp_sum(float *x, size_t n, float shift)
{
    vec sum = {0};
    float rest = 0;
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        vec e = exponential(LOAD(x + i) - ALL(shift));
        STORE(x + i, e);
        sum += e;
    }
    if (i < n) store_some(x + i, exponential(load_some(x + i, n - i) - ALL(shift)), n - i);
    for (; i < n; i++) rest += x[i];
    return across(sum) + rest;
}

/* Panels of 32 rows, columns first, as matmul's right side. */
static void pack(tael__sequence_side *side, size_t at, size_t n, size_t d)
{
    for (size_t i = at; i < at + n; i++) {
        float *panel = side->panels + i / TAEL__PANEL * TAEL__PANEL * d + i % TAEL__PANEL;
        for (size_t k = 0; k < d; k++) panel[k * TAEL__PANEL] = side->rows[i * d + k];
    }
}

static float exp_columns(float *x, size_t n, const float *shift)
{
    vec sum = {0};
    for (size_t i = 0; i < n; i += WIDTH) {
        vec e = exponential(LOAD(x + i) - LOAD(shift + i));
        STORE(x + i, e);
        sum += e;
    }
    return across(sum);
}

static void fold(float *out, float *sums, const tael__sequence_side *x, size_t x_at, size_t m,
                 const tael__sequence_side *y, size_t y_at, size_t n, size_t real, const float *shift, size_t d,
                 float *room)
{
    for (size_t i = 0; i < m; i += TAEL__FOLD_ROWS) {
        size_t rows = m - i < TAEL__FOLD_ROWS ? m - i : TAEL__FOLD_ROWS;
        matmul(room, n, x->rows + (x_at + i) * d, d, 1, y->panels + y_at * d, TAEL__PANEL * d, TAEL__PANEL, rows, n, d,
               false);
        for (size_t r = 0; r < rows; r++) {
            float *p = room + r * n, rest = 0, sum = exp_columns(p, n, shift);
            for (size_t j = real; j < n; j++) {
                rest += p[j];
                p[j] = 0;
            }
            if (sums) sums[i + r] += real < n ? sum - rest : sum;
        }
        matmul(out + i * d, d, room, n, 1, y->rows + y_at * d, TAEL__PANEL, d, rows, d, n, true);
    }
}

/* x · s(2z), z = sqrt(2/pi) (x + 0.044715 x^3), s the logistic function: the same as x (1 + tanh z) / 2. */
INLINE vec gate(vec x)
{
    vec z2 = x * FMA(x * x, ALL(2 * 0.797884561f * 0.044715f), ALL(2 * 0.797884561f));
    return ALL(1.0f) / (ALL(1.0f) + exponential(-z2));
}
INLINE vec gelu_slope(vec x)
{
    vec s = gate(x);
    vec slope = FMA(x * x, ALL(6 * 0.797884561f * 0.044715f), ALL(2 * 0.797884561f));
    return FMA(x * slope, s * (ALL(1.0f) - s), s);
}

static void gelu(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) STORE(y + i, LOAD(x + i) * gate(LOAD(x + i)));
    if (i < n) {
        vec v = load_some(x + i, n - i);
        store_some(y + i, v * gate(v), n - i);
    }
}

static void gelu_back(float *d, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) STORE(d + i, LOAD(d + i) * gelu_slope(LOAD(x + i)));
    if (i < n) store_some(d + i, load_some(d + i, n - i) * gelu_slope(load_some(x + i, n - i)), n - i);
}

/* A counter hashed (Wellons' lowbias32): no state, so backward drops what forward dropped, whoever runs it. */
static void dropout(float *x, size_t n, float rate, uint32_t key)
{
    const uint32_t least = (uint32_t)((double)rate * 16777216.0);
    const float scale = 1 / (1 - rate);
    bits count;
    if (rate <= 0) return;
    for (uint32_t i = 0; i < WIDTH; i++) count[i] = i;
    for (size_t i = 0; i < n; i += WIDTH) {
        size_t some = n - i < WIDTH ? n - i : WIDTH;
        bits h = (count + (uint32_t)i) * 0x9E3779B9u + key;
        h ^= h >> 16;
        h *= 0x7feb352du;
        h ^= h >> 15;
        h *= 0x846ca68bu;
        h ^= h >> 16;
        ints keep = (ints)(h >> 8) >= (ints)((bits){0} + least);
        vec v = some == WIDTH ? LOAD(x + i) : load_some(x + i, some);
        v = (vec)((ints)(v * ALL(scale)) & keep);
        if (some == WIDTH)
            STORE(x + i, v);
        else
            store_some(x + i, v, some);
    }
}

static void adam(float *w, float *m, float *v, const float *g, size_t n, float rate, float second, float shrink)
{
    const float b1 = 0.9f, b2 = 0.999f, tiny = 1e-8f;
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        w[i] = w[i] * shrink - rate * m[i] / (sqrtf(v[i] * second) + tiny);
    }
}

const tael__sequence_kernels NAME = {ISA, matmul, dot, axpy, exp_sum, fold, pack, gelu, gelu_back, dropout, adam};
