// SPDX-License-Identifier: Apache-2.0
// The two official hubs. Addresses are built here from repository and file; a hub's mirror can be named by the variable
// that its own tools know ($HF_ENDPOINT) or by $MODELSCOPE_ENDPOINT. Both tell the SHA-256 of a large file: Hugging
// Face in the head of the redirect to its storage, ModelScope in the repository's list of files.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/pull.h"
#include "net/http.h"

#define URL_BYTES   1024
#define MAX_RETRIES 3 /* of one hub, each only after bytes have come */

static const char *endpoint(tael__source_kind kind)
{
    const char *named = getenv(kind == TAEL__MODELSCOPE ? "MODELSCOPE_ENDPOINT" : "HF_ENDPOINT");
    if (named && *named) return named;
    return kind == TAEL__MODELSCOPE ? "https://modelscope.cn" : "https://huggingface.co";
}

static tael_status make_url(char url[URL_BYTES], const tael__source *s)
{
    const char *at = endpoint(s->kind);
    int n = s->kind == TAEL__MODELSCOPE
                ? snprintf(url, URL_BYTES, "%s/models/%s/resolve/master/%s", at, s->repo, s->file)
                : snprintf(url, URL_BYTES, "%s/%s/resolve/main/%s", at, s->repo, s->file);
    if (n < URL_BYTES) return TAEL_OK;
    return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: its address is too long; shorten it", "%s：地址太长；请缩短"), s->file);
}

/* ---- Asking for digest and size ---- */

static tael_status fail_metadata(const tael__source *s)
{
    return tael__fail(
        TAEL_NETWORK,
        TAEL_SAY("%s: it tells no checksum of %s; try another source", "%s：未给出 %s 的校验和；请换用其他来源"),
        tael__source_name(s->kind), s->file);
}

/* Takes 64 hexadecimal digits, in quotes or not. */
static bool take_digest(char *sha256, const char *text)
{
    if (*text == '"') text++;
    for (int i = 0; i < 64; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'F') c = (char)(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        sha256[i] = c;
    }
    sha256[64] = '\0';
    return text[64] == '\0' || text[64] == '"';
}

static tael_status ask_huggingface(const tael__source *s, char *sha256, uint64_t *bytes)
{
    char url[URL_BYTES], *end;
    tael__http_header headers[] = {{.name = "X-Linked-Etag"}, {.name = "X-Linked-Size"}};
    TAEL_TRY(make_url(url, s));
    TAEL_TRY(tael__http_head(url, headers, 2));
    *bytes = strtoull(headers[1].value, &end, 10);
    if (!take_digest(sha256, headers[0].value) || *bytes == 0 || *end) return fail_metadata(s);
    return TAEL_OK;
}

static int collect(const void *data, size_t bytes, uint64_t total, void *user)
{
    (void)total;
    return tael__buffer_append(user, data, bytes) != TAEL_OK;
}

static tael_status ask_modelscope(const tael__source *s, char *sha256, uint64_t *bytes)
{
    char url[URL_BYTES];
    tael__buffer reply = {.max = TAEL__MAX_HUB_REPLY_BYTES};
    tael__http_options options = {.stall_timeout_ms = 5000, .max_bytes = TAEL__MAX_HUB_REPLY_BYTES};
    json_error_t error;
    size_t i;
    const json_t *file;
    if (snprintf(url, sizeof url, "%s/api/v1/models/%s/repo/files?Revision=master&Recursive=true", endpoint(s->kind),
                 s->repo) >= URL_BYTES)
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: its address is too long; shorten it", "%s：地址太长；请缩短"),
                          s->repo);
    tael_status status = tael__http_get(url, &options, collect, &reply);
    json_t *root = status == TAEL_OK && reply.size ? json_loadb(reply.data, reply.size, 0, &error) : NULL;
    tael__buffer_free(&reply);
    if (status != TAEL_OK) return status;
    status = TAEL_NETWORK;
    json_array_foreach(json_object_get(json_object_get(root, "Data"), "Files"), i, file)
    {
        const char *path = json_string_value(json_object_get(file, "Path")),
                   *digest = json_string_value(json_object_get(file, "Sha256"));
        json_int_t size = json_integer_value(json_object_get(file, "Size"));
        if (!path || !digest || strcmp(path, s->file) != 0 || size <= 0 || !take_digest(sha256, digest)) continue;
        *bytes = (uint64_t)size;
        status = TAEL_OK;
        break;
    }
    json_decref(root);
    return status == TAEL_OK ? TAEL_OK : fail_metadata(s);
}

tael_status tael__hub_ask(const tael__source *s, char *sha256, uint64_t *bytes)
{
    TAEL_TRY(s->kind == TAEL__MODELSCOPE ? ask_modelscope(s, sha256, bytes) : ask_huggingface(s, sha256, bytes));
    if (*bytes <= TAEL__MAX_MODEL_BYTES) return TAEL_OK;
    return fail_metadata(s);
}

/* ---- Downloading ---- */

typedef struct arrival {
    tael__pull *pull;
    const tael__source *source;
    uint64_t received;
    tael_status failed; /* why we stopped the transfer, with its sentence set */
} arrival;

static tael_status take(arrival *a, const void *data, size_t bytes, uint64_t total)
{
    tael__pull *p = a->pull;
    if (bytes > 0 && a->received == 0) {
        if (total != 0 && total != p->total)
            return tael__fail(TAEL_CHECKSUM,
                              TAEL_SAY("%s: its file has %llu bytes instead of %llu; try another source",
                                       "%s：文件为 %llu 字节，应为 %llu；请换用其他来源"),
                              p->source, (unsigned long long)total, (unsigned long long)p->total);
        TAEL_TRY(tael__part_keep(p, tael__source_name(a->source->kind), 0));
    }
    a->received += bytes;
    TAEL_TRY(tael__part_append(p, data, bytes));
    return tael__pull_tell(p, "downloading", p->done);
}

static int on_data(const void *data, size_t bytes, uint64_t total, void *user)
{
    arrival *a = user;
    a->failed = take(a, data, bytes, total);
    return a->failed != TAEL_OK;
}

tael_status tael__pull_from_hub(tael__pull *p, const tael__source *s)
{
    char url[URL_BYTES];
    TAEL_TRY(make_url(url, s));
    for (int retries = 0;;) {
        arrival a = {.pull = p, .source = s};
        tael__http_options options = {.resume_at = p->done, .max_bytes = p->total - p->done};
        tael_status status = tael__http_get(url, &options, on_data, &a);
        if (a.failed != TAEL_OK) return a.failed;
        if (status == TAEL_OK && p->done == p->total) return TAEL_OK;
        if (status == TAEL_OK)
            status = tael__fail(TAEL_NETWORK,
                                TAEL_SAY("%s: the file ended early; try again", "%s：文件提前结束；请重试"), p->source);
        if (status == TAEL_UNSUPPORTED && p->done > 0)
            TAEL_TRY(tael__part_restart(p)); /* it can't resume, but it is there */
        else if (status != TAEL_NETWORK || a.received == 0 || ++retries > MAX_RETRIES)
            return status;
    }
}
