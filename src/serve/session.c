// SPDX-License-Identifier: Apache-2.0
// The page's two secrets, and other assistants' one: made here, compared as digests.
#include "serve/session.h"

#include <sodium.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/random.h"

static tael_status make_secret(char secret[TAEL__SECRET_BYTES])
{
    uint8_t random[TAEL__SECRET_BYTES / 2];
    TAEL_TRY(tael__random_system(random, sizeof random));
    sodium_bin2hex(secret, TAEL__SECRET_BYTES, random, sizeof random);
    return TAEL_OK;
}

static bool whole(const char *text, size_t bytes)
{
    return bytes == TAEL__SECRET_BYTES - 1 && strspn(text, "0123456789abcdef") == bytes;
}

/* A file that is no secret is made anew: all it costs is opening the page by its address once more, or telling an
 * assistant its key. */
static tael_status read_kept(char secret[TAEL__SECRET_BYTES], const char *home, const char *name)
{
    char path[TAEL__MAX_PATH_BYTES], *text = NULL;
    size_t bytes = 0;
    TAEL_TRY(tael__folder_make(home));
    TAEL_TRY(tael__path_join(path, sizeof path, home, name));
    if (tael__file_exists(path) && tael__file_read(&text, &bytes, path, TAEL__MAX_PATH_BYTES) == TAEL_OK &&
        whole(text, bytes)) {
        memcpy(secret, text, TAEL__SECRET_BYTES);
        tael__free(text);
        return TAEL_OK;
    }
    tael__free(text);
    TAEL_TRY(make_secret(secret));
    return tael__file_write(path, secret, TAEL__SECRET_BYTES - 1);
}

tael_status tael__session_open(tael__session *s, const char *home)
{
    *s = (tael__session){.token = ""};
    if (sodium_init() < 0)
        return tael__fail(TAEL_INTERNAL,
                          TAEL_SAY("libsodium can't start; install it anew", "libsodium 无法启动；请重新安装"));
    TAEL_TRY(read_kept(s->link, home, "page.key"));
    TAEL_TRY(read_kept(s->mcp, home, "mcp.key"));
    return make_secret(s->token);
}

bool tael__session_same(const char *secret, const char *given)
{
    uint8_t a[32], b[32];
    if (!given || !*secret) return false;
    crypto_generichash(a, sizeof a, (const uint8_t *)secret, strlen(secret), NULL, 0);
    crypto_generichash(b, sizeof b, (const uint8_t *)given, strlen(given), NULL, 0);
    return sodium_memcmp(a, b, sizeof a) == 0;
}
