// SPDX-License-Identifier: Apache-2.0
/* libcurl, loaded when something is first fetched. Linked, it would bring 25 libraries along into every process: 4 ms
 * of each start and 4 MB, for a program that rarely goes online. */
#ifndef TAEL__NET_CURL_H
#define TAEL__NET_CURL_H

#include <curl/curl.h>

#include "base/status.h"

/* The functions that are used, by their names without "curl_". */
typedef struct tael__curl {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *curl);
    CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    void (*easy_cleanup)(CURL *curl);
} tael__curl;

/* *out is static. TAEL_UNSUPPORTED: the library isn't installed, or lacks a function. */
tael_status tael__curl_get(const tael__curl **out);

#endif
