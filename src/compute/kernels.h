// SPDX-License-Identifier: Apache-2.0
/* The kernel table: for each operation the best kernel that this CPU can run, chosen once. Families list their kernels
 * in an .inc file each (matvec.inc, matmul.inc, ...), slowest first; the lists declare, pick, check and time. */
#ifndef TAEL__COMPUTE_KERNELS_H
#define TAEL__COMPUTE_KERNELS_H

#include "base/cpu.h"
#include "compute/attend.h"
#include "compute/delta.h"
#include "compute/formats.h"

/* out[n] = the weights of n/block_weights blocks. */
typedef void tael__dequantize_fn(float *out, const void *w, size_t n);

/* Quantise one row of `cols` values (a multiple of the kind's block) into `out` (tael__act_row_bytes). */
typedef void tael__quantize_fn(void *out, const float *x, size_t cols);

/* y[t * y_stride + r] = W[r] . x[t] for t < tokens (1..TAEL__MATVEC_TOKENS), r < rows. W: blocks of the format,
 * row-major, no alignment asked. x: quantised rows of the format's act kind, x_stride bytes apart, 64-byte aligned. y
 * overlaps nothing. Each y depends on its own row and token alone, to the bit: neither the split of rows between
 * threads nor the number of tokens changes it. Speculation rests on that: a token checked beside others has the logits
 * that it would have had alone. */
enum { TAEL__MATVEC_TOKENS = 8 };
typedef void tael__matvec_fn(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                             size_t cols, size_t tokens);

/* y[t * y_stride + r] = W[r] . x[t] for t < tokens, r < rows. x: rows of the kernel's act kind, x_stride bytes apart:
 * the format's, but for AMX bf16 (tael__kernels.matmul_act). `scratch`: at
 * least tael__matmul_scratch_bytes(format, cols), 64-byte aligned, this thread's own. Results don't depend on how rows
 * are split between calls. */
typedef void tael__matmul_fn(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                             size_t cols, size_t tokens, void *scratch);
size_t tael__matmul_scratch_bytes(tael__format format, size_t cols);

/* What a matmul kernel with these needs takes. */
static inline tael__act_kind tael__matmul_act(tael__format format, uint32_t needs)
{
    return needs & TAEL_CPU_AMX ? TAEL__ACT_bf16 : tael__formats[format].act;
}

/* y = x / sqrt(mean(x^2) + epsilon) * weight (RMSNorm, Zhang and Sennrich 2019). y may be x. */
typedef void tael__rms_norm_fn(float *y, const float *x, const float *weight, size_t n, float epsilon);
/* gate[i] = silu(gate[i]) * up[i] (SwiGLU, Shazeer 2020). */
typedef void tael__swiglu_fn(float *gate, const float *up, size_t n);
/* gate[i] = gelu(gate[i]) * up[i], with tanh's approximation (Hendrycks and Gimpel 2016, section 2). */
typedef void tael__geglu_fn(float *gate, const float *up, size_t n);
/* x[i] = x[i] * P(N(0, 1) < x[i]): GELU itself. */
typedef void tael__gelu_fn(float *x, size_t n);
/* x[i] = x[i] / (1 + exp(-gate[i])); gate may be x: SiLU. */
typedef void tael__let_through_fn(float *x, const float *gate, size_t n);
/* y += x. */
typedef void tael__add_fn(float *y, const float *x, size_t n);
/* f32 to f16, round to nearest even. */
typedef void tael__to_f16_fn(uint16_t *out, const float *x, size_t n);

typedef tael__attend_fn tael__attend_many_fn;

typedef struct tael__kernels {
    const char *isa; /* of the best ones in this table */
    tael__dequantize_fn *dequantize[TAEL__FORMAT_COUNT];
    tael__quantize_fn *quantize[TAEL__ACT_COUNT];
    tael__matvec_fn *matvec[TAEL__FORMAT_COUNT];
    tael__matmul_fn *matmul[TAEL__FORMAT_COUNT];
    tael__act_kind matmul_act[TAEL__FORMAT_COUNT]; /* of the rows that matmul takes */
    tael__kv_store_fn *kv_store[TAEL__KV_COUNT];
    tael__attend_fn *attend[TAEL__KV_COUNT], *attend_many[TAEL__KV_COUNT]; /* attend.inc */
    tael__rms_norm_fn *rms_norm;
    tael__swiglu_fn *swiglu;
    tael__geglu_fn *geglu;
    tael__gelu_fn *gelu;
    tael__let_through_fn *let_through;
    tael__add_fn *add;
    tael__to_f16_fn *to_f16;
    tael__delta_fn *delta; /* delta.h */
} tael__kernels;

/* Fill the table for a CPU with these features: tests mask them to run every lesser set. */
void tael__kernels_pick(tael__kernels *table, uint32_t cpu);

/* This CPU's table, chosen at the first call. TAEL_ISA in the environment lowers it (cpu.c has
 * the names). */
const tael__kernels *tael__kernels_get(void);

/* Bytes of one quantised row, a multiple of 64. */
size_t tael__act_row_bytes(tael__act_kind kind, size_t cols);

#endif
