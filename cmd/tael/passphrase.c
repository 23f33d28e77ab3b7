// SPDX-License-Identifier: Apache-2.0
// The passphrase of the ledger: from a file, the environment, or the terminal without echo.
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "passphrase.h"

void passphrase_forget(char passphrase[PASSPHRASE_BYTES])
{
    explicit_bzero(passphrase, PASSPHRASE_BYTES);
}

static tael_status too_long(void)
{
    return tael__fail(
        TAEL_LIMIT,
        TAEL_SAY("passphrase: it has more than %d bytes; choose a shorter one", "口令：超过 %d 字节；请换短一些的"),
        PASSPHRASE_BYTES - 1);
}

/* The first line of the file. */
static tael_status read_file(char passphrase[PASSPHRASE_BYTES], const char *path)
{
    char *text;
    size_t bytes;
    TAEL_TRY(tael__file_read(&text, &bytes, path, 65536));
    size_t n = strcspn(text, "\r\n");
    tael_status status = TAEL_OK;
    if (n < PASSPHRASE_BYTES) {
        memcpy(passphrase, text, n);
        passphrase[n] = '\0';
    } else {
        status = too_long();
    }
    explicit_bzero(text, bytes);
    tael__free(text);
    if (status == TAEL_OK && n == 0)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: its first line is empty; write the passphrase there", "%s：第一行为空；请写入口令"), path);
    return status;
}

/* One line from the terminal. Signals' keys come as characters meanwhile, so that Ctrl-C can't leave it without echo.
 */
static tael_status read_terminal(char passphrase[PASSPHRASE_BYTES], const char *prompt)
{
    enum { CANCEL = 3, END = 4, BACKSPACE = 8, DELETE = 127 };
    struct termios was, quiet;
    size_t n = 0;
    char c = 0;
    if (tcgetattr(STDIN_FILENO, &was) != 0)
        return tael__fail(TAEL_IO, TAEL_SAY("passphrase: the terminal doesn't answer; use --passphrase-file",
                                            "口令：终端无响应；请使用 --passphrase-file"));
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG | ICANON);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    fputs(prompt, stderr);
    fflush(stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    while (n < PASSPHRASE_BYTES && read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && c != CANCEL && c != END) {
        if (c != BACKSPACE && c != DELETE)
            passphrase[n++] = c;
        else
            while (n > 0 && ((unsigned char)passphrase[--n] & 0xC0) == 0x80) continue; /* all bytes of a character */
    }
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    if (n == PASSPHRASE_BYTES) return too_long();
    passphrase[n] = '\0';
    if (c == '\n' && n > 0) return TAEL_OK;
    return tael__fail(TAEL_CANCELLED, TAEL_SAY("passphrase: none was given", "口令：未输入"));
}

tael_status passphrase_current(const request *r, char passphrase[PASSPHRASE_BYTES])
{
    const char *file = option_text(r, "passphrase-file", NULL), *value = getenv("TAEL_PASSPHRASE");
    passphrase[0] = '\0';
    if (file) return read_file(passphrase, file);
    if (value && strlen(value) >= PASSPHRASE_BYTES) return too_long();
    if (value) memcpy(passphrase, value, strlen(value) + 1);
    if (value || !isatty(STDIN_FILENO) || !out_terminal(stderr)) return TAEL_OK; /* the library says what is missing */
    return read_terminal(passphrase, TAEL_SAY("Passphrase of the ledger: ", "账本口令："));
}

tael_status passphrase_new(const request *r, const char *name, const char *variable, char passphrase[PASSPHRASE_BYTES])
{
    char again[PASSPHRASE_BYTES];
    const char *file = option_text(r, name, NULL), *value = getenv(variable);
    if (file) return read_file(passphrase, file);
    if (value && *value) {
        if (strlen(value) >= PASSPHRASE_BYTES) return too_long();
        memcpy(passphrase, value, strlen(value) + 1);
        return TAEL_OK;
    }
    if (!isatty(STDIN_FILENO) || !out_terminal(stderr))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("key: there is no terminal to ask on; give --%s F or %s",
                                   "密钥：没有终端可供输入；请给出 --%s F 或 %s"),
                          name, variable);
    TAEL_TRY(read_terminal(passphrase, TAEL_SAY("New passphrase: ", "新口令：")));
    TAEL_TRY(read_terminal(again, TAEL_SAY("The same again: ", "再输入一次：")));
    bool same = strcmp(passphrase, again) == 0;
    passphrase_forget(again);
    if (same) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("passphrase: the two differ; nothing was changed, try again",
                                               "口令：两次输入不一致；未作更改，请重试"));
}
