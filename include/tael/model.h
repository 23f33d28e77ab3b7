// SPDX-License-Identifier: Apache-2.0
/* Models: open a GGUF file, ask what it is, turn text into tokens and back, apply its chat template; the catalogue, and
 * fetching from it. A model is read-only once open and may be shared by threads. */
#ifndef TAEL_MODEL_H
#define TAEL_MODEL_H

#include <tael/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_model tael_model;

/* Open the GGUF file (version 2 or 3) at `path`: mapped, not read, so this takes milliseconds and the memory is the
 * page cache's. Every header field is checked. On success *out is yours: give it to tael_model_close().
 * TAEL_BAD_INPUT: not a GGUF file, or damaged (the sentence says where). TAEL_UNSUPPORTED: an architecture, block
 * format or tokenizer that Tael doesn't run. Format: github.com/ggml-org/ggml, docs/gguf.md. */
TAEL_API tael_status tael_model_open(tael_model **out, const char *path);
TAEL_API void tael_model_close(tael_model *model);

/* Add a LoRA adapter (a GGUF file whose general.type is "adapter"), counting `scale` times what it was trained for.
 * Before any session on the model is opened and before other threads share it; several add up. TAEL_BAD_INPUT: it is
 * none, or was made for another model. */
TAEL_API tael_status tael_model_add_adapter(tael_model *model, const char *path, float scale);

typedef struct tael_model_info {
    size_t size;              /* set to sizeof this struct before the call */
    const char *name;         /* strings are valid until the model is closed */
    const char *architecture; /* as the file names it: "qwen2", "gemma3" */
    const char *quantization; /* the block format that most bytes have, e.g. "Q4_K" */
    uint64_t parameters, file_bytes;
    uint32_t context_tokens; /* what it was trained for */
    uint32_t layers, embedding, heads, kv_heads, head_size, vocabulary;
} tael_model_info;
TAEL_API tael_status tael_model_get_info(const tael_model *model, tael_model_info *info);

/* Token ids of text[0..bytes). `special`: text such as "<|im_start|>" becomes its special token; else it stays text.
 * Adds no BOS of its own. Fills at most `cap` ids; *count is what the text needs, so call twice (ids NULL, cap 0).
 * Invalid UTF-8 is TAEL_BAD_INPUT. Follows llama.cpp: no Unicode normalisation. */
TAEL_API tael_status tael_tokenize(const tael_model *model, const char *text, size_t bytes, bool special, int32_t *ids,
                                   size_t cap, size_t *count);

/* The text of ids[0..count), from its start: without the space that some vocabularies (Llama 2) put before a text.
 * Special tokens are written only with `special`. May end inside a UTF-8 character when the ids do. Fills at most cap
 * bytes including a NUL; *bytes is the text's length without it. */
TAEL_API tael_status tael_detokenize(const tael_model *model, const int32_t *ids, size_t count, bool special,
                                     char *text, size_t cap, size_t *bytes);

typedef struct tael_message {
    const char *role;    /* "system", "user", "assistant", "tool" */
    const char *content; /* UTF-8 */
} tael_message;

/* The prompt that the model's own chat template makes of the messages. `tools_json`: a JSON array of OpenAI-style
 * tools, or NULL. `open_reply`: end with the opening of the assistant's turn. TAEL_UNSUPPORTED names a template that
 * Tael doesn't know. *out is yours: free it with tael_free(). */
TAEL_API tael_status tael_chat_format(const tael_model *model, const tael_message *messages, size_t count,
                                      const char *tools_json, bool open_reply, char **out);

/* The mean of exp(-log p) over the text in windows of `window` tokens, scoring the second half of each with a fresh
 * cache, the rest dropped. TAEL_BAD_INPUT when the text is shorter than one window. */
TAEL_API tael_status tael_perplexity(const tael_model *model, const char *text, size_t bytes, uint32_t window,
                                     uint32_t threads, double *perplexity, uint64_t *scored);

/* ---- The catalogue: models that can be fetched by name ---- */

typedef struct tael_catalogue_entry {
    const char *name, *license, *quantization, *about; /* valid during the call: copy what is kept */
    uint64_t parameters, bytes, memory_bytes;          /* memory_bytes: what running it takes at 4,096 tokens */
    bool installed, fits;                              /* fits: this device's memory allows it */
    double decode_tps, prefill_tps; /* what to expect here, tokens a second; 0: not measured, or not known */
    char path[4096];                /* where it is, or would be */
} tael_catalogue_entry;

/* Calls each(entry, user) for every model of the catalogue, smallest first; a non-zero return stops it.
 * `home` NULL: the default place. */
typedef int tael_catalogue_fn(const tael_catalogue_entry *entry, void *user);
TAEL_API tael_status tael_catalogue_each(const char *home, tael_catalogue_fn *each, void *user);

/* The same with the speeds to expect: measures this device's kernels first, for one to two seconds. */
TAEL_API tael_status tael_catalogue_measure(const char *home, tael_catalogue_fn *each, void *user);

/* The file of a catalogue name, or the path itself when `name` is one. TAEL_NOT_FOUND tells how to pull it. NULL
 * `name`: the configured default ($TAEL_MODEL), else the one chosen on the page, else the best installed model for
 * this device. */
TAEL_API tael_status tael_model_find(const char *home, const char *name, char *path, size_t cap);

typedef struct tael_progress {
    uint64_t done_bytes, total_bytes;      /* total 0: unknown yet */
    double bytes_per_second, seconds_left; /* seconds_left < 0: unknown yet */
    const char *source;                    /* where it comes from, a name for people */
    const char *stage;                     /* "downloading", "verifying" */
} tael_progress;
typedef int tael_progress_fn(const tael_progress *progress, void *user); /* non-zero: stop, what is there resumes */

typedef struct tael_pull_result {
    char path[4096], source[64], sha256[65];
    uint64_t bytes;
    bool already; /* it was installed before */
} tael_pull_result;

/* Fetch a model of the catalogue into home/models: sources in order, a dead one given up within 5 s; resumes; the file
 * takes its place only once its checksum fits. TAEL_NETWORK: no source answered. TAEL_CHECKSUM, TAEL_NO_SPACE: nothing
 * half is left installed. Two at once: the second waits for the first. */
TAEL_API tael_status tael_pull(const char *home, const char *name, tael_progress_fn *progress, void *user,
                               tael_pull_result *result);

/* Frees what a call said is yours to free with tael_free. NULL is fine. */
TAEL_API void tael_free(void *p);

#ifdef __cplusplus
}
#endif
#endif
