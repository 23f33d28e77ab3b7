// SPDX-License-Identifier: Apache-2.0
/* What the checker feeds to kernels: blocks of weights and rows of activations, random and extreme, in memory that
 * faults one byte past its end. */
#ifndef TAEL__TESTS_KERNELS_CASES_H
#define TAEL__TESTS_KERNELS_CASES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/random.h"
#include "compute/kernels.h"

/* Memory whose last byte is followed by a page that may not be touched. */
typedef struct fenced {
    char *map;
    size_t map_bytes;
    char *data; /* data[0..bytes) ends at the fence */
} fenced;

static fenced fence(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
    fenced f = {.map_bytes = whole + page};
    f.map = mmap(NULL, f.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f.map == MAP_FAILED || mprotect(f.map + whole, page, PROT_NONE) != 0) {
        fprintf(stderr, "checker: %zu bytes could not be mapped\n", bytes);
        exit(1);
    }
    f.data = f.map + whole - bytes;
    return f;
}

static void unfence(fenced f)
{
    munmap(f.map, f.map_bytes);
}

/* Where a block keeps its f16 numbers and its scales; all other bytes are the weights themselves. */
typedef struct block_shape {
    int halves[2];               /* offsets of f16 numbers; -1: none */
    size_t scales, scales_bytes; /* packed scales of super-blocks */
} block_shape;

static const block_shape shapes[TAEL__FORMAT_COUNT] = {
    [TAEL__FORMAT_f32] = {{-1, -1}, 0, 0},      [TAEL__FORMAT_f16] = {{-1, -1}, 0, 0},
    [TAEL__FORMAT_bf16] = {{-1, -1}, 0, 0},     [TAEL__FORMAT_q4_0] = {{0, -1}, 0, 0},
    [TAEL__FORMAT_q4_1] = {{0, 2}, 0, 0},       [TAEL__FORMAT_q5_0] = {{0, -1}, 0, 0},
    [TAEL__FORMAT_q5_1] = {{0, 2}, 0, 0},       [TAEL__FORMAT_q8_0] = {{0, -1}, 0, 0},
    [TAEL__FORMAT_q2_k] = {{80, 82}, 0, 16},    [TAEL__FORMAT_q3_k] = {{108, -1}, 96, 12},
    [TAEL__FORMAT_q4_k] = {{0, 2}, 4, 12},      [TAEL__FORMAT_q5_k] = {{0, 2}, 4, 12},
    [TAEL__FORMAT_q6_k] = {{208, -1}, 192, 16}, [TAEL__FORMAT_tq1_0] = {{52, -1}, 0, 0},
    [TAEL__FORMAT_tq2_0] = {{64, -1}, 0, 0},    [TAEL__FORMAT_iq1_s] = {{0, -1}, 34, 16},
    [TAEL__FORMAT_iq1_m] = {{-1, -1}, 48, 8},   [TAEL__FORMAT_iq2_xxs] = {{0, -1}, 0, 0},
    [TAEL__FORMAT_iq2_xs] = {{0, -1}, 66, 8},   [TAEL__FORMAT_iq2_s] = {{0, -1}, 74, 8},
    [TAEL__FORMAT_iq3_xxs] = {{0, -1}, 0, 0},   [TAEL__FORMAT_iq3_s] = {{0, -1}, 106, 4},
    [TAEL__FORMAT_iq4_nl] = {{0, -1}, 0, 0},    [TAEL__FORMAT_iq4_xs] = {{0, -1}, 2, 6},
    [TAEL__FORMAT_mxfp4] = {{-1, -1}, 0, 1},
};

typedef enum pattern { RANDOM, ONES, ZEROS, DENORMAL, LARGEST, MIXED, PATTERNS } pattern;
static const char *const pattern_names[PATTERNS] = {"random", "ones", "zeros", "denormal", "largest", "mixed"};

static uint16_t half_for(tael__random *r, pattern p)
{
    uint16_t sign = (uint16_t)(tael__random_next(r) & 0x8000), any = (uint16_t)tael__random_next(r);
    switch (p) {
    case ZEROS: return sign;
    case DENORMAL: return (uint16_t)(sign | (any & 0x3FF));
    case LARGEST: return (uint16_t)(sign | 0x7BFF);
    case ONES: return (uint16_t)(0x2C00 | (any & 0x3FF));
    default: return (uint16_t)(sign | 0x2000 | (any & 0xFFF)); /* 2^-7 to 2^-3 */
    }
}

/* A float of f32, f16 or bf16 weights. */
static void make_number(uint8_t *at, tael__format f, tael__random *r, pattern p)
{
    float v = (float)(tael__random_unit(r) * 2 - 1);
    if (p == ZEROS) v = 0;
    if (p == DENORMAL) v *= f == TAEL__FORMAT_f16 ? 1e-7f : 1e-41f;
    if (p == LARGEST) v = v < 0 ? -65504.0f : 65504.0f;
    if (p == ONES) v = 1;
    uint32_t bits;
    uint16_t h = tael__f32_to_f16(v);
    memcpy(&bits, &v, 4);
    if (f == TAEL__FORMAT_f32) memcpy(at, &bits, 4);
    if (f == TAEL__FORMAT_bf16) h = (uint16_t)(bits >> 16);
    if (f != TAEL__FORMAT_f32) memcpy(at, &h, 2);
}

static void make_block(uint8_t *block, tael__format f, tael__random *r, pattern p)
{
    const tael__format_info *info = &tael__formats[f];
    if (p == MIXED) p = (pattern)(tael__random_next(r) % MIXED);
    if (info->act == TAEL__ACT_f32) {
        make_number(block, f, r, p);
        return;
    }
    for (uint32_t i = 0; i < info->block_bytes; i++)
        block[i] = p == ONES ? 0xFF : p == ZEROS ? 0 : (uint8_t)tael__random_next(r);
    /* The two formats whose scale is no f16: one a power of two, one in the top nibbles of four others. */
    if (f == TAEL__FORMAT_mxfp4)
        block[0] = (uint8_t)(p == DENORMAL ? tael__random_next(r) % 3 : 110 + tael__random_next(r) % 24);
    if (f == TAEL__FORMAT_iq1_m)
        for (uint16_t i = 0, h = half_for(r, p); i < 4; i++)
            block[49 + 2 * i] = (uint8_t)((block[49 + 2 * i] & 15) | (h >> 4 * i & 15) << 4);
    for (int i = 0; i < 2; i++) {
        uint16_t h = half_for(r, p);
        if (shapes[f].halves[i] >= 0) memcpy(block + shapes[f].halves[i], &h, 2);
    }
}

static void make_weights(uint8_t *w, size_t blocks, tael__format f, tael__random *r, pattern p)
{
    for (size_t b = 0; b < blocks; b++) make_block(w + b * tael__formats[f].block_bytes, f, r, p);
}

/* The block with every weight's own number 0: what remains is its offset or minimum. */
static void blank_weights(uint8_t *block, tael__format f)
{
    const block_shape *s = &shapes[f];
    for (size_t i = 0; i < tael__formats[f].block_bytes; i++) {
        bool half = false;
        for (int k = 0; k < 2; k++) half |= s->halves[k] >= 0 && i - (size_t)s->halves[k] < 2;
        if (!half && i - s->scales >= s->scales_bytes) block[i] = 0;
    }
}

/* Activations: bell-shaped, all equal, one spike, ties of rounding, tiny, zeros, and all of them. */
enum { ACT_PATTERNS = 7 };
static void make_activations(float *x, size_t n, tael__random *r, int p)
{
    for (size_t i = 0; i < n; i++) {
        float bell = 0;
        for (int k = 0; k < 4; k++) bell += (float)(tael__random_unit(r) - 0.5);
        int kind = p == 6 ? (int)(i / 64 % 6) : p;
        switch (kind) {
        case 1: x[i] = i % 3 ? 3.5f : -3.5f; break;
        case 2: x[i] = i % 97 == 5 ? -400.0f : bell; break;
        case 3: x[i] = i % 32 == 0 ? -127.0f : (float)((int)(tael__random_next(r) % 253) - 126) + 0.5f; break;
        case 4: x[i] = bell * 1e-38f; break;
        case 5: x[i] = i % 2 ? 0.0f : -0.0f; break;
        default: x[i] = bell; break;
        }
    }
}

#endif
