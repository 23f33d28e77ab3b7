// SPDX-License-Identifier: Apache-2.0
// Any bytes as a starting model of the next basket, with the checksum made to fit. Besides "no crash": what is read
// predicts with finite scores in order, before and after it is corrected by an owner.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "habits/next.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

static void predict(tael_next *next, int64_t day)
{
    tael_next_item items[10];
    size_t count;
    must(tael_next_predict(next, 1, day, items, 10, &count) == TAEL_OK);
    for (size_t k = 0; k < count; k++) {
        must(isfinite(items[k].score) && items[k].share >= 0 && items[k].share <= 1.001f);
        must(!k || items[k - 1].score >= items[k].score);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tael_next *next;
    tael_next_options options = {.size = sizeof options, .epochs = 1, .rows_max = 500};
    if (size > 65536) return 0;
    char *copy = malloc(size + 1);
    must(copy != NULL && tael_next_open(&next, &options) == TAEL_OK);
    if (size) memcpy(copy, data, size);
    if (size >= 8) {
        uint64_t sum = tael__next_sum(copy, size - 8);
        memcpy(copy + size - 8, &sum, sizeof sum);
    }
    tael_status status = tael__next_read(next, "a file", copy, size);
    must(status == TAEL_OK || tael_error()[0]);
    if (status == TAEL_OK) {
        predict(next, 0);
        for (int64_t t = 0; t < 4; t++) {
            int64_t items[] = {t % 2, next->item_ids.count ? next->item_ids.list[0] : 7};
            must(tael_next_add(next, 1, &(tael_basket){.day = t * 3, .items = items, .count = 2}) == TAEL_OK);
        }
        predict(next, 12);
        must(tael_next_train(next) == TAEL_OK);
        predict(next, 12);
    }
    tael_next_close(next);
    free(copy);
    return 0;
}
