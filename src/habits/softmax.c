// SPDX-License-Identifier: Apache-2.0
// From scores to probabilities, and from these to one category.
#include <math.h>

#include "habits/internal.h"

enum { INCOME = 1800, TRANSFERS = 1900, TRANSFER_IN = 1902, OTHER = 2000 };

void tael__allow(float scores[TAEL__CATEGORY_COUNT], const tael_record *record)
{
    const tael_category *tree = tael_categories(NULL);
    tael_direction direction = record->refund ? TAEL_EXPENSE : record->direction;
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) {
        int32_t id = tree[c].id, top = tael_category_top(id);
        bool income = top == INCOME || id == TRANSFER_IN;
        if (direction == TAEL_EXPENSE && income) scores[c] = -1e9f;
        if (direction == TAEL_INCOME && !income && top != TRANSFERS && top != OTHER) scores[c] = -1e9f;
    }
}

void tael__probabilities(float p[TAEL__CATEGORY_COUNT], const float scores[TAEL__CATEGORY_COUNT])
{
    const tael_category *tree = tael_categories(NULL);
    float most = -INFINITY, sum = 0;
    int top = 0;
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++)
        if (tree[c].id % 100 != 0 && scores[c] > most) most = scores[c];
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) {
        p[c] = tree[c].id % 100 != 0 ? expf(scores[c] - most) : 0;
        sum += p[c];
    }
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) {
        p[c] /= sum;
        if (tree[c].id % 100 == 0) top = c;
        if (top != c) p[top] += p[c];
    }
}

int tael__best(const float p[TAEL__CATEGORY_COUNT])
{
    const tael_category *tree = tael_categories(NULL);
    int top = 0, best = -1;
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++)
        if (tree[c].id % 100 == 0 && p[c] > p[top]) top = c;
    for (int c = top + 1; c < TAEL__CATEGORY_COUNT && tree[c].id % 100 != 0; c++)
        if (best < 0 || p[c] > p[best]) best = c;
    return best;
}
