// SPDX-License-Identifier: Apache-2.0
// UTF-8 by RFC 3629's table of well-formed sequences.
#include "base/utf8.h"

/* The length that a lead byte announces; 0 for a byte that can't lead. */
static size_t announced(unsigned char lead)
{
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

/* May `byte` stand second after `lead`? This is where overlongs, surrogates and > U+10FFFF are refused. */
static bool second_fits(unsigned char lead, unsigned char byte)
{
    if (lead == 0xE0) return byte >= 0xA0 && byte <= 0xBF;
    if (lead == 0xED) return byte >= 0x80 && byte <= 0x9F;
    if (lead == 0xF0) return byte >= 0x90 && byte <= 0xBF;
    if (lead == 0xF4) return byte >= 0x80 && byte <= 0x8F;
    return byte >= 0x80 && byte <= 0xBF;
}

size_t tael__utf8_decode(const char *text, size_t bytes, uint32_t *code, bool *valid)
{
    const unsigned char *s = (const unsigned char *)text;
    if (valid) *valid = true;
    if (bytes == 0) return 0;
    size_t n = announced(s[0]);
    bool good = n > 0 && n <= bytes && (n == 1 || second_fits(s[0], s[1]));
    for (size_t i = 2; good && i < n; i++) good = (s[i] & 0xC0) == 0x80;
    if (!good) {
        if (valid) *valid = false;
        *code = TAEL__UTF8_REPLACEMENT;
        return 1;
    }
    static const unsigned char lead_mask[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = s[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++) c = c << 6 | (s[i] & 0x3F);
    *code = c;
    return n;
}

size_t tael__utf8_encode(char out[4], uint32_t code)
{
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = TAEL__UTF8_REPLACEMENT;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

size_t tael__utf8_invalid_at(const char *text, size_t bytes)
{
    size_t at = 0;
    while (at < bytes) {
        uint32_t code;
        bool valid;
        size_t n = tael__utf8_decode(text + at, bytes - at, &code, &valid);
        if (!valid) return at;
        at += n;
    }
    return bytes;
}

bool tael__utf8_valid(const char *text, size_t bytes)
{
    return tael__utf8_invalid_at(text, bytes) == bytes;
}

size_t tael__utf8_cut(const char *text, size_t bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t back = 1; back <= 3 && back <= bytes; back++) {
        unsigned char byte = s[bytes - back];
        if ((byte & 0xC0) == 0x80) continue; /* a continuation: look further back for its lead */
        size_t n = announced(byte);
        if (n <= back) return bytes; /* complete, or no lead at all */
        if (back >= 2 && !second_fits(byte, s[bytes - back + 1])) return bytes;
        return bytes - back;
    }
    return bytes;
}
