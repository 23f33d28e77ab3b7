// SPDX-License-Identifier: Apache-2.0
/* Zips and workbooks made in memory by libzip, for the tests of containers. */
#ifndef TAEL__TESTS_LEDGER_ZIPS_H
#define TAEL__TESTS_LEDGER_ZIPS_H

#include <zip.h>

#include "bills.h"

typedef struct member {
    const char *name;
    const void *data; /* NULL: a folder, or with `bytes` as many zeros */
    size_t bytes;
    zip_uint16_t encryption; /* ZIP_EM_... */
} member;

#define TEXT_MEMBER(name, text)                  \
    (member)                                     \
    {                                            \
        name, text, sizeof text - 1, ZIP_EM_NONE \
    }

/* A source of zeros, so that a bomb needs no memory here. */
typedef struct zeros {
    uint64_t bytes, at;
} zeros;

static inline zip_int64_t read_zeros(void *user, void *data, zip_uint64_t bytes, zip_source_cmd_t command)
{
    zeros *z = user;
    zip_stat_t *stat = data;
    switch (command) {
    case ZIP_SOURCE_OPEN: z->at = 0; return 0;
    case ZIP_SOURCE_READ:
        if (bytes > z->bytes - z->at) bytes = z->bytes - z->at;
        memset(data, 0, bytes);
        z->at += bytes;
        return (zip_int64_t)bytes;
    case ZIP_SOURCE_STAT:
        zip_stat_init(stat);
        stat->size = z->bytes;
        stat->valid = ZIP_STAT_SIZE;
        return sizeof *stat;
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default: return 0;
    }
}

/* A zip of these members; free it with tael__free. */
static inline char *make_zip(size_t *bytes, const member *members, size_t count, const char *password)
{
    static zeros zero; /* one bomb a zip */
    zip_error_t error;
    zip_stat_t stat;
    zip_error_init(&error);
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, &error);
    assert_non_null(target);
    zip_source_keep(target);
    zip_t *zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    for (size_t i = 0; i < count; i++) {
        const member *m = &members[i];
        if (!m->data && !m->bytes) {
            assert_true(zip_dir_add(zip, m->name, 0) >= 0);
            continue;
        }
        zero = m->data ? zero : (zeros){m->bytes, 0};
        zip_source_t *source =
            m->data ? zip_source_buffer(zip, m->data, m->bytes, 0) : zip_source_function(zip, read_zeros, &zero);
        zip_int64_t at = zip_file_add(zip, m->name, source, 0);
        assert_true(at >= 0);
        zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_DEFLATE, m->data ? 0 : 1);
        if (m->encryption != ZIP_EM_NONE)
            assert_int_equal(zip_file_set_encryption(zip, (zip_uint64_t)at, m->encryption, password), 0);
    }
    if (zip_close(zip) != 0) fail_msg("%s", zip_strerror(zip));
    assert_int_equal(zip_source_open(target), 0);
    assert_int_equal(zip_source_stat(target, &stat), 0);
    char *data = tael__alloc(stat.size);
    assert_non_null(data);
    assert_int_equal(zip_source_read(target, data, stat.size), (zip_int64_t)stat.size);
    *bytes = stat.size;
    zip_source_close(target);
    zip_source_free(target);
    zip_error_fini(&error);
    return data;
}

#define SHEET(rows)                                                                                               \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet "                                                       \
    "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><dimension ref=\"A1\"/><sheetData>" rows \
    "</sheetData></worksheet>"

/* A workbook whose sheets have these texts. `properties` are attributes of workbookPr; `strings` and `styles` may be
 * NULL. Free it with tael__free. */
static inline char *make_workbook(size_t *bytes, const char *const *sheets, size_t count, const char *strings,
                                  const char *styles, const char *properties)
{
    static const char types[] = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";
    static const char first[] = "<Relationships><Relationship Id=\"r\" Type=\"http://x/officeDocument\" "
                                "Target=\"xl/workbook.xml\"/></Relationships>";
    member members[16] = {TEXT_MEMBER("[Content_Types].xml", types), TEXT_MEMBER("_rels/.rels", first)};
    char names[8][32];
    size_t n = 2;
    tael__buffer book = {.max = 65536}, relations = {.max = 65536};
    tael__buffer_format(&book, "<workbook xmlns:r=\"r\"><workbookPr %s/><sheets>", properties);
    tael__buffer_text(&relations, "<Relationships>");
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "xl/worksheets/sheet%zu.xml", i + 1);
        tael__buffer_format(&book, "<sheet name=\"s%zu\" sheetId=\"%zu\" r:id=\"rId%zu\"/>", i, i + 1, i + 1);
        tael__buffer_format(&relations, "<Relationship Id=\"rId%zu\" Type=\"http://x/worksheet\" Target=\"%s\"/>",
                            i + 1, names[i] + 3);
        members[n++] = (member){names[i], sheets[i], strlen(sheets[i]), ZIP_EM_NONE};
    }
    if (strings) members[n++] = (member){"xl/sharedStrings.xml", strings, strlen(strings), ZIP_EM_NONE};
    if (styles) members[n++] = (member){"xl/styles.xml", styles, strlen(styles), ZIP_EM_NONE};
    if (strings)
        tael__buffer_text(&relations,
                          "<Relationship Id=\"s\" Type=\"http://x/sharedStrings\" Target=\"sharedStrings.xml\"/>");
    if (styles)
        tael__buffer_text(&relations, "<Relationship Id=\"t\" Type=\"http://x/styles\" Target=\"/xl/styles.xml\"/>");
    tael__buffer_text(&book, "</sheets></workbook>");
    tael__buffer_text(&relations, "</Relationships>");
    members[n++] = (member){"xl/workbook.xml", book.data, book.size, ZIP_EM_NONE};
    members[n++] = (member){"xl/_rels/workbook.xml.rels", relations.data, relations.size, ZIP_EM_NONE};
    char *data = make_zip(bytes, members, n, NULL);
    tael__buffer_free(&book);
    tael__buffer_free(&relations);
    return data;
}

#endif
