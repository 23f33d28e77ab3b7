// SPDX-License-Identifier: Apache-2.0
// Models on the page: which there are, fetching one, and which one answers.
#include <string.h>

#include "base/date.h"
#include "model/catalogue.h"
#include "serve/api.h"

#define TELL_SECONDS 0.2 /* between two events of a download */

/* ---- The choice ---- */

void tael__choice_open(tael__choice *c, const tael_model *model, const char *name, const char *path)
{
    *c = (tael__choice){.now = {.model = model}};
    pthread_mutex_init(&c->lock, NULL);
    snprintf(c->now.name, sizeof c->now.name, "%s", name ? name : "");
    snprintf(c->now.path, sizeof c->now.path, "%s", path ? path : "");
}

void tael__choice_close(tael__choice *c)
{
    tael_model_close(c->chosen);
    pthread_mutex_destroy(&c->lock);
}

void tael__choice_get(tael__choice *c, tael__asked_model *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->now;
    pthread_mutex_unlock(&c->lock);
}

tael_status tael__choice_set(tael__choice *c, const char *home, const char *name)
{
    tael__asked_model next = {.model = NULL};
    tael_model *opened = NULL, *before = c->chosen;
    TAEL_TRY(tael_model_find(home, name, next.path, sizeof next.path));
    TAEL_TRY(tael_model_open(&opened, next.path));
    tael_status status = tael__model_choose(home, name);
    if (status != TAEL_OK) {
        tael_model_close(opened);
        return status;
    }
    next.model = c->chosen = opened;
    snprintf(next.name, sizeof next.name, "%s", name);
    pthread_mutex_lock(&c->lock);
    c->now = next;
    pthread_mutex_unlock(&c->lock);
    tael_model_close(before);
    return TAEL_OK;
}

/* ---- The list ---- */

typedef struct listing {
    json_t *models;
    tael__asked_model active;
} listing;

static int on_entry(const tael_catalogue_entry *entry, void *user)
{
    listing *l = user;
    json_t *one = tael__catalogue_entry_json(entry);
    bool active = l->active.model && strcmp(l->active.name, entry->name) == 0;
    json_object_set_new(one, "active", json_boolean(active));
    json_object_set_new(one, "about", tael__json_text(entry->about));
    return json_array_append_new(l->models, one);
}

tael_status tael__api_models(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    listing l = {.models = json_array()};
    (void)ledger;
    tael__choice_get(&e->server->choice, &l.active);
    tael_status status = tael_catalogue_each(tael__desk_home(e->desk), on_entry, &l);
    if (status == TAEL_OK)
        *reply = json_pack("{s:O,s:o}", "models", l.models, "active",
                           l.active.model ? tael__json_text(l.active.name) : json_null());
    json_decref(l.models);
    return status;
}

tael_status tael__api_model_use(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *name = NULL;
    (void)ledger;
    TAEL_TRY(tael__body_text(e, "name", true, &name));
    if (strchr(name, '/')) /* a file of the machine is not the page's to choose */
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("name: give a name of the list", "name：应为列表中的名称"));
    TAEL_TRY(tael__choice_set(&e->server->choice, tael__desk_home(e->desk), name));
    *reply = json_pack("{s:o}", "active", tael__json_text(name));
    return TAEL_OK;
}

/* ---- Fetching ---- */

typedef struct pull {
    tael__errand *errand;
    double told;
} pull;

static int on_progress(const tael_progress *p, void *user)
{
    pull *u = user;
    double now = tael__clock_seconds();
    if (now >= u->told + TELL_SECONDS) {
        u->told = now;
        tael__errand_event(u->errand, "progress",
                           json_pack("{s:I,s:I,s:o,s:o,s:o}", "bytes", (json_int_t)p->done_bytes, "total",
                                     (json_int_t)p->total_bytes, "stage", tael__json_text(p->stage), "source",
                                     tael__json_text(p->source), "seconds_left",
                                     p->seconds_left < 0 ? json_null() : tael__json_real(p->seconds_left)));
    }
    return tael__errand_unwanted(u->errand); /* what is there resumes */
}

tael_status tael__api_model_pull(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *name = NULL;
    pull u = {.errand = e};
    tael_pull_result *result = tael__alloc_zero(sizeof *result);
    (void)ledger;
    if (!result) return tael__fail_memory(TAEL_SAY("the download", "下载"), sizeof *result);
    tael_status status = tael__body_text(e, "name", true, &name);
    if (status == TAEL_OK) status = tael_pull(tael__desk_home(e->desk), name, on_progress, &u, result);
    if (status == TAEL_OK) *reply = tael__pulled_json(result);
    tael__free(result);
    return status;
}
