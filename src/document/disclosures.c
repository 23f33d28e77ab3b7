// SPDX-License-Identifier: Apache-2.0
// What left the device.
#include "base/date.h"
#include "document/document.h"

json_t *tael__disclosure_json(const tael_disclosure *d)
{
    char time[40];
    tael__format_time(time, sizeof time, d->time_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    return json_pack("{s:I,s:s,s:o,s:o,s:o,s:I,s:o,s:o,s:o,s:o}", "id", (json_int_t)d->id, "time", time, "recipient",
                     tael__json_text(d->recipient), "purpose", tael__json_text(d->purpose), "consent",
                     tael__json_text(d->consent), "bytes", (json_int_t)d->bytes, "sha256", tael__json_text(d->sha256),
                     "previous", tael__json_text(d->previous), "hash", tael__json_text(d->hash), "sent",
                     *d->sent ? tael__json_text(d->sent) : json_null());
}
