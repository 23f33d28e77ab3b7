// SPDX-License-Identifier: Apache-2.0
// Validity tells UTF-8 from GB18030: Chinese text of more than a few characters in GB18030 is practically never valid
// UTF-8 (most lead bytes are UTF-8 trail bytes). The converse isn't so, hence UTF-8 is tried first.
//
// What a large bill holds is ASCII and characters of two bytes. Those are asked of iconv once and looked up from then
// on; a text with anything else goes through iconv.
#include "ledger/import/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"

static tael_status make_room(tael__decoder *decoder, size_t bytes)
{
    if (bytes <= decoder->capacity) return TAEL_OK;
    char *text = tael__realloc(decoder->text, bytes);
    if (!text) return tael__fail_memory("text", bytes);
    decoder->text = text;
    decoder->capacity = bytes;
    return TAEL_OK;
}

static void clean_controls(char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((text[i] > 0 && text[i] < ' ') || text[i] == 0x7F) text[i] = ' ';
}

/* All of it or SIZE_MAX. iconv needs at most 1.5 times the bytes: two of GB18030 are at most three of UTF-8. */
static size_t convert(iconv_t converter, const char *text, size_t bytes, char *out, size_t cap)
{
    char *from = (char *)(uintptr_t)text, *to = out;
    size_t from_left = bytes, to_left = cap;
    iconv(converter, NULL, NULL, NULL, NULL);
    if (iconv(converter, &from, &from_left, &to, &to_left) == (size_t)-1 || from_left > 0) return SIZE_MAX;
    return cap - to_left;
}

struct tael__two_bytes {
    uint8_t length; /* of utf8; 0: iconv must see it */
    char utf8[3];
};

enum {
    LEAD_FIRST = 0x81,
    LEADS = 0xFF - LEAD_FIRST,
    TRAIL_FIRST = 0x40,
    TRAILS = 0xFF - TRAIL_FIRST,
    BY_ICONV = 200 /* texts, before the table pays: making it takes some milliseconds */
};

static tael_status make_table(tael__decoder *decoder)
{
    size_t count = (size_t)LEADS * TRAILS;
    decoder->two = tael__alloc_array(count, sizeof *decoder->two);
    if (!decoder->two) return tael__fail_memory("text", count * sizeof *decoder->two);
    for (size_t i = 0; i < count; i++) {
        const char text[2] = {(char)(LEAD_FIRST + i / TRAILS), (char)(TRAIL_FIRST + i % TRAILS)};
        char out[8];
        size_t n = convert((iconv_t)decoder->gb18030, text, sizeof text, out, sizeof out);
        if (n == 0 || n > sizeof decoder->two[i].utf8 || !tael__utf8_valid(out, n)) continue;
        decoder->two[i].length = (uint8_t)n;
        memcpy(decoder->two[i].utf8, out, n);
    }
    return TAEL_OK;
}

/* By the table: all of it or SIZE_MAX. `out` has room for three bytes a character. */
static size_t look_up(const struct tael__two_bytes *two, const char *text, size_t bytes, char *out)
{
    char *to = out;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char lead = (unsigned char)text[i];
        if (lead < 0x80) {
            *to++ = text[i];
            continue;
        }
        if (lead < LEAD_FIRST || lead == 0xFF || ++i == bytes) return SIZE_MAX;
        unsigned char trail = (unsigned char)text[i];
        if (trail < TRAIL_FIRST || trail == 0xFF) return SIZE_MAX;
        const struct tael__two_bytes *c = &two[(lead - LEAD_FIRST) * TRAILS + trail - TRAIL_FIRST];
        if (c->length == 0) return SIZE_MAX;
        for (int k = 0; k < c->length; k++) *to++ = c->utf8[k];
    }
    return (size_t)(to - out);
}

/* A text that isn't UTF-8; *n is SIZE_MAX when it isn't GB18030 either. */
static tael_status from_gb18030(tael__decoder *decoder, const char *text, size_t bytes, size_t *n)
{
    if (!decoder->gb18030) {
        iconv_t opened = iconv_open("UTF-8", "GB18030");
        if (opened == (iconv_t)-1)
            return tael__fail(TAEL_UNSUPPORTED,
                              TAEL_SAY("GB18030: the system's iconv can't read it; install its charset modules",
                                       "GB18030：系统的 iconv 无法读取；请安装其字符集模块"));
        decoder->gb18030 = opened;
    }
    if (!decoder->two && ++decoder->texts > BY_ICONV) TAEL_TRY(make_table(decoder));
    *n = decoder->two ? look_up(decoder->two, text, bytes, decoder->text) : SIZE_MAX;
    if (*n != SIZE_MAX) return TAEL_OK;
    *n = convert((iconv_t)decoder->gb18030, text, bytes, decoder->text, decoder->capacity - 1);
    if (*n != SIZE_MAX && !tael__utf8_valid(decoder->text, *n)) *n = SIZE_MAX;
    return TAEL_OK;
}

tael_status tael__decode(tael__decoder *decoder, const char *text, size_t bytes, char **out, size_t *out_bytes,
                         tael__charset *charset)
{
    *out = NULL;
    *out_bytes = 0;
    *charset = TAEL__CHARSET_NONE;
    TAEL_TRY(make_room(decoder, 2 * bytes + 8));
    size_t n = SIZE_MAX;
    if (tael__utf8_valid(text, bytes)) {
        memcpy(decoder->text, text, bytes);
        n = bytes;
        *charset = TAEL__UTF8;
    } else {
        TAEL_TRY(from_gb18030(decoder, text, bytes, &n));
        if (n != SIZE_MAX) *charset = TAEL__GB18030;
    }
    if (*charset == TAEL__CHARSET_NONE) return TAEL_OK;
    decoder->text[n] = '\0';
    clean_controls(decoder->text, n);
    *out = decoder->text;
    *out_bytes = n;
    return TAEL_OK;
}

void tael__decoder_close(tael__decoder *decoder)
{
    if (decoder->gb18030) iconv_close((iconv_t)decoder->gb18030);
    tael__free(decoder->text);
    tael__free(decoder->two);
    *decoder = (tael__decoder){0};
}

tael_status tael__charset_mark(const char *data, size_t bytes, size_t *skip, char **out, size_t *out_bytes)
{
    const char *from = NULL;
    *skip = 0;
    *out = NULL;
    *out_bytes = 0;
    if (bytes >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) *skip = 3;
    if (bytes >= 2 && memcmp(data, "\xFF\xFE", 2) == 0) from = "UTF-16LE";
    if (bytes >= 2 && memcmp(data, "\xFE\xFF", 2) == 0) from = "UTF-16BE";
    if (!from) return TAEL_OK;
    size_t room = (bytes - 2) / 2 * 3 + 8;
    char *text = tael__alloc(room);
    if (!text) return tael__fail_memory("text", room);
    iconv_t converter = iconv_open("UTF-8", from);
    size_t n = converter == (iconv_t)-1 ? SIZE_MAX : convert(converter, data + 2, bytes - 2, text, room - 1);
    if (converter != (iconv_t)-1) iconv_close(converter);
    if (n == SIZE_MAX) {
        tael__free(text);
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("the bill: it begins as %s but isn't; export it again", "账单：开头是 %s 但内容不是；请重新导出"),
            from);
    }
    text[n] = '\0';
    *out = text;
    *out_bytes = n;
    return TAEL_OK;
}
