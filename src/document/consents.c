// SPDX-License-Identifier: Apache-2.0
// What the ledger may be used for.
#include "base/status.h"
#include "document/document.h"

static int on_consent(const tael_consent *c, void *user)
{
    return json_array_append_new(user, json_pack("{s:s,s:s,s:b,s:b,s:b}", "kind", c->kind, "what", c->what, "allowed",
                                                 c->allowed, "leaves_device", c->leaves_device, "decided",
                                                 c->changed_ms != 0));
}

tael_status tael__consents_json(tael_ledger *ledger, json_t **out)
{
    json_t *list = json_array();
    *out = NULL;
    tael_status status = tael_consent_list(ledger, on_consent, list);
    if (status == TAEL_OK)
        *out = json_pack("{s:o}", "consents", list);
    else
        json_decref(list);
    return status;
}
