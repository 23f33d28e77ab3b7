// SPDX-License-Identifier: Apache-2.0
// A vocabulary, read from a GGUF file: its kind and rules, what each token stands for, which are special. Which rules
// follow from which name is llama.cpp's convention, as the files are made for it. Names stay in the file and are found
// through tokenizer_table.c; text becomes ids in tokenizer_text.c.
#include <stdio.h>
#include <stdlib.h>

#include "model/tokenizer_internal.h"

/* tokenizer.ggml.pre: its rules, whether a word that is a token is taken whole, whether raw prompts begin with BOS. */
static const struct {
    const char *name;
    tael__pre pre;
    bool ignore_merges, adds_bos;
} pre_names[] = {
    {"qwen2", TAEL__PRE_QWEN2, false, false},       {"deepseek-r1-qwen", TAEL__PRE_QWEN2, false, false},
    {"megrez", TAEL__PRE_QWEN2, false, false},      {"stablelm2", TAEL__PRE_QWEN2, false, false},
    {"hunyuan", TAEL__PRE_QWEN2, false, false},     {"kormo", TAEL__PRE_QWEN2, false, false},
    {"f2llmv2", TAEL__PRE_QWEN2, false, false},     {"qwen35", TAEL__PRE_QWEN35, false, false},
    {"smollm", TAEL__PRE_SMOLLM, false, false},     {"starcoder", TAEL__PRE_SMOLLM, false, false},
    {"refact", TAEL__PRE_SMOLLM, false, false},     {"command-r", TAEL__PRE_SMOLLM, false, false},
    {"codeshell", TAEL__PRE_SMOLLM, false, false},  {"exaone", TAEL__PRE_SMOLLM, false, false},
    {"minerva-7b", TAEL__PRE_SMOLLM, false, false}, {"gpt-2", TAEL__PRE_GPT2, false, false},
    {"phi-2", TAEL__PRE_GPT2, false, false},        {"mpt", TAEL__PRE_GPT2, false, false},
    {"olmo", TAEL__PRE_GPT2, false, false},         {"jais", TAEL__PRE_GPT2, false, false},
    {"mellum", TAEL__PRE_GPT2, false, false},       {"exaone4", TAEL__PRE_GPT2, false, false},
    {"trillion", TAEL__PRE_GPT2, false, false},     {"granite-docling", TAEL__PRE_GPT2, false, false},
    {"llama-bpe", TAEL__PRE_LLAMA3, true, true},    {"llama3", TAEL__PRE_LLAMA3, true, true},
    {"llama-v3", TAEL__PRE_LLAMA3, true, true},     {"falcon3", TAEL__PRE_LLAMA3, true, true},
    {"lfm2", TAEL__PRE_LLAMA3, true, true},         {"dbrx", TAEL__PRE_LLAMA3, false, false},
    {"smaug-bpe", TAEL__PRE_LLAMA3, false, false},  {"chatglm-bpe", TAEL__PRE_LLAMA3, false, false},
    {"glm4", TAEL__PRE_LLAMA3, true, false},        {"minicpm5", TAEL__PRE_MINICPM5, true, false},
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

enum { TYPE_UNKNOWN = 2, TYPE_CONTROL = 3, TYPE_USER = 4, TYPE_BYTE = 6 }; /* tokenizer.ggml.token_type */

/* ---- Reading the file ---- */

/* A special token's name, and its place in t->specials. */
typedef struct named {
    const char *name;
    uint32_t bytes, place;
} named;

tael_status tael__tokenizer_bad_list(const tael__gguf *file, const char *what)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: %s is missing or not what a tokenizer needs; the file is damaged: pull it again",
                               "%s：%s 缺失或不合要求；文件已损坏，请重新拉取"),
                      tael__gguf_path(file), what);
}

static tael_status read_names(tael__tokenizer *t, const tael__gguf *file)
{
    static const char key[] = "tokenizer.ggml.tokens";
    tael__texts walk;
    TAEL_TRY(tael__texts_begin(&walk, file, key));
    t->token_base = walk.base;
    t->size = (uint32_t)walk.count;
    t->tokens = tael__alloc(t->size * sizeof *t->tokens);
    if (!t->tokens) return tael__fail_memory("tokenizer", t->size * sizeof *t->tokens);
    TAEL_TRY(tael__hash_table_make(&t->by_name, t->size));
    enum { AHEAD = 16 }; /* names that are hashed, and their slots on the way, before they are put */
    uint64_t hashes[AHEAD];
    for (uint32_t i = 0; i < t->size + AHEAD; i++) {
        uint64_t *hash = &hashes[i % AHEAD];
        if (i >= AHEAD && t->tokens[i - AHEAD].bytes) tael__tokenizer_put_name(t, i - AHEAD, *hash);
        if (i >= t->size) continue;
        if (!tael__texts_next(&walk, &t->tokens[i])) return tael__tokenizer_bad_list(file, key);
        if (t->tokens[i].bytes > t->longest) t->longest = t->tokens[i].bytes;
        *hash = tael__tokenizer_name_hash(t, i);
    }
    return TAEL_OK;
}

static void flag_names(tael__tokenizer *t, const char *const *names, size_t count, uint8_t flags)
{
    for (size_t i = 0; i < count; i++) {
        int32_t id = tael__tokenizer_name(t, names[i], strlen(names[i]));
        if (id >= 0) t->flags[id] |= flags;
    }
}

/* `usual`: what it is where the file says nothing. */
static int32_t read_id(const tael__tokenizer *t, const tael__gguf *file, const char *key, int32_t usual)
{
    uint32_t id;
    if (tael__gguf_u32(file, key, &id)) return id < t->size ? (int32_t)id : -1;
    return usual < (int32_t)t->size ? usual : -1;
}

static void read_ids(tael__tokenizer *t, const tael__gguf *file)
{
    bool spm = t->kind == TAEL__TOKENIZER_SPM, words = t->kind == TAEL__TOKENIZER_WORDS, adds_eos = false;
    int32_t cls = read_id(t, file, "tokenizer.ggml.cls_token_id", words ? tael__tokenizer_name(t, "[CLS]", 5) : -1);
    t->bos = read_id(t, file, "tokenizer.ggml.bos_token_id", spm ? 1 : cls);
    t->eos = read_id(t, file, "tokenizer.ggml.eos_token_id", spm ? 2 : -1);
    t->unknown = read_id(t, file, "tokenizer.ggml.unknown_token_id",
                         spm     ? 0
                         : words ? tael__tokenizer_name(t, "[UNK]", 5)
                                 : -1);
    t->closing = -1;
    tael__gguf_bool(file, "tokenizer.ggml.add_eos_token", &adds_eos);
    if (adds_eos) t->closing = t->eos;
    if (words) t->closing = read_id(t, file, "tokenizer.ggml.seperator_token_id", tael__tokenizer_name(t, "[SEP]", 5));
    tael__gguf_bool(file, "tokenizer.ggml.add_bos_token", &t->adds_bos);
    if (t->bos < 0) t->adds_bos = false;
}

/* Names tell which tokens are bytes, as in llama.cpp, since a vocabulary may have no types. A control token is none of
 * them, whatever its name: text must not become one. */
static void note_bytes(tael__tokenizer *t)
{
    for (int b = 0; b < 256; b++) {
        char name[7];
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)b);
        int32_t id = t->kind == TAEL__TOKENIZER_SPM ? tael__tokenizer_name(t, name, 6) : -1;
        if (tael__tokenizer_special(t, id)) id = -1;
        if (id >= 0) t->flags[id] |= TAEL__TOKEN_BYTE;
        t->byte_ids[b] = id;
    }
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
    if (types && n < t->size) return tael__tokenizer_bad_list(file, "tokenizer.ggml.token_type");
    for (uint32_t i = 0; types && i < t->size; i++) {
        uint8_t type = types[4 * (size_t)i]; /* the low byte; all values are below 8 */
        if (type == TYPE_CONTROL || type == TYPE_UNKNOWN) t->flags[i] = TAEL__TOKEN_CONTROL;
        if (type == TYPE_USER) t->flags[i] = TAEL__TOKEN_USER;
    }
    note_bytes(t);
    flag_names(t, end_names, sizeof end_names / sizeof *end_names, TAEL__TOKEN_CONTROL | TAEL__TOKEN_ENDS);
    flag_names(t, control_names, sizeof control_names / sizeof *control_names, TAEL__TOKEN_CONTROL);
    read_ids(t, file);
    for (size_t i = 0; i < sizeof ending_keys / sizeof *ending_keys; i++) {
        int32_t id = read_id(t, file, ending_keys[i], -1);
        if (id >= 0) t->flags[id] |= TAEL__TOKEN_ENDS;
    }
    if (t->eos >= 0 && t->kind == TAEL__TOKENIZER_SPM) t->flags[t->eos] |= TAEL__TOKEN_ENDS;
    return TAEL_OK;
}

/* Longest name first, then by id. qsort has no context, so the keys carry all: length (inverted) and id. */
static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* By the bytes of names, which point into the file; then by place. */
static int compare_names(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = memcmp(x->name, y->name, x->bytes < y->bytes ? x->bytes : y->bytes);
    if (order) return order;
    return x->bytes != y->bytes ? (x->bytes < y->bytes ? -1 : 1) : (x->place > y->place) - (x->place < y->place);
}

static void sort_specials(tael__tokenizer *t, uint64_t *keys, named *names)
{
    uint32_t n = t->special_count;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (uint32_t i = 0; i < n; i++) {
        tael__span span = t->tokens[(uint32_t)keys[i]];
        t->specials[i] = (uint32_t)keys[i];
        names[i] = (named){t->token_base + span.offset, span.bytes, i};
    }
    qsort(names, n, sizeof *names, compare_names);
    for (uint32_t i = 0; i < n; i++) {
        t->sorted_specials[i] = names[i].place;
        t->special_first[(uint8_t)*names[i].name + 1]++;
    }
    for (int b = 0; b < 256; b++) t->special_first[b + 1] += t->special_first[b];
}

static tael_status list_specials(tael__tokenizer *t)
{
    uint32_t n = 0, k = 0;
    for (uint32_t i = 0; i < t->size; i++)
        n += (t->flags[i] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) && t->tokens[i].bytes;
    uint64_t *keys = tael__alloc_array((size_t)n + 1, sizeof *keys);
    named *names = tael__alloc_array((size_t)n + 1, sizeof *names);
    t->specials = tael__alloc_array((size_t)n + 1, sizeof *t->specials);
    t->sorted_specials = tael__alloc_array((size_t)n + 1, sizeof *t->sorted_specials);
    bool room = keys && names && t->specials && t->sorted_specials;
    if (room) {
        for (uint32_t i = 0; i < t->size; i++)
            if ((t->flags[i] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) && t->tokens[i].bytes)
                keys[k++] = (uint64_t)(UINT32_MAX - t->tokens[i].bytes) << 32 | i;
        t->special_count = n;
        sort_specials(t, keys, names);
    }
    tael__free(keys);
    tael__free(names);
    return room ? TAEL_OK : tael__fail_memory("tokenizer", n * sizeof *keys);
}

/* Scores may be any number but NaN, which has no order. */
static tael_status read_scores(tael__tokenizer *t, const tael__gguf *file)
{
    static const char key[] = "tokenizer.ggml.scores";
    tael__gguf_type element;
    uint64_t n;
    if (!tael__gguf_array(file, key, &element, &n)) return TAEL_OK;
    t->scores = tael__gguf_array_data(file, key, TAEL__GGUF_F32, &n);
    if (!t->scores || n < t->size) return tael__tokenizer_bad_list(file, key);
    for (uint32_t i = 0; i < t->size; i++) {
        float score;
        memcpy(&score, t->scores + 4 * (size_t)i, sizeof score);
        if (score != score) return tael__tokenizer_bad_list(file, key);
    }
    return TAEL_OK;
}

static bool slice_is(tael__slice s, const char *text)
{
    return s.bytes == strlen(text) && memcmp(s.data, text, s.bytes) == 0;
}

static tael_status pick_pre(tael__tokenizer *t, const tael__gguf *file)
{
    tael__slice pre = {"", 0};
    tael__gguf_text(file, "tokenizer.ggml.pre", &pre);
    for (size_t i = 0; i < sizeof pre_names / sizeof *pre_names; i++)
        if (slice_is(pre, pre_names[i].name)) {
            t->pre = pre_names[i].pre;
            t->ignore_merges = pre_names[i].ignore_merges;
            t->adds_bos = pre_names[i].adds_bos;
            return TAEL_OK;
        }
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: its pre-tokenizer \"%.*s\" is not one that Tael knows (qwen2, qwen35, smollm, gpt-2, "
                 "llama-bpe, minicpm5). Take another file",
                 "%s：Tael 不支持预分词器“%.*s”（支持 qwen2、qwen35、smollm、gpt-2、llama-bpe、"
                 "minicpm5），请换用其他文件"),
        tael__gguf_path(file), (int)(pre.bytes < 64 ? pre.bytes : 64), pre.data);
}

static tael_status pick_rules(tael__tokenizer *t, const tael__gguf *file)
{
    tael__slice model = {"", 0};
    tael__gguf_text(file, "tokenizer.ggml.model", &model);
    if (slice_is(model, "gpt2")) return pick_pre(t, file);
    if (slice_is(model, "llama")) {
        t->kind = TAEL__TOKENIZER_SPM;
        t->adds_space = t->adds_bos = true;
        tael__gguf_bool(file, "tokenizer.ggml.add_space_prefix", &t->adds_space);
        return TAEL_OK;
    }
    if (slice_is(model, "bert")) {
        t->kind = TAEL__TOKENIZER_WORDS;
        t->lowercase = t->adds_bos = true;
        tael__gguf_bool(file, "tokenizer.ggml.normalizer.lowercase", &t->lowercase);
        t->strips_accents = t->lowercase;
        tael__gguf_bool(file, "tokenizer.ggml.normalizer.strip_accents", &t->strips_accents);
        return TAEL_OK;
    }
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: its tokenizer is of the kind \"%.*s\"; Tael reads \"gpt2\" (byte-level BPE), "
                               "\"llama\" (SentencePiece) and \"bert\" (WordPiece). Take another file",
                               "%s：分词器类型为“%.*s”；Tael 支持“gpt2”（字节级 BPE）、“llama”（SentencePiece）和"
                               "“bert”（WordPiece），请换用其他文件"),
                      tael__gguf_path(file), (int)(model.bytes < 64 ? model.bytes : 64), model.data);
}

static tael_status read_all(tael__tokenizer *t, const tael__gguf *file)
{
    TAEL_TRY(pick_rules(t, file));
    TAEL_TRY(read_names(t, file));
    TAEL_TRY(read_flags(t, file));
    TAEL_TRY(list_specials(t));
    TAEL_TRY(tael__tokenizer_bytes_open(t));
    if (t->kind == TAEL__TOKENIZER_BPE) return tael__tokenizer_read_merges(t, file);
    return t->kind == TAEL__TOKENIZER_SPM ? read_scores(t, file) : TAEL_OK;
}

tael_status tael__tokenizer_open(tael__tokenizer **out, const tael__gguf *file)
{
    *out = NULL;
    tael__tokenizer *t = tael__alloc_zero(sizeof *t);
    if (!t) return tael__fail_memory("tokenizer", sizeof *t);
    pthread_mutex_init(&t->decoding, NULL);
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
    tael__free(t->made);
    tael__free(t->odd);
    tael__free(t->flags);
    tael__free(t->by_name.slots);
    tael__free(t->by_odd.slots);
    tael__free(t->bytes);
    tael__free(t->decoded);
    pthread_mutex_destroy(&t->decoding);
    tael__free(t->specials);
    tael__free(t->sorted_specials);
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

int32_t tael__tokenizer_closing(const tael__tokenizer *t)
{
    return t->closing;
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
