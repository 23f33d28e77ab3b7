// SPDX-License-Identifier: Apache-2.0
// Which members of a zip are bills, by their names' ends: a wallet's zip holds nothing else, and one that a person made
// may hold anything. Names are for people: as UTF-8 where they are, else GB18030 as Windows and Alipay write them.
#include "ledger/import/container.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "ledger/import/charset.h"
#include "ledger/report.h"

#define NAME_BYTES 1024 /* shown of a member's name */

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcasecmp(name + n - m, end) == 0;
}

/* What macOS adds beside every file ("__MACOSX/._bill.csv") has the names of bills and is none. */
static bool is_bill(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    if (strncmp(name, "__MACOSX/", 9) == 0 || strstr(name, "/__MACOSX/") || strncmp(base, "._", 2) == 0) return false;
    return ends_in(base, ".csv") || ends_in(base, ".txt") || ends_in(base, ".xlsx") || ends_in(base, ".xls");
}

/* Ends of names are ASCII, which stands for itself in both encodings. */
static tael_status shown_name(char out[NAME_BYTES], tael__decoder *decoder, const char *name)
{
    char *text;
    size_t bytes;
    tael__charset charset;
    TAEL_TRY(tael__decode(decoder, name, strlen(name), &text, &bytes, &charset));
    if (charset == TAEL__CHARSET_NONE) {
        text = (char *)(uintptr_t)TAEL_SAY("a file with a name that can't be read", "名称无法读取的文件");
        bytes = strlen(text);
    }
    bytes = bytes < NAME_BYTES ? bytes : NAME_BYTES - 1;
    bytes = tael__utf8_cut(text, bytes);
    memcpy(out, text, bytes);
    out[bytes] = '\0';
    return TAEL_OK;
}

static tael_status fail_empty(const tael__archive *archive)
{
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: no bill in it: no file that ends in .csv, .txt, .xlsx or .xls; if it holds another zip, "
                 "unpack that first",
                 "%s：其中没有账单：没有 .csv、.txt、.xlsx 或 .xls 文件；如果里面还有压缩包，请先解压"),
        archive->file);
}

/* Whether there is something to do, and a password when one is needed. */
static tael_status look_through(tael__archive *archive)
{
    bool any = false;
    for (uint64_t i = 0; i < archive->members; i++) {
        if (!is_bill(tael__archive_name(archive, i))) continue;
        if (tael__archive_protected(archive, i) && !archive->password) return tael__archive_fail_protected(archive);
        any = true;
    }
    return any ? TAEL_OK : fail_empty(archive);
}

/* A failure that says something about this bill alone. */
static bool of_one_bill(tael_status status)
{
    return status == TAEL_BAD_INPUT || status == TAEL_UNSUPPORTED || status == TAEL_CORRUPT || status == TAEL_LIMIT;
}

static tael_status import_member(tael_ledger *ledger, tael__archive *archive, uint64_t member, const char *name,
                                 const tael_import_options *options, tael_import_report *report)
{
    char file[TAEL__MAX_PATH_BYTES + NAME_BYTES], *data;
    size_t bytes;
    tael__archive named = *archive; /* sentences name the member */
    snprintf(file, sizeof file, "%s/%s", archive->file, name);
    named.file = file;
    TAEL_TRY(tael__archive_read(&named, member, &data, &bytes));
    tael_status status = tael__ledger_import_bill(ledger, file, data, bytes, options, report, archive->left);
    tael__free(data);
    return status;
}

static tael_status import_members(tael_ledger *ledger, tael__archive *archive, const tael_import_options *options,
                                  tael_import_report *report, tael__decoder *decoder)
{
    tael_status first = TAEL_OK;
    char name[NAME_BYTES], sentence[TAEL__MAX_ERROR_BYTES];
    for (uint64_t i = 0; i < archive->members; i++) {
        const char *stored = tael__archive_name(archive, i);
        tael_import_bill *bill;
        if (!is_bill(stored)) continue;
        TAEL_TRY(shown_name(name, decoder, stored));
        TAEL_TRY(tael__report_add_bill(report, name, &bill));
        tael_status status = import_member(ledger, archive, i, name, options, &bill->report);
        tael__report_end_bill(report, bill, status);
        if (status != TAEL_OK && first == TAEL_OK) {
            first = status;
            snprintf(sentence, sizeof sentence, "%s", tael_error());
        }
        if (status != TAEL_OK && !of_one_bill(status)) break;
    }
    if (first != TAEL_OK) tael__error_set(sentence);
    return first;
}

tael_status tael__import_zip(tael_ledger *ledger, tael__archive *archive, const tael_import_options *options,
                             tael_import_report *report)
{
    tael__decoder decoder = {0};
    TAEL_TRY(tael__report_open(report));
    TAEL_TRY(look_through(archive));
    tael_status status = import_members(ledger, archive, options, report, &decoder);
    tael__decoder_close(&decoder);
    return status;
}
