// SPDX-License-Identifier: Apache-2.0
/* The header of a GGUF file to be written: keys first, then tensors, then one run of bytes that the tensors' data
 * follows, each at the next multiple of 32. Appends fail softly as tael__buffer's do; take the status from
 * tael__gguf_out_head. */
#ifndef TAEL__MODEL_GGUF_WRITE_H
#define TAEL__MODEL_GGUF_WRITE_H

#include "base/memory.h"
#include "model/gguf.h"

#define TAEL__GGUF_ALIGNMENT 32
#define TAEL__GGUF_OUT_MOST  ((size_t)1 << 30) /* bytes of a header; vocabularies make up to 20 MB */

typedef struct tael__gguf_out {
    tael__buffer keys, tensors;
    uint64_t key_count, tensor_count, data_bytes;
} tael__gguf_out;

#define TAEL__GGUF_OUT                                                                 \
    {                                                                                  \
        .keys = {.max = TAEL__GGUF_OUT_MOST}, .tensors = {.max = TAEL__GGUF_OUT_MOST } \
    }

void tael__gguf_put_u32(tael__gguf_out *out, const char *key, uint32_t value);
void tael__gguf_put_f32(tael__gguf_out *out, const char *key, float value);
void tael__gguf_put_bool(tael__gguf_out *out, const char *key, bool value);
void tael__gguf_put_text(tael__gguf_out *out, const char *key, const char *text, size_t bytes);
/* The array's head; exactly `count` elements follow by put_element or, for texts, put_array_text. */
void tael__gguf_put_array(tael__gguf_out *out, const char *key, tael__gguf_type element, uint64_t count);
void tael__gguf_put_element(tael__gguf_out *out, const void *bytes, size_t n);
void tael__gguf_put_array_text(tael__gguf_out *out, const char *text, size_t bytes);

/* All keys of a file but those whose names begin with one of `without` (ended by NULL). */
void tael__gguf_put_keys_of(tael__gguf_out *out, const tael__gguf *file, const char *const *without);

/* Takes `bytes` of the data at its end so far; false when the total doesn't fit in 64 bits. */
bool tael__gguf_put_tensor(tael__gguf_out *out, tael__slice name, uint32_t dims, const uint64_t *shape,
                           tael__format format, size_t bytes);

/* Everything before the data, padded. *head is empty-initialised by the caller with a maximum, and freed by it. */
tael_status tael__gguf_out_head(const tael__gguf_out *out, tael__buffer *head);
void tael__gguf_out_free(tael__gguf_out *out);

#endif
