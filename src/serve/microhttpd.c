// SPDX-License-Identifier: Apache-2.0
// Finds libmicrohttpd under the names that systems give it, once in a process. It is never unloaded.
#include "serve/microhttpd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static const char *const names[] = {"libmicrohttpd.so.12", "libmicrohttpd.so", "libmicrohttpd.12.dylib"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static tael__mhd functions;
static bool found;

/* ISO C has no conversion from an object pointer to a function's; POSIX says that the bytes are the same. */
static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

#define FIND(name) find(library, "MHD_" #name, &m->name)

static bool find_all(void *library, tael__mhd *m)
{
    return FIND(start_daemon) && FIND(stop_daemon) && FIND(create_response_from_buffer) &&
           FIND(create_response_from_callback) && FIND(add_response_header) && FIND(queue_response) &&
           FIND(destroy_response) && FIND(suspend_connection) && FIND(resume_connection) &&
           FIND(lookup_connection_value) && FIND(get_connection_info) && FIND(get_connection_values);
}

static void load(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!library) continue;
        found = find_all(library, &functions);
        if (!found) dlclose(library);
    }
}

tael_status tael__mhd_get(const tael__mhd **out)
{
    pthread_once(&once, load);
    *out = &functions;
    if (found) return TAEL_OK;
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("libmicrohttpd is not installed, and serving needs it: install libmicrohttpd12",
                               "未安装 libmicrohttpd，提供服务需要它：请安装 libmicrohttpd12"));
}
