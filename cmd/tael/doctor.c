// SPDX-License-Identifier: Apache-2.0
// `tael doctor`: what this device can do, and how fast each model of the catalogue would run: from rates that its
// kernels show here and now, so a machine that is busy promises less.
#include <string.h>

#include "command.h"

static const option options[] = {{NULL}};

static const double COMFORTABLE_TPS = 8; /* about as fast as people read Chinese aloud */

typedef struct checkup {
    bool json;
    json_t *models;
    uint64_t largest; /* parameters of the largest model that fits and is comfortable */
} checkup;

static int on_entry(const tael_catalogue_entry *e, void *user)
{
    checkup *c = user;
    if (e->fits && e->decode_tps >= COMFORTABLE_TPS && e->parameters > c->largest) c->largest = e->parameters;
    json_array_append_new(
        c->models, json_pack("{s:o,s:b,s:o,s:o}", "name", out_text(e->name), "fits", e->fits, "predicted_decode_tps",
                             e->decode_tps > 0 ? out_real(e->decode_tps) : json_null(), "predicted_prefill_tps",
                             e->prefill_tps > 0 ? out_real(e->prefill_tps) : json_null()));
    return 0;
}

/* Tiers by what runs comfortably: none, small (below 1.2 billion parameters), medium (below 2.5), large. */
static const char *tier_of(uint64_t parameters)
{
    if (parameters == 0) return "none";
    if (parameters < 1200000000) return "small";
    return parameters < 2500000000 ? "medium" : "large";
}

static void print_all(const tael_device *d, const checkup *c)
{
    char memory[32], available[32];
    size_t i;
    json_t *m;
    out_size(memory, sizeof memory, d->memory_bytes);
    out_size(available, sizeof available, d->available_bytes);
    printf(TAEL_SAY("instructions  %s\ncores         %u\nmemory        %s, %s available\nbandwidth     %.1f GB/s\ntier "
                    "         %s\n\n",
                    "指令集  %s\n核心    %u\n内存    %s，可用 %s\n带宽    %.1f GB/s\n档位    %s\n\n"),
           d->isa, d->cores, memory, available, d->bandwidth_gbs, tier_of(c->largest));
    json_array_foreach(c->models, i, m)
    {
        bool fits = json_boolean_value(json_object_get(m, "fits"));
        double decode = json_number_value(json_object_get(m, "predicted_decode_tps"));
        out_cell(stdout, json_string_value(json_object_get(m, "name")), 24, false);
        if (!fits)
            puts(TAEL_SAY("does not fit into memory", "内存不足"));
        else if (decode <= 0)
            puts(TAEL_SAY("its speed is not known", "速度未知"));
        else
            printf(TAEL_SAY("about %.0f tok/s, reads %.0f tok/s\n", "约 %.0f token/秒，读入 %.0f token/秒\n"), decode,
                   json_number_value(json_object_get(m, "predicted_prefill_tps")));
    }
}

static tael_status run(request *r)
{
    tael_device d = {.size = sizeof d};
    TAEL_TRY(tael_device_inspect(&d, true));
    checkup c = {.json = r->json, .models = json_array()};
    tael_status status = tael_catalogue_measure(r->home, on_entry, &c);
    if (status == TAEL_OK && r->json)
        return out_json(r, json_pack("{s:s,s:I,s:I,s:I,s:o,s:s,s:o}", "isa", d.isa, "cores", (json_int_t)d.cores,
                                     "memory_bytes", (json_int_t)d.memory_bytes, "available_bytes",
                                     (json_int_t)d.available_bytes, "bandwidth_gbs", out_real(d.bandwidth_gbs), "tier",
                                     tier_of(c.largest), "models", c.models));
    if (status == TAEL_OK) print_all(&d, &c);
    json_decref(c.models);
    return status;
}

const command command_doctor = {
    .verb = "doctor",
    .usage = "",
    .what = {"what this device can do", "本机能做什么"},
    .more =
        {"Speeds are estimates from what the kernels show here and now: writing, and reading a prompt of 512 tokens.",
         "速度为估计值，依据计算核当前的实测：输出速度，以及读入 512 个 token 提示的速度。"},
    .options = options,
    .run = run,
};
