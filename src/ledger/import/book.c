// SPDX-License-Identifier: Apache-2.0
// Shared strings and styles of a workbook. Of the styles only one bit is kept: the XML has a date as a mere number.
#include "ledger/import/book.h"

#include <string.h>

#include "ledger/import/cell.h"

bool tael__cell_count(uint32_t *number, const char *text)
{
    uint64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != '\0') return false;
    for (; *text; text++) n = n * 10 + (uint64_t)(*text - '0');
    *number = (uint32_t)n;
    return true;
}

tael_status tael__book_fail_many(const char *file)
{
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("%s: the workbook has more rows, cells or texts than Tael takes; save the bill's sheet "
                               "alone and import that",
                               "%s：工作簿的行、单元格或文本过多；请只保存账单所在的工作表再导入"),
                      file);
}

void tael__book_free(tael__book *book)
{
    tael__buffer_free(&book->strings);
    tael__free(book->string_at);
    tael__free(book->style_is_date);
    *book = (tael__book){0};
}

/* Room for one more of `each` bytes in an array that doubles. */
static tael_status grow(void **array, size_t count, size_t *capacity, size_t each)
{
    if (count < *capacity) return TAEL_OK;
    size_t more = *capacity ? 2 * *capacity : 256; /* counts are bounded: this can't overflow */
    void *bigger = tael__realloc(*array, more * each);
    if (!bigger) return tael__fail_memory("workbook", more * each);
    *array = bigger;
    *capacity = more;
    return TAEL_OK;
}

/* ---- Shared strings ---- */

static tael_status room_for_string(tael__book *b, const char *file)
{
    void *array = b->string_at;
    if (b->string_count == TAEL__MAX_SHARED_STRINGS) return tael__book_fail_many(file);
    tael_status status = grow(&array, b->string_count, &b->string_capacity, sizeof *b->string_at);
    b->string_at = array;
    b->strings.max = TAEL__MAX_UNPACKED_BYTES;
    return status;
}

tael_status tael__book_add_string(tael__book *b, const char *file, const char *text, size_t bytes)
{
    size_t start = b->strings.size;
    TAEL_TRY(room_for_string(b, file));
    tael__buffer_append(&b->strings, text, bytes);
    if (tael__buffer_append(&b->strings, "", 1) == TAEL_LIMIT) return tael__book_fail_many(file);
    if (b->strings.failed == TAEL_OK) b->string_at[b->string_count++] = (uint32_t)start;
    return b->strings.failed;
}

static tael_status begin_string(tael__strings_job *j)
{
    tael__book *b = j->book;
    TAEL_TRY(room_for_string(b, j->file));
    j->start = b->strings.size;
    j->in_string = true;
    j->phonetic = 0;
    return TAEL_OK;
}

static tael_status end_string(tael__strings_job *j)
{
    tael__book *b = j->book;
    char *text = b->strings.data ? b->strings.data + j->start : NULL;
    size_t bytes = b->strings.size - j->start;
    j->in_string = false;
    if (text && bytes < TAEL__CELL_KEPT_BYTES) b->strings.size = j->start + tael__cell_unescape(text, bytes);
    if (tael__buffer_append(&b->strings, "", 1) == TAEL_LIMIT) return tael__book_fail_many(j->file);
    if (b->strings.failed == TAEL_OK) b->string_at[b->string_count++] = (uint32_t)j->start;
    return b->strings.failed;
}

static tael_status strings_begin(void *user, const char *element, const char *const *attributes)
{
    tael__strings_job *j = user;
    (void)attributes;
    if (!j->in_string) return tael__xml_is(element, "si") ? begin_string(j) : TAEL_OK;
    if (tael__xml_is(element, "rPh")) j->phonetic++;
    j->in_text = tael__xml_is(element, "t") && j->phonetic == 0;
    return TAEL_OK;
}

static tael_status strings_end(void *user, const char *element)
{
    tael__strings_job *j = user;
    j->in_text = false;
    if (tael__xml_is(element, "rPh") && j->phonetic > 0) j->phonetic--;
    return j->in_string && tael__xml_is(element, "si") ? end_string(j) : TAEL_OK;
}

static tael_status strings_text(void *user, const char *text, size_t bytes)
{
    tael__strings_job *j = user;
    tael__buffer *strings = &j->book->strings;
    if (!j->in_text) return TAEL_OK;
    size_t room = TAEL__CELL_KEPT_BYTES - (strings->size - j->start);
    tael_status status = tael__buffer_append(strings, text, bytes < room ? bytes : room);
    return status == TAEL_LIMIT ? tael__book_fail_many(j->file) : status;
}

const tael__xml_reader tael__strings_reader = {strings_begin, strings_end, strings_text};

/* ---- Styles ---- */

static tael_status add_format(tael__styles_job *j, const char *const *attributes)
{
    const char *id = tael__xml_attribute(attributes, "numFmtId"), *code = tael__xml_attribute(attributes, "formatCode");
    uint32_t number;
    if (!id || !code || !tael__cell_count(&number, id)) return TAEL_OK;
    if (j->format_count == TAEL__MAX_NUMBER_FORMATS) return tael__book_fail_many(j->file);
    j->format[j->format_count] = number;
    j->is_date[j->format_count++] = tael__format_code_is_date(code);
    return TAEL_OK;
}

static bool is_date(const tael__styles_job *j, uint32_t id)
{
    for (size_t i = 0; i < j->format_count; i++)
        if (j->format[i] == id) return j->is_date[i];
    return tael__format_id_is_date(id);
}

tael_status tael__book_add_style(tael__book *b, const char *file, bool date)
{
    void *array = b->style_is_date;
    if (b->style_count == TAEL__MAX_CELL_STYLES) return tael__book_fail_many(file);
    tael_status status = grow(&array, b->style_count, &b->style_capacity, sizeof *b->style_is_date);
    b->style_is_date = array;
    TAEL_TRY(status);
    b->style_is_date[b->style_count++] = date;
    return TAEL_OK;
}

static tael_status add_style(tael__styles_job *j, const char *const *attributes)
{
    const char *id = tael__xml_attribute(attributes, "numFmtId");
    uint32_t number;
    return tael__book_add_style(j->book, j->file, id && tael__cell_count(&number, id) && is_date(j, number));
}

/* Formats stand before the styles that name them. Styles of tables (dxfs) have formats of their own: not these. */
static tael_status styles_begin(void *user, const char *element, const char *const *attributes)
{
    tael__styles_job *j = user;
    if (tael__xml_is(element, "numFmts")) j->in_formats = true;
    if (tael__xml_is(element, "cellXfs")) j->in_cells = true;
    if (j->in_formats && tael__xml_is(element, "numFmt")) return add_format(j, attributes);
    if (j->in_cells && tael__xml_is(element, "xf")) return add_style(j, attributes);
    return TAEL_OK;
}

static tael_status styles_end(void *user, const char *element)
{
    tael__styles_job *j = user;
    if (tael__xml_is(element, "numFmts")) j->in_formats = false;
    if (tael__xml_is(element, "cellXfs")) j->in_cells = false;
    return TAEL_OK;
}

const tael__xml_reader tael__styles_reader = {styles_begin, styles_end, NULL};
