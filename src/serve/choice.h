// SPDX-License-Identifier: Apache-2.0
/* The model that the page's questions ask: the service's own, until the owner chooses another on the page. */
#ifndef TAEL__SERVE_CHOICE_H
#define TAEL__SERVE_CHOICE_H

#include <pthread.h>
#include <tael/model.h>

#include "base/limits.h"

typedef struct tael__asked_model {
    const tael_model *model; /* borrowed; NULL: none is there */
    char name[256], path[TAEL__MAX_PATH_BYTES];
} tael__asked_model;

typedef struct tael__choice {
    pthread_mutex_t lock;
    tael__asked_model now; /* guarded by the lock */
    tael_model *chosen;    /* owned, unless it is the service's; only the lane that asks touches it */
} tael__choice;

/* `model` is the service's own, or NULL; it outlives the choice. */
void tael__choice_open(tael__choice *c, const tael_model *model, const char *name, const char *path);
void tael__choice_close(tael__choice *c);
void tael__choice_get(tael__choice *c, tael__asked_model *out);
/* From now on the installed model `name` of `home`, also after the next start. On the lane that asks only. */
tael_status tael__choice_set(tael__choice *c, const char *home, const char *name);

#endif
