// SPDX-License-Identifier: Apache-2.0
// What delta nets remember of sequences. Unlike keys and values it can't be cut at any position: only the states before
// and after the last step are there, and the empty one.
#include <string.h>

#include "base/memory.h"
#include "model/delta_net.h"

tael_status tael__memories_open(tael__memories *m, const tael__delta_sizes *sizes, uint32_t sequences)
{
    size_t n, rule = (size_t)sizes->value_heads * sizes->head_size, count = 2 * (size_t)sequences;
    *m = (tael__memories){0};
    if (sizes->layers == 0) return TAEL_OK;
    bool fits = tael__mul_size(&rule, rule, sizes->head_size) &&
                tael__mul_size(&n, sizes->kernel - 1, sizes->channels) && tael__add_size(&m->layer_floats, rule, n) &&
                tael__mul_size(&m->floats, m->layer_floats, sizes->layers) && tael__mul_size(&n, m->floats, count) &&
                tael__mul_size(&n, n, sizeof *m->data) && tael__add_size(&n, n, 64);
    m->memory = fits ? tael__alloc_zero(n) : NULL; /* pages that no sequence uses take no memory */
    m->data = m->memory ? (float *)(((uintptr_t)m->memory + 63) & ~(uintptr_t)63) : NULL;
    m->sequences = tael__alloc_array(sequences, sizeof *m->sequences);
    if (m->data && m->sequences) return TAEL_OK;
    tael__memories_close(m);
    return tael__fail_memory(TAEL_SAY("context", "上下文"), fits ? n : SIZE_MAX);
}

void tael__memories_close(tael__memories *m)
{
    tael__free(m->memory);
    tael__free(m->sequences);
    *m = (tael__memories){0};
}

static float *memory_of(const tael__memories *m, uint32_t sequence, uint32_t which)
{
    return m->data + (2 * (size_t)sequence + which) * m->floats;
}

float *tael__memory_now(const tael__memories *m, uint32_t sequence)
{
    return memory_of(m, sequence, m->sequences[sequence].now);
}

void tael__memory_advance(tael__memories *m, uint32_t sequence, uint32_t position)
{
    if (!m->data) return;
    struct tael__memory *s = &m->sequences[sequence];
    s->now ^= 1;
    s->position[s->now] = position;
}

uint32_t tael__memory_rewind(tael__memories *m, uint32_t sequence, uint32_t position)
{
    if (!m->data) return position;
    struct tael__memory *s = &m->sequences[sequence];
    uint32_t before = s->position[s->now ^ 1];
    if (s->position[s->now] <= position) return s->position[s->now];
    if (before <= position) {
        s->now ^= 1; /* what was after it stays behind, but for one that is before it */
        s->position[s->now ^ 1] = UINT32_MAX;
        return before;
    }
    memset(memory_of(m, sequence, 0), 0, 2 * m->floats * sizeof *m->data);
    *s = (struct tael__memory){0};
    return 0;
}

uint32_t tael__memory_copy(tael__memories *m, uint32_t from, uint32_t to, uint32_t position)
{
    if (!m->data) return position;
    const struct tael__memory *s = &m->sequences[from];
    uint32_t which = s->position[s->now] <= position ? s->now : s->now ^ 1;
    tael__memory_rewind(m, to, 0);
    if (s->position[which] > position) return 0;
    memcpy(memory_of(m, to, 0), memory_of(m, from, which), m->floats * sizeof *m->data);
    m->sequences[to].position[0] = s->position[which];
    return s->position[which];
}

void tael__memory_set(tael__memories *m, uint32_t sequence, uint32_t position, const void *data)
{
    if (!m->data) return;
    tael__memory_rewind(m, sequence, 0);
    memcpy(memory_of(m, sequence, 0), data, m->floats * sizeof *m->data);
    m->sequences[sequence].position[0] = position;
}
