// SPDX-License-Identifier: Apache-2.0
// HTTP by libcurl's easy interface: one transfer at a time, on the caller's thread. What is ours: when to give up (a
// server that doesn't answer is dead after seconds, one that answered may pause longer), that a resumed transfer really
// goes on where it should, and a sentence for every way to fail. Proxies are libcurl's usual environment variables.
#include "net/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/date.h"
#include "net/curl.h"

#define CONNECT_MS   5000
#define STALL_MS     15000
#define HEAD_MS      5000
#define MAX_REDIRECT 5L
#define BLOCK_BYTES  (256L << 10) /* what libcurl hands over at once; larger wins nothing */

typedef struct transfer {
    const tael__curl *lib;
    CURL *curl;
    const char *url;
    const tael__http_options *options;
    tael__http_data_fn *data;
    void *user;
    tael__http_header *headers; /* of a HEAD; NULL for a GET */
    size_t header_count;
    uint64_t received, total; /* bytes of this transfer; of the whole file, 0 when not told */
    double active_at;         /* clock of the last sign of life */
    bool answered;            /* there was one at all */
    tael_status stopped;      /* why we ended it ourselves, with its sentence set */
} transfer;

/* "host" of the URL, for sentences: the rest may be long and tells a person little. */
static const char *host_of(const char *url, char *host, size_t cap)
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : url;
    size_t n = strcspn(start, "/?#");
    if (n >= cap) n = cap - 1;
    memcpy(host, start, n);
    host[n] = '\0';
    return host;
}

static tael_status fail_network(const transfer *t, const char *why)
{
    char host[128];
    return tael__fail(TAEL_NETWORK, TAEL_SAY("%s: %s; check the connection and try again", "%s：%s；请检查网络后重试"),
                      host_of(t->url, host, sizeof host), why);
}

static tael_status fail_http_status(const transfer *t, long code)
{
    char host[128];
    host_of(t->url, host, sizeof host);
    if (code == 404 || code == 410)
        return tael__fail(TAEL_NOT_FOUND,
                          TAEL_SAY("%s: it has no such file (HTTP %ld); try another source",
                                   "%s：没有该文件（HTTP %ld）；请换用其他来源"),
                          host, code);
    return tael__fail(TAEL_NETWORK,
                      TAEL_SAY("%s: it answered with HTTP %ld; try again later", "%s：返回 HTTP %ld；请稍后重试"), host,
                      code);
}

/* ---- What libcurl calls ---- */

/* The first bytes of a body: is it the answer that was asked for? */
static bool body_begins(transfer *t)
{
    long code = 0;
    curl_off_t length = -1;
    t->lib->easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    t->lib->easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (t->options->resume_at > 0 && code != 206) {
        char host[128];
        t->stopped = tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: it cannot resume a download; it has to start over", "%s：不支持断点续传；需要重新下载"),
            host_of(t->url, host, sizeof host));
        return false;
    }
    if (length > 0) t->total = t->options->resume_at + (uint64_t)length;
    return true;
}

static size_t on_body(char *data, size_t each, size_t n, void *user)
{
    transfer *t = user;
    size_t bytes = each * n;
    t->active_at = tael__clock_seconds();
    t->answered = true;
    if (t->headers) return bytes; /* a HEAD has no body; one that comes all the same is dropped */
    if (t->received == 0 && !body_begins(t)) return 0;
    if (bytes > t->options->max_bytes - t->received) {
        char host[128];
        t->stopped = tael__fail(TAEL_LIMIT,
                                TAEL_SAY("%s: it sends more than %llu bytes; try another source",
                                         "%s：发送的数据超过 %llu 字节；请换用其他来源"),
                                host_of(t->url, host, sizeof host), (unsigned long long)t->options->max_bytes);
        return 0;
    }
    t->received += bytes;
    if (t->data(data, bytes, t->total, t->user) == 0) return bytes;
    t->stopped = TAEL_CANCELLED;
    return 0;
}

static size_t on_header(char *data, size_t each, size_t n, void *user)
{
    transfer *t = user;
    size_t bytes = each * n;
    t->active_at = tael__clock_seconds();
    t->answered = true;
    for (size_t i = 0; i < t->header_count; i++) {
        tael__http_header *h = &t->headers[i];
        size_t name = strlen(h->name), from = name + 1;
        if (bytes <= name || data[name] != ':' || strncasecmp(data, h->name, name) != 0) continue;
        while (from < bytes && (data[from] == ' ' || data[from] == '\t')) from++;
        size_t end = bytes;
        while (end > from && (data[end - 1] == '\r' || data[end - 1] == '\n' || data[end - 1] == ' ')) end--;
        if (end - from >= sizeof h->value) continue; /* no value that we want is that long */
        memcpy(h->value, data + from, end - from);
        h->value[end - from] = '\0';
    }
    return bytes;
}

/* Called at least once a second: gives up on the dead and lets the caller cancel. */
static int on_tick(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    transfer *t = user;
    (void)a, (void)b, (void)c, (void)d;
    if (t->stopped != TAEL_OK) return 1; /* libcurl asks once more on its way out */
    uint32_t connect_ms = t->options && t->options->connect_timeout_ms ? t->options->connect_timeout_ms : CONNECT_MS;
    uint32_t stall_ms = t->options && t->options->stall_timeout_ms ? t->options->stall_timeout_ms : STALL_MS;
    double quiet_ms = (tael__clock_seconds() - t->active_at) * 1000;
    if (quiet_ms > (t->answered ? stall_ms : connect_ms)) {
        t->stopped = fail_network(t, t->answered ? TAEL_SAY("the transfer stands still", "传输停滞")
                                                 : TAEL_SAY("no answer", "无响应"));
        return 1;
    }
    if (t->data && t->data("", 0, t->total, t->user) != 0) {
        t->stopped = TAEL_CANCELLED;
        return 1;
    }
    return 0;
}

/* ---- A transfer ---- */

static tael_status outcome(transfer *t, CURLcode code)
{
    long status = 0;
    char host[128];
    t->lib->easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->stopped != TAEL_OK) return t->stopped; /* its sentence is set; for TAEL_CANCELLED by the callback */
    switch (code) {
    case CURLE_OK: break;
    case CURLE_RANGE_ERROR:
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: it cannot resume a download; it has to start over", "%s：不支持断点续传；需要重新下载"),
            host_of(t->url, host, sizeof host));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: not an http or https address; correct it", "%s：不是 http 或 https 地址；请改正"), t->url);
    case CURLE_OUT_OF_MEMORY: return tael__fail_memory(host_of(t->url, host, sizeof host), BLOCK_BYTES);
    case CURLE_PARTIAL_FILE: return fail_network(t, TAEL_SAY("the connection ended early", "连接提前中断"));
    default: return fail_network(t, t->lib->easy_strerror(code));
    }
    bool good = t->headers ? status >= 200 && status < 400 : status == 200 || status == 206;
    return good ? TAEL_OK : fail_http_status(t, status);
}

static void set_options(transfer *t)
{
    CURL *c = t->curl;
    CURLcode (*const set)(CURL *, CURLoption, ...) = t->lib->easy_setopt;
    set(c, CURLOPT_URL, t->url);
    set(c, CURLOPT_NOSIGNAL, 1L);
    set(c, CURLOPT_USERAGENT, "tael");
    set(c, CURLOPT_PROTOCOLS_STR, "http,https");
    set(c, CURLOPT_REDIR_PROTOCOLS_STR, strncasecmp(t->url, "https:", 6) == 0 ? "https" : "http,https");
    set(c, CURLOPT_FOLLOWLOCATION, t->headers ? 0L : 1L);
    set(c, CURLOPT_MAXREDIRS, MAX_REDIRECT);
    set(c, CURLOPT_FAILONERROR, t->headers ? 0L : 1L); /* an error's page is no part of the file */
    set(c, CURLOPT_NOPROGRESS, 0L);
    set(c, CURLOPT_XFERINFOFUNCTION, on_tick);
    set(c, CURLOPT_XFERINFODATA, t);
    set(c, CURLOPT_WRITEFUNCTION, on_body);
    set(c, CURLOPT_WRITEDATA, t);
    set(c, CURLOPT_HEADERFUNCTION, on_header);
    set(c, CURLOPT_HEADERDATA, t);
    set(c, CURLOPT_BUFFERSIZE, BLOCK_BYTES);
    uint32_t connect_ms = t->options && t->options->connect_timeout_ms ? t->options->connect_timeout_ms : CONNECT_MS;
    set(c, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    if (t->headers) {
        set(c, CURLOPT_NOBODY, 1L);
        set(c, CURLOPT_TIMEOUT_MS, (long)HEAD_MS);
    } else if (t->options->resume_at > 0) {
        set(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->options->resume_at);
    }
}

static tael_status perform(transfer *t)
{
    TAEL_TRY(tael__curl_get(&t->lib));
    t->curl = t->lib->easy_init();
    if (!t->curl) return tael__fail_memory("libcurl", BLOCK_BYTES);
    t->active_at = tael__clock_seconds();
    set_options(t);
    CURLcode code = t->lib->easy_perform(t->curl);
    if (code == CURLE_HTTP_RETURNED_ERROR && t->stopped == TAEL_OK) code = CURLE_OK; /* outcome() looks at the status */
    tael_status status = outcome(t, code);
    t->lib->easy_cleanup(t->curl);
    return status;
}

tael_status tael__http_get(const char *url, const tael__http_options *options, tael__http_data_fn *data, void *user)
{
    TAEL_ASSERT(options->max_bytes > 0);
    transfer t = {.url = url, .options = options, .data = data, .user = user};
    return perform(&t);
}

tael_status tael__http_head(const char *url, tael__http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) headers[i].value[0] = '\0';
    transfer t = {.url = url, .headers = headers, .header_count = count};
    return perform(&t);
}
