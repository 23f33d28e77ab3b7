// SPDX-License-Identifier: Apache-2.0
/* Making a model smaller: weights re-encoded as one of GGUF's block formats, from a GGUF file or from what models are
 * trained as (a Hugging Face folder with safetensors). */
#ifndef TAEL_QUANTIZE_H
#define TAEL_QUANTIZE_H

#include <tael/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_quantize_options {
    size_t size;         /* sizeof this struct */
    const char *to;      /* "Q4_K_M", "Q8_0", "F16", ...; NULL: Q4_K_M. tael_quantize_kinds() lists them */
    const char *imatrix; /* a file of importances as llama.cpp writes it (GGUF or the older form), or NULL */
    bool pure; /* every matrix in the kind's first format, the output layer too: smaller and less true. For a draft
                  model, whose words are checked */
    uint32_t threads;           /* 0: one a core. The result is the same for any number */
    tael_progress_fn *progress; /* NULL: none. Non-zero stops it: TAEL_CANCELLED, nothing is left */
    void *user;
} tael_quantize_options;

typedef struct tael_quantize_report {
    size_t size;                               /* set to sizeof this struct before the call */
    uint64_t weights, input_bytes, file_bytes; /* input_bytes: of the tensors read */
    uint32_t tensors, encoded;                 /* encoded: those that changed their format */
    uint32_t fallbacks; /* tensors whose rows don't fit the wanted block, in a format of smaller blocks */
} tael_quantize_report;

/* Write `output` from `input`: a GGUF file (of several parts: the first), a .safetensors file, or a folder with
 * config.json, tokenizer.json and safetensors. Norms and other vectors stay F32; output layer, values and half of the
 * feed-forward's way down get more bits as the name's mixture says. Memory stays within some megabytes a thread; the
 * file takes its place when it is whole. TAEL_MISUSE: no such kind. TAEL_BAD_INPUT: a damaged input, or weights that
 * are no numbers. TAEL_UNSUPPORTED: an architecture that Tael doesn't convert. */
TAEL_API tael_status tael_quantize(const char *input, const char *output, const tael_quantize_options *options,
                                   tael_quantize_report *report);

/* The names that `to` may have, "Q4_K_M|Q4_0|...". Static. */
TAEL_API const char *tael_quantize_kinds(void);

#ifdef __cplusplus
}
#endif
#endif
