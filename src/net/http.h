// SPDX-License-Identifier: Apache-2.0
/* HTTP over libcurl: downloads that resume. */
#ifndef TAEL__NET_HTTP_H
#define TAEL__NET_HTTP_H

#include "base/status.h"

/* Some bytes arrived; a non-zero return stops the transfer with TAEL_CANCELLED. total 0: not told. */
typedef int tael__http_data_fn(const void *data, size_t bytes, uint64_t total, void *user);

typedef struct tael__http_options {
    uint64_t resume_at;          /* ask for bytes from here on; TAEL_UNSUPPORTED when the server won't */
    uint32_t connect_timeout_ms; /* 0: 5,000 */
    uint32_t stall_timeout_ms;   /* give up after this long without a byte; 0: 15,000 */
    uint64_t max_bytes;          /* TAEL_LIMIT beyond; 0 is a defect */
} tael__http_options;

/* GET an http or https URL, following redirects (https stays https). TAEL_NETWORK: no answer; TAEL_NOT_FOUND: 404;
 * else TAEL_NETWORK with the HTTP status in the sentence. */
tael_status tael__http_get(const char *url, const tael__http_options *options, tael__http_data_fn *data, void *user);

#endif
