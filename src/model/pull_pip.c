// SPDX-License-Identifier: Apache-2.0
// The package registry's own client as a child process: `pip download`, by package name, with whatever index, mirror or
// proxy its user has set up. It is kept out of the terminal (its words go to a log beside the download), works in a
// folder of ours, so that what has arrived can be measured there, and dies with us.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/file.h"
#include "model/pull.h"

#define POLL_MS      50
#define MEASURE_SECS 0.2
#define TERM_SECS    2.0 /* from asking it to stop to making it */
#define MAX_DEPTH    8   /* of pip's folders; three were seen */
#define LOG_NAME     "client.log"

extern char **environ;

/* ---- Its folder ---- */

/* Adds up the sizes of all files below `path`, removing them if asked to. */
static uint64_t visit(const char *path, int depth, bool clear)
{
    char below[TAEL__MAX_PATH_BYTES];
    uint64_t bytes = 0;
    struct stat st;
    DIR *dir = depth < MAX_DEPTH ? opendir(path) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below) continue;
        if (lstat(below, &st) != 0) continue;
        if (S_ISDIR(st.st_mode))
            bytes += visit(below, depth + 1, clear);
        else if (S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_size;
        if (clear && !S_ISDIR(st.st_mode)) unlink(below);
    }
    if (dir) closedir(dir);
    if (clear) rmdir(path);
    return bytes;
}

void tael__folder_clear(const char *path)
{
    visit(path, 0, true);
}

static bool find_wheel(const char *folder, char *wheel, size_t cap)
{
    bool found = false;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
        size_t n = strlen(entry->d_name);
        found = n > 4 && strcmp(entry->d_name + n - 4, ".whl") == 0 &&
                snprintf(wheel, cap, "%s/%s", folder, entry->d_name) < (int)cap;
    }
    if (dir) closedir(dir);
    return found;
}

/* ---- The child ---- */

/* The program on $PATH, as execve wants it. */
static bool on_path(char *program, size_t cap, const char *name)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        size_t n = strcspn(at, ":");
        bool fits = n > 0 && snprintf(program, cap, "%.*s/%s", (int)n, at, name) < (int)cap;
        struct stat st;
        if (fits && access(program, X_OK) == 0 && stat(program, &st) == 0 && S_ISREG(st.st_mode)) return true;
        at += n + (at[n] == ':');
    }
    return false;
}

/* Ours with TMPDIR pointed at the folder that is measured. The array is the caller's, the texts are borrowed. */
static char **child_environment(char *tmpdir)
{
    size_t n = 0, kept = 0;
    while (environ && environ[n]) n++;
    char **env = tael__alloc_array(n + 2, sizeof *env);
    if (!env) return NULL;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "TMPDIR=", 7) != 0) env[kept++] = environ[i];
    env[kept] = tmpdir;
    return env;
}

/* Between fork and exec only calls that are safe in a child of a threaded program. */
static void child(const char *program, char *const *argv, char *const *env, int log, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);
    setpgid(0, 0); /* a Ctrl-C is ours to handle; and it can be ended with its own children */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
    execve(program, argv, env);
    _exit(127);
}

/* What has arrived is asked of the folder now and then; done never goes down. */
static tael_status tell_arrived(tael__pull *p, double *measured_at, uint64_t *arrived, uint64_t base, uint64_t expected)
{
    double now = tael__clock_seconds();
    if (now - *measured_at >= MEASURE_SECS) {
        char folder[TAEL__MAX_PATH_BYTES + 8];
        snprintf(folder, sizeof folder, "%s/tmp", p->temp);
        uint64_t bytes = visit(folder, 0, false);
        if (bytes > expected) bytes = expected;
        if (bytes > *arrived) *arrived = bytes;
        *measured_at = now;
    }
    return tael__pull_tell(p, "downloading", base + *arrived);
}

static int stop_child(pid_t pid)
{
    int status = 0;
    double since = tael__clock_seconds();
    kill(-pid, SIGTERM);
    while (waitpid(pid, &status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
        if (tael__clock_seconds() - since > TERM_SECS) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            break;
        }
    }
    kill(-pid, SIGKILL); /* whoever of its group is left */
    return status;
}

/* Runs it to the end. *code: its exit status, 127 when it couldn't be started. */
static tael_status run_child(tael__pull *p, const char *program, char *const *argv, uint64_t base, uint64_t expected,
                             int *code)
{
    char log_path[TAEL__MAX_PATH_BYTES + 32], tmpdir[TAEL__MAX_PATH_BYTES + 32];
    snprintf(log_path, sizeof log_path, "%s/%s", p->temp, LOG_NAME);
    snprintf(tmpdir, sizeof tmpdir, "TMPDIR=%s/tmp", p->temp);
    char **env = child_environment(tmpdir);
    if (!env) return tael__fail_memory(argv[0], sizeof environ);
    int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), status = 0;
    if (log < 0) {
        tael__free(env);
        return tael__fail_errno(TAEL_SAY("writing failed", "写入失败"), log_path, errno);
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) child(program, argv, env, log, parent);
    int error = errno;
    close(log);
    tael__free(env);
    if (pid < 0) return tael__fail_errno(TAEL_SAY("starting it failed", "启动失败"), program, error);
    setpgid(pid, pid); /* both sides do it, so neither has to wait for the other */

    tael_status told = TAEL_OK;
    double measured_at = 0;
    uint64_t arrived = 0;
    pid_t ended;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        told = tell_arrived(p, &measured_at, &arrived, base, expected);
        if (told != TAEL_OK) break;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    if (told != TAEL_OK) stop_child(pid);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return told;
}

/* ---- What it said ---- */

/* The last line of its log that says ERROR, else the last line; without its own prefix. */
static void last_words(const tael__pull *p, char *words, size_t cap, bool *disk_full, bool *no_pip)
{
    char path[TAEL__MAX_PATH_BYTES + 32], line[512];
    bool is_error = false;
    snprintf(path, sizeof path, "%s/%s", p->temp, LOG_NAME);
    snprintf(words, cap, "%s", TAEL_SAY("it says nothing", "没有输出"));
    *disk_full = *no_pip = false;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strstr(line, "No space left on device")) *disk_full = true;
        if (strstr(line, "No module named pip")) *no_pip = true;
        bool error = strncmp(line, "ERROR: ", 7) == 0;
        if (line[0] && (error || !is_error)) snprintf(words, cap, "%.150s", error ? line + 7 : line);
        is_error |= error;
    }
    if (file) fclose(file);
    for (char *c = words; *c; c++)
        if ((unsigned char)*c < ' ' || *c == ';') *c = ' ';
}

static tael_status fail_client(const tael__pull *p, const char *package, bool *no_pip)
{
    char words[160];
    bool disk_full;
    last_words(p, words, sizeof words, &disk_full, no_pip);
    if (disk_full)
        return tael__fail(TAEL_NO_SPACE,
                          TAEL_SAY("%s: the disk filled up while %s was fetched; free some space and try again",
                                   "%s：下载 %s 时磁盘已满；请腾出空间后重试"),
                          p->model->name, package);
    return tael__fail(TAEL_NETWORK,
                      TAEL_SAY("pip could not fetch %s: %s; check the connection and pip's settings",
                               "pip 无法获取 %s：%s；请检查网络和 pip 设置"),
                      package, words);
}

static tael_status make_folders(const tael__pull *p, char *dest, size_t cap)
{
    char tmp[TAEL__MAX_PATH_BYTES];
    tael__folder_clear(p->temp);
    TAEL_TRY(tael__path_join(tmp, sizeof tmp, p->temp, "tmp"));
    TAEL_TRY(tael__folder_make(tmp));
    TAEL_TRY(tael__path_join(dest, cap, p->temp, "wheel"));
    return tael__folder_make(dest);
}

tael_status tael__pip_download(tael__pull *p, const char *package, const char *version, bool proven, uint64_t base,
                               uint64_t expected, char *wheel, size_t cap)
{
    static const char *const names[] = {"pip3", "pip", "python3"}; /* the last as `python3 -m pip` */
    char program[TAEL__MAX_PATH_BYTES], dest[TAEL__MAX_PATH_BYTES], wanted[256];
    bool no_pip = true;
    TAEL_TRY(make_folders(p, dest, sizeof dest));
    snprintf(wanted, sizeof wanted, "%s==%s", package, version);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!on_path(program, sizeof program, names[i])) continue;
        /* A registry that never answered is given up within 5 s; one that did may be waited for. */
        const char *argv[] = {names[i],
                              "-m",
                              "pip",
                              "download",
                              "--quiet",
                              "--no-deps",
                              "--no-cache-dir",
                              "--no-input",
                              "--disable-pip-version-check",
                              "--progress-bar",
                              "off",
                              "--only-binary",
                              ":all:",
                              "--timeout",
                              proven ? "30" : "5",
                              "--retries",
                              proven ? "3" : "0",
                              "--dest",
                              dest,
                              wanted,
                              NULL};
        const char **from = argv;
        if (strcmp(names[i], "python3") != 0) {
            from = argv + 2;
            from[0] = names[i];
        }
        int code = 0;
        TAEL_TRY(run_child(p, program, (char *const *)(uintptr_t)from, base, expected, &code));
        if (code == 0 && find_wheel(dest, wheel, cap)) return TAEL_OK;
        if (code == 126 || code == 127) continue; /* a shim without a program behind it */
        tael_status status = fail_client(p, package, &no_pip);
        if (!no_pip) return status;
    }
    return tael__fail(TAEL_NETWORK, TAEL_SAY("pip is not installed; install python3-pip to fetch packages",
                                             "未安装 pip；请安装 python3-pip 以获取软件包"));
}
