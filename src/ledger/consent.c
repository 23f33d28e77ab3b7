// SPDX-License-Identifier: Apache-2.0
// What the owner allows. A kind that was never decided has its default: on for what stays on the device, off for what
// leaves it. Whoever can't find out (an unknown kind, a store that can't be read) gets no.
#include <string.h>

#include "base/date.h"
#include "ledger/internal.h"

#define READING TAEL_SAY("reading the consents", "读取授权")

typedef struct kind {
    const char *name;
    bool leaves_device;
    const char *en, *zh;
} kind;

static const kind kinds[] = {
#define CONSENT(name, leaves, en, zh) {name, leaves, en, zh},
#include "ledger/consents.inc"
#undef CONSENT
};

#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static tael_status find_kind(const kind **out, const char *name)
{
    tael__buffer list = {.max = 1024};
    for (size_t i = 0; name && i < KIND_COUNT; i++) {
        *out = &kinds[i];
        if (strcmp(kinds[i].name, name) == 0) return TAEL_OK;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) tael__buffer_format(&list, "%s%s", i ? ", " : "", kinds[i].name);
    tael_status status =
        tael__fail(TAEL_NOT_FOUND, TAEL_SAY("%s: no consent of that kind; there are %s", "%s：没有这种授权；可用 %s"),
                   name ? name : "", list.data ? list.data : "");
    tael__buffer_free(&list);
    return status;
}

static tael_status read_one(tael_ledger *ledger, const kind *k, tael_consent *out)
{
    sqlite3_stmt *s;
    bool row = false;
    *out = (tael_consent){.kind = k->name, .what = TAEL_SAY(k->en, k->zh), .leaves_device = k->leaves_device};
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT allowed,changed_ms FROM consents WHERE kind=?1", READING));
    sqlite3_bind_text(s, 1, k->name, -1, SQLITE_STATIC);
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    if (status == TAEL_OK) out->allowed = row ? sqlite3_column_int(s, 0) == 1 : !k->leaves_device;
    if (row) out->changed_ms = sqlite3_column_int64(s, 1);
    sqlite3_finalize(s);
    return status;
}

tael_status tael_consent_get(tael_ledger *ledger, const char *name, bool *allowed)
{
    const kind *k;
    tael_consent consent;
    if (allowed) *allowed = false;
    if (!ledger || !allowed)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("consent: a ledger and a place are needed", "授权：需要账本和存放位置"));
    TAEL_TRY(find_kind(&k, name));
    TAEL_TRY(read_one(ledger, k, &consent));
    *allowed = consent.allowed;
    return TAEL_OK;
}

static tael_status write_one(tael_ledger *ledger, const char *name, bool allowed)
{
    sqlite3_stmt *s;
    const char *doing = TAEL_SAY("writing", "写入");
    TAEL_TRY(tael__sql_prepare(ledger, &s, "INSERT OR REPLACE INTO consents(kind,allowed,changed_ms) VALUES(?1,?2,?3)",
                               doing));
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, allowed);
    sqlite3_bind_int64(s, 3, tael__clock_wall_ms());
    tael_status status = tael__sql_run(ledger, s, doing);
    sqlite3_finalize(s);
    return status;
}

tael_status tael_consent_set(tael_ledger *ledger, const char *name, bool allowed)
{
    const kind *k;
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("consent: a ledger is needed", "授权：需要账本"));
    TAEL_TRY(find_kind(&k, name));
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, write_one(ledger, k->name, allowed));
}

tael_status tael_consent_list(tael_ledger *ledger, tael_consent_fn *each, void *user)
{
    tael_consent consent;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("consent: a ledger and a function are needed", "授权：需要账本和回调函数"));
    for (size_t i = 0; i < KIND_COUNT; i++) {
        TAEL_TRY(read_one(ledger, &kinds[i], &consent));
        if (each(&consent, user) != 0) break;
    }
    return TAEL_OK;
}
