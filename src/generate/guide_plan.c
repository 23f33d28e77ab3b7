// SPDX-License-Identifier: Apache-2.0
// What a plan needs once all its nodes are known: alternatives of alternatives laid flat, so that the machine never
// chases references, and how deep the shallowest value of each node is, so that it never opens what it couldn't close.
#include "generate/guide_internal.h"

#include <string.h>

#define MAX_VISITS 4096 /* alternatives looked at for one node; a cycle of references ends here at the latest */

typedef struct flattening {
    const tael__plan *plan;
    uint32_t found[TAEL__GUIDE_THREADS], found_count;
    uint32_t seen[MAX_VISITS], seen_count; /* also the queue: [done..seen_count) is still to be looked into */
} flattening;

static tael_status too_many(void)
{
    return tael__fail(
        TAEL_LIMIT,
        TAEL_SAY("schema: more than %d alternatives in one place; use fewer", "模式：一处超过 %d 种可能；请减少"),
        TAEL__GUIDE_THREADS);
}

static tael_status visit(flattening *f, uint32_t node, uint8_t *mark)
{
    if (mark[node]) return TAEL_OK;
    if (f->seen_count == MAX_VISITS) return too_many();
    mark[node] = 1;
    f->seen[f->seen_count++] = node;
    if (TAEL__PLAN_NODE(f->plan, node)->shape == TAEL__SHAPE_ANY_OF) return TAEL_OK;
    if (f->found_count == TAEL__GUIDE_THREADS) return too_many();
    f->found[f->found_count++] = node;
    return TAEL_OK;
}

/* All nodes that `node` may stand for. */
static tael_status flatten_one(flattening *f, uint32_t node, uint8_t *mark)
{
    tael_status status = TAEL_OK;
    f->found_count = f->seen_count = 0;
    status = visit(f, node, mark);
    for (uint32_t done = 0; done < f->seen_count && status == TAEL_OK; done++) {
        const tael__node *n = TAEL__PLAN_NODE(f->plan, f->seen[done]);
        if (n->shape != TAEL__SHAPE_ANY_OF) continue;
        for (uint32_t i = 0; i < n->count && status == TAEL_OK; i++)
            status = visit(f, *TAEL__PLAN_OTHER(f->plan, n->first + i), mark);
    }
    for (uint32_t i = 0; i < f->seen_count; i++) mark[f->seen[i]] = 0;
    return status;
}

static tael_status flatten(tael__plan *plan)
{
    size_t count = plan->nodes.size / sizeof(tael__node);
    uint8_t *mark = tael__alloc_array(count, 1);
    flattening *f = tael__alloc_zero(sizeof *f);
    uint32_t *firsts = tael__alloc_array(count, sizeof *firsts), *counts = tael__alloc_array(count, sizeof *counts);
    tael__buffer flat = {.max = plan->alternatives.max};
    tael_status status = TAEL_OK;
    if (!mark || !f || !firsts || !counts) status = tael__fail_memory(TAEL_SAY("the schema", "模式"), count * 9);
    for (uint32_t i = 0; i < count && status == TAEL_OK; i++) {
        if (TAEL__PLAN_NODE(plan, i)->shape != TAEL__SHAPE_ANY_OF) continue;
        f->plan = plan;
        status = flatten_one(f, i, mark);
        firsts[i] = (uint32_t)(flat.size / sizeof *f->found);
        counts[i] = f->found_count;
        if (status == TAEL_OK) status = tael__buffer_append(&flat, f->found, f->found_count * sizeof *f->found);
    }
    for (uint32_t i = 0; i < count && status == TAEL_OK; i++) {
        tael__node *n = TAEL__PLAN_NODE(plan, i);
        if (n->shape != TAEL__SHAPE_ANY_OF) continue;
        n->first = firsts[i];
        n->count = counts[i];
    }
    if (status == TAEL_OK) {
        tael__buffer swap = plan->alternatives;
        plan->alternatives = flat;
        flat = swap;
    }
    tael__buffer_free(&flat);
    tael__free(mark);
    tael__free(f);
    tael__free(firsts);
    tael__free(counts);
    return status;
}

static uint16_t around(uint16_t height)
{
    return height >= TAEL__MAX_JSON_DEPTH ? TAEL__GUIDE_ENDLESS : (uint16_t)(height + 1);
}

/* The least nesting of a value, from what is known of other nodes' so far. */
static uint16_t height_of(const tael__plan *p, const tael__node *n)
{
    uint16_t height = n->shape == TAEL__SHAPE_ANY_OF ? TAEL__GUIDE_ENDLESS : 0;
    switch (n->shape) {
    case TAEL__SHAPE_ANY_OF:
        for (uint32_t i = 0; i < n->count; i++) {
            uint16_t one = TAEL__PLAN_NODE(p, *TAEL__PLAN_OTHER(p, n->first + i))->height;
            if (one < height) height = one;
        }
        return height;
    case TAEL__SHAPE_MAP: return 1; /* it may be empty */
    case TAEL__SHAPE_ARRAY: return n->least == 0 ? 1 : around(TAEL__PLAN_NODE(p, n->items)->height);
    case TAEL__SHAPE_OBJECT:
        for (uint32_t i = 0; i < n->items; i++) {
            const tael__property *property = TAEL__PLAN_PROPERTY(p, n->first + i);
            uint16_t one = TAEL__PLAN_NODE(p, property->value)->height;
            if (property->required && one > height) height = one;
        }
        return around(height);
    default: return 0;
    }
}

tael_status tael__plan_finish(tael__plan *plan)
{
    TAEL_TRY(flatten(plan));
    size_t count = plan->nodes.size / sizeof(tael__node);
    bool changed = true;
    /* After k rounds all heights up to k/2 are known; what is still endless after these can't be nested anyway. */
    for (int round = 0; changed && round <= 2 * TAEL__MAX_JSON_DEPTH + 2; round++) {
        changed = false;
        for (uint32_t i = 0; i < count; i++) {
            tael__node *n = TAEL__PLAN_NODE(plan, i);
            uint16_t height = height_of(plan, n);
            changed |= height != n->height;
            n->height = height;
        }
    }
    if (TAEL__PLAN_NODE(plan, plan->root)->height <= TAEL__MAX_JSON_DEPTH) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("schema: no value fits, for it would never end; make a part of it optional",
                               "模式：没有有限的值满足它；请让其中一部分可选"));
}

void tael__plan_free(tael__plan *plan)
{
    tael__buffer_free(&plan->nodes);
    tael__buffer_free(&plan->texts);
    tael__buffer_free(&plan->properties);
    tael__buffer_free(&plan->alternatives);
    tael__buffer_free(&plan->bytes);
}
