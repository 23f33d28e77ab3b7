// SPDX-License-Identifier: Apache-2.0
// Files and buffers: a replace that can leave half a file, or a limit that isn't held, fails here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "support.h"

static void a_file_is_replaced_whole_and_private(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "note");
    assert_ok(tael__file_write(path, "first", 5));
    assert_ok(tael__file_write(path, "second!", 7));
    char *data;
    size_t bytes;
    assert_ok(tael__file_read(&data, &bytes, path, 100));
    assert_int_equal(bytes, 7);
    assert_string_equal(data, "second!");
    tael__free(data);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_status(tael__file_read(&data, &bytes, path, 6), TAEL_LIMIT);
    assert_null(data);
    assert_status(tael__file_read(&data, &bytes, folder, 6), TAEL_BAD_INPUT);
    assert_status(tael__file_read(&data, &bytes, in_folder(folder, "none"), 6), TAEL_NOT_FOUND);
    temp_remove(folder);
}

static void a_failed_replace_leaves_the_old_file(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "kept/inside");
    assert_ok(tael__folder_make(in_folder(folder, "kept")));
    assert_ok(tael__file_write(path, "old", 3));
    assert_int_equal(chmod(in_folder(folder, "kept"), 0500), 0);
    if (geteuid() != 0) assert_status(tael__file_write(path, "new", 3), TAEL_DENIED); /* root may write anywhere */
    assert_int_equal(chmod(in_folder(folder, "kept"), 0700), 0);
    assert_status(tael__file_write(in_folder(folder, "kept/inside/below"), "new", 3), TAEL_NOT_FOUND);
    char *data;
    size_t bytes;
    assert_ok(tael__file_read(&data, &bytes, path, 100));
    assert_string_equal(data, "old");
    tael__free(data);
    temp_remove(folder);
}

static void a_map_of_nothing_is_empty(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael__map map;
    assert_ok(tael__file_write(in_folder(folder, "empty"), "", 0));
    assert_ok(tael__map_open(&map, in_folder(folder, "empty")));
    assert_int_equal(map.bytes, 0);
    tael__map_close(&map);
    assert_status(tael__map_open(&map, folder), TAEL_BAD_INPUT);
    assert_status(tael__map_open(&map, "/dev/null"), TAEL_BAD_INPUT);
    temp_remove(folder);
}

static void the_home_follows_the_settled_order(void **state)
{
    (void)state;
    char path[256];
    setenv("HOME", "/h", 1);
    setenv("XDG_DATA_HOME", "/x", 1);
    setenv("TAEL_HOME", "/t", 1);
    assert_ok(tael__home(path, sizeof path, "/given"));
    assert_string_equal(path, "/given");
    assert_ok(tael__home(path, sizeof path, NULL));
    assert_string_equal(path, "/t");
    unsetenv("TAEL_HOME");
    assert_ok(tael__home(path, sizeof path, NULL));
    assert_string_equal(path, "/x/tael");
    unsetenv("XDG_DATA_HOME");
    assert_ok(tael__home(path, sizeof path, NULL));
    assert_string_equal(path, "/h/.local/share/tael");
    unsetenv("HOME");
    assert_status(tael__home(path, sizeof path, NULL), TAEL_NOT_FOUND);
}

static void a_buffer_ends_at_its_maximum_and_stays_failed(void **state)
{
    (void)state;
    tael__buffer b = {.max = 10};
    assert_ok(tael__buffer_text(&b, "12345"));
    assert_ok(tael__buffer_format(&b, "%d", 67890));
    assert_status(tael__buffer_text(&b, "x"), TAEL_LIMIT);
    assert_int_equal(tael__buffer_text(&b, ""), TAEL_LIMIT);
    assert_null(tael__buffer_take(&b));
    tael__buffer_free(&b);
    tael__alloc_break(1, false);
    assert_status(tael__buffer_text(&b, "x"), TAEL_NO_MEMORY);
    tael__alloc_break(0, false);
    tael__buffer_free(&b);
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
    (void)state;
    tael__random a, b;
    tael__random_seed(&a, 7);
    tael__random_seed(&b, 7);
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        double x = tael__random_unit(&a);
        assert_true(x == tael__random_unit(&b) && x >= 0 && x < 1);
        sum += x;
    }
    assert_true(sum > 4850 && sum < 5150); /* mean of 10,000 uniforms: sigma is 29 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_file_is_replaced_whole_and_private),
                                       cmocka_unit_test(a_failed_replace_leaves_the_old_file),
                                       cmocka_unit_test(a_map_of_nothing_is_empty),
                                       cmocka_unit_test(the_home_follows_the_settled_order),
                                       cmocka_unit_test(a_buffer_ends_at_its_maximum_and_stays_failed),
                                       cmocka_unit_test(the_same_seed_gives_the_same_numbers)};
    return cmocka_run_group_tests_name("base/files", tests, NULL, NULL);
}
