// SPDX-License-Identifier: Apache-2.0
// Quantising a model: tensors pass through one after another, some rows at a time; threads take rows, each decoding one
// to f32 and encoding it, and what they made is written in order. Which thread took a row changes no bit.
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/file_out.h"
#include "base/threads.h"
#include "compute/encode.h"
#include "compute/kernels.h"
#include "model/quantize_internal.h"

enum { CHUNK_BYTES = 1 << 22 }; /* encoded at a time: enough rows for every thread */

/* ---- Sources ---- */

bool tael__recoded_measure(tael__recoded *t)
{
    size_t rows = 1;
    bool fits = t->shape[0] <= SIZE_MAX;
    for (int i = 1; fits && i < 4; i++)
        fits = t->shape[i] <= SIZE_MAX && tael__mul_size(&rows, rows, (size_t)t->shape[i]);
    t->cols = (size_t)t->shape[0];
    t->rows = rows;
    t->planes = 1;
    return fits && tael__format_row_bytes(&t->from_row, t->from, t->cols);
}

/* ARCHITECTURE.key as a number, 0 where it isn't one. */
static uint32_t number_of(const tael__gguf *file, const char *key)
{
    char full[128];
    tael__slice architecture;
    uint32_t value = 0;
    if (!tael__gguf_text(file, "general.architecture", &architecture) || architecture.bytes > 64) return 0;
    snprintf(full, sizeof full, "%.*s.%s", (int)architecture.bytes, architecture.data, key);
    return tael__gguf_u32(file, full, &value) ? value : 0;
}

tael_status tael__source_of_gguf(tael__quantize_source *s, const char *path)
{
    static const char *const replaced[] = {"general.file_type", "general.quantization_version", "general.alignment",
                                           "split.", NULL};
    TAEL_TRY(tael__gguf_open(&s->file, path));
    s->count = tael__gguf_tensor_count(s->file);
    s->tensors = tael__alloc_array(s->count, sizeof *s->tensors);
    if (!s->tensors) return tael__fail_memory(path, s->count * sizeof *s->tensors);
    for (size_t i = 0; i < s->count; i++) {
        const tael__gguf_tensor *from = tael__gguf_tensor_at(s->file, i);
        tael__recoded *t = &s->tensors[i];
        *t = (tael__recoded){.name = from->name, .dims = from->dims, .from = from->format, .data = from->data};
        memcpy(t->shape, from->shape, sizeof t->shape);
        bool fits = tael__recoded_measure(t);
        TAEL_ASSERT(fits); /* the parser has held the shape against the file */
        (void)fits;
    }
    s->layers = number_of(s->file, "block_count");
    s->heads = number_of(s->file, "attention.head_count");
    s->kv_heads = number_of(s->file, "attention.head_count_kv");
    s->ties = !tael__gguf_tensor_find(s->file, "output.weight");
    tael__gguf_put_keys_of(&s->out, s->file, replaced);
    return TAEL_OK;
}

void tael__source_close(tael__quantize_source *s)
{
    tael__gguf_out_free(&s->out);
    tael__free(s->tensors);
    tael__gguf_close(s->file);
    tael__checkpoint_close(s->checkpoint);
}

/* ---- One tensor ---- */

typedef struct work {
    const tael__recoded *t;
    tael__dequantize_fn *decode;
    tael__encode_fn *encode;
    uint8_t *out;      /* encoded rows */
    float *rows;       /* of each thread: widest row */
    size_t row_floats; /* from one thread's row to the next */
    size_t first, count;
    atomic_size_t next;
    atomic_bool bad; /* a number that is none */
} work;

/* A row of q or k in llama's GGUF files: RoPE turns neighbours there, halves in what was trained. */
static size_t source_row(const tael__recoded *t, size_t row)
{
    if (t->turned_heads == 0) return row;
    size_t size = t->rows / t->turned_heads, head = row / size, at = row % size;
    return head * size + at % 2 * (size / 2) + at / 2;
}

static bool all_finite(const float *x, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * 0.0f; /* 0, or NaN */
    return sum == 0;
}

static void recode_part(void *user, uint32_t index, uint32_t count)
{
    work *w = user;
    const tael__recoded *t = w->t;
    float *row = w->rows + index * w->row_floats;
    (void)count;
    for (size_t i; (i = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed)) < w->count;) {
        size_t r = w->first + i;
        const float *importance = t->importance ? t->importance + r / (t->rows / t->planes) * t->cols : NULL;
        w->decode(row, t->data + source_row(t, r) * t->from_row, t->cols);
        if (!all_finite(row, t->cols)) {
            atomic_store(&w->bad, true);
            return;
        }
        w->encode(w->out + i * t->to_row, row, importance, t->cols);
    }
}

/* A run of quantising, and how far it is. */
typedef struct run {
    const tael_quantize_options *options;
    const char *input;
    tael__pool *pool;
    tael__file_out file;
    uint8_t *chunk;
    float *rows;
    size_t chunk_bytes, row_floats;
    uint64_t done, total; /* bytes of the input */
    double began;
} run;

static tael_status tell(run *r)
{
    double seconds = tael__clock_seconds() - r->began;
    tael_progress p = {.done_bytes = r->done, .total_bytes = r->total, .source = r->input, .stage = "quantizing"};
    p.bytes_per_second = seconds > 0 ? (double)r->done / seconds : 0;
    p.seconds_left = p.bytes_per_second > 0 ? (double)(r->total - r->done) / p.bytes_per_second : -1;
    if (!r->options->progress || r->options->progress(&p, r->options->user) == 0) return TAEL_OK;
    return tael__fail(TAEL_CANCELLED,
                      TAEL_SAY("%s: quantising was cancelled; nothing was written", "%s：量化已取消；没有写入任何文件"),
                      r->input);
}

static tael_status no_numbers(const run *r, const tael__recoded *t)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: tensor %.*s holds infinities or no numbers; the file is damaged: fetch it again",
                               "%s：张量 %.*s 含有无穷大或非数值；文件已损坏，请重新获取"),
                      r->input, (int)(t->name.bytes < 64 ? t->name.bytes : 64), t->name.data);
}

static tael_status recode(run *r, const tael__recoded *t)
{
    size_t most = r->chunk_bytes / t->to_row;
    bool same = t->from == t->to && t->turned_heads == 0;
    work w = {.t = t, .out = r->chunk, .rows = r->rows, .row_floats = r->row_floats};
    w.decode = tael__kernels_get()->dequantize[t->from];
    w.encode = tael__encode_of(t->to);
    for (; w.first < t->rows; w.first += w.count) {
        w.count = t->rows - w.first < most ? t->rows - w.first : most;
        const void *made = r->chunk;
        if (same) {
            made = t->data + w.first * t->from_row;
        } else {
            atomic_store(&w.next, 0);
            tael__pool_run(r->pool, recode_part, &w);
            if (atomic_load(&w.bad)) return no_numbers(r, t);
        }
        TAEL_TRY(tael__file_out_write(&r->file, made, w.count * t->to_row));
        r->done += (uint64_t)w.count * t->from_row;
        TAEL_TRY(tell(r));
    }
    static const char zeros[TAEL__GGUF_ALIGNMENT];
    size_t over = t->rows * t->to_row % TAEL__GGUF_ALIGNMENT;
    return over ? tael__file_out_write(&r->file, zeros, TAEL__GGUF_ALIGNMENT - over) : TAEL_OK;
}

/* ---- All of them ---- */

static tael_status choose(tael__quantize_source *s, const tael__mixture *mixture, const tael__imatrix *importance,
                          const char *input, tael_quantize_report *report)
{
    for (size_t i = 0; i < s->count; i++) {
        tael__recoded *t = &s->tensors[i];
        bool fell;
        size_t bytes;
        if (importance) TAEL_TRY(tael__imatrix_find(importance, t));
        t->to = tael__mixture_format(mixture, s, t, importance != NULL, &fell);
        bool fits = tael__format_row_bytes(&t->to_row, t->to, t->cols) && tael__mul_size(&bytes, t->to_row, t->rows) &&
                    tael__gguf_put_tensor(&s->out, t->name, t->dims, t->shape, t->to, bytes);
        if (!fits)
            return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: it is too large for this machine", "%s：对本机来说太大"),
                              input);
        report->weights += (uint64_t)t->rows * t->cols;
        report->input_bytes += (uint64_t)t->rows * t->from_row;
        report->encoded += t->to != t->from;
        report->fallbacks += fell;
    }
    report->tensors = (uint32_t)s->count;
    return TAEL_OK;
}

static tael_status make_room(run *r, const tael__quantize_source *s)
{
    r->chunk_bytes = CHUNK_BYTES;
    for (size_t i = 0; i < s->count; i++) {
        if (s->tensors[i].to_row > r->chunk_bytes) r->chunk_bytes = s->tensors[i].to_row;
        if (s->tensors[i].cols > r->row_floats) r->row_floats = s->tensors[i].cols;
    }
    size_t bytes;
    bool fits = tael__add_size(&r->row_floats, r->row_floats, 16) &&
                tael__mul_size(&bytes, r->row_floats, tael__pool_threads(r->pool));
    r->chunk = tael__alloc(r->chunk_bytes);
    r->rows = fits ? tael__alloc_array(bytes, sizeof *r->rows) : NULL;
    return r->chunk && r->rows ? TAEL_OK : tael__fail_memory(r->input, r->chunk_bytes);
}

static tael_status write_model(run *r, const tael__quantize_source *s, const char *output, uint64_t *file_bytes)
{
    tael__buffer head = {.max = TAEL__GGUF_OUT_MOST};
    tael_status status = tael__gguf_out_head(&s->out, &head);
    if (status == TAEL_OK) status = tael__file_out_begin(&r->file, output);
    if (status == TAEL_OK) status = tael__file_out_write(&r->file, head.data, head.size);
    *file_bytes = head.size + s->out.data_bytes;
    tael__buffer_free(&head);
    for (size_t i = 0; status == TAEL_OK && i < s->count; i++) status = recode(r, &s->tensors[i]);
    if (status == TAEL_OK) status = tael__file_out_finish(&r->file);
    tael__file_out_abandon(&r->file);
    return status;
}

static tael_status quantize(const char *input, const char *output, const tael_quantize_options *o,
                            const tael__mixture *mixture, tael_quantize_report *report)
{
    tael__quantize_source s = {.out = TAEL__GGUF_OUT};
    tael__imatrix *importance = NULL;
    run r = {.options = o, .input = input, .file = {.fd = -1}, .began = tael__clock_seconds()};
    tael_status status =
        tael__is_checkpoint(input) ? tael__source_of_checkpoint(&s, input) : tael__source_of_gguf(&s, input);
    if (status == TAEL_OK && o->imatrix) status = tael__imatrix_open(&importance, o->imatrix);
    s.pure = o->pure;
    if (status == TAEL_OK) status = choose(&s, mixture, importance, input, report);
    if (status == TAEL_OK) status = tael__pool_open(&r.pool, o->threads);
    if (status == TAEL_OK) status = make_room(&r, &s);
    if (status == TAEL_OK) {
        tael__gguf_put_u32(&s.out, "general.file_type", tael__mixture_file_type(mixture));
        tael__gguf_put_u32(&s.out, "general.quantization_version", 2);
        r.total = report->input_bytes;
        status = write_model(&r, &s, output, &report->file_bytes);
    }
    tael__free(r.chunk);
    tael__free(r.rows);
    tael__pool_close(r.pool);
    tael__imatrix_close(importance);
    tael__source_close(&s);
    return status;
}

tael_status tael_quantize(const char *input, const char *output, const tael_quantize_options *options,
                          tael_quantize_report *report)
{
    if (!input || !output || !options || options->size != sizeof *options || !report || report->size != sizeof *report)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_quantize: something is missing, or a size is not set",
                                                "tael_quantize：缺少参数，或未设置 size"));
    *report = (tael_quantize_report){.size = sizeof *report};
    const char *to = options->to ? options->to : "Q4_K_M";
    const tael__mixture *mixture = tael__mixture_named(to);
    if (!mixture)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("%s: no such kind; choose one of %s", "%s：没有这种格式；请选择 %s"),
                          to, tael_quantize_kinds());
    return quantize(input, output, options, mixture, report);
}
