// SPDX-License-Identifier: Apache-2.0
// The page itself, out of the program: its document with the session's token, for whoever has the owner's address, and
// its scripts and styles, which hold nothing of anybody.
#include "serve/page.h"

#include <string.h>

#include "serve/api.h"

#define COOKIE_DAYS 365
#define POLICY                                                                                            \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " \
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const char *value(const tael__exchange *x, enum MHD_ValueKind kind, const char *name)
{
    return x->server->mhd->lookup_connection_value(x->connection, kind, name);
}

static struct MHD_Response *response_of(tael__exchange *x, const void *data, size_t bytes)
{
    const tael__mhd *m = x->server->mhd;
    void *copied = (void *)(uintptr_t)data; /* not written to */
    struct MHD_Response *r = m->create_response_from_buffer(bytes, copied, MHD_RESPMEM_MUST_COPY);
    if (!r) return NULL;
    m->add_response_header(r, "Content-Security-Policy", POLICY);
    m->add_response_header(r, "Referrer-Policy", "no-referrer");
    m->add_response_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    m->add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
    return r;
}

/* A page for when there is no other. `token`: the session's, for who may ask the API; "" for others. */
static bool reply_notice(tael__exchange *x, unsigned http, const char *token, const char *sentence)
{
    tael__buffer html = {.max = 4096};
    tael__buffer_format(&html,
                        "<!doctype html><html lang=\"%s\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                        "content=\"width=device-width\"><meta name=\"tael-session\" "
                        "content=\"%s\"><title>Tael</title><p>%s</p></html>\n",
                        x->language == TAEL_CHINESE ? "zh" : "en", token, sentence);
    bool good = html.failed == TAEL_OK &&
                tael__reply(x, http, response_of(x, html.data, html.size), "text/html; charset=utf-8") == MHD_YES;
    tael__buffer_free(&html);
    return good;
}

/* ---- Whose page it is ---- */

static void cookie_name(const tael__exchange *x, char name[32])
{
    snprintf(name, 32, "tael%u", x->server->port); /* cookies don't tell ports apart */
}

static bool knows_link(tael__exchange *x)
{
    char name[32];
    cookie_name(x, name);
    return tael__session_same(x->server->session.link, value(x, MHD_COOKIE_KIND, name));
}

/* The address with the secret: the cookie gets it, and it leaves the address bar. */
static bool reply_opening(tael__exchange *x)
{
    char name[32], cookie[256];
    struct MHD_Response *r = response_of(x, "", 0);
    cookie_name(x, name);
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict", name,
             x->server->session.link, COOKIE_DAYS * 86400);
    if (r) x->server->mhd->add_response_header(r, "Set-Cookie", cookie);
    if (r) x->server->mhd->add_response_header(r, "Location", "/");
    return tael__reply(x, 303, r, "text/plain") == MHD_YES;
}

/* ---- Files ---- */

static const tael__page_file *find_file(const char *path)
{
    for (const tael__page_file *f = tael__page_files; f->path; f++)
        if (strcmp(f->path, path) == 0) return f;
    return NULL;
}

static bool reply_document(tael__exchange *x, const tael__page_file *f)
{
    static const char head[] = "<head>";
    tael__buffer html = {.max = f->bytes + 256};
    const char *text = (const char *)f->data, *at = memmem(text, f->bytes, head, sizeof head - 1);
    size_t before = at ? (size_t)(at - text) + sizeof head - 1 : 0;
    tael__buffer_append(&html, text, before);
    tael__buffer_format(&html, "<meta name=\"tael-session\" content=\"%s\">", x->server->session.token);
    tael__buffer_append(&html, text + before, f->bytes - before);
    bool good = html.failed == TAEL_OK && tael__reply(x, 200, response_of(x, html.data, html.size), f->type) == MHD_YES;
    tael__buffer_free(&html);
    return good;
}

/* Names of scripts and styles change with their content, so a browser may keep them. */
static bool reply_file(tael__exchange *x, const tael__page_file *f)
{
    const tael__mhd *m = x->server->mhd;
    const char *known = value(x, MHD_HEADER_KIND, "If-None-Match");
    bool same = known && strstr(known, f->etag) != NULL;
    struct MHD_Response *r = response_of(x, f->data, same ? 0 : f->bytes);
    x->cache = "private, max-age=31536000, immutable";
    if (r) m->add_response_header(r, "ETag", f->etag);
    if (r && !same) m->add_response_header(r, "Content-Encoding", "gzip");
    return tael__reply(x, same ? 304 : 200, r, f->type) == MHD_YES;
}

bool tael__serve_page(tael__exchange *x, json_t *body)
{
    char path[sizeof x->tail + 16];
    bool document = strcmp(x->route->path, "/") == 0;
    const char *host = value(x, MHD_HEADER_KIND, "Host"), *key = value(x, MHD_GET_ARGUMENT_KIND, "key");
    (void)body;
    tael__api_language(x);
    if (!x->server->desk || !host || !tael__guard_host(host))
        return reply_notice(
            x, 404, "",
            TAEL_SAY("There is no page here; the model's address is /v1.", "此处没有页面；模型接口在 /v1。"));
    if (document && tael__session_same(x->server->session.link, key)) return reply_opening(x);
    if (document && !knows_link(x))
        return reply_notice(x, 403, "",
                            TAEL_SAY("This page is its owner's: open the address that <code>tael serve</code> shows.",
                                     "此页面仅供机主使用：请打开 <code>tael serve</code> 显示的地址。"));
    snprintf(path, sizeof path, "%s%s", x->route->path, document ? "" : x->tail);
    const tael__page_file *f = find_file(path);
    if (f) return document ? reply_document(x, f) : reply_file(x, f);
    if (!document) return reply_notice(x, 404, "", TAEL_SAY("There is no such file.", "没有此文件。"));
    return reply_notice(
        x, 503, x->server->session.token,
        TAEL_SAY("This build of Tael is without its page: build it where Node.js and npm are installed.",
                 "此版本的 Tael 未包含页面：请在装有 Node.js 和 npm 的环境中构建。"));
}
