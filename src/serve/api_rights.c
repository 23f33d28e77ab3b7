// SPDX-License-Identifier: Apache-2.0
// The owner's rights: what the ledger may be used for, everything out, really gone.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "assistant/prefix.h"
#include "base/date.h"
#include "base/file.h"
#include "ledger/service.h"
#include "serve/api.h"

#define EXPORT_MOST ((size_t)1 << 30)

tael_status tael__api_consents(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    (void)e;
    return tael__consents_json(ledger, reply);
}

tael_status tael__api_consent(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *kind = NULL;
    bool allowed = false;
    TAEL_TRY(tael__body_text(e, "kind", true, &kind));
    TAEL_TRY(tael__body_flag(e, "allowed", true, &allowed));
    TAEL_TRY(tael_consent_set(ledger, kind, allowed));
    return tael__consents_json(ledger, reply);
}

/* ---- What left the device ---- */

#define LINES_MOST 200

typedef struct listing {
    json_t *lines;
    uint64_t count, limit;
} listing;

static int on_line(const tael_disclosure *d, void *user)
{
    listing *l = user;
    return ++l->count <= l->limit && json_array_append_new(l->lines, tael__disclosure_json(d)) != 0;
}

tael_status tael__api_disclosures(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    listing l = {.limit = LINES_MOST};
    TAEL_TRY(tael__query_number(e, "limit", LINES_MOST, &l.limit));
    l.lines = json_array();
    tael_status status = tael_ledger_disclosures(ledger, on_line, &l);
    if (status == TAEL_OK) *reply = json_pack("{s:O,s:I}", "disclosures", l.lines, "total", (json_int_t)l.count);
    json_decref(l.lines);
    return status;
}

/* ---- Export ---- */

/* In memory where the system has a place for that, so that no disk keeps what the ledger encrypts. */
static tael_status make_folder(char *folder, size_t cap, const char *home)
{
    if (access("/dev/shm", W_OK) == 0)
        snprintf(folder, cap, "/dev/shm/tael.XXXXXX");
    else
        TAEL_TRY(tael__path_join(folder, cap, home, "export.XXXXXX"));
    if (mkdtemp(folder)) return TAEL_OK; /* mode 0700 */
    return tael__fail_errno(TAEL_SAY("exporting", "导出"), folder, errno);
}

tael_status tael__api_export(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    char folder[TAEL__MAX_PATH_BYTES], path[TAEL__MAX_PATH_BYTES], *zip = NULL;
    uint64_t records;
    size_t bytes = 0;
    tael__date today = tael__date_today();
    (void)reply;
    TAEL_TRY(make_folder(folder, sizeof folder, tael__desk_home(e->desk)));
    tael_status status = tael__path_join(path, sizeof path, folder, "export.zip");
    if (status == TAEL_OK) status = tael_ledger_export(ledger, path, &records);
    if (status == TAEL_OK) status = tael__file_read(&zip, &bytes, path, EXPORT_MOST);
    unlink(path);
    rmdir(folder);
    if (status != TAEL_OK) return status;
    e->out.max = EXPORT_MOST;
    status = tael__buffer_append(&e->out, zip, bytes);
    tael__free(zip);
    e->type = "application/zip";
    snprintf(e->file_name, sizeof e->file_name, "tael-export-%04d-%02d-%02d.zip", today.year, today.month, today.day);
    return status;
}

/* ---- Erasing ---- */

tael_status tael__api_erase(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *source = NULL, *before = NULL;
    bool all = false, sample = false, yes = false;
    uint64_t erased = 0;
    TAEL_TRY(tael__body_text(e, "source", false, &source));
    TAEL_TRY(tael__body_text(e, "before", false, &before));
    TAEL_TRY(tael__body_flag(e, "all", false, &all));
    TAEL_TRY(tael__body_flag(e, "sample", false, &sample));
    TAEL_TRY(tael__body_flag(e, "yes", false, &yes));
    if ((source != NULL) + (before != NULL) + all + sample != 1)
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("erase: say what; give one of source, before, sample, all",
                                                   "删除：请指明范围；给出 source、before、sample、all 之一"));
    if (!yes)
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("erase: this can't be undone; add \"yes\": true to do it",
                                                   "删除：删除后无法恢复；确定请加 \"yes\": true"));
    TAEL_TRY(sample ? tael__ledger_undo_samples(ledger, &erased) : tael_ledger_erase(ledger, source, before, &erased));
    TAEL_TRY(tael__ask_prefixes_remove(tael__desk_home(e->desk)));
    *reply = json_pack("{s:I}", "erased", (json_int_t)erased);
    return TAEL_OK;
}
