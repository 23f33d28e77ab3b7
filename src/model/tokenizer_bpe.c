// SPDX-License-Identifier: Apache-2.0
// Byte-level BPE: a text is cut into words (tokenizer_pre.c), and the letters that stand for a word's bytes are merged.
// The order of decisions is llama.cpp's, hence so are the ids.
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

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

/* The id of a symbol; if it has none, those of its letters. A letter that the vocabulary lacks is left out, as other
 * runtimes do: some files (SmolLM2) have no token for a few control bytes. */
static tael_status put_symbol(tael__run *r, const tael__symbol *s)
{
    const char *name = r->letters.data + s->offset;
    int32_t id = tael__tokenizer_text_id(r->t, name, s->bytes);
    if (id >= 0) return tael__run_put(r, id);
    for (size_t i = 0; i < s->bytes;) {
        uint32_t code;
        size_t took = tael__utf8_decode(name + i, s->bytes - i, &code, NULL);
        id = tael__tokenizer_text_id(r->t, name + i, took);
        if (id >= 0) TAEL_TRY(tael__run_put(r, id));
        i += took;
    }
    return TAEL_OK;
}

static tael_status put_word(tael__run *r, const char *word, size_t bytes)
{
    TAEL_TRY(tael__run_reserve(r, bytes));
    tael__buffer_clear(&r->letters);
    for (size_t i = 0; i < bytes; i++) {
        char letter[4];
        size_t n = tael__utf8_encode(letter, tael__byte_letter((uint8_t)word[i]));
        r->symbols[i] =
            (tael__symbol){(uint32_t)r->letters.size, (uint32_t)n, (int32_t)i - 1, i + 1 < bytes ? (int32_t)i + 1 : -1};
        TAEL_TRY(tael__buffer_append(&r->letters, letter, n));
    }
    if (r->t->ignore_merges) {
        int32_t id = tael__tokenizer_text_id(r->t, r->letters.data, r->letters.size);
        if (id >= 0) return tael__run_put(r, id);
    }
    TAEL_TRY(tael__run_merge(r, bytes));
    for (int32_t i = 0; i >= 0; i = r->symbols[i].next) TAEL_TRY(put_symbol(r, &r->symbols[i]));
    return TAEL_OK;
}

tael_status tael__run_bpe(tael__run *r, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        size_t n = tael__pre_word(r->t->pre, text + i, bytes - i);
        TAEL_TRY(put_word(r, text + i, n));
        i += n;
    }
    return TAEL_OK;
}
