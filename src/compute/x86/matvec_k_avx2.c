// SPDX-License-Identifier: Apache-2.0
/* Matrix times one to eight vectors for the super-blocks of 256, straight from the file's blocks: eight registers of 32
 * weights in the order of the columns. vpmaddubsw makes sums of two in 16 bits, vpmaddwd multiplies them by the
 * whole-number scales and makes sums of four in 32; a block meets its d once. Minimums and offsets use the activations'
 * sums of 16. A register of weights meets every token before the next is unpacked, for sixteen registers hold no whole
 * block.
 *
 * q4_k, one token: about 54 vector operations for 144 bytes, 18 cycles of three ports, and memory takes 24 at 6 bytes a
 * cycle. Each further token adds 30. Rows go together as in matvec_k_avx512vnni.c. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/x86/matvec_rows.h"

#define INLINE static inline __attribute__((always_inline))

/* What a block has besides its weights. */
typedef struct head {
    __m256i scales[2]; /* in 16 bits, the same eight in both halves: for the registers 0-3 and 4-7, or [0] for all */
    __m256i sixteen;   /* what multiplies the activations' sums of 16: a minimum, or -offset * scale */
    __m256 d, dmin;
} head;

INLINE __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}
INLINE __m256i low_bits(__m256i x, int shift, char mask)
{
    return _mm256_and_si256(_mm256_srli_epi16(x, shift), _mm256_set1_epi8(mask));
}
/* `value` in the bytes whose bit k is set. */
INLINE __m256i where_bit(__m256i x, int k, char value)
{
    const __m256i bit = _mm256_set1_epi8((char)(1 << k));
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(x, bit), bit), _mm256_set1_epi8(value));
}
INLINE __m256 f16(const uint8_t h[2])
{
    return _mm256_set1_ps(_cvtsh_ss(tael__load_u16(h)));
}

/* The scales of register k, one for its 32 weights or one for each 16. */
INLINE __m256i scales_32(const head *h, int k)
{
    return _mm256_shuffle_epi8(h->scales[0], _mm256_set1_epi16((short)(0x0100 + 0x0202 * k)));
}
INLINE __m256i scales_16(const head *h, int k)
{
    const __m256i pick = _mm256_set_m128i(_mm_set1_epi16((short)(0x0302 + 0x0404 * (k % 4))),
                                          _mm_set1_epi16((short)(0x0100 + 0x0404 * (k % 4))));
    return _mm256_shuffle_epi8(h->scales[k / 4], pick);
}

/* The eight scales and mins of q4_k and q5_k (tael__unpack_k4); d and dmin before them. */
INLINE void head_k4(head *h, const uint8_t *dm, const uint8_t packed[12])
{
    uint32_t a = tael__load_u32(packed), b = tael__load_u32(packed + 4), c = tael__load_u32(packed + 8);
    uint32_t s = (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030), m = (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030);
    __m128i scales = _mm_cvtsi64_si128((long long)((uint64_t)s << 32 | (a & 0x3F3F3F3F)));
    __m128i mins = _mm_cvtsi64_si128((long long)((uint64_t)m << 32 | (b & 0x3F3F3F3F)));
    h->scales[0] = _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(scales));
    h->sixteen = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(mins, mins)); /* a minimum is for 32 */
    h->d = f16(dm);
    h->dmin = f16(dm + 2);
}

INLINE void by_16(head *h, __m256i scales)
{
    h->scales[0] = _mm256_permute4x64_epi64(scales, 0x44);
    h->scales[1] = _mm256_permute4x64_epi64(scales, 0xEE);
}

/* Scales with a sign for 16 weights each, which are `offset` too large. */
INLINE void head_offset(head *h, __m128i bytes, short offset, const uint8_t d[2])
{
    __m256i scales = _mm256_cvtepi8_epi16(bytes);
    by_16(h, scales);
    h->sixteen = _mm256_mullo_epi16(scales, _mm256_set1_epi16((short)-offset)); /* at most 128 * 32 */
    h->d = f16(d);
}

/* For each format: head_FORMAT, and q_FORMAT, the unsigned weights of register k. */
INLINE void head_q4_k(head *h, const tael__block_q4_k *w)
{
    head_k4(h, w->d, w->scales);
}
INLINE __m256i q_q4_k(const tael__block_q4_k *w, int k)
{
    return low_bits(load(w->qs + 32 * (k / 2)), 4 * (k % 2), 15);
}

INLINE void head_q5_k(head *h, const tael__block_q5_k *w)
{
    head_k4(h, w->d, w->scales);
}
INLINE __m256i q_q5_k(const tael__block_q5_k *w, int k)
{
    __m256i low = low_bits(load(w->qs + 32 * (k / 2)), 4 * (k % 2), 15);
    return _mm256_or_si256(low, where_bit(load(w->qh), k, 16));
}

INLINE void head_q6_k(head *h, const tael__block_q6_k *w)
{
    head_offset(h, _mm_loadu_si128((const __m128i *)(const void *)w->scales), 32, w->d);
}
INLINE __m256i q_q6_k(const tael__block_q6_k *w, int k)
{
    __m256i low = low_bits(load(w->ql + 64 * (k / 4) + 32 * (k % 2)), 4 * (k % 4 / 2), 15);
    __m256i high = load(w->qh + 32 * (k / 4));
    high = k % 4 < 2 ? _mm256_slli_epi16(high, 4 - 2 * (k % 4)) : _mm256_srli_epi16(high, 2 * (k % 4) - 4);
    return _mm256_or_si256(low, _mm256_and_si256(high, _mm256_set1_epi8(48)));
}

INLINE void head_q3_k(head *h, const tael__block_q3_k *w)
{
    uint32_t p = tael__load_u32(w->scales), r = tael__load_u32(w->scales + 4), top = tael__load_u32(w->scales + 8);
    uint32_t s0 = (p & 0x0F0F0F0F) | (top << 4 & 0x30303030), s1 = (r & 0x0F0F0F0F) | (top << 2 & 0x30303030);
    uint32_t s2 = (p >> 4 & 0x0F0F0F0F) | (top & 0x30303030), s3 = (r >> 4 & 0x0F0F0F0F) | (top >> 2 & 0x30303030);
    __m128i packed = _mm_set_epi64x((long long)((uint64_t)s3 << 32 | s2), (long long)((uint64_t)s1 << 32 | s0));
    head_offset(h, _mm_sub_epi8(packed, _mm_set1_epi8(32)), 4, w->d);
}
INLINE __m256i q_q3_k(const tael__block_q3_k *w, int k)
{
    __m256i low = low_bits(load(w->qs + 32 * (k / 4)), 2 * (k % 4), 3);
    return _mm256_or_si256(low, where_bit(load(w->hmask), k, 4));
}

INLINE void head_q2_k(head *h, const tael__block_q2_k *w)
{
    __m256i both = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w->scales));
    by_16(h, _mm256_and_si256(both, _mm256_set1_epi16(15)));
    h->sixteen = _mm256_srli_epi16(both, 4);
    h->d = f16(w->d);
    h->dmin = f16(w->dmin);
}
INLINE __m256i q_q2_k(const tael__block_q2_k *w, int k)
{
    return low_bits(load(w->qs + 32 * (k / 4)), 2 * (k % 4), 3);
}

INLINE float sum_of(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* Adds a block whose whole-number products are `sum`. */
INLINE __m256 finish(__m256 acc, const head *h, bool has_min, __m256i sum, const char *x, tael__act_layout at, size_t b)
{
    __m256i sixteens =
        _mm256_madd_epi16(h->sixteen, _mm256_load_si256((const __m256i *)(const void *)(x + at.extra) + b));
    if (!has_min) sum = _mm256_add_epi32(sum, sixteens);
    __m256 t = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), h->d);
    if (has_min) t = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(sixteens), h->dmin, t);
    return _mm256_fmadd_ps(t, _mm256_set1_ps(*((const float *)(const void *)(x + at.d) + b)), acc);
}

/* rows_FORMAT: rows and tokens are constant once inlined. */
#define OVER_ROWS(format, each, has_min)                                                                           \
    INLINE void add_##format(__m256 *acc, const tael__block_##format *w, const char *x, size_t x_stride,           \
                             tael__act_layout layout, size_t b, int tokens)                                        \
    {                                                                                                              \
        __m256i sum[TAEL__MATVEC_TOKENS];                                                                          \
        head h;                                                                                                    \
        head_##format(&h, w);                                                                                      \
        _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++)                                                        \
        {                                                                                                          \
            __m256i q = q_##format(w, k), scales = scales_##each(&h, k);                                           \
            _Pragma("GCC unroll 8") for (int t = 0; t < tokens; t++)                                               \
            {                                                                                                      \
                __m256i twos = _mm256_maddubs_epi16(q, load(x + (size_t)t * x_stride + 256 * b + 32 * (size_t)k)); \
                __m256i fours = _mm256_madd_epi16(twos, scales);                                                   \
                sum[t] = k == 0 ? fours : _mm256_add_epi32(sum[t], fours);                                         \
            }                                                                                                      \
        }                                                                                                          \
        _Pragma("GCC unroll 8") for (int t = 0; t < tokens; t++) acc[t] =                                          \
            finish(acc[t], &h, has_min, sum[t], x + (size_t)t * x_stride, layout, b);                              \
    }                                                                                                              \
    INLINE void rows_##format(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride,         \
                              size_t cols, size_t apart, int rows, int tokens)                                     \
    {                                                                                                              \
        const tael__act_layout layout = tael__act_layout_of(TAEL__ACT_q8_k, cols);                                 \
        const size_t step = apart * (cols / 256);                                                                  \
        const tael__block_##format *at = (const void *)w;                                                          \
        __m256 acc[2 * TAEL__MATVEC_TOKENS];                                                                       \
        _Pragma("GCC unroll 16") for (int i = 0; i < rows * tokens; i++) acc[i] = _mm256_setzero_ps();             \
        for (size_t b = 0; b < cols / 256; b++, at++) _Pragma("GCC unroll 4") for (int r = 0; r < rows; r++)       \
            {                                                                                                      \
                for (size_t line = 0; line < sizeof *at; line += 64)                                               \
                    _mm_prefetch((const char *)(at + (size_t)r * step) + TAEL__AHEAD + line, _MM_HINT_T0);         \
                add_##format(acc + r * tokens, at + (size_t)r * step, x, x_stride, layout, b, tokens);             \
            }                                                                                                      \
        _Pragma("GCC unroll 16") for (int i = 0; i < rows * tokens; i++)                                           \
            y[(size_t)(i % tokens) * y_stride + (size_t)(i / tokens) * apart] = sum_of(acc[i]);                    \
    }                                                                                                              \
    TAEL__MATVEC_OVER_ROWS(format, avx2, 4, 2, cols / 256 * sizeof(tael__block_##format))
OVER_ROWS(q2_k, 16, true)
OVER_ROWS(q3_k, 16, false)
OVER_ROWS(q4_k, 32, true)
OVER_ROWS(q5_k, 32, true)
OVER_ROWS(q6_k, 16, false)
