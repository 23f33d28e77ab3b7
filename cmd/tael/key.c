// SPDX-License-Identifier: Apache-2.0
// `tael key`: whether the ledger's key is protected by a passphrase, and setting, changing and removing it.
#include <string.h>

#include "passphrase.h"

static const option options[] = {
    {"set-passphrase", 0, OPTION_FLAG, NULL, 0, 0, {"protect the key by a passphrase", "用口令保护密钥"}},
    {"change", 0, OPTION_FLAG, NULL, 0, 0, {"another passphrase", "更换口令"}},
    {"remove-passphrase", 0, OPTION_FLAG, NULL, 0, 0, {"keep the key without one", "取消口令"}},
    {"new-passphrase-file",
     0,
     OPTION_TEXT,
     "F",
     0,
     0,
     {"with --change: the new one is its first line", "与 --change 同用：新口令为该文件第一行"}},
    {NULL},
};

static tael_status misfit(bool is_protected)
{
    if (is_protected)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("key: there is a passphrase already; use --change",
                                                "密钥：已有口令；请使用 --change"));
    return tael__fail(TAEL_MISUSE, TAEL_SAY("key: there is no passphrase; use --set-passphrase",
                                            "密钥：尚无口令；请使用 --set-passphrase"));
}

/* The key must open the store before it is wrapped: else a passphrase would be set on a key that fits nothing. */
static tael_status try_store(const request *r, const char *passphrase)
{
    tael_ledger *ledger = NULL;
    tael_ledger_options o = {.size = sizeof o, .passphrase = passphrase};
    tael_status status = tael_ledger_open(&ledger, r->home, &o);
    tael_ledger_close(ledger);
    return status;
}

static tael_status change(const request *r, bool is_protected)
{
    char now[PASSPHRASE_BYTES] = "", next[PASSPHRASE_BYTES] = "";
    bool set = option_given(r, "set-passphrase"), other = option_given(r, "change");
    if (set == is_protected) return misfit(is_protected);
    tael_status status = is_protected ? passphrase_current(r, now) : TAEL_OK;
    if (status == TAEL_OK) status = try_store(r, now);
    if (status == TAEL_OK && set) status = passphrase_new(r, "passphrase-file", "TAEL_PASSPHRASE", next);
    if (status == TAEL_OK && other) status = passphrase_new(r, "new-passphrase-file", "TAEL_NEW_PASSPHRASE", next);
    if (status == TAEL_OK) status = tael_ledger_set_passphrase(r->home, now, next);
    passphrase_forget(now);
    passphrase_forget(next);
    return status;
}

static tael_status run(request *r)
{
    bool is_protected = false;
    int chosen = option_given(r, "set-passphrase") + option_given(r, "change") + option_given(r, "remove-passphrase");
    if (chosen > 1)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("key: give one of --set-passphrase, --change, --remove-passphrase",
                                                "key：--set-passphrase、--change、--remove-passphrase 请只给其一"));
    TAEL_TRY(tael_ledger_protected(r->home, &is_protected));
    if (chosen == 1) {
        TAEL_TRY(change(r, is_protected));
        TAEL_TRY(tael_ledger_protected(r->home, &is_protected));
    }
    if (r->json) return out_json(r, json_pack("{s:b}", "protected", is_protected));
    puts(is_protected
             ? TAEL_SAY("the ledger's key is protected by a passphrase; nobody can bring it back if it is lost",
                        "账本密钥由口令保护；口令遗失将无法找回")
             : TAEL_SAY("the ledger's key has no passphrase", "账本密钥没有口令"));
    return TAEL_OK;
}

const command command_key = {
    .verb = "key",
    .usage = "[--set-passphrase | --change | --remove-passphrase]",
    .what = {"a passphrase on the ledger's key", "给账本密钥设置口令"},
    .more = {"Without an option: whether there is one. It is asked for on the terminal without echo, or taken from\n"
             "--passphrase-file or TAEL_PASSPHRASE (a new one, with --change: --new-passphrase-file, "
             "TAEL_NEW_PASSPHRASE).\n"
             "The store isn't written anew. The old key file is overwritten where the disk lets us; copies of it open\n"
             "the ledger still.",
             "不带选项：显示是否有口令。口令在终端输入（不回显），或取自 --passphrase-file、TAEL_PASSPHRASE\n"
             "（--change 的新口令：--new-passphrase-file、TAEL_NEW_PASSPHRASE）。\n"
             "账本本身不会重写。旧密钥文件会尽量覆盖；其旧副本仍能打开账本。"},
    .options = options,
    .run = run,
};
