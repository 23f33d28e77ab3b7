// SPDX-License-Identifier: Apache-2.0
// Keys are kept and compared as digests: all of one length, compared in full and with every one of them.
#include "serve/guard.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"

#define KEY_LEAST 16

/* ---- Keys ---- */

static tael_status bad_line(const char *path, size_t line)
{
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("%s: line %zu: a key has %d to %d bytes without spaces; make one with `openssl rand -hex "
                 "24`",
                 "%s：第 %zu 行：密钥应为 %d 到 %d 字节且不含空格；可用 `openssl rand -hex 24` 生成"),
        path, line, KEY_LEAST, TAEL__MAX_SERVE_KEY_BYTES);
}

static tael_status add_key(tael__guard *g, const char *path, size_t line, const char *key, size_t bytes)
{
    if (bytes < KEY_LEAST || bytes > TAEL__MAX_SERVE_KEY_BYTES || memchr(key, ' ', bytes) || memchr(key, '\t', bytes))
        return bad_line(path, line);
    if (g->count == TAEL__MAX_SERVE_KEYS)
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: more than %d keys; give fewer", "%s：超过 %d 个密钥；请减少"), path,
                          TAEL__MAX_SERVE_KEYS);
    crypto_generichash(g->digests[g->count++], sizeof *g->digests, (const uint8_t *)key, bytes, NULL, 0);
    return TAEL_OK;
}

static tael_status add_lines(tael__guard *g, const char *path, const char *text, size_t bytes)
{
    size_t line = 0;
    for (const char *at = text, *end = text + bytes; at < end; at++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        size_t n = (size_t)(stop - at);
        if (n > 0 && at[n - 1] == '\r') n--;
        line++;
        if (n > 0 && *at != '#') TAEL_TRY(add_key(g, path, line, at, n));
        at = stop;
    }
    if (g->count > 0) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: there is no key in it; write one a line", "%s：其中没有密钥；请每行写一个"), path);
}

tael_status tael__guard_open(tael__guard *g, const char *path)
{
    struct stat file;
    char *text = NULL;
    size_t bytes = 0;
    *g = (tael__guard){0};
    if (!path) return TAEL_OK;
    if (sodium_init() < 0)
        return tael__fail(TAEL_INTERNAL,
                          TAEL_SAY("libsodium can't start; install it anew", "libsodium 无法启动；请重新安装"));
    if (stat(path, &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return tael__fail(TAEL_DENIED,
                          TAEL_SAY("%s: others than its owner can read these keys; chmod 600 it",
                                   "%s：所有者以外的人可读取这些密钥；请执行 chmod 600"),
                          path);
    TAEL_TRY(tael__file_read(&text, &bytes, path, (size_t)TAEL__MAX_SERVE_KEYS * (TAEL__MAX_SERVE_KEY_BYTES + 2)));
    g->digests = tael__alloc_zero(TAEL__MAX_SERVE_KEYS * sizeof *g->digests);
    tael_status status = g->digests ? add_lines(g, path, text, bytes)
                                    : tael__fail_memory(TAEL_SAY("the keys", "密钥"), TAEL__MAX_SERVE_KEYS * 32);
    sodium_memzero(text, bytes);
    tael__free(text);
    if (status != TAEL_OK) tael__guard_close(g);
    return status;
}

void tael__guard_close(tael__guard *g)
{
    tael__free(g->digests);
    *g = (tael__guard){0};
}

bool tael__guard_admits(const tael__guard *g, const char *given, uint32_t *key)
{
    uint8_t digest[32];
    bool found = false;
    *key = 0;
    if (!g->digests) return true;
    if (!given) return false;
    crypto_generichash(digest, sizeof digest, (const uint8_t *)given, strlen(given), NULL, 0);
    for (uint32_t i = 0; i < g->count; i++) {
        bool same = sodium_memcmp(digest, g->digests[i], sizeof digest) == 0;
        *key = same ? i : *key;
        found |= same;
    }
    return found;
}

/* ---- Names ---- */

bool tael__guard_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

/* The header without a port of digits, and without the brackets of IPv6; false: it is none. */
static bool bare_host(const char *host, char *out, size_t cap)
{
    size_t n = strlen(host);
    bool bracket = host[0] == '[';
    const char *end = bracket ? strchr(host, ']') : strchr(host, ':');
    if (bracket && !end) return false;
    if (end) {
        const char *port = end + (bracket ? 1 : 0);
        if (*port != '\0' && (*port != ':' || port[1 + strspn(port + 1, "0123456789")] != '\0')) return false;
        n = (size_t)(end - host);
    }
    if (n - bracket == 0 || n - bracket >= cap) return false;
    memcpy(out, host + bracket, n - bracket);
    out[n - bracket] = '\0';
    return true;
}

bool tael__guard_host(const char *host)
{
    char bare[64];
    return bare_host(host, bare, sizeof bare) && tael__guard_loopback(bare);
}

bool tael__guard_origin(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; host && i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (strncasecmp(origin, schemes[i], n) == 0 && strcasecmp(origin + n, host) == 0) return true;
    }
    return false;
}
