// SPDX-License-Identifier: Apache-2.0
// SentencePiece's BPE (Kudo and Richardson, 2018), as GGUF files of Llama 1 and 2, TinyLlama, MiniCPM and Gemma hold
// it: a space is written U+2581, a text's letters are its code points, and two neighbours may be merged when the
// vocabulary has what they give, the highest score first. What is no token is written as bytes, <0x00> to <0xFF>, or as
// the unknown token where a file has no such.
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

#define SPACE "\xE2\x96\x81" /* U+2581 */

/* A float's bits, turned so that they sort like the float, then upside down: the best score is rank 0 or little more.
 * UINT32_MAX would be a NaN, which no file may have. */
static uint32_t rank_of(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    return ~(bits & 0x80000000u ? ~bits : bits | 0x80000000u);
}

uint32_t tael__spm_rank(const tael__tokenizer *t, const char *name, size_t bytes)
{
    float score = 0;
    int32_t id = bytes <= t->longest ? tael__tokenizer_text_id(t, name, bytes) : -1;
    if (id < 0) return UINT32_MAX;
    if (t->scores) memcpy(&score, t->scores + 4 * (size_t)id, sizeof score);
    return rank_of(score);
}

static tael_status put_letters(tael__run *r, const char *text, size_t bytes, bool space, size_t *count)
{
    size_t n = 0;
    TAEL_TRY(tael__run_reserve(r, bytes + 1));
    tael__buffer_clear(&r->letters);
    for (size_t i = 0; i < bytes || space;) {
        uint32_t code = ' ';
        size_t took = space ? 0 : tael__utf8_decode(text + i, bytes - i, &code, NULL);
        const char *letter = code == ' ' ? SPACE : text + i;
        size_t size = code == ' ' ? sizeof SPACE - 1 : took;
        r->symbols[n] = (tael__symbol){(uint32_t)r->letters.size, (uint32_t)size, (int32_t)n - 1, (int32_t)n + 1};
        TAEL_TRY(tael__buffer_append(&r->letters, letter, size));
        n++;
        i += took;
        space = false;
    }
    if (n) r->symbols[n - 1].next = -1;
    *count = n;
    return TAEL_OK;
}

/* A symbol that is no token is one letter. */
static tael_status put_symbol(tael__run *r, const tael__symbol *s)
{
    const uint8_t *name = (const uint8_t *)r->letters.data + s->offset;
    int32_t id = tael__tokenizer_text_id(r->t, (const char *)name, s->bytes);
    bool known = true;
    if (id >= 0) return tael__run_put(r, id);
    for (size_t i = 0; i < s->bytes; i++) known &= r->t->byte_ids[name[i]] >= 0;
    if (!known) return r->t->unknown >= 0 ? tael__run_put(r, r->t->unknown) : TAEL_OK;
    for (size_t i = 0; i < s->bytes; i++) TAEL_TRY(tael__run_put(r, r->t->byte_ids[name[i]]));
    return TAEL_OK;
}

tael_status tael__run_spm(tael__run *r, const char *text, size_t bytes, bool starts)
{
    size_t count;
    if (bytes == 0) return TAEL_OK;
    TAEL_TRY(put_letters(r, text, bytes, starts && r->t->adds_space, &count));
    TAEL_TRY(tael__run_merge(r, count));
    for (int32_t i = 0; i >= 0; i = r->symbols[i].next) TAEL_TRY(put_symbol(r, &r->symbols[i]));
    return TAEL_OK;
}
