// SPDX-License-Identifier: Apache-2.0
// Safetensors, read from a map.
#include "model/safetensors.h"

#include <jansson.h>
#include <string.h>

#include "base/limits.h"

struct tael__safetensors {
    char *path;
    tael__map map;
    json_t *header; /* names live here */
    tael__safetensor *tensors;
    size_t count;
};

static tael_status damaged(const char *path, const char *name)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: %.64s is no part of a whole safetensors file; it is cut short or damaged: fetch it "
                               "again",
                               "%s：%.64s 不属于完整的 safetensors 文件；文件不完整或已损坏，请重新获取"),
                      path, name);
}

static tael_status read_format(tael__safetensor *t, const json_t *about, const char *path)
{
    static const struct {
        const char *name;
        tael__format format;
    } known[] = {{"F32", TAEL__FORMAT_f32}, {"F16", TAEL__FORMAT_f16}, {"BF16", TAEL__FORMAT_bf16}};
    const char *type = json_string_value(json_object_get(about, "dtype"));
    if (!type) return damaged(path, t->name);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(type, known[i].name) == 0) {
            t->format = known[i].format;
            return TAEL_OK;
        }
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: tensor %.64s is %.16s; Tael reads F32, F16 and BF16",
                               "%s：张量 %.64s 的类型为 %.16s；Tael 支持 F32、F16 和 BF16"),
                      path, t->name, type);
}

/* A whole number of the header, which must fit in 63 bits and not be negative. */
static bool number_at(uint64_t *out, const json_t *list, size_t i)
{
    const json_t *n = json_array_get(list, i);
    if (!json_is_integer(n) || json_integer_value(n) < 0) return false;
    *out = (uint64_t)json_integer_value(n);
    return true;
}

static tael_status read_tensor(tael__safetensor *t, const json_t *about, const uint8_t *data, size_t bytes,
                               const char *path)
{
    const json_t *shape = json_object_get(about, "shape"), *offsets = json_object_get(about, "data_offsets");
    uint64_t from, to;
    TAEL_TRY(read_format(t, about, path));
    size_t dims = json_array_size(shape), size;
    if (!json_is_array(shape) || dims > 4 || json_array_size(offsets) != 2 || !number_at(&from, offsets, 0) ||
        !number_at(&to, offsets, 1) || from > to || to > bytes)
        return damaged(path, t->name);
    t->dims = dims ? (uint32_t)dims : 1;
    size = tael__formats[t->format].block_bytes;
    for (size_t i = 0; i < 4; i++) t->shape[i] = 1;
    for (size_t i = 0; i < dims; i++) {
        uint64_t *n = &t->shape[dims - 1 - i];
        if (!number_at(n, shape, i) || *n == 0 || *n > SIZE_MAX || !tael__mul_size(&size, size, (size_t)*n))
            return damaged(path, t->name);
    }
    if (size != to - from) return damaged(path, t->name);
    t->data = data + from;
    return TAEL_OK;
}

static tael_status parse(tael__safetensors *file, const uint8_t *data, size_t bytes)
{
    uint64_t header = 0;
    for (size_t i = 0; i < 8 && i < bytes; i++) header |= (uint64_t)data[i] << 8 * i;
    if (bytes < 8 || header > bytes - 8 || header > TAEL__MAX_TEXT_FILE_BYTES) return damaged(file->path, "header");
    file->header = json_loadb((const char *)data + 8, (size_t)header, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(file->header) || json_object_size(file->header) > TAEL__MAX_GGUF_TENSORS)
        return damaged(file->path, "header");
    file->tensors = tael__alloc_array(json_object_size(file->header), sizeof *file->tensors);
    if (!file->tensors) return tael__fail_memory(file->path, 0);
    const char *name;
    json_t *about;
    json_object_foreach(file->header, name, about)
    {
        if (strcmp(name, "__metadata__") == 0) continue;
        tael__safetensor *t = &file->tensors[file->count];
        t->name = name;
        TAEL_TRY(read_tensor(t, about, data + 8 + header, bytes - 8 - (size_t)header, file->path));
        file->count++;
    }
    return TAEL_OK;
}

static tael_status open_either(tael__safetensors **out, const uint8_t *data, size_t bytes, const char *path)
{
    *out = NULL;
    tael__safetensors *file = tael__alloc_zero(sizeof *file);
    if (file) file->path = tael__strdup(path);
    tael_status status = file && file->path ? TAEL_OK : tael__fail_memory(path, sizeof *file);
    if (status == TAEL_OK && !data) {
        status = tael__map_open(&file->map, path);
        data = file->map.data;
        bytes = file->map.bytes;
    }
    if (status == TAEL_OK) status = parse(file, data, bytes);
    if (status == TAEL_OK)
        *out = file;
    else
        tael__safetensors_close(file);
    return status;
}

tael_status tael__safetensors_open(tael__safetensors **out, const char *path)
{
    return open_either(out, NULL, 0, path);
}

tael_status tael__safetensors_parse(tael__safetensors **out, const uint8_t *data, size_t bytes, const char *path)
{
    return open_either(out, data, bytes, path);
}

void tael__safetensors_close(tael__safetensors *file)
{
    if (!file) return;
    json_decref(file->header);
    tael__free(file->tensors);
    tael__map_close(&file->map);
    tael__free(file->path);
    tael__free(file);
}

size_t tael__safetensors_count(const tael__safetensors *file)
{
    return file->count;
}

const tael__safetensor *tael__safetensors_at(const tael__safetensors *file, size_t i)
{
    TAEL_ASSERT(i < file->count);
    return &file->tensors[i];
}
