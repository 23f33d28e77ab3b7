// SPDX-License-Identifier: Apache-2.0
// A batch of sequences, without padding: their tokens lie one behind another. It is cut into slices that threads take
// through the model by themselves.
#include "habits/sequence_batch.h"

tael_status tael__sequence_batch_open(tael__sequence_batch *b, const tael_sequence *m, size_t sequences, size_t tokens,
                                      bool learning)
{
    const size_t d = m->sizes.width;
    *b = (tael__sequence_batch){.learning = learning, .capacity_sequences = sequences, .capacity_tokens = tokens};
    size_t slices = (sequences + TAEL__SLICE_SEQUENCES - 1) / TAEL__SLICE_SEQUENCES;
    b->start = tael__alloc_array(sequences + 1, sizeof *b->start);
    b->items = tael__alloc_array(tokens, sizeof *b->items);
    size_t padded = (tokens + TAEL__PANEL - 1) / TAEL__PANEL * TAEL__PANEL;
    b->hidden = tael__alloc_aligned(padded * d * sizeof(float));
    b->slices = tael__alloc_array(slices, sizeof *b->slices);
    bool whole = b->start && b->items && b->hidden && b->slices;
    if (learning) {
        b->targets = tael__alloc_array(tokens, sizeof *b->targets);
        b->slope = tael__alloc_aligned(padded * d * sizeof(float));
        b->shift = tael__alloc_array(padded, sizeof *b->shift);
        b->loss = tael__alloc_array(tokens, sizeof *b->loss);
        whole = whole && b->targets && b->slope && b->shift && b->loss &&
                tael__sequence_side_make(&b->side, b->hidden, padded, m);
        for (size_t i = 0; whole && i < slices; i++)
            whole = (b->slices[i].dense = tael__alloc_aligned(m->layout.count * sizeof(float))) != NULL;
    }
    if (whole) return TAEL_OK;
    tael__sequence_batch_close(b);
    return tael__fail_memory(TAEL_SAY("a batch of sequences", "一批序列"), tokens * d * sizeof(float));
}

void tael__sequence_batch_close(tael__sequence_batch *b)
{
    size_t slices = (b->capacity_sequences + TAEL__SLICE_SEQUENCES - 1) / TAEL__SLICE_SEQUENCES;
    for (size_t i = 0; b->slices && i < slices; i++) {
        tael__free(b->slices[i].memory);
        tael__free(b->slices[i].dense);
    }
    void *const parts[] = {b->start, b->items, b->targets, b->hidden, b->slope, b->shift, b->loss, b->slices};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) tael__free(parts[i]);
    tael__sequence_side_free(&b->side);
    *b = (tael__sequence_batch){0};
}

size_t tael__sequence_squares(const tael__sequence_batch *b, const tael__sequence_slice *slice)
{
    size_t squares = 0;
    for (size_t i = slice->first; i < slice->first + slice->count; i++) {
        size_t l = b->start[i + 1] - b->start[i];
        squares += l * l;
    }
    return squares;
}

size_t tael__sequence_activations_lay(tael__sequence_activations *a, const tael__sequence_sizes *s, float *memory,
                                      size_t n, size_t squares)
{
    const size_t d = s->width, wide = s->inner > 3 * s->width ? s->inner : 3 * s->width;
    tael__sequence_activations none;
    size_t at = 0;
    if (!a) a = &none;
#define ROOM(field, floats)                                                     \
    do {                                                                        \
        field = memory ? memory + at : NULL;                                    \
        at += ((size_t)(floats) + TAEL__PANEL - 1) / TAEL__PANEL * TAEL__PANEL; \
    } while (0)
    for (uint32_t i = 0; i < s->blocks; i++) {
        tael__sequence_layer *l = &a->layer[i];
        ROOM(l->input, n * d);
        ROOM(l->unit1, n * d);
        ROOM(l->spread1, n);
        ROOM(l->norm1, n * d);
        ROOM(l->qkv, n * 3 * d);
        ROOM(l->weights, squares * s->heads);
        ROOM(l->mixed, n * d);
        ROOM(l->middle, n * d);
        ROOM(l->unit2, n * d);
        ROOM(l->spread2, n);
        ROOM(l->norm2, n * d);
        ROOM(l->up, n * s->inner);
        ROOM(l->active, n * s->inner);
    }
    ROOM(a->output, n * d);
    ROOM(a->unit, n * d);
    ROOM(a->spread, n);
    ROOM(a->norm, n * d);
    ROOM(a->length_inverse, n);
    ROOM(a->branch, n * d);
    ROOM(a->wide, n * wide);
    ROOM(a->slope, n * d);
#undef ROOM
    return at;
}

tael_status tael__sequence_batch_cut(tael__sequence_batch *b, const tael_sequence *m)
{
    b->tokens = b->start[b->count];
    b->slice_count = (b->count + TAEL__SLICE_SEQUENCES - 1) / TAEL__SLICE_SEQUENCES;
    for (size_t i = 0; i < b->slice_count; i++) {
        tael__sequence_slice *slice = &b->slices[i];
        slice->first = i * TAEL__SLICE_SEQUENCES;
        slice->count =
            b->count - slice->first < TAEL__SLICE_SEQUENCES ? b->count - slice->first : TAEL__SLICE_SEQUENCES;
        slice->token = b->start[slice->first];
        slice->tokens = b->start[slice->first + slice->count] - slice->token;
        size_t floats =
            tael__sequence_activations_lay(NULL, &m->sizes, NULL, slice->tokens, tael__sequence_squares(b, slice));
        if (floats <= slice->capacity) continue;
        tael__free(slice->memory);
        slice->capacity = 0;
        slice->memory = tael__alloc_aligned(floats * sizeof(float));
        if (!slice->memory) return tael__fail_memory(TAEL_SAY("activations", "激活值"), floats * sizeof(float));
        slice->capacity = floats;
    }
    return TAEL_OK;
}
