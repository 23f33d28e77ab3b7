// SPDX-License-Identifier: Apache-2.0
// A text reads the same however many came before it: the table that a large bill makes says what iconv says, of every
// character of two bytes, of longer ones and of broken ones.
#include <iconv.h>
#include <string.h>

#include "ledger/import/charset.h"
#include "support.h"

/* As iconv alone reads it, with control characters as blanks; false: it can't. */
static bool by_iconv(const char *text, size_t bytes, char *out, size_t cap, size_t *n)
{
    iconv_t converter = iconv_open("UTF-8", "GB18030");
    char *from = (char *)(uintptr_t)text, *to = out;
    size_t left = cap;
    bool fine = iconv(converter, &from, &bytes, &to, &left) != (size_t)-1 && bytes == 0;
    iconv_close(converter);
    *n = cap - left;
    for (size_t i = 0; i < *n; i++)
        if ((out[i] > 0 && out[i] < ' ') || out[i] == 0x7F) out[i] = ' ';
    return fine;
}

static void check(tael__decoder *decoder, const char *text, size_t bytes, int *read)
{
    char *out, wanted[256];
    size_t n, wanted_n;
    tael__charset charset;
    assert_ok(tael__decode(decoder, text, bytes, &out, &n, &charset));
    if (charset == TAEL__UTF8) return;
    bool fine = by_iconv(text, bytes, wanted, sizeof wanted, &wanted_n);
    assert_int_equal(charset, fine ? TAEL__GB18030 : TAEL__CHARSET_NONE);
    if (!fine) return;
    ++*read;
    assert_int_equal(n, wanted_n);
    assert_memory_equal(out, wanted, n);
}

static void every_pair_of_bytes_reads_as_iconv_reads_it(void **state)
{
    (void)state;
    tael__decoder decoder = {0};
    int read = 0;
    for (int round = 0; round < 2; round++) /* in the second all by the table */
        for (unsigned lead = 0x80; lead < 0x100; lead++)
            for (unsigned trail = 0; trail < 0x100; trail++) {
                const char text[] = {'a', (char)lead, (char)trail, 'b', (char)0xC4, (char)0xE3};
                check(&decoder, text, sizeof text, &read);
            }
    assert_true(read > 40000);
    tael__decoder_close(&decoder);
}

static void any_bytes_read_as_iconv_reads_them(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a,",
                                         "\xC4\xE3",
                                         "\xBA\xC3",
                                         "\x81\x30\x81\x30",
                                         "\xFF",
                                         "\x80",
                                         "\x90\x30\x81\x30",
                                         "\xA2\xE3",
                                         "\x81",
                                         "\x7F",
                                         "\x84\x31\xA4\x37",
                                         "\xFE\x50",
                                         "\xE3\x32\x9A\x35",
                                         "1"};
    enum { PIECES = sizeof pieces / sizeof *pieces };
    tael__decoder decoder = {0};
    uint32_t dice = 3;
    int read = 0;
    for (int round = 0; round < 20000; round++) {
        char text[64] = "\xD6\xA7";
        for (int i = 0; i < 6; i++) {
            dice = dice * 1664525 + 1013904223;
            strcat(text, pieces[(dice >> 8) % PIECES]);
        }
        check(&decoder, text, strlen(text), &read);
    }
    assert_true(read > 500);
    tael__decoder_close(&decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_bytes_reads_as_iconv_reads_it),
        cmocka_unit_test(any_bytes_read_as_iconv_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
