// SPDX-License-Identifier: Apache-2.0
/* A linear layer over a pool of threads. Rows are cut into chunks. Each thread has a share of neighbouring chunks and
 * goes through it from the front: what is fetched ahead is then what the same core needs next (taking turns, a quarter
 * of two cores' bandwidth went to lines that the other had use for). Times a vector, a thread takes half of what it has
 * left, for kernels read long runs faster (x86/matvec_rows.h). Who is done first helps the others from the back of
 * theirs, so that a slower core, or one that does something else, doesn't hold up the rest. Which thread took a chunk
 * changes no bit: kernels compute each y from its own row and token alone. */
#include "compute/linear.h"

#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "compute/panel.h"

/* Up to here products straight from the blocks are faster than unpacking them for all tokens. */
#define MATVEC_TOKENS TAEL__MATVEC_TOKENS
/* A chunk of a matrix times a vector, the least that a thread takes: short enough to end together. */
#define CHUNK_BYTES     16384
#define CHUNKS_A_THREAD 8

/* The chunks first..end-1 that a thread has left, in one word: first << 32 | end. */
typedef struct share {
    _Alignas(64) atomic_uint_fast64_t left;
} share;

struct tael__workspace {
    tael__pool *pool; /* borrowed */
    size_t max_cols, max_tokens;
    void *memory[TAEL__ACT_COUNT]; /* owned; calloc'ed and aligned by hand, so that pages nobody uses stay untouched */
    char *act[TAEL__ACT_COUNT];    /* quantised rows */
    void *scratch_memory;
    char *scratch; /* of each thread, scratch_bytes apart */
    size_t scratch_bytes;
    share shares[TAEL__MAX_THREADS]; /* of each thread, in the call under way */
};

typedef struct job {
    tael__workspace *w;
    const tael__kernels *kernels;
    float *const *y;
    const tael__matrix *matrices;
    const float *const *bias;
    size_t count, tokens, cols;
    const float *x;
    size_t chunk[TAEL__LINEAR_MOST]; /* rows of a chunk of each matrix */
    size_t chunks;                   /* of all matrices */
    bool kinds[TAEL__ACT_COUNT];     /* which ones the matrices take */
    atomic_size_t next;              /* token to quantise */
} job;

static void *align_up(void *p)
{
    return (void *)(((uintptr_t)p + 63) & ~(uintptr_t)63);
}

static bool aligned_room(void **memory, char **aligned, size_t n, size_t each)
{
    size_t bytes;
    if (!tael__mul_size(&bytes, n, each) || !tael__add_size(&bytes, bytes, 64)) return false;
    *memory = tael__alloc_zero(bytes);
    *aligned = *memory ? align_up(*memory) : NULL;
    return *memory != NULL;
}

tael_status tael__workspace_open(tael__workspace **out, tael__pool *pool, size_t max_cols, size_t max_tokens)
{
    *out = NULL;
    tael__workspace *w = tael__alloc_aligned(sizeof *w);
    if (!w) return tael__fail_memory("workspace", sizeof *w);
    w->pool = pool;
    w->max_cols = max_cols;
    w->max_tokens = max_tokens;
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++) {
        size_t bytes = tael__matmul_scratch_bytes((tael__format)f, max_cols);
        if (bytes > w->scratch_bytes) w->scratch_bytes = bytes;
    }
    bool fits = aligned_room(&w->scratch_memory, &w->scratch, tael__pool_threads(pool), w->scratch_bytes);
    for (int k = 0; k < TAEL__ACT_COUNT && fits; k++) {
        /* f32 rows are copied only for matvec, which asks for alignment; matmul reads the caller's. */
        size_t rows = k == TAEL__ACT_f32 ? MATVEC_TOKENS : max_tokens;
        fits = aligned_room(&w->memory[k], &w->act[k], rows, tael__act_row_bytes((tael__act_kind)k, max_cols));
    }
    if (!fits) {
        tael__workspace_close(w);
        return tael__fail_memory("workspace", max_cols * max_tokens * 4);
    }
    *out = w;
    return TAEL_OK;
}

void tael__workspace_close(tael__workspace *w)
{
    if (!w) return;
    for (int k = 0; k < TAEL__ACT_COUNT; k++) tael__free(w->memory[k]);
    tael__free(w->scratch_memory);
    tael__free(w);
}

static void quantize_token(const job *j, size_t t)
{
    for (int k = 0; k < TAEL__ACT_COUNT; k++) {
        if (!j->kinds[k]) continue;
        char *row = j->w->act[k] + t * tael__act_row_bytes((tael__act_kind)k, j->cols);
        j->kernels->quantize[k](row, j->x + t * j->cols, j->cols);
    }
}

static void quantize_part(void *user, uint32_t index, uint32_t count)
{
    job *j = user;
    (void)index;
    (void)count;
    for (size_t t; (t = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed)) < j->tokens;)
        quantize_token(j, t);
}

/* What the kernel for so many tokens takes. */
static tael__act_kind act_kind(const job *j, tael__format format)
{
    return j->tokens <= MATVEC_TOKENS ? tael__formats[format].act : j->kernels->matmul_act[format];
}

/* Rows first..first+n of one matrix for all tokens, with their bias. */
static void multiply_rows(const job *j, size_t m, size_t first, size_t n, char *scratch)
{
    const tael__matrix *a = &j->matrices[m];
    tael__act_kind kind = act_kind(j, a->format);
    const char *weights = (const char *)a->data + first * a->row_bytes, *x = j->w->act[kind];
    size_t stride = tael__act_row_bytes(kind, j->cols);
    float *y = j->y[m] + first;
    if (j->tokens <= MATVEC_TOKENS) {
        j->kernels->matvec[a->format](y, a->rows, weights, x, stride, n, j->cols, j->tokens);
    } else {
        if (kind == TAEL__ACT_f32) {
            x = (const char *)j->x;
            stride = j->cols * sizeof *j->x;
        }
        j->kernels->matmul[a->format](y, a->rows, weights, x, stride, n, j->cols, j->tokens, scratch);
    }
    if (!j->bias || !j->bias[m]) return;
    for (size_t t = 0; t < j->tokens; t++) j->kernels->add(y + t * a->rows, j->bias[m] + first, n);
}

/* Chunks c..c+n-1, counted through all matrices. */
static void multiply_chunks(const job *j, size_t c, size_t n, char *scratch)
{
    for (size_t m = 0; m < j->count && n > 0; m++) {
        size_t each = j->chunk[m], chunks = (j->matrices[m].rows + each - 1) / each;
        if (c >= chunks) {
            c -= chunks;
            continue;
        }
        size_t here = n < chunks - c ? n : chunks - c, left = j->matrices[m].rows - c * each;
        multiply_rows(j, m, c * each, left < here * each ? left : here * each, scratch);
        n -= here;
        c = 0;
    }
}

/* Takes chunks from the front of one's own share, or one from the back of another's; returns how many. */
static size_t take(const job *j, share *s, bool own, size_t *first)
{
    uint_fast64_t left = atomic_load_explicit(&s->left, memory_order_relaxed);
    for (;;) {
        uint32_t from = (uint32_t)(left >> 32), end = (uint32_t)left, n = 1;
        if (from >= end) return 0;
        if (own && j->tokens <= MATVEC_TOKENS) n = (end - from + 1) / 2;
        *first = own ? from : end - n;
        if (atomic_compare_exchange_weak_explicit(&s->left, &left, own ? left + ((uint64_t)n << 32) : left - n,
                                                  memory_order_relaxed, memory_order_relaxed))
            return n;
    }
}

static void multiply_part(void *user, uint32_t index, uint32_t count)
{
    job *j = user;
    char *scratch = j->w->scratch + index * j->w->scratch_bytes;
    for (uint32_t i = 0; i < count; i++)
        for (size_t c, n; (n = take(j, &j->w->shares[(index + i) % count], i == 0, &c)) > 0;)
            multiply_chunks(j, c, n, scratch);
}

static void share_out(const job *j)
{
    size_t threads = tael__pool_threads(j->w->pool);
    for (size_t i = 0; i < threads; i++) {
        uint64_t first = j->chunks * i / threads, end = j->chunks * (i + 1) / threads;
        atomic_store_explicit(&j->w->shares[i].left, first << 32 | end, memory_order_relaxed);
    }
}

/* Chunks are multiples of what the kernels take at once: four rows in matvec, 16 in matmul. */
static size_t chunk_rows(const job *j, const tael__matrix *a, size_t threads)
{
    if (j->tokens <= MATVEC_TOKENS) return (CHUNK_BYTES / a->row_bytes + 4) & ~(size_t)3;
    /* Many rows at once, for each chunk reads all tokens again; tiles want them most. */
    bool tiles = act_kind(j, a->format) == TAEL__ACT_bf16 && j->tokens > 64;
    size_t rows = TAEL__MATMUL_ROWS, fair = a->rows / (threads * (tiles ? 3 : CHUNKS_A_THREAD));
    if (rows > fair) rows = fair;
    rows = (rows + 15) & ~(size_t)15;
    return rows ? rows : 16;
}

void tael__linear(tael__workspace *w, float *const *y, const tael__matrix *matrices, const float *const *bias,
                  size_t count, const float *x, size_t tokens)
{
    TAEL_ASSERT(count > 0 && count <= TAEL__LINEAR_MOST);
    TAEL_ASSERT(tokens <= w->max_tokens && matrices[0].cols <= w->max_cols);
    job j = {.w = w, .kernels = tael__kernels_get(), .y = y, .matrices = matrices, .bias = bias, .count = count};
    j.tokens = tokens;
    j.cols = matrices[0].cols;
    j.x = x;
    if (tokens == 0) return;
    for (size_t m = 0; m < count; m++) {
        tael__act_kind kind = act_kind(&j, matrices[m].format);
        TAEL_ASSERT(matrices[m].cols == j.cols);
        if (kind != TAEL__ACT_f32 || tokens <= MATVEC_TOKENS) j.kinds[kind] = true;
        j.chunk[m] = chunk_rows(&j, &matrices[m], tael__pool_threads(w->pool));
        j.chunks += (matrices[m].rows + j.chunk[m] - 1) / j.chunk[m];
    }
    /* One row takes less time than waking others for it. */
    if (tokens <= MATVEC_TOKENS) {
        for (size_t t = 0; t < tokens; t++) quantize_token(&j, t);
    } else {
        tael__pool_run(w->pool, quantize_part, &j);
    }
    share_out(&j);
    tael__pool_run(w->pool, multiply_part, &j);
}
/* Rows here and there of one matrix: what tael__linear_rows hands to the threads. */
typedef struct picked {
    const tael__kernels *kernels;
    const tael__matrix *matrix;
    const int32_t *rows;
    const char *x;
    float *y;
    size_t count;
} picked;

static void multiply_picked(void *user, uint32_t index, uint32_t count)
{
    const picked *p = user;
    const tael__matrix *a = p->matrix;
    for (size_t i = p->count * index / count; i < p->count * (index + 1) / count; i++)
        p->kernels->matvec[a->format](p->y + i, 1, (const char *)a->data + (size_t)p->rows[i] * a->row_bytes, p->x, 0,
                                      1, a->cols, 1);
}

void tael__linear_rows(tael__workspace *w, float *y, const tael__matrix *matrix, const int32_t *rows, size_t count,
                       const float *x)
{
    const tael__kernels *kernels = tael__kernels_get();
    tael__act_kind kind = tael__formats[matrix->format].act;
    picked p = {.kernels = kernels, .matrix = matrix, .rows = rows, .x = w->act[kind], .y = y, .count = count};
    kernels->quantize[kind](w->act[kind], x, matrix->cols);
    if (count * matrix->row_bytes < CHUNK_BYTES)
        multiply_picked(&p, 0, 1);
    else
        tael__pool_run(w->pool, multiply_picked, &p);
}
