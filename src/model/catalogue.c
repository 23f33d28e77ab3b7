// SPDX-License-Identifier: Apache-2.0
// The catalogue: JSON that is built into the library (models/catalogue.json, by cmake/embed.cmake), widened by a file
// in the owner's home. What can be said about models without the network: which there are, which are installed, which
// fit.
#include "model/catalogue.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/system.h"

#define CONTEXT_TOKENS 4096
#define MAX_NAME_BYTES 64
#define WORKING_BYTES  ((uint64_t)128 << 20) /* activations, tokenizer, the program itself */

extern const unsigned char tael__catalogue_json[];
extern const size_t tael__catalogue_json_bytes;

static const char *const source_names[TAEL__SOURCE_KIND_COUNT] = {"modelscope", "huggingface", "pypi"};

const char *tael__source_name(tael__source_kind kind)
{
    return source_names[kind];
}

/* ---- Reading ---- */

static tael_status bad_entry(const char *path, size_t index, const char *field)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: model %zu: the field \"%s\" is missing or wrong; correct it or remove the file",
                               "%s：第 %zu 个模型：字段 \"%s\" 缺失或有误；请改正或删除该文件"),
                      path, index + 1, field);
}

/* A name is part of a path and of a command line: letters, digits and "._-" only, and no leading dot or dash. */
static bool plain_name(const char *name, size_t max)
{
    size_t n = strlen(name);
    if (n == 0 || n > max || name[0] == '.' || name[0] == '-') return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static const char *text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text ? text : "";
}

static uint64_t number_of(const json_t *object, const char *field)
{
    json_int_t n = json_integer_value(json_object_get(object, field));
    return n > 0 ? (uint64_t)n : 0;
}

static bool hex_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* Repositories and files go into a URL, so nothing that could leave its path; packages into a command line. */
static const char *read_source(tael__source *s, const json_t *object)
{
    const char *kind = text_of(object, "kind");
    *s = (tael__source){.repo = text_of(object, "repo"),
                        .file = text_of(object, "file"),
                        .package = text_of(object, "package"),
                        .version = text_of(object, "version"),
                        .member = text_of(object, "member"),
                        .count = (uint32_t)number_of(object, "count")};
    while (s->kind < TAEL__SOURCE_KIND_COUNT && strcmp(kind, source_names[s->kind]) != 0) s->kind++;
    if (s->kind == TAEL__SOURCE_KIND_COUNT) return "kind";
    if (s->kind == TAEL__PYPI) {
        char package[128];
        const char *brace = strchr(s->package, '{');
        if (number_of(object, "count") < 1 || number_of(object, "count") > TAEL__MAX_PACKAGES) return "count";
        if (s->count > 1 && (!brace || strncmp(brace, "{n}", 3) != 0)) return "package";
        snprintf(package, sizeof package, "%.*s", (int)(brace ? brace - s->package : (int)strlen(s->package)),
                 s->package);
        if (!plain_name(package, 100) || strlen(s->package) > 100 || (brace && strlen(brace) != 3)) return "package";
        if (!plain_name(s->version, 32)) return "version";
        return *s->member && strlen(s->member) < 200 ? NULL : "member";
    }
    const char *slash = strchr(s->repo, '/');
    char owner[100];
    snprintf(owner, sizeof owner, "%.*s", (int)(slash && slash - s->repo < 99 ? slash - s->repo : 0), s->repo);
    if (!slash || !plain_name(owner, 98) || !plain_name(slash + 1, 150)) return "repo";
    return plain_name(s->file, 200) ? NULL : "file";
}

/* {"blocks": 28, "layers": {"Q4_K": 1234, ...}, "head": {...}} */
static bool read_weights(uint64_t *counts, const json_t *object)
{
    const char *name;
    json_t *count;
    json_object_foreach((json_t *)(uintptr_t)object, name, count)
    {
        int f = 0;
        while (f < TAEL__FORMAT_COUNT && strcmp(tael__formats[f].name, name) != 0) f++;
        if (f == TAEL__FORMAT_COUNT || json_integer_value(count) <= 0) return false;
        counts[f] = (uint64_t)json_integer_value(count);
    }
    return true;
}

static tael_status read_model(tael__catalogue_model *m, const json_t *object, size_t index, const char *path)
{
    *m = (tael__catalogue_model){.name = text_of(object, "name"),
                                 .about = text_of(object, "about"),
                                 .about_zh = text_of(object, "about_zh"),
                                 .license = text_of(object, "license"),
                                 .quantization = text_of(object, "quantization"),
                                 .sha256 = text_of(object, "sha256"),
                                 .parameters = number_of(object, "parameters"),
                                 .bytes = number_of(object, "bytes")};
    const json_t *sources = json_object_get(object, "sources"), *source;
    uint64_t per_token = number_of(object, "context_bytes_per_token");
    size_t i;
    if (!plain_name(m->name, 64)) return bad_entry(path, index, "name");
    if (*m->sha256 && !hex_digest(m->sha256)) return bad_entry(path, index, "sha256");
    if (m->bytes == 0 || m->bytes > TAEL__MAX_MODEL_BYTES) return bad_entry(path, index, "bytes");
    if (per_token > TAEL__MAX_MODEL_BYTES / CONTEXT_TOKENS) return bad_entry(path, index, "context_bytes_per_token");
    m->memory_bytes = m->bytes + per_token * CONTEXT_TOKENS + WORKING_BYTES;
    const json_t *work = json_object_get(object, "work");
    m->work.blocks = (uint32_t)number_of(work, "blocks");
    if (!read_weights(m->work.layers, json_object_get(work, "layers")) ||
        !read_weights(m->work.head, json_object_get(work, "head")))
        return bad_entry(path, index, "work");
    json_array_foreach(sources, i, source)
    {
        if (m->source_count == TAEL__SOURCE_KIND_COUNT) return bad_entry(path, index, "sources");
        const char *wrong = read_source(&m->sources[m->source_count++], source);
        if (wrong) return bad_entry(path, index, wrong);
    }
    return m->source_count ? TAEL_OK : bad_entry(path, index, "sources");
}

/* Adds the models of one file; a name that is there already is replaced. */
static tael_status add_models(tael__catalogue *c, const json_t *root, const char *path)
{
    const json_t *models = json_object_get(root, "models"), *object;
    const char *recommended = text_of(root, "recommended");
    size_t i, n = json_array_size(models), bytes;
    if (*recommended) c->recommended = recommended;
    if (n == 0) return TAEL_OK;
    if (!tael__mul_size(&bytes, c->count + n, sizeof *c->models)) return tael__fail_memory(path, n);
    tael__catalogue_model *grown = tael__realloc(c->models, bytes);
    if (!grown) return tael__fail_memory(path, bytes);
    c->models = grown;
    json_array_foreach(models, i, object)
    {
        tael__catalogue_model m;
        TAEL_TRY(read_model(&m, object, i, path));
        size_t at = 0;
        while (at < c->count && strcmp(c->models[at].name, m.name) != 0) at++;
        c->models[at] = m;
        if (at == c->count) c->count++;
    }
    return TAEL_OK;
}

/* Smallest first; equals stay in the file's order. */
static void sort_models(tael__catalogue *c)
{
    for (size_t i = 1; i < c->count; i++) {
        tael__catalogue_model m = c->models[i];
        size_t at = i;
        for (; at > 0 && c->models[at - 1].parameters > m.parameters; at--) c->models[at] = c->models[at - 1];
        c->models[at] = m;
    }
}

static tael_status read_home(tael__catalogue *c, const char *home)
{
    char path[TAEL__MAX_PATH_BYTES], *text;
    size_t bytes;
    json_error_t error;
    TAEL_TRY(tael__path_join(path, sizeof path, home, "catalogue.json"));
    if (!tael__file_exists(path)) return TAEL_OK;
    TAEL_TRY(tael__file_read(&text, &bytes, path, TAEL__MAX_JSON_BYTES));
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    tael__free(text);
    if (!root)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: line %d: not JSON; correct it or remove the file",
                                   "%s：第 %d 行：不是 JSON；请改正或删除该文件"),
                          path, error.line);
    c->json[1] = root;
    return add_models(c, root, path);
}

tael_status tael__catalogue_open(tael__catalogue *c, const char *home)
{
    json_error_t error;
    *c = (tael__catalogue){.recommended = ""};
    c->json[0] =
        json_loadb((const char *)tael__catalogue_json, tael__catalogue_json_bytes, JSON_REJECT_DUPLICATES, &error);
    tael_status status = c->json[0] ? add_models(c, c->json[0], "catalogue.json")
                                    : tael__fail_memory("catalogue.json", tael__catalogue_json_bytes);
    if (status == TAEL_OK) status = read_home(c, home);
    if (status == TAEL_OK) sort_models(c);
    if (status != TAEL_OK) tael__catalogue_close(c);
    return status;
}

void tael__catalogue_close(tael__catalogue *c)
{
    tael__free(c->models);
    json_decref(c->json[0]);
    json_decref(c->json[1]);
    *c = (tael__catalogue){0};
}

const tael__catalogue_model *tael__catalogue_find(const tael__catalogue *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->models[i].name, name) == 0) return &c->models[i];
    return NULL;
}

/* ---- What is here and what fits ---- */

tael_status tael__model_path(char *path, size_t cap, const char *home, const char *name)
{
    if (snprintf(path, cap, "%s/models/%s.gguf", home, name) < (int)cap) return TAEL_OK;
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("%s: the path is too long; choose a shorter one", "%s：路径太长；请换短一些的"), home);
}

bool tael__model_installed(const tael__catalogue_model *model, const char *path)
{
    uint64_t bytes;
    if (!tael__file_exists(path) || tael__file_size(&bytes, path) != TAEL_OK) return false;
    return *model->sha256 ? bytes == model->bytes : bytes > 0;
}

/* What a model may take; everything where the system doesn't tell. */
static uint64_t available_memory(void)
{
    uint64_t total, available;
    return tael__memory_tell(&total, &available) && available > 0 ? available : UINT64_MAX;
}

tael_status tael_catalogue_each(const char *home, tael_catalogue_fn *each, void *user)
{
    char folder[TAEL__MAX_PATH_BYTES];
    tael__catalogue c;
    uint64_t memory = available_memory();
    TAEL_TRY(tael__home(folder, sizeof folder, home));
    TAEL_TRY(tael__catalogue_open(&c, folder));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < c.count; i++) {
        const tael__catalogue_model *m = &c.models[i];
        tael_catalogue_entry entry = {.name = m->name,
                                      .license = m->license,
                                      .quantization = m->quantization,
                                      .about = *m->about_zh ? TAEL_SAY(m->about, m->about_zh) : m->about,
                                      .parameters = m->parameters,
                                      .bytes = m->bytes,
                                      .memory_bytes = m->memory_bytes,
                                      .fits = m->memory_bytes <= memory};
        status = tael__model_path(entry.path, sizeof entry.path, folder, m->name);
        if (status != TAEL_OK) break;
        entry.installed = tael__model_installed(m, entry.path);
        if (each(&entry, user) != 0) break;
    }
    tael__catalogue_close(&c);
    return status;
}

static tael_status copy_path(char *path, size_t cap, const char *from)
{
    if (snprintf(path, cap, "%s", from) < (int)cap) return TAEL_OK;
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("%s: the path is too long; choose a shorter one", "%s：路径太长；请换短一些的"), from);
}

/* The largest installed model that fits this device; when none does, the smallest that is installed. */
static tael_status find_best(const tael__catalogue *c, const char *home, char *path, size_t cap)
{
    uint64_t memory = available_memory();
    const tael__catalogue_model *best = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const tael__catalogue_model *m = &c->models[i];
        TAEL_TRY(tael__model_path(path, cap, home, m->name));
        if (tael__model_installed(m, path) && (!best || m->memory_bytes <= memory)) best = m;
    }
    if (best) return tael__model_path(path, cap, home, best->name);
    return tael__fail(
        TAEL_NOT_FOUND,
        TAEL_SAY("no model is installed; `tael pull %s` fetches one", "尚未安装模型；`tael pull %s` 可获取一个"),
        c->recommended);
}

static tael_status find_named(const tael__catalogue *c, const char *home, const char *name, char *path, size_t cap)
{
    const tael__catalogue_model *m = tael__catalogue_find(c, name);
    if (m || plain_name(name, 64)) TAEL_TRY(tael__model_path(path, cap, home, name));
    if (m && tael__model_installed(m, path)) return TAEL_OK;
    if (m)
        return tael__fail(TAEL_NOT_FOUND,
                          TAEL_SAY("the model %s is not installed; `tael pull %s` fetches it (%llu MB)",
                                   "模型 %s 尚未安装；`tael pull %s` 可获取它（%llu MB）"),
                          name, name, (unsigned long long)((m->bytes + 999999) / 1000000));
    if (plain_name(name, 64) && tael__file_exists(path)) return TAEL_OK; /* put there by hand */
    return tael__fail(TAEL_NOT_FOUND,
                      TAEL_SAY("%s: neither a model of the catalogue nor a file; `tael models` lists what there is",
                               "%s：既不是目录中的模型，也不是文件；`tael models` 列出可用模型"),
                      name);
}

/* home/model: the name that the owner chose. */
static tael_status choice_path(char *path, size_t cap, const char *home)
{
    return tael__path_join(path, cap, home, "model");
}

tael_status tael__model_choose(const char *home, const char *name)
{
    char folder[TAEL__MAX_PATH_BYTES], path[TAEL__MAX_PATH_BYTES];
    TAEL_TRY(tael__home(folder, sizeof folder, home));
    TAEL_TRY(choice_path(path, sizeof path, folder));
    return tael__file_write(path, name, strlen(name));
}

/* The chosen one, if it is still there; else the best. */
static tael_status find_default(const tael__catalogue *c, const char *home, char *path, size_t cap)
{
    char *name = NULL;
    size_t bytes;
    TAEL_TRY(choice_path(path, cap, home));
    bool chosen = tael__file_exists(path) && tael__file_read(&name, &bytes, path, MAX_NAME_BYTES) == TAEL_OK &&
                  find_named(c, home, name, path, cap) == TAEL_OK;
    tael__free(name);
    return chosen ? TAEL_OK : find_best(c, home, path, cap);
}

tael_status tael_model_find(const char *home, const char *name, char *path, size_t cap)
{
    char folder[TAEL__MAX_PATH_BYTES];
    tael__catalogue c;
    if (!name || !*name) name = getenv("TAEL_MODEL");
    if (name && strchr(name, '/')) {
        if (tael__file_exists(name)) return copy_path(path, cap, name);
        return tael__fail(TAEL_NOT_FOUND,
                          TAEL_SAY("%s: there is no such file; check the path", "%s：没有这个文件；请检查路径"), name);
    }
    TAEL_TRY(tael__home(folder, sizeof folder, home));
    TAEL_TRY(tael__catalogue_open(&c, folder));
    tael_status status;
    if (!name || !*name)
        status = find_default(&c, folder, path, cap);
    else if (!tael__catalogue_find(&c, name) && tael__file_exists(name))
        status = copy_path(path, cap, name);
    else
        status = find_named(&c, folder, name, path, cap);
    tael__catalogue_close(&c);
    return status;
}
