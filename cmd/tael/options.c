// SPDX-License-Identifier: Apache-2.0
// Reading the command line from the commands' own tables: --opt=value and --opt value, -mX and -m X, globals anywhere,
// `--` ends options, "-" is an argument. Values are checked here, so that no command sees a bad one.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "command.h"

const option global_options[] = {
    {"home", 0, OPTION_TEXT, "DIR", 0, 0, {"where Tael keeps its data", "数据文件夹"}},
    {"lang", 0, OPTION_CHOICE, "zh|en", 0, 0, {"language of the words for people", "界面语言"}},
    {"json", 0, OPTION_FLAG, NULL, 0, 0, {"one JSON document on standard output", "在标准输出给出一个 JSON 文档"}},
    {"passphrase-file",
     0,
     OPTION_TEXT,
     "F",
     0,
     0,
     {"the passphrase of a protected ledger is its first line", "受保护账本的口令为该文件第一行"}},
    {"quiet", 'q', OPTION_FLAG, NULL, 0, 0, {"no progress and no notes", "不显示进度和提示"}},
    {"help", 'h', OPTION_FLAG, NULL, 0, 0, {"this help", "显示帮助"}},
    {"version", 0, OPTION_FLAG, NULL, 0, 0, {"the version", "显示版本"}},
    {NULL},
};

static const command *const commands[] = {
#define COMMAND(verb, group) &command_##verb,
#include "commands.inc"
#undef COMMAND
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

const command *command_named(const char *verb)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->verb, verb) == 0) return commands[i];
    return NULL;
}

/* ---- "Did you mean": the nearest word by edit distance (Levenshtein 1966), at most a third of its length away. ----
 */

enum { WORD_MAX = 32 };

static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[WORD_MAX + 1];
    if (n > WORD_MAX || m > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

static void consider(const char *word, const char *typed, const char **best, size_t *best_distance)
{
    size_t d = distance(typed, word);
    if (d < *best_distance && d <= 1 + strlen(word) / 3) {
        *best = word;
        *best_distance = d;
    }
}

static tael_status unknown_command(const char *typed)
{
    const char *best = NULL;
    size_t best_distance = WORD_MAX;
    for (size_t i = 0; i < COMMAND_COUNT; i++) consider(commands[i]->verb, typed, &best, &best_distance);
    if (best)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%s: no such command; did you mean `%s`?", "%s：没有这个命令；是否想用 `%s`？"),
                          typed, best);
    return tael__fail(TAEL_MISUSE,
                      TAEL_SAY("%s: no such command; `tael help` lists them", "%s：没有这个命令；`tael help` 列出全部"),
                      typed);
}

static tael_status unknown_option(const request *r, const char *typed)
{
    const char *best = NULL, *verb = r->command ? r->command->verb : "";
    size_t best_distance = WORD_MAX;
    const option *const tables[] = {global_options, r->command ? r->command->options : NULL};
    for (size_t t = 0; t < 2; t++)
        for (const option *o = tables[t]; o && o->name; o++)
            consider(o->name, typed + strspn(typed, "-"), &best, &best_distance);
    if (best && strncmp(typed, "--", 2) == 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%s: no such option; did you mean --%s?", "%s：没有这个选项；是否想用 --%s？"),
                          typed, best);
    if (!r->command)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%s: no such option before a command; `tael help` shows them",
                                   "%s：命令之前没有这个选项；见 `tael help`"),
                          typed);
    return tael__fail(
        TAEL_MISUSE,
        TAEL_SAY("%s: no such option; `tael %s --help` lists them", "%s：没有这个选项；见 `tael %s --help`"), typed,
        verb);
}

/* ---- Values ---- */

static tael_status bad_value(const option *o, const char *text, const char *wanted)
{
    return tael__fail(TAEL_MISUSE, TAEL_SAY("--%s: \"%s\" does not fit; give %s", "--%s：“%s”不合要求；请给出%s"),
                      o->name, text, wanted);
}

static tael_status read_integer(given *g)
{
    const option *o = g->option;
    char wanted[80], *end;
    errno = 0;
    long long n = strtoll(g->text, &end, 10);
    bool good = end != g->text && *end == '\0' && errno == 0 && (double)n >= o->min && (double)n <= o->max;
    snprintf(wanted, sizeof wanted, TAEL_SAY("a whole number from %.0f to %.0f", "%.0f 到 %.0f 的整数"), o->min,
             o->max);
    if (!good) return bad_value(o, g->text, wanted);
    g->integer = n;
    g->real = (double)n;
    return TAEL_OK;
}

static tael_status read_real(given *g)
{
    const option *o = g->option;
    char wanted[80], *end;
    g->real = strtod(g->text, &end); /* the C locale: a point */
    bool good = end != g->text && *end == '\0' && isfinite(g->real) && g->real >= o->min && g->real <= o->max;
    snprintf(wanted, sizeof wanted, TAEL_SAY("a number from %g to %g", "%g 到 %g 的数"), o->min, o->max);
    return good ? TAEL_OK : bad_value(o, g->text, wanted);
}

static bool in_choices(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *c = choices; n > 0; c++) {
        size_t m = strcspn(c, "|");
        if (m == n && memcmp(c, text, n) == 0) return true;
        c += m;
        if (*c == '\0') break;
    }
    return false;
}

static bool month_fits(const char *text)
{
    char day[16];
    tael__date date;
    return strlen(text) == 7 && snprintf(day, sizeof day, "%s-01", text) == 10 && tael__date_parse(&date, day);
}

static tael_status read_value(given *g)
{
    tael__date date;
    switch (g->option->kind) {
    case OPTION_FLAG:
    case OPTION_TEXT: return TAEL_OK;
    case OPTION_INTEGER: return read_integer(g);
    case OPTION_REAL: return read_real(g);
    case OPTION_DATE:
        if (tael__date_parse(&date, g->text)) return TAEL_OK;
        return bad_value(g->option, g->text, TAEL_SAY("a day such as 2026-11-20", "日期，如 2026-11-20"));
    case OPTION_MONTH:
        if (month_fits(g->text)) return TAEL_OK;
        return bad_value(g->option, g->text, TAEL_SAY("a month such as 2026-11", "月份，如 2026-11"));
    case OPTION_AMOUNT:
        if (money_parse(&g->integer, g->text) && g->integer > 0) return TAEL_OK;
        return bad_value(g->option, g->text, TAEL_SAY("an amount above 0 such as 12.34", "大于 0 的金额，如 12.34"));
    case OPTION_CHOICE:
        if (in_choices(g->option->value, g->text)) return TAEL_OK;
        return bad_value(g->option, g->text, g->option->value);
    }
    return TAEL_OK;
}

/* ---- The line ---- */

/* The option that `name` (n bytes, long) or `letter` means, of the globals or the command's. */
static const option *find(const request *r, const char *name, size_t n, char letter)
{
    const option *const tables[] = {r->command ? r->command->options : NULL, global_options};
    for (size_t t = 0; t < 2; t++)
        for (const option *o = tables[t]; o && o->name; o++) {
            if (letter ? o->letter == letter : strlen(o->name) == n && memcmp(o->name, name, n) == 0) return o;
        }
    return NULL;
}

/* argv[*i] is an option: read it, and its value from argv[*i + 1] where that holds it. */
static tael_status read_option(request *r, int argc, char **argv, int *i)
{
    const char *typed = argv[*i], *value = NULL;
    const option *o;
    if (typed[1] == '-') {
        size_t n = strcspn(typed + 2, "=");
        o = find(r, typed + 2, n, 0);
        if (typed[2 + n] == '=') value = typed + 2 + n + 1;
    } else {
        o = find(r, NULL, 0, typed[1]);
        if (typed[2] != '\0') value = typed + 2;
    }
    if (!o) return unknown_option(r, typed);
    if (o->kind == OPTION_FLAG && value)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--%s: it takes no value; leave it out", "--%s：不带值；请去掉"),
                          o->name);
    if (o->kind != OPTION_FLAG && !value) {
        if (*i + 1 >= argc)
            return tael__fail(TAEL_MISUSE, TAEL_SAY("--%s: its value is missing; give %s", "--%s：缺少值；请给出 %s"),
                              o->name, o->value);
        value = argv[++*i];
    }
    if (r->given_count == MAX_GIVEN)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("--%s: more than %d options; give fewer", "--%s：选项超过 %d 个；请减少"), o->name,
                          MAX_GIVEN);
    given *g = &r->given[r->given_count];
    *g = (given){.option = o, .text = value};
    TAEL_TRY(read_value(g));
    r->given_count++;
    return TAEL_OK;
}

static tael_status check_arguments(const request *r)
{
    const command *c = r->command;
    if (!c) return TAEL_OK;
    if (r->argument_count < c->least)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%s: something is missing; usage: tael %s %s", "%s：缺少参数；用法：tael %s %s"),
                          c->verb, c->verb, c->usage);
    if (r->argument_count > c->most)
        return tael__fail(
            TAEL_MISUSE,
            TAEL_SAY("%s: %zu arguments are too many; usage: tael %s %s", "%s：%zu 个参数太多；用法：tael %s %s"),
            c->verb, r->argument_count, c->verb, c->usage);
    return TAEL_OK;
}

/* `help` or `help COMMAND`, or a command. */
static tael_status read_command(request *r, const char *word, bool *help)
{
    if (!*help && strcmp(word, "help") == 0) {
        *help = true;
        return TAEL_OK;
    }
    r->command = command_named(word);
    return r->command ? TAEL_OK : unknown_command(word);
}

tael_status options_read(request *r, int argc, char **argv, bool *help, bool *version)
{
    bool ended = false;
    r->arguments = argv; /* arguments move to the front of argv: never ahead of where we read */
    for (int i = 1; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0)
            ended = true;
        else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0')
            TAEL_TRY(read_option(r, argc, argv, &i));
        else if (!r->command)
            TAEL_TRY(read_command(r, argv[i], help));
        else
            r->arguments[r->argument_count++] = argv[i];
    }
    r->json = option_given(r, "json");
    r->quiet = option_given(r, "quiet");
    *help = *help || option_given(r, "help");
    *version = option_given(r, "version");
    if (*version || *help) return TAEL_OK;
    if (!r->command && r->json)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("command: none is given; `tael help` lists them", "命令：没有给出；见 `tael help`"));
    TAEL_TRY(check_arguments(r));
    return tael__home(r->home, sizeof r->home, option_text(r, "home", NULL));
}

/* ---- For the commands ---- */

const given *option_last(const request *r, const char *name)
{
    for (size_t i = r->given_count; i-- > 0;)
        if (strcmp(r->given[i].option->name, name) == 0) return &r->given[i];
    return NULL;
}

bool option_given(const request *r, const char *name)
{
    return option_last(r, name) != NULL;
}

const char *option_text(const request *r, const char *name, const char *otherwise)
{
    const given *g = option_last(r, name);
    return g ? g->text : otherwise;
}

int64_t option_integer(const request *r, const char *name, int64_t otherwise)
{
    const given *g = option_last(r, name);
    return g ? g->integer : otherwise;
}

double option_real(const request *r, const char *name, double otherwise)
{
    const given *g = option_last(r, name);
    return g ? g->real : otherwise;
}

uint64_t list_limit(const request *r)
{
    return (uint64_t)option_integer(r, "limit", r->json ? 0 : 50);
}

size_t option_texts(const request *r, const char *name, const char **texts, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < r->given_count && n < cap; i++)
        if (strcmp(r->given[i].option->name, name) == 0) texts[n++] = r->given[i].text;
    return n;
}
