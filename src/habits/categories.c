// SPDX-License-Identifier: Apache-2.0
// The tree: numbers, keys and names from categories.inc, and how one finds the other.
#include <string.h>
#include <strings.h>

#include "habits/internal.h"

static const tael_category tree[] = {
#define TOP(number, key, zh, en) {(number)*100, #key, zh, en},
#define SUB(number, key, zh, en) {number, #key, zh, en},
#include "habits/categories.inc"
#undef TOP
#undef SUB
};
#define COUNT (sizeof tree / sizeof *tree)
_Static_assert(COUNT == TAEL__CATEGORY_COUNT, "the model has a score for each");

const tael_category *tael_categories(size_t *count)
{
    if (count) *count = COUNT;
    return tree;
}

int32_t tael_category_find(const char *name)
{
    for (size_t i = 0; name && i < COUNT; i++)
        if (strcmp(name, tree[i].chinese) == 0 || strcasecmp(name, tree[i].english) == 0 ||
            strcasecmp(name, tree[i].key) == 0)
            return tree[i].id;
    return 0;
}

const tael_category *tael_category_get(int32_t id)
{
    int at = tael__category_index(id);
    return at < 0 ? NULL : &tree[at];
}

const char *tael_category_name(int32_t id, tael_language language)
{
    const tael_category *c = tael_category_get(id);
    return !c ? "" : language == TAEL_CHINESE ? c->chinese : c->english;
}

int32_t tael_category_top(int32_t id)
{
    return id / 100 * 100;
}

void tael_category_range(int32_t id, int32_t *from, int32_t *to)
{
    *from = id;
    *to = id % 100 == 0 ? id + 99 : id;
}

int tael__category_index(int32_t id) /* the list is in order */
{
    size_t low = 0, high = COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tree[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNT && tree[low].id == id ? (int)low : -1;
}
