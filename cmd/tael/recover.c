// SPDX-License-Identifier: Apache-2.0
// `tael recover`: what can be read of a damaged ledger, into a fresh one.
#include <inttypes.h>

#include "base/file.h"
#include "passphrase.h"

static const option options[] = {
    {"out",
     'o',
     OPTION_TEXT,
     "FOLDER",
     0,
     0,
     {"the fresh ledger's folder (default: the home with -recovered behind)",
      "新账本的文件夹（默认为主目录名加 -recovered）"}},
    {NULL},
};

static void print(const char *out, const tael_recovery *found)
{
    printf(TAEL_SAY("%" PRIu64 " records are saved in ", "已恢复 %" PRIu64 " 条记录到 "), found->saved);
    out_line(stdout, out);
    putchar('\n');
    if (found->gaps)
        printf(TAEL_SAY("%" PRIu64 " ids can't be read, in %" PRIu64 " runs between %" PRId64 " and %" PRId64
                        "; import the bills of that time again\n",
                        "%" PRIu64 " 个编号无法读取，共 %" PRIu64 " 段，位于 %" PRId64 " 与 %" PRId64
                        " 之间；请重新导入相应账单\n"),
               found->lost, found->gaps, found->first_lost, found->last_lost);
}

static tael_status run(request *r)
{
    char path[TAEL__MAX_PATH_BYTES], passphrase[PASSPHRASE_BYTES] = "";
    tael_recovery found;
    bool is_protected = false;
    if (snprintf(path, sizeof path, "%s-recovered", r->home) >= (int)sizeof path)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("--home: the path is too long; give --out", "--home：路径太长；请给出 --out"));
    const char *out = option_text(r, "out", path);
    tael_status status = tael_ledger_protected(r->home, &is_protected);
    if (status == TAEL_OK && is_protected) status = passphrase_current(r, passphrase);
    if (status == TAEL_OK) status = tael_ledger_recover(r->home, passphrase, out, &found);
    passphrase_forget(passphrase);
    if (status != TAEL_OK) return status;
    if (r->json)
        return out_json(r,
                        json_pack("{s:o,s:I,s:I,s:I,s:I,s:I}", "path", out_text(out), "saved", (json_int_t)found.saved,
                                  "lost", (json_int_t)found.lost, "gaps", (json_int_t)found.gaps, "first_lost",
                                  (json_int_t)found.first_lost, "last_lost", (json_int_t)found.last_lost));
    print(out, &found);
    return TAEL_OK;
}

const command command_recover = {
    .verb = "recover",
    .usage = "[--out FOLDER]",
    .what = {"save what can be read of a damaged ledger", "抢救损坏账本中可读的记录"},
    .more =
        {"The damaged ledger is only read. The fresh one has a key of its own and no passphrase; use it with --home.",
         "只读取损坏的账本。新账本有自己的密钥，没有口令；用 --home 打开。"},
    .options = options,
    .run = run,
};
