// SPDX-License-Identifier: Apache-2.0
// Adapters from GGUF files: pairs of tensors NAME.lora_a and NAME.lora_b for the tensor NAME of the model, and the
// alpha that scales them. Every linear layer of the forward pass goes through tael__apply, which adds what adapters
// add.
#include "model/adapter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/internal.h"

static int compare(const void *a, const void *b)
{
    const tael__adapter *x = a, *y = b;
    if (x->target != y->target) return (uintptr_t)x->target < (uintptr_t)y->target ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static tael_status fail_tensor(const tael__gguf *file, tael__slice name, const char *en, const char *zh)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: the tensor %.*s %s; take the adapter that was made for this model",
                               "%s：张量 %.*s %s；请使用为此模型制作的适配器"),
                      tael__gguf_path(file), (int)name.bytes, name.data, TAEL_SAY(en, zh));
}

static bool text_is(const tael__gguf *file, const char *key, const char *wanted)
{
    tael__slice s;
    return tael__gguf_text(file, key, &s) && s.bytes == strlen(wanted) && memcmp(s.data, wanted, s.bytes) == 0;
}

static tael_status check_kind(const tael__gguf *file, const tael_model *model)
{
    tael__gguf_type type;
    uint64_t n;
    if (!text_is(file, "general.type", "adapter") || !text_is(file, "adapter.type", "lora"))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: it is no LoRA adapter; give one, or open it as a model",
                                   "%s：不是 LoRA 适配器；请换用适配器文件，或把它当作模型打开"),
                          tael__gguf_path(file));
    if (tael__gguf_array(file, "adapter.alora.invocation_tokens", &type, &n))
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: it works after certain tokens only, which Tael doesn't do; take a plain LoRA",
                                   "%s：它仅在特定词元之后生效，Tael 不支持；请使用普通 LoRA"),
                          tael__gguf_path(file));
    if (text_is(file, "general.architecture", model->architecture->name)) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: it was made for another architecture than %s; take the adapter of this model",
                               "%s：它不是为 %s 架构制作的；请使用此模型的适配器"),
                      tael__gguf_path(file), model->architecture->name);
}

/* NAME of "NAME.lora_a" in `name`; false for another ending. */
static bool base_name(char *name, size_t cap, tael__slice full, const char *ending)
{
    size_t end = strlen(ending);
    if (full.bytes <= end || full.bytes - end >= cap || memcmp(full.data + full.bytes - end, ending, end) != 0)
        return false;
    memcpy(name, full.data, full.bytes - end);
    name[full.bytes - end] = '\0';
    return true;
}

static bool fits(const tael__gguf_tensor *t, const tael__gguf_tensor *a, const tael__gguf_tensor *b)
{
    return a->shape[1] > 0 && a->shape[0] == t->shape[0] && b->shape[1] == t->shape[1] && a->shape[1] == b->shape[0] &&
           a->shape[2] == t->shape[2] && b->shape[2] == t->shape[2] && a->shape[3] == 1 && b->shape[3] == 1;
}

static tael__matrix matrix_of(const tael__gguf_tensor *t, size_t i)
{
    return (tael__matrix){.data = t->data + (size_t)t->shape[1] * t->row_bytes * i,
                          .format = t->format,
                          .rows = (size_t)t->shape[1],
                          .cols = (size_t)t->shape[0],
                          .row_bytes = t->row_bytes};
}

/* The pair that begins with `a`: one adapter, or for a tensor of experts one each, at `to`. */
static tael_status read_pair(tael__adapter *to, const tael_model *model, const tael__gguf *file,
                             const tael__gguf_tensor *a, const char *name, float scale)
{
    char second[TAEL__MAX_GGUF_NAME + 8];
    const tael__gguf_tensor *t = tael__gguf_tensor_find(model->file, name);
    snprintf(second, sizeof second, "%s.lora_b", name);
    const tael__gguf_tensor *b = tael__gguf_tensor_find(file, second);
    if (!b) return fail_tensor(file, a->name, "has no second half", "缺少另一半");
    if (!t || !fits(t, a, b)) return fail_tensor(file, a->name, "fits none of the model's", "与模型中的张量不符");
    if (t->data == model->embedding.data || t->data == model->positions.data || t->dims < 2)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: it changes %s, which Tael leaves as it is; take an adapter of linear layers alone",
                     "%s：它修改 %s，Tael 不支持；请使用只修改线性层的适配器"),
            tael__gguf_path(file), name);
    float alpha = (float)a->shape[1];
    (void)tael__gguf_f32(file, "adapter.lora.alpha", &alpha);
    for (size_t i = 0; i < t->shape[2]; i++)
        to[i] = (tael__adapter){.target = matrix_of(t, i).data,
                                .a = matrix_of(a, i),
                                .b = matrix_of(b, i),
                                .scale = scale * alpha / (float)a->shape[1],
                                .order = (uint32_t)model->adapters.file_count};
    return TAEL_OK;
}

static tael_status read_all(tael__adapter *to, const tael_model *model, const tael__gguf *file, float scale)
{
    for (size_t i = 0; i < tael__gguf_tensor_count(file); i++) {
        char name[TAEL__MAX_GGUF_NAME];
        const tael__gguf_tensor *t = tael__gguf_tensor_at(file, i);
        if (base_name(name, sizeof name, t->name, ".lora_b")) continue;
        if (!base_name(name, sizeof name, t->name, ".lora_a"))
            return fail_tensor(file, t->name, "is no half of a pair", "不是成对张量");
        TAEL_TRY(read_pair(to, model, file, t, name, scale));
        to += t->shape[2];
    }
    return TAEL_OK;
}

/* Adapters of the file: one a first half, or one an expert of it. */
static tael_status count_all(size_t *count, const tael__gguf *file)
{
    *count = 0;
    for (size_t i = 0; i < tael__gguf_tensor_count(file); i++) {
        char name[TAEL__MAX_GGUF_NAME];
        const tael__gguf_tensor *t = tael__gguf_tensor_at(file, i);
        if (!base_name(name, sizeof name, t->name, ".lora_a")) continue;
        if (t->shape[2] > TAEL__MAX_EXPERTS || t->shape[1] > TAEL__MAX_WIDTH)
            return fail_tensor(file, t->name, "fits none of the model's", "与模型中的张量不符");
        *count += (size_t)t->shape[2];
    }
    if (*count > 0) return TAEL_OK;
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("%s: it holds no pair of tensors; fetch the adapter again", "%s：没有成对张量；请重新下载适配器"),
        tael__gguf_path(file));
}

/* Takes the file on success. */
static tael_status add(tael_model *model, tael__gguf *file, float scale)
{
    tael__adapters *s = &model->adapters;
    size_t more;
    TAEL_TRY(check_kind(file, model));
    TAEL_TRY(count_all(&more, file));
    tael__adapter *all = tael__alloc_array(s->count + more, sizeof *all);
    tael__gguf **files = tael__alloc_array(s->file_count + 1, sizeof(tael__gguf *));
    tael_status status = all && files ? TAEL_OK : tael__fail_memory("LoRA", (s->count + more) * sizeof *all);
    if (status == TAEL_OK) status = read_all(all + s->count, model, file, scale);
    if (status != TAEL_OK) {
        tael__free(all);
        tael__free(files);
        return status;
    }
    if (s->count > 0) memcpy(all, s->all, s->count * sizeof *all);
    if (s->file_count > 0) memcpy(files, s->files, s->file_count * sizeof *files);
    tael__free(s->all);
    tael__free(s->files);
    s->all = all;
    s->files = files;
    s->count += more;
    s->files[s->file_count++] = file;
    qsort(s->all, s->count, sizeof *s->all, compare);
    for (size_t i = 0; i < s->count; i++) {
        if (all[i].a.rows > s->rank) s->rank = all[i].a.rows;
        if (all[i].b.rows > s->rows) s->rows = all[i].b.rows;
    }
    return TAEL_OK;
}

tael_status tael_model_add_adapter(tael_model *model, const char *path, float scale)
{
    tael__gguf *file;
    if (!model || !path || !(scale >= -1e3f && scale <= 1e3f))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("adapter: it needs an open model, a path, and a scale within -1000 to 1000",
                                   "适配器：需要已打开的模型、路径，以及 -1000 到 1000 之间的比例"));
    TAEL_TRY(tael__gguf_open(&file, path));
    tael_status status = add(model, file, scale);
    if (status != TAEL_OK) tael__gguf_close(file);
    return status;
}

void tael__adapters_close(tael__adapters *s)
{
    for (size_t i = 0; i < s->file_count; i++) tael__gguf_close(s->files[i]);
    tael__free(s->files);
    tael__free(s->all);
    *s = (tael__adapters){0};
}

/* The first adapter of a matrix, or the end of all. */
static const tael__adapter *first_of(const tael__adapters *s, const tael__matrix *m)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)s->all[middle].target < (uintptr_t)m->data)
            low = middle + 1;
        else
            high = middle;
    }
    return s->all + low;
}

bool tael__adapted(const tael__context *c, const tael__matrix *m)
{
    const tael__adapters *s = &c->model->adapters;
    if (!c->adapted) return false;
    const tael__adapter *a = first_of(s, m);
    return a < s->all + s->count && a->target == m->data;
}

typedef struct product {
    const tael__context *c;
    float *y;
    size_t rows;
    float scale;
} product;

static void add_row(void *user, size_t r)
{
    const product *p = user;
    const float *x = p->c->scratch.adapter_product + r * p->rows;
    float *y = p->y + r * p->rows;
    for (size_t i = 0; i < p->rows; i++) y[i] += p->scale * x[i];
}

void tael__apply(tael__context *c, float *const *y, const tael__matrix *matrices, const float *const *bias,
                 size_t count, const float *x, size_t rows)
{
    const tael__adapters *s = &c->model->adapters;
    tael__linear(c->workspace, y, matrices, bias, count, x, rows);
    for (size_t m = 0; c->adapted && m < count; m++) {
        const tael__adapter *a = first_of(s, &matrices[m]), *end = s->all + s->count;
        for (; a < end && a->target == matrices[m].data; a++) {
            product p = {.c = c, .y = y[m], .rows = matrices[m].rows, .scale = a->scale};
            tael__linear(c->workspace, (float *[]){c->scratch.adapter_low}, &a->a, NULL, 1, x, rows);
            tael__linear(c->workspace, (float *[]){c->scratch.adapter_product}, &a->b, NULL, 1, c->scratch.adapter_low,
                         rows);
            tael__each_row(c, rows, add_row, &p);
        }
    }
}
