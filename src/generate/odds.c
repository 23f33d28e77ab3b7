// SPDX-License-Identifier: Apache-2.0
// Log-softmax at temperature 1, summed in doubles around the largest logit.
#include "generate/odds.h"

#include <math.h>

/* Puts `id` where it belongs among the likeliest so far. */
static void insert(tael_odds *o, int32_t id, float logit, uint32_t top)
{
    uint32_t at = o->count < top ? o->count++ : top - 1;
    for (; at > 0 && logit > o->logprobs[at - 1]; at--) {
        o->ids[at] = o->ids[at - 1];
        o->logprobs[at] = o->logprobs[at - 1];
    }
    o->ids[at] = id;
    o->logprobs[at] = logit;
}

void tael__odds(tael_odds *out, const float *logits, size_t n, int32_t id, uint32_t top)
{
    *out = (tael_odds){.id = id};
    if (top > TAEL_ODDS_MOST) top = TAEL_ODDS_MOST;
    float most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!(logits[i] > -INFINITY)) continue;
        if (logits[i] > most) most = logits[i];
        if (top > 0 && (out->count < top || logits[i] > out->logprobs[out->count - 1]))
            insert(out, (int32_t)i, logits[i], top);
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (logits[i] > -INFINITY) sum += exp((double)logits[i] - most);
    double whole = most + log(sum);
    out->logprob = (float)(logits[id] - whole);
    for (uint32_t i = 0; i < out->count; i++) out->logprobs[i] = (float)(out->logprobs[i] - whole);
}
