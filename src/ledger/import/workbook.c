// SPDX-License-Identifier: Apache-2.0
// The way through a workbook's parts: _rels/.rels names the workbook, its own relations name sheets, strings and
// styles, and the workbook says in which order the sheets stand. Programs choose the parts' names as they like, hence
// no path is taken for granted but the first.
#include "ledger/import/workbook.h"

#include <stdio.h>
#include <string.h>

#include "ledger/import/sheet.h"

#define PATH_BYTES     512 /* of a part; real ones have about 30 */
#define RELATION_BYTES 64  /* of a relation's id; "rId12" is usual */

typedef struct relation {
    char id[RELATION_BYTES];
    char path[PATH_BYTES];
} relation;

typedef struct reading {
    tael__archive *archive;
    tael__book book;
    char main[PATH_BYTES]; /* path of the workbook's own part */
    char strings[PATH_BYTES], styles[PATH_BYTES];
    relation *sheets; /* owned: by relation, room for TAEL__MAX_SHEETS */
    size_t sheet_count;
    uint32_t place;                                             /* sheets that the workbook named so far */
    uint32_t order[TAEL__MAX_SHEETS], number[TAEL__MAX_SHEETS]; /* which of `sheets` comes when, and its place */
    size_t order_count;
    size_t csv_bytes; /* of all sheets so far */
    tael__workbook *out;
} reading;

/* ---- Parts ---- */

static tael_status put_block(const char *data, size_t bytes, void *user)
{
    return tael__xml_put(user, data, bytes);
}

/* `part` in sentences; `path` isn't said: a file may call it anything. */
static tael_status read_member(reading *r, uint64_t member, const char *part, const tael__xml_reader *reader,
                               void *user)
{
    tael__xml xml;
    TAEL_TRY(tael__xml_open(&xml, reader, user, r->archive->file, part));
    tael_status status = tael__archive_stream(r->archive, member, put_block, &xml);
    if (status == TAEL_OK) status = tael__xml_put(&xml, "", 0);
    tael__xml_close(&xml);
    return status;
}

static tael_status read_part(reading *r, const char *path, const char *part, const tael__xml_reader *reader, void *user)
{
    uint64_t member;
    if (!tael__archive_find(r->archive, path, &member)) return tael__fail_part(r->archive->file, part);
    return read_member(r, member, part, reader, user);
}

/* `target` as seen from the part `from`: "worksheets/sheet1.xml", "../x.xml" or "/xl/x.xml". False: it doesn't fit. */
static bool resolve(char path[PATH_BYTES], const char *from, const char *target)
{
    const char *slash = strrchr(from, '/');
    size_t n = slash && *target != '/' ? (size_t)(slash - from) + 1 : 0;
    memcpy(path, from, n); /* paths here are all shorter than PATH_BYTES */
    while (*target) {
        size_t step = strcspn(target, "/");
        if (step == 2 && memcmp(target, "..", 2) == 0) { /* up one folder */
            while (n > 0 && path[n - 1] == '/') n--;
            while (n > 0 && path[n - 1] != '/') n--;
        } else if (step > 0 && !(step == 1 && *target == '.')) {
            bool folder = target[step] == '/';
            if (n + step + folder >= PATH_BYTES) return false;
            memcpy(path + n, target, step);
            n += step;
            if (folder) path[n++] = '/';
        }
        target += step;
        while (*target == '/') target++;
    }
    path[n] = '\0';
    return true;
}

/* ---- Relations ---- */

/* The last word of a relation's type: both ECMA's and ISO's addresses end in it. */
static const char *kind_of(const char *type)
{
    const char *slash = strrchr(type, '/');
    return slash ? slash + 1 : type;
}

static tael_status add_relation(reading *r, const char *from, const char *const *attributes)
{
    const char *id = tael__xml_attribute(attributes, "Id"), *type = tael__xml_attribute(attributes, "Type");
    const char *target = tael__xml_attribute(attributes, "Target"),
               *mode = tael__xml_attribute(attributes, "TargetMode");
    if (!id || !type || !target || (mode && tael__xml_is(mode, "External"))) return TAEL_OK;
    const char *kind = kind_of(type);
    char path[PATH_BYTES], *to = NULL;
    if (!*from && tael__xml_is(kind, "officeDocument")) to = r->main;
    if (*from && tael__xml_is(kind, "sharedStrings")) to = r->strings;
    if (*from && tael__xml_is(kind, "styles")) to = r->styles;
    bool sheet = *from && tael__xml_is(kind, "worksheet");
    if (!to && !sheet) return TAEL_OK;
    if (!resolve(path, from, target)) return tael__fail_part(r->archive->file, "relations");
    if (to) {
        memcpy(to, path, sizeof path);
        return TAEL_OK;
    }
    if (r->sheet_count == TAEL__MAX_SHEETS) return tael__book_fail_many(r->archive->file);
    if (strlen(id) >= RELATION_BYTES) return tael__fail_part(r->archive->file, "relations");
    relation *at = &r->sheets[r->sheet_count++];
    memcpy(at->id, id, strlen(id) + 1);
    memcpy(at->path, path, sizeof path);
    return TAEL_OK;
}

/* The zip's own relations, and those of the workbook: they differ in where their paths start. */
static tael_status first_begin(void *user, const char *element, const char *const *attributes)
{
    return tael__xml_is(element, "Relationship") ? add_relation(user, "", attributes) : TAEL_OK;
}

static tael_status main_begin(void *user, const char *element, const char *const *attributes)
{
    reading *r = user;
    return tael__xml_is(element, "Relationship") ? add_relation(r, r->main, attributes) : TAEL_OK;
}

static tael_status nothing(void *user, const char *element)
{
    (void)user;
    (void)element;
    return TAEL_OK;
}

static tael_status read_relations(reading *r)
{
    static const tael__xml_reader first = {first_begin, nothing, NULL}, second = {main_begin, nothing, NULL};
    char path[PATH_BYTES + 16];
    uint64_t member;
    snprintf(r->main, sizeof r->main, "xl/workbook.xml");
    if (tael__archive_find(r->archive, "_rels/.rels", &member))
        TAEL_TRY(read_member(r, member, "relations", &first, r));
    const char *slash = strrchr(r->main, '/');
    int folder = slash ? (int)(slash - r->main) + 1 : 0;
    snprintf(path, sizeof path, "%.*s_rels/%s.rels", folder, r->main, r->main + folder);
    return read_part(r, path, "relations", &second, r);
}

/* ---- The order of sheets ---- */

static tael_status workbook_begin(void *user, const char *element, const char *const *attributes)
{
    reading *r = user;
    if (tael__xml_is(element, "workbookPr")) {
        const char *since = tael__xml_attribute(attributes, "date1904");
        r->book.since_1904 = since && (tael__xml_is(since, "1") || tael__xml_is(since, "true"));
    }
    const char *id = tael__xml_is(element, "sheet") ? tael__xml_attribute(attributes, "id") : NULL;
    if (!id) return TAEL_OK;
    r->place++;
    for (uint32_t i = 0; i < r->sheet_count; i++) {
        if (!tael__xml_is(r->sheets[i].id, id)) continue; /* a sheet with only a chart has another kind of relation */
        if (r->order_count == TAEL__MAX_SHEETS) return tael__book_fail_many(r->archive->file);
        r->order[r->order_count] = i;
        r->number[r->order_count++] = r->place;
        return TAEL_OK;
    }
    return TAEL_OK;
}

static tael_status read_order(reading *r)
{
    static const tael__xml_reader reader = {workbook_begin, nothing, NULL};
    uint64_t member;
    size_t n = strlen(r->main);
    bool there = tael__archive_find(r->archive, r->main, &member);
    if (!there ||
        (n > 4 && tael__xml_is(r->main + n - 4, ".bin"))) /* a text, slides, or a workbook in Excel's binary format */
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: no workbook in the XLSX format; open it, save it as .xlsx or CSV and import that",
                     "%s：不是 XLSX 工作簿；请打开后另存为 .xlsx 或 CSV 再导入"),
            r->archive->file);
    return read_member(r, member, "workbook", &reader, r);
}

/* ---- Sheets ---- */

static tael_status read_sheet(reading *r, const char *path, uint32_t number)
{
    char part[32];
    snprintf(part, sizeof part, TAEL_SAY("sheet %u", "第 %u 个工作表"), number);
    tael__sheet sheet = {.book = &r->book, .file = r->archive->file, .part = part};
    sheet.csv.max = TAEL__MAX_TEXT_FILE_BYTES - r->csv_bytes + 1; /* never 0 */
    tael_status status = read_part(r, path, part, &tael__sheet_reader, &sheet);
    if (status == TAEL_OK && sheet.csv.size > 0) {
        size_t bytes = sheet.csv.size;
        char *csv = tael__buffer_take(&sheet.csv);
        if (csv) r->out->sheet[r->out->count++] = (tael__workbook_sheet){csv, bytes, number};
        r->csv_bytes += bytes;
        if (!csv) status = TAEL_NO_MEMORY;
    }
    tael__sheet_free(&sheet);
    return status;
}

static tael_status read_strings(reading *r)
{
    tael__strings_job job = {.book = &r->book, .file = r->archive->file};
    return r->strings[0] ? read_part(r, r->strings, "sharedStrings", &tael__strings_reader, &job) : TAEL_OK;
}

static tael_status read_styles(reading *r)
{
    if (!r->styles[0]) return TAEL_OK;
    tael__styles_job *job = tael__alloc_zero(sizeof *job);
    if (!job) return tael__fail_memory("workbook", sizeof *job);
    job->book = &r->book;
    job->file = r->archive->file;
    tael_status status = read_part(r, r->styles, "styles", &tael__styles_reader, job);
    tael__free(job);
    return status;
}

static tael_status read_all(reading *r)
{
    r->sheets = tael__alloc_array(TAEL__MAX_SHEETS, sizeof *r->sheets);
    r->out->sheet = tael__alloc_array(TAEL__MAX_SHEETS, sizeof *r->out->sheet);
    if (!r->sheets || !r->out->sheet) return tael__fail_memory("workbook", TAEL__MAX_SHEETS * sizeof *r->sheets);
    TAEL_TRY(read_relations(r));
    TAEL_TRY(read_order(r));
    TAEL_TRY(read_strings(r));
    TAEL_TRY(read_styles(r));
    for (size_t i = 0; i < r->order_count; i++) TAEL_TRY(read_sheet(r, r->sheets[r->order[i]].path, r->number[i]));
    return TAEL_OK;
}

/* ---- The whole ---- */

bool tael__workbook_like(tael__archive *archive)
{
    uint64_t member;
    return tael__archive_find(archive, "[Content_Types].xml", &member) ||
           tael__archive_find(archive, "xl/workbook.xml", &member);
}

tael_status tael__workbook_read(tael__workbook *out, tael__archive *archive)
{
    *out = (tael__workbook){0};
    reading *r = tael__alloc_zero(sizeof *r);
    if (!r) return tael__fail_memory("workbook", sizeof *r);
    r->archive = archive;
    r->out = out;
    tael_status status = read_all(r);
    tael__book_free(&r->book);
    tael__free(r->sheets);
    tael__free(r);
    if (status != TAEL_OK) tael__workbook_free(out);
    return status;
}

void tael__workbook_free(tael__workbook *workbook)
{
    for (size_t i = 0; i < workbook->count; i++) tael__free(workbook->sheet[i].csv);
    tael__free(workbook->sheet);
    *workbook = (tael__workbook){0};
}
