// SPDX-License-Identifier: Apache-2.0
// Categories of records: what the owner said first, then the model.
//
// The model of a ledger is the library's plus the ledger's corrections, learned anew from the first to the last
// whenever they change: forgetting one is leaving it out, and the same corrections always give the same model.
#include <string.h>

#include "habits/internal.h"

enum {
    PASSES = 4,    /* over the corrections */
    LEARNED = 2000 /* the newest: a quarter of a second; older ones still decide for their merchants */
};

typedef struct correction {
    int64_t id, record;
    bool only;
    tael_direction direction;
    int32_t category_id;
    char *merchant, *item, *category, *type; /* owned */
} correction;

/* What a text says, kept: a bill names the same shops and kinds again and again, and the model adds up text by text. */
typedef struct remembered {
    uint64_t key; /* 0: free */
    float scores[TAEL__CATEGORY_COUNT];
} remembered;
enum { REMEMBERED = 2048 }; /* texts: 1.2 MB */

struct tael_categorizer {
    tael_ledger *ledger; /* borrowed; NULL: none */
    tael__learned learned;
    correction *list; /* oldest first */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: (index into list + 1) * 4 + scope; 0 is free */
    size_t slot_count;
    remembered *texts;       /* REMEMBERED of them, by key */
    bool asked;              /* some of them may be there */
    tael__features features; /* of the record or the text at hand */
};

/* ---- Finding what the owner said ---- */

typedef enum scope { OF_ITEM, OF_MERCHANT, OF_RECORD } scope;

static tael_direction direction_of(const tael_record *r)
{
    return r->refund ? TAEL_EXPENSE : r->direction; /* a refund is of its purchase's category */
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static bool fits(const correction *c, scope s, tael_direction direction, const char *merchant, const char *item,
                 int64_t record)
{
    if (s == OF_RECORD) return c->only && c->record == record;
    if (c->only || c->direction != direction || strcmp(c->merchant, merchant) != 0) return false;
    return s == OF_MERCHANT || strcmp(c->item, item) == 0;
}

/* The place of what `s` asks for: taken by a correction that fits, or free. */
static size_t slot_of(const tael_categorizer *z, scope s, tael_direction direction, const char *merchant,
                      const char *item, int64_t record)
{
    uint64_t h = 14695981039346656037u ^ ((uint64_t)s << 8 | (uint64_t)direction);
    for (const char *c = s == OF_RECORD ? "" : merchant; *c; c++) h = (h ^ (unsigned char)*c) * 1099511628211u;
    for (const char *c = s == OF_ITEM ? item : ""; *c; c++) h = (h ^ (unsigned char)*c) * 1099511628211u;
    if (s == OF_RECORD) h = (14695981039346656037u ^ (uint64_t)record) * 1099511628211u;
    size_t at = (h ^ h >> 32) & (z->slot_count - 1);
    /* Scopes share the table: an entry of another scope is passed by. Its bits say which it is. */
    while (z->slots[at]) {
        uint32_t entry = z->slots[at];
        if ((entry & 3) == (uint32_t)s && fits(&z->list[(entry >> 2) - 1], s, direction, merchant, item, record)) break;
        at = (at + 1) & (z->slot_count - 1);
    }
    return at;
}

static const correction *look_up(const tael_categorizer *z, scope s, const tael_record *r)
{
    if (s == OF_MERCHANT && !*text_of(r->merchant)) return NULL;
    if (s == OF_RECORD && r->id == 0) return NULL;
    size_t at = slot_of(z, s, direction_of(r), text_of(r->merchant), text_of(r->item), r->id);
    return z->slots[at] ? &z->list[(z->slots[at] >> 2) - 1] : NULL;
}

/* Whether what the owner said of the merchant differs by item: then the model, which learned it all, decides on a new
 * one. */
static bool disputed(const tael_categorizer *z, const correction *said)
{
    for (size_t i = 0; i < z->count; i++)
        if (z->list[i].category_id != said->category_id &&
            fits(&z->list[i], OF_MERCHANT, said->direction, said->merchant, "", 0))
            return true;
    return false;
}

static const correction *said_of(const tael_categorizer *z, const tael_record *r)
{
    const correction *c;
    if (z->count == 0) return NULL;
    if ((c = look_up(z, OF_RECORD, r)) || (c = look_up(z, OF_ITEM, r))) return c;
    c = look_up(z, OF_MERCHANT, r);
    return c && !disputed(z, c) ? c : NULL;
}

static tael_status index_corrections(tael_categorizer *z)
{
    size_t slots = 64;
    while (slots < 8 * z->count) slots *= 2;
    tael__free(z->slots);
    z->slots = tael__alloc_array(slots, sizeof *z->slots);
    z->slot_count = z->slots ? slots : 0;
    if (!z->slots) return tael__fail_memory("categories", slots * sizeof *z->slots);
    for (size_t i = 0; i < z->count; i++) { /* the latest stays */
        const correction *c = &z->list[i];
        for (scope s = OF_ITEM; s <= OF_RECORD; s++) {
            if (c->only != (s == OF_RECORD)) continue;
            size_t at = slot_of(z, s, c->direction, c->merchant, c->item, c->record);
            z->slots[at] = (uint32_t)((i + 1) << 2) | (uint32_t)s;
        }
    }
    return TAEL_OK;
}

/* ---- Corrections in memory ---- */

static void free_correction(correction *c)
{
    tael__free(c->merchant);
    tael__free(c->item);
    tael__free(c->category);
    tael__free(c->type);
}

static tael_status keep(tael_categorizer *z, const tael_correction *from)
{
    if (z->count == z->capacity) {
        size_t capacity = z->capacity ? 2 * z->capacity : 32;
        correction *list = tael__realloc(z->list, capacity * sizeof *list);
        if (!list) return tael__fail_memory("categories", capacity * sizeof *list);
        z->list = list;
        z->capacity = capacity;
    }
    correction c = {.id = from->id,
                    .record = from->record,
                    .only = from->only,
                    .direction = from->direction,
                    .category_id = from->category_id,
                    .merchant = tael__strdup(from->merchant),
                    .item = tael__strdup(from->item),
                    .category = tael__strdup(from->category),
                    .type = tael__strdup(from->type)};
    if (!c.merchant || !c.item || !c.category || !c.type) {
        free_correction(&c);
        return tael__fail_memory("categories", 0);
    }
    z->list[z->count++] = c;
    return TAEL_OK;
}

static void drop(tael_categorizer *z, size_t at)
{
    free_correction(&z->list[at]);
    memmove(&z->list[at], &z->list[at + 1], (--z->count - at) * sizeof *z->list);
}

static tael_record record_of(const correction *c)
{
    return (tael_record){
        .direction = c->direction, .merchant = c->merchant, .item = c->item, .category = c->category, .type = c->type};
}

static tael_status relearn(tael_categorizer *z)
{
    tael__learned_free(&z->learned);
    for (size_t i = 0; i < REMEMBERED && z->asked; i++) z->texts[i].key = 0;
    z->asked = false;
    TAEL_TRY(index_corrections(z));
    for (int pass = 0; pass < PASSES; pass++)
        for (size_t i = z->count > LEARNED ? z->count - LEARNED : 0; i < z->count; i++) {
            tael_record r = record_of(&z->list[i]);
            int category = tael__category_index(z->list[i].category_id);
            if (category < 0) continue; /* a newer Tael's category */
            tael__features_make(&z->features, &r);
            TAEL_TRY(tael__learn(&z->learned, &z->features, category));
        }
    return TAEL_OK;
}

typedef struct loading {
    tael_categorizer *categorizer;
    tael_status status;
} loading;

static int load_one(const tael_correction *c, void *user)
{
    loading *l = user;
    l->status = keep(l->categorizer, c);
    return l->status != TAEL_OK;
}

tael_status tael_categorizer_open(tael_categorizer **out, tael_ledger *ledger)
{
    if (!out)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("categories: there is no place for the result", "分类：没有存放结果的位置"));
    *out = NULL;
    tael_categorizer *z = tael__alloc_zero(sizeof *z);
    if (!z) return tael__fail_memory("categories", sizeof *z);
    z->ledger = ledger;
    z->texts = tael__alloc_array(REMEMBERED, sizeof *z->texts);
    loading l = {.categorizer = z,
                 .status = z->texts ? TAEL_OK : tael__fail_memory("categories", REMEMBERED * sizeof *z->texts)};
    tael_status status = l.status == TAEL_OK && ledger ? tael_ledger_corrections(ledger, load_one, &l) : TAEL_OK;
    if (status == TAEL_OK) status = l.status;
    if (status == TAEL_OK) status = relearn(z);
    if (status == TAEL_OK)
        *out = z;
    else
        tael_categorizer_close(z);
    return status;
}

void tael_categorizer_close(tael_categorizer *z)
{
    if (!z) return;
    while (z->count > 0) drop(z, z->count - 1);
    tael__free(z->list);
    tael__free(z->slots);
    tael__free(z->texts);
    tael__learned_free(&z->learned);
    tael__free(z);
}

/* ---- Deciding ---- */

static void clear_features(tael_categorizer *z)
{
    z->features.count = 0;
    z->features.text_size = 0;
}

static const float *scores_of_text(tael_categorizer *z, const char *text, int field)
{
    uint64_t key = tael__text_key(text, field);
    remembered *r = &z->texts[key / 2 % REMEMBERED];
    if (r->key == key) return r->scores;
    z->asked = true;
    r->key = key;
    memset(r->scores, 0, sizeof r->scores);
    clear_features(z);
    tael__features_text(&z->features, text, field);
    tael__scores_add(r->scores, &z->features, &z->learned);
    return r->scores;
}

static int decide(tael_categorizer *z, const tael_record *record, float p[TAEL__CATEGORY_COUNT])
{
    float scores[TAEL__CATEGORY_COUNT] = {0};
    clear_features(z);
    tael__features_facts(&z->features, record);
    tael__scores_add(scores, &z->features, &z->learned);
    for (int field = TAEL__MERCHANT; field < TAEL__FIELDS; field++) {
        const char *text = tael__field_text(record, field);
        if (!text || !*text) continue;
        const float *of_text = scores_of_text(z, text, field);
        for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) scores[c] += of_text[c];
    }
    tael__scores_end(scores);
    tael__allow(scores, record);
    tael__probabilities(p, scores);
    return tael__best(p);
}

int32_t tael_categorizer_category(const tael_record *record, bool *by_owner, void *categorizer)
{
    tael_categorizer *z = categorizer;
    float p[TAEL__CATEGORY_COUNT];
    const correction *said = said_of(z, record);
    *by_owner = said != NULL;
    if (said) return said->category_id;
    return tael_categories(NULL)[decide(z, record, p)].id;
}

/* The loudest pieces that spoke for the category. A piece speaks in several fields: its loudest counts. */
static void find_reasons(const tael_categorizer *z, int category, tael_category_reason out[TAEL_CATEGORY_REASONS])
{
    const tael__features *f = &z->features;
    int top = tael__category_index(tael_category_top(tael_categories(NULL)[category].id));
    for (size_t i = 0; i < f->count; i++) {
        const tael__feature *feature = &f->list[i];
        tael_category_reason reason = {.weight = tael__weight(feature, category, top, &z->learned)};
        if (feature->length == 0 || feature->length >= sizeof reason.piece || reason.weight <= 0) continue;
        memcpy(reason.piece, f->text + feature->at, feature->length);
        for (int r = 0; r < TAEL_CATEGORY_REASONS; r++) {
            if (out[r].piece[0] && strcmp(out[r].piece, reason.piece) == 0 && out[r].weight >= reason.weight) break;
            if (reason.weight <= out[r].weight) continue;
            tael_category_reason weaker = out[r];
            out[r] = reason;
            if (strcmp(weaker.piece, reason.piece) == 0) break;
            reason = weaker;
        }
    }
}

tael_status tael_categorizer_predict(tael_categorizer *z, const tael_record *record,
                                     tael_category_prediction *prediction)
{
    float p[TAEL__CATEGORY_COUNT];
    if (!z || !record || !prediction)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("categories: a model, a record and a place for the result are needed",
                                                "分类：需要模型、记录和存放结果的位置"));
    *prediction = (tael_category_prediction){.confidence = 1, .top_confidence = 1};
    const correction *said = said_of(z, record);
    if (said) {
        prediction->category_id = said->category_id;
        prediction->correction = said->id;
        return TAEL_OK;
    }
    int best = decide(z, record, p);
    prediction->category_id = tael_categories(NULL)[best].id;
    prediction->confidence = p[best];
    prediction->top_confidence = p[tael__category_index(tael_category_top(prediction->category_id))];
    tael__features_make(&z->features, record);
    find_reasons(z, best, prediction->reasons);
    return TAEL_OK;
}

/* ---- Learning ---- */

tael_status tael_categorizer_learn(tael_categorizer *z, const tael_record *record, int32_t category_id, bool only)
{
    if (!z || !record || tael__category_index(category_id) < 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("categories: a model, a record and a category of the tree are needed",
                                                "分类：需要模型、记录和已有的分类"));
    tael_correction c = {.record = record->id,
                         .only = only,
                         .direction = direction_of(record),
                         .merchant = text_of(record->merchant),
                         .item = text_of(record->item),
                         .category = text_of(record->category),
                         .type = text_of(record->type),
                         .category_id = category_id};
    if (z->ledger)
        TAEL_TRY(tael_ledger_correct(z->ledger, &c, &c.id));
    else
        c.id = z->count > 0 ? z->list[z->count - 1].id + 1 : 1;
    for (size_t i = 0; i < z->count; i++) { /* as the ledger replaces */
        correction *old = &z->list[i];
        if (old->only == only && fits(old, only ? OF_RECORD : OF_ITEM, c.direction, c.merchant, c.item, c.record)) {
            drop(z, i);
            break;
        }
    }
    TAEL_TRY(keep(z, &c));
    return relearn(z);
}

tael_status tael_categorizer_forget(tael_categorizer *z, int64_t id)
{
    if (!z) return tael__fail(TAEL_MISUSE, TAEL_SAY("categories: a model is needed", "分类：需要模型"));
    if (z->ledger) TAEL_TRY(tael_ledger_forget_correction(z->ledger, id));
    for (size_t i = 0; i < z->count; i++)
        if (z->list[i].id == id) {
            drop(z, i);
            return relearn(z);
        }
    return tael__fail(TAEL_NOT_FOUND, TAEL_SAY("correction: there is none of this number", "更正：没有这个编号"));
}

static int apply_one(const tael_record *record, int32_t *category_id, bool *by_owner, void *user)
{
    *category_id = tael_categorizer_category(record, by_owner, user);
    return 0;
}

tael_status tael_categorizer_apply(tael_categorizer *z, bool fresh, uint64_t *changed)
{
    if (changed) *changed = 0;
    if (!z || !z->ledger)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("categories: a model with a ledger is needed", "分类：需要带账本的模型"));
    return tael_ledger_categorize(z->ledger, fresh, apply_one, z, changed);
}
