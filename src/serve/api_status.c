// SPDX-License-Identifier: Apache-2.0
// What serves the page.
#include <time.h>

#include <tael/device.h>

#include "serve/api.h"

tael_status tael__api_status(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    tael__asked_model model;
    tael_device device = {.size = sizeof device};
    (void)ledger;
    tael__choice_get(&e->server->choice, &model);
    TAEL_TRY(tael_device_inspect(&device, false));
    *reply = json_pack("{s:s,s:s,s:o,s:o,s:s,s:I}", "version", tael_version(), "language",
                       e->language == TAEL_CHINESE ? "zh" : "en", "model",
                       model.model ? tael__json_text(model.name) : json_null(), "served",
                       e->server->model ? tael__json_text(e->server->model_name) : json_null(), "isa", device.isa,
                       "uptime", (json_int_t)(time(NULL) - e->server->started));
    return TAEL_OK;
}
