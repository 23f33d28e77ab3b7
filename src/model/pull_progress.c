// SPDX-License-Identifier: Apache-2.0
// Progress of a pull: the rate over the last seconds (not since the start: networks change), the time left from it.
#include <string.h>

#include "base/date.h"
#include "model/pull.h"

#define TELL_SECONDS   0.1
#define SAMPLE_SECONDS 0.4 /* 16 samples: the rate of the last six seconds */

void tael__pull_rate_reset(tael__pull *p)
{
    p->samples = 0;
}

/* Bytes a second since the oldest sample; 0 while there is too little to say. */
static double rate(tael__pull *p, double now, uint64_t done)
{
    uint32_t last = (p->samples + TAEL__PULL_SAMPLES - 1) % TAEL__PULL_SAMPLES;
    if (p->samples > 0 && done < p->sample_bytes[last]) p->samples = 0; /* a source starts over */
    if (p->samples == 0 || now - p->sample_at[last] >= SAMPLE_SECONDS) {
        p->sample_at[p->samples % TAEL__PULL_SAMPLES] = now;
        p->sample_bytes[p->samples % TAEL__PULL_SAMPLES] = done;
        p->samples++;
    }
    uint32_t oldest = p->samples > TAEL__PULL_SAMPLES ? p->samples % TAEL__PULL_SAMPLES : 0;
    double seconds = now - p->sample_at[oldest];
    return seconds >= SAMPLE_SECONDS ? (double)(done - p->sample_bytes[oldest]) / seconds : 0;
}

tael_status tael__pull_tell(tael__pull *p, const char *stage, uint64_t done)
{
    double now = tael__clock_seconds();
    bool last = p->total > 0 && done >= p->total;
    if (!p->progress || (!last && p->reported_at > 0 && now - p->reported_at < TELL_SECONDS)) return TAEL_OK;
    p->reported_at = now;
    tael_progress told = {
        .done_bytes = done, .total_bytes = p->total, .seconds_left = -1, .source = p->source, .stage = stage};
    told.bytes_per_second = rate(p, now, done);
    if (last)
        told.seconds_left = 0;
    else if (told.bytes_per_second > 0 && p->total > done)
        told.seconds_left = (double)(p->total - done) / told.bytes_per_second;
    if (p->progress(&told, p->user) == 0) return TAEL_OK;
    return tael__fail(TAEL_CANCELLED,
                      TAEL_SAY("%s: stopped; `tael pull %s` goes on from here", "%s：已停止；`tael pull %s` 可继续"),
                      p->model->name, p->model->name);
}
