// SPDX-License-Identifier: Apache-2.0
// Finds libcurl under the names that systems give it, once in a process. It is never unloaded: it may have threads.
#include "net/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so", "libcurl.4.dylib"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static tael__curl functions;
static bool found;

/* ISO C has no conversion from an object pointer to a function's; POSIX says that the bytes are the same. */
static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static bool find_all(void *library, tael__curl *c)
{
    return find(library, "curl_global_init", &c->global_init) && find(library, "curl_easy_init", &c->easy_init) &&
           find(library, "curl_easy_setopt", &c->easy_setopt) && find(library, "curl_easy_perform", &c->easy_perform) &&
           find(library, "curl_easy_getinfo", &c->easy_getinfo) &&
           find(library, "curl_easy_strerror", &c->easy_strerror) &&
           find(library, "curl_easy_cleanup", &c->easy_cleanup);
}

static void load(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library) continue;
        found = find_all(library, &functions) && functions.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        if (!found) dlclose(library);
    }
}

tael_status tael__curl_get(const tael__curl **out)
{
    pthread_once(&once, load);
    *out = &functions;
    if (found) return TAEL_OK;
    return tael__fail(TAEL_UNSUPPORTED, TAEL_SAY("libcurl is not installed, and downloads need it: install libcurl4",
                                                 "未安装 libcurl，下载需要它：请安装 libcurl4"));
}
