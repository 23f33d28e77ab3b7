// SPDX-License-Identifier: Apache-2.0
// A model of the catalogue.
#include "document/document.h"

json_t *tael__catalogue_entry_json(const tael_catalogue_entry *e)
{
    return json_pack("{s:o,s:b,s:o,s:I,s:I,s:o,s:o,s:I,s:b}", "name", tael__json_text(e->name), "installed",
                     e->installed, "path", e->installed ? tael__json_text(e->path) : json_null(), "bytes",
                     (json_int_t)e->bytes, "params", (json_int_t)e->parameters, "quant",
                     tael__json_text(e->quantization), "license", tael__json_text(e->license), "needs_bytes",
                     (json_int_t)e->memory_bytes, "fits", e->fits);
}
