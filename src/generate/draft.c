// SPDX-License-Identifier: Apache-2.0
// The draft model follows the list in a context of its own. What it guessed wrongly it forgets when it is asked again.
#include "generate/draft.h"

#include <math.h>
#include <string.h>

#include "compute/kernels.h"

#define PADDING_MOST 4096 /* ids that one of two vocabularies may have more: rows that round a matrix up */
#define SURE         1.0f /* logits between the likeliest and the next; below it two of three guesses are wrong */

struct tael__draft {
    tael__context *context;
    int32_t *held; /* owned: [capacity], what the context holds */
    uint32_t capacity;
    uint32_t width, vocabulary; /* logits of an output; ids that both models have */
};

static tael_status check_same(const tael_model *draft, const tael_model *target, uint32_t *vocabulary)
{
    const tael__tokenizer *a = tael__model_tokenizer(draft), *b = tael__model_tokenizer(target);
    uint32_t na = tael__tokenizer_size(a), nb = tael__tokenizer_size(b), most = na < nb ? na : nb;
    bool same = na - most <= PADDING_MOST && nb - most <= PADDING_MOST;
    for (uint32_t i = 0; i < most && same; i++) {
        tael__slice x = tael__token_bytes(a, (int32_t)i), y = tael__token_bytes(b, (int32_t)i);
        same = x.bytes == y.bytes && (x.bytes == 0 || memcmp(x.data, y.data, x.bytes) == 0);
    }
    *vocabulary = most;
    if (same) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("draft: its vocabulary differs from the model's; take a smaller one of the same family",
                               "草稿模型：词表与主模型不同；请用同系列的较小模型"));
}

tael_status tael__draft_open(tael__draft **out, const tael_model *draft, const tael_model *target,
                             const tael__context_options *options)
{
    uint32_t vocabulary;
    tael_model_info info = {.size = sizeof info};
    *out = NULL;
    TAEL_TRY(check_same(draft, target, &vocabulary));
    TAEL_TRY(tael_model_get_info(draft, &info));
    tael__draft *d = tael__alloc_zero(sizeof *d);
    if (!d) return tael__fail_memory(TAEL_SAY("a draft", "草稿"), sizeof *d);
    d->width = info.vocabulary;
    d->vocabulary = vocabulary < info.vocabulary ? vocabulary : info.vocabulary;
    tael_status status = tael__context_open(&d->context, draft, options);
    if (status == TAEL_OK) {
        d->capacity = tael__context_capacity(d->context);
        d->held = tael__alloc_array(d->capacity, sizeof *d->held);
        if (!d->held) status = tael__fail_memory(TAEL_SAY("a draft", "草稿"), d->capacity * sizeof *d->held);
    }
    if (status == TAEL_OK)
        *out = d;
    else
        tael__draft_close(d);
    return status;
}

void tael__draft_close(tael__draft *d)
{
    if (!d) return;
    tael__context_close(d->context);
    tael__free(d->held);
    tael__free(d);
}

/* Run ids[0..count) as the sequence's next tokens. */
static tael_status follow(tael__draft *d, const int32_t *ids, uint32_t count, const volatile bool *cancel)
{
    uint32_t at = tael__context_position(d->context, 0);
    memcpy(d->held + at, ids, count * sizeof *ids);
    return tael__context_run(d->context, 0, ids, count, cancel, NULL);
}

/* The likeliest token after what the context holds; -1: its logits are not numbers. *sure: no other is near. */
static int32_t guess(tael__draft *d, bool *sure)
{
    const float *logits = tael__context_logits(d->context, 0, 1);
    int32_t best = tael__argmax(logits, d->vocabulary);
    if (best < 0) return -1;
    float close = logits[best] - SURE;
    uint32_t near = 0;
    for (uint32_t i = 0; i < d->vocabulary; i++) near += logits[i] > close;
    *sure = near == 1;
    return best;
}

/* How much of the list the context holds, the last token aside: it is run for its output. */
static uint32_t same_tokens(const tael__draft *d, const tael__list *list)
{
    uint32_t same = 0, held = tael__context_position(d->context, 0);
    while (same < held && same + 1 < list->count && d->held[same] == list->ids[same]) same++;
    return same;
}

bool tael__draft_behind(const tael__draft *d, const tael__list *list)
{
    return list->count - same_tokens(d, list) > TAEL__MATVEC_TOKENS;
}

tael_status tael__draft_propose(tael__draft *d, const tael__list *list, int32_t *out, size_t most, size_t *count,
                                size_t *sure, const volatile bool *cancel)
{
    *count = *sure = 0;
    if (most == 0 || list->count + most > d->capacity) return TAEL_OK;
    tael__context_rewind(d->context, 0, same_tokens(d, list));
    uint32_t same = tael__context_position(d->context, 0);
    TAEL_TRY(follow(d, list->ids + same, list->count - same, cancel));
    for (;;) {
        bool good = false;
        int32_t id = guess(d, &good);
        if (id < 0) break;
        out[(*count)++] = id;
        if (!good) break; /* it is there, so it may be looked at, but nothing is built on it */
        (*sure)++;
        if (*count == most) break;
        TAEL_TRY(follow(d, &id, 1, cancel));
    }
    return TAEL_OK;
}
