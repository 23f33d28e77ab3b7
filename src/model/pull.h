// SPDX-License-Identifier: Apache-2.0
/* What the files of `pull` share. One pull is one struct, used by one thread under the lock home/models/NAME.lock.
 *
 *   pull.c          the order of things: installed? cached? which source next?
 *   pull_part.c     the partial file: append, hash, resume, check, install
 *   pull_hub.c      ModelScope and Hugging Face
 *   pull_package.c  a package registry through its own client, members out of wheels
 *   pull_pip.c      that client as a child process
 *   pull_cache.c    the user's shared cache, and checksums remembered from hubs
 *   pull_progress.c rate, time left, cancelling */
#ifndef TAEL__MODEL_PULL_H
#define TAEL__MODEL_PULL_H

#include <sodium.h>

#include "base/limits.h"
#include "model/catalogue.h"

#define TAEL__PULL_SAMPLES 16

typedef struct tael__pull {
    const tael__catalogue_model *model;
    char folder[TAEL__MAX_PATH_BYTES];     /* home/models */
    char path[TAEL__MAX_PATH_BYTES];       /* folder/NAME.gguf */
    char part_path[TAEL__MAX_PATH_BYTES];  /* .part: always a prefix of the file */
    char state_path[TAEL__MAX_PATH_BYTES]; /* .part.json: where it comes from */
    char temp[TAEL__MAX_PATH_BYTES];       /* .packages: what a package client needs, removed when done */
    char sha256[65];                       /* what the file must have; "" until a hub told */
    uint64_t total;                        /* what it must measure; 0 until a hub told */

    int fd;        /* of the partial; -1 when not open */
    uint64_t done; /* its bytes, all of them hashed */
    crypto_hash_sha256_state hash;
    char state_source[32]; /* who wrote the partial last */
    uint32_t state_parts;  /* whole packages in it, when that was a package source */

    tael_progress_fn *progress; /* may be NULL */
    void *user;
    const char *source;                   /* for people; static */
    double reported_at;                   /* clock of the last call */
    double sample_at[TAEL__PULL_SAMPLES]; /* clock and bytes of the last seconds, a ring */
    uint64_t sample_bytes[TAEL__PULL_SAMPLES];
    uint32_t samples; /* how many were ever taken */
} tael__pull;

/* Tells the caller, at most ten times a second. TAEL_CANCELLED when it wants to stop. */
tael_status tael__pull_tell(tael__pull *p, const char *stage, uint64_t done);
void tael__pull_rate_reset(tael__pull *p); /* another source or stage: its rate is not the last one's */

/* Open the partial and hash what it holds. */
tael_status tael__part_open(tael__pull *p);
void tael__part_close(tael__pull *p);
tael_status tael__part_append(tael__pull *p, const void *data, size_t bytes);
/* Make what is there durable and note its source, so that a later call resumes here. */
tael_status tael__part_keep(tael__pull *p, const char *source, uint32_t parts);
tael_status tael__part_restart(tael__pull *p); /* empty again */
/* Back to an earlier end, whose hash the caller kept. */
tael_status tael__part_rollback(tael__pull *p, uint64_t done, const crypto_hash_sha256_state *hash);
/* TAEL_CHECKSUM unless length and digest are right; a wrong partial is removed. */
tael_status tael__part_check(tael__pull *p);
tael_status tael__part_install(tael__pull *p);

/* The digest of any file, with progress; hex[65]. */
tael_status tael__pull_digest(tael__pull *p, const char *path, char *hex);
tael_status tael__pull_need_space(const tael__pull *p, uint64_t bytes);

tael_status tael__hub_ask(const tael__source *source, char *sha256, uint64_t *bytes);
tael_status tael__pull_from_hub(tael__pull *p, const tael__source *source);
tael_status tael__pull_from_packages(tael__pull *p, const tael__source *source);

/* Fetches one package into p->temp, telling progress by what has arrived there: base + at most `expected`. *wheel: its
 * path. */
tael_status tael__pip_download(tael__pull *p, const char *package, const char *version, bool proven, uint64_t base,
                               uint64_t expected, char *wheel, size_t cap);
void tael__folder_clear(const char *path); /* with everything in it; best effort */

tael_status tael__cache_take(tael__pull *p, bool *taken); /* installs the cached file if it is the right one */
void tael__cache_give(const tael__pull *p);               /* best effort */
/* Checksums that a hub told, in known.json of home/models and of the cache. */
void tael__known_get(tael__pull *p);
tael_status tael__known_put(const tael__pull *p, const char *source);

#endif
