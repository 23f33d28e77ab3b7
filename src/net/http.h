// SPDX-License-Identifier: Apache-2.0
/* HTTP over libcurl: downloads that resume. */
#ifndef TAEL__NET_HTTP_H
#define TAEL__NET_HTTP_H

#include "base/status.h"

/* Some bytes arrived; a non-zero return stops the transfer with TAEL_CANCELLED, and the sentence is the callback's to
 * set. Also called with 0 bytes about once a second while nothing comes, so that a silent server can be left. total: of
 * the whole file, also when resuming; 0: not told. */
typedef int tael__http_data_fn(const void *data, size_t bytes, uint64_t total, void *user);

typedef struct tael__http_options {
    uint64_t resume_at;          /* ask for bytes from here on; TAEL_UNSUPPORTED when the server won't */
    uint32_t connect_timeout_ms; /* until the first byte of an answer; 0: 5,000 */
    uint32_t stall_timeout_ms;   /* give up after this long without a byte; 0: 15,000 */
    uint64_t max_bytes;          /* TAEL_LIMIT beyond; 0 is a defect */
} tael__http_options;

/* GET an http or https URL, following redirects (https stays https). TAEL_NETWORK: no answer; TAEL_NOT_FOUND: 404;
 * else TAEL_NETWORK with the HTTP status in the sentence. */
tael_status tael__http_get(const char *url, const tael__http_options *options, tael__http_data_fn *data, void *user);

/* Ask for the head of a URL alone, following no redirect (a hub tells a file's digest in the redirect itself). A
 * header's value is "" when the answer has no such header. `name` without the colon, any case. Gives up after 5 s. */
typedef struct tael__http_header {
    const char *name;
    char value[256];
} tael__http_header;
tael_status tael__http_head(const char *url, tael__http_header *headers, size_t count);

#endif
