// SPDX-License-Identifier: Apache-2.0
// The GGUF parser over any bytes. Property: whatever it accepts gives only slices inside those bytes, names that are
// found again as the same item, and tensors whose bytes are their rows. Every slice's first and last byte is touched.
// Bytes may be several files, the parts of one model.
#include <string.h>

#include "model/gguf_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t touched;

static void must(bool condition)
{
    if (!condition) __builtin_trap();
}

static void touch(const uint8_t *data, size_t size, const void *p, size_t bytes)
{
    const uint8_t *first = p;
    must(first >= data && first <= data + size && bytes <= (size_t)(data + size - first));
    if (bytes) touched = first[0] ^ first[bytes - 1];
}

/* The name ended by NUL, as callers give it; false for one that holds a NUL itself and so can't be asked for. */
static bool name_of(char *name, size_t cap, tael__slice slice)
{
    if (slice.bytes >= cap || memchr(slice.data, 0, slice.bytes)) return false;
    memcpy(name, slice.data, slice.bytes);
    name[slice.bytes] = '\0';
    return true;
}

static void walk_key(const tael__gguf *file, const tael__gguf_key *key, const uint8_t *data, size_t size)
{
    char name[512];
    touch(data, size, key->name.data, key->name.bytes);
    touch(data, size, key->value, key->bytes);
    if (!name_of(name, sizeof name, key->name)) return;

    uint32_t u32;
    float f32;
    bool flag;
    tael__slice text;
    tael__gguf_type element;
    uint64_t count, walked = 0;
    tael__gguf_u32(file, name, &u32);
    tael__gguf_f32(file, name, &f32);
    must(tael__gguf_bool(file, name, &flag) == (key->type == TAEL__GGUF_BOOL));
    must(tael__gguf_text(file, name, &text) == (key->type == TAEL__GGUF_STRING));
    if (key->type == TAEL__GGUF_STRING) touch(data, size, text.data, text.bytes);
    must(tael__gguf_array(file, name, &element, &count) == (key->type == TAEL__GGUF_ARRAY));
    if (key->type != TAEL__GGUF_ARRAY) return;
    tael__gguf_cursor cursor = {0};
    while (tael__gguf_array_text(file, name, &cursor, &text)) {
        touch(data, size, text.data, text.bytes);
        walked++;
    }
    const void *numbers = tael__gguf_array_data(file, name, element, &count);
    must(element == TAEL__GGUF_STRING ? walked == count && !numbers : numbers != NULL);
}

static void walk_tensor(const tael__gguf *file, const tael__gguf_tensor *t, const uint8_t *data, size_t size)
{
    char name[512];
    touch(data, size, t->name.data, t->name.bytes);
    touch(data, size, t->data, t->bytes);
    must(t->format < TAEL__FORMAT_COUNT && t->row_bytes > 0 && t->bytes >= t->row_bytes);
    must(t->bytes == t->row_bytes * t->shape[1] * t->shape[2] * t->shape[3]);
    if (name_of(name, sizeof name, t->name)) must(tael__gguf_tensor_find(file, name) == t);
}

/* Where the next part begins: after a line that no generator writes by itself, but a corpus can hold. */
static const char next_part[] = "\n--next part--\n";

static void walk(const tael__gguf *file, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < file->key_count; i++) walk_key(file, &file->keys[i], data, size);
    for (size_t i = 0; i < tael__gguf_tensor_count(file); i++)
        walk_tensor(file, tael__gguf_tensor_at(file, i), data, size);
    must(tael__gguf_tensor_find(file, "no such tensor\x01") == NULL);
}

/* Bytes that hold the line are a model in parts. */
static void join(const uint8_t *data, size_t size)
{
    const size_t line = sizeof next_part - 1;
    tael__gguf *file = NULL;
    tael_status status = TAEL_OK;
    for (const uint8_t *at = data; status == TAEL_OK && at;) {
        size_t left = size - (size_t)(at - data);
        const uint8_t *end = memmem(at, left, next_part, line);
        tael__gguf *part;
        status = tael__gguf_parse_alone(&part, at, end ? (size_t)(end - at) : left, "fuzz");
        if (status == TAEL_OK && file) {
            status = tael__gguf_add_part(file, part);
            if (status != TAEL_OK) tael__gguf_close(part);
        } else if (status == TAEL_OK) {
            file = part;
        }
        at = end ? end + line : NULL;
    }
    if (status == TAEL_OK) status = tael__gguf_whole(file);
    if (status == TAEL_OK)
        walk(file, data, size);
    else
        must(tael_error()[0] != '\0');
    tael__gguf_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tael__gguf *file;
    if (memmem(data, size, next_part, sizeof next_part - 1)) {
        join(data, size);
    } else if (tael__gguf_parse(&file, data, size, "fuzz") != TAEL_OK) {
        must(file == NULL && tael_error()[0] != '\0');
    } else {
        walk(file, data, size);
        tael__gguf_close(file);
    }
    return 0;
}
