// SPDX-License-Identifier: Apache-2.0
// A passphrase doesn't encrypt the store: Argon2id makes a key of it that wraps the store's own random key, so that
// another passphrase writes 300 bytes anew and no page of the store. The key file then is text:
//
//     tael-key 2
//     argon2id13 3 268435456      operations and bytes of memory, as they were when it was made
//     salt ...                    hex
//     nonce ...
//     key ...                     XSalsa20-Poly1305: a wrong passphrase is told, not tried on the store
#include "ledger/passphrase.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define HEAD "tael-key 2\n"

enum { BOX_BYTES = TAEL__KEY_BYTES + crypto_secretbox_MACBYTES };

/* A file may ask for more than was ever written: a minute of a phone and its memory are the end. */
#define MAX_OPERATIONS 20
#define MAX_MEMORY     ((size_t)1 << 30)

typedef struct wrapped {
    unsigned long long operations, memory;
    uint8_t salt[crypto_pwhash_SALTBYTES], nonce[crypto_secretbox_NONCEBYTES], box[BOX_BYTES];
} wrapped;

bool tael__key_wrapped(const char *text)
{
    return strncmp(text, "tael-key ", strlen("tael-key ")) == 0;
}

static tael_status derive(uint8_t out[crypto_secretbox_KEYBYTES], const wrapped *w, const char *passphrase)
{
    if (crypto_pwhash(out, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), w->salt, w->operations,
                      (size_t)w->memory, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return TAEL_OK;
    return tael__fail_memory(TAEL_SAY("the passphrase", "口令"), (size_t)w->memory);
}

/* "NAME HEX\n" at *text, exactly so many bytes. */
static bool read_hex(const char **text, const char *name, uint8_t *out, size_t bytes)
{
    size_t n = strlen(name), got = 0;
    const char *end;
    if (strncmp(*text, name, n) != 0 || (*text)[n] != ' ') return false;
    *text += n + 1;
    size_t line = strcspn(*text, "\r\n");
    if (sodium_hex2bin(out, bytes, *text, line, NULL, &got, &end) != 0 || got != bytes || end != *text + line)
        return false;
    *text = end + strspn(end, "\r\n");
    return true;
}

static bool read_number(const char **text, unsigned long long *out, unsigned long long most)
{
    char *end;
    if (**text < '0' || **text > '9') return false;
    *out = strtoull(*text, &end, 10);
    *text = end + (*end == ' ');
    return *out > 0 && *out <= most;
}

static bool parse(wrapped *w, const char *text)
{
    if (strncmp(text, "argon2id13 ", strlen("argon2id13 ")) != 0) return false;
    text += strlen("argon2id13 ");
    if (!read_number(&text, &w->operations, MAX_OPERATIONS) || !read_number(&text, &w->memory, MAX_MEMORY))
        return false;
    if (w->memory < crypto_pwhash_MEMLIMIT_MIN || (*text != '\n' && *text != '\r')) return false;
    text += strspn(text, "\r\n");
    return read_hex(&text, "salt", w->salt, sizeof w->salt) && read_hex(&text, "nonce", w->nonce, sizeof w->nonce) &&
           read_hex(&text, "key", w->box, sizeof w->box) && *text == '\0';
}

static const char *after_head(const char *text)
{
    size_t n = strlen("tael-key 2");
    if (strncmp(text, HEAD, n) != 0 || (text[n] != '\n' && text[n] != '\r')) return NULL;
    return text + n + strspn(text + n, "\r\n");
}

tael_status tael__key_unwrap(uint8_t key[TAEL__KEY_BYTES], const char *text, const char *path, const char *passphrase)
{
    wrapped w;
    uint8_t own[crypto_secretbox_KEYBYTES];
    const char *body = after_head(text);
    if (!body)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: a newer Tael wrote this key; install the newer Tael",
                                   "%s：由更新版本的 Tael 写入；请安装新版 Tael"),
                          path);
    if (!parse(&w, body)) return tael__not_a_key(path);
    if (!passphrase || !*passphrase)
        return tael__fail(TAEL_BAD_KEY,
                          TAEL_SAY("%s: the ledger is protected by a passphrase; give it with --passphrase-file or "
                                   "TAEL_PASSPHRASE",
                                   "%s：账本有口令保护；请用 --passphrase-file 或 TAEL_PASSPHRASE 给出口令"),
                          path);
    TAEL_TRY(derive(own, &w, passphrase));
    int wrong = crypto_secretbox_open_easy(key, w.box, sizeof w.box, w.nonce, own);
    sodium_memzero(own, sizeof own);
    if (!wrong) return TAEL_OK;
    return tael__fail(TAEL_BAD_KEY,
                      TAEL_SAY("%s: the passphrase doesn't fit; try again, or put back the key file that belongs to it",
                               "%s：口令不正确；请重试，或恢复与口令对应的密钥文件"),
                      path);
}

tael_status tael__key_wrap(char text[TAEL__WRAPPED_BYTES], size_t *bytes, const uint8_t key[TAEL__KEY_BYTES],
                           const char *passphrase)
{
    wrapped w = {.operations = crypto_pwhash_OPSLIMIT_MODERATE, .memory = crypto_pwhash_MEMLIMIT_MODERATE};
    uint8_t own[crypto_secretbox_KEYBYTES];
    char salt[2 * sizeof w.salt + 1], nonce[2 * sizeof w.nonce + 1], box[2 * sizeof w.box + 1];
    TAEL_TRY(tael__random_system(w.salt, sizeof w.salt));
    TAEL_TRY(tael__random_system(w.nonce, sizeof w.nonce));
    TAEL_TRY(derive(own, &w, passphrase));
    crypto_secretbox_easy(w.box, key, TAEL__KEY_BYTES, w.nonce, own);
    sodium_memzero(own, sizeof own);
    sodium_bin2hex(salt, sizeof salt, w.salt, sizeof w.salt);
    sodium_bin2hex(nonce, sizeof nonce, w.nonce, sizeof w.nonce);
    sodium_bin2hex(box, sizeof box, w.box, sizeof w.box);
    int n = snprintf(text, TAEL__WRAPPED_BYTES, HEAD "argon2id13 %llu %llu\nsalt %s\nnonce %s\nkey %s\n", w.operations,
                     w.memory, salt, nonce, box);
    *bytes = (size_t)n;
    return TAEL_OK;
}
