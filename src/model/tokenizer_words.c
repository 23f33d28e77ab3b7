// SPDX-License-Identifier: Apache-2.0
// WordPiece, for BERT's relatives (Devlin et al., 2019): a text is cleaned, cut at white space, around punctuation and
// around each Chinese character, and a word becomes the longest names that it starts with. GGUF files write U+2581
// before names that start a word where BERT's own lists write ## before those that don't. Cleaning is what the models
// were trained with: whole canonical decomposition, of which only nonspacing marks are dropped.
#include <utf8proc.h>

#include "base/utf8.h"
#include "model/tokenizer_internal.h"

#define START "\xE2\x96\x81" /* U+2581 */

enum {
    WORD_LETTERS = 100, /* a longer word is unknown, as in the models' own tokenizers */
    MOST_PARTS = 8      /* code points of one canonical decomposition; 4 are the most in Unicode 15 */
};

/* The word at hand is r->letters. */
typedef struct words {
    tael__run *r;
    size_t letters; /* code points of the word so far */
} words;

static bool is_chinese(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static bool is_punctuation(uint32_t c, utf8proc_category_t category)
{
    if (c < 0x80)
        return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static bool is_dropped(uint32_t c, utf8proc_category_t category)
{
    return c == 0 || c == TAEL__UTF8_REPLACEMENT ||
           (category >= UTF8PROC_CATEGORY_CC && category <= UTF8PROC_CATEGORY_CO);
}

/* The longest name that name[from..bytes) starts with; its end in *end. -1: none. A U+2581 of the text itself starts no
 * word. */
static int32_t longest(const tael__tokenizer *t, const char *name, size_t from, size_t bytes, size_t *end)
{
    if (from > 0 && bytes - from >= sizeof START - 1 && memcmp(name + from, START, sizeof START - 1) == 0) return -1;
    size_t to = bytes - from > t->longest ? from + t->longest : bytes;
    for (; to > from; to--) {
        if (to < bytes && ((uint8_t)name[to] & 0xC0) == 0x80) continue; /* inside a letter */
        int32_t id = tael__tokenizer_text_id(t, name + from, to - from);
        *end = to;
        if (id >= 0) return id;
    }
    return -1;
}

/* The word's ids, or the unknown token for all of it. */
static tael_status end_word(words *w)
{
    tael__run *r = w->r;
    size_t before = r->out->size, bytes = r->letters.size, letters = w->letters;
    if (letters == 0) return TAEL_OK;
    w->letters = 0;
    for (size_t at = 0; at < bytes && letters <= WORD_LETTERS;) {
        size_t end;
        int32_t id = longest(r->t, r->letters.data, at, bytes, &end);
        if (id < 0) break;
        TAEL_TRY(tael__run_put(r, id));
        at = end;
        if (at == bytes) return TAEL_OK;
    }
    r->out->size = before;
    return r->t->unknown >= 0 ? tael__run_put(r, r->t->unknown) : TAEL_OK;
}

static tael_status put_letter(words *w, uint32_t code)
{
    char text[4];
    if (w->letters == 0) {
        tael__buffer_clear(&w->r->letters);
        TAEL_TRY(tael__buffer_append(&w->r->letters, START, sizeof START - 1));
    }
    if (++w->letters > WORD_LETTERS) return TAEL_OK; /* unknown, whatever follows */
    return tael__buffer_append(&w->r->letters, text, tael__utf8_encode(text, code));
}

/* One code point, cleaned already, into the word at hand or a word of its own. */
static tael_status put_code(words *w, uint32_t code)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    if (w->r->t->strips_accents && category == UTF8PROC_CATEGORY_MN) return TAEL_OK;
    if (w->r->t->lowercase) code = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    bool alone = is_chinese(code) || is_punctuation(code, category);
    if (alone) TAEL_TRY(end_word(w));
    TAEL_TRY(put_letter(w, code));
    return alone ? end_word(w) : TAEL_OK;
}

tael_status tael__run_words(tael__run *r, const char *text, size_t bytes)
{
    words w = {r, 0};
    for (size_t i = 0; i < bytes;) {
        utf8proc_int32_t parts[MOST_PARTS];
        utf8proc_ssize_t n = 1;
        uint32_t code;
        i += tael__utf8_decode(text + i, bytes - i, &code, NULL);
        utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
        bool line = code == '\t' || code == '\n' || code == '\r'; /* control characters, but white */
        if (!line && is_dropped(code, category)) continue;
        if (tael__is_white(code)) {
            TAEL_TRY(end_word(&w));
            continue;
        }
        parts[0] = (utf8proc_int32_t)code;
        if (r->t->strips_accents)
            n = utf8proc_decompose_char((utf8proc_int32_t)code, parts, MOST_PARTS, UTF8PROC_DECOMPOSE, NULL);
        for (utf8proc_ssize_t k = 0; k < n && k < MOST_PARTS; k++) TAEL_TRY(put_code(&w, (uint32_t)parts[k]));
    }
    return end_word(&w);
}
