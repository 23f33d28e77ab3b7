// SPDX-License-Identifier: Apache-2.0
// Who may ask: a key that is almost right is wrong, a key file that others can read is refused, and only names of this
// very machine pass as its names.
#include "serve/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "serve/json_scan.h"
#include "support.h"

static const char *written(const char *folder, const char *text, mode_t mode)
{
    const char *path = in_folder(folder, "keys");
    assert_ok(tael__file_write(path, text, strlen(text)));
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void a_key_must_be_the_whole_key(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael__guard g;
    uint32_t key = 9;
    assert_ok(tael__guard_open(&g, written(folder, "# ours\n\nabcdefghijklmnop\r\nqrstuvwxyz0123456", 0600)));
    assert_int_equal(g.count, 2);
    assert_true(tael__guard_admits(&g, "abcdefghijklmnop", &key));
    assert_int_equal(key, 0);
    assert_true(tael__guard_admits(&g, "qrstuvwxyz0123456", &key));
    assert_int_equal(key, 1);
    static const char *const wrong[] = {"",  "abcdefghijklmno",    "abcdefghijklmnopq", "ABCDEFGHIJKLMNOP",
                                        "#", "abcdefghijklmnop\r", " abcdefghijklmnop", "# ours"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(tael__guard_admits(&g, wrong[i], &key));
    assert_false(tael__guard_admits(&g, NULL, &key));
    tael__guard_close(&g);
    temp_remove(folder);
}

static void without_keys_none_is_asked_for(void **state)
{
    (void)state;
    tael__guard g;
    uint32_t key = 9;
    assert_ok(tael__guard_open(&g, NULL));
    assert_true(tael__guard_admits(&g, NULL, &key));
    assert_true(tael__guard_admits(&g, "anything", &key));
    assert_int_equal(key, 0);
    tael__guard_close(&g);
}

static void a_key_file_that_is_not_safe_or_not_right_is_refused(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael__guard g;
    assert_status(tael__guard_open(&g, written(folder, "abcdefghijklmnop\n", 0640)), TAEL_DENIED);
    assert_status(tael__guard_open(&g, written(folder, "abcdefghijklmnop\n", 0604)), TAEL_DENIED);
    assert_status(tael__guard_open(&g, written(folder, "", 0600)), TAEL_BAD_INPUT);
    assert_status(tael__guard_open(&g, written(folder, "# only words\n", 0600)), TAEL_BAD_INPUT);
    assert_status(tael__guard_open(&g, written(folder, "abcdefghijklmnop\nshort\n", 0600)), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "line 2"));
    assert_null(strstr(tael_error(), "short")); /* a key never shows */
    assert_status(tael__guard_open(&g, written(folder, "abcdefgh ijklmnop\n", 0600)), TAEL_BAD_INPUT);
    assert_status(tael__guard_open(&g, in_folder(folder, "none")), TAEL_NOT_FOUND);
    temp_remove(folder);
}

static void only_this_machines_own_names_pass(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost", "LocalHost:8765", "127.0.0.1", "127.0.0.1:1",
                                       "127.9.9.9", "[::1]",          "[::1]:80"};
    static const char *const bad[] = {"",
                                      "evil.example",
                                      "127.0.0.1.evil.example",
                                      "localhost.evil.example",
                                      "[::2]",
                                      "[::1",
                                      "::1:80",
                                      "localhost:80:80",
                                      "localhost:x",
                                      "[::1]x",
                                      "0.0.0.0",
                                      "192.168.1.1:8765",
                                      "127.1",
                                      "2130706433",
                                      "localhost ",
                                      "[127.0.0.1",
                                      "evil@localhost:80",
                                      "10.0.0.1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!tael__guard_host(good[i])) fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (tael__guard_host(bad[i])) fail_msg("%s passes", bad[i]);
    assert_true(tael__guard_origin("http://localhost:8765", "localhost:8765"));
    assert_true(tael__guard_origin("https://tael.example", "tael.example"));
    assert_false(tael__guard_origin("http://localhost:8766", "localhost:8765"));
    assert_false(tael__guard_origin("http://evil.example", "localhost:8765"));
    assert_false(tael__guard_origin("null", "localhost:8765"));
    assert_false(tael__guard_origin("http://localhost:8765", NULL));
}

static bool scans(const char *text)
{
    return tael__json_scan(text, strlen(text));
}

static void json_that_would_be_too_much_is_seen_before_it_is_parsed(void **state)
{
    (void)state;
    size_t n = TAEL__MAX_SERVE_VALUES;
    char *text = malloc(n * 2 + 100);
    memset(text, '[', TAEL__MAX_JSON_DEPTH);
    text[TAEL__MAX_JSON_DEPTH] = '\0';
    assert_true(scans(text));
    strcat(text, "[");
    assert_false(scans(text));
    assert_true(scans("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
    assert_true(scans("\"\\\"[\""));
    assert_true(scans("\"\\"));
    assert_true(scans("]]]]}}}"));
    memset(text, ',', n + 10);
    text[n - 2] = '\0';
    assert_true(scans(text));
    text[n - 2] = ',';
    text[n + 10] = '\0';
    assert_false(scans(text));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_must_be_the_whole_key),
        cmocka_unit_test(without_keys_none_is_asked_for),
        cmocka_unit_test(a_key_file_that_is_not_safe_or_not_right_is_refused),
        cmocka_unit_test(only_this_machines_own_names_pass),
        cmocka_unit_test(json_that_would_be_too_much_is_seen_before_it_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
