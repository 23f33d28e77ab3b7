// SPDX-License-Identifier: Apache-2.0
// `tael mcp`: the ledger as tools for other assistants, which start it and speak over its standard input and output.
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "command.h"
#include "passphrase.h"
#include "serve/mcp.h"

static const option options[] = {
    MODEL_OPTION,
    {NULL},
};

static tael_status run(request *r)
{
    char passphrase[PASSPHRASE_BYTES] = "", path[TAEL__MAX_PATH_BYTES];
    const char *model = option_text(r, "model", NULL);
    bool is_protected = false;
    if (r->json)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("mcp: --json has no meaning here; what is written is the protocol's",
                                                "mcp：此处 --json 无意义；输出即协议内容"));
    if (model) TAEL_TRY(tael_model_find(r->home, model, path, sizeof path)); /* say so before anything else */
    TAEL_TRY(tael__folder_make(r->home));
    tael_status status = tael_ledger_protected(r->home, &is_protected);
    if (status == TAEL_OK && is_protected) status = passphrase_current(r, passphrase);
    tael__mcp_stdio_options o = {.in = STDIN_FILENO,
                                 .out = STDOUT_FILENO,
                                 .home = r->home,
                                 .passphrase = passphrase,
                                 .model = model,
                                 .interrupted = interrupted};
    signal(SIGPIPE, SIG_IGN); /* an assistant that is gone is an end, not a crash */
    if (status == TAEL_OK) status = tael__mcp_stdio(&o);
    passphrase_forget(passphrase);
    return status;
}

const command command_mcp = {
    .verb = "mcp",
    .usage = "[-m MODEL]",
    .what = {"the ledger as tools for other assistants (MCP)", "以工具形式供其他助手使用账本（MCP）"},
    .more = {"An assistant starts it: {\"mcpServers\": {\"tael\": {\"command\": \"tael\", \"args\": [\"mcp\"]}}}.\n"
             "Tools: ledger_search, spend, habits, ask; they only read. Nothing is answered until you run\n"
             "`tael consent assistants on`; `tael disclosures` shows every answer that left.",
             "由助手启动：{\"mcpServers\": {\"tael\": {\"command\": \"tael\", \"args\": [\"mcp\"]}}}。\n"
             "工具：ledger_search、spend、habits、ask，只读。运行 `tael consent assistants on` 后才会回答；\n"
             "`tael disclosures` 列出每次发出的回答。"},
    .options = options,
    .polls = true,
    .run = run,
};
