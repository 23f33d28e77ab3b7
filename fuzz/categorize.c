// SPDX-License-Identifier: Apache-2.0
// Any bytes as a record's texts, a line each. Besides "no crash": there is a category of the tree that fits the
// direction, the quick way gives the same one, a correction decides, and without it all is as before.
#include <stdlib.h>
#include <string.h>

#include "habits/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

static tael_category_prediction predict(tael_categorizer *z, const tael_record *r)
{
    tael_category_prediction p;
    bool by_owner;
    must(tael_categorizer_predict(z, r, &p) == TAEL_OK);
    must(tael_categorizer_category(r, &by_owner, z) == p.category_id && by_owner == (p.correction != 0));
    must(tael_category_get(p.category_id) != NULL && p.category_id % 100 != 0);
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael_categorizer *z; /* opened once */
    if (size > 16384) return 0;
    if (!z) must(tael_categorizer_open(&z, NULL) == TAEL_OK);
    char *text = malloc(size + 1), *field[5];
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *at = text;
    for (int i = 0; i < 5; i++) {
        field[i] = at;
        char *end = strchr(at, '\n');
        at = end ? end + 1 : at + strlen(at);
        if (end) *end = '\0';
    }
    tael_record r = {.merchant = field[0],
                     .item = field[1],
                     .category = field[2],
                     .type = field[3],
                     .note = field[4],
                     .direction = (tael_direction)(TAEL_EXPENSE + size % 3),
                     .minor = (int64_t)size * 7};
    tael_category_prediction before = predict(z, &r);
    must(r.direction != TAEL_EXPENSE || tael_category_top(before.category_id) != 1800);
    must(tael_categorizer_learn(z, &r, 801, false) == TAEL_OK);
    tael_category_prediction said = predict(z, &r);
    must(said.category_id == 801 && said.correction > 0);
    must(tael_categorizer_forget(z, said.correction) == TAEL_OK);
    tael_category_prediction after = predict(z, &r);
    must(after.category_id == before.category_id && after.confidence == before.confidence);
    free(text);
    return 0;
}
