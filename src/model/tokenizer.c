// SPDX-License-Identifier: Apache-2.0
// A byte-level BPE vocabulary, read from a GGUF file so that 300,000 names cost milliseconds: names and merges stay in
// the file, found by hash through two flat tables. Which rules follow from which name is llama.cpp's convention, as the
// files are made for it. Turning text into ids is in tokenizer_bpe.c, cutting it into words in tokenizer_pre.c.
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

/* tokenizer.ggml.pre: its rules, whether a word that is a token is taken whole, whether raw prompts begin with BOS. */
static const struct {
    const char *name;
    tael__pre pre;
    bool ignore_merges, adds_bos;
} pre_names[] = {
    {"qwen2", TAEL__PRE_QWEN2, false, false},      {"deepseek-r1-qwen", TAEL__PRE_QWEN2, false, false},
    {"megrez", TAEL__PRE_QWEN2, false, false},     {"stablelm2", TAEL__PRE_QWEN2, false, false},
    {"smollm", TAEL__PRE_SMOLLM, false, false},    {"starcoder", TAEL__PRE_SMOLLM, false, false},
    {"refact", TAEL__PRE_SMOLLM, false, false},    {"command-r", TAEL__PRE_SMOLLM, false, false},
    {"codeshell", TAEL__PRE_SMOLLM, false, false}, {"exaone", TAEL__PRE_SMOLLM, false, false},
    {"gpt-2", TAEL__PRE_GPT2, false, false},       {"phi-2", TAEL__PRE_GPT2, false, false},
    {"mpt", TAEL__PRE_GPT2, false, false},         {"olmo", TAEL__PRE_GPT2, false, false},
    {"jais", TAEL__PRE_GPT2, false, false},        {"mellum", TAEL__PRE_GPT2, false, false},
    {"exaone4", TAEL__PRE_GPT2, false, false},     {"llama-bpe", TAEL__PRE_LLAMA3, true, true},
    {"llama3", TAEL__PRE_LLAMA3, true, true},      {"llama-v3", TAEL__PRE_LLAMA3, true, true},
    {"falcon3", TAEL__PRE_LLAMA3, true, true},     {"dbrx", TAEL__PRE_LLAMA3, false, false},
    {"smaug-bpe", TAEL__PRE_LLAMA3, false, false},
};

/* Names that mean the end of a turn, whatever type the file gives them; files are often wrong there. */
static const char *const end_names[] = {
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>",
    "<eos>",
    "</s>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>", /* infill: */
    "<|fim_pad|>",
    "<fim-pad>",
    "<fim_pad>",
    "<|repo_name|>",
    "<|fim_repo|>",
    "<fim-repo>",
    "<reponame>",
    "<|file_sep|>",
};
/* Names of control tokens that files give other types. */
static const char *const control_names[] = {
    "<|fim_prefix|>", "<fim-prefix>",   "<fim_prefix>", "<|fim_suffix|>", "<fim-suffix>",
    "<fim_suffix>",   "<|fim_middle|>", "<fim-middle>", "<fim_middle>",
};

enum { TYPE_UNKNOWN = 2, TYPE_CONTROL = 3, TYPE_USER = 4 }; /* tokenizer.ggml.token_type */

/* ---- Letters that stand for bytes ---- */

uint32_t tael__byte_letter(uint8_t b)
{
    if ((b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE) return b;
    if (b <= 0x20) return 0x100u + b;
    return b == 0xAD ? 0x143u : 0x121u + (b - 0x7Fu); /* 0x7F..0xA0 */
}

int tael__letter_byte(uint32_t c)
{
    if ((c >= 0x21 && c <= 0x7E) || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF)) return (int)c;
    if (c >= 0x100 && c <= 0x120) return (int)(c - 0x100);
    if (c >= 0x121 && c <= 0x142) return (int)(c - 0x121 + 0x7F);
    return c == 0x143 ? 0xAD : -1;
}

/* ---- Tables ---- */

static tael_status table_make(tael__hash_table *table, uint32_t count)
{
    size_t slots = 64;
    while (slots - slots / 4 < count) slots *= 2;
    table->slots = tael__alloc_array(slots, sizeof *table->slots);
    if (!table->slots) return tael__fail_memory("tokenizer", slots * sizeof *table->slots);
    table->mask = slots - 1;
    return TAEL_OK;
}

static bool same(const char *base, tael__span span, const char *text, size_t bytes)
{
    return span.bytes == bytes && memcmp(base + span.offset, text, bytes) == 0;
}

/* Puts name i in; a name that is there already means the later token, as in llama.cpp. */
static void put_name(tael__tokenizer *t, uint32_t i)
{
    const char *name = t->token_base + t->tokens[i].offset;
    uint64_t h = tael__hash_bytes(name, t->tokens[i].bytes);
    uint32_t tag = (uint32_t)(h >> 32);
    size_t k = (size_t)h & t->by_name.mask;
    for (tael__hash_slot *s; (s = &t->by_name.slots[k])->index_plus_1; k = (k + 1) & t->by_name.mask)
        if (s->tag == tag && same(t->token_base, t->tokens[s->index_plus_1 - 1], name, t->tokens[i].bytes)) break;
    t->by_name.slots[k] = (tael__hash_slot){tag, i + 1};
}

int32_t tael__tokenizer_name(const tael__tokenizer *t, const char *name, size_t bytes)
{
    uint64_t h = tael__hash_bytes(name, bytes);
    size_t k = (size_t)h & t->by_name.mask;
    for (tael__hash_slot s; (s = t->by_name.slots[k]).index_plus_1; k = (k + 1) & t->by_name.mask)
        if (s.tag == (uint32_t)(h >> 32) && same(t->token_base, t->tokens[s.index_plus_1 - 1], name, bytes))
            return (int32_t)(s.index_plus_1 - 1);
    return -1;
}

static uint64_t pair_hash(const char *left, size_t left_bytes, const char *right, size_t right_bytes)
{
    return tael__hash_mix(tael__hash_bytes(left, left_bytes) * 3, tael__hash_bytes(right, right_bytes));
}

static bool same_pair(const tael__tokenizer *t, uint32_t i, const char *left, size_t left_bytes, const char *right,
                      size_t right_bytes)
{
    const char *merge = t->merge_base + t->merges[i].offset;
    return t->merge_left[i] == left_bytes && t->merges[i].bytes == left_bytes + 1 + right_bytes &&
           memcmp(merge, left, left_bytes) == 0 && memcmp(merge + left_bytes + 1, right, right_bytes) == 0;
}

static void put_merge(tael__tokenizer *t, uint32_t i)
{
    const char *left = t->merge_base + t->merges[i].offset, *right = left + t->merge_left[i] + 1;
    size_t left_bytes = t->merge_left[i], right_bytes = t->merges[i].bytes - left_bytes - 1;
    uint64_t h = pair_hash(left, left_bytes, right, right_bytes);
    uint32_t tag = (uint32_t)(h >> 32);
    size_t k = (size_t)h & t->by_merge.mask;
    for (tael__hash_slot *s; (s = &t->by_merge.slots[k])->index_plus_1; k = (k + 1) & t->by_merge.mask)
        if (s->tag == tag && same_pair(t, s->index_plus_1 - 1, left, left_bytes, right, right_bytes))
            return; /* the first counts */
    t->by_merge.slots[k] = (tael__hash_slot){tag, i + 1};
}

uint32_t tael__tokenizer_rank(const tael__tokenizer *t, const char *left, size_t left_bytes, size_t right_bytes)
{
    const char *right = left + left_bytes;
    uint64_t h = pair_hash(left, left_bytes, right, right_bytes);
    size_t k = (size_t)h & t->by_merge.mask;
    for (tael__hash_slot s; (s = t->by_merge.slots[k]).index_plus_1; k = (k + 1) & t->by_merge.mask)
        if (s.tag == (uint32_t)(h >> 32) && same_pair(t, s.index_plus_1 - 1, left, left_bytes, right, right_bytes))
            return s.index_plus_1 - 1;
    return UINT32_MAX;
}

/* ---- Reading the file ---- */

static tael_status bad_list(const tael__gguf *file, const char *what)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: %s is missing or not what a tokenizer needs; the file is damaged: pull it again",
                               "%s：%s 缺失或不合要求；文件已损坏，请重新拉取"),
                      tael__gguf_path(file), what);
}

/* An array of texts as spans. The parser has held every length against the file, so that after the first text, found
 * through it, they can be walked: each is a length of 8 bytes and the text. */
static tael_status read_spans(const tael__gguf *file, const char *key, const char **base, tael__span **spans,
                              uint32_t *count)
{
    tael__gguf_type element;
    tael__gguf_cursor cursor = {0};
    tael__slice first;
    uint64_t n;
    if (!tael__gguf_array(file, key, &element, &n) || element != TAEL__GGUF_STRING || n == 0 || n > TAEL__MAX_VOCAB ||
        !tael__gguf_array_text(file, key, &cursor, &first))
        return bad_list(file, key);
    *spans = tael__alloc((size_t)n * sizeof **spans);
    if (!*spans) return tael__fail_memory("tokenizer", (size_t)n * sizeof **spans);
    *base = first.data;
    size_t offset = 0;
    for (uint64_t i = 0; i < n; i++) {
        const uint8_t *length = (const uint8_t *)first.data + offset - 8;
        uint64_t bytes = 0;
        for (int k = 7; k >= 0; k--) bytes = bytes << 8 | length[k];
        if (bytes > TAEL__MAX_TOKEN_BYTES || offset > UINT32_MAX - TAEL__MAX_TOKEN_BYTES) return bad_list(file, key);
        (*spans)[i] = (tael__span){(uint32_t)offset, (uint32_t)bytes};
        offset += (size_t)bytes + 8;
    }
    *count = (uint32_t)n;
    return TAEL_OK;
}

static tael_status read_merges(tael__tokenizer *t, const tael__gguf *file)
{
    static const char key[] = "tokenizer.ggml.merges";
    TAEL_TRY(read_spans(file, key, &t->merge_base, &t->merges, &t->merge_count));
    t->merge_left = tael__alloc_array(t->merge_count, sizeof *t->merge_left);
    if (!t->merge_left) return tael__fail_memory("tokenizer", t->merge_count * sizeof *t->merge_left);
    TAEL_TRY(table_make(&t->by_merge, t->merge_count));
    for (uint32_t i = 0; i < t->merge_count; i++) {
        const char *merge = t->merge_base + t->merges[i].offset;
        const char *space = t->merges[i].bytes > 2 ? memchr(merge + 1, ' ', t->merges[i].bytes - 1) : NULL;
        if (!space) return bad_list(file, key);
        t->merge_left[i] = (uint32_t)(space - merge);
        put_merge(t, i);
    }
    return TAEL_OK;
}

/* The bytes that a name stands for. A letter that stands for no byte is kept as it is. */
static size_t decode_name(char *out, const char *name, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes;) {
        uint32_t code;
        size_t took = tael__utf8_decode(name + i, bytes - i, &code, NULL);
        int byte = tael__letter_byte(code);
        if (byte >= 0)
            out[n++] = (char)byte;
        else {
            memcpy(out + n, name + i, took);
            n += took;
        }
        i += took;
    }
    return n;
}

static tael_status decode_names(tael__tokenizer *t)
{
    size_t total = 1, at = 0;
    for (uint32_t i = 0; i < t->size; i++) total += t->tokens[i].bytes;
    t->bytes = tael__alloc(total);
    t->byte_offset = tael__alloc_array((size_t)t->size + 1, sizeof *t->byte_offset);
    if (!t->bytes || !t->byte_offset) return tael__fail_memory("tokenizer", total);
    for (uint32_t i = 0; i < t->size; i++) {
        const char *name = t->token_base + t->tokens[i].offset;
        t->byte_offset[i] = (uint32_t)at;
        if (t->flags[i] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) {
            memcpy(t->bytes + at, name, t->tokens[i].bytes);
            at += t->tokens[i].bytes;
        } else
            at += decode_name(t->bytes + at, name, t->tokens[i].bytes);
    }
    t->byte_offset[t->size] = (uint32_t)at;
    return TAEL_OK;
}

static void flag_names(tael__tokenizer *t, const char *const *names, size_t count, uint8_t flags)
{
    for (size_t i = 0; i < count; i++) {
        int32_t id = tael__tokenizer_name(t, names[i], strlen(names[i]));
        if (id >= 0) t->flags[id] |= flags;
    }
}

static int32_t read_id(const tael__tokenizer *t, const tael__gguf *file, const char *key)
{
    uint32_t id;
    return tael__gguf_u32(file, key, &id) && id < t->size ? (int32_t)id : -1;
}

/* Types as the file gives them, and then what names and keys say. */
static tael_status read_flags(tael__tokenizer *t, const tael__gguf *file)
{
    static const char *const ending_keys[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                              "tokenizer.ggml.eom_token_id"};
    uint64_t n;
    const uint8_t *types = tael__gguf_array_data(file, "tokenizer.ggml.token_type", TAEL__GGUF_I32, &n);
    t->flags = tael__alloc_zero(t->size);
    if (!t->flags) return tael__fail_memory("tokenizer", t->size);
    if (types && n < t->size) return bad_list(file, "tokenizer.ggml.token_type");
    for (uint32_t i = 0; types && i < t->size; i++) {
        uint8_t type = types[4 * (size_t)i]; /* the low byte; all values are below 8 */
        if (type == TYPE_CONTROL || type == TYPE_UNKNOWN) t->flags[i] = TAEL__TOKEN_CONTROL;
        if (type == TYPE_USER) t->flags[i] = TAEL__TOKEN_USER;
    }
    flag_names(t, end_names, sizeof end_names / sizeof *end_names, TAEL__TOKEN_CONTROL | TAEL__TOKEN_ENDS);
    flag_names(t, control_names, sizeof control_names / sizeof *control_names, TAEL__TOKEN_CONTROL);
    t->bos = read_id(t, file, "tokenizer.ggml.bos_token_id");
    t->eos = read_id(t, file, "tokenizer.ggml.eos_token_id");
    for (size_t i = 0; i < sizeof ending_keys / sizeof *ending_keys; i++) {
        int32_t id = read_id(t, file, ending_keys[i]);
        if (id >= 0) t->flags[id] |= TAEL__TOKEN_ENDS;
    }
    tael__gguf_bool(file, "tokenizer.ggml.add_bos_token", &t->adds_bos);
    if (t->bos < 0) t->adds_bos = false;
    return TAEL_OK;
}

/* Longest name first, then by id. qsort has no context, so the keys carry all: length (inverted) and id. */
static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static tael_status list_specials(tael__tokenizer *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->size; i++)
        n += (t->flags[i] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) && t->tokens[i].bytes;
    uint64_t *keys = tael__alloc_array(n, sizeof *keys);
    t->specials = tael__alloc_array(n, sizeof *t->specials);
    if (!keys || !t->specials) {
        tael__free(keys);
        return tael__fail_memory("tokenizer", n * sizeof *keys);
    }
    for (uint32_t i = 0, k = 0; i < t->size; i++)
        if ((t->flags[i] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) && t->tokens[i].bytes)
            keys[k++] = (uint64_t)(UINT32_MAX - t->tokens[i].bytes) << 32 | i;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (uint32_t i = 0; i < n; i++) t->specials[i] = (uint32_t)keys[i];
    t->special_count = n;
    tael__free(keys);
    return TAEL_OK;
}

static bool slice_is(tael__slice s, const char *text)
{
    return s.bytes == strlen(text) && memcmp(s.data, text, s.bytes) == 0;
}

static tael_status pick_rules(tael__tokenizer *t, const tael__gguf *file)
{
    tael__slice model = {"", 0}, pre = {"", 0};
    tael__gguf_text(file, "tokenizer.ggml.model", &model);
    tael__gguf_text(file, "tokenizer.ggml.pre", &pre);
    if (!slice_is(model, "gpt2"))
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY(
                "%s: its tokenizer is of the kind \"%.*s\"; Tael reads \"gpt2\" (byte-level BPE). Take another file",
                "%s：分词器类型为“%.*s”；Tael 只支持“gpt2”（字节级 BPE），请换用其他文件"),
            tael__gguf_path(file), (int)(model.bytes < 64 ? model.bytes : 64), model.data);
    for (size_t i = 0; i < sizeof pre_names / sizeof *pre_names; i++)
        if (slice_is(pre, pre_names[i].name)) {
            t->pre = pre_names[i].pre;
            t->ignore_merges = pre_names[i].ignore_merges;
            t->adds_bos = pre_names[i].adds_bos;
            return TAEL_OK;
        }
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: its pre-tokenizer \"%.*s\" is not one that Tael knows (qwen2, smollm, gpt-2, "
                               "llama-bpe). Take another file",
                               "%s：Tael 不支持预分词器“%.*s”（支持 qwen2、smollm、gpt-2、llama-bpe），请换用其他文件"),
                      tael__gguf_path(file), (int)(pre.bytes < 64 ? pre.bytes : 64), pre.data);
}

static tael_status read_all(tael__tokenizer *t, const tael__gguf *file)
{
    TAEL_TRY(pick_rules(t, file));
    TAEL_TRY(read_spans(file, "tokenizer.ggml.tokens", &t->token_base, &t->tokens, &t->size));
    TAEL_TRY(table_make(&t->by_name, t->size));
    for (uint32_t i = 0; i < t->size; i++)
        if (t->tokens[i].bytes) put_name(t, i);
    TAEL_TRY(read_flags(t, file));
    TAEL_TRY(list_specials(t));
    TAEL_TRY(decode_names(t));
    return read_merges(t, file);
}

tael_status tael__tokenizer_open(tael__tokenizer **out, const tael__gguf *file)
{
    *out = NULL;
    tael__tokenizer *t = tael__alloc_zero(sizeof *t);
    if (!t) return tael__fail_memory("tokenizer", sizeof *t);
    tael_status status = read_all(t, file);
    if (status == TAEL_OK)
        *out = t;
    else
        tael__tokenizer_close(t);
    return status;
}

void tael__tokenizer_close(tael__tokenizer *t)
{
    if (!t) return;
    tael__free(t->tokens);
    tael__free(t->merges);
    tael__free(t->merge_left);
    tael__free(t->flags);
    tael__free(t->by_name.slots);
    tael__free(t->by_merge.slots);
    tael__free(t->bytes);
    tael__free(t->byte_offset);
    tael__free(t->specials);
    tael__free(t);
}

uint32_t tael__tokenizer_size(const tael__tokenizer *t)
{
    return t->size;
}

int32_t tael__tokenizer_bos(const tael__tokenizer *t)
{
    return t->bos;
}

bool tael__tokenizer_adds_bos(const tael__tokenizer *t)
{
    return t->adds_bos;
}

int32_t tael__tokenizer_eos(const tael__tokenizer *t)
{
    return t->eos;
}

static bool has_flag(const tael__tokenizer *t, int32_t id, uint8_t flag)
{
    return id >= 0 && (uint32_t)id < t->size && (t->flags[id] & flag);
}

bool tael__tokenizer_ends(const tael__tokenizer *t, int32_t id)
{
    return has_flag(t, id, TAEL__TOKEN_ENDS);
}

bool tael__tokenizer_special(const tael__tokenizer *t, int32_t id)
{
    return has_flag(t, id, TAEL__TOKEN_CONTROL);
}

tael__slice tael__token_bytes(const tael__tokenizer *t, int32_t id)
{
    if (id < 0 || (uint32_t)id >= t->size) return (tael__slice){"", 0};
    uint32_t from = t->byte_offset[id];
    return (tael__slice){t->bytes + from, t->byte_offset[id + 1] - from};
}
