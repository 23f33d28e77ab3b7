// SPDX-License-Identifier: Apache-2.0
/* Text of bills to UTF-8: by byte-order mark for the file, by validity row by row, since exports are sometimes joined
 * by hand from files of two encodings. */
#ifndef TAEL__LEDGER_IMPORT_CHARSET_H
#define TAEL__LEDGER_IMPORT_CHARSET_H

#include "base/memory.h"

typedef enum tael__charset { TAEL__UTF8, TAEL__GB18030, TAEL__CHARSET_NONE } tael__charset;

typedef struct tael__decoder {
    void *gb18030; /* iconv_t; opened at first use */
    char *text;    /* owned: the last text decoded */
    size_t capacity;
    uint32_t texts;              /* so many were GB18030 */
    struct tael__two_bytes *two; /* owned: its characters of two bytes, once there were many texts */
} tael__decoder;

/* Decode text[0..bytes). *out is valid until the next call, ended by a NUL that *out_bytes doesn't count; NULs within
 * stay. TAEL__CHARSET_NONE in *charset (and *out NULL): valid in neither. Control characters become blanks. */
tael_status tael__decode(tael__decoder *decoder, const char *text, size_t bytes, char **out, size_t *out_bytes,
                         tael__charset *charset);
void tael__decoder_close(tael__decoder *decoder);

/* A file that starts with a byte-order mark: UTF-8's is passed over (*skip = 3), UTF-16 is converted as a whole and
 * *out is the caller's (tael__free). Else *skip 0 and *out NULL. */
tael_status tael__charset_mark(const char *data, size_t bytes, size_t *skip, char **out, size_t *out_bytes);

#endif
