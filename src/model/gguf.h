// SPDX-License-Identifier: Apache-2.0
/* GGUF v2 and v3, read from a map. Every offset, count and length is checked against the file before it is used;
 * nothing is allocated beyond a small multiple of the header's own size. Format: github.com/ggml-org/ggml docs/gguf.md.
 */
#ifndef TAEL__MODEL_GGUF_H
#define TAEL__MODEL_GGUF_H

#include "base/file.h"
#include "compute/formats.h"

typedef enum tael__gguf_type {
    TAEL__GGUF_U8,
    TAEL__GGUF_I8,
    TAEL__GGUF_U16,
    TAEL__GGUF_I16,
    TAEL__GGUF_U32,
    TAEL__GGUF_I32,
    TAEL__GGUF_F32,
    TAEL__GGUF_BOOL,
    TAEL__GGUF_STRING,
    TAEL__GGUF_ARRAY,
    TAEL__GGUF_U64,
    TAEL__GGUF_I64,
    TAEL__GGUF_F64,
    TAEL__GGUF_TYPE_COUNT
} tael__gguf_type;

/* Text in the file: not ended by NUL, valid while the file is open. */
typedef struct tael__slice {
    const char *data;
    size_t bytes;
} tael__slice;

typedef struct tael__gguf tael__gguf;

typedef struct tael__gguf_tensor {
    tael__slice name;
    tael__format format;
    uint32_t dims;
    uint64_t shape[4]; /* GGUF order: shape[0] is the contiguous one (cols), shape[1] the rows; unused are 1 */
    const uint8_t *data;
    size_t bytes, row_bytes;
} tael__gguf_tensor;

/* Open a file; of a model in several parts (NAME-00001-of-00003.gguf) the first, which brings the others beside it
 * along. tael__gguf_parse takes bytes of one file that stay the caller's (tests and fuzzing); `path` is for sentences.
 */
tael_status tael__gguf_open(tael__gguf **out, const char *path);
tael_status tael__gguf_parse(tael__gguf **out, const uint8_t *data, size_t bytes, const char *path);
void tael__gguf_close(tael__gguf *file);
const char *tael__gguf_path(const tael__gguf *file);
uint64_t tael__gguf_bytes(const tael__gguf *file); /* of all parts */

/* Metadata by key. These return false when the key is absent or of another kind (integers convert when they fit). */
bool tael__gguf_u32(const tael__gguf *file, const char *key, uint32_t *out);
bool tael__gguf_f32(const tael__gguf *file, const char *key, float *out);
bool tael__gguf_bool(const tael__gguf *file, const char *key, bool *out);
bool tael__gguf_text(const tael__gguf *file, const char *key, tael__slice *out);

/* Arrays: count, and elements in order. Array strings are walked, not indexed: i must be asked for in rising order
 * (each step is O(1) with the cursor, which starts zeroed). */
typedef struct tael__gguf_cursor {
    size_t offset; /* internal */
    uint64_t index;
} tael__gguf_cursor;
bool tael__gguf_array(const tael__gguf *file, const char *key, tael__gguf_type *element, uint64_t *count);
bool tael__gguf_array_text(const tael__gguf *file, const char *key, tael__gguf_cursor *cursor, tael__slice *out);
/* The raw little-endian elements of an array of numbers, unaligned; NULL when absent or of another type. */
const void *tael__gguf_array_data(const tael__gguf *file, const char *key, tael__gguf_type element, uint64_t *count);

size_t tael__gguf_tensor_count(const tael__gguf *file);
const tael__gguf_tensor *tael__gguf_tensor_at(const tael__gguf *file, size_t i);
const tael__gguf_tensor *tael__gguf_tensor_find(const tael__gguf *file, const char *name); /* NULL when absent */

#endif
