// SPDX-License-Identifier: Apache-2.0
// The same payment in two bills, counted once; and moves between the owner's own accounts, which are no spending.
//
// Everything is matched anew from the rows whenever rows came or went, as refunds are, so the result depends on no
// order of imports; what is written is only what changed. Only rows of one amount and currency can pair, a few days
// apart: the rows are read once with little of each, sorted, and those with a possible partner are looked at closely.
// Pairs are one to one, the best evidence first; ties go by time and then by the rows' keys, which are the same
// whatever came first. A row has at most one row above it and one below, so an order paid by a wallet with a card is a
// chain of three, and its top is counted.
#include "ledger/match.h"

#include <stdlib.h>
#include <string.h>

#define MATCHING TAEL_SAY("matching the rows of several bills", "核对多份账单")

enum {
    WINDOW_DAYS = 5,   /* no evidence reaches further */
    MAX_LOOKED = 1000, /* rows of one amount and window that one is held against, and those that fit: */
    MAX_NEAR = 32      /* more equal payments in five days are no person's */
};

/* What all rows are read as. */
typedef struct brief {
    int64_t minor, day, time_ms, id;
    uint64_t key, currency, source; /* parts and hashes: to group and to order */
    bool wanted, spent;
} brief;

typedef struct pair {
    size_t upper, lower; /* places in the cluster */
    uint32_t why;
    int score;
    int64_t gap_ms;
} pair;

/* A pair that was made. */
typedef struct link {
    int64_t kept, other;
    uint32_t why;
} link;

/* What it does to a row. */
typedef struct effect {
    int64_t id, pair_of;
    uint32_t why;
} effect;

typedef struct decision {
    uint8_t a[16], b[16]; /* a < b */
    int64_t what;
} decision;

typedef struct list { /* a growing array */
    void *data;
    size_t count, capacity;
} list;

typedef struct matcher {
    tael_ledger *ledger;
    sqlite3_stmt *load;
    list briefs, decisions, forced, links;
    tael__party *party; /* of the cluster at hand */
    size_t parties, party_capacity;
    tael__buffer texts;
    list pairs;
} matcher;

static tael_status push(list *l, const void *item, size_t bytes)
{
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 256, all;
        void *data = tael__mul_size(&all, capacity, bytes) ? tael__realloc(l->data, all) : NULL;
        if (!data) return tael__fail_memory("match", capacity * bytes);
        l->data = data;
        l->capacity = capacity;
    }
    memcpy((char *)l->data + l->count++ * bytes, item, bytes);
    return TAEL_OK;
}

/* ---- Reading ---- */

static uint64_t hash_text(const char *text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static tael_status read_briefs(matcher *m)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(
        m->ledger, &s,
        "SELECT id,minor,day,time_ms,currency,source,direction,key FROM records WHERE minor>0 AND kind<>2", MATCHING));
    tael_status status = tael__sql_step(m->ledger, s, &row, MATCHING);
    while (status == TAEL_OK && row) {
        brief b = {.id = sqlite3_column_int64(s, 0),
                   .minor = sqlite3_column_int64(s, 1),
                   .day = sqlite3_column_int64(s, 2),
                   .time_ms = sqlite3_column_int64(s, 3),
                   .currency = hash_text(tael__sql_text(s, 4)),
                   .source = hash_text(tael__sql_text(s, 5)),
                   .spent = sqlite3_column_int(s, 6) == TAEL_EXPENSE};
        const uint8_t *key = sqlite3_column_blob(s, 7);
        for (int i = 0; i < 8 && key && sqlite3_column_bytes(s, 7) >= 8; i++) b.key = b.key << 8 | key[i];
        status = push(&m->briefs, &b, sizeof b);
        if (status == TAEL_OK) status = tael__sql_step(m->ledger, s, &row, MATCHING);
    }
    sqlite3_finalize(s);
    return status;
}

static int by_amount(const void *a, const void *b)
{
    const brief *x = a, *y = b;
    if (x->currency != y->currency) return x->currency < y->currency ? -1 : 1;
    if (x->minor != y->minor) return x->minor < y->minor ? -1 : 1;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : 0;
}

static bool one_amount(const brief *a, const brief *b)
{
    return a->currency == b->currency && a->minor == b->minor;
}

/* Another source near it, or money of the same source that went the other way: the two cards of one bank. The nearest
 * such row on either side is the one where a run of alike rows ends. */
static void mark_wanted(brief *b, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && one_amount(&b[from], &b[to]) && b[from].source == b[to].source &&
                            b[from].spent == b[to].spent;)
            to++;
        for (size_t i = from; i < to; i++) {
            bool after = to < count && one_amount(&b[i], &b[to]) && b[to].day - b[i].day <= WINDOW_DAYS;
            bool before = from > 0 && one_amount(&b[i], &b[from - 1]) && b[i].day - b[from - 1].day <= WINDOW_DAYS;
            b[i].wanted = after || before;
        }
    }
}

static tael_status read_decisions(matcher *m)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(m->ledger, &s, "SELECT a,b,decision FROM match_decisions ORDER BY a,b", MATCHING));
    tael_status status = tael__sql_step(m->ledger, s, &row, MATCHING);
    while (status == TAEL_OK && row) {
        decision d = {.what = sqlite3_column_int64(s, 2)};
        if (sqlite3_column_bytes(s, 0) == 16 && sqlite3_column_bytes(s, 1) == 16) {
            memcpy(d.a, sqlite3_column_blob(s, 0), 16);
            memcpy(d.b, sqlite3_column_blob(s, 1), 16);
            status = push(&m->decisions, &d, sizeof d);
        }
        if (status == TAEL_OK) status = tael__sql_step(m->ledger, s, &row, MATCHING);
    }
    sqlite3_finalize(s);
    return status;
}

/* The whole row, for the cluster. Its texts are places in m->texts until the cluster is complete. */
static tael_status load_party(matcher *m, int64_t id)
{
    bool row;
    if (m->parties == m->party_capacity) {
        size_t capacity = m->party_capacity ? 2 * m->party_capacity : 64;
        tael__party *more = tael__realloc(m->party, capacity * sizeof *more);
        if (!more) return tael__fail_memory("match", capacity * sizeof *more);
        m->party = more;
        m->party_capacity = capacity;
    }
    sqlite3_bind_int64(m->load, 1, id);
    tael_status status = tael__sql_step(m->ledger, m->load, &row, MATCHING);
    if (status == TAEL_OK && row && sqlite3_column_bytes(m->load, 4) == 16) {
        tael__party *p = &m->party[m->parties++];
        *p = (tael__party){.id = id,
                           .time_ms = sqlite3_column_int64(m->load, 0),
                           .day = sqlite3_column_int64(m->load, 1),
                           .direction = (tael_direction)sqlite3_column_int(m->load, 2),
                           .kind = (tael__kind)sqlite3_column_int(m->load, 3)};
        memcpy(p->key, sqlite3_column_blob(m->load, 4), 16);
        for (int i = 0; i < TAEL__PARTY_TEXTS && status == TAEL_OK; i++) {
            const char *text = tael__sql_text(m->load, 5 + i);
            p->text[i] = (const char *)(uintptr_t)m->texts.size;
            status = tael__buffer_append(&m->texts, text, strlen(text) + 1);
        }
    }
    sqlite3_reset(m->load);
    return status;
}

static void read_parties(matcher *m)
{
    for (size_t i = 0; i < m->parties; i++) {
        for (int t = 0; t < TAEL__PARTY_TEXTS; t++)
            m->party[i].text[t] = m->texts.data + (uintptr_t)m->party[i].text[t];
        tael__party_read(&m->party[i]);
    }
}

static void clear_cluster(matcher *m)
{
    m->parties = 0;
    m->pairs.count = 0;
    tael__buffer_clear(&m->texts);
}

/* ---- Decisions of the owner ---- */

static int by_keys(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static bool forbidden(const matcher *m, const tael__party *x, const tael__party *y)
{
    decision d;
    if (m->decisions.count == 0) return false;
    bool ordered = memcmp(x->key, y->key, 16) < 0;
    memcpy(d.a, ordered ? x->key : y->key, 16);
    memcpy(d.b, ordered ? y->key : x->key, 16);
    const decision *found = bsearch(&d, m->decisions.data, m->decisions.count, sizeof d, by_keys);
    return found && found->what == TAEL_MATCH_UNDO;
}

static tael_status make_link(matcher *m, tael__party *kept, tael__party *other, uint32_t why)
{
    link l = {kept->id, other->id, why};
    if ((why & TAEL__WHY_KIND) == TAEL__WHY_SAME) {
        kept->has_lower = true;
        other->has_upper = true;
    } else {
        kept->moved = other->moved = true;
    }
    return push(&m->links, &l, sizeof l);
}

static tael_status join_two(matcher *m, tael__party *a, tael__party *b)
{
    if (tael__party_transfer(a, b)) {
        bool went = a->direction == TAEL_EXPENSE;
        return make_link(m, went ? a : b, went ? b : a, TAEL__WHY_TRANSFER | TAEL__WHY_OWNER);
    }
    bool above = tael__party_above(a, b);
    return make_link(m, above ? a : b, above ? b : a, TAEL__WHY_SAME | TAEL__WHY_OWNER);
}

/* What an earlier decision gave it to. */
static void take_forced(matcher *m, tael__party *p)
{
    for (size_t f = 0; f < m->forced.count; f++) {
        const tael__party *known = (const tael__party *)m->forced.data + f;
        if (known->id != p->id) continue;
        p->has_upper |= known->has_upper;
        p->has_lower |= known->has_lower;
        p->moved |= known->moved;
    }
}

/* Rows that the owner joined are spoken for before anything is weighed. */
static tael_status join_decided(matcher *m)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(m->ledger, &s, "SELECT id FROM records WHERE key=?1", MATCHING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < m->decisions.count && status == TAEL_OK; i++) {
        const decision *d = (const decision *)m->decisions.data + i;
        clear_cluster(m);
        for (int side = 0; side < 2 && d->what == TAEL_MATCH_JOIN && status == TAEL_OK; side++) {
            bool row;
            sqlite3_bind_blob(s, 1, side ? d->b : d->a, 16, SQLITE_STATIC);
            status = tael__sql_step(m->ledger, s, &row, MATCHING);
            int64_t id = status == TAEL_OK && row ? sqlite3_column_int64(s, 0) : 0;
            sqlite3_reset(s);
            if (id) status = load_party(m, id);
        }
        if (status != TAEL_OK || m->parties < 2) continue;
        read_parties(m);
        for (int p = 0; p < 2; p++) take_forced(m, &m->party[p]);
        bool above = tael__party_above(&m->party[0], &m->party[1]);
        tael__party *upper = &m->party[above ? 0 : 1], *lower = &m->party[above ? 1 : 0];
        if (upper->has_lower || lower->has_upper || upper->moved || lower->moved) continue;
        status = join_two(m, upper, lower);
        for (int p = 0; p < 2 && status == TAEL_OK; p++) status = push(&m->forced, &m->party[p], sizeof *m->party);
    }
    sqlite3_finalize(s);
    return status;
}

/* ---- One cluster ---- */

/* Who may pair in a pass: first what leaves the least to guess. */
typedef struct round {
    bool transfers;
    tael__level upper_least, upper_most, lower_least, lower_most;
} round;

static const round rounds[] = {
    {false, TAEL__LEVEL_BANK, TAEL__LEVEL_BANK, TAEL__LEVEL_OTHER, TAEL__LEVEL_BANK},
    {false, TAEL__LEVEL_WALLET, TAEL__LEVEL_WALLET, TAEL__LEVEL_OTHER, TAEL__LEVEL_BANK},
    {false, TAEL__LEVEL_SHOP, TAEL__LEVEL_SHOP, TAEL__LEVEL_WALLET, TAEL__LEVEL_WALLET},
    {false, TAEL__LEVEL_SHOP, TAEL__LEVEL_SHOP, TAEL__LEVEL_OTHER, TAEL__LEVEL_BANK},
    {true, TAEL__LEVEL_OTHER, TAEL__LEVEL_WALLET, TAEL__LEVEL_OTHER, TAEL__LEVEL_WALLET},
};

static int score_of(uint32_t why, int64_t days)
{
    int score = 0;
    if (why & TAEL__WHY_ORDER) score += 100;
    if (why & TAEL__WHY_ACCOUNT) score += 20;
    if (why & TAEL__WHY_TAIL) score += 16;
    if (why & TAEL__WHY_NAME) score += 12;
    if (why & (TAEL__WHY_CHANNEL | TAEL__WHY_HOLDER)) score += 8;
    if (why & (TAEL__WHY_BANK | TAEL__WHY_WORDS)) score += 4;
    return score - 3 * (int)(days < 0 ? -days : days);
}

static bool may_be_upper(const tael__party *p, const round *r)
{
    if (p->level < r->upper_least || p->level > r->upper_most) return false;
    return r->transfers ? !p->has_upper && !p->moved : !p->has_lower && !p->moved;
}

static bool may_be_lower(const tael__party *p, const round *r)
{
    if (p->level < r->lower_least || p->level > r->lower_most) return false;
    return !p->has_upper && !p->moved;
}

static tael_status weigh(matcher *m, const round *r, size_t u, size_t l, size_t *near)
{
    const tael__party *upper = &m->party[u], *lower = &m->party[l];
    if (u == l || !may_be_lower(lower, r)) return TAEL_OK;
    uint32_t why = r->transfers ? tael__match_transfer(upper, lower) : tael__match_same(upper, lower);
    if (!why || forbidden(m, upper, lower)) return TAEL_OK;
    int64_t gap = lower->time_ms - upper->time_ms;
    pair p = {u, l, why, score_of(why, lower->day - upper->day), gap < 0 ? -gap : gap};
    ++*near;
    return push(&m->pairs, &p, sizeof p);
}

static int by_score(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->gap_ms != y->gap_ms) return x->gap_ms < y->gap_ms ? -1 : 1;
    if (x->upper != y->upper) return x->upper < y->upper ? -1 : 1;
    return x->lower != y->lower ? (x->lower < y->lower ? -1 : 1) : 0;
}

static tael_status play(matcher *m, const round *r)
{
    m->pairs.count = 0;
    for (size_t u = 0, first = 0; u < m->parties; u++) {
        size_t near = 0;
        while (m->party[u].day - m->party[first].day > WINDOW_DAYS) first++;
        if (!may_be_upper(&m->party[u], r)) continue;
        for (size_t l = first; l < m->parties && l - first < MAX_LOOKED && near < MAX_NEAR; l++) {
            if (m->party[l].day - m->party[u].day > WINDOW_DAYS) break;
            TAEL_TRY(weigh(m, r, u, l, &near));
        }
    }
    if (m->pairs.count > 1) qsort(m->pairs.data, m->pairs.count, sizeof(pair), by_score);
    for (size_t i = 0; i < m->pairs.count; i++) {
        const pair *p = (const pair *)m->pairs.data + i;
        if (!may_be_upper(&m->party[p->upper], r) || !may_be_lower(&m->party[p->lower], r)) continue;
        TAEL_TRY(make_link(m, &m->party[p->upper], &m->party[p->lower], p->why));
    }
    return TAEL_OK;
}

static int by_time(const void *a, const void *b)
{
    const tael__party *x = a, *y = b;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    return memcmp(x->key, y->key, sizeof x->key);
}

/* briefs[from..to) are of one amount, and no other row of it is within the window. */
static tael_status match_cluster(matcher *m, const brief *briefs, size_t from, size_t to)
{
    clear_cluster(m);
    for (size_t i = from; i < to; i++)
        if (briefs[i].wanted) TAEL_TRY(load_party(m, briefs[i].id));
    if (m->parties < 2) return TAEL_OK;
    read_parties(m);
    qsort(m->party, m->parties, sizeof *m->party, by_time);
    for (size_t i = 0; i < m->parties; i++) take_forced(m, &m->party[i]);
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) TAEL_TRY(play(m, &rounds[i]));
    return TAEL_OK;
}

static tael_status match_all(matcher *m)
{
    brief *b = m->briefs.data;
    size_t count = m->briefs.count;
    if (count > 1) qsort(b, count, sizeof *b, by_amount);
    mark_wanted(b, count);
    for (size_t from = 0, to; from < count; from = to) {
        bool any = b[from].wanted;
        for (to = from + 1; to < count && one_amount(&b[from], &b[to]) && b[to].day - b[to - 1].day <= WINDOW_DAYS;
             to++)
            any |= b[to].wanted;
        if (any) TAEL_TRY(match_cluster(m, b, from, to));
    }
    return TAEL_OK;
}

/* ---- Writing what changed ---- */

static int by_id(const void *a, const void *b)
{
    const effect *x = a, *y = b;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : 0;
}

/* The row at the top of its chain. */
static int64_t top_of(const list *effects, int64_t id)
{
    for (;;) {
        effect key = {.id = id};
        const effect *e = effects->count ? bsearch(&key, effects->data, effects->count, sizeof key, by_id) : NULL;
        if (!e || (e->why & TAEL__WHY_KIND) != TAEL__WHY_SAME) return id;
        id = e->pair_of;
    }
}

static tael_status list_effects(const matcher *m, list *effects)
{
    for (size_t i = 0; i < m->links.count; i++) {
        const link *l = (const link *)m->links.data + i;
        bool same = (l->why & TAEL__WHY_KIND) == TAEL__WHY_SAME;
        effect other = {l->other, l->kept, same ? l->why : l->why | TAEL__WHY_COMING},
               kept = {l->kept, l->other, l->why};
        TAEL_TRY(push(effects, &other, sizeof other));
        if (!same) TAEL_TRY(push(effects, &kept, sizeof kept));
    }
    if (effects->count > 1) qsort(effects->data, effects->count, sizeof(effect), by_id);
    return TAEL_OK;
}

typedef struct writer {
    sqlite3_stmt *same, *transfer, *none;
} writer;

static tael_status write_effect(matcher *m, const writer *w, const effect *e, const list *effects)
{
    bool same = (e->why & TAEL__WHY_KIND) == TAEL__WHY_SAME;
    sqlite3_stmt *s = same ? w->same : w->transfer;
    sqlite3_bind_int64(s, 1, e->id);
    sqlite3_bind_int64(s, 2, e->pair_of);
    sqlite3_bind_int64(s, 3, e->why);
    if (same) sqlite3_bind_int64(s, 4, top_of(effects, e->id));
    return tael__sql_run(m->ledger, s, MATCHING);
}

/* Rows that are paired in the store and are no more; and of those that are as they were, effects->why becomes 0. */
static tael_status compare_stored(matcher *m, const writer *w, list *effects)
{
    sqlite3_stmt *s;
    bool row;
    list gone = {0};
    TAEL_TRY(tael__sql_prepare(m->ledger, &s,
                               "SELECT id,pair_of,pair_why,same_as,counted FROM records WHERE pair_of<>0", MATCHING));
    list settled = {0};
    tael_status status = tael__sql_step(m->ledger, s, &row, MATCHING);
    while (status == TAEL_OK && row) {
        effect key = {.id = sqlite3_column_int64(s, 0)};
        effect *e = effects->count ? bsearch(&key, effects->data, effects->count, sizeof key, by_id) : NULL;
        if (!e)
            status = push(&gone, &key.id, sizeof key.id);
        else if ((e->why & TAEL__WHY_KIND) == TAEL__WHY_SAME && e->pair_of == sqlite3_column_int64(s, 1) &&
                 e->why == (uint32_t)sqlite3_column_int64(s, 2) &&
                 top_of(effects, e->id) == sqlite3_column_int64(s, 3) && sqlite3_column_int(s, 4) == 0)
            status = push(&settled, &e, sizeof e); /* marked below: top_of needs them all */
        if (status == TAEL_OK) status = tael__sql_step(m->ledger, s, &row, MATCHING);
    }
    sqlite3_finalize(s);
    for (size_t i = 0; i < gone.count && status == TAEL_OK; i++) {
        sqlite3_bind_int64(w->none, 1, ((const int64_t *)gone.data)[i]);
        status = tael__sql_run(m->ledger, w->none, MATCHING);
    }
    for (size_t i = 0; i < settled.count; i++) ((effect **)settled.data)[i]->why |= 1u << 31;
    tael__free(gone.data);
    tael__free(settled.data);
    return status;
}

static tael_status write_all(matcher *m)
{
    list effects = {0};
    writer w = {0};
    tael_status status = list_effects(m, &effects);
    if (status == TAEL_OK)
        status = tael__sql_prepare(
            m->ledger, &w.same, "UPDATE records SET pair_of=?2,pair_why=?3,same_as=?4,counted=0 WHERE id=?1", MATCHING);
    /* Its bill's direction is back in place by now (refunds.c), so this keeps it. */
    if (status == TAEL_OK)
        status = tael__sql_prepare(m->ledger, &w.transfer,
                                   "UPDATE records SET pair_of=?2,pair_why=?3,same_as=0,counted=(kind<>1),"
                                   "said_direction=iif(direction<>3,direction,0),direction=3 WHERE id=?1",
                                   MATCHING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(m->ledger, &w.none,
                                   "UPDATE records SET pair_of=0,pair_why=0,same_as=0,counted=(kind<>2 AND refund_of=0)"
                                   " WHERE id=?1",
                                   MATCHING);
    if (status == TAEL_OK) status = compare_stored(m, &w, &effects);
    for (size_t i = 0; i < effects.count && status == TAEL_OK; i++) {
        const effect *e = (const effect *)effects.data + i;
        if (!(e->why & 1u << 31)) status = write_effect(m, &w, e, &effects);
    }
    /* A refund of a row that isn't counted must still be felt where the counted row knows nothing of it. */
    if (status == TAEL_OK)
        status =
            tael__sql_exec(m->ledger,
                           "UPDATE records SET counted=1 WHERE kind=1 AND kind<>0 AND refund_of<>0 AND same_as=0 AND "
                           "EXISTS(SELECT 1 FROM"
                           " records p JOIN records t ON t.id=p.same_as WHERE p.id=records.refund_of AND p.same_as<>0"
                           " AND t.refunded_minor<p.refunded_minor)",
                           MATCHING);
    sqlite3_finalize(w.same);
    sqlite3_finalize(w.transfer);
    sqlite3_finalize(w.none);
    tael__free(effects.data);
    return status;
}

tael_status tael__ledger_match(tael_ledger *ledger)
{
    matcher m = {.ledger = ledger, .texts = {.max = (size_t)1 << 31}};
    tael_status status = read_briefs(&m);
    if (status == TAEL_OK) status = read_decisions(&m);
    if (status == TAEL_OK)
        status =
            tael__sql_prepare(ledger, &m.load,
                              "SELECT time_ms,day,direction,kind,key,source,merchant,item,type,method,note,account,"
                              "brand,external_id,merchant_order FROM records WHERE id=?1",
                              MATCHING);
    if (status == TAEL_OK) status = join_decided(&m);
    if (status == TAEL_OK) status = match_all(&m);
    if (status == TAEL_OK) status = write_all(&m);
    sqlite3_finalize(m.load);
    tael__buffer_free(&m.texts);
    tael__free(m.briefs.data);
    tael__free(m.decisions.data);
    tael__free(m.forced.data);
    tael__free(m.links.data);
    tael__free(m.pairs.data);
    tael__free(m.party);
    return status;
}
