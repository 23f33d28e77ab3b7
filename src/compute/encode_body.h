// SPDX-License-Identifier: Apache-2.0
/* All encoders, as the file that includes this names them: ENCODER(format). Blocks are described in blocks.h and
 * blocks_iq.h; how scales are found in encode_fit.h. */
#include "compute/encode.h"
#include "compute/encode_fit.h"

FIT void put_half(uint8_t out[2], uint16_t h)
{
    out[0] = (uint8_t)h;
    out[1] = (uint8_t)(h >> 8);
}

/* Writes d as f16 and returns what was written, which is what codes must be found for. */
FIT float put_scale(uint8_t out[2], float d)
{
    uint16_t h = tael__f32_to_f16(d);
    put_half(out, h);
    return tael__f16_to_f32(h);
}

FIT void find_codes(int8_t *q, const float *x, int n, float d, float m, const codes c)
{
    float inverse = d != 0 ? 1 / d : 0;
    for (int i = 0; i < n; i++) q[i] = (int8_t)nearest(inverse * (x[i] - m), c);
}

/* Importance that is 0 for a whole block says nothing. */
FIT const float *importance_of(const float *importance, size_t at, int n)
{
    if (!importance) return NULL;
    for (int i = 0; i < n; i++)
        if (importance[at + (size_t)i] > 0) return importance + at;
    return NULL;
}

/* ---- Floats ---- */

void ENCODER(f32)(void *out, const float *x, const float *importance, size_t cols)
{
    (void)importance;
    memcpy(out, x, cols * sizeof *x);
}

void ENCODER(f16)(void *out, const float *x, const float *importance, size_t cols)
{
    uint8_t *h = out;
    (void)importance;
    for (size_t i = 0; i < cols; i++) put_half(h + 2 * i, tael__f32_to_f16(x[i]));
}

/* Rounded to nearest, ties to even; numbers are finite, so that nothing carries into a NaN. */
void ENCODER(bf16)(void *out, const float *x, const float *importance, size_t cols)
{
    uint8_t *h = out;
    (void)importance;
    for (size_t i = 0; i < cols; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, 4);
        put_half(h + 2 * i, (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16));
    }
}

/* ---- Blocks of 32 ---- */

FIT void put_nibbles(uint8_t qs[16], const int8_t q[32], int offset)
{
    for (int i = 0; i < 16; i++) qs[i] = (uint8_t)(((q[i] + offset) & 15) | ((q[16 + i] + offset) & 15) << 4);
}

FIT void put_fifth_bits(uint8_t qh[4], const int8_t q[32], int offset)
{
    memset(qh, 0, 4);
    for (int i = 0; i < 32; i++) qh[i / 8] = (uint8_t)(qh[i / 8] | ((q[i] + offset) >> 4 & 1) << i % 8);
}

/* The codes of a block that is d q, with d written to its place. */
FIT void scaled_block(int8_t q[32], uint8_t d[2], const float *x, const float *importance, const codes c)
{
    float w[32];
    weigh(w, x, importance, 32, spread_of(x, 32));
    find_codes(q, x, 32, put_scale(d, fit_scale(x, w, 32, c)), 0, c);
}

/* The same for d q + m. */
FIT void affine_block(int8_t q[32], uint8_t d[2], uint8_t m[2], const float *x, const float *importance, const codes c)
{
    float w[32];
    weigh(w, x, importance, 32, spread_of(x, 32));
    affine a = fit_affine(x, w, 32, c, false);
    a.d = put_scale(d, a.d);
    a.m = put_scale(m, a.m);
    find_codes(q, x, 32, a.d, a.m, c);
}

#define EACH_BLOCK(format, n, body)                                                       \
    void ENCODER(format)(void *out, const float *x, const float *importance, size_t cols) \
    {                                                                                     \
        tael__block_##format *b = out;                                                    \
        for (size_t at = 0; at < cols; at += n, x += n, b++) {                            \
            const float *weight = importance_of(importance, at, n);                       \
            body                                                                          \
        }                                                                                 \
    }

EACH_BLOCK(q4_0, 32, {
    int8_t q[32];
    scaled_block(q, b->d, x, weight, (codes){-8, 7, false});
    put_nibbles(b->qs, q, 8);
})

EACH_BLOCK(q4_1, 32, {
    int8_t q[32];
    affine_block(q, b->d, b->m, x, weight, (codes){0, 15, false});
    put_nibbles(b->qs, q, 0);
})

EACH_BLOCK(q5_0, 32, {
    int8_t q[32];
    scaled_block(q, b->d, x, weight, (codes){-16, 15, false});
    put_nibbles(b->qs, q, 16);
    put_fifth_bits(b->qh, q, 16);
})

EACH_BLOCK(q5_1, 32, {
    int8_t q[32];
    affine_block(q, b->d, b->m, x, weight, (codes){0, 31, false});
    put_nibbles(b->qs, q, 0);
    put_fifth_bits(b->qh, q, 0);
})

/* 8 bits are fine enough without a search; rounded as the common engines do. */
EACH_BLOCK(q8_0, 32, {
    float d = fabsf(largest_of(x, 32)) / 127;
    float inverse = d != 0 ? 1 / d : 0;
    (void)weight;
    put_scale(b->d, d);
    for (int i = 0; i < 32; i++) b->qs[i] = (int8_t)roundf(x[i] * inverse);
})

/* The place of a value in iq4's list. */
FIT uint8_t place_of(int8_t value)
{
    static const int8_t values[16] = TAEL__IQ4_VALUES;
    uint8_t k = 0;
    while (k < 15 && values[k] < value) k++;
    return k;
}

FIT void put_places(uint8_t qs[16], const int8_t q[32])
{
    for (int i = 0; i < 16; i++) qs[i] = (uint8_t)(place_of(q[i]) | place_of(q[16 + i]) << 4);
}

EACH_BLOCK(iq4_nl, 32, {
    int8_t q[32];
    scaled_block(q, b->d, x, weight, (codes){-127, 113, true});
    put_places(b->qs, q);
})

/* ---- Super-blocks d * s * q ---- */

/* A super-block's numbers on their way: runs of 16 or 32, each with its scale's (and minimum's) whole number. */
typedef struct super {
    float w[256];
    int s[16], m[16];
    int8_t q[256];
} super;

/* d for whole-number scales: the largest of them gets `most` (of its sign). */
FIT float share_scale(const float *scales, int runs, float most)
{
    return largest_of(scales, runs) / most;
}

/* The best whole number for a run's scale among the nearest three. */
FIT int best_scale(const float *x, const float *w, int n, float d, float scale, int low, int high, const codes c)
{
    int from = d != 0 ? (int)nearest_whole(scale / d) : 0, best = 0;
    float least = INFINITY;
    for (int s = from - 1; s <= from + 1; s++) {
        int tried = s < low ? low : s > high ? high : s;
        float error = error_of_scale(x, w, n, d * (float)tried, c);
        if (error >= least) continue;
        least = error;
        best = tried;
    }
    return best;
}

/* Finds s and q of a block and writes d. Scales are low..high, low the larger of both. The last step is the d of least
 * squares for all codes found. */
FIT void fit_super(super *b, uint8_t d_at[2], const float *x, const float *importance, const int n, int low, int high,
                   const codes c)
{
    float scales[16];
    weigh(b->w, x, importance, 256, spread_of(x, 256));
    for (int r = 0; r < 256 / n; r++) scales[r] = fit_scale(x + r * n, b->w + r * n, n, c);
    float d = put_scale(d_at, share_scale(scales, 256 / n, (float)low)), xq = 0, qq = 0;
    for (int r = 0; r < 256 / n; r++) {
        const float *run = x + r * n, *w = b->w + r * n;
        b->s[r] = best_scale(run, w, n, d, scales[r], low, high, c);
        products p = products_of(run, w, n, d * (float)b->s[r] != 0 ? 1 / (d * (float)b->s[r]) : 0, c);
        xq += (float)b->s[r] * p.xq;
        qq += (float)b->s[r] * (float)b->s[r] * p.qq;
    }
    if (qq > 0) d = put_scale(d_at, xq / qq);
    for (int r = 0; r < 256 / n; r++) find_codes(b->q + r * n, x + r * n, n, d * (float)b->s[r], 0, c);
}

EACH_BLOCK(q6_k, 256, {
    super f;
    fit_super(&f, b->d, x, weight, 16, -128, 127, (codes){-32, 31, false});
    memset(b->qh, 0, sizeof b->qh);
    memset(b->ql, 0, sizeof b->ql);
    for (int i = 0; i < 16; i++) b->scales[i] = (int8_t)f.s[i];
    for (int i = 0; i < 256; i++) {
        int half = i / 128;
        int j = i % 128;
        int code = f.q[i] + 32;
        uint8_t *low = &b->ql[64 * half + j % 64];
        uint8_t *high = &b->qh[32 * half + j % 32];
        *low = (uint8_t)(*low | (code & 15) << 4 * (j / 64));
        *high = (uint8_t)(*high | code >> 4 << 2 * (j / 32));
    }
})

EACH_BLOCK(q3_k, 256, {
    super f;
    fit_super(&f, b->d, x, weight, 16, -32, 31, (codes){-4, 3, false});
    memset(b, 0, offsetof(tael__block_q3_k, d));
    for (int i = 0; i < 16; i++) {
        int s = f.s[i] + 32;
        b->scales[i & 7] = (uint8_t)(b->scales[i & 7] | (s & 15) << (i < 8 ? 0 : 4));
        b->scales[8 + (i & 3)] = (uint8_t)(b->scales[8 + (i & 3)] | s >> 4 << 2 * (i >> 2));
    }
    for (int i = 0; i < 256; i++) {
        int code = f.q[i] + 4;
        uint8_t *low = &b->qs[32 * (i / 128) + i % 32];
        *low = (uint8_t)(*low | (code & 3) << 2 * (i % 128 / 32));
        b->hmask[i % 32] = (uint8_t)(b->hmask[i % 32] | code >> 2 << i / 32);
    }
})

EACH_BLOCK(iq4_xs, 256, {
    super f;
    fit_super(&f, b->d, x, weight, 32, -32, 31, (codes){-127, 113, true});
    memset(b->scales_h, 0, 2);
    memset(b->scales_l, 0, 4);
    for (int i = 0; i < 8; i++) {
        int s = f.s[i] + 32;
        b->scales_l[i / 2] = (uint8_t)(b->scales_l[i / 2] | (s & 15) << 4 * (i & 1));
        b->scales_h[i / 4] = (uint8_t)(b->scales_h[i / 4] | s >> 4 << 2 * (i & 3));
        put_places(b->qs + 16 * i, f.q + 32 * i);
    }
})

/* ---- Super-blocks d * s * q - dmin * m ---- */

/* The best whole numbers for a run's scale and minimum among the nearest nine. */
FIT void best_pair(super *b, int r, const float *x, int n, float d, float dmin, affine a, int most, const codes c)
{
    int s_from = d > 0 ? (int)nearest_whole(a.d / d) : 0, m_from = dmin > 0 ? (int)nearest_whole(-a.m / dmin) : 0;
    float least = INFINITY;
    for (int s = s_from - 1; s <= s_from + 1; s++)
        for (int m = m_from - 1; m <= m_from + 1; m++) {
            if (s < 0 || s > most || m < 0 || m > most) continue;
            affine tried = {d * (float)s, -dmin * (float)m};
            float error = error_of_affine(x, b->w + r * n, n, tried, c);
            if (error >= least) continue;
            least = error;
            b->s[r] = s;
            b->m[r] = m;
        }
}

/* d and dmin of least squares for the codes and whole numbers found: sum w (x - d s q + dmin m)^2. */
FIT affine solve_super(const super *b, const float *x, const int n, float d, float dmin, const codes c)
{
    double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0;
    for (int r = 0; r < 256 / n; r++) {
        double s = b->s[r], m = -b->m[r];
        float scale = d * (float)b->s[r];
        moments t = moments_of(x + r * n, b->w + r * n, n, scale > 0 ? 1 / scale : 0, -dmin * (float)b->m[r], c);
        aa += s * s * (double)t.qq;
        ab += s * m * (double)t.q;
        bb += m * m * (double)t.w;
        xa += s * (double)t.xq;
        xb += m * (double)t.x;
    }
    double det = aa * bb - ab * ab;
    if (det > 1e-9 * aa * bb) return (affine){(float)((xa * bb - xb * ab) / det), (float)((xb * aa - xa * ab) / det)};
    return (affine){aa > 0 ? (float)(xa / aa) : 0, 0};
}

FIT float error_of_super(const super *b, const float *x, const int n, float d, float dmin, const codes c)
{
    float error = 0;
    for (int r = 0; r < 256 / n; r++) {
        affine a = {d * (float)b->s[r], -dmin * (float)b->m[r]};
        error += error_of_affine(x + r * n, b->w + r * n, n, a, c);
    }
    return error;
}

FIT void fit_super_min(super *b, uint8_t d_at[2], uint8_t dmin_at[2], const float *x, const float *importance,
                       const int n, int most, const codes c)
{
    affine a[16];
    float scales[16] = {0}, mins[16] = {0};
    weigh(b->w, x, importance, 256, spread_of(x, 256));
    for (int r = 0; r < 256 / n; r++) {
        a[r] = fit_affine(x + r * n, b->w + r * n, n, c, true);
        scales[r] = a[r].d;
        mins[r] = -a[r].m;
    }
    float d = put_scale(d_at, share_scale(scales, 256 / n, (float)most));
    float dmin = put_scale(dmin_at, share_scale(mins, 256 / n, (float)most));
    for (int r = 0; r < 256 / n; r++) best_pair(b, r, x + r * n, n, d, dmin, a[r], most, c);
    uint8_t d_new[2], dmin_new[2];
    affine better = solve_super(b, x, n, d, dmin, c);
    float d_tried = put_scale(d_new, better.d), dmin_tried = put_scale(dmin_new, better.m);
    if (better.d > 0 && better.m >= 0 &&
        error_of_super(b, x, n, d_tried, dmin_tried, c) < error_of_super(b, x, n, d, dmin, c)) {
        memcpy(d_at, d_new, 2);
        memcpy(dmin_at, dmin_new, 2);
        d = d_tried;
        dmin = dmin_tried;
    }
    for (int r = 0; r < 256 / n; r++)
        find_codes(b->q + r * n, x + r * n, n, d * (float)b->s[r], -dmin * (float)b->m[r], c);
}

/* The inverse of tael__unpack_k4. */
FIT void put_k4(uint8_t packed[12], const int s[8], const int m[8])
{
    for (int i = 0; i < 4; i++) {
        packed[i] = (uint8_t)(s[i] | s[4 + i] >> 4 << 6);
        packed[4 + i] = (uint8_t)(m[i] | m[4 + i] >> 4 << 6);
        packed[8 + i] = (uint8_t)((s[4 + i] & 15) | (m[4 + i] & 15) << 4);
    }
}

FIT void put_nibbles_k(uint8_t qs[128], const int8_t q[256])
{
    for (int i = 0; i < 128; i++) {
        int at = 64 * (i / 32) + i % 32;
        qs[i] = (uint8_t)((q[at] & 15) | (q[at + 32] & 15) << 4);
    }
}

EACH_BLOCK(q4_k, 256, {
    super f;
    fit_super_min(&f, b->d, b->dmin, x, weight, 32, 63, (codes){0, 15, false});
    put_k4(b->scales, f.s, f.m);
    put_nibbles_k(b->qs, f.q);
})

EACH_BLOCK(q5_k, 256, {
    super f;
    fit_super_min(&f, b->d, b->dmin, x, weight, 32, 63, (codes){0, 31, false});
    put_k4(b->scales, f.s, f.m);
    put_nibbles_k(b->qs, f.q);
    memset(b->qh, 0, sizeof b->qh);
    for (int i = 0; i < 256; i++) b->qh[i % 32] = (uint8_t)(b->qh[i % 32] | (f.q[i] >> 4 & 1) << i / 32);
})

EACH_BLOCK(q2_k, 256, {
    super f;
    fit_super_min(&f, b->d, b->dmin, x, weight, 16, 15, (codes){0, 3, false});
    memset(b->qs, 0, sizeof b->qs);
    for (int i = 0; i < 16; i++) b->scales[i] = (uint8_t)(f.s[i] | f.m[i] << 4);
    for (int i = 0; i < 256; i++) {
        uint8_t *four = &b->qs[32 * (i / 128) + i % 32];
        *four = (uint8_t)(*four | f.q[i] << 2 * (i % 128 / 32));
    }
})
