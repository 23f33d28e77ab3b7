// SPDX-License-Identifier: Apache-2.0
// `tael serve`: the model for many clients over HTTP. Ctrl-C and SIGTERM let what has begun finish; a second one ends
// at once.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "passphrase.h"
#include "serve/server.h"

#define DEFAULT_PORT  8765
#define DRAIN_SECONDS 30 /* as long as systemd and Kubernetes wait by default, or less */

static const option options[] = {
    MODEL_OPTION,
    LORA_OPTION,
    {"host", 0, OPTION_TEXT, "ADDRESS", 0, 0, {"listen there (default 127.0.0.1)", "监听地址（默认 127.0.0.1）"}},
    {"port",
     'p',
     OPTION_INTEGER,
     "N",
     0,
     65535,
     {"listen at this port (default 8765; 0: any free one)", "监听端口（默认 8765；0 为任意空闲端口）"}},
    {"key-file",
     0,
     OPTION_TEXT,
     "FILE",
     0,
     0,
     {"ask for one of the keys in FILE, one a line", "要求提供 FILE 中的密钥，每行一个"}},
    {"parallel",
     0,
     OPTION_INTEGER,
     "N",
     1,
     TAEL__MAX_SERVE_PARALLEL,
     {"at most N generations at once (default 16)", "最多同时生成 N 个（默认 16）"}},
    {"ctx",
     'c',
     OPTION_INTEGER,
     "N",
     16,
     TAEL__MAX_CONTEXT,
     {"context of each in tokens (default 4096)", "每个的上下文长度（默认 4096）"}},
    {"deadline",
     0,
     OPTION_INTEGER,
     "SECONDS",
     1,
     86400,
     {"give up a request after that long (default 600)", "请求超过该秒数即放弃（默认 600）"}},
    {"kv-q8",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"keep the context in 8 bits: half the memory, a little less exact", "以 8 位保存上下文：内存减半，精度略降"}},
    {"no-page",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"the model alone, without the page and the ledger", "只提供模型，不提供页面和账本"}},
    {"open", 0, OPTION_FLAG, NULL, 0, 0, {"open the page in a browser", "在浏览器中打开页面"}},
    THREADS_OPTION,
    {NULL},
};

/* The model's file without folder and ending: the name that clients ask for. */
static void name_of(char *name, size_t cap, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    size_t n = dot && strcmp(dot, ".gguf") == 0 ? (size_t)(dot - base) : strlen(base);
    if (n >= cap) n = cap - 1;
    memcpy(name, base, n);
    name[n] = '\0';
}

/* The browser of whoever sits here; without one the address was printed. */
static void open_browser(const char *page)
{
    static const char *const openers[] = {"xdg-open", "open"};
    pid_t child;
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        char *arguments[] = {(char *)(uintptr_t)openers[i], (char *)(uintptr_t)page, NULL};
        posix_spawn_file_actions_t quiet;
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
        int failed = posix_spawnp(&child, openers[i], &quiet, NULL, arguments, environ);
        posix_spawn_file_actions_destroy(&quiet);
        if (failed == 0) return;
    }
}

static tael_status say_ready(request *r, const tael__server *server, const char *model)
{
    const char *page = tael__server_page(server), *address = tael__server_address(server);
    if (r->json)
        TAEL_TRY(out_json(r, json_pack("{s:s,s:i,s:o,s:o}", "address", address, "port", (int)tael__server_port(server),
                                       "model", out_text(model), "page", *page ? out_text(page) : json_null())));
    else if (model)
        printf(TAEL_SAY("%s serves at %s (Ctrl-C ends it)\n", "%s 已在 %s 提供服务（Ctrl-C 结束）\n"), model, address);
    else
        printf(TAEL_SAY("no model is installed yet: the page alone is served (Ctrl-C ends it)\n",
                        "尚未安装模型：只提供页面（Ctrl-C 结束）\n"));
    if (*page && !r->json) printf(TAEL_SAY("your page: %s\n", "您的页面：%s\n"), page);
    fflush(stdout);
    if (*page && option_given(r, "open")) open_browser(page);
    return TAEL_OK;
}

static tael_status serve(request *r, const tael__server_options *o)
{
    sigset_t ending, before;
    tael__server *server = NULL;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, &before); /* the service's threads inherit it: this one alone is told */
    tael_status status = tael__server_start(&server, o);
    if (status == TAEL_OK) status = say_ready(r, server, o->model_name);
    while (status == TAEL_OK && !interrupted()) sigsuspend(&before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (status == TAEL_OK && !tael__server_drain(server, DRAIN_SECONDS))
        status = tael__fail(TAEL_CANCELLED,
                            TAEL_SAY("serve: some requests were not finished after %d s; they were given up",
                                     "serve：部分请求在 %d 秒后仍未完成，已放弃"),
                            DRAIN_SECONDS);
    tael__server_stop(server);
    return status;
}

static tael_status run(request *r)
{
    char path[TAEL__MAX_PATH_BYTES], name[256];
    char passphrase[PASSPHRASE_BYTES] = "";
    tael_model *model = NULL;
    bool page = !option_given(r, "no-page"), is_protected = false;
    tael_status status = input_model(r, &model, path, sizeof path);
    bool none = status == TAEL_NOT_FOUND && page && !option_given(r, "model"); /* the page can fetch one */
    if (status != TAEL_OK && !none) return status;
    if (model) name_of(name, sizeof name, path);
    status = page ? tael_ledger_protected(r->home, &is_protected) : TAEL_OK;
    if (status == TAEL_OK && is_protected) status = passphrase_current(r, passphrase);
    tael__server_options o = {.model = model,
                              .model_name = model ? name : NULL,
                              .model_path = path,
                              .page = page,
                              .home = r->home,
                              .passphrase = passphrase,
                              .host = option_text(r, "host", NULL),
                              .port = (uint16_t)option_integer(r, "port", DEFAULT_PORT),
                              .key_file = option_text(r, "key-file", NULL),
                              .parallel = (uint32_t)option_integer(r, "parallel", 0),
                              .context_tokens = (uint32_t)option_integer(r, "ctx", 0),
                              .threads = (uint32_t)option_integer(r, "threads", 0),
                              .deadline_seconds = (uint32_t)option_integer(r, "deadline", 0),
                              .kv_q8 = option_given(r, "kv-q8")};
    if (status == TAEL_OK) status = serve(r, &o);
    passphrase_forget(passphrase);
    tael_model_close(model);
    return status;
}

const command command_serve = {
    .verb = "serve",
    .usage = "[-m MODEL] [--port N] [--open|--no-page]",
    .what = {"your page, and the model for many clients over HTTP", "打开您的页面，并通过 HTTP 为多个客户端提供模型"},
    .more =
        {"Addresses: /v1/chat/completions, completions, responses, embeddings, models, messages; /healthz, /metrics.\n"
         "On this machine it also serves your page, over the ledger; its address holds a secret and is for you alone.\n"
         "Without a key file it listens on this machine only. Ctrl-C lets what has begun finish.",
         "地址：/v1/ 下的 "
         "chat/completions、completions、responses、embeddings、models、messages；/healthz、/metrics。\n"
         "在本机上还提供您的页面（读取账本）；其地址含有密钥，仅供您本人使用。\n"
         "没有密钥文件时只监听本机。Ctrl-C 会等已开始的请求完成。"},
    .options = options,
    .polls = true,
    .run = run,
};
