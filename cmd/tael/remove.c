// SPDX-License-Identifier: Apache-2.0
// `tael remove`: takes back a record that was added by hand.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    const char *text = r->arguments[0];
    size_t digits = strspn(text, "0123456789");
    int64_t id = digits > 0 && digits < 19 && text[digits] == '\0' ? strtoll(text, NULL, 10) : 0;
    if (id == 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("remove: ID is the number that `tael ledger` shows",
                                                "remove：编号是 `tael ledger` 显示的数字"));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael_ledger_remove(ledger, id);
    tael_ledger_close(ledger);
    if (status != TAEL_OK) return status;
    if (r->json) return out_json(r, json_pack("{s:I}", "removed", (json_int_t)id));
    printf(TAEL_SAY("record %" PRId64 " is gone\n", "已移除记录 %" PRId64 "\n"), id);
    return TAEL_OK;
}

const command command_remove = {
    .verb = "remove",
    .usage = "ID",
    .what = {"take back a record added by hand", "撤销手工添加的一条记录"},
    .more = {"Records of bills stay: they would come back with the next import.",
             "账单中的记录不能移除：下次导入时会再次出现。"},
    .least = 1,
    .most = 1,
    .run = run,
};
