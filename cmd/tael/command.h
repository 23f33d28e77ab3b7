// SPDX-License-Identifier: Apache-2.0
/* What all commands share: how a command describes itself, what it is handed, and how it answers. A command is one file
 * with one `const command`; commands.inc lists them. It returns a tael_status with a sentence; main.c alone turns that
 * into the line on stderr, the JSON error and the exit status (TAEL_MISUSE is wrong usage, 2). */
#ifndef TAEL_COMMAND_H
#define TAEL_COMMAND_H

#include <stdio.h>

#include <jansson.h>
#include <tael/tael.h>

#include "base/limits.h"
#include "base/status.h"
#include "document/document.h"

typedef struct words {
    const char *en, *zh;
} words;

const char *say(words w); /* in the language of this run */

typedef enum option_kind {
    OPTION_FLAG, /* no value */
    OPTION_TEXT,
    OPTION_INTEGER, /* min..max */
    OPTION_REAL,    /* min..max */
    OPTION_DATE,    /* 2026-11-20 */
    OPTION_MONTH,   /* 2026-11 */
    OPTION_AMOUNT,  /* 12.34, read exactly: 1234 */
    OPTION_CHOICE   /* `value` lists them: "zh|en" */
} option_kind;

/* An option. A table of them ends with a NULL name. */
typedef struct option {
    const char *name; /* long, without the dashes */
    char letter;      /* short; 0: none */
    option_kind kind;
    const char *value; /* what stands for the value in the help; NULL for a flag */
    double min, max;   /* of integers and reals, inclusive */
    words what;
} option;

/* An option as it was given. */
typedef struct given {
    const option *option;
    const char *text; /* as typed; NULL for a flag */
    int64_t integer;  /* integers and amounts */
    double real;      /* integers and reals */
} given;

#define MAX_GIVEN 64 /* options on one command line; --stop may be given 16 times */

typedef struct command command;

typedef struct request {
    const command *command;
    char home[TAEL__MAX_PATH_BYTES];
    bool json, quiet;
    given given[MAX_GIVEN];
    size_t given_count;
    char **arguments; /* what is no option, in order; borrowed from argv */
    size_t argument_count;
    double started; /* tael__clock_seconds() as main began */
    bool answered;  /* the JSON document has been written */
} request;

typedef enum command_group { GROUP_MODELS, GROUP_MONEY, GROUP_COUNT } command_group;

struct command {
    const char *verb;
    const char *usage; /* arguments and the main options, as in the help's first line */
    words what;        /* one line */
    words more;        /* further paragraphs of the help, or NULL */
    const option *options;
    size_t least, most; /* number of arguments */
    bool polls;         /* looks at interrupted() or has a session to cancel: Ctrl-C lets it finish by itself */
    tael_status (*run)(request *r);
};

#define COMMAND(verb, group) extern const command command_##verb;
#include "commands.inc"
#undef COMMAND

/* ---- options.c ---- */

extern const option global_options[];

/* Read argv into *r: globals anywhere, the command, its options and arguments. *help: --help was given, or `help`.
 * *version: --version. TAEL_MISUSE says what to do. */
tael_status options_read(request *r, int argc, char **argv, bool *help, bool *version);
const command *command_named(const char *verb); /* NULL when there is none */

const given *option_last(const request *r, const char *name); /* NULL: not given */
bool option_given(const request *r, const char *name);
const char *option_text(const request *r, const char *name, const char *otherwise);
int64_t option_integer(const request *r, const char *name, int64_t otherwise);
double option_real(const request *r, const char *name, double otherwise);
/* Fills at most `cap` texts of a repeated option; returns how many. */
uint64_t list_limit(const request *r);
size_t option_texts(const request *r, const char *name, const char **texts, size_t cap);

/* Options that several commands take. */
/* How many rows a list shows: list_limit() reads it; 0: all. */
#define LIMIT_OPTION                                                                     \
    {                                                                                    \
        "limit", 0, OPTION_INTEGER, "N", 0, 1e9,                                         \
        {                                                                                \
            "at most N (default: 50 for people, all with --json; 0: all)",               \
                "最多 N 条（默认显示 50 条，--json 为全部；0 为全部）" \
        }                                                                                \
    }
#define MODEL_OPTION                                                                                                  \
    {                                                                                                                 \
        "model", 'm', OPTION_TEXT, "MODEL", 0, 0,                                                                     \
        {                                                                                                             \
            "a name of the catalogue, or the path of a GGUF file", "目录中的模型名，或 GGUF 文件的路径" \
        }                                                                                                             \
    }
#define LORA_OPTION                                                                                     \
    {                                                                                                   \
        "lora", 0, OPTION_TEXT, "FILE[:SCALE]", 0, 0,                                                   \
        {                                                                                               \
            "add a LoRA adapter; may be given several times", "加载 LoRA 适配器；可多次给出" \
        }                                                                                               \
    }
#define THREADS_OPTION                                                           \
    {                                                                            \
        "threads", 't', OPTION_INTEGER, "N", 1, TAEL__MAX_THREADS,               \
        {                                                                        \
            "threads (default: one a core)", "线程数（默认每核一个）" \
        }                                                                        \
    }

/* ---- help.c ---- */

void help_overview(FILE *out);
void help_command(FILE *out, const command *c);

/* ---- out.c ---- */

/* Write the one JSON document; takes the reference. NULL is TAEL_NO_MEMORY. */
tael_status out_json(request *r, json_t *document);
/* Values of documents, by the names that commands know them by. */
static inline json_t *out_text(const char *text)
{
    return tael__json_text(text);
}
static inline json_t *out_bytes(const char *text, size_t bytes)
{
    return tael__json_bytes(text, bytes);
}
static inline json_t *out_real(double value)
{
    return tael__json_real(value);
}
static inline json_t *out_id_list(const int64_t *ids, size_t count)
{
    return tael__json_ids(ids, count);
}
void out_error(request *r, tael_status status); /* the line on stderr, and the JSON */
bool out_terminal(FILE *f);
size_t out_width(const char *text); /* columns on a terminal; a Chinese character takes two */
/* `text` on one line in exactly `columns`: padded, or cut with an ellipsis; control characters become spaces. */
void out_cell(FILE *f, const char *text, size_t columns, bool right);
void out_line(FILE *f, const char *text);             /* one line: control characters become spaces */
void out_size(char *out, size_t cap, uint64_t bytes); /* "1.04 GB" */

/* ---- ledger.c ---- */

/* One record as a line for people. */
void record_print(const tael_record *record);

/* ---- money.c ---- */

/* "¥1,234.56", "-¥0.50", "USD 12.34", "JPY 1,200". cap of 48 is enough. */
void money_format(char *out, size_t cap, int64_t minor, const char *currency);
/* "12.34" or "1234" to 1234 or 123400: digits and at most two decimals, nothing else. */
bool money_parse(int64_t *minor, const char *text);

/* ---- progress.c ---- */

/* A bar on stderr: only on a terminal, and not with --quiet. TAEL_PROGRESS=lines gives plain lines instead, at most one
 * every five seconds, for scripts that a person watches. */
typedef struct progress {
    bool bar, lines, drawn;
    double began, shown;
} progress;
void progress_begin(progress *p, const request *r);
void progress_show(progress *p, const char *what, uint64_t done, uint64_t total, double per_second,
                   double seconds_left);
void progress_end(progress *p);

/* ---- signals.c ---- */

void signals_install(const request *r);
bool interrupted(void);
void signals_forget(void);                   /* the Ctrl-C has been obeyed */
void signals_session(tael_session *session); /* what Ctrl-C cancels; NULL: nothing */

/* ---- input.c ---- */

/* All arguments joined by spaces, or standard input for "-". *out is the caller's (tael__free). */
tael_status input_text(const request *r, char **out, size_t *bytes);
/* The model of -m, else the default one, with the adapters of --lora. */
tael_status input_model(const request *r, tael_model **out, char *path, size_t cap);
/* The ledger, made when it isn't there; read-only where the folder is. */
tael_status input_ledger(const request *r, tael_ledger **out);

#endif
