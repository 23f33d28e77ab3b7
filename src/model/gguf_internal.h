// SPDX-License-Identifier: Apache-2.0
/* What the two halves of the GGUF parser share: a reader that can't leave the file, and names in order. */
#ifndef TAEL__MODEL_GGUF_INTERNAL_H
#define TAEL__MODEL_GGUF_INTERNAL_H

#include "model/gguf.h"

/* Where in the file the reader is, for the sentence of a file that ends too early. */
typedef enum tael__gguf_section { TAEL__GGUF_HEADER, TAEL__GGUF_KEY, TAEL__GGUF_TENSOR_INFO } tael__gguf_section;

typedef struct tael__gguf_reader {
    const uint8_t *data;
    size_t bytes, at; /* at <= bytes always */
    const char *path; /* for sentences */
    tael__gguf_section section;
    uint64_t number; /* of the key or tensor, counted from 1 */
} tael__gguf_reader;

tael_status tael__gguf_read_u32(tael__gguf_reader *r, uint32_t *out);
tael_status tael__gguf_read_u64(tael__gguf_reader *r, uint64_t *out);
tael_status tael__gguf_read_text(tael__gguf_reader *r, tael__slice *out); /* a length and that many bytes */
tael_status tael__gguf_skip(tael__gguf_reader *r, uint64_t n, size_t each);
tael_status tael__gguf_cut_short(const tael__gguf_reader *r);

/* A name from the file as it may stand in a sentence: at most 63 bytes, others than printable ASCII replaced. */
typedef struct tael__gguf_shown {
    char text[64];
} tael__gguf_shown;
tael__gguf_shown tael__gguf_show(tael__slice name);

/* One key and its value as it lies in the file. */
typedef struct tael__gguf_key {
    tael__slice name;              /* first, so that keys and tensors are ordered by one function */
    const uint8_t *value;          /* a number; the bytes of a text; the first element of an array */
    uint64_t count;                /* bytes of a text, elements of an array, else 1 */
    size_t bytes;                  /* what the value takes from `value` on */
    tael__gguf_type type, element; /* element: of an array */
} tael__gguf_key;

struct tael__gguf {
    char *path;    /* owned */
    tael__map map; /* empty when the bytes are the caller's */
    uint64_t bytes;
    tael__gguf_key *keys; /* owned, in the file's order */
    tael__gguf_tensor *tensors;
    uint32_t *keys_by_name, *tensors_by_name; /* owned: indices in order of names */
    size_t key_count, tensor_count;
    uint64_t alignment;
    tael__gguf **parts; /* owned: the files after the first, whose tensors stand in this one's list */
    size_t part_count;
};

/* Reads `count` keys into file->keys. */
tael_status tael__gguf_read_keys(tael__gguf *file, tael__gguf_reader *r, uint64_t count);

/* Is there such a key, of any type? */
bool tael__gguf_has(const tael__gguf *file, const char *key);

/* One file, or the bytes of one, without its other parts. */
tael_status tael__gguf_open_alone(tael__gguf **out, const char *path);
tael_status tael__gguf_parse_alone(tael__gguf **out, const uint8_t *data, size_t bytes, const char *path);

/* gguf_split.c. add_part: the next part's tensors join the first's; on success the part is the file's. whole: all parts
 * are there and fit together; finding by name works after it. open_parts: all that lie beside the file on disk. */
tael_status tael__gguf_add_part(tael__gguf *file, tael__gguf *part);
tael_status tael__gguf_whole(tael__gguf *file);
tael_status tael__gguf_open_parts(tael__gguf *file);
tael_status tael__gguf_twice(const tael__gguf *file, size_t tensor); /* the sentence of a name that is there twice */

/* Indices 0..n in the order of the names, which lie first in each of the items of `each` bytes. Heap sort: it takes no
 * memory and no file can make it slow. *twice: an item whose name another has too, or n. */
void tael__gguf_order(uint32_t *order, const void *items, size_t n, size_t each, size_t *twice);
/* The index of the item with that name, or n. */
size_t tael__gguf_find(const uint32_t *order, const void *items, size_t n, size_t each, const char *name);

#endif
