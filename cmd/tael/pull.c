// SPDX-License-Identifier: Apache-2.0
// `tael pull`: fetch a model of the catalogue. What was fetched before a Ctrl-C or a broken line is kept and goes on.
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const option options[] = {{NULL}};

typedef struct pull {
    progress bar;
    const char *name;
} pull;

static int on_progress(const tael_progress *p, void *user)
{
    pull *u = user;
    char what[160];
    bool verifying = p->stage && strcmp(p->stage, "verifying") == 0;
    if (verifying)
        snprintf(what, sizeof what, TAEL_SAY("%s: verifying", "%s：校验中"), u->name);
    else
        snprintf(what, sizeof what, TAEL_SAY("%s from %s", "%s，来自 %s"), u->name, p->source ? p->source : "?");
    progress_show(&u->bar, what, p->done_bytes, p->total_bytes, p->bytes_per_second, p->seconds_left);
    return interrupted();
}

static tael_status run(request *r)
{
    pull u = {0};
    char pulled[208];
    tael_pull_result result = {0};
    const char *wish = getenv("TAEL_MODEL");
    const char *name = r->argument_count > 0 ? r->arguments[0] : wish && *wish && !strchr(wish, '/') ? wish : NULL;
    u.name = name ? name : TAEL_SAY("the recommended model", "推荐的模型");
    signal(SIGPIPE, SIG_IGN); /* a connection that breaks is an error, not an end */
    progress_begin(&u.bar, r);
    tael_status status = tael_pull(r->home, name, on_progress, &u, &result);
    progress_end(&u.bar);
    if (status != TAEL_OK) return status;
    tael__pulled_name(pulled, sizeof pulled, &result);
    if (r->json) return out_json(r, tael__pulled_json(&result));
    char size[32];
    out_size(size, sizeof size, result.bytes);
    printf(result.already ? TAEL_SAY("%s is installed already: %s (%s)\n", "%s 已安装：%s（%s）\n")
                          : TAEL_SAY("%s is installed: %s (%s)\n", "%s 安装完成：%s（%s）\n"),
           pulled, result.path, size);
    return TAEL_OK;
}

const command command_pull = {
    .verb = "pull",
    .usage = "[NAME]",
    .what = {"fetch a model of the catalogue", "下载目录中的模型"},
    .more = {"Sources are tried in order; a download that was cut off goes on where it stopped; the checksum decides.\n"
             "Without NAME: $TAEL_MODEL, else the recommended one. TAEL_PROGRESS=lines prints progress as "
             "lines.",
             "依次尝试各来源；中断的下载会接着进行；以校验和为准。\n"
             "不带 NAME 时用 $TAEL_MODEL，否则为推荐的模型。TAEL_PROGRESS=lines 以逐行方式显示进度。"},
    .options = options,
    .most = 1,
    .polls = true,
    .run = run,
};
