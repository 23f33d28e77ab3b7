// SPDX-License-Identifier: Apache-2.0
// The model's part: a question in, its query as JSON out.
#include <stddef.h>
#include <string.h>

#include "assistant/internal.h"
#include "base/limits.h"

enum { CONTEXT_TOKENS = 3072, MAX_PLAN_TOKENS = 256 };

/* The question with T1, T2 for its times: the model needs to know that they are there, not what they are. A prompt's
 * special tokens are honoured as text, so "<|" of a question is parted: asking can't end the user's turn and begin
 * another. */
static tael_status mask_times(tael__buffer *out, const tael__job *job)
{
    size_t at = 0, mark = 0, bytes = strlen(job->question);
    while (at < bytes) {
        const tael__period *here = NULL;
        for (size_t i = 0; i < job->when.count; i++)
            if (job->when.periods[i].at == at && job->when.periods[i].bytes > 0) here = &job->when.periods[i];
        if (here) {
            tael__buffer_format(out, "T%zu", ++mark);
            at += here->bytes;
        } else if (job->question[at] == '<' && job->question[at + 1] == '|') {
            tael__buffer_text(out, "< ");
            at++;
        } else {
            tael__buffer_append(out, job->question + at++, 1);
        }
    }
    return out->failed;
}

static int keep_text(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)ids;
    (void)count;
    return tael__buffer_append(user, text, bytes) != TAEL_OK;
}

/* The instructions' state comes from `path` or is computed and kept there; failing to keep it costs time only. */
static tael_status prompt_instructions(tael_session *session, const char *text, const char *path)
{
    if (path && tael_session_load(session, path) == TAEL_OK) return TAEL_OK;
    TAEL_TRY(tael_session_prompt(session, text, strlen(text), true));
    if (path) (void)tael_session_save(session, path);
    return TAEL_OK;
}

static tael_status converse(tael_session *session, const tael_model *model, const tael__job *job,
                            const tael_ask_options *options, tael__buffer *json, tael_generation *timing)
{
    char *fixed = NULL, *whole = NULL;
    tael__buffer instructions = {.max = TAEL__MAX_PROMPT_BYTES}, question = {.max = TAEL__MAX_PROMPT_BYTES};
    tael__plan_instructions(&instructions);
    tael__buffer_text(&question, "Q: ");
    tael_status status = mask_times(&question, job);
    if (status == TAEL_OK) status = instructions.failed;
    if (status != TAEL_OK) goto done;
    tael_message messages[] = {{"system", instructions.data}, {"user", question.data}};
    status = tael_chat_format(model, messages, 1, NULL, false, &fixed);
    if (status == TAEL_OK) status = tael_chat_format(model, messages, 2, NULL, true, &whole);
    if (status == TAEL_OK) status = prompt_instructions(session, fixed, options->prefix_path);
    if (status == TAEL_OK) status = tael_session_prompt(session, whole, strlen(whole), true);
    if (status == TAEL_OK) {
        tael_generate_options generate = {
            .size = sizeof generate, .max_tokens = MAX_PLAN_TOKENS, .greedy = true, .schema = tael__plan_schema()};
        status = tael_session_generate(session, &generate, keep_text, json, timing);
    }
    if (status == TAEL_OK) status = json->failed;
done:
    tael_free(fixed);
    tael_free(whole);
    tael__buffer_free(&instructions);
    tael__buffer_free(&question);
    return status;
}

tael_status tael__prompt_plan(const tael_model *model, const tael__job *job, const tael_ask_options *options,
                              tael__buffer *json, tael_generation *timing)
{
    tael_session *session = NULL;
    tael_session_options how = {.size = sizeof how, .context_tokens = CONTEXT_TOKENS, .threads = options->threads};
    TAEL_TRY(tael_session_open(&session, model, &how));
    bool told = options->size > offsetof(tael_ask_options, user) && options->session;
    if (told) options->session(session, options->user);
    tael_status status = converse(session, model, job, options, json, timing);
    if (told) options->session(NULL, options->user);
    tael_session_close(session);
    return status;
}
