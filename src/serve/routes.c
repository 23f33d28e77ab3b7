// SPDX-License-Identifier: Apache-2.0
// Every address that is answered.
#include <string.h>

#include "serve/internal.h"

static const tael__route routes[] = {
    {"/v1/chat/completions", "POST", tael__serve_chat, false, false},
    {"/v1/completions", "POST", tael__serve_completions, false, false},
    {"/v1/embeddings", "POST", tael__serve_embeddings, false, false},
    {"/v1/responses", "POST", tael__serve_responses, false, false},
    {"/v1/messages", "POST", tael__serve_messages, false, true},
    {"/v1/messages/count_tokens", "POST", tael__serve_count_tokens, false, true},
    {"/v1/models", "GET", tael__serve_models, false, false},
    {"/v1/models/", "GET", tael__serve_model, false, false},
    {"/api/", NULL, NULL, true, false},
    {"/mcp", NULL, NULL, true, false, .mcp = true},
    {"/", "GET", tael__serve_page, true, false},
    {"/assets/", "GET", tael__serve_page, true, false},
    {"/healthz", "GET", tael__serve_health, true, false},
    {"/metrics", "GET", tael__serve_metrics, false, false},
};

enum { ROUTES = sizeof routes / sizeof *routes };
_Static_assert(ROUTES < TAEL__METRICS_ROUTES, "each route is counted, and what is none");

size_t tael__route_count(void)
{
    return ROUTES;
}

const tael__route *tael__route_at(size_t i)
{
    return &routes[i];
}

const tael__route *tael__route_find(const char *path, size_t *index)
{
    for (size_t i = 0; i < ROUTES; i++) {
        size_t n = strlen(routes[i].path);
        bool named = n > 1 && routes[i].path[n - 1] == '/' && strncmp(path, routes[i].path, n) == 0 && path[n];
        *index = i;
        if (named || strcmp(path, routes[i].path) == 0) return &routes[i];
    }
    *index = ROUTES;
    return NULL;
}
