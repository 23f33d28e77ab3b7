// SPDX-License-Identifier: Apache-2.0
/* How likely a chosen token was, beside the likeliest. */
#ifndef TAEL__GENERATE_ODDS_H
#define TAEL__GENERATE_ODDS_H

#include <tael/generate.h>

/* Of logits[0..n), -INFINITY for what may not come; `id` has a finite one. The `top` likeliest (at most
 * TAEL_ODDS_MOST), likeliest first, of equal ones the lower id. */
void tael__odds(tael_odds *out, const float *logits, size_t n, int32_t id, uint32_t top);

#endif
