// SPDX-License-Identifier: Apache-2.0
// Generate text: generate MODEL.gguf "a question". Build it with: cc generate.c $(pkg-config --cflags --libs tael)
#include <stdio.h>
#include <string.h>

#include <tael/tael.h>

static int on_piece(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)ids, (void)count, (void)user;
    fwrite(text, 1, bytes, stdout);
    return fflush(stdout); /* not zero stops the generation */
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: %s MODEL.gguf QUESTION\n", argv[0]), 2;
    tael_model *model = NULL;
    tael_session *session = NULL;
    char *prompt = NULL;
    tael_message message = {"user", argv[2]};
    tael_generate_options options = {.size = sizeof options, .max_tokens = 200, .greedy = true};
    tael_generation result;

    tael_status status = tael_model_open(&model, argv[1]);
    if (status == TAEL_OK) status = tael_session_open(&session, model, NULL);
    if (status == TAEL_OK) status = tael_chat_format(model, &message, 1, NULL, true, &prompt);
    if (status == TAEL_OK) status = tael_session_prompt(session, prompt, strlen(prompt), true);
    if (status == TAEL_OK) status = tael_session_generate(session, &options, on_piece, NULL, &result);
    if (status == TAEL_OK)
        printf("\n(%u tokens)\n", result.completion_tokens);
    else
        fprintf(stderr, "%s\n", tael_error());

    tael_free(prompt);
    tael_session_close(session);
    tael_model_close(model);
    return status != TAEL_OK;
}
