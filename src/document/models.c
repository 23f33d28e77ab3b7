// SPDX-License-Identifier: Apache-2.0
// Models of the catalogue, and what came of fetching one.
#include "document/document.h"

#include <string.h>

void tael__pulled_name(char *name, size_t cap, const tael_pull_result *result)
{
    const char *slash = strrchr(result->path, '/');
    snprintf(name, cap, "%.200s", slash ? slash + 1 : result->path);
    char *dot = strrchr(name, '.');
    if (dot) *dot = '\0';
}

json_t *tael__pulled_json(const tael_pull_result *result)
{
    char name[208];
    tael__pulled_name(name, sizeof name, result);
    return json_pack("{s:o,s:o,s:I,s:o,s:o}", "name", tael__json_text(name), "path", tael__json_text(result->path),
                     "bytes", (json_int_t)result->bytes, "sha256", tael__json_text(result->sha256), "source",
                     result->source[0] ? tael__json_text(result->source) : json_null());
}

json_t *tael__catalogue_entry_json(const tael_catalogue_entry *e)
{
    return json_pack("{s:o,s:b,s:o,s:I,s:I,s:o,s:o,s:I,s:b}", "name", tael__json_text(e->name), "installed",
                     e->installed, "path", e->installed ? tael__json_text(e->path) : json_null(), "bytes",
                     (json_int_t)e->bytes, "params", (json_int_t)e->parameters, "quant",
                     tael__json_text(e->quantization), "license", tael__json_text(e->license), "needs_bytes",
                     (json_int_t)e->memory_bytes, "fits", e->fits);
}
