// SPDX-License-Identifier: Apache-2.0
// `tael export`: everything out of the ledger, in open formats.
#include <inttypes.h>
#include <string.h>

#include "base/date.h"
#include "command.h"

static const option options[] = {
    {"out",
     'o',
     OPTION_TEXT,
     "FOLDER",
     0,
     0,
     {"where to (default: tael-export-DATE in this folder)", "导出到（默认当前目录下 tael-export-日期）"}},
    {NULL},
};

static tael_status run(request *r)
{
    char path[TAEL__MAX_PATH_BYTES];
    tael_ledger *ledger = NULL;
    uint64_t records = 0;
    tael__date today = tael__date_of_ms(tael__clock_wall_ms(), TAEL__SHANGHAI_OFFSET_MINUTES);
    snprintf(path, sizeof path, "tael-export-%04d-%02d-%02d", today.year, today.month, today.day);
    const char *out = option_text(r, "out", path);
    size_t n = strlen(out);
    if (n > 4 && strcmp(out + n - 4, ".zip") == 0)
        return tael__fail(TAEL_UNSUPPORTED, TAEL_SAY("--out: this version writes a folder, not a zip; leave .zip off",
                                                     "--out：此版本导出为文件夹，不是 zip；请去掉 .zip"));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael_ledger_export(ledger, out, &records);
    tael_ledger_close(ledger);
    if (status != TAEL_OK) return status;
    if (r->json) return out_json(r, json_pack("{s:o,s:I}", "path", out_text(out), "records", (json_int_t)records));
    printf(TAEL_SAY("%" PRIu64 " records are in ", "已导出 %" PRIu64 " 条记录到 "), records);
    out_line(stdout, out);
    putchar('\n');
    return TAEL_OK;
}

const command command_export = {
    .verb = "export",
    .usage = "[--out FOLDER]",
    .what = {"everything out, in open formats", "以开放格式导出全部"},
    .more = {"Writes records.csv (UTF-8), records.json and about.json.",
             "写出 records.csv（UTF-8）、records.json 和 about.json。"},
    .options = options,
    .run = run,
};
