// SPDX-License-Identifier: Apache-2.0
// Opening a model: the file is mapped, its sizes and tensors checked and pointed at; only the tokenizer builds tables.
// Then what people ask an open model: what it is, tokens, and its chat template.
#include <sodium.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/internal.h"
#include "model/template.h"

static const tael__architecture *const architectures[] = {
#define ARCHITECTURE(name) &tael__architecture_##name,
#include "model/architectures.inc"
#undef ARCHITECTURE
};

static tael_status find_architecture(tael_model *m)
{
    tael__slice name = {0};
    const char *path = tael__gguf_path(m->file);
    if (!tael__gguf_text(m->file, "general.architecture", &name))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: general.architecture is missing; convert the model again",
                                   "%s：缺少 general.architecture；请重新转换模型"),
                          path);
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        const char *known = architectures[i]->name;
        if (name.bytes == strlen(known) && memcmp(name.data, known, name.bytes) == 0)
            m->architecture = architectures[i];
    }
    if (m->architecture) return TAEL_OK;
    int shown = name.bytes < 64 && tael__utf8_valid(name.data, name.bytes) ? (int)name.bytes : 0;
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: the architecture \"%.*s\" is none that Tael runs; take a qwen2, qwen3 or llama model",
                 "%s：Tael 不支持架构“%.*s”；请使用 qwen2、qwen3 或 llama 模型"),
        path, shown, name.data);
}

static tael_status read_name(tael_model *m)
{
    tael__slice name = {0};
    bool fine = tael__gguf_text(m->file, "general.name", &name) && name.bytes > 0 &&
                name.bytes <= TAEL__MAX_GGUF_NAME && tael__utf8_valid(name.data, name.bytes) &&
                !memchr(name.data, 0, name.bytes);
    m->name = fine ? tael__strndup(name.data, name.bytes) : tael__strdup(m->architecture->name);
    return m->name ? TAEL_OK : tael__fail_memory(TAEL_SAY("model", "模型"), name.bytes + 1);
}

static tael_status read_model(tael_model *m)
{
    TAEL_TRY(find_architecture(m));
    TAEL_TRY(read_name(m));
    TAEL_TRY(m->architecture->read_sizes(&m->sizes, m));
    TAEL_TRY(tael__tokenizer_open(&m->tokenizer, m->file));
    m->sizes.vocabulary = tael__tokenizer_size(m->tokenizer);
    return tael__read_weights(m);
}

tael_status tael__model_of_file(tael_model **out, tael__gguf *file)
{
    *out = NULL;
    tael_model *m = tael__alloc_zero(sizeof *m);
    if (!m) {
        tael__gguf_close(file);
        return tael__fail_memory(TAEL_SAY("model", "模型"), sizeof *m);
    }
    m->file = file;
    tael_status status = read_model(m);
    if (status == TAEL_OK)
        *out = m;
    else
        tael_model_close(m);
    return status;
}

tael_status tael_model_open(tael_model **out, const char *path)
{
    tael__gguf *file;
    *out = NULL;
    TAEL_TRY(tael__gguf_open(&file, path));
    return tael__model_of_file(out, file);
}

void tael_model_close(tael_model *m)
{
    if (!m) return;
    tael__tokenizer_close(m->tokenizer);
    tael__adapters_close(&m->adapters);
    tael__gguf_close(m->file);
    for (uint32_t i = 0; m->layers && i < m->sizes.layers; i++) tael__free(m->layers[i].delta.taps);
    tael__free(m->layers);
    tael__free(m->name);
    tael__free(m);
}

const tael__tokenizer *tael__model_tokenizer(const tael_model *m)
{
    return m->tokenizer;
}

/* What the results depend on, without reading the whole file: the sizes, and each tensor's name, shape, format and
 * first bytes, for two trainings of one model have equal headers. */
uint64_t tael__model_fingerprint(const tael_model *m)
{
    uint64_t file_bytes = tael__gguf_bytes(m->file);
    unsigned char hash[crypto_generichash_BYTES];
    uint64_t fingerprint;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)&file_bytes, sizeof file_bytes);
    crypto_generichash_update(&state, (const unsigned char *)&m->sizes, sizeof m->sizes);
    crypto_generichash_update(&state, (const unsigned char *)m->architecture->name, strlen(m->architecture->name));
    for (size_t i = 0; i < tael__gguf_tensor_count(m->file); i++) {
        const tael__gguf_tensor *t = tael__gguf_tensor_at(m->file, i);
        uint32_t format = t->format;
        crypto_generichash_update(&state, (const unsigned char *)t->name.data, t->name.bytes);
        crypto_generichash_update(&state, (const unsigned char *)t->shape, sizeof t->shape);
        crypto_generichash_update(&state, (const unsigned char *)&format, sizeof format);
        crypto_generichash_update(&state, t->data, t->bytes < 64 ? t->bytes : 64);
    }
    for (size_t i = 0; i < m->adapters.count; i++) {
        const tael__adapter *a = &m->adapters.all[i];
        crypto_generichash_update(&state, (const unsigned char *)&a->scale, sizeof a->scale);
        crypto_generichash_update(&state, a->a.data, a->a.row_bytes);
        crypto_generichash_update(&state, a->b.data, a->b.row_bytes);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&fingerprint, hash, sizeof fingerprint);
    return fingerprint;
}

tael_status tael_model_get_info(const tael_model *m, tael_model_info *info)
{
    if (!m || !info || info->size == 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_model_get_info: set info.size to its sizeof first",
                                                "tael_model_get_info：请先把 info.size 设为其 sizeof"));
    size_t bytes_of[TAEL__FORMAT_COUNT] = {0};
    tael_model_info full = {.size = info->size,
                            .name = m->name,
                            .architecture = m->architecture->name,
                            .file_bytes = tael__gguf_bytes(m->file),
                            .context_tokens = m->sizes.context_tokens,
                            .layers = m->sizes.layers,
                            .embedding = m->sizes.embedding,
                            .heads = m->sizes.heads,
                            .kv_heads = m->sizes.kv_heads,
                            .head_size = m->sizes.head_size,
                            .vocabulary = m->sizes.vocabulary};
    size_t most = 0;
    for (size_t i = 0; i < tael__gguf_tensor_count(m->file); i++) {
        const tael__gguf_tensor *t = tael__gguf_tensor_at(m->file, i);
        full.parameters += t->shape[0] * t->shape[1] * t->shape[2] * t->shape[3];
        bytes_of[t->format] += t->bytes;
        if (bytes_of[t->format] > bytes_of[most]) most = t->format;
    }
    full.quantization = tael__formats[most].name;
    memcpy(info, &full, info->size < sizeof full ? info->size : sizeof full);
    return TAEL_OK;
}

tael_status tael_tokenize(const tael_model *m, const char *text, size_t bytes, bool special, int32_t *ids, size_t cap,
                          size_t *count)
{
    tael__buffer found = {.max = TAEL__MAX_TEXT_FILE_BYTES * sizeof(int32_t)};
    *count = 0;
    tael_status status = tael__tokenize(m->tokenizer, text, bytes, special, &found);
    if (status == TAEL_OK) {
        *count = found.size / sizeof(int32_t);
        size_t n = *count < cap ? *count : cap;
        if (n > 0) memcpy(ids, found.data, n * sizeof(int32_t));
    }
    tael__buffer_free(&found);
    return status;
}

tael_status tael_detokenize(const tael_model *m, const int32_t *ids, size_t count, bool special, char *text, size_t cap,
                            size_t *bytes)
{
    size_t at = 0;
    *bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= m->sizes.vocabulary)
            return tael__fail(TAEL_MISUSE,
                              TAEL_SAY("tael_detokenize: token %zu has the id %d, outside of the vocabulary of %u",
                                       "tael_detokenize：第 %zu 个词元的编号 %d 不在大小为 %u 的词表内"),
                              i, (int)ids[i], m->sizes.vocabulary);
    for (size_t i = 0; i < count; i++) {
        if (!special && tael__tokenizer_special(m->tokenizer, ids[i])) continue;
        tael__slice piece = tael__token_text(m->tokenizer, i > 0 ? ids[i - 1] : -1, ids[i]);
        size_t room = at + 1 < cap ? cap - 1 - at : 0;
        size_t n = piece.bytes < room ? piece.bytes : room;
        if (n > 0) memcpy(text + at, piece.data, n);
        at += piece.bytes;
    }
    if (cap > 0) text[at < cap ? at : cap - 1] = '\0';
    *bytes = at;
    return TAEL_OK;
}

tael_status tael_chat_format(const tael_model *m, const tael_message *messages, size_t count, const char *tools_json,
                             bool open_reply, char **out)
{
    const tael__template *t;
    tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};
    *out = NULL;
    TAEL_TRY(tael__template_find(&t, m->file));
    if (!t)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: it has no chat template, so it is a base model; prompt it with raw text or take an "
                     "instruct model",
                     "%s：没有对话模板，应为基础模型；请直接给原始文本，或换用指令模型"),
            tael__gguf_path(m->file));
    tael__template_options options = {.tools_json = tools_json,
                                      .open_reply = open_reply,
                                      .bos = tael__token_bytes(m->tokenizer, tael__tokenizer_bos(m->tokenizer)),
                                      .eos = tael__token_bytes(m->tokenizer, tael__tokenizer_eos(m->tokenizer))};
    tael_status status = tael__template_apply(t, messages, count, &options, &text);
    if (status == TAEL_OK && !(*out = tael__buffer_take(&text))) status = TAEL_NO_MEMORY;
    tael__buffer_free(&text);
    return status;
}
