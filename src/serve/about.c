// SPDX-License-Identifier: Apache-2.0
// What is said at once: the model, the service's health, its figures.
#include <string.h>

#include "base/date.h"
#include "serve/internal.h"

/* As both interfaces have it: each finds its own fields. */
static json_t *model_json(const tael__exchange *x)
{
    const char *name = x->server->model_name;
    char made[32];
    tael__format_time(made, sizeof made, x->server->started * 1000, 0);
    return json_pack("{s:s,s:s,s:I,s:s,s:I,s:s,s:s,s:s}", "id", name, "object", "model", "created",
                     (json_int_t)x->server->started, "owned_by", "tael", "context_length",
                     (json_int_t)tael__engine_context(x->server->engine), "type", "model", "display_name", name,
                     "created_at", made);
}

bool tael__serve_models(tael__exchange *x, json_t *body)
{
    const char *name = x->server->model_name;
    (void)body;
    return tael__reply_json(x, json_pack("{s:s,s:[o],s:b,s:s,s:s}", "object", "list", "data", model_json(x), "has_more",
                                         0, "first_id", name, "last_id", name));
}

bool tael__serve_model(tael__exchange *x, json_t *body)
{
    (void)body;
    if (strcmp(x->tail, x->server->model_name) == 0 || strcmp(x->tail, "default") == 0)
        return tael__reply_json(x, model_json(x));
    return tael__fault(x, 404, "invalid_request_error", "model_not_found", "model",
                       TAEL_SAY("model: this service has %s", "model：本服务提供 %s"), x->server->model_name);
}

bool tael__serve_health(tael__exchange *x, json_t *body)
{
    static const char good[] = "{\"status\":\"ok\"}", ending[] = "{\"status\":\"ending\"}";
    (void)body;
    bool drains = x->server->engine &&
                  tael__engine_draining(x->server->engine); /* whoever shares the load is told to go elsewhere */
    return tael__reply_text(x, drains ? 503 : 200, "application/json", drains ? ending : good,
                            strlen(drains ? ending : good));
}

bool tael__serve_metrics(tael__exchange *x, json_t *body)
{
    const char *names[TAEL__METRICS_ROUTES];
    size_t count = tael__route_count();
    tael__buffer out = {.max = (size_t)1 << 20};
    (void)body;
    for (size_t i = 0; i < count; i++) names[i] = tael__route_at(i)->path;
    names[count] = "other";
    tael_status status =
        tael__metrics_write(&x->server->metrics, names, count + 1, tael__watch_count(x->server->watch), &out);
    bool good = status == TAEL_OK
                    ? tael__reply_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.size)
                    : tael__fault_status(x, status, NULL, "");
    tael__buffer_free(&out);
    return good;
}
