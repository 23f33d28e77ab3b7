// SPDX-License-Identifier: Apache-2.0
// Importances: how large the inputs of each matrix are on real text, column by column, as llama.cpp's llama-imatrix
// collects them. A GGUF file has for each matrix a tensor NAME.in_sum2, sums of squares; the older form is a list of
// counts, names and numbers. Only the ratio of columns to each other counts here, so neither is divided by anything.
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "model/gguf_internal.h"
#include "model/quantize_internal.h"

typedef struct entry {
    tael__slice name; /* first, for tael__gguf_order */
    float *values;    /* owned */
    size_t count;
} entry;

struct tael__imatrix {
    char *path;
    tael__map map;    /* of the older form */
    tael__gguf *file; /* of the GGUF form */
    entry *entries;
    uint32_t *by_name;
    size_t count;
};

static tael_status damaged(const tael__imatrix *m)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: this is no importance matrix, or it is damaged; make it with llama-imatrix",
                               "%s：不是重要性矩阵，或已损坏；请用 llama-imatrix 生成"),
                      m->path);
}

/* Numbers from unaligned bytes; all must be finite and not negative. */
static tael_status take(tael__imatrix *m, entry *e, tael__slice name, const void *numbers, size_t count)
{
    e->name = name;
    e->values = tael__alloc_array(count, sizeof *e->values);
    if (!e->values) return tael__fail_memory(m->path, count * sizeof *e->values);
    e->count = count;
    memcpy(e->values, numbers, count * sizeof *e->values);
    for (size_t i = 0; i < count; i++)
        if (!(e->values[i] >= 0 && e->values[i] <= 3e38f)) return damaged(m);
    return TAEL_OK;
}

static tael_status read_gguf(tael__imatrix *m)
{
    static const char ending[] = ".in_sum2";
    const size_t end = sizeof ending - 1;
    TAEL_TRY(tael__gguf_open(&m->file, m->path));
    m->entries = tael__alloc_array(tael__gguf_tensor_count(m->file), sizeof *m->entries);
    if (!m->entries) return tael__fail_memory(m->path, 0);
    for (size_t i = 0; i < tael__gguf_tensor_count(m->file); i++) {
        const tael__gguf_tensor *t = tael__gguf_tensor_at(m->file, i);
        if (t->format != TAEL__FORMAT_f32 || t->name.bytes <= end ||
            memcmp(t->name.data + t->name.bytes - end, ending, end) != 0)
            continue;
        tael__slice name = {t->name.data, t->name.bytes - end};
        TAEL_TRY(take(m, &m->entries[m->count++], name, t->data, t->bytes / sizeof(float)));
    }
    return TAEL_OK;
}

/* count, then for each: bytes of the name, name, calls, count of numbers, numbers; all 32 bits, little endian. What
 * follows the last is a note of how it was made. */
static tael_status read_older(tael__imatrix *m)
{
    tael__gguf_reader r = {.path = m->path};
    TAEL_TRY(tael__map_open(&m->map, m->path));
    r.data = m->map.data;
    r.bytes = m->map.bytes;
    uint32_t count;
    if (tael__gguf_read_u32(&r, &count) != TAEL_OK || count == 0 || count > TAEL__MAX_GGUF_TENSORS ||
        count > r.bytes / 12)
        return damaged(m);
    m->entries = tael__alloc_array(count, sizeof *m->entries);
    if (!m->entries) return tael__fail_memory(m->path, count * sizeof *m->entries);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t name_bytes, calls, numbers;
        if (tael__gguf_read_u32(&r, &name_bytes) != TAEL_OK) return damaged(m);
        tael__slice name = {(const char *)r.data + r.at, name_bytes};
        if (name_bytes == 0 || name_bytes > TAEL__MAX_GGUF_NAME || tael__gguf_skip(&r, name_bytes, 1) != TAEL_OK ||
            tael__gguf_read_u32(&r, &calls) != TAEL_OK || tael__gguf_read_u32(&r, &numbers) != TAEL_OK || numbers == 0)
            return damaged(m);
        const uint8_t *at = r.data + r.at;
        if (tael__gguf_skip(&r, numbers, sizeof(float)) != TAEL_OK) return damaged(m);
        TAEL_TRY(take(m, &m->entries[m->count++], name, at, numbers));
    }
    return TAEL_OK;
}

static tael_status open_either(tael__imatrix *m)
{
    size_t twice;
    tael__map start;
    TAEL_TRY(tael__map_open(&start, m->path));
    bool gguf = start.bytes >= 4 && memcmp(start.data, "GGUF", 4) == 0;
    tael__map_close(&start);
    TAEL_TRY(gguf ? read_gguf(m) : read_older(m));
    if (m->count == 0) return damaged(m);
    m->by_name = tael__alloc_array(m->count, sizeof *m->by_name);
    if (!m->by_name) return tael__fail_memory(m->path, m->count * sizeof *m->by_name);
    tael__gguf_order(m->by_name, m->entries, m->count, sizeof *m->entries, &twice);
    return twice < m->count ? damaged(m) : TAEL_OK;
}

tael_status tael__imatrix_open(tael__imatrix **out, const char *path)
{
    *out = NULL;
    tael__imatrix *m = tael__alloc_zero(sizeof *m);
    if (m) m->path = tael__strdup(path);
    tael_status status = m && m->path ? open_either(m) : tael__fail_memory(path, sizeof *m);
    if (status == TAEL_OK)
        *out = m;
    else
        tael__imatrix_close(m);
    return status;
}

void tael__imatrix_close(tael__imatrix *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->count; i++) tael__free(m->entries[i].values);
    tael__free(m->entries);
    tael__free(m->by_name);
    tael__gguf_close(m->file);
    tael__map_close(&m->map);
    tael__free(m->path);
    tael__free(m);
}

tael_status tael__imatrix_find(const tael__imatrix *m, tael__recoded *t)
{
    char name[TAEL__MAX_GGUF_NAME + 1];
    if (t->dims < 2 || t->name.bytes >= sizeof name) return TAEL_OK;
    memcpy(name, t->name.data, t->name.bytes);
    name[t->name.bytes] = '\0';
    size_t i = tael__gguf_find(m->by_name, m->entries, m->count, sizeof *m->entries, name);
    if (i == m->count) return TAEL_OK;
    const entry *e = &m->entries[i];
    size_t planes = t->rows / (size_t)t->shape[1]; /* shapes hold no 0 */
    bool each = e->count / t->cols == planes, one = e->count == t->cols;
    if (e->count % t->cols != 0 || (!each && !one))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: %s has %zu numbers there and %zu columns here; it was made for another model",
                                   "%s：%s 在其中有 %zu 个数，而此处有 %zu 列；它属于另一个模型"),
                          m->path, name, e->count, t->cols);
    t->importance = e->values;
    t->planes = one ? 1 : planes;
    return TAEL_OK;
}
