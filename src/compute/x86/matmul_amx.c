// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix with AMX: tiles of 16 tokens by 32 columns meet tiles of 32 columns by 16 rows, in bf16 with sums
 * in f32. Weights become bf16 with their scales and minimums in them, activations lie in bf16 already (TAEL__ACT_bf16),
 * so that a tile sums over all columns without a step between groups. Rounding to 8 bits of mantissa errs by at most
 * 2^-8 of each factor, a sixth of what 8-bit activations err.
 *
 * Why not 8-bit tiles, which are twice as fast: every group of 32 columns would end with 16x16 sums to convert, scale
 * and add, and while tiles are at work only one of the two 512-bit units multiplies floats (measured: 48 cycles for
 * what takes 24 alone, where the tile product takes 16). That reached 0.99 Top/s a core, this 2.0, of a peak of 3.84.
 *
 * Blocking: 256 columns of up to 256 rows are unpacked (128 KiB of the second-level cache), then for 32 tokens, whose
 * 16 KiB stay in the first level, each 32 rows are four tiles of sums. Between blocks of columns sums wait in memory;
 * they are f32 there as in the tile, so blocking changes no bit. With few tokens 16 tokens meet 64 rows: then unpacking
 * is most of the work. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"
#include "compute/panel.h"
#include "compute/x86/unpack_amx.h"

enum {
    FEW_TOKENS = 32, /* up to so many a pass has FEW_ROWS rows, whose panels stay in the first-level cache */
    FEW_ROWS = 64,
};

typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;
_Static_assert(sizeof(tile_config) == 64, "ldtilecfg reads 64 bytes (Intel SDM vol. 2, LDTILECFG)");

/* The compiler's own intrinsic tells it too little of what is read, and it drops stores. */
static inline void load_config(const tile_config *c)
{
    __asm__ volatile("ldtilecfg %0" : : "m"(*c));
}

/* Tiles 0-3: sums, 4 and 5: tokens, 6 and 7: weights. `first` and `second` tokens; second 0: all sums are of the first
 * (multiply_wide), else sums 2 and 3 are of the second (multiply_square). */
static void configure(size_t first, size_t second)
{
    tile_config c = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        c.row_bytes[i] = 64;
        c.rows[i] = (uint8_t)first;
    }
    if (second) c.rows[2] = c.rows[3] = c.rows[5] = (uint8_t)second;
    c.rows[6] = c.rows[7] = 16;
    load_config(&c);
}

/* Where four tiles of sums come from and go to. */
typedef struct sums {
    float *in[4]; /* 16x16 each; in[0] NULL: they begin with zero */
    float *out[4];
    size_t out_stride; /* in bytes */
} sums;

#define ZERO_SUMS()    \
    do {               \
        _tile_zero(0); \
        _tile_zero(1); \
        _tile_zero(2); \
        _tile_zero(3); \
    } while (0)
#define LOAD_SUMS(s)                    \
    do {                                \
        _tile_loadd(0, (s)->in[0], 64); \
        _tile_loadd(1, (s)->in[1], 64); \
        _tile_loadd(2, (s)->in[2], 64); \
        _tile_loadd(3, (s)->in[3], 64); \
    } while (0)
#define STORE_SUMS(s)                                  \
    do {                                               \
        _tile_stored(0, (s)->out[0], (s)->out_stride); \
        _tile_stored(1, (s)->out[1], (s)->out_stride); \
        _tile_stored(2, (s)->out[2], (s)->out_stride); \
        _tile_stored(3, (s)->out[3], (s)->out_stride); \
    } while (0)

/* Two tiles of tokens, 16 rows of x apart, and two panels: 4 loads for 4 products. */
static void multiply_square(const sums *s, const char *x, size_t x_stride, const uint16_t *const panel[2], size_t steps)
{
    const char *a = x, *b = x + 16 * x_stride, *p = (const char *)panel[0], *q = (const char *)panel[1];
    if (s->in[0])
        LOAD_SUMS(s);
    else
        ZERO_SUMS();
    for (size_t k = 0; k < steps; k++, a += 64, b += 64, p += 1024, q += 1024) {
        _tile_loadd(4, a, x_stride);
        _tile_loadd(6, p, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, q, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, b, x_stride);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    STORE_SUMS(s);
}

/* One tile of tokens and four panels, which lie after each other. */
static void multiply_wide(const sums *s, const char *x, size_t x_stride, const uint16_t *panels, size_t steps)
{
    const char *p = (const char *)panels;
    const size_t apart = TAEL__AMX_COLS * 2 * TAEL__PANEL_ROWS;
    if (s->in[0])
        LOAD_SUMS(s);
    else
        ZERO_SUMS();
    for (size_t k = 0; k < steps; k++, x += 64, p += 1024) {
        _tile_loadd(4, x, x_stride);
        _tile_loadd(6, p, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, p + apart, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(6, p + 2 * apart, 64);
        _tile_dpbf16ps(2, 4, 6);
        _tile_loadd(7, p + 3 * apart, 64);
        _tile_dpbf16ps(3, 4, 7);
    }
    STORE_SUMS(s);
}

/* One pass: `rows` rows (at most TAEL__AMX_ROWS) and `tokens` tokens (at most TAEL__AMX_TOKENS). */
typedef struct pass {
    float *y;
    size_t y_stride, rows, tokens;
    const char *x;
    size_t x_stride;
    uint16_t *panels;  /* TAEL__AMX_COLS columns of the rows, 16 at a time */
    float *waiting;    /* sums between blocks of columns: tiles of 16x16, the four of a step after each other */
    bool begins, ends; /* the first, the last block of columns */
    size_t steps;      /* of 32 columns in this block */
} pass;

static void copy_out(const pass *p, const float *tile, size_t token, size_t tokens, size_t row)
{
    if (row >= p->rows) return;
    size_t n = p->rows - row < TAEL__PANEL_ROWS ? p->rows - row : TAEL__PANEL_ROWS;
    for (size_t t = 0; t < tokens; t++)
        _mm512_mask_storeu_ps(p->y + (token + t) * p->y_stride + row, (__mmask16)((1u << n) - 1),
                              _mm512_load_ps(tile + t * TAEL__PANEL_ROWS));
}

/* Tokens token..token+first+second against rows row..row+32, or, when second is 0, row..row+64. */
static void step(const pass *p, float *waiting, size_t token, size_t first, size_t second, size_t row)
{
    size_t wide = second ? 2 : 4;
    bool straight = p->ends && row + wide * TAEL__PANEL_ROWS <= p->rows;
    sums s = {.out_stride = straight ? p->y_stride * sizeof(float) : 64};
    for (size_t i = 0; i < 4; i++) {
        size_t t = token + i / wide * 16, r = row + i % wide * TAEL__PANEL_ROWS;
        float *tile = waiting + i * 256;
        s.in[i] = p->begins ? NULL : tile;
        s.out[i] = straight ? p->y + t * p->y_stride + r : tile;
    }
    const uint16_t *panels = p->panels + row * TAEL__AMX_COLS;
    const char *x = p->x + token * p->x_stride;
    if (second)
        multiply_square(&s, x, p->x_stride,
                        (const uint16_t *const[]){panels, panels + TAEL__PANEL_ROWS * TAEL__AMX_COLS}, p->steps);
    else
        multiply_wide(&s, x, p->x_stride, panels, p->steps);
    if (!p->ends || straight) return;
    for (size_t i = 0; i < 4; i++)
        copy_out(p, waiting + i * 256, token + i / wide * 16, i / wide ? second : first,
                 row + i % wide * TAEL__PANEL_ROWS);
}

/* All tokens of the pass with the panels of one block of columns. */
static void multiply_block(const pass *p)
{
    float *waiting = p->waiting;
    for (size_t t = 0; t < p->tokens; t += 32) {
        size_t left = p->tokens - t, first = left < 16 ? left : 16, second = left < 32 ? left - first : 16;
        if (t == 0 || left < 32) configure(first, second);
        for (size_t r = 0; r < p->rows; r += second ? 32 : 64, waiting += 1024) step(p, waiting, t, first, second, r);
    }
}

ALWAYS void matmul_tiles(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                         size_t cols, size_t tokens, void *scratch, size_t row_bytes, size_t chunk_bytes,
                         void (*unpack)(uint16_t *, const char *, size_t, size_t, size_t))
{
    pass p = {.y_stride = y_stride, .x_stride = x_stride, .panels = scratch};
    p.waiting = (float *)(void *)(p.panels + TAEL__AMX_ROWS * TAEL__AMX_COLS);
    size_t most = tokens <= FEW_TOKENS ? FEW_ROWS : TAEL__AMX_ROWS;
    for (size_t t = 0; t < tokens; t += TAEL__AMX_TOKENS)
        for (size_t r = 0; r < rows; r += most) {
            p.tokens = tokens - t < TAEL__AMX_TOKENS ? tokens - t : TAEL__AMX_TOKENS;
            p.rows = rows - r < most ? rows - r : most;
            p.y = y + t * y_stride + r;
            for (size_t k = 0; k < cols; k += TAEL__AMX_COLS) {
                size_t n = cols - k < TAEL__AMX_COLS ? cols - k : TAEL__AMX_COLS;
                const char *from = (const char *)w + r * row_bytes + k / TAEL__AMX_COLS * chunk_bytes;
                for (size_t i = 0; i < p.rows; i += TAEL__PANEL_ROWS)
                    unpack(p.panels + i * TAEL__AMX_COLS, from + i * row_bytes, row_bytes,
                           p.rows - i < TAEL__PANEL_ROWS ? p.rows - i : TAEL__PANEL_ROWS, n);
                p.x = (const char *)x + t * x_stride + k * 2;
                p.begins = k == 0;
                p.ends = k + n == cols;
                p.steps = (n + 31) / 32;
                multiply_block(&p);
            }
        }
    _tile_release();
}

#define MATMUL_TILES(format, bytes, weights)                                                                    \
    void tael__matmul_##format##__amx(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                      size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                           \
        matmul_tiles(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch, cols / (weights) * (bytes),      \
                     TAEL__AMX_COLS / (weights) * (bytes), unpack_##format);                                    \
    }

MATMUL_TILES(bf16, 2, 1)
MATMUL_TILES(q4_0, 18, 32)
MATMUL_TILES(q4_1, 20, 32)
MATMUL_TILES(q5_0, 22, 32)
MATMUL_TILES(q5_1, 24, 32)
MATMUL_TILES(q8_0, 34, 32)
MATMUL_TILES(q2_k, 84, 256)
MATMUL_TILES(q3_k, 110, 256)
MATMUL_TILES(q4_k, 144, 256)
MATMUL_TILES(q5_k, 176, 256)
MATMUL_TILES(q6_k, 210, 256)
