// SPDX-License-Identifier: Apache-2.0
// What was learned, and what is to be left out of it; what a record is.
#include <inttypes.h>
#include <string.h>

#include "document/habits.h"
#include "serve/api.h"

tael_status tael__api_habits(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    char today[16];
    TAEL_TRY(tael__query_today(e, today));
    return tael__habits_json(ledger, today, reply);
}

static tael_status read_category(const char *name, int32_t *id)
{
    *id = tael_category_find(name);
    if (*id) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("category: there is none of this name or key", "category：没有此名称或键名的分类"));
}

tael_status tael__api_forget(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *merchant = NULL, *category = NULL;
    bool undo = false;
    int32_t id = 0;
    TAEL_TRY(tael__body_text(e, "merchant", false, &merchant));
    TAEL_TRY(tael__body_text(e, "category", false, &category));
    TAEL_TRY(tael__body_flag(e, "undo", false, &undo));
    if (!merchant == !category)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("merchant, category: give one of the two", "merchant、category：请给出其中之一"));
    if (category) TAEL_TRY(read_category(category, &id));
    TAEL_TRY(tael_ledger_leave_out(ledger, merchant, id, !undo));
    *reply = json_pack("{s:s,s:o,s:b}", "kind", merchant ? "merchant" : "category", "name",
                       merchant ? tael__json_text(merchant) : tael__json_category(id), "left_out", !undo);
    return TAEL_OK;
}

/* ---- Categories ---- */

tael_status tael__api_categories(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    (void)e;
    return tael__categories_json(ledger, reply);
}

typedef struct lesson {
    tael_categorizer *categorizer;
    int32_t category_id;
    bool only;
    tael_status status;
} lesson;

static int on_record(const tael_record *record, void *user)
{
    lesson *l = user;
    l->status = tael_categorizer_learn(l->categorizer, record, l->category_id, l->only);
    return 0;
}

tael_status tael__api_categorize(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *category = NULL;
    int64_t id = 0;
    uint64_t changed = 0;
    lesson l = {.only = false};
    TAEL_TRY(tael__body_integer(e, "record", true, &id));
    TAEL_TRY(tael__body_text(e, "category", true, &category));
    TAEL_TRY(tael__body_flag(e, "only", false, &l.only));
    TAEL_TRY(read_category(category, &l.category_id));
    TAEL_TRY(tael_categorizer_open(&l.categorizer, ledger));
    tael_status status = tael_ledger_record(ledger, id, on_record, &l);
    if (status == TAEL_OK) status = l.status;
    if (status == TAEL_OK) status = tael_categorizer_apply(l.categorizer, false, &changed);
    tael_categorizer_close(l.categorizer);
    if (status == TAEL_OK) *reply = json_pack("{s:I}", "changed", (json_int_t)changed);
    return status;
}
