// SPDX-License-Identifier: Apache-2.0
// The tree of categories: numbers, names and ranges that others store and filter by.
#include <string.h>

#include "habits/internal.h"
#include "support.h"

/* A name alone says which category is meant, in any language; a wrong list would file one category's money under
 * another. */
static void every_name_finds_its_category_and_no_other(void **state)
{
    (void)state;
    size_t count;
    const tael_category *tree = tael_categories(&count);
    int32_t last = 0, top = 0;
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++) {
        assert_true(tree[i].id > last);
        last = tree[i].id;
        if (tree[i].id % 100 == 0) top = tree[i].id;
        assert_int_equal(tael_category_top(tree[i].id), top);
        assert_int_equal(tael_category_find(tree[i].chinese), tree[i].id);
        assert_int_equal(tael_category_find(tree[i].english), tree[i].id);
        assert_int_equal(tael_category_find(tree[i].key), tree[i].id);
        assert_ptr_equal(tael_category_get(tree[i].id), &tree[i]);
        if (tree[i].id == top) continue;
        size_t prefix = strcspn(tree[i].key, "."); /* a leaf's key begins with its top's */
        assert_int_equal(strncmp(tree[i].key, tael_category_get(top)->key, prefix), 0);
        assert_int_equal(tael_category_get(top)->key[prefix], '\0');
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(tael_category_find(NULL), 0);
    assert_int_equal(tael_category_find(""), 0);
    assert_int_equal(tael_category_find("餐"), 0);
    assert_null(tael_category_get(0));
    assert_null(tael_category_get(199));
    assert_null(tael_category_get(-100));
    assert_string_equal(tael_category_name(12345, TAEL_CHINESE), "");
}

static void a_top_covers_what_is_below_it(void **state)
{
    (void)state;
    int32_t from, to;
    tael_category_range(tael_category_find("餐饮"), &from, &to);
    assert_int_equal(from, 100);
    assert_int_equal(to, 199);
    tael_category_range(tael_category_find("food.coffee"), &from, &to);
    assert_int_equal(from, 104);
    assert_int_equal(to, 104);
    assert_string_equal(tael_category_name(104, TAEL_CHINESE), "咖啡");
    assert_int_equal(tael_category_find("COFFEE"), 104);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_finds_its_category_and_no_other),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(a_top_covers_what_is_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
