// SPDX-License-Identifier: Apache-2.0
// `tael models`: the catalogue, and what of it is installed.
#include <string.h>

#include "command.h"

static int on_json(const tael_catalogue_entry *e, void *user)
{
    json_array_append_new(user, tael__catalogue_entry_json(e));
    return 0;
}

static int on_line(const tael_catalogue_entry *e, void *user)
{
    char size[32], needs[32];
    (void)user;
    out_size(size, sizeof size, e->bytes);
    out_size(needs, sizeof needs, e->memory_bytes);
    out_cell(stdout, e->name, 22, false);
    out_cell(stdout, size, 9, true);
    fputs("  ", stdout);
    out_cell(stdout, e->quantization, 7, false);
    out_cell(stdout, needs, 9, true);
    fputs("  ", stdout);
    out_cell(stdout,
             e->installed ? TAEL_SAY("installed", "已安装")
             : e->fits    ? ""
                          : TAEL_SAY("too large", "内存不足"),
             10, false);
    fputs("  ", stdout);
    out_line(stdout, e->about ? e->about : "");
    putchar('\n');
    return 0;
}

static tael_status run(request *r)
{
    if (r->json) {
        json_t *list = json_array();
        tael_status status = tael_catalogue_each(r->home, on_json, list);
        if (status == TAEL_OK) return out_json(r, json_pack("{s:o}", "models", list));
        json_decref(list);
        return status;
    }
    out_cell(stdout, TAEL_SAY("NAME", "名称"), 22, false);
    out_cell(stdout, TAEL_SAY("SIZE", "大小"), 9, true);
    fputs("  ", stdout);
    out_cell(stdout, TAEL_SAY("FORMAT", "格式"), 7, false);
    out_cell(stdout, TAEL_SAY("MEMORY", "内存"), 9, true);
    putchar('\n');
    return tael_catalogue_each(r->home, on_line, NULL);
}

const command command_models = {
    .verb = "models",
    .usage = "",
    .what = {"the catalogue, and what is installed", "模型目录与已安装的模型"},
    .more = {"MEMORY is what running a model takes with a context of 4096 tokens.", "“内存”为上下文 4096 时运行所需。"},
    .run = run,
};
