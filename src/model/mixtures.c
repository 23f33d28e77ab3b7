// SPDX-License-Identifier: Apache-2.0
// Which format a tensor gets: by its name, its layer and its width. Values and the way down carry most of the error of
// a coarse format, so mixtures give some of them more bits.
#include <string.h>

#include "model/quantize_internal.h"

typedef enum where {
    EVERYWHERE,
    MORE_BITS, /* the first and last eighth of the layers and every third between */
    FIRST_2,
    FIRST_4,
    FIRST_EIGHTH,
    FIRST_SIXTEENTH,
    SHARED_BY_4 /* where four heads and more share a key: the tensor is small then */
} where;

struct tael__mixture {
    const char *name;
    uint32_t file_type;
    tael__format base, v, v_else, down, down_else, output, qkv;
    where v_where, down_where;
};

static const tael__mixture mixtures[] = {
#define F(format) TAEL__FORMAT_##format
#define MIXTURE(called, number, b, v1, v1_where, v2, d1, d1_where, d2, o, three) \
    {.name = called,                                                             \
     .file_type = number,                                                        \
     .base = F(b),                                                               \
     .v = F(v1),                                                                 \
     .v_where = v1_where,                                                        \
     .v_else = F(v2),                                                            \
     .down = F(d1),                                                              \
     .down_where = d1_where,                                                     \
     .down_else = F(d2),                                                         \
     .output = F(o),                                                             \
     .qkv = F(three)},
#include "model/mixtures.inc"
#undef MIXTURE
#undef F
};

const char *tael_quantize_kinds(void)
{
    static const char all[] =
#define MIXTURE(called, number, b, v1, v1_where, v2, d1, d1_where, d2, o, three) "|" called
#include "model/mixtures.inc"
#undef MIXTURE
        ;
    return all + 1;
}

const tael__mixture *tael__mixture_named(const char *name)
{
    for (size_t i = 0; i < sizeof mixtures / sizeof *mixtures; i++)
        if (strcmp(mixtures[i].name, name) == 0) return &mixtures[i];
    return NULL;
}

uint32_t tael__mixture_file_type(const tael__mixture *mixture)
{
    return mixture->file_type;
}

static bool ends_with(tael__slice name, const char *end)
{
    size_t n = strlen(end);
    return name.bytes >= n && memcmp(name.data + name.bytes - n, end, n) == 0;
}

static bool holds(tael__slice name, const char *part)
{
    return name.bytes && memmem(name.data, name.bytes, part, strlen(part)) != NULL;
}

/* N of "blk.N.": up to a million; 0 where there is none. */
static uint32_t layer_of(tael__slice name)
{
    uint32_t layer = 0;
    if (name.bytes < 5 || memcmp(name.data, "blk.", 4) != 0) return 0;
    for (size_t i = 4; i < name.bytes && name.data[i] >= '0' && name.data[i] <= '9' && layer < 1000000; i++)
        layer = layer * 10 + (uint32_t)(name.data[i] - '0');
    return layer;
}

static bool is_there(where w, uint32_t layer, const tael__quantize_source *s)
{
    uint32_t n = s->layers;
    switch (w) {
    case EVERYWHERE: return true;
    case MORE_BITS: return layer < n / 8 || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2;
    case FIRST_2: return layer < 2;
    case FIRST_4: return layer < 4;
    case FIRST_EIGHTH: return layer < n / 8;
    case FIRST_SIXTEENTH: return layer < n / 16;
    case SHARED_BY_4: return s->kv_heads && s->heads / s->kv_heads >= 4;
    }
    return false;
}

/* Matrices that products are made with. Routers, convolutions and positions are small and count for much. */
static bool is_encoded(const tael__recoded *t)
{
    static const char *const kept[] = {"norm",          "ffn_gate_inp", "ssm_conv1d", "shortconv",
                                       "position_embd", "token_types",  "rope_freqs", "altup"};
    if (t->dims < 2 || !ends_with(t->name, ".weight")) return false;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (holds(t->name, kept[i])) return false;
    return true;
}

static tael__format wanted(const tael__mixture *m, const tael__quantize_source *s, const tael__recoded *t,
                           bool importance)
{
    uint32_t layer = layer_of(t->name);
    bool is_output = ends_with(t->name, "output.weight") && !holds(t->name, "blk.");
    bool floats = tael__formats[m->base].block_weights == 1;
    if (floats || s->pure) return m->base;
    if (is_output || (s->ties && ends_with(t->name, "token_embd.weight")))
        return m->base == TAEL__FORMAT_q8_0 || t->cols % tael__formats[m->base].block_weights ? TAEL__FORMAT_q8_0
                                                                                              : TAEL__FORMAT_q6_k;
    if (holds(t->name, "attn_v.")) return is_there(m->v_where, layer, s) ? m->v : m->v_else;
    if (holds(t->name, "ffn_down")) {
        bool iq4 = m->base == TAEL__FORMAT_iq4_nl || m->base == TAEL__FORMAT_iq4_xs;
        if (iq4 && importance) return m->down_else; /* importance keeps the first layers whole by itself */
        return is_there(m->down_where, layer, s) ? m->down : m->down_else;
    }
    if (holds(t->name, "attn_output.")) return m->output;
    if (holds(t->name, "attn_qkv.")) return m->qkv;
    return m->base;
}

/* The nearest format with blocks of 32. */
static tael__format smaller_blocks(tael__format f)
{
    switch (f) {
    case TAEL__FORMAT_q2_k:
    case TAEL__FORMAT_q3_k: return TAEL__FORMAT_q4_0;
    case TAEL__FORMAT_q4_k: return TAEL__FORMAT_q5_0;
    case TAEL__FORMAT_q5_k: return TAEL__FORMAT_q5_1;
    case TAEL__FORMAT_q6_k: return TAEL__FORMAT_q8_0;
    case TAEL__FORMAT_iq4_xs: return TAEL__FORMAT_iq4_nl;
    default: return TAEL__FORMAT_f16;
    }
}

tael__format tael__mixture_format(const tael__mixture *mixture, const tael__quantize_source *source,
                                  const tael__recoded *t, bool importance, bool *fell)
{
    *fell = false;
    if (!is_encoded(t)) return TAEL__FORMAT_f32;
    tael__format f = wanted(mixture, source, t, importance);
    while (t->cols % tael__formats[f].block_weights != 0) {
        f = smaller_blocks(f);
        *fell = true;
    }
    return f;
}
