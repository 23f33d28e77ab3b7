// SPDX-License-Identifier: Apache-2.0
/* The search for scales that all encoders share; included once in each instruction set's file.
 *
 * A run of n numbers x with weights w becomes codes q: x ~ d q, or x ~ d q + m. For given codes least squares gives d
 * and m, and codes for given d and m are the nearest ones; so candidates of d are tried on a grid, and the best one's
 * codes and scale then improve each other. Sums run over eight lanes in one order, so that every compiler makes vectors
 * of them and all instruction sets the same bits. n is a multiple of 8. */
#ifndef TAEL__COMPUTE_ENCODE_FIT_H
#define TAEL__COMPUTE_ENCODE_FIT_H

#include <math.h>

#include "compute/blocks_iq.h"

#define FIT static inline __attribute__((always_inline))

enum { LANES = 8, RUN_MOST = 32 };

/* Which codes there are: whole numbers low..high, or the 16 values of iq4 (low and high are the outer ones). */
typedef struct codes {
    int low, high;
    bool iq4;
} codes;

FIT float sum_lanes(const float v[LANES])
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* The nearest whole number, ties to even: exact for what is clamped before. */
FIT float nearest_whole(float v)
{
    return v + 12582912.0f - 12582912.0f;
}

/* The nearest code to v; a NaN gives the lowest. */
FIT float nearest(float v, const codes c)
{
    v = v > (float)c.low ? v : (float)c.low;
    v = v < (float)c.high ? v : (float)c.high;
    if (!c.iq4) return nearest_whole(v);
    static const int8_t values[16] = TAEL__IQ4_VALUES;
    float at = (float)values[0];
    for (int k = 0; k < 15; k++) { /* a step for each middle that v is past */
        float middle = 0.5f * (float)(values[k] + values[k + 1]);
        at += v > middle ? (float)(values[k + 1] - values[k]) : 0.0f;
    }
    return at;
}

/* ---- x ~ d q ---- */

typedef struct products {
    float xq, qq; /* sum w x q, sum w q q */
} products;

FIT products products_of(const float *x, const float *w, int n, float inverse, const codes c)
{
    float xq[LANES] = {0}, qq[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float q = nearest(inverse * x[i + j], c), wq = w[i + j] * q;
            xq[j] += wq * x[i + j];
            qq[j] += wq * q;
        }
    return (products){sum_lanes(xq), sum_lanes(qq)};
}

/* What the codes take off sum w x^2 at their best d: the more the better. */
FIT float gain_of(products p)
{
    return p.qq > 0 ? p.xq * p.xq / p.qq : 0;
}

FIT float largest_of(const float *x, int n)
{
    float largest = 0;
    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(largest)) largest = x[i];
    return largest;
}

/* The d for a run; its codes are those nearest to x / d. */
FIT float fit_scale(const float *x, const float *w, int n, const codes c)
{
    const int STEPS = 9;
    float largest = largest_of(x, n), d = 0, best = 0;
    if (largest == 0) return 0;
    for (int side = 0; side < 2; side++) {
        float end = (float)(side ? c.high : c.low), step = end * 0.018f;
        for (int i = -STEPS; i <= STEPS; i++) {
            products p = products_of(x, w, n, (end + step * (float)i) / largest, c);
            if (gain_of(p) <= best) continue;
            best = gain_of(p);
            d = p.xq / p.qq;
        }
    }
    for (int i = 0; i < 3 && d != 0; i++) {
        products p = products_of(x, w, n, 1 / d, c);
        if (gain_of(p) <= best) break;
        best = gain_of(p);
        d = p.xq / p.qq;
    }
    return d;
}

/* sum w (x - d q)^2 with the codes nearest to x / d. */
FIT float error_of_scale(const float *x, const float *w, int n, float d, const codes c)
{
    float error[LANES] = {0}, inverse = d != 0 ? 1 / d : 0;
    for (int i = 0; i < n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float off = x[i + j] - d * nearest(inverse * x[i + j], c);
            error[j] += w[i + j] * off * off;
        }
    return sum_lanes(error);
}

/* ---- x ~ d q + m, q in 0..high ---- */

typedef struct affine {
    float d, m;
} affine;

typedef struct moments {
    float w, x, q, qq, xq; /* sums of w times each */
} moments;

FIT moments moments_of(const float *x, const float *w, int n, float inverse, float m, const codes c)
{
    float sw[LANES] = {0}, sx[LANES] = {0}, sq[LANES] = {0}, qq[LANES] = {0}, xq[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float q = nearest(inverse * (x[i + j] - m), c), wq = w[i + j] * q;
            sw[j] += w[i + j];
            sx[j] += w[i + j] * x[i + j];
            sq[j] += wq;
            qq[j] += wq * q;
            xq[j] += wq * x[i + j];
        }
    return (moments){sum_lanes(sw), sum_lanes(sx), sum_lanes(sq), sum_lanes(qq), sum_lanes(xq)};
}

/* The d and m of least squares; with `below`, m is not above 0. */
FIT affine solve(moments s, bool below)
{
    double det = (double)s.w * (double)s.qq - (double)s.q * (double)s.q;
    affine a = {0, 0};
    if (det > 0) {
        a.d = (float)(((double)s.w * (double)s.xq - (double)s.x * (double)s.q) / det);
        a.m = (float)(((double)s.qq * (double)s.x - (double)s.q * (double)s.xq) / det);
    }
    if (det <= 0 || (below && a.m > 0)) a = (affine){s.qq > 0 ? s.xq / s.qq : 0, 0};
    return a;
}

/* sum w (x - d q - m)^2 with the codes nearest to (x - m) / d. */
FIT float error_of_affine(const float *x, const float *w, int n, affine a, const codes c)
{
    float error[LANES] = {0}, inverse = a.d > 0 ? 1 / a.d : 0;
    for (int i = 0; i < n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float off = x[i + j] - a.d * nearest(inverse * (x[i + j] - a.m), c) - a.m;
            error[j] += w[i + j] * off * off;
        }
    return sum_lanes(error);
}

FIT affine fit_affine(const float *x, const float *w, int n, const codes c, bool below)
{
    const int STEPS = 10;
    float low = x[0], high = x[0];
    for (int i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    if (below && low > 0) low = 0;
    affine best = {0, below && low > 0 ? 0 : low};
    if (high <= low) return best;
    float least = INFINITY, step = c.high > 3 ? 0.1f : 0.08f;
    for (int i = -STEPS; i <= STEPS; i++) {
        affine a = solve(moments_of(x, w, n, ((float)c.high + step * (float)i) / (high - low), low, c), below);
        if (!(a.d > 0)) continue;
        float error = error_of_affine(x, w, n, a, c);
        if (error >= least) continue;
        least = error;
        best = a;
    }
    for (int i = 0; i < 4 && best.d > 0; i++) {
        affine a = solve(moments_of(x, w, n, 1 / best.d, best.m, c), below);
        float error = a.d > 0 ? error_of_affine(x, w, n, a, c) : INFINITY;
        if (error >= least) break;
        least = error;
        best = a;
    }
    return best;
}

/* ---- Weights of the errors ---- */

/* Without importance large weights count more than small ones, for they do more to the sums they are in; with it the
 * same, more mildly. `spread`: the root mean square of the block. */
FIT float spread_of(const float *x, int n)
{
    float sum[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int j = 0; j < LANES; j++) sum[j] += x[i + j] * x[i + j];
    return sqrtf(sum_lanes(sum) / (float)n);
}

FIT void weigh(float *w, const float *x, const float *importance, int n, float spread)
{
    for (int i = 0; i < n; i++) {
        if (importance)
            w[i] = importance[i] * sqrtf(2 * spread * spread + x[i] * x[i]);
        else
            w[i] = spread + fabsf(x[i]);
    }
}

#endif
