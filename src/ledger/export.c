// SPDX-License-Identifier: Apache-2.0
// Everything out, in open formats: records.csv, records.json, about.json. They are written into a folder beside, which
// takes its name only when it is whole.
//
// A spreadsheet runs a cell that starts with = + - @ as a formula, and merchants choose their own names; in the CSV
// such a cell gets an apostrophe before it (OWASP, CSV injection), and so that this can be undone, one that starts with
// an apostrophe too. The JSON holds the text as it is.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/file.h"
#include "ledger/learned.h"
#include "ledger/restore.h"

#define EXPORTING TAEL_SAY("exporting", "导出")
#define CHUNK     ((size_t)1 << 20) /* written at once */

/* A line of the disclosure log in JSON: a reply's bytes, each of which may take six. */
#define DISCLOSURE_MOST (8 * TAEL__MAX_JSON_BYTES)

typedef struct sheet { /* a file that is being written */
    char path[TAEL__MAX_PATH_BYTES];
    int fd;
    tael__buffer text;
    tael_status status;
} sheet;

static void flush(sheet *s)
{
    if (s->status == TAEL_OK) s->status = s->text.failed;
    for (size_t at = 0; s->status == TAEL_OK && at < s->text.size;) {
        ssize_t n = write(s->fd, s->text.data + at, s->text.size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            s->status = tael__fail_errno(EXPORTING, s->path, n < 0 ? errno : ENOSPC);
        else
            at += (size_t)n;
    }
    tael__buffer_clear(&s->text);
}

static tael_status begin_sheet(sheet *s, const char *folder, const char *name)
{
    *s = (sheet){.fd = -1, .text = {.max = 2 * CHUNK}};
    TAEL_TRY(tael__path_join(s->path, sizeof s->path, folder, name));
    s->fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return s->fd < 0 ? tael__fail_errno(EXPORTING, s->path, errno) : TAEL_OK;
}

static tael_status end_sheet(sheet *s)
{
    if (s->fd >= 0) {
        flush(s);
        if (s->status == TAEL_OK && fsync(s->fd) != 0) s->status = tael__fail_errno(EXPORTING, s->path, errno);
        close(s->fd);
    }
    tael__buffer_free(&s->text);
    return s->status;
}

static void csv_text(tael__buffer *b, const char *text)
{
    tael__buffer_append(b, "\"", 1);
    if (*text && strchr("=+-@'", *text)) tael__buffer_append(b, "'", 1);
    for (; *text; text++) tael__buffer_append(b, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    tael__buffer_append(b, "\"", 1);
}

static void json_text(tael__buffer *b, const char *text)
{
    tael__buffer_append(b, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') tael__buffer_append(b, "\\", 1);
        if ((unsigned char)*text < 0x20)
            tael__buffer_format(b, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            tael__buffer_append(b, text, 1);
    }
    tael__buffer_append(b, "\"", 1);
}

typedef struct exporter {
    sheet csv, json;
    uint64_t count, count_corrections;
} exporter;

static const char *direction_name(tael_direction d)
{
    return d == TAEL_EXPENSE ? "expense" : d == TAEL_INCOME ? "income" : "neutral";
}

/* Beside what a record shows: what the store needs to be the same again (restore.c). */
#define EXTRA_NUMBERS "time_ms,offset_minutes,kind,stated_minor,exported_ms,said_direction"
#define EXTRA_TEXTS   "merchant_order,account,key"

static void export_record(exporter *e, sqlite3_stmt *s)
{
    static const char *const names[] = {"currency", "merchant", "item",        "category", "type", "method",
                                        "status",   "source",   "external_id", "note",     "brand"};
    static const char *const extra[] = {"merchant_order", "account", "key"};
    enum { NUMBERS_AT = 23, TEXTS_AT = 29 }; /* behind TAEL__RECORD_COLUMNS */
    tael_record row, *r = &row;
    tael__record_read(r, s);
    const char *const texts[] = {r->currency, r->merchant, r->item,        r->category, r->type, r->method,
                                 r->status,   r->source,   r->external_id, r->note,     r->brand};
    char time[40];
    tael__format_time(time, sizeof time, r->time_ms, r->offset_minutes);
    tael__buffer *c = &e->csv.text, *j = &e->json.text;
    tael__buffer_format(c, "%lld,%s,%s,%lld,%lld,%lld,%lld,%d,%d,%d,%d", (long long)r->id, time,
                        direction_name(r->direction), (long long)r->minor, (long long)r->refunded_minor,
                        (long long)r->refund_of, (long long)r->same_as, r->refund, r->counted, (int)r->category_id,
                        (int)r->category_by);
    tael__buffer_format(
        j,
        "%s{\"id\":%lld,\"time\":\"%s\",\"direction\":\"%s\",\"minor\":%lld,\"refunded_minor\":%lld,"
        "\"refund_of\":%lld,\"same_as\":%lld,\"refund\":%s,\"counted\":%s,\"category_id\":%d,\"category_by\":%d",
        e->count ? ",\n" : "", (long long)r->id, time, direction_name(r->direction), (long long)r->minor,
        (long long)r->refunded_minor, (long long)r->refund_of, (long long)r->same_as, r->refund ? "true" : "false",
        r->counted ? "true" : "false", (int)r->category_id, (int)r->category_by);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tael__buffer_text(c, ",");
        csv_text(c, texts[i]);
        tael__buffer_format(j, ",\"%s\":", names[i]);
        json_text(j, texts[i]);
    }
    for (int i = NUMBERS_AT; i < TEXTS_AT; i++) tael__buffer_format(c, ",%lld", (long long)sqlite3_column_int64(s, i));
    for (int i = 0; i < 3; i++) {
        tael__buffer_text(c, ",");
        csv_text(c, tael__sql_text(s, TEXTS_AT + i));
        tael__buffer_format(j, ",\"%s\":", extra[i]);
        json_text(j, tael__sql_text(s, TEXTS_AT + i));
    }
    tael__buffer_text(c, "\r\n");
    tael__buffer_text(j, "}");
    e->count++;
    if (c->size > CHUNK || c->failed != TAEL_OK) flush(&e->csv);
    if (j->size > CHUNK || j->failed != TAEL_OK) flush(&e->json);
}

/* Oldest number first: rows of one second come back in the order that they had. */
static tael_status write_rows(tael_ledger *ledger, exporter *e)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT " TAEL__RECORD_COLUMNS "," EXTRA_NUMBERS
                               ",merchant_order,account,lower(hex(key)) FROM records ORDER BY id",
                               EXPORTING));
    tael_status status = tael__sql_step(ledger, s, &row, EXPORTING);
    while (status == TAEL_OK && row && e->csv.status == TAEL_OK && e->json.status == TAEL_OK) {
        export_record(e, s);
        status = tael__sql_step(ledger, s, &row, EXPORTING);
    }
    sqlite3_finalize(s);
    return status;
}

static int export_correction(const tael_correction *c, void *user)
{
    exporter *e = user;
    tael__buffer *j = &e->json.text;
    char time[40];
    tael__format_time(time, sizeof time, c->time_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    tael__buffer_format(
        j, "%s{\"time\":\"%s\",\"record\":%lld,\"only\":%s,\"direction\":\"%s\",\"category_id\":%d,\"merchant\":",
        e->count_corrections++ ? ",\n" : "", time, (long long)c->record, c->only ? "true" : "false",
        direction_name(c->direction), (int)c->category_id);
    json_text(j, c->merchant);
    tael__buffer_text(j, ",\"item\":");
    json_text(j, c->item);
    tael__buffer_text(j, "}");
    if (j->size > CHUNK || j->failed != TAEL_OK) flush(&e->json);
    return e->json.status != TAEL_OK;
}

static tael_status write_records(tael_ledger *ledger, const char *folder, uint64_t *count)
{
    exporter e = {.csv = {.fd = -1}, .json = {.fd = -1}};
    tael_status status = begin_sheet(&e.csv, folder, "records.csv"), closed;
    if (status == TAEL_OK) status = begin_sheet(&e.json, folder, "records.json");
    if (status == TAEL_OK) {
        tael__buffer_text(&e.csv.text, TAEL__EXPORT_HEAD
                          ",refunded_minor,refund_of,same_as,refund,counted,category_id,category_by,currency,"
                          "merchant,item,category,type,method,status,source,external_id,note,brand," EXTRA_NUMBERS
                          "," EXTRA_TEXTS "\r\n");
        tael__buffer_text(&e.json.text, "{\"records\":[\n");
        status = write_rows(ledger, &e);
        tael__buffer_text(&e.json.text, "\n],\"corrections\":[\n");
        if (status == TAEL_OK) status = tael_ledger_corrections(ledger, export_correction, &e);
        tael__buffer_text(&e.json.text, "\n]}\n");
    }
    closed = end_sheet(&e.csv);
    if (status == TAEL_OK) status = closed;
    closed = end_sheet(&e.json);
    if (status == TAEL_OK) status = closed;
    *count = e.count;
    return status;
}

static int export_consent(const tael_consent *c, void *user)
{
    tael__buffer *b = user;
    if (c->changed_ms) tael__buffer_format(b, "%s,%d,%lld\r\n", c->kind, c->allowed, (long long)c->changed_ms);
    return 0;
}

static tael_status write_consents(tael_ledger *ledger, const char *folder)
{
    sheet s;
    TAEL_TRY(begin_sheet(&s, folder, "consents.csv"));
    tael__buffer_text(&s.text, TAEL__CONSENTS_HEAD "\r\n");
    tael_status status = tael_consent_list(ledger, export_consent, &s.text), closed = end_sheet(&s);
    return status == TAEL_OK ? closed : status;
}

static void learned_row(tael__buffer *b, const tael__learned *table, sqlite3_stmt *s)
{
    for (int i = 0; table->shape[i]; i++) {
        if (i > 0) tael__buffer_text(b, ",");
        if (table->shape[i] == 't')
            csv_text(b, tael__sql_text(s, i));
        else
            tael__buffer_text(b, tael__sql_text(s, i));
    }
    tael__buffer_text(b, "\r\n");
}

static tael_status write_learned(tael_ledger *ledger, const char *folder, const tael__learned *table)
{
    sheet file;
    sqlite3_stmt *s = NULL;
    bool row = false;
    TAEL_TRY(begin_sheet(&file, folder, table->file));
    tael__buffer_text(&file.text, table->head);
    tael__buffer_text(&file.text, "\r\n");
    tael_status status = tael__sql_prepare(ledger, &s, table->read, EXPORTING);
    if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, EXPORTING);
    while (status == TAEL_OK && row && file.status == TAEL_OK) {
        learned_row(&file.text, table, s);
        if (file.text.size > CHUNK) flush(&file);
        status = tael__sql_step(ledger, s, &row, EXPORTING);
    }
    sqlite3_finalize(s);
    tael_status closed = end_sheet(&file);
    return status == TAEL_OK ? closed : status;
}

static int export_disclosure(const tael_disclosure *d, void *user)
{
    exporter *e = user;
    char time[40];
    tael__buffer *j = &e->json.text;
    const char *const names[] = {"recipient", "purpose", "consent", "sha256", "previous", "hash", "sent"};
    const char *const texts[] = {d->recipient, d->purpose, d->consent, d->sha256, d->previous, d->hash, d->sent};
    tael__format_time(time, sizeof time, d->time_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    tael__buffer_format(j, "%s{\"time\":\"%s\",\"bytes\":%llu", e->count++ ? ",\n" : "", time,
                        (unsigned long long)d->bytes);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tael__buffer_format(j, ",\"%s\":", names[i]);
        json_text(j, texts[i]);
    }
    tael__buffer_text(j, "}");
    if (j->size > CHUNK || j->failed != TAEL_OK) flush(&e->json);
    return e->json.status != TAEL_OK;
}

static tael_status write_disclosures(tael_ledger *ledger, const char *folder)
{
    exporter e = {.json = {.fd = -1}};
    TAEL_TRY(begin_sheet(&e.json, folder, "disclosures.json"));
    e.json.text.max = DISCLOSURE_MOST;
    tael__buffer_text(&e.json.text, "{\"disclosures\":[\n");
    tael_status status = tael_ledger_disclosures(ledger, export_disclosure, &e);
    tael__buffer_text(&e.json.text, "\n]}\n");
    tael_status closed = end_sheet(&e.json);
    return status == TAEL_OK ? closed : status;
}

static tael_status write_about(tael_ledger *ledger, const char *folder, uint64_t count)
{
    sheet s;
    char time[40];
    tael_ledger_summary summary;
    TAEL_TRY(tael_ledger_summarize(ledger, &summary));
    TAEL_TRY(begin_sheet(&s, folder, "about.json"));
    tael__format_time(time, sizeof time, tael__clock_wall_ms(), TAEL__SHANGHAI_OFFSET_MINUTES);
    tael__buffer_format(
        &s.text,
        "{\"program\":\"tael\",\"version\":\"%s\",\"exported\":\"%s\",\"records\":%llu,\"first_day\":\"%s\",\"last_"
        "day\":\"%s\",\n"
        "\"minor\":\"amounts are integers in the currency's minor unit (fen for CNY)\",\n"
        "\"refund_of\":\"the id of the purchase that the row gives back, or 0\",\n"
        "\"counted\":\"part of sums: not an order never paid, not a refund joined to its purchase, not what another "
        "bill shows as "
        "well\",\n"
        "\"same_as\":\"the id of the counted record that shows the same payment, or 0\",\n"
        "\"brand\":\"the merchant without branch, company form and channel, or as the owner named it\",\n"
        "\"category_id\":\"of Tael's tree of categories (tael categories --json), or 0; category_by: 1 the model, 2 "
        "the owner\",\n"
        "\"csv\":\"a cell that starts with = + - @ or an apostrophe has an apostrophe before it, so that no "
        "spreadsheet runs it\"}\n",
        tael_version(), time, (unsigned long long)count, summary.first_day, summary.last_day);
    return end_sheet(&s);
}

static const char *const files[] = {"records.csv",     "names.csv",        "decisions.csv", "corrections.csv",
                                    "mappings.csv",    "left_out.csv",     "consents.csv",  "records.json",
                                    "disclosures.csv", "disclosures.json", "about.json"};
#define FILE_COUNT (sizeof files / sizeof *files)

static void remove_half(const char *folder)
{
    char path[TAEL__MAX_PATH_BYTES];
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (tael__path_join(path, sizeof path, folder, files[i]) == TAEL_OK) unlink(path);
    rmdir(folder);
}

/* One transaction, so that the two files show the same moment. */
static tael_status write_all(tael_ledger *ledger, const char *folder, uint64_t *count)
{
    TAEL_TRY(tael__sql_exec(ledger, "BEGIN", EXPORTING));
    tael_status status = write_records(ledger, folder, count);
    for (size_t i = 0; status == TAEL_OK && tael__learned_at(i); i++)
        status = write_learned(ledger, folder, tael__learned_at(i));
    if (status == TAEL_OK) status = write_consents(ledger, folder);
    if (status == TAEL_OK) status = write_disclosures(ledger, folder);
    if (status == TAEL_OK) status = write_about(ledger, folder, *count);
    return tael__sql_end(ledger, status);
}

static tael_status take_name(const char *folder, const char *path)
{
    if (rename(folder, path) == 0) return TAEL_OK; /* an empty folder of that name is replaced */
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return tael__fail_errno(EXPORTING, path, errno);
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("%s: something is there already; choose another place or remove it", "%s：已存在；请另选位置或先删除"),
        path);
}

tael_status tael_ledger_export(tael_ledger *ledger, const char *path, uint64_t *records)
{
    char folder[TAEL__MAX_PATH_BYTES], sentence[TAEL__MAX_ERROR_BYTES];
    uint64_t count = 0;
    if (records) *records = 0;
    if (!ledger || !path || !*path)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("export: a ledger and a folder are needed", "导出：需要账本和文件夹"));
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    if (snprintf(folder, sizeof folder, "%.*s.XXXXXX", (int)n, path) >= (int)sizeof folder)
        return tael__fail(
            TAEL_LIMIT, TAEL_SAY("%s: the path is too long; choose a shorter one", "%s：路径太长；请换短一些的"), path);
    if (!mkdtemp(folder)) return tael__fail_errno(EXPORTING, path, errno); /* mode 0700 */
    tael_status status = write_all(ledger, folder, &count);
    if (status == TAEL_OK) status = tael__folder_sync(folder);
    bool zip = n > 4 && strcmp(path + n - 4, ".zip") == 0;
    if (status == TAEL_OK) status = zip ? tael__export_zip(folder, files, FILE_COUNT, path) : take_name(folder, path);
    if (status == TAEL_OK && zip) remove_half(folder);
    if (status != TAEL_OK) {
        snprintf(sentence, sizeof sentence, "%s", tael_error());
        remove_half(folder);
        tael__error_set(sentence);
        return status;
    }
    if (records) *records = count;
    return TAEL_OK;
}
