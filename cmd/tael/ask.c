// SPDX-License-Identifier: Apache-2.0
// `tael ask`: a question about the ledger. Prints the sentence, and under it the first rows that its figure comes from.
#include <inttypes.h>
#include <string.h>

#include "assistant/prefix.h"
#include "base/date.h"
#include "command.h"

static const option options[] = {
    MODEL_OPTION,
    {"today",
     0,
     OPTION_DATE,
     "DATE",
     0,
     0,
     {"answer as on this day (default: today in Shanghai)", "以这一天为今天（默认为上海的今天）"}},
    {"after",
     0,
     OPTION_TEXT,
     "QUESTION",
     0,
     0,
     {"the question before, which this one may lean on", "上一个问题，本问题可承接它"}},
    {"explain", 0, OPTION_FLAG, NULL, 0, 0, {"show how the question was understood", "显示问题是如何理解的"}},
    THREADS_OPTION,
    {NULL},
};

enum { RECORDS_SHOWN = 5, LEANING_MINUTES = 30, QUESTION_BYTES = 2048 };

/* The rows of one figure, as the ledger is walked. */
typedef struct evidence {
    const tael_figure *figure;
    size_t shown;
} evidence;

static int print_if_of(const tael_record *record, void *user)
{
    evidence *e = user;
    for (size_t i = 0; i < e->figure->record_count; i++) {
        if (e->figure->records[i] != record->id) continue;
        record_print(record);
        e->shown++;
        break;
    }
    return e->shown == RECORDS_SHOWN || e->shown == e->figure->record_count;
}

static tael_status print_answer(request *r, tael_ledger *ledger, const tael_answer *a)
{
    puts(a->text ? a->text : "");
    if (option_given(r, "explain") && a->explanation) fputs(a->explanation, stdout);
    if (r->quiet || a->figure_count == 0 || a->figures[0].record_count == 0) return TAEL_OK;
    evidence e = {.figure = &a->figures[0]};
    TAEL_TRY(tael_ledger_records(ledger, NULL, 0, print_if_of, &e, NULL));
    if (e.figure->record_count > e.shown)
        printf(TAEL_SAY("%9s … %zu rows in all; --json names them\n", "%9s … 共 %zu 条记录；--json 列出全部\n"), "",
               e.figure->record_count);
    return TAEL_OK;
}

/* The name that a person knows the model by: as typed, or the file's without its folder. */
static const char *name_of(const request *r, const char *path)
{
    const char *slash = strrchr(path, '/');
    return option_text(r, "model", slash ? slash + 1 : path);
}

static tael_status run(request *r)
{
    char model_path[TAEL__MAX_PATH_BYTES], prefix[TAEL__MAX_PATH_BYTES], *question = NULL;
    tael_model *model = NULL;
    tael_ledger *ledger = NULL;
    tael_answer answer = {0};
    size_t bytes;
    TAEL_TRY(input_text(r, &question, &bytes));
    double began = tael__clock_seconds();
    tael_status status = TAEL_OK;
    if (strlen(question) != bytes) /* half a question would get a true answer to something else */
        status = tael__fail(TAEL_BAD_INPUT,
                            TAEL_SAY("QUESTION: it holds a NUL byte; take it out", "问题：含有 NUL 字节；请去掉"));
    if (status == TAEL_OK) status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = input_model(r, &model, model_path, sizeof model_path);
    double load_seconds = tael__clock_seconds() - began;
    if (status == TAEL_OK) {
        char before[QUESTION_BYTES] = "";
        if (!option_given(r, "after")) /* a question may lean on one that was asked a while ago, not on last week's */
            (void)tael_ledger_noted(ledger, "question", LEANING_MINUTES * 60000LL, before, sizeof before);
        bool kept = tael__ask_prefix_path(prefix, sizeof prefix, r->home, model_path) ==
                    TAEL_OK; /* in a read-only home it just isn't kept */
        tael_ask_options o = {.size = sizeof o,
                              .today = option_text(r, "today", NULL),
                              .prefix_path = kept ? prefix : NULL,
                              .threads = (uint32_t)option_integer(r, "threads", 0),
                              .after = option_text(r, "after", before)};
        status = tael_ask(model, ledger, question, &o, &answer);
        if (status == TAEL_OK && strcmp(answer.route, "out_of_scope") != 0)
            (void)tael_ledger_note(ledger, "question", answer.question); /* without it the next one can't lean on it */
    }
    if (status == TAEL_OK && r->json)
        status = out_json(
            r, tael__answer_json(&answer, name_of(r, model_path), load_seconds, tael__clock_seconds() - r->started));
    else if (status == TAEL_OK)
        status = print_answer(r, ledger, &answer);
    tael_answer_free(&answer);
    tael_ledger_close(ledger);
    tael_model_close(model);
    tael__free(question);
    return status;
}

const command command_ask = {
    .verb = "ask",
    .usage = "QUESTION [-m MODEL] [--today DATE] [--after QUESTION] [--explain]",
    .what = {"answer a question from the ledger", "根据账本回答问题"},
    .more = {"Figures are computed from the ledger, never made up by the model; --json names the rows behind each.",
             "数字都由账本算出，绝不由模型编造；--json 会给出每个数字对应的记录。"},
    .options = options,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
