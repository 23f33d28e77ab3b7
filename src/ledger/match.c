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
    AT_ONCE = 32768,   /* rows that are loaded together, about 12 MB */
    WINDOW_DAYS = 5,   /* no evidence reaches further */
    MAX_LOOKED = 1000, /* rows of one amount and window that one is held against, and those that fit: */
    MAX_NEAR = 32      /* more equal payments in five days are no person's */
};

typedef struct decision {
    uint8_t a[16], b[16]; /* a < b */
    int64_t what;
} decision;

typedef struct matcher {
    tael_ledger *ledger;
    sqlite3_stmt *load;
    tael__list briefs, decisions, links, pairs;
    tael__list lowers;         /* of a round: places in the cluster */
    tael__list forced;         /* parties that the owner joined */
    tael__list alone, unmoved; /* keys, 16 bytes each, in order */
    tael__list parties;        /* of the clusters at hand */
    tael__buffer texts;        /* their texts */
    tael__party *at;           /* the cluster at hand */
    size_t count;
} matcher;

/* ---- Reading ---- */

/* ---- What could pair at all ---- */

static bool one_amount(const tael__brief *a, const tael__brief *b)
{
    return a->currency == b->currency && a->minor == b->minor;
}

/* Another source near it, or money of the same source that went the other way: the two cards of one bank. The nearest
 * such row on either side is the one where a run of alike rows ends. */
static void mark_wanted(tael__brief *b, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && one_amount(&b[from], &b[to]) && b[from].source == b[to].source &&
                            b[from].spent == b[to].spent;)
            to++;
        for (size_t i = from; i < to; i++) {
            bool after = to < count && one_amount(&b[i], &b[to]) && b[to].day - b[i].day <= WINDOW_DAYS;
            bool before = from > 0 && one_amount(&b[i], &b[from - 1]) && b[i].day - b[from - 1].day <= WINDOW_DAYS;
            b[i].wanted = b[i].possible && (after || before);
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
            status = tael__list_push(&m->decisions, &d, sizeof d);
        }
        if (status == TAEL_OK) status = tael__sql_step(m->ledger, s, &row, MATCHING);
    }
    sqlite3_finalize(s);
    return status;
}

/* The whole row. Its texts are places in m->texts until all rows at hand are loaded. */
static tael_status load_party(matcher *m, int64_t id, size_t cluster)
{
    bool row;
    sqlite3_bind_int64(m->load, 1, id);
    tael_status status = tael__sql_step(m->ledger, m->load, &row, MATCHING);
    if (status == TAEL_OK && row && sqlite3_column_bytes(m->load, 4) == 16) {
        tael__party p = {.id = id,
                         .cluster = cluster,
                         .time_ms = sqlite3_column_int64(m->load, 0),
                         .day = sqlite3_column_int64(m->load, 1),
                         .direction = (tael_direction)sqlite3_column_int(m->load, 2),
                         .kind = (tael__kind)sqlite3_column_int(m->load, 3)};
        memcpy(p.key, sqlite3_column_blob(m->load, 4), 16);
        for (int i = 0; i < TAEL__PARTY_TEXTS && status == TAEL_OK; i++) {
            const char *text = tael__sql_text(m->load, 5 + i);
            p.text[i] = (const char *)(uintptr_t)m->texts.size;
            status = tael__buffer_append(&m->texts, text, strlen(text) + 1);
        }
        if (status == TAEL_OK) status = tael__list_push(&m->parties, &p, sizeof p);
    }
    sqlite3_reset(m->load);
    return status;
}

static void read_parties(matcher *m)
{
    m->at = m->parties.data;
    m->count = m->parties.count;
    for (size_t i = 0; i < m->count; i++) {
        for (int t = 0; t < TAEL__PARTY_TEXTS; t++) m->at[i].text[t] = m->texts.data + (uintptr_t)m->at[i].text[t];
        tael__party_read(&m->at[i]);
    }
}

static void clear_parties(matcher *m)
{
    m->parties.count = m->count = 0;
    tael__buffer_clear(&m->texts);
}

/* ---- Decisions of the owner ---- */

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static bool holds_key(const tael__list *keys, const uint8_t key[16])
{
    return keys->count && bsearch(key, keys->data, keys->count, 16, by_key);
}

/* Rows whose match the owner undid: what was left out stands for itself, a transfer's two rows are no transfers. */
static tael_status list_alone(matcher *m)
{
    for (size_t i = 0; i < m->decisions.count; i++) {
        const decision *d = (const decision *)m->decisions.data + i;
        if (d->what == TAEL__DECIDED_NO_TRANSFER) {
            TAEL_TRY(tael__list_push(&m->unmoved, d->a, 16));
            TAEL_TRY(tael__list_push(&m->unmoved, d->b, 16));
        } else if (d->what != TAEL__DECIDED_JOIN) {
            TAEL_TRY(tael__list_push(&m->alone, d->what == TAEL__DECIDED_A_ALONE ? d->a : d->b, 16));
        }
    }
    if (m->alone.count > 1) qsort(m->alone.data, m->alone.count, 16, by_key);
    if (m->unmoved.count > 1) qsort(m->unmoved.data, m->unmoved.count, 16, by_key);
    return TAEL_OK;
}

static tael_status make_link(matcher *m, tael__party *kept, tael__party *other, uint32_t why)
{
    tael__link l = {kept->id, other->id, why};
    if ((why & TAEL__WHY_KIND) == TAEL__WHY_SAME) {
        *(other->level == TAEL__LEVEL_MANUAL ? &kept->has_manual : &kept->has_lower) = true;
        other->has_upper = true;
    } else {
        kept->moved = other->moved = true;
    }
    return tael__list_push(&m->links, &l, sizeof l);
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
static void take_forced(const matcher *m, tael__party *p)
{
    for (size_t f = 0; f < m->forced.count; f++) {
        const tael__party *known = (const tael__party *)m->forced.data + f;
        if (known->id != p->id) continue;
        p->has_upper |= known->has_upper;
        p->has_lower |= known->has_lower;
        p->has_manual |= known->has_manual;
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
        clear_parties(m);
        for (int side = 0; side < 2 && d->what == TAEL__DECIDED_JOIN && status == TAEL_OK; side++) {
            bool row;
            sqlite3_bind_blob(s, 1, side ? d->b : d->a, 16, SQLITE_STATIC);
            status = tael__sql_step(m->ledger, s, &row, MATCHING);
            int64_t id = status == TAEL_OK && row ? sqlite3_column_int64(s, 0) : 0;
            sqlite3_reset(s);
            if (id) status = load_party(m, id, 0);
        }
        if (status != TAEL_OK || m->parties.count < 2) continue;
        read_parties(m);
        for (int p = 0; p < 2; p++) take_forced(m, &m->at[p]);
        bool above = tael__party_above(&m->at[0], &m->at[1]);
        tael__party *upper = &m->at[above ? 0 : 1], *lower = &m->at[above ? 1 : 0];
        bool full = lower->level == TAEL__LEVEL_MANUAL ? upper->has_manual : upper->has_lower;
        if (full || lower->has_upper || upper->moved || lower->moved) continue;
        status = join_two(m, upper, lower);
        for (int p = 0; p < 2 && status == TAEL_OK; p++) status = tael__list_push(&m->forced, &m->at[p], sizeof *m->at);
    }
    sqlite3_finalize(s);
    return status;
}

/* All that was decided about a row before anything is weighed. */
static void take_decided(const matcher *m, tael__party *p)
{
    take_forced(m, p);
    p->alone = holds_key(&m->alone, p->key);
    p->unmoved = holds_key(&m->unmoved, p->key);
}

/* The amounts to look at: two rows that the owner joined may have different ones, and chains go through both. */
static tael_status widen(matcher *m, const tael__amounts *changed, tael__amounts *amounts)
{
    amounts->all = !changed || changed->all;
    for (size_t i = 0; changed && i < changed->count; i++) TAEL_TRY(tael__amounts_add(amounts, changed->minor[i]));
    bool joined = false;
    for (size_t i = 0; i < m->decisions.count; i++)
        joined |= ((const decision *)m->decisions.data + i)->what == TAEL__DECIDED_JOIN;
    if (!joined || amounts->all) return TAEL_OK;
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(
        tael__sql_prepare(m->ledger, &s,
                          "SELECT a.minor,b.minor FROM match_decisions d JOIN records a ON a.key=d.a JOIN records b "
                          "ON b.key=d.b WHERE d.decision=0",
                          MATCHING));
    tael_status status = tael__sql_step(m->ledger, s, &row, MATCHING);
    while (status == TAEL_OK && row) {
        status = tael__amounts_add(amounts, sqlite3_column_int64(s, 0));
        if (status == TAEL_OK) status = tael__amounts_add(amounts, sqlite3_column_int64(s, 1));
        if (status == TAEL_OK) status = tael__sql_step(m->ledger, s, &row, MATCHING);
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
    {false, TAEL__LEVEL_OTHER, TAEL__LEVEL_SHOP, TAEL__LEVEL_MANUAL, TAEL__LEVEL_MANUAL},
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
    if (r->lower_most == TAEL__LEVEL_MANUAL) return !p->has_upper && !p->has_manual; /* the top of a chain takes it */
    return r->transfers ? !p->has_upper && !p->moved && !p->unmoved : !p->has_lower && !p->moved;
}

static bool may_be_lower(const tael__party *p, const round *r)
{
    if (p->level < r->lower_least || p->level > r->lower_most) return false;
    return !p->has_upper && !p->moved && !(r->transfers ? p->unmoved : p->alone);
}

static tael_status weigh(matcher *m, const round *r, size_t u, size_t l, size_t *near)
{
    const tael__party *upper = &m->at[u], *lower = &m->at[l];
    if (u == l) return TAEL_OK;
    uint32_t why = r->transfers ? tael__match_transfer(upper, lower) : tael__match_same(upper, lower);
    if (!why) return TAEL_OK;
    int64_t gap = lower->time_ms - upper->time_ms;
    tael__pair p = {.upper = u,
                    .lower = l,
                    .why = why,
                    .score = score_of(why, lower->day - upper->day),
                    .gap_ms = gap < 0 ? -gap : gap};
    ++*near;
    return tael__list_push(&m->pairs, &p, sizeof p);
}

static int by_score(const void *a, const void *b)
{
    const tael__pair *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->gap_ms != y->gap_ms) return x->gap_ms < y->gap_ms ? -1 : 1;
    if (x->upper != y->upper) return x->upper < y->upper ? -1 : 1;
    return x->lower != y->lower ? (x->lower < y->lower ? -1 : 1) : 0;
}

/* Every upper with the lowers near it, both in the order of time. */
static tael_status weigh_all(matcher *m, const round *r)
{
    const size_t *lower;
    m->pairs.count = m->lowers.count = 0;
    for (size_t l = 0; l < m->count; l++)
        if (may_be_lower(&m->at[l], r)) TAEL_TRY(tael__list_push(&m->lowers, &l, sizeof l));
    lower = m->lowers.data;
    for (size_t u = 0, first = 0; u < m->count; u++) {
        size_t near = 0;
        if (!may_be_upper(&m->at[u], r)) continue;
        while (first < m->lowers.count && m->at[u].day - m->at[lower[first]].day > WINDOW_DAYS) first++;
        for (size_t i = first; i < m->lowers.count && i - first < MAX_LOOKED && near < MAX_NEAR; i++) {
            if (m->at[lower[i]].day - m->at[u].day > WINDOW_DAYS) break;
            TAEL_TRY(weigh(m, r, u, lower[i], &near));
        }
    }
    return TAEL_OK;
}

static tael_status play(matcher *m, const round *r)
{
    TAEL_TRY(weigh_all(m, r));
    if (m->pairs.count > 1) qsort(m->pairs.data, m->pairs.count, sizeof(tael__pair), by_score);
    TAEL_TRY(tael__assign(&m->pairs, m->count));
    for (size_t i = 0; i < m->pairs.count; i++) {
        const tael__pair *p = (const tael__pair *)m->pairs.data + i;
        /* A wallet's row could stand on either side of a transfer: it still moves once. */
        if (!p->taken || !may_be_upper(&m->at[p->upper], r) || !may_be_lower(&m->at[p->lower], r)) continue;
        TAEL_TRY(make_link(m, &m->at[p->upper], &m->at[p->lower], p->why));
    }
    return TAEL_OK;
}

static int by_cluster(const void *a, const void *b)
{
    const tael__party *x = a, *y = b;
    if (x->cluster != y->cluster) return x->cluster < y->cluster ? -1 : 1;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    return memcmp(x->key, y->key, sizeof x->key);
}

static int by_id(const void *a, const void *b)
{
    const tael__brief *x = *(const tael__brief *const *)a, *y = *(const tael__brief *const *)b;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : 0;
}

/* Some clusters at once: their rows are loaded in the order of their ids, since each page costs a decryption. */
static tael_status match_some(matcher *m, const tael__list *wanted, const size_t *cluster_of, const tael__brief *first)
{
    const tael__brief **row = wanted->data;
    clear_parties(m);
    if (wanted->count > 1) qsort(row, wanted->count, sizeof *row, by_id);
    for (size_t i = 0; i < wanted->count; i++) TAEL_TRY(load_party(m, row[i]->id, cluster_of[row[i] - first]));
    read_parties(m);
    size_t all = m->count;
    if (all > 1) qsort(m->at, all, sizeof *m->at, by_cluster);
    for (size_t i = 0; i < all; i++) take_decided(m, &m->at[i]);
    for (size_t from = 0; from < all; from += m->count) {
        m->at = (tael__party *)m->parties.data + from;
        for (m->count = 1; from + m->count < all && m->at[m->count].cluster == m->at[0].cluster;) m->count++;
        if (m->count == 1) continue;
        for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) TAEL_TRY(play(m, &rounds[i]));
    }
    return TAEL_OK;
}

static tael_status match_all(matcher *m)
{
    const tael__brief *b = m->briefs.data;
    size_t count = m->briefs.count, cluster = 0;
    tael__list wanted = {0};
    tael_status status = TAEL_OK;
    if (count == 0) return TAEL_OK;
    size_t *cluster_of = tael__alloc_array(count, sizeof *cluster_of);
    if (!cluster_of) return tael__fail_memory("match", count * sizeof *cluster_of);
    mark_wanted(m->briefs.data, count);
    for (size_t i = 0; i < count && status == TAEL_OK; i++) {
        if (i > 0 && !(one_amount(&b[i - 1], &b[i]) && b[i].day - b[i - 1].day <= WINDOW_DAYS)) {
            cluster++;
            if (wanted.count >= AT_ONCE) {
                status = match_some(m, &wanted, cluster_of, b);
                wanted.count = 0;
            }
        }
        cluster_of[i] = cluster;
        const tael__brief *row = &b[i];
        if (b[i].wanted && status == TAEL_OK) status = tael__list_push(&wanted, &row, sizeof row);
    }
    if (status == TAEL_OK && wanted.count > 1) status = match_some(m, &wanted, cluster_of, b);
    tael__free(wanted.data);
    tael__free(cluster_of);
    return status;
}

static tael_status match_rows(tael_ledger *ledger, const tael__amounts *changed)
{
    matcher m = {.ledger = ledger, .texts = {.max = (size_t)1 << 31}};
    tael__amounts amounts = {0};
    tael_status status = read_decisions(&m);
    if (status == TAEL_OK) status = list_alone(&m);
    if (status == TAEL_OK) status = widen(&m, changed, &amounts);
    if (status == TAEL_OK) status = tael__match_read(ledger, &amounts, &m.briefs);
    if (status == TAEL_OK)
        status =
            tael__sql_prepare(ledger, &m.load,
                              "SELECT time_ms,day,direction,kind,key,source,merchant,item,type,method,note,account,"
                              "brand,external_id,merchant_order FROM records WHERE id=?1",
                              MATCHING);
    if (status == TAEL_OK) status = join_decided(&m);
    if (status == TAEL_OK) status = match_all(&m);
    if (status == TAEL_OK) status = tael__match_write(ledger, &m.briefs, &m.links);
    if (status == TAEL_OK) status = tael__match_refunds(ledger);
    sqlite3_finalize(m.load);
    tael__buffer_free(&m.texts);
    tael__amounts_free(&amounts);
    tael__free(m.briefs.data);
    tael__free(m.decisions.data);
    tael__free(m.forced.data);
    tael__free(m.alone.data);
    tael__free(m.unmoved.data);
    tael__free(m.links.data);
    tael__free(m.pairs.data);
    tael__free(m.lowers.data);
    tael__free(m.parties.data);
    return status;
}

tael_status tael__ledger_settle(tael_ledger *ledger, const tael__amounts *changed)
{
    TAEL_TRY(tael__match_restore(ledger));
    TAEL_TRY(tael__refunds_join(ledger));
    return match_rows(ledger, changed);
}
