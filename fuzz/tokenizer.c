// SPDX-License-Identifier: Apache-2.0
// Any text under each kind of vocabulary: the texts of the ids are the text again (WordPiece excepted, which cleans
// it); what isn't UTF-8 is refused; no control token comes out of plain text. The first byte of the input picks the
// rules and whether special tokens are honoured. Picked last: the vocabulary itself comes from the input, tokens of a
// type, a score and a name ended by 0x01, up to a NUL; the text follows.
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

typedef struct token {
    const char *name;
    size_t bytes;
    float score;
    uint32_t type;
} token;

static const char *const merges[] = {"a a",  "aa aa", "e r", "h e", "Ġ t", "Ġt he", "Ġ Ġ", "Ċ Ċ",  "ä ¸", "ä¸ Ń", "1 2",
                                     "12 3", "' s",   "Ċ Ġ", ". Ċ", "Ġ 1", "s Ġ",   "ð Ł", "ðŁ ĺ", "< |", "| >"};
static const char *const specials[] = {"<|im_start|>", "<|im_end|>", "<|im_start|>system", "|><", "<tool_call>"};
static const char *const pieces[] = {"▁", "▁▁", "▁t", "▁the", "he",     "er",  "th",   "a", "aa", "aaaa",
                                     "e", "h",  "t",  "r",    "中",     "国",  "中国", "1", "12", "<",
                                     "|", ">",  "<|", "|>",   "im_end", "end", "s",    "é"};
static const char *const pres[] = {"gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "minicpm5"};

#define COUNT(a) (sizeof(a) / sizeof *(a))
enum { SPM = COUNT(pres), SPM_BARE, WORDS, OWN_SPM, OWN_WORDS, KINDS };

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

static void put_string(tael__buffer *b, const char *key, const char *value)
{
    put_key(b, key, TAEL__GGUF_STRING);
    put_text(b, value, strlen(value));
}

static void put_tokens(tael__buffer *b, const token *tokens, size_t count)
{
    put_list(b, "tokenizer.ggml.tokens", TAEL__GGUF_STRING, count);
    for (size_t i = 0; i < count; i++) put_text(b, tokens[i].name, tokens[i].bytes);
    put_list(b, "tokenizer.ggml.token_type", TAEL__GGUF_I32, count);
    for (size_t i = 0; i < count; i++) put_number(b, tokens[i].type, 4);
    put_list(b, "tokenizer.ggml.scores", TAEL__GGUF_F32, count);
    for (size_t i = 0; i < count; i++) tael__buffer_append(b, &tokens[i].score, 4);
}

static size_t put_specials(token *tokens, size_t n)
{
    for (size_t i = 0; i < COUNT(specials); i++)
        tokens[n++] = (token){specials[i], strlen(specials[i]), 0, i + 1 < COUNT(specials) ? 3 : 4};
    return n;
}

/* Byte-level BPE of a few merges. */
static void put_bpe(tael__buffer *b, const char *pre)
{
    static char letters[256][4], joined[COUNT(merges)][16];
    token tokens[256 + COUNT(merges) + COUNT(specials)];
    size_t n = 0;
    for (; n < 256; n++)
        tokens[n] = (token){letters[n], tael__utf8_encode(letters[n], tael__byte_letter((uint8_t)n)), 0, 1};
    for (size_t i = 0; i < COUNT(merges); i++) {
        size_t left = (size_t)(strchr(merges[i], ' ') - merges[i]), right = strlen(merges[i]) - left - 1;
        memcpy(joined[i], merges[i], left);
        memcpy(joined[i] + left, merges[i] + left + 1, right);
        tokens[n++] = (token){joined[i], left + right, 0, 1};
    }
    n = put_specials(tokens, n);
    put_string(b, "tokenizer.ggml.model", "gpt2");
    put_string(b, "tokenizer.ggml.pre", pre);
    put_tokens(b, tokens, n);
    put_list(b, "tokenizer.ggml.merges", TAEL__GGUF_STRING, COUNT(merges));
    for (size_t i = 0; i < COUNT(merges); i++) put_text(b, merges[i], strlen(merges[i]));
}

/* SentencePiece with all bytes, or the same names as WordPiece. */
static void put_pieces(tael__buffer *b, bool words, bool space)
{
    static char bytes[256][7];
    token tokens[3 + 256 + COUNT(pieces) + COUNT(specials)] = {{"<unk>", 5, 0, 2}, {"<s>", 3, 0, 3}, {"</s>", 4, 0, 3}};
    size_t n = 3;
    for (size_t i = 0; i < 256; i++) {
        memcpy(bytes[i], "<0x00>", 7);
        bytes[i][3] = "0123456789ABCDEF"[i >> 4];
        bytes[i][4] = "0123456789ABCDEF"[i & 15];
        tokens[n++] = (token){bytes[i], 6, 0, 6};
    }
    for (size_t i = 0; i < COUNT(pieces); i++) tokens[n++] = (token){pieces[i], strlen(pieces[i]), (float)(i / 3), 1};
    n = put_specials(tokens, n);
    put_string(b, "tokenizer.ggml.model", words ? "bert" : "llama");
    put_key(b, "tokenizer.ggml.add_space_prefix", TAEL__GGUF_BOOL);
    put_number(b, space, 1);
    put_tokens(b, tokens, n);
}

/* What the input says, up to a NUL; *used: the bytes of it. */
static void put_own(tael__buffer *b, bool words, const uint8_t *data, size_t size, size_t *used)
{
    static const float scores[] = {0, -0.0f, 1, -1, 1e30f, -1e30f, INFINITY, -INFINITY, 0.5f};
    token tokens[200];
    size_t n = 0, at = 0;
    while (at + 2 < size && data[at] && n < COUNT(tokens)) {
        size_t from = at + 2, end = from;
        while (end < size && data[end] > 1) end++;
        tokens[n++] =
            (token){(const char *)data + from, end - from, scores[data[at + 1] % COUNT(scores)], data[at] % 8};
        at = end < size && data[end] == 1 ? end + 1 : end;
    }
    if (n == 0) tokens[n++] = (token){"<unk>", 5, 0, 2};
    *used = at < size ? at + 1 : at;
    put_string(b, "tokenizer.ggml.model", words ? "bert" : "llama");
    put_key(b, "tokenizer.ggml.add_space_prefix", TAEL__GGUF_BOOL);
    put_number(b, 1, 1);
    put_tokens(b, tokens, n);
}

typedef struct opened {
    tael__buffer data;
    tael__gguf *file;
    tael__tokenizer *t;
} opened;

static void make(opened *o, size_t which, const uint8_t *data, size_t size, size_t *used)
{
    tael__buffer *b = &o->data;
    b->max = 1u << 22;
    tael__buffer_text(b, "GGUF");
    put_number(b, 3, 4);
    put_number(b, 0, 8);
    put_number(b, which < SPM ? 6 : 5, 8);
    if (which < SPM)
        put_bpe(b, pres[which]);
    else if (which < OWN_SPM)
        put_pieces(b, which == WORDS, which == SPM);
    else
        put_own(b, which == OWN_WORDS, data, size, used);
    if (b->failed != TAEL_OK || tael__gguf_parse(&o->file, (const uint8_t *)b->data, b->size, "fuzz") != TAEL_OK ||
        tael__tokenizer_open(&o->t, o->file) != TAEL_OK)
        __builtin_trap();
}

static void check(const tael__tokenizer *t, size_t which, bool special, const char *text, size_t bytes)
{
    tael__buffer out = {.max = TAEL__MAX_PROMPT_BYTES};
    tael_status status = tael__tokenize(t, text, bytes, special, &out);
    size_t at = 0;
    int32_t previous = -1;
    if ((status == TAEL_OK) != tael__utf8_valid(text, bytes) || (status != TAEL_OK && status != TAEL_BAD_INPUT))
        __builtin_trap();
    for (size_t i = 0; i < out.size; i += sizeof(int32_t)) {
        int32_t id;
        memcpy(&id, out.data + i, sizeof id);
        if (id < 0 || (uint32_t)id >= tael__tokenizer_size(t)) __builtin_trap();
        if (!special && tael__tokenizer_special(t, id) && id != t->unknown) __builtin_trap();
        tael__slice s = tael__token_text(t, previous, id);
        previous = id;
        if (which >= WORDS) continue;
        if (at + s.bytes > bytes || memcmp(text + at, s.data, s.bytes) != 0) __builtin_trap();
        at += s.bytes;
    }
    if (which < WORDS && status == TAEL_OK && at != bytes) __builtin_trap();
    tael__buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static opened kept[OWN_SPM];
    if (size < 1 || size > 1u << 20) return 0;
    size_t which = data[0] % KINDS, used = 0;
    bool special = data[0] / KINDS % 2;
    const char *text = (const char *)data + 1;
    if (which >= OWN_SPM) {
        opened own = {0};
        make(&own, which, data + 1, size - 1, &used);
        check(own.t, which, special, text + used, size - 1 - used);
        tael__tokenizer_close(own.t);
        tael__gguf_close(own.file);
        tael__buffer_free(&own.data);
        return 0;
    }
    if (!kept[which].t) make(&kept[which], which, NULL, 0, &used);
    /* SentencePiece writes a space as U+2581, so that one in the text comes back as a space. */
    if ((which == SPM || which == SPM_BARE) && memmem(text, size - 1, "\xE2\x96\x81", 3)) return 0;
    check(kept[which].t, which, special, text, size - 1);
    return 0;
}
