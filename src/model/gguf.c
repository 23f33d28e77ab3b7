// SPDX-License-Identifier: Apache-2.0
// GGUF, the frame: header, tensor infos, and where each tensor's data lies. Metadata is in gguf_metadata.c, models of
// several files in gguf_split.c.
//
// The file is mapped and used as it lies. A reader that can't leave the bytes is the only way to look into it; a count
// is held against the bytes that are left before anything is allocated for it, so that memory stays within a few times
// the header's own size whatever a file claims.
#include <string.h>

#include "base/limits.h"
#include "model/gguf_internal.h"

#define MAGIC              0x46554747u /* "GGUF", read little-endian */
#define DEFAULT_ALIGNMENT  32
#define SMALLEST_ALIGNMENT 8               /* docs/gguf.md asks for a multiple of 8; so a float never lies across */
#define TENSOR_INFO_BYTES  (8 + 4 + 4 + 8) /* the least that a tensor info takes: name length, dims, type, offset */

/* ---- The reader ---- */

tael_status tael__gguf_cut_short(const tael__gguf_reader *r)
{
    switch (r->section) {
    case TAEL__GGUF_KEY:
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: the file ends within metadata key %llu; it is cut short or damaged: pull it again",
                     "%s：文件在第 %llu 个元数据键处中断；文件不完整或已损坏，请重新拉取"),
            r->path, (unsigned long long)r->number);
    case TAEL__GGUF_TENSOR_INFO:
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: the file ends within tensor info %llu; it is cut short or damaged: pull it again",
                     "%s：文件在第 %llu 个张量信息处中断；文件不完整或已损坏，请重新拉取"),
            r->path, (unsigned long long)r->number);
    default:
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: the file ends within its header; it is cut short or damaged: pull it again",
                                   "%s：文件在文件头处中断；文件不完整或已损坏，请重新拉取"),
                          r->path);
    }
}

static tael_status read_bytes(tael__gguf_reader *r, void *out, size_t n)
{
    if (n > r->bytes - r->at) return tael__gguf_cut_short(r);
    memcpy(out, r->data + r->at, n);
    r->at += n;
    return TAEL_OK;
}

tael_status tael__gguf_read_u32(tael__gguf_reader *r, uint32_t *out)
{
    uint8_t b[4] = {0};
    TAEL_TRY(read_bytes(r, b, sizeof b));
    *out = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return TAEL_OK;
}

tael_status tael__gguf_read_u64(tael__gguf_reader *r, uint64_t *out)
{
    uint32_t low, high;
    TAEL_TRY(tael__gguf_read_u32(r, &low));
    TAEL_TRY(tael__gguf_read_u32(r, &high));
    *out = (uint64_t)high << 32 | low;
    return TAEL_OK;
}

tael_status tael__gguf_skip(tael__gguf_reader *r, uint64_t n, size_t each)
{
    uint64_t left = r->bytes - r->at;
    if (n > left / each) return tael__gguf_cut_short(r);
    r->at += (size_t)n * each;
    return TAEL_OK;
}

tael_status tael__gguf_read_text(tael__gguf_reader *r, tael__slice *out)
{
    uint64_t length;
    TAEL_TRY(tael__gguf_read_u64(r, &length));
    const char *data = (const char *)r->data + r->at;
    TAEL_TRY(tael__gguf_skip(r, length, 1));
    *out = (tael__slice){data, (size_t)length};
    return TAEL_OK;
}

tael__gguf_shown tael__gguf_show(tael__slice name)
{
    tael__gguf_shown shown;
    size_t n = name.bytes < sizeof shown.text - 1 ? name.bytes : sizeof shown.text - 1;
    for (size_t i = 0; i < n; i++) shown.text[i] = name.data[i] >= ' ' && name.data[i] <= '~' ? name.data[i] : '?';
    shown.text[n] = '\0';
    return shown;
}

/* ---- Names in order ---- */

static const tael__slice *name_at(const void *items, size_t each, uint32_t i)
{
    return (const tael__slice *)(const void *)((const char *)items + (size_t)i * each);
}

static int compare(const tael__slice *a, const char *b, size_t b_bytes)
{
    size_t n = a->bytes < b_bytes ? a->bytes : b_bytes;
    int by_bytes = n ? memcmp(a->data, b, n) : 0;
    return by_bytes ? by_bytes : (a->bytes > b_bytes) - (a->bytes < b_bytes);
}

static bool before(const void *items, size_t each, uint32_t a, uint32_t b)
{
    const tael__slice *second = name_at(items, each, b);
    return compare(name_at(items, each, a), second->data, second->bytes) < 0;
}

static void sift(uint32_t *heap, size_t root, size_t n, const void *items, size_t each)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && before(items, each, heap[child], heap[child + 1])) child++;
        if (!before(items, each, heap[root], heap[child])) return;
        uint32_t moved = heap[root];
        heap[root] = heap[child];
        heap[child] = moved;
    }
}

void tael__gguf_order(uint32_t *order, const void *items, size_t n, size_t each, size_t *twice)
{
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t i = n / 2; i-- > 0;) sift(order, i, n, items, each);
    for (size_t end = n; end-- > 1;) {
        uint32_t largest = order[0];
        order[0] = order[end];
        order[end] = largest;
        sift(order, 0, end, items, each);
    }
    *twice = n;
    for (size_t i = 1; i < n && *twice == n; i++)
        if (!before(items, each, order[i - 1], order[i])) *twice = order[i];
}

size_t tael__gguf_find(const uint32_t *order, const void *items, size_t n, size_t each, const char *name)
{
    size_t low = 0, high = n, bytes = strlen(name);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = compare(name_at(items, each, order[middle]), name, bytes);
        if (c == 0) return order[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return n;
}

/* ---- Tensors ---- */

/* Bytes of the tensor's data: rows of whole blocks. */
static tael_status measure(tael__gguf_tensor *t, const char *path)
{
    size_t bytes;
    bool fits = t->shape[0] <= SIZE_MAX && tael__format_row_bytes(&t->row_bytes, t->format, (size_t)t->shape[0]);
    bytes = t->row_bytes;
    for (int i = 1; fits && i < TAEL__MAX_GGUF_DIMS; i++)
        fits = t->shape[i] <= SIZE_MAX && tael__mul_size(&bytes, bytes, (size_t)t->shape[i]);
    if (!fits)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: tensor %s has a shape (%llu x %llu x %llu x %llu) that its format %s cannot hold; the file "
                     "is damaged: "
                     "pull it again",
                     "%s：张量 %s 的形状（%llu x %llu x %llu x %llu）与格式 %s 不符；文件已损坏，请重新拉取"),
            path, tael__gguf_show(t->name).text, (unsigned long long)t->shape[0], (unsigned long long)t->shape[1],
            (unsigned long long)t->shape[2], (unsigned long long)t->shape[3], tael__formats[t->format].name);
    t->bytes = bytes;
    return TAEL_OK;
}

static tael_status read_shape(tael__gguf_tensor *t, tael__gguf_reader *r)
{
    TAEL_TRY(tael__gguf_read_u32(r, &t->dims));
    if (t->dims > TAEL__MAX_GGUF_DIMS)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: tensor %s has %u dimensions, at most %d are known; the file is damaged: pull it again",
                     "%s：张量 %s 有 %u 个维度，最多支持 %d 个；文件已损坏，请重新拉取"),
            r->path, tael__gguf_show(t->name).text, t->dims, TAEL__MAX_GGUF_DIMS);
    for (uint32_t i = 0; i < TAEL__MAX_GGUF_DIMS; i++) {
        t->shape[i] = 1;
        if (i < t->dims) TAEL_TRY(tael__gguf_read_u64(r, &t->shape[i]));
        if (t->shape[i] == 0)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("%s: tensor %s is empty; the file is damaged: pull it again",
                                       "%s：张量 %s 为空；文件已损坏，请重新拉取"),
                              r->path, tael__gguf_show(t->name).text);
    }
    return TAEL_OK;
}

/* The data's offset stays in t->bytes until all infos are read and the data's start is known: see place. */
static tael_status read_tensor(tael__gguf_tensor *t, uint64_t *offset, tael__gguf_reader *r)
{
    uint32_t type;
    TAEL_TRY(tael__gguf_read_text(r, &t->name));
    if (t->name.bytes == 0 || t->name.bytes > TAEL__MAX_GGUF_NAME)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY(
                "%s: tensor info %llu: a name of %zu bytes, 1 to %d are allowed; the file is damaged: pull it again",
                "%s：第 %llu 个张量信息：名称长 %zu 字节，应为 1 到 %d；文件已损坏，请重新拉取"),
            r->path, (unsigned long long)r->number, t->name.bytes, TAEL__MAX_GGUF_NAME);
    TAEL_TRY(read_shape(t, r));
    TAEL_TRY(tael__gguf_read_u32(r, &type));
    TAEL_TRY(tael__gguf_read_u64(r, offset));
    t->format = tael__format_of_gguf(type);
    if (t->format == TAEL__FORMAT_COUNT)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: tensor %s has the type number %u, which Tael does not read; take a file "
                                   "quantised as Q4_K_M or Q8_0",
                                   "%s：张量 %s 的类型号为 %u，Tael 无法读取；请使用 Q4_K_M 或 Q8_0 量化的文件"),
                          r->path, tael__gguf_show(t->name).text, type);
    return measure(t, r->path);
}

/* Is the tensor's data inside the file? Two tensors may share bytes: nothing is ever written there. */
static tael_status place(tael__gguf_tensor *t, uint64_t offset, const tael__gguf *file, const tael__gguf_reader *r,
                         size_t start)
{
    if (offset % file->alignment != 0)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY(
                "%s: tensor %s lies at %llu, no multiple of the alignment %llu; the file is damaged: pull it again",
                "%s：张量 %s 位于 %llu，不是对齐值 %llu 的倍数；文件已损坏，请重新拉取"),
            r->path, tael__gguf_show(t->name).text, (unsigned long long)offset, (unsigned long long)file->alignment);
    size_t room = start <= r->bytes ? r->bytes - start : 0;
    if (t->bytes > room || offset > room - t->bytes)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: the file ends within the data of tensor %s; it is cut short or damaged: pull it again",
                     "%s：文件在张量 %s 的数据处中断；文件不完整或已损坏，请重新拉取"),
            r->path, tael__gguf_show(t->name).text);
    t->data = r->data + start + (size_t)offset;
    return TAEL_OK;
}

tael_status tael__gguf_twice(const tael__gguf *file, size_t tensor)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: there are two tensors named %s; the file is damaged: pull it again",
                               "%s：有两个名为 %s 的张量；文件已损坏，请重新拉取"),
                      file->path, tael__gguf_show(file->tensors[tensor].name).text);
}

static tael_status read_tensors(tael__gguf *file, tael__gguf_reader *r, uint64_t count)
{
    tael_status status = TAEL_OK;
    r->section = TAEL__GGUF_TENSOR_INFO;
    r->number = 1;
    if (count > (r->bytes - r->at) / TENSOR_INFO_BYTES || count > TAEL__MAX_GGUF_TENSORS)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: it claims %llu tensors, more than the file has room for; it is cut short or "
                                   "damaged: pull it again",
                                   "%s：声称有 %llu 个张量，超出文件所能容纳；文件不完整或已损坏，请重新拉取"),
                          r->path, (unsigned long long)count);
    size_t n = (size_t)count, twice;
    file->tensors = tael__alloc_array(n, sizeof *file->tensors);
    file->tensors_by_name = tael__alloc_array(n, sizeof *file->tensors_by_name);
    uint64_t *offsets =
        tael__alloc_array(n, sizeof *offsets); /* from the data's start, which lies behind the last info */
    if (!file->tensors || !file->tensors_by_name || !offsets)
        status = tael__fail_memory(r->path, n * sizeof *file->tensors);
    for (size_t i = 0; status == TAEL_OK && i < n; i++) {
        r->number = i + 1;
        status = read_tensor(&file->tensors[i], &offsets[i], r);
    }
    size_t start;
    if (status == TAEL_OK &&
        !tael__add_size(&start, r->at, (size_t)(file->alignment - r->at % file->alignment) % file->alignment))
        status = tael__gguf_cut_short(r);
    for (size_t i = 0; status == TAEL_OK && i < n; i++) status = place(&file->tensors[i], offsets[i], file, r, start);
    tael__free(offsets);
    if (status != TAEL_OK) return status;

    file->tensor_count = n;
    tael__gguf_order(file->tensors_by_name, file->tensors, n, sizeof *file->tensors, &twice);
    return twice < n ? tael__gguf_twice(file, twice) : TAEL_OK;
}

/* ---- The file ---- */

static tael_status read_header(tael__gguf_reader *r, uint64_t *tensors, uint64_t *keys)
{
    uint32_t magic, version;
    if (r->bytes < sizeof magic || tael__gguf_read_u32(r, &magic) != TAEL_OK || magic != MAGIC)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: not a GGUF file; name a model of `tael models` or the path of a .gguf file",
                                   "%s：不是 GGUF 文件；请给出 `tael models` 中的模型名或 .gguf 文件的路径"),
                          r->path);
    TAEL_TRY(tael__gguf_read_u32(r, &version));
    if (version != 2 && version != 3) {
        bool swapped = version == 2u << 24 || version == 3u << 24;
        return tael__fail(
            TAEL_UNSUPPORTED,
            swapped ? TAEL_SAY("%s is a big-endian GGUF file; Tael reads little-endian ones. Convert it again for a "
                               "little-endian machine",
                               "%s 是大端序 GGUF 文件；Tael 只读小端序。请为小端序机器重新转换")
                    : TAEL_SAY("%s is GGUF version %u; Tael reads 2 and 3. Convert it again with a newer converter",
                               "%s 是 GGUF 第 %u 版；Tael 支持第 2 和第 3 版。请用较新的工具重新转换"),
            r->path, version);
    }
    TAEL_TRY(tael__gguf_read_u64(r, tensors));
    return tael__gguf_read_u64(r, keys);
}

static tael_status read_alignment(tael__gguf *file, const char *path)
{
    uint32_t alignment = DEFAULT_ALIGNMENT;
    bool known = tael__gguf_u32(file, "general.alignment", &alignment);
    bool good = alignment >= SMALLEST_ALIGNMENT && (alignment & (alignment - 1)) == 0;
    if (!good || (!known && tael__gguf_has(file, "general.alignment")))
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: general.alignment is no power of two from 8 on; the file is damaged: pull it again",
                     "%s：general.alignment 不是不小于 8 的 2 的幂；文件已损坏，请重新拉取"),
            path);
    file->alignment = alignment;
    return TAEL_OK;
}

static tael_status parse(tael__gguf *file, const uint8_t *data, size_t bytes)
{
    tael__gguf_reader r = {.data = data, .bytes = bytes, .path = file->path};
    uint64_t tensors = 0, keys = 0;
    file->bytes = bytes;
    TAEL_TRY(read_header(&r, &tensors, &keys));
    TAEL_TRY(tael__gguf_read_keys(file, &r, keys));
    TAEL_TRY(read_alignment(file, file->path));
    return read_tensors(file, &r, tensors);
}

static tael_status make(tael__gguf **out, const char *path)
{
    *out = NULL;
    tael__gguf *file = tael__alloc_zero(sizeof *file);
    if (file) file->path = tael__strdup(path);
    if (!file || !file->path) {
        tael__free(file);
        return tael__fail_memory(path, sizeof *file);
    }
    *out = file;
    return TAEL_OK;
}

tael_status tael__gguf_parse_alone(tael__gguf **out, const uint8_t *data, size_t bytes, const char *path)
{
    tael__gguf *file;
    *out = NULL;
    TAEL_TRY(make(&file, path));
    tael_status status = parse(file, data, bytes);
    if (status == TAEL_OK)
        *out = file;
    else
        tael__gguf_close(file);
    return status;
}

tael_status tael__gguf_open_alone(tael__gguf **out, const char *path)
{
    tael__gguf *file;
    *out = NULL;
    TAEL_TRY(make(&file, path));
    tael_status status = tael__map_open(&file->map, path);
    if (status == TAEL_OK) status = parse(file, file->map.data, file->map.bytes);
    if (status == TAEL_OK)
        *out = file;
    else
        tael__gguf_close(file);
    return status;
}

/* With its parts, or not at all. */
static tael_status complete(tael__gguf **out, tael_status status)
{
    if (status == TAEL_OK) status = tael__gguf_whole(*out);
    if (status == TAEL_OK) return TAEL_OK;
    tael__gguf_close(*out);
    *out = NULL;
    return status;
}

tael_status tael__gguf_parse(tael__gguf **out, const uint8_t *data, size_t bytes, const char *path)
{
    return complete(out, tael__gguf_parse_alone(out, data, bytes, path));
}

tael_status tael__gguf_open(tael__gguf **out, const char *path)
{
    tael_status status = tael__gguf_open_alone(out, path);
    if (status == TAEL_OK) status = tael__gguf_open_parts(*out);
    return complete(out, status);
}

void tael__gguf_close(tael__gguf *file)
{
    if (!file) return;
    for (size_t i = 0; i < file->part_count; i++) tael__gguf_close(file->parts[i]);
    tael__free(file->parts);
    tael__map_close(&file->map);
    tael__free(file->keys);
    tael__free(file->tensors);
    tael__free(file->keys_by_name);
    tael__free(file->tensors_by_name);
    tael__free(file->path);
    tael__free(file);
}

const char *tael__gguf_path(const tael__gguf *file)
{
    return file->path;
}

uint64_t tael__gguf_bytes(const tael__gguf *file)
{
    return file->bytes;
}

size_t tael__gguf_tensor_count(const tael__gguf *file)
{
    return file->tensor_count;
}

const tael__gguf_tensor *tael__gguf_tensor_at(const tael__gguf *file, size_t i)
{
    TAEL_ASSERT(i < file->tensor_count);
    return &file->tensors[i];
}

const tael__gguf_tensor *tael__gguf_tensor_find(const tael__gguf *file, const char *name)
{
    size_t i = tael__gguf_find(file->tensors_by_name, file->tensors, file->tensor_count, sizeof *file->tensors, name);
    return i < file->tensor_count ? &file->tensors[i] : NULL;
}
