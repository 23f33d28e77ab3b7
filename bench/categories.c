// SPDX-License-Identifier: Apache-2.0
// How well and how fast records are put into categories: the merchants of tests/habits/data/held_out.tsv, none of which
// is in the seed, and simulated owners who correct what they see. Prints one JSON document.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd/train_categories/labelled.c"
#include "base/date.h"

typedef struct score {
    size_t rows, top, leaf;
} score;

static uint64_t state;
static uint32_t draw(uint32_t n) /* 0..n-1 */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % n);
}

static void die(tael_status status)
{
    if (status == TAEL_OK) return;
    fprintf(stderr, "bench: %s\n", tael_error());
    exit(1);
}

static void add(score *s, tael_categorizer *z, const tael_record *r, int32_t wanted, FILE *wrong)
{
    tael_category_prediction p;
    die(tael_categorizer_predict(z, r, &p));
    s->rows++;
    s->leaf += p.category_id == wanted;
    s->top += tael_category_top(p.category_id) == tael_category_top(wanted);
    if (wrong && p.category_id != wanted)
        fprintf(wrong, "%s -> %s (%.2f, %.2f) [%s %s %s]: %s / %s\n", tael_category_get(wanted)->key,
                tael_category_get(p.category_id)->key, (double)p.confidence, (double)p.top_confidence,
                p.reasons[0].piece, p.reasons[1].piece, p.reasons[2].piece, r->merchant, r->item);
}

static double percent(size_t n, size_t of)
{
    return of ? 100.0 * (double)n / (double)of : 0;
}

static void print(const char *name, const score *s)
{
    printf("\"%s\":{\"rows\":%zu,\"top\":%.2f,\"leaf\":%.2f},", name, s->rows, percent(s->top, s->rows),
           percent(s->leaf, s->rows));
}

static tael_record name_only(const tael_record *r)
{
    return (tael_record){.merchant = r->merchant, .direction = r->direction};
}

static tael_record name_and_item(const tael_record *r)
{
    return (tael_record){.merchant = r->merchant, .item = r->item, .direction = r->direction};
}

/* The best of five: rows a second. `again`: the same rows twenty times, as a bill names the same shops; else each text
 * for the first time. */
static double speed(const tael__labelled *rows, bool again)
{
    double best = 1e9;
    int rounds = again ? 20 : 1;
    for (int attempt = 0; attempt < 5; attempt++) {
        tael_categorizer *z;
        bool by_owner;
        die(tael_categorizer_open(&z, NULL));
        double began = tael__clock_seconds();
        for (int n = 0; n < rounds; n++)
            for (size_t i = 0; i < rows->count; i++) tael_categorizer_category(&rows->rows[i].record, &by_owner, z);
        double spent = tael__clock_seconds() - began;
        if (spent < best) best = spent;
        tael_categorizer_close(z);
    }
    return rounds * (double)rows->count / best;
}

/* ---- Owners ---- */

enum { OWNERS = 40, MERCHANTS = 400, ROWS = 3000, CORRECTIONS = 50, OWN_WAYS = 20 };

typedef struct owner_row {
    size_t merchant;
    bool bank, corrected;
} owner_row;

static tael_record seen(const owner_row *row, const tael__labelled_row *mine)
{
    return row->bank ? name_only(&mine[row->merchant].record) : mine[row->merchant].record;
}

/* An owner with 400 merchants of the held-out set, some visited often and most rarely, 3,000 rows. Half of the rows are
 * a bank's: a name and nothing else. For twenty merchants the owner has a category of his own: a person who is the
 * landlord, a shop that sells another thing. */
static void simulate(const tael__labelled *rows, uint32_t owner, score *before, score *after, score *others,
                     size_t *corrections)
{
    size_t count, merchants[MERCHANTS];
    const tael_category *tree = tael_categories(&count);
    tael__labelled_row mine[MERCHANTS];
    static owner_row stream[ROWS];
    tael_categorizer *z;
    size_t made = 0;
    bool taught[MERCHANTS] = {0};
    state = 0x9E3779B97F4A7C15u + owner;
    for (size_t m = 0; m < MERCHANTS; m++) {
    again:
        merchants[m] = draw((uint32_t)rows->count);
        for (size_t i = 0; i < m; i++)
            if (merchants[i] == merchants[m]) goto again;
        mine[m] = rows->rows[merchants[m]];
        if (m % (MERCHANTS / OWN_WAYS) != 3) continue;
        do mine[m].category_id = tree[draw((uint32_t)count)].id;
        while (mine[m].category_id % 100 == 0);
    }
    double weights[MERCHANTS], sum = 0;
    for (size_t m = 0; m < MERCHANTS; m++) sum += weights[m] = 1.0 / (double)(m + 3);
    for (size_t r = 0; r < ROWS; r++) {
        double at = sum * (double)draw(1u << 30) / (double)(1u << 30);
        size_t m = 0;
        while (m + 1 < MERCHANTS && at > weights[m]) at -= weights[m++];
        stream[r] = (owner_row){m, draw(2) == 0, false};
    }
    die(tael_categorizer_open(&z, NULL));
    for (size_t r = 0; r < ROWS; r++) {
        tael_record record = seen(&stream[r], mine);
        add(before, z, &record, mine[stream[r].merchant].category_id, NULL);
    }
    for (size_t r = 0; r < ROWS && made < CORRECTIONS; r++) { /* the owner reads the rows as they come */
        tael__labelled_row *row = &mine[stream[r].merchant];
        tael_category_prediction p;
        tael_record record = seen(&stream[r], mine);
        die(tael_categorizer_predict(z, &record, &p));
        if (p.category_id == row->category_id) continue;
        die(tael_categorizer_learn(z, &record, row->category_id, false));
        stream[r].corrected = taught[stream[r].merchant] = true;
        made++;
    }
    for (size_t r = 0; r < ROWS; r++) {
        const tael__labelled_row *row = &mine[stream[r].merchant];
        tael_record record = seen(&stream[r], mine);
        if (!stream[r].corrected) add(after, z, &record, row->category_id, NULL);
        if (!taught[stream[r].merchant]) add(others, z, &record, row->category_id, NULL);
    }
    *corrections += made;
    tael_categorizer_close(z);
}

int main(int argc, char **argv)
{
    tael__labelled rows;
    tael_categorizer *z;
    score name = {0}, item = {0}, all = {0}, before = {0}, after = {0}, others = {0};
    if (argc < 2) return 2;
    die(tael__labelled_read(&rows, argv[1]));
    double began = tael__clock_seconds();
    die(tael_categorizer_open(&z, NULL));
    double opened = tael__clock_seconds() - began;
    FILE *wrong = argc > 2 ? fopen(argv[2], "w") : NULL;
    for (size_t i = 0; i < rows.count; i++) {
        const tael__labelled_row *row = &rows.rows[i];
        tael_record short_one = name_only(&row->record), middle = name_and_item(&row->record);
        add(&name, z, &short_one, row->category_id, NULL);
        add(&item, z, &middle, row->category_id, NULL);
        add(&all, z, &row->record, row->category_id, wrong);
    }
    if (wrong) fclose(wrong);
    tael_categorizer_close(z);
    size_t corrections = 0;
    for (uint32_t owner = 0; owner < OWNERS; owner++) simulate(&rows, owner, &before, &after, &others, &corrections);
    printf("{");
    print("name", &name);
    print("name_item", &item);
    print("all_fields", &all);
    print("owners_before", &before);
    print("owners_after", &after);
    print("owners_other_merchants", &others);
    printf("\"owners\":%d,\"corrections_each\":%.1f,\"open_ms\":%.3f,\"rows_per_second\":%.0f,\"rows_per_second_new\":%"
           ".0f}\n",
           OWNERS, (double)corrections / OWNERS, 1000 * opened, speed(&rows, true), speed(&rows, false));
    tael__labelled_free(&rows);
    return 0;
}
