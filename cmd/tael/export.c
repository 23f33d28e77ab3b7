// SPDX-License-Identifier: Apache-2.0
// `tael export`: everything out of the ledger, in open formats.
#include <inttypes.h>

#include "base/date.h"
#include "command.h"

static const option options[] = {
    {"out",
     'o',
     OPTION_TEXT,
     "PATH",
     0,
     0,
     {"a folder, or a file that ends in .zip (default: tael-export-DATE in this folder)",
      "文件夹，或以 .zip 结尾的文件（默认当前目录下 tael-export-日期）"}},
    {NULL},
};

static tael_status run(request *r)
{
    char path[TAEL__MAX_PATH_BYTES];
    tael_ledger *ledger = NULL;
    uint64_t records = 0;
    tael__date today = tael__date_today();
    snprintf(path, sizeof path, "tael-export-%04d-%02d-%02d", today.year, today.month, today.day);
    const char *out = option_text(r, "out", path);
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
    .usage = "[--out FOLDER|FILE.zip]",
    .what = {"everything out, in open formats", "以开放格式导出全部"},
    .more = {"Writes records.csv (UTF-8), records.json, what you taught, what left the device, consents.csv and "
             "about.json.\n"
             "`tael import` of the folder or the zip restores the ledger; what may leave the device is for you to "
             "allow again.",
             "写出 records.csv（UTF-8）、records.json、您的修正、披露记录、consents.csv 和 about.json。用 tael import "
             "导入该文件夹或 zip\n"
             "即可恢复账本；会离开设备的用途需重新授权。"},
    .options = options,
    .run = run,
};
