// SPDX-License-Identifier: Apache-2.0
/* A made-up vocabulary for guide tests: every byte, what JSON joins, pieces of characters, and random runs; so that
 * tokens cross every border that a real vocabulary's do. Ids 0 and 1 are an end and a special token. */
#ifndef TAEL__TESTS_VOCABULARY_H
#define TAEL__TESTS_VOCABULARY_H

#include <string.h>

#include "base/random.h"
#include "generate/guide.h"

#define VOCABULARY_MOST 1500

typedef struct vocabulary {
    uint32_t count;
    char bytes[VOCABULARY_MOST][16];
    uint8_t length[VOCABULARY_MOST];
} vocabulary;

static inline void vocabulary_add(vocabulary *v, const char *bytes, size_t n)
{
    if (v->count >= VOCABULARY_MOST || n > 16) return;
    memcpy(v->bytes[v->count], bytes, n);
    v->length[v->count++] = (uint8_t)n;
}

static inline tael__slice vocabulary_bytes(const void *user, int32_t id)
{
    const vocabulary *v = user;
    return (tael__slice){v->bytes[id], v->length[id]};
}

static inline tael__token_kind vocabulary_kind(const void *user, int32_t id)
{
    (void)user;
    return id == 0 ? TAEL__TOKEN_END : id == 1 ? TAEL__TOKEN_NEVER : TAEL__TOKEN_TEXT;
}

static inline tael__token_source vocabulary_make(vocabulary *v, uint64_t seed)
{
    static const char *const joins[] = {
        "{\"",
        "\":\"",
        "\",\"",
        "\":",
        "\"}",
        "\"]",
        "[\"",
        "],[",
        "}}",
        "},{\"",
        "[]",
        "{}",
        "true",
        "false",
        "null",
        "nul",
        ",\"",
        "\":[",
        "10",
        "00",
        "-1",
        ".5",
        "e+",
        "e1",
        "\\\"",
        "\\u",
        "\\u00",
        "\\n",
        "d83d",
        "\\ud",
        "name",
        "kind",
        "leaf",
        "\"kind\":\"",
        "a\"",
        "ab",
        " ",
        "  ",
        "\n",
        "\xE4\xB8\xAD",
        "\xE4\xB8",
        "\xAD",
        "\xF0\x9F",
        "\x98\x80",
        "\xE6\x98\x9F\xE5",
        "\xB7\xB4",
        "\xC3",
        "\xA9\"",
        "\xE4\xB8\xAD\"",
    };
    static const char alphabet[] = "{}[]\",:0123456789-+.eEtrufalsn\\ abc\xE4\xB8\xAD\xC3\xA9\xF0\x9F\x98\x80";
    tael__random r;
    v->count = 0;
    vocabulary_add(v, "<end>", 5);
    vocabulary_add(v, "\"", 1); /* special: its name would fit */
    for (int b = 0; b < 256; b++) vocabulary_add(v, (const char[]){(char)b}, 1);
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) vocabulary_add(v, joins[i], strlen(joins[i]));
    tael__random_seed(&r, seed);
    while (v->count < VOCABULARY_MOST) {
        char run[16];
        size_t n = 2 + tael__random_next(&r) % 11;
        for (size_t i = 0; i < n; i++) run[i] = alphabet[tael__random_next(&r) % (sizeof alphabet - 1)];
        vocabulary_add(v, run, n);
    }
    return (tael__token_source){v->count, vocabulary_bytes, vocabulary_kind, v};
}

#endif
