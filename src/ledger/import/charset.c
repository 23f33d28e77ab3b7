// SPDX-License-Identifier: Apache-2.0
// Validity tells UTF-8 from GB18030: Chinese text of more than a few characters in GB18030 is practically never valid
// UTF-8 (most lead bytes are UTF-8 trail bytes). The converse isn't so, hence UTF-8 is tried first.
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
        if (!decoder->gb18030) {
            iconv_t opened = iconv_open("UTF-8", "GB18030");
            if (opened == (iconv_t)-1)
                return tael__fail(TAEL_UNSUPPORTED,
                                  TAEL_SAY("GB18030: the system's iconv can't read it; install its charset modules",
                                           "GB18030：系统的 iconv 无法读取；请安装其字符集模块"));
            decoder->gb18030 = opened;
        }
        n = convert((iconv_t)decoder->gb18030, text, bytes, decoder->text, decoder->capacity - 1);
        if (n != SIZE_MAX && tael__utf8_valid(decoder->text, n)) *charset = TAEL__GB18030;
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
