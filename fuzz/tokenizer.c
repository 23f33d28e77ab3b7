// SPDX-License-Identifier: Apache-2.0
// Any text under each pre-tokenizer: the bytes of the ids are the text again; what isn't UTF-8 is refused. The first
// byte of the input picks the rules and whether special tokens are honoured.
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

static const char *const merges[] = {"a a",  "aa aa", "e r", "h e", "Ġ t", "Ġt he", "Ġ Ġ", "Ċ Ċ",  "ä ¸", "ä¸ Ń", "1 2",
                                     "12 3", "' s",   "Ċ Ġ", ". Ċ", "Ġ 1", "s Ġ",   "ð Ł", "ðŁ ĺ", "< |", "| >"};
static const char *const specials[] = {"<|im_start|>", "<|im_end|>", "<|im_start|>system", "|><", "<tool_call>"};
static const char *const pres[] = {"gpt-2", "smollm", "llama-bpe", "qwen2"};

static void put_number(tael__buffer *b, uint64_t value, size_t bytes)
{
    tael__buffer_append(b, &value, bytes);
}

static void put_text(tael__buffer *b, const char *text, size_t bytes)
{
    put_number(b, bytes, 8);
    tael__buffer_append(b, text, bytes);
}

static void put_key(tael__buffer *b, const char *key, uint32_t type)
{
    put_text(b, key, strlen(key));
    put_number(b, type, 4);
}

static void put_list(tael__buffer *b, const char *key, uint32_t element, uint64_t count)
{
    put_key(b, key, TAEL__GGUF_ARRAY);
    put_number(b, element, 4);
    put_number(b, count, 8);
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A file of a few merges, made once a pre-tokenizer and kept. */
static tael__tokenizer *make(size_t which)
{
    static tael__buffer files[COUNT(pres)];
    tael__buffer *b = &files[which];
    static tael__gguf *parsed[COUNT(pres)]; /* stays open as long as its tokenizer */
    tael__tokenizer *t;
    size_t total = 256 + COUNT(merges) + COUNT(specials);
    b->max = 1u << 20;
    tael__buffer_text(b, "GGUF");
    put_number(b, 3, 4);
    put_number(b, 0, 8);
    put_number(b, 5, 8);
    put_key(b, "tokenizer.ggml.model", TAEL__GGUF_STRING);
    put_text(b, "gpt2", 4);
    put_key(b, "tokenizer.ggml.pre", TAEL__GGUF_STRING);
    put_text(b, pres[which], strlen(pres[which]));
    put_list(b, "tokenizer.ggml.tokens", TAEL__GGUF_STRING, total);
    for (unsigned i = 0; i < 256; i++) {
        char letter[4];
        put_text(b, letter, tael__utf8_encode(letter, tael__byte_letter((uint8_t)i)));
    }
    for (size_t i = 0; i < COUNT(merges); i++) {
        size_t left = (size_t)(strchr(merges[i], ' ') - merges[i]);
        put_number(b, strlen(merges[i]) - 1, 8);
        tael__buffer_append(b, merges[i], left);
        tael__buffer_text(b, merges[i] + left + 1);
    }
    for (size_t i = 0; i < COUNT(specials); i++) put_text(b, specials[i], strlen(specials[i]));
    put_list(b, "tokenizer.ggml.token_type", TAEL__GGUF_I32, total);
    for (size_t i = 0; i < total; i++) put_number(b, i < total - COUNT(specials) ? 1 : i + 1 < total ? 3 : 4, 4);
    put_list(b, "tokenizer.ggml.merges", TAEL__GGUF_STRING, COUNT(merges));
    for (size_t i = 0; i < COUNT(merges); i++) put_text(b, merges[i], strlen(merges[i]));
    if (b->failed != TAEL_OK ||
        tael__gguf_parse(&parsed[which], (const uint8_t *)b->data, b->size, "fuzz") != TAEL_OK ||
        tael__tokenizer_open(&t, parsed[which]) != TAEL_OK)
        __builtin_trap();
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael__tokenizer *tokenizers[COUNT(pres)];
    if (size < 1 || size > 1u << 20) return 0;
    size_t which = data[0] % COUNT(pres), at = 0;
    bool special = data[0] / COUNT(pres) % 2;
    const char *text = (const char *)data + 1;
    size_t bytes = size - 1;
    if (!tokenizers[which]) tokenizers[which] = make(which);
    tael__tokenizer *t = tokenizers[which];
    tael__buffer out = {.max = TAEL__MAX_PROMPT_BYTES};
    tael_status status = tael__tokenize(t, text, bytes, special, &out);
    if ((status == TAEL_OK) != tael__utf8_valid(text, bytes) || (status != TAEL_OK && status != TAEL_BAD_INPUT))
        __builtin_trap();
    for (size_t i = 0; i < out.size; i += sizeof(int32_t)) {
        int32_t id;
        memcpy(&id, out.data + i, sizeof id);
        tael__slice s = tael__token_bytes(t, id);
        if (s.bytes == 0 || at + s.bytes > bytes || memcmp(text + at, s.data, s.bytes) != 0) __builtin_trap();
        if (!special && tael__tokenizer_special(t, id)) __builtin_trap();
        at += s.bytes;
    }
    if (status == TAEL_OK && at != bytes) __builtin_trap();
    tael__buffer_free(&out);
    return 0;
}
