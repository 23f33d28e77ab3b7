// SPDX-License-Identifier: Apache-2.0
// Text as people search it: without case, and with full-width letters, digits and signs as their ASCII forms. The store
// asks through the SQL function tael_contains(folded term, field, ...); so no second copy of the text is kept.
#include <string.h>

#include "ledger/merchants.h"

size_t tael__text_fold(char *out, const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        /* U+FF01..U+FF5E are EF BC 81 .. EF BD 9E: ASCII 0x21..0x7E moved up. */
        if (c == 0xEF && i + 2 < bytes) {
            unsigned char b = (unsigned char)text[i + 1], d = (unsigned char)text[i + 2];
            unsigned code = ((unsigned)(b & 0x3F) << 6) | (d & 0x3F);
            if ((b == 0xBC || b == 0xBD) && code >= 0xF01 && code <= 0xF5E) {
                c = (unsigned char)(code - 0xF01 + 0x21);
                i += 2;
            }
        }
        out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return n;
}

static void contains(sqlite3_context *context, int count, sqlite3_value **values)
{
    char folded[TAEL__MAX_FIELD_BYTES];
    const char *term = (const char *)sqlite3_value_text(values[0]);
    size_t term_bytes = (size_t)sqlite3_value_bytes(values[0]);
    bool found = false;
    for (int i = 1; i < count && term && !found; i++) {
        const char *text = (const char *)sqlite3_value_text(values[i]);
        size_t bytes = (size_t)sqlite3_value_bytes(values[i]);
        if (!text || bytes < term_bytes) continue;        /* folding makes text shorter, never longer */
        if (bytes > sizeof folded) bytes = sizeof folded; /* the importer lets no longer field in */
        size_t n = tael__text_fold(folded, text, bytes);
        found = memmem(folded, n, term, term_bytes) != NULL;
    }
    sqlite3_result_int(context, found);
}

static void fold(sqlite3_context *context, int count, sqlite3_value **values)
{
    char folded[TAEL__BRAND_BYTES];
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t bytes = (size_t)sqlite3_value_bytes(values[0]);
    (void)count;
    if (bytes > sizeof folded) bytes = sizeof folded;
    if (text) sqlite3_result_text(context, folded, (int)tael__text_fold(folded, text, bytes), SQLITE_TRANSIENT);
}

static void brand(sqlite3_context *context, int count, sqlite3_value **values)
{
    char out[TAEL__BRAND_BYTES];
    const char *text = (const char *)sqlite3_value_text(values[0]);
    (void)count;
    if (!text) return;
    tael__merchant_brand(out, text);
    sqlite3_result_text(context, out, -1, SQLITE_TRANSIENT);
}

tael_status tael__ledger_functions(tael_ledger *ledger)
{
    static const struct {
        const char *name;
        int arguments;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"tael_contains", -1, contains}, {"tael_fold", 1, fold}, {"tael_brand", 1, brand}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        int code = sqlite3_create_function(ledger->db, functions[i].name, functions[i].arguments,
                                           SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                           functions[i].function, NULL, NULL);
        if (code != SQLITE_OK) return tael__sql_fail(ledger, code, TAEL_SAY("opening", "打开"));
    }
    return TAEL_OK;
}
