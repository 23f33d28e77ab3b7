// SPDX-License-Identifier: Apache-2.0
// The header of a GGUF file, byte by byte: docs/gguf.md of ggml, version 3.
#include "model/gguf_write.h"

#include <string.h>

#include "model/gguf_internal.h"

static void put_number(tael__buffer *b, uint64_t value, size_t bytes)
{
    uint8_t little[8];
    for (size_t i = 0; i < bytes; i++) little[i] = (uint8_t)(value >> 8 * i);
    tael__buffer_append(b, little, bytes);
}

static void put_string(tael__buffer *b, const char *text, size_t bytes)
{
    put_number(b, bytes, 8);
    tael__buffer_append(b, text, bytes);
}

static void put_key(tael__gguf_out *out, const char *key, tael__gguf_type type)
{
    put_string(&out->keys, key, strlen(key));
    put_number(&out->keys, type, 4);
    out->key_count++;
}

void tael__gguf_put_u32(tael__gguf_out *out, const char *key, uint32_t value)
{
    put_key(out, key, TAEL__GGUF_U32);
    put_number(&out->keys, value, 4);
}

void tael__gguf_put_f32(tael__gguf_out *out, const char *key, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    put_key(out, key, TAEL__GGUF_F32);
    put_number(&out->keys, bits, 4);
}

void tael__gguf_put_bool(tael__gguf_out *out, const char *key, bool value)
{
    put_key(out, key, TAEL__GGUF_BOOL);
    put_number(&out->keys, value, 1);
}

void tael__gguf_put_text(tael__gguf_out *out, const char *key, const char *text, size_t bytes)
{
    put_key(out, key, TAEL__GGUF_STRING);
    put_string(&out->keys, text, bytes);
}

void tael__gguf_put_array(tael__gguf_out *out, const char *key, tael__gguf_type element, uint64_t count)
{
    put_key(out, key, TAEL__GGUF_ARRAY);
    put_number(&out->keys, element, 4);
    put_number(&out->keys, count, 8);
}

void tael__gguf_put_element(tael__gguf_out *out, const void *bytes, size_t n)
{
    tael__buffer_append(&out->keys, bytes, n);
}

void tael__gguf_put_array_text(tael__gguf_out *out, const char *text, size_t bytes)
{
    put_string(&out->keys, text, bytes);
}

static bool begins_with_one(tael__slice name, const char *const *beginnings)
{
    for (; *beginnings; beginnings++) {
        size_t n = strlen(*beginnings);
        if (name.bytes >= n && memcmp(name.data, *beginnings, n) == 0) return true;
    }
    return false;
}

void tael__gguf_put_keys_of(tael__gguf_out *out, const tael__gguf *file, const char *const *without)
{
    for (size_t i = 0; i < file->key_count; i++) {
        const tael__gguf_key *key = &file->keys[i];
        if (begins_with_one(key->name, without)) continue;
        put_string(&out->keys, key->name.data, key->name.bytes);
        put_number(&out->keys, key->type, 4);
        if (key->type == TAEL__GGUF_STRING) {
            put_string(&out->keys, (const char *)key->value, (size_t)key->count);
        } else {
            if (key->type == TAEL__GGUF_ARRAY) {
                put_number(&out->keys, key->element, 4);
                put_number(&out->keys, key->count, 8);
            }
            tael__buffer_append(&out->keys, key->value, key->bytes);
        }
        out->key_count++;
    }
}

bool tael__gguf_put_tensor(tael__gguf_out *out, tael__slice name, uint32_t dims, const uint64_t *shape,
                           tael__format format, size_t bytes)
{
    put_string(&out->tensors, name.data, name.bytes);
    put_number(&out->tensors, dims, 4);
    for (uint32_t i = 0; i < dims; i++) put_number(&out->tensors, shape[i], 8);
    put_number(&out->tensors, tael__formats[format].gguf, 4);
    put_number(&out->tensors, out->data_bytes, 8);
    out->tensor_count++;
    uint64_t end;
    if (__builtin_add_overflow(out->data_bytes, (uint64_t)bytes, &end) || end > UINT64_MAX - TAEL__GGUF_ALIGNMENT)
        return false;
    out->data_bytes = (end + TAEL__GGUF_ALIGNMENT - 1) / TAEL__GGUF_ALIGNMENT * TAEL__GGUF_ALIGNMENT;
    return true;
}

tael_status tael__gguf_out_head(const tael__gguf_out *out, tael__buffer *head)
{
    static const char zeros[TAEL__GGUF_ALIGNMENT];
    tael__buffer_append(head, "GGUF", 4);
    put_number(head, 3, 4);
    put_number(head, out->tensor_count, 8);
    put_number(head, out->key_count, 8);
    tael__buffer_append(head, out->keys.data ? out->keys.data : "", out->keys.size);
    tael__buffer_append(head, out->tensors.data ? out->tensors.data : "", out->tensors.size);
    tael__buffer_append(head, zeros, (TAEL__GGUF_ALIGNMENT - head->size % TAEL__GGUF_ALIGNMENT) % TAEL__GGUF_ALIGNMENT);
    if (out->keys.failed != TAEL_OK || out->tensors.failed != TAEL_OK || head->failed != TAEL_OK)
        return tael__fail_memory("GGUF", out->keys.size + out->tensors.size);
    return TAEL_OK;
}

void tael__gguf_out_free(tael__gguf_out *out)
{
    tael__buffer_free(&out->keys);
    tael__buffer_free(&out->tensors);
}
