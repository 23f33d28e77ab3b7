// SPDX-License-Identifier: Apache-2.0
// The ledger's dictionary. Shops, ways of paying and categories are few and rows are many: a filter on words looks at
// the labels, and sums are kept for each (totals.c).
//
// An item is often one of a kind, with an order's number in it; a label for each such row would double the store. So a
// row's item, status and remark are part of its label only from the second time on that one import meets them together;
// such a label is `whole`. Rows of other labels are looked at one by one where a filter asks for those fields.
#include "ledger/labels.h"

#include <sodium.h>
#include <string.h>

#define LABELLING TAEL_SAY("storing a row", "保存记录")

enum { MAX_LABELS = 1 << 20, SEEN_SLOTS = 1 << 16, SEEN_BEFORE = 1 };

struct tael__label_slot {
    uint8_t hash[16];
    int64_t id; /* 0: a free place */
};

/* One place for each value of a hash's part, the latest wins: what repeats often gets its count, whatever else comes.
 */
struct tael__label_seen {
    uint32_t tag, count;
};

static void hash_texts(uint8_t hash[16], const char *const *text, size_t count)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 16);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, (const unsigned char *)text[i], strlen(text[i]) + 1);
    crypto_generichash_final(&state, hash, 16);
}

static size_t find_slot(const tael__labels *l, const uint8_t hash[16])
{
    size_t at;
    memcpy(&at, hash, sizeof at);
    at &= l->capacity - 1;
    while (l->slot[at].id && memcmp(l->slot[at].hash, hash, 16) != 0) at = (at + 1) & (l->capacity - 1);
    return at;
}

static tael_status grow(tael__labels *l)
{
    tael__labels bigger = *l;
    if (l->count >= MAX_LABELS) { /* the store has them all; start over */
        memset(l->slot, 0, l->capacity * sizeof *l->slot);
        l->count = 0;
        return TAEL_OK;
    }
    bigger.capacity = l->capacity ? 2 * l->capacity : 1024;
    bigger.slot = tael__alloc_array(bigger.capacity, sizeof *bigger.slot);
    if (!bigger.slot) return tael__fail_memory("labels", bigger.capacity * sizeof *bigger.slot);
    for (size_t i = 0; i < l->capacity; i++)
        if (l->slot[i].id) bigger.slot[find_slot(&bigger, l->slot[i].hash)] = l->slot[i];
    tael__free(l->slot);
    *l = bigger;
    return TAEL_OK;
}

static tael_status remember(tael__labels *l, const uint8_t hash[16], int64_t id)
{
    if (2 * l->count >= l->capacity) TAEL_TRY(grow(l));
    struct tael__label_slot *slot = &l->slot[find_slot(l, hash)];
    memcpy(slot->hash, hash, 16);
    slot->id = id;
    l->count++;
    return TAEL_OK;
}

/* The number of a label that was met, or that the store has; 0: neither. */
static tael_status look_up(tael__labels *l, const uint8_t hash[16], bool store, int64_t *id)
{
    bool row = false;
    *id = l->capacity ? l->slot[find_slot(l, hash)].id : 0;
    if (*id || !store) return TAEL_OK;
    sqlite3_bind_blob(l->find, 1, hash, 16, SQLITE_STATIC);
    tael_status status = tael__sql_step(l->ledger, l->find, &row, LABELLING);
    if (row) *id = sqlite3_column_int64(l->find, 0);
    sqlite3_reset(l->find);
    return status == TAEL_OK && row ? remember(l, hash, *id) : status;
}

static tael_status find_or_make(tael__labels *l, const uint8_t hash[16], const char *const *text, size_t count,
                                int64_t *id)
{
    TAEL_TRY(look_up(l, hash, true, id));
    if (*id) return TAEL_OK;
    sqlite3_bind_blob(l->insert, 1, hash, 16, SQLITE_STATIC);
    sqlite3_bind_int(l->insert, 2, count == TAEL__LABEL_FIELDS);
    for (size_t i = 0; i < TAEL__LABEL_FIELDS; i++)
        sqlite3_bind_text(l->insert, (int)i + 3, i < count ? text[i] : "", -1, SQLITE_STATIC);
    TAEL_TRY(tael__sql_run(l->ledger, l->insert, LABELLING));
    *id = sqlite3_last_insert_rowid(l->ledger->db);
    return remember(l, hash, *id);
}

/* Whether these texts came often enough for a whole label. */
static bool repeats(tael__labels *l, const uint8_t hash[16])
{
    uint32_t part[2];
    memcpy(part, hash, sizeof part);
    struct tael__label_seen *seen = &l->seen[part[0] & (SEEN_SLOTS - 1)];
    if (seen->tag != part[1]) *seen = (struct tael__label_seen){.tag = part[1]};
    return seen->count++ >= SEEN_BEFORE;
}

tael_status tael__labels_of(tael__labels *l, const char *const text[TAEL__LABEL_FIELDS], const char *external_id,
                            int64_t *id)
{
    uint8_t hash[16];
    if (external_id && external_id[strspn(external_id, "0123456789_")] == '\0') {
        hash_texts(hash, text, TAEL__LABEL_FIELDS);
        TAEL_TRY(look_up(l, hash, false, id));
        if (*id) return TAEL_OK;
        if (repeats(l, hash)) return find_or_make(l, hash, text, TAEL__LABEL_FIELDS, id);
    }
    hash_texts(hash, text, TAEL__LABEL_BASE);
    return find_or_make(l, hash, text, TAEL__LABEL_BASE, id);
}

/* The whole labels that the store has, so that rows like those of earlier bills get them at once; and so that a row
 * whose texts are its own costs no look into the store. */
static tael_status read_whole(tael__labels *l)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(l->ledger, &s, "SELECT hash,id FROM labels WHERE whole=1 ORDER BY id LIMIT 100000",
                               LABELLING));
    tael_status status = tael__sql_step(l->ledger, s, &row, LABELLING);
    while (status == TAEL_OK && row) {
        const uint8_t *hash = sqlite3_column_blob(s, 0);
        if (hash && sqlite3_column_bytes(s, 0) == 16) status = remember(l, hash, sqlite3_column_int64(s, 1));
        if (status == TAEL_OK) status = tael__sql_step(l->ledger, s, &row, LABELLING);
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael__labels_open(tael__labels *l, tael_ledger *ledger)
{
    *l = (tael__labels){.ledger = ledger};
    tael_status status = tael__sql_prepare(ledger, &l->find, "SELECT id FROM labels WHERE hash=?1", LABELLING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(
            ledger, &l->insert,
            "INSERT INTO labels(hash,whole,currency,source,merchant,category,method,brand,category_id,"
            "item,type,status,account,note)"
            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
            LABELLING);
    if (status == TAEL_OK && !(l->seen = tael__alloc_array(SEEN_SLOTS, sizeof *l->seen)))
        status = tael__fail_memory("labels", SEEN_SLOTS * sizeof *l->seen);
    if (status == TAEL_OK) status = read_whole(l);
    if (status != TAEL_OK) tael__labels_close(l);
    return status;
}

void tael__labels_close(tael__labels *l)
{
    sqlite3_finalize(l->find);
    sqlite3_finalize(l->insert);
    tael__free(l->slot);
    tael__free(l->seen);
    *l = (tael__labels){0};
}

/* Labels for at most a thousand rows; *more: there were some. Their texts are read first, since giving them a label
 * changes the index that finds them. */
static tael_status label_some(tael__labels *l, sqlite3_stmt *list, sqlite3_stmt *set, bool *more)
{
    struct pair {
        int64_t id, label;
    } pair[1000];
    size_t count = 0;
    bool row = true;
    tael_status status = TAEL_OK;
    while (status == TAEL_OK && count < sizeof pair / sizeof *pair) {
        const char *text[TAEL__LABEL_FIELDS] = {0};
        status = tael__sql_step(l->ledger, list, &row, LABELLING);
        if (status != TAEL_OK || !row) break;
        for (int i = 0; i < TAEL__LABEL_FIELDS; i++) text[i] = tael__sql_text(list, i + 1);
        pair[count].id = sqlite3_column_int64(list, 0);
        status = tael__labels_of(l, text, tael__sql_text(list, TAEL__LABEL_FIELDS + 1), &pair[count].label);
        count++;
    }
    sqlite3_reset(list);
    for (size_t i = 0; i < count && status == TAEL_OK; i++) {
        sqlite3_bind_int64(set, 1, pair[i].id);
        sqlite3_bind_int64(set, 2, pair[i].label);
        status = tael__sql_run(l->ledger, set, LABELLING);
    }
    *more = count > 0;
    return status;
}

tael_status tael__labels_refresh(tael_ledger *ledger)
{
    tael__labels l = {0};
    sqlite3_stmt *list = NULL, *set = NULL;
    int64_t some;
    TAEL_TRY(tael__sql_number(ledger, &some, "SELECT EXISTS(SELECT 1 FROM records WHERE label=0)", LABELLING));
    if (!some) return TAEL_OK;
    tael_status status = tael__sql_prepare(
        ledger, &list,
        "SELECT id,currency,source,merchant,category,method,brand,category_id,item,type,status,account,note,external_id"
        " FROM records WHERE label=0",
        LABELLING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(ledger, &set, "UPDATE records SET label=?2 WHERE id=?1", LABELLING);
    if (status == TAEL_OK) status = tael__labels_open(&l, ledger);
    for (bool more = true; status == TAEL_OK && more;) status = label_some(&l, list, set, &more);
    sqlite3_finalize(list);
    sqlite3_finalize(set);
    tael__labels_close(&l);
    return status;
}
