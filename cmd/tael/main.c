// SPDX-License-Identifier: Apache-2.0
// The command `tael`: finds what was asked for, runs it, and turns its status into words and an exit status. The only
// place that knows exit codes: 0 done, 1 it failed, 2 wrong usage.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "command.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

const char *say(words w)
{
    return tael_get_language() == TAEL_CHINESE ? w.zh : w.en;
}

/* The language before any option is read: a wrong option is answered in it. */
static tael_language language_of_environment(void)
{
    static const char *const names[] = {"TAEL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) return strncmp(value, "zh", 2) == 0 ? TAEL_CHINESE : TAEL_ENGLISH;
    }
    return TAEL_ENGLISH;
}

/* --lang and --json decide how even a wrong command line is answered, so they are looked for first. */
static void look_ahead(request *r, int argc, char **argv)
{
    tael_set_language(language_of_environment());
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *lang = strncmp(argv[i], "--lang=", 7) == 0              ? argv[i] + 7
                           : strcmp(argv[i], "--lang") == 0 && i + 1 < argc ? argv[i + 1]
                                                                            : NULL;
        if (lang && strcmp(lang, "zh") == 0) tael_set_language(TAEL_CHINESE);
        if (lang && strcmp(lang, "en") == 0) tael_set_language(TAEL_ENGLISH);
        if (strcmp(argv[i], "--json") == 0) r->json = true;
    }
}

/* A program that is started with a standard stream closed would get the next file that it opens as that stream, and
 * write its words into the store. Each closed one is filled with something that fails as a closed one does: reading
 * what is open for writing only, and the other way round. */
static void fill_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return;
}

static tael_status act(request *r, int argc, char **argv)
{
    bool help = false, version = false;
    TAEL_TRY(options_read(r, argc, argv, &help, &version));
    if (version) {
        if (r->json) return out_json(r, json_pack("{s:s}", "version", tael_version()));
        printf("tael %s\n", tael_version());
        return TAEL_OK;
    }
    if (help || !r->command) {
        if (r->command)
            help_command(stdout, r->command);
        else
            help_overview(stdout);
        return TAEL_OK;
    }
    signals_install(r);
    return r->command->run(r);
}

int main(int argc, char **argv)
{
    static request r; /* some 8 KB */
    fill_closed_streams();
    r.started = tael__clock_seconds();
    look_ahead(&r, argc, argv);
    tael_status status = act(&r, argc, argv);
    if (status == TAEL_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status =
            tael__fail_errno(TAEL_SAY("writing failed", "写入失败"), TAEL_SAY("standard output", "标准输出"), errno);
    if (status == TAEL_OK) return EXIT_DONE;
    out_error(&r, status);
    fflush(stdout);
    return status == TAEL_MISUSE ? EXIT_USAGE : EXIT_FAILED;
}
