// SPDX-License-Identifier: Apache-2.0
// The speeds to expect of the catalogue's models on this device. A token takes each weight once, at the rate that the
// kernels of its format showed; between the linear layers threads meet, and norms and the like take a little.
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/system.h"
#include "compute/rates.h"
#include "model/catalogue.h"

/* What the linear layers' rates don't tell, from models of 0.1 to 1.7 billion weights. Of a layer in decode: jobs that
 * all threads do together (QKV, attention, output, gate and up, down), and seconds of norms and the like. Of a prompt
 * of 512: how much longer the linear layers take in a model's shapes than in one good shape, and a layer's other work
 * for a token, in thousands of values of SwiGLU. */
#define JOBS_A_LAYER    5
#define BETWEEN_A_LAYER 3e-6
#define LINEAR_IN_MODEL 1.15
#define VECTORS_A_LAYER 18

static double decode_speed(const tael__work *w, const tael__rates *r)
{
    double seconds = w->blocks * (JOBS_A_LAYER * r->fork + BETWEEN_A_LAYER);
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++) {
        double weights = (double)(w->layers[f] + w->head[f]);
        if (weights > 0 && r->decode[f] <= 0) return 0;
        if (weights > 0) seconds += weights / r->decode[f];
    }
    return w->blocks > 0 ? 1 / seconds : 0;
}

static double prefill_speed(const tael__work *w, const tael__rates *r)
{
    double seconds = w->blocks * VECTORS_A_LAYER * r->vector;
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++) {
        if (w->layers[f] > 0 && r->prefill[f] <= 0) return 0;
        if (w->layers[f] > 0) seconds += LINEAR_IN_MODEL * (double)w->layers[f] / r->prefill[f];
    }
    return w->blocks > 0 ? 1 / seconds : 0;
}

typedef struct measured {
    tael__catalogue catalogue;
    tael__rates rates;
    tael_catalogue_fn *each;
    void *user;
} measured;

static int with_speeds(const tael_catalogue_entry *entry, void *user)
{
    const measured *m = user;
    const tael__catalogue_model *model = tael__catalogue_find(&m->catalogue, entry->name);
    tael_catalogue_entry told = *entry;
    if (model) {
        told.decode_tps = decode_speed(&model->work, &m->rates);
        told.prefill_tps = prefill_speed(&model->work, &m->rates);
    }
    return m->each(&told, m->user);
}

static tael_status measure(tael__rates *rates, const tael__catalogue *c)
{
    bool wanted[TAEL__FORMAT_COUNT] = {false};
    tael__pool *pool;
    for (size_t i = 0; i < c->count; i++)
        for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
            if (c->models[i].work.layers[f] > 0 || c->models[i].work.head[f] > 0) wanted[f] = true;
    TAEL_TRY(tael__pool_open(&pool, 0));
    uint64_t total, available;
    if (!tael__memory_tell(&total, &available)) available = UINT64_MAX;
    tael_status status = tael__rates_measure(rates, wanted, pool, available);
    tael__pool_close(pool);
    return status;
}

tael_status tael_catalogue_measure(const char *home, tael_catalogue_fn *each, void *user)
{
    char folder[TAEL__MAX_PATH_BYTES];
    measured m = {.each = each, .user = user};
    TAEL_TRY(tael__home(folder, sizeof folder, home));
    TAEL_TRY(tael__catalogue_open(&m.catalogue, folder));
    tael_status status = measure(&m.rates, &m.catalogue);
    if (status == TAEL_OK) status = tael_catalogue_each(home, with_speeds, &m);
    tael__catalogue_close(&m.catalogue);
    return status;
}
