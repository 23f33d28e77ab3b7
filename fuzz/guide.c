// SPDX-License-Identifier: Apache-2.0
// Schema bytes, a 0 byte, then choices for a walk: each byte picks among the allowed tokens. No schema may crash or
// hang the guide; a walk never gets stuck; and a text that ends is JSON that the same guide accepts as a whole.
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generate/guide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The vocabulary: an end, every byte, and some pairs. */
#define TOKENS 300
static char token_bytes[TOKENS][4];
static size_t token_length[TOKENS];

static tael__slice bytes_of(const void *user, int32_t id)
{
    (void)user;
    return (tael__slice){token_bytes[id], token_length[id]};
}

static tael__token_kind kind_of(const void *user, int32_t id)
{
    (void)user;
    return id == 0 ? TAEL__TOKEN_END : TAEL__TOKEN_TEXT;
}

static tael__guide_tokens *make_tokens(void)
{
    static const char *const pairs[] = {"{\"", "\":", "\",", "\"}",  "[]",  "{}",  "],",      "}}",
                                        "00",  "12",  "\\u", "\\\"", "nul", "tru", "\xE6\x98"};
    tael__guide_tokens *tokens = NULL;
    for (int i = 0; i < 256; i++) {
        token_bytes[i + 1][0] = (char)i;
        token_length[i + 1] = 1;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        token_length[257 + i] = strlen(pairs[i]);
        memcpy(token_bytes[257 + i], pairs[i], token_length[257 + i]);
    }
    tael__token_source source = {TOKENS, bytes_of, kind_of, NULL};
    if (tael__guide_tokens_open(&tokens, &source) != TAEL_OK) abort();
    return tokens;
}

static void walk(tael__guide *g, const uint8_t *choices, size_t count)
{
    char text[4096];
    size_t bytes = 0;
    for (size_t step = 0; step < count && bytes + 4 < sizeof text; step++) {
        float logits[TOKENS] = {0};
        int32_t allowed[TOKENS], listed[TOKENS];
        size_t n = 0;
        tael__guide_mask(g, logits);
        for (int32_t i = 0; i < TOKENS; i++)
            if (logits[i] > -INFINITY) allowed[n++] = i;
        if (n == 0 || tael__guide_allowed(g, listed, TOKENS) != n) abort();
        if (memcmp(allowed, listed, n * sizeof *allowed) != 0) abort();
        int32_t id = allowed[choices[step] * 257u % n];
        if (!tael__guide_accept(g, id)) abort();
        if (id != 0) {
            memcpy(text + bytes, token_bytes[id], token_length[id]);
            bytes += token_length[id];
            continue;
        }
        json_t *value = json_loadb(text, bytes, JSON_DECODE_ANY, NULL);
        if (!value || !tael__guide_done(g) || !tael__guide_matches(g, text, bytes)) abort();
        json_decref(value);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael__guide_tokens *tokens;
    if (!tokens) tokens = make_tokens();
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t bytes = end ? (size_t)(end - data) : size;
    char *schema = malloc(bytes + 1);
    if (!schema) return 0;
    if (bytes) memcpy(schema, data, bytes);
    schema[bytes] = '\0';
    tael__guide *g;
    if (tael__guide_open_with(&g, schema, tokens) == TAEL_OK) {
        char run[64];
        tael__guide_matches(g, schema, bytes);
        tael__guide_forced(g, run, sizeof run);
        if (end) walk(g, end + 1, size - bytes - 1);
        tael__guide_close(g);
    }
    free(schema);
    return 0;
}
