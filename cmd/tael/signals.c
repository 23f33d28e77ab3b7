// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM. A command that polls is told and finishes by itself; a second Ctrl-C, or a command that doesn't
// poll, ends the process at once: the store keeps itself whole through that (a crash is no worse), and what is said was
// made ready before, for a handler may only write.
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static volatile sig_atomic_t told, polls;
static tael_session *volatile current;
static char last_line[128], last_json[192]; /* written by the handler; set before it is installed */

static void write_whole(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0) return; /* there is nobody left to tell */
}

static void handle(int number)
{
    (void)number;
    tael_session *session = current;
    if (session) tael_session_cancel(session);
    if (!told && polls) {
        told = 1;
        return;
    }
    write_whole(STDERR_FILENO, last_line);
    write_whole(STDOUT_FILENO, last_json);
    _exit(1);
}

void signals_install(const request *r)
{
    const char *sentence = TAEL_SAY("cancelled; run it again to go on", "已取消；再次运行即可继续");
    polls = r->command->polls;
    snprintf(last_line, sizeof last_line, "%stael: %s\n", out_terminal(stderr) ? "\n" : "", sentence);
    if (r->json)
        snprintf(last_json, sizeof last_json, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
                 tael_status_name(TAEL_CANCELLED), sentence);
    struct sigaction action = {.sa_handler = handle};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL); /* no SA_RESTART: a read from the terminal ends */
    sigaction(SIGTERM, &action, NULL);
}

void signals_forget(void)
{
    told = 0;
}

bool interrupted(void)
{
    return told != 0;
}

void signals_session(tael_session *session)
{
    current = session;
}
