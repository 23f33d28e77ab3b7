// SPDX-License-Identifier: Apache-2.0
// TIFU-KNN (Hu, He, Gao, Zhang: Modeling Personalized Item Frequency Information for Next-basket Recommendation, SIGIR
// 2020), the published method that bench/habits/next measures against; written from the paper and from how the
// "Reality Check" repository runs it: an owner is a vector of his items, faded inside groups of baskets and across
// groups, averaged over groups; the prediction mixes it with the mean of the nearest owners' vectors. Neighbours come
// from the population, without each one's last basket. Ties: the smaller number first.
// Usage: tifu FILE NEIGHBOURS WITHIN GROUP ALPHA GROUPS
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "baskets.h"

enum { SHOWN = 10, MAX_ITEMS = 1 << 16, MAX_OWNERS = 1 << 16, MAX_BASKETS = 1 << 12 };

typedef struct entry {
    uint32_t at; /* an item, or in a posting list an owner */
    double value;
} entry;

typedef struct list {
    entry *entries;
    size_t count, capacity;
} list;

typedef struct owner {
    int64_t id;
    list baskets; /* items with the basket's number as value */
    size_t count;
    char kind;
    bool asked;
} owner;

static owner owners[MAX_OWNERS];
static size_t owner_count;
static list vectors[MAX_OWNERS], postings[MAX_ITEMS];
static double squares[MAX_OWNERS];
static uint32_t item_count;

static void push(list *l, uint32_t at, double value)
{
    if (l->count == l->capacity) {
        l->capacity = 2 * l->capacity + 8;
        l->entries = realloc(l->entries, l->capacity * sizeof *l->entries);
        if (!l->entries) exit(1);
    }
    l->entries[l->count++] = (entry){at, value};
}

static void read_all(FILE *f)
{
    line l;
    while (read_line(f, &l)) {
        if (!owner_count || owners[owner_count - 1].id != l.owner) {
            if (owner_count == MAX_OWNERS) exit(1);
            owners[owner_count++] = (owner){.id = l.owner, .kind = l.kind};
        }
        owner *o = owners + owner_count - 1;
        if (l.kind == 'p') {
            o->asked = true;
            continue;
        }
        for (size_t k = 0; k < l.count; k++) {
            if (l.items[k] < 0 || l.items[k] >= MAX_ITEMS) exit(1);
            if (l.items[k] >= item_count) item_count = (uint32_t)l.items[k] + 1;
            push(&o->baskets, (uint32_t)l.items[k], (double)o->count);
        }
        o->count++;
    }
}

/* The weight of each of n baskets: within its group, of its group, over the number of groups. The first groups are the
 * smaller ones. Fewer baskets than groups: one group each. */
static void weigh(double *weight, size_t n, size_t groups, double within, double group)
{
    size_t real = n < groups ? n : groups, size = n / real, larger = n % real, at = 0;
    for (size_t g = 0; g < real; g++) {
        size_t members = size + (g >= real - larger);
        for (size_t k = 0; k < members; k++, at++)
            weight[at] = pow(within, (double)(n - 1 - at)) / (double)members * pow(group, (double)(groups - 1 - g)) /
                         (double)real;
    }
}

static void make_vector(size_t u, size_t groups, double within, double group)
{
    static double dense[MAX_ITEMS], weight[MAX_BASKETS];
    owner *o = owners + u;
    size_t n = o->kind == 'b' && o->count > 0 ? o->count - 1 : o->count;
    if (n > MAX_BASKETS) exit(1);
    if (n) weigh(weight, n, groups, within, group);
    for (size_t k = 0; k < o->baskets.count; k++) {
        entry *e = o->baskets.entries + k;
        if ((size_t)e->value < n) dense[e->at] += weight[(size_t)e->value];
    }
    for (size_t k = 0; k < o->baskets.count; k++) {
        uint32_t i = o->baskets.entries[k].at;
        if (dense[i] == 0) continue;
        push(vectors + u, i, dense[i]);
        if (o->kind == 'b') push(postings + i, (uint32_t)u, dense[i]);
        squares[u] += dense[i] * dense[i];
        dense[i] = 0;
    }
}

static int nearest_first(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void predict(size_t u, size_t neighbours, double alpha)
{
    static double dot[MAX_OWNERS], score[MAX_ITEMS];
    static entry near[MAX_OWNERS];
    size_t n = 0;
    memset(dot, 0, owner_count * sizeof *dot);
    memset(score, 0, item_count * sizeof *score);
    for (size_t k = 0; k < vectors[u].count; k++) {
        entry e = vectors[u].entries[k];
        score[e.at] += alpha * e.value;
        for (size_t z = 0; z < postings[e.at].count; z++)
            dot[postings[e.at].entries[z].at] += e.value * postings[e.at].entries[z].value;
    }
    for (size_t v = 0; v < owner_count; v++)
        if (owners[v].kind == 'b') near[n++] = (entry){(uint32_t)v, squares[u] + squares[v] - 2 * dot[v]};
    qsort(near, n, sizeof *near, nearest_first);
    if (n > neighbours) n = neighbours;
    for (size_t k = 0; k < n; k++)
        for (size_t z = 0; z < vectors[near[k].at].count; z++)
            score[vectors[near[k].at].entries[z].at] += (1 - alpha) / (double)n * vectors[near[k].at].entries[z].value;
    for (int shown = 0; shown < SHOWN; shown++) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < item_count; i++)
            if (score[i] > score[best]) best = i;
        printf("%s%u", shown ? "," : "", best);
        score[best] = -1;
    }
}

int main(int argc, char **argv)
{
    FILE *f = argc == 7 ? fopen(argv[1], "r") : NULL;
    bool first = true;
    if (!f) return fprintf(stderr, "usage: tifu FILE NEIGHBOURS WITHIN GROUP ALPHA GROUPS\n"), 2;
    read_all(f);
    double start = seconds();
    for (size_t u = 0; u < owner_count; u++) make_vector(u, (size_t)atoi(argv[6]), atof(argv[3]), atof(argv[4]));
    printf("{\"predictions\":{");
    for (size_t u = 0; u < owner_count; u++) {
        if (!owners[u].asked) continue;
        printf("%s\"%lld\":[", first ? "" : ",", (long long)owners[u].id);
        predict(u, (size_t)atoi(argv[2]), atof(argv[5]));
        printf("]");
        first = false;
    }
    printf("},\"seconds\":%.3f}\n", seconds() - start);
    fclose(f);
    return 0;
}
