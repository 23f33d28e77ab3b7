// SPDX-License-Identifier: Apache-2.0
// GGUF's metadata: keys are read once and put in order of their names; values stay where they lie in the file. Numbers
// are unaligned there, so they are assembled from bytes.
#include <string.h>

#include "base/limits.h"
#include "model/gguf_internal.h"

#define KEY_BYTES (8 + 1 + 4 + 1) /* the least that a key takes: name length, a letter, type, a value of one byte */

/* Bytes of a number of each type; 0 for what isn't one. */
static const uint8_t number_bytes[TAEL__GGUF_TYPE_COUNT] = {
    [TAEL__GGUF_U8] = 1,  [TAEL__GGUF_I8] = 1,  [TAEL__GGUF_U16] = 2, [TAEL__GGUF_I16] = 2,
    [TAEL__GGUF_U32] = 4, [TAEL__GGUF_I32] = 4, [TAEL__GGUF_F32] = 4, [TAEL__GGUF_BOOL] = 1,
    [TAEL__GGUF_U64] = 8, [TAEL__GGUF_I64] = 8, [TAEL__GGUF_F64] = 8,
};

/* ---- Reading ---- */

static tael_status wrong_type(const tael__gguf_key *key, uint32_t type, const char *path)
{
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY(
            "%s: metadata key %s has the type number %u, which GGUF does not know; the file is damaged: pull it again",
            "%s：元数据键 %s 的类型号 %u 不属于 GGUF；文件已损坏，请重新拉取"),
        path, tael__gguf_show(key->name).text, type);
}

/* Texts have no common size, so an array of them is walked once here; whoever reads it later can trust the lengths. */
static tael_status read_array(tael__gguf_key *key, tael__gguf_reader *r)
{
    uint32_t element;
    TAEL_TRY(tael__gguf_read_u32(r, &element));
    TAEL_TRY(tael__gguf_read_u64(r, &key->count));
    if (element == TAEL__GGUF_ARRAY)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: metadata key %s is an array of arrays, which Tael does not read; take another file",
                     "%s：元数据键 %s 是嵌套数组，Tael 无法读取；请换用其他文件"),
            r->path, tael__gguf_show(key->name).text);
    if (element >= TAEL__GGUF_TYPE_COUNT) return wrong_type(key, element, r->path);
    key->element = (tael__gguf_type)element;
    key->value = r->data + r->at;
    if (element != TAEL__GGUF_STRING) return tael__gguf_skip(r, key->count, number_bytes[element]);
    for (uint64_t i = 0; i < key->count; i++) {
        tael__slice text;
        TAEL_TRY(tael__gguf_read_text(r, &text));
    }
    return TAEL_OK;
}

static tael_status read_value(tael__gguf_key *key, tael__gguf_reader *r)
{
    uint32_t type;
    tael__slice text;
    TAEL_TRY(tael__gguf_read_u32(r, &type));
    if (type >= TAEL__GGUF_TYPE_COUNT) return wrong_type(key, type, r->path);
    key->type = (tael__gguf_type)type;
    key->count = 1;
    key->value = r->data + r->at;
    switch (key->type) {
    case TAEL__GGUF_STRING:
        TAEL_TRY(tael__gguf_read_text(r, &text));
        key->value = (const uint8_t *)text.data;
        key->count = text.bytes;
        break;
    case TAEL__GGUF_ARRAY: TAEL_TRY(read_array(key, r)); break;
    default: TAEL_TRY(tael__gguf_skip(r, 1, number_bytes[type]));
    }
    key->bytes = (size_t)(r->data + r->at - key->value);
    return TAEL_OK;
}

tael_status tael__gguf_read_keys(tael__gguf *file, tael__gguf_reader *r, uint64_t count)
{
    r->section = TAEL__GGUF_KEY;
    if (count > (r->bytes - r->at) / KEY_BYTES || count > TAEL__MAX_GGUF_KEYS)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: it claims %llu metadata keys, more than the file has room for; it is cut short "
                                   "or damaged: pull it "
                                   "again",
                                   "%s：声称有 %llu 个元数据键，超出文件所能容纳；文件不完整或已损坏，请重新拉取"),
                          r->path, (unsigned long long)count);
    size_t n = (size_t)count, twice;
    file->keys = tael__alloc_array(n, sizeof *file->keys);
    file->keys_by_name = tael__alloc_array(n, sizeof *file->keys_by_name);
    if (!file->keys || !file->keys_by_name) return tael__fail_memory(r->path, n * sizeof *file->keys);
    for (size_t i = 0; i < n; i++) {
        tael__gguf_key *key = &file->keys[i];
        r->number = i + 1;
        TAEL_TRY(tael__gguf_read_text(r, &key->name));
        if (key->name.bytes == 0)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("%s: metadata key %zu has no name; the file is damaged: pull it again",
                                       "%s：第 %zu 个元数据键没有名称；文件已损坏，请重新拉取"),
                              r->path, i + 1);
        TAEL_TRY(read_value(key, r));
    }
    file->key_count = n;
    tael__gguf_order(file->keys_by_name, file->keys, n, sizeof *file->keys, &twice);
    if (twice < n)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: metadata key %s is there twice; the file is damaged: pull it again",
                                   "%s：元数据键 %s 重复；文件已损坏，请重新拉取"),
                          r->path, tael__gguf_show(file->keys[twice].name).text);
    return TAEL_OK;
}

/* ---- Looking up ---- */

static const tael__gguf_key *find(const tael__gguf *file, const char *name)
{
    size_t i = tael__gguf_find(file->keys_by_name, file->keys, file->key_count, sizeof *file->keys, name);
    return i < file->key_count ? &file->keys[i] : NULL;
}

bool tael__gguf_has(const tael__gguf *file, const char *name)
{
    return find(file, name) != NULL;
}

static uint64_t little_endian(const uint8_t *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)p[i] << 8 * i;
    return value;
}

bool tael__gguf_u32(const tael__gguf *file, const char *name, uint32_t *out)
{
    const tael__gguf_key *key = find(file, name);
    if (!key) return false;
    switch (key->type) {
    case TAEL__GGUF_U8:
    case TAEL__GGUF_U16:
    case TAEL__GGUF_U32:
    case TAEL__GGUF_U64:
    case TAEL__GGUF_I8:
    case TAEL__GGUF_I16:
    case TAEL__GGUF_I32:
    case TAEL__GGUF_I64: break;
    default: return false;
    }
    size_t bytes = number_bytes[key->type];
    uint64_t value = little_endian(key->value, bytes);
    bool is_signed = key->type == TAEL__GGUF_I8 || key->type == TAEL__GGUF_I16 || key->type == TAEL__GGUF_I32 ||
                     key->type == TAEL__GGUF_I64;
    if (value > UINT32_MAX || (is_signed && value >> (8 * bytes - 1))) return false;
    *out = (uint32_t)value;
    return true;
}

bool tael__gguf_f32(const tael__gguf *file, const char *name, float *out)
{
    const tael__gguf_key *key = find(file, name);
    if (key && key->type == TAEL__GGUF_F32) {
        uint32_t bits = (uint32_t)little_endian(key->value, 4);
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    if (key && key->type == TAEL__GGUF_F64) {
        uint64_t bits = little_endian(key->value, 8);
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        if (wide > 3.4028234e38 || wide < -3.4028234e38) return false; /* a conversion out of range is undefined */
        *out = (float)wide;
        return true;
    }
    return false;
}

bool tael__gguf_bool(const tael__gguf *file, const char *name, bool *out)
{
    const tael__gguf_key *key = find(file, name);
    if (!key || key->type != TAEL__GGUF_BOOL) return false;
    *out = key->value[0] != 0;
    return true;
}

bool tael__gguf_text(const tael__gguf *file, const char *name, tael__slice *out)
{
    const tael__gguf_key *key = find(file, name);
    if (!key || key->type != TAEL__GGUF_STRING) return false;
    *out = (tael__slice){(const char *)key->value, (size_t)key->count};
    return true;
}

bool tael__gguf_array(const tael__gguf *file, const char *name, tael__gguf_type *element, uint64_t *count)
{
    const tael__gguf_key *key = find(file, name);
    if (!key || key->type != TAEL__GGUF_ARRAY) return false;
    *element = key->element;
    *count = key->count;
    return true;
}

bool tael__gguf_array_text(const tael__gguf *file, const char *name, tael__gguf_cursor *cursor, tael__slice *out)
{
    const tael__gguf_key *key = find(file, name);
    if (!key || key->type != TAEL__GGUF_ARRAY || key->element != TAEL__GGUF_STRING || cursor->index >= key->count)
        return false;
    TAEL_ASSERT(cursor->offset + 8 <= key->bytes);
    uint64_t length = little_endian(key->value + cursor->offset, 8); /* held against the file by read_array */
    *out = (tael__slice){(const char *)key->value + cursor->offset + 8, (size_t)length};
    cursor->offset += 8 + (size_t)length;
    cursor->index++;
    return true;
}

const void *tael__gguf_array_data(const tael__gguf *file, const char *name, tael__gguf_type element, uint64_t *count)
{
    const tael__gguf_key *key = find(file, name);
    if (!key || key->type != TAEL__GGUF_ARRAY || key->element != element || number_bytes[element] == 0) return NULL;
    *count = key->count;
    return key->value;
}
