// SPDX-License-Identifier: Apache-2.0
// Texts of old workbooks. A record holds 8,224 bytes, so long texts and the table of shared ones go on in CONTINUE
// records: between two of its characters a text may change from one byte each to two, and says so there.
#include <string.h>

#include "base/utf8.h"
#include "ledger/import/biff.h"
#include "ledger/import/xml.h"

/* A place in a record and those that continue it. */
typedef struct place {
    tael__biff *b;
    const uint8_t *at, *end;
} place;

bool tael__biff_next(tael__biff *b)
{
    if (b->bytes - b->at < 4) return false;
    size_t length = tael__biff_16(b->data + b->at + 2);
    if (length > b->bytes - b->at - 4) return false;
    b->type = tael__biff_16(b->data + b->at);
    b->body = b->data + b->at + 4;
    b->body_bytes = length;
    b->at += 4 + length;
    return true;
}

static tael_status fail_text(const tael__biff *b)
{
    return tael__fail_part(b->file, "texts");
}

/* Whether there is a byte at the place, after moving into the next CONTINUE if need be. */
static bool any_left(place *p)
{
    while (p->at == p->end) {
        tael__biff *b = p->b;
        if (b->bytes - b->at < 4 || tael__biff_16(b->data + b->at) != TAEL__BIFF_CONTINUE || !tael__biff_next(b))
            return false;
        p->at = b->body;
        p->end = b->body + b->body_bytes;
    }
    return true;
}

static bool take(place *p, int bytes, uint32_t *number)
{
    *number = 0;
    for (int i = 0; i < bytes; i++) {
        if (!any_left(p)) return false;
        *number |= (uint32_t)*p->at++ << (8 * i);
    }
    return true;
}

static bool skip(place *p, uint64_t bytes)
{
    while (bytes > 0) {
        if (!any_left(p)) return false;
        size_t n = (size_t)(p->end - p->at);
        if (n > bytes) n = (size_t)bytes;
        p->at += n;
        bytes -= n;
    }
    return true;
}

/* One unit of UTF-16 behind what was written so far; *high is a first half that waits for its second. */
static void put_unit(tael__buffer *text, uint32_t unit, uint32_t *high)
{
    char utf8[4];
    uint32_t code = unit;
    if (text->size + 4 > TAEL__CELL_KEPT_BYTES) return;
    if (unit >= 0xD800 && unit < 0xDC00) {
        *high = unit;
        return;
    }
    if (unit >= 0xDC00 && unit < 0xE000) code = *high ? 0x10000 + ((*high - 0xD800) << 10) + (unit - 0xDC00) : 0;
    *high = 0;
    tael__buffer_append(text, utf8, tael__utf8_encode(utf8, code < ' ' ? ' ' : code));
}

/* XLUnicodeRichExtendedString ([MS-XLS] 2.5.293) behind its count: flags, how much of formats and readings follows. */
static tael_status read_unicode(place *p, uint32_t count)
{
    tael__buffer *text = &p->b->text;
    uint32_t flags, runs = 0, extra = 0, high = 0, unit;
    tael__buffer_clear(text);
    if (count == 0 && !any_left(p)) return TAEL_OK;
    if (!take(p, 1, &flags)) return fail_text(p->b);
    if ((flags & 8) && !take(p, 2, &runs)) return fail_text(p->b);
    if ((flags & 4) && !take(p, 4, &extra)) return fail_text(p->b);
    for (uint32_t i = 0; i < count; i++) {
        if (p->at == p->end && !take(p, 1, &flags)) return fail_text(p->b);
        if (!take(p, flags & 1 ? 2 : 1, &unit)) return fail_text(p->b);
        put_unit(text, unit, &high);
    }
    if (!skip(p, (uint64_t)runs * 4 + extra)) return fail_text(p->b);
    return text->failed;
}

/* Bytes of a code page: Western ones are told by its number, all others are taken for Chinese. */
static tael_status read_bytes(place *p, uint32_t count)
{
    tael__biff *b = p->b;
    char *decoded = NULL;
    size_t bytes = 0;
    uint32_t high = 0;
    tael__charset charset;
    tael__buffer_clear(&b->text);
    if ((size_t)(p->end - p->at) < count) return fail_text(b);
    if (b->codepage == 1252 || b->codepage == 0x8000 || b->codepage == 0x8001) {
        for (uint32_t i = 0; i < count; i++) put_unit(&b->text, p->at[i], &high);
        return b->text.failed;
    }
    TAEL_TRY(tael__decode(&b->decoder, (const char *)p->at, count, &decoded, &bytes, &charset));
    if (!decoded) return TAEL_OK;
    bytes = tael__utf8_cut(decoded, bytes < TAEL__CELL_KEPT_BYTES ? bytes : TAEL__CELL_KEPT_BYTES);
    for (size_t i = 0; i < bytes; i++)
        if (decoded[i] == '\0') decoded[i] = ' ';
    return tael__buffer_append(&b->text, decoded, bytes);
}

tael_status tael__biff_read_text(tael__biff *b, size_t offset, int length_bytes)
{
    place p = {b, b->body + offset, b->body + b->body_bytes};
    uint32_t count;
    b->text.max = TAEL__CELL_KEPT_BYTES + 8;
    if (offset > b->body_bytes || !take(&p, length_bytes, &count)) return fail_text(b);
    return b->unicode ? read_unicode(&p, count) : read_bytes(&p, count);
}

tael_status tael__biff_read_shared(tael__biff *b, tael__book *book)
{
    place p = {b, b->body, b->body + b->body_bytes};
    uint32_t all, unique, count;
    b->text.max = TAEL__CELL_KEPT_BYTES + 8;
    if (!take(&p, 4, &all) || !take(&p, 4, &unique)) return fail_text(b);
    /* Some programs count wrong: what isn't there is noticed by the cell that asks for it. */
    for (uint32_t i = 0; i < unique && any_left(&p); i++) {
        if (!take(&p, 2, &count)) return fail_text(b);
        TAEL_TRY(read_unicode(&p, count));
        TAEL_TRY(tael__book_add_string(book, b->file, b->text.data ? b->text.data : "", b->text.size));
    }
    return TAEL_OK;
}
