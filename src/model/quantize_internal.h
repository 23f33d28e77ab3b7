// SPDX-License-Identifier: Apache-2.0
/* What the files of quantising share: a source of tensors, whatever it was read from, and the format each gets. */
#ifndef TAEL__MODEL_QUANTIZE_INTERNAL_H
#define TAEL__MODEL_QUANTIZE_INTERNAL_H

#include <tael/quantize.h>

#include "base/limits.h"
#include "model/gguf_write.h"

/* A tensor on its way. Data is borrowed from the source's maps. */
typedef struct tael__recoded {
    tael__slice name; /* as GGUF has it; borrowed from the source */
    uint32_t dims;
    uint64_t shape[4];
    tael__format from, to;
    const uint8_t *data;
    size_t cols, rows, from_row, to_row; /* bytes of a row before and after */
    uint32_t turned_heads;               /* not 0: rows of so many heads change from halves to neighbours (llama) */
    const float *importance;             /* f32[planes][cols], or NULL */
    size_t planes;                       /* rows are shared out among so many (experts); 1 for most */
} tael__recoded;

typedef struct tael__quantize_source {
    tael__recoded *tensors; /* owned */
    size_t count;
    tael__gguf_out out;                  /* the keys, and later the tensors */
    uint32_t layers, heads, kv_heads;    /* 0: unknown */
    bool pure;                           /* every matrix in the mixture's first format */
    bool ties;                           /* no output layer of its own: the embedding serves as one */
    tael__gguf *file;                    /* owned; of a GGUF source */
    struct tael__checkpoint *checkpoint; /* owned; of a Hugging Face source */
} tael__quantize_source;

tael_status tael__source_of_gguf(tael__quantize_source *source, const char *path);
void tael__source_close(tael__quantize_source *source);
/* Sets cols, rows and from_row from shape and from; false when the shape doesn't fit. */
bool tael__recoded_measure(tael__recoded *t);

/* mixtures.c. The mixture of that name, or NULL. */
typedef struct tael__mixture tael__mixture;
const tael__mixture *tael__mixture_named(const char *name);
uint32_t tael__mixture_file_type(const tael__mixture *mixture);
/* The format of one tensor. *fell: its rows don't fit the format that the mixture wants. */
tael__format tael__mixture_format(const tael__mixture *mixture, const tael__quantize_source *source,
                                  const tael__recoded *t, bool importance, bool *fell);

/* imatrix.c: importances by tensor name. */
typedef struct tael__imatrix tael__imatrix;
tael_status tael__imatrix_open(tael__imatrix **out, const char *path);
void tael__imatrix_close(tael__imatrix *m);
/* Gives t its importance where the file has one; TAEL_BAD_INPUT when that has another width. */
tael_status tael__imatrix_find(const tael__imatrix *m, tael__recoded *t);

/* checkpoint.c: a Hugging Face folder or .safetensors file in it. */
bool tael__is_checkpoint(const char *path);
tael_status tael__source_of_checkpoint(tael__quantize_source *source, const char *path);
void tael__checkpoint_close(struct tael__checkpoint *checkpoint);

#endif
