// SPDX-License-Identifier: Apache-2.0
// Bills from the page: read as they came, never written to the disk in the open; one import at a time.
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "ledger/service.h"
#include "serve/api.h"

typedef struct import_run {
    json_t *files;
    uint64_t imported, duplicates;
    size_t done;
    tael_status status; /* of the first that failed, */
    char sentence[TAEL__MAX_ERROR_BYTES];
} import_run;

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    (void)done;
    (void)total;
    return tael__errand_unwanted(user);
}

static void tell(const char *file, const tael_import_report *report, tael_status status, const char *error, void *user)
{
    import_run *i = user;
    if (!error) i->done++;
    if (error && i->status == TAEL_OK) {
        i->status = status;
        snprintf(i->sentence, sizeof i->sentence, "%s", error);
    }
    json_array_append_new(i->files, tael__bill_json(file, report, error));
}

static void import_bytes(import_run *i, tael__errand *e, tael_ledger *ledger, const tael_import_options *o)
{
    const char *file = tael__query_text(e, "name");
    tael_import_report report = {0};
    if (!file) file = TAEL_SAY("the bill", "账单");
    tael_status status =
        tael__ledger_import_bytes(ledger, file, e->bytes.data ? e->bytes.data : "", e->bytes.size, o, &report);
    i->imported = report.imported;
    i->duplicates = report.duplicates;
    tael__bills_tell(file, &report, status, tell, i);
    tael_import_report_free(&report);
}

/* The library's sentence names the command's option, which a page doesn't have. */
static void say_password(import_run *i, tael__errand *e)
{
    e->code = "password";
    snprintf(i->sentence, sizeof i->sentence, "%s",
             tael__query_text(e, "password")
                 ? TAEL_SAY("this isn't the password of the file; look into the message that came with it",
                            "密码不正确；请查看随文件收到的消息")
                 : TAEL_SAY("the file is protected; give the password that Alipay or WeChat Pay sent as a message",
                            "文件已加密；请输入支付宝或微信以消息发送的密码"));
}

/* Something went in: the document, with an error beside it. Nothing: the error alone. */
static tael_status conclude(import_run *i, tael__errand *e, json_t **reply)
{
    if (i->status == TAEL_BAD_KEY) say_password(i, e);
    if (i->status != TAEL_OK && i->done == 0) {
        tael__error_set(i->sentence);
        return i->status;
    }
    *reply = json_pack("{s:O,s:I,s:I}", "files", i->files, "imported", (json_int_t)i->imported, "duplicates",
                       (json_int_t)i->duplicates);
    if (i->status != TAEL_OK)
        json_object_set_new(*reply, "error",
                            json_pack("{s:s,s:o}", "code", e->code ? e->code : tael_status_name(i->status), "message",
                                      tael__json_text(i->sentence)));
    return TAEL_OK;
}

tael_status tael__api_import(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    tael_categorizer *categorizer;
    import_run i = {.files = json_array()};
    bool dry_run = tael__query_flag(e, "dry_run");
    tael_status status = tael_categorizer_open(&categorizer, ledger);
    if (status == TAEL_OK) {
        tael_import_options o = {.size = sizeof o,
                                 .format = tael__query_text(e, "as"),
                                 .dry_run = dry_run,
                                 .progress = on_progress,
                                 .user = e,
                                 .password = tael__query_text(e, "password"),
                                 .mapping = tael__query_text(e, "map"),
                                 .categorize = tael_categorizer_category,
                                 .categorize_user = categorizer,
                                 .sample = tael__query_flag(e, "sample")};
        import_bytes(&i, e, ledger, &o);
        if (i.done > 0 && !dry_run) /* rows that an earlier version left without */
            status = tael_categorizer_apply(categorizer, true, NULL);
        tael_categorizer_close(categorizer);
    }
    if (status == TAEL_OK) status = conclude(&i, e, reply);
    json_decref(i.files);
    return status;
}

/* ---- Past imports ---- */

static int on_import(const tael__past_import *p, void *user)
{
    char time[40];
    tael__format_time(time, sizeof time, p->time_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    return json_array_append_new(user,
                                 json_pack("{s:I,s:s,s:o,s:I,s:I,s:I,s:b}", "id", (json_int_t)p->id, "time", time,
                                           "format", tael__json_text(p->format), "rows", (json_int_t)p->rows, "added",
                                           (json_int_t)p->added, "left", (json_int_t)p->left, "sample", p->sample));
}

tael_status tael__api_imports(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    json_t *list = json_array();
    (void)e;
    tael_status status = tael__ledger_imports(ledger, on_import, list);
    if (status == TAEL_OK) *reply = json_pack("{s:O}", "imports", list);
    json_decref(list);
    return status;
}

tael_status tael__api_import_undo(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    char *end;
    uint64_t gone = 0;
    long long id = strtoll(e->tail, &end, 10);
    if (*end || id <= 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("the address: give the number of an import", "地址：应为导入记录的编号"));
    TAEL_TRY(tael__ledger_undo_import(ledger, id, &gone));
    *reply = json_pack("{s:I}", "erased", (json_int_t)gone);
    return TAEL_OK;
}
