// SPDX-License-Identifier: Apache-2.0
// `tael consent`: what the ledger may be used for.
#include <string.h>

#include "command.h"

static int print(const tael_consent *c, void *user)
{
    (void)user;
    out_cell(stdout, c->kind, 14, false);
    out_cell(stdout, c->allowed ? TAEL_SAY("on", "开") : TAEL_SAY("off", "关"), 6, false);
    out_line(stdout, c->what);
    putchar('\n');
    return 0;
}

static tael_status show(request *r, tael_ledger *ledger)
{
    if (!r->json) return tael_consent_list(ledger, print, NULL);
    json_t *document;
    TAEL_TRY(tael__consents_json(ledger, &document));
    return out_json(r, document);
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    bool on = r->argument_count == 2 && strcmp(r->arguments[1], "on") == 0;
    if (r->argument_count == 1 || (r->argument_count == 2 && !on && strcmp(r->arguments[1], "off") != 0))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("consent: say KIND on or KIND off; without arguments all are shown",
                                                "consent：请给出 种类 on 或 种类 off；不带参数则显示全部"));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK && r->argument_count == 2) status = tael_consent_set(ledger, r->arguments[0], on);
    if (status == TAEL_OK) status = show(r, ledger);
    tael_ledger_close(ledger);
    return status;
}

const command command_consent = {
    .verb = "consent",
    .usage = "[KIND on|off]",
    .what = {"what the ledger may be used for", "账本可用于什么"},
    .more = {"What would leave the device is off until you say on; what stays on it is on until you say off.",
             "会离开本设备的用途默认关闭；只在本设备上的默认开启。"},
    .most = 2,
    .run = run,
};
