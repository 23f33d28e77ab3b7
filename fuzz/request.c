// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of a request to any route of the service; the first byte chooses it. Read to the end, prompt
// made and counted, then refused by an engine that takes nothing more. Besides "no crash": what is refused has a status
// of its kind and an error that is JSON, and nothing of a request stays behind (LeakSanitizer, and references of
// calls).
#include <stdlib.h>
#include <string.h>

#include "serve/internal.h"
#include "serve/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

/* A connection that nobody is at. */
static const union MHD_ConnectionInfo *no_info(struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
    (void)connection;
    (void)type;
    return NULL;
}
static struct MHD_Response *no_response(size_t bytes, void *data, enum MHD_ResponseMemoryMode mode)
{
    (void)bytes;
    (void)data;
    (void)mode;
    return NULL;
}

static const tael__mhd nobody = {.get_connection_info = no_info, .create_response_from_buffer = no_response};

static tael__server *server(void)
{
    static tael__server s = {.mhd = &nobody, .model_name = "m", .deadline_seconds = 1};
    static tael_model *model;
    if (s.engine) return &s;
    must(tael_model_open(&model, TAEL_FUZZ_MODEL) == TAEL_OK);
    tael__engine_options o = {
        .model = model, .parallel = 1, .context_tokens = 64, .threads = 1, .key_count = 1, .metrics = &s.metrics};
    s.model = model;
    must(tael__engine_open(&s.engine, &o) == TAEL_OK);
    must(tael__watch_open(&s.watch, 10) == TAEL_OK);
    tael__engine_drain(s.engine, 0);
    return &s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    const tael__route *route = tael__route_at(data[0] % tael__route_count());
    if (!route->method || strcmp(route->method, "POST") != 0 || !tael__json_scan((const char *)data + 1, size - 1))
        return 0;
    json_t *body = json_loadb((const char *)data + 1, size - 1, 0, NULL);
    tael__exchange *x = calloc(1, sizeof *x);
    if (json_is_object(body) && x) {
        x->server = server();
        x->route = route;
        x->out.max = x->part.max = x->said.max = TAEL__MAX_JSON_BYTES;
        bool good = route->serve(x, body);
        json_t *fault = tael__fault_json(x);
        must(!good && (x->fault.http == 0 || (x->fault.http >= 400 && x->fault.http < 600)));
        must(x->fault.http == 0 || (json_is_object(fault) && x->fault.message[0]));
        json_decref(fault);
        must(!x->call || x->call->references == 1);
        tael__call_release(x->call);
        json_decref(x->tools.list);
        json_decref(x->tools.only);
        tael__free(x->spoken);
        tael__free(x->read);
        tael__free(x->told);
    }
    free(x);
    json_decref(body);
    return 0;
}
