// SPDX-License-Identifier: Apache-2.0
// UTF-8: a decoder that accepts overlong forms or surrogates, or a cut that splits a character, fails here.
#include <string.h>

#include "base/utf8.h"
#include "support.h"

static void every_code_point_comes_back(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF) continue;
        char text[4];
        size_t n = tael__utf8_encode(text, code);
        uint32_t back;
        bool valid;
        assert_int_equal(tael__utf8_decode(text, n, &back, &valid), n);
        assert_true(valid);
        assert_int_equal(back, code);
        for (size_t cut = 1; cut < n; cut++) assert_int_equal(tael__utf8_cut(text, cut), 0);
        assert_int_equal(tael__utf8_cut(text, n), n);
    }
}

static void malformed_bytes_are_refused_one_at_a_time(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",         "\xC0\x80",         "\xC1\xBF",         "\xE0\x80\x80",
                                      "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                      "\xFF",         "\xE4\xBD"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t code;
        bool valid;
        assert_int_equal(tael__utf8_decode(bad[i], strlen(bad[i]), &code, &valid), 1);
        assert_false(valid);
        assert_int_equal(code, TAEL__UTF8_REPLACEMENT);
        assert_false(tael__utf8_valid(bad[i], strlen(bad[i])));
    }
    assert_int_equal(tael__utf8_invalid_at("ab\xE4\xBD\xA0\xFFz", 7), 5);
}

static void a_cut_keeps_what_no_character_claims(void **state)
{
    (void)state;
    assert_int_equal(tael__utf8_cut("a\xE4\xBD", 3), 1);     /* two of three bytes */
    assert_int_equal(tael__utf8_cut("a\xE4\xBD\xA0", 4), 4); /* whole */
    assert_int_equal(tael__utf8_cut("a\x80\x80", 3), 3);     /* no lead: nothing to wait for */
    assert_int_equal(tael__utf8_cut("a\xF4\x90", 3), 3);     /* can't become a character */
    assert_int_equal(tael__utf8_cut("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_code_point_comes_back),
                                       cmocka_unit_test(malformed_bytes_are_refused_one_at_a_time),
                                       cmocka_unit_test(a_cut_keeps_what_no_character_claims)};
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
