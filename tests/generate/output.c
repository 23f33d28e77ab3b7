// SPDX-License-Identifier: Apache-2.0
// However text is cut into tokens, what comes out is the same: all of it up to the first stop string, in whole
// characters.
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/utf8.h"
#include "generate/output.h"
#include "support.h"

typedef struct sink {
    char text[4096];
    size_t bytes;
    int32_t ids[512];
    size_t count, calls;
    size_t cancel_at; /* the call that returns non-zero; 0: none */
} sink;

static int take(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    sink *s = user;
    if (!tael__utf8_valid(text, bytes)) fail_msg("a piece isn't whole characters");
    memcpy(s->text + s->bytes, text, bytes);
    s->bytes += bytes;
    memcpy(s->ids + s->count, ids, count * sizeof *ids);
    s->count += count;
    return ++s->calls == s->cancel_at;
}

/* Cuts `text` where `cuts` says, with ids 1, 2, 3...; returns whether a stop string came. */
static bool push_all(sink *s, const char *text, size_t bytes, tael__random *r, const char *const *stops,
                     size_t stop_count)
{
    tael__output o;
    tael_generate_options options = {.stops = stops, .stop_count = stop_count};
    memset(s, 0, sizeof *s);
    assert_ok(tael__output_open(&o, &options, take, s));
    int32_t id = 0;
    for (size_t at = 0; at < bytes && !o.stopped;) {
        size_t n = r ? 1 + tael__random_next(r) % 5 : 1;
        if (n > bytes - at) n = bytes - at;
        assert_ok(tael__output_push(&o, ++id, text + at, n));
        at += n;
    }
    assert_ok(tael__output_flush(&o));
    bool stopped = o.stopped;
    tael__output_close(&o);
    return stopped;
}

static void assert_text(const sink *s, const char *text)
{
    if (s->bytes != strlen(text) || memcmp(s->text, text, s->bytes) != 0)
        fail_msg("wanted <%s>, got <%.*s>", text, (int)s->bytes, s->text);
}

static void text_comes_out_as_it_went_in(void **state)
{
    (void)state;
    tael__random r;
    sink s;
    const char *text = "花了 12 元 😀 at Café — end";
    tael__random_seed(&r, 1);
    for (int i = 0; i < 200; i++) {
        assert_false(push_all(&s, text, strlen(text), i ? &r : NULL, NULL, 0));
        assert_text(&s, text);
        for (size_t k = 0; k < s.count; k++) assert_int_equal(s.ids[k], (int32_t)k + 1); /* every id, once, in order */
    }
    assert_true(push_all(&s, "", 0, NULL, NULL, 0) == false && s.calls == 0);
}

static void a_stop_string_is_found_across_any_cut(void **state)
{
    (void)state;
    static const char *const stops[] = {"<end>", "\n\nUser", "ABAC", "。。。"};
    static const struct {
        const char *text, *before;
        bool stopped;
    } cases[] = {
        {"hello<end>more", "hello", true},
        {"a<en<end>", "a<en", true},
        {"a<en", "a<en", false},
        {"ABABAC", "AB", true},
        {"ABABAB", "ABABAB", false},
        {"x\n\nUse y", "x\n\nUse y", false},
        {"x\n\n\nUser", "x\n", true},
        {"星。。星。。。", "星。。星", true},
        {"<end>", "", true},
        {"a<end", "a<end", false},
    };
    tael__random r;
    sink s;
    tael__random_seed(&r, 2);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (int i = 0; i < 60; i++) {
            assert_true(push_all(&s, cases[c].text, strlen(cases[c].text), i ? &r : NULL, stops, 4) ==
                        cases[c].stopped);
            assert_text(&s, cases[c].before);
        }
}

static void only_what_could_begin_a_stop_string_is_held_back(void **state)
{
    (void)state;
    static const char *const stops[] = {"<end>"};
    tael__output o;
    sink s = {0};
    tael_generate_options options = {.stops = stops, .stop_count = 1};
    assert_ok(tael__output_open(&o, &options, take, &s));
    assert_ok(tael__output_push(&o, 1, "abc<e", 5));
    assert_text(&s, "abc");
    assert_int_equal(s.count, 0); /* the token isn't out as a whole */
    assert_ok(tael__output_push(&o, 2, "x", 1));
    assert_text(&s, "abc<ex");
    assert_int_equal(s.count, 2);
    assert_ok(tael__output_push(&o, 3, "\xE6\x98", 2));
    assert_text(&s, "abc<ex");
    assert_ok(tael__output_push(&o, 4, "\x9F", 1));
    assert_text(&s, "abc<ex星");
    assert_int_equal(s.count, 4);
    tael__output_close(&o);
}

static void invalid_bytes_become_replacement_characters_and_a_cut_one_is_dropped(void **state)
{
    (void)state;
    sink s;
    push_all(&s, "a\xFF\x62\xE6\x98\x63", 6, NULL, NULL, 0);
    assert_text(&s, "a\xEF\xBF\xBD\x62\xEF\xBF\xBD\xEF\xBF\xBD\x63");
    push_all(&s, "ok\xF0\x9F\x98", 5, NULL, NULL, 0);
    assert_text(&s, "ok");
    assert_int_equal(s.count, 5);
}

static void a_callback_that_says_so_cancels_after_its_piece(void **state)
{
    (void)state;
    tael__output o;
    sink s = {.cancel_at = 2};
    tael_generate_options options = {0};
    assert_ok(tael__output_open(&o, &options, take, &s));
    assert_ok(tael__output_push(&o, 1, "a", 1));
    assert_false(o.cancelled);
    assert_ok(tael__output_push(&o, 2, "b", 1));
    assert_true(o.cancelled);
    assert_ok(tael__output_flush(&o));
    assert_text(&s, "ab");
    tael__output_close(&o);
}

static void stop_strings_have_a_size_and_a_number(void **state)
{
    (void)state;
    static const char *stops[17] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                    "j", "k", "l", "m", "n", "o", "p", "q"};
    char longest[300];
    tael__output o;
    tael_generate_options options = {.stops = stops, .stop_count = 17};
    assert_status(tael__output_open(&o, &options, NULL, NULL), TAEL_MISUSE);
    options.stop_count = 1;
    stops[0] = "";
    assert_status(tael__output_open(&o, &options, NULL, NULL), TAEL_MISUSE);
    memset(longest, 'x', sizeof longest - 1);
    longest[299] = '\0';
    stops[0] = longest;
    assert_status(tael__output_open(&o, &options, NULL, NULL), TAEL_MISUSE);
    options.stops = NULL;
    assert_status(tael__output_open(&o, &options, NULL, NULL), TAEL_MISUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_out_as_it_went_in),
        cmocka_unit_test(a_stop_string_is_found_across_any_cut),
        cmocka_unit_test(only_what_could_begin_a_stop_string_is_held_back),
        cmocka_unit_test(invalid_bytes_become_replacement_characters_and_a_cut_one_is_dropped),
        cmocka_unit_test(a_callback_that_says_so_cancels_after_its_piece),
        cmocka_unit_test(stop_strings_have_a_size_and_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
