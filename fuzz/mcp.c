// SPDX-License-Identifier: Apache-2.0
// Any bytes as a message of MCP, of which the first chooses the protocol and whether the owner has consented; calls are
// run over a ledger in memory. Besides "no crash": an answer is one line of JSON, of an object or (in a batch) an
// array; nothing of the ledger is in it, and nothing in the log, without consent; no task stays behind.
#include <stdlib.h>
#include <string.h>

#include "ledger/internal.h"
#include "serve/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

static tael_status no_model(void *user, tael__asked_model *out)
{
    (void)user;
    *out = (tael__asked_model){.model = NULL};
    return TAEL_OK;
}

static tael_ledger *ledger(void)
{
    static tael_ledger *open;
    static const char shop[] = "SECRET";
    if (open) return open;
    must(tael__ledger_open_memory(&open) == TAEL_OK);
    for (int64_t i = 0; i < 30; i++) {
        tael_record r = {.time_ms = 1700000000000 + i * 86400000,
                         .offset_minutes = 480,
                         .direction = TAEL_EXPENSE,
                         .minor = 1000 + i,
                         .currency = "CNY",
                         .merchant = shop};
        must(tael_ledger_add(open, &r, NULL) == TAEL_OK);
    }
    return open;
}

static int count(const tael_disclosure *d, void *user)
{
    (void)d;
    ++*(int *)user;
    return 0;
}

static void run(tael__mcp_task *t, bool consent)
{
    const tael__mcp_place place = {.home = "/nowhere", .model = no_model};
    int before = 0, after = 0;
    must(tael_consent_set(ledger(), TAEL__MCP_CONSENT, consent) == TAEL_OK);
    must(tael_ledger_disclosures(ledger(), count, &before) == TAEL_OK);
    tael__mcp_run(t, ledger(), &place);
    must(tael_ledger_disclosures(ledger(), count, &after) == TAEL_OK);
    must(consent || (after == before && !strstr(t->out.data, "SECRET")));
    must(after - before <= (int)json_array_size(t->calls));
    if (after > 1000) must(tael__sql_exec(ledger(), "DELETE FROM disclosures", "fuzzing") == TAEL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael__mcp *hub;
    int fault;
    if (size == 0) return 0;
    if (!hub) must(tael__mcp_open(&hub) == TAEL_OK);
    tael__mcp_client client = {.ready = data[0] & 1, .version = (tael__mcp_version)(data[0] >> 1 & 3), .name = "f"};
    tael__mcp_task *t = tael__mcp_take(hub, "", &client, (const char *)data + 1, size - 1, &fault);
    must(t != NULL);
    if (tael__mcp_has_calls(t)) run(t, data[0] & 8);
    if (t->out.size > 0) {
        json_t *answer = json_loadb(t->out.data, t->out.size, 0, NULL);
        must(t->batch ? json_is_array(answer) : json_is_object(answer));
        must(!memchr(t->out.data, '\n', t->out.size));
        json_decref(answer);
    }
    tael__mcp_task_free(t);
    must(hub->tasks == NULL);
    return 0;
}
