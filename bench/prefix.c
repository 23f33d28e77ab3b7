// SPDX-License-Identifier: Apache-2.0
// What a saved prefix saves: prefix MODEL THREADS TOKENS FILE. Without FILE it prompts that many tokens and saves their
// state there; with it, it loads the state, prompts a question and takes one token. Prints the milliseconds from BEGAN
// (in the environment) to that token, and the token's id, which must not depend on how the prefix came.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tael/tael.h>

static int first_token(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)text, (void)bytes;
    if (count > 0) *(int32_t *)user = ids[0];
    return 0;
}

/* Since BEGAN, which the caller set just before it started us: seconds of CLOCK_BOOTTIME. */
static double process_milliseconds(void)
{
    const char *began = getenv("BEGAN");
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6 - (began ? atof(began) * 1e3 : 0);
}

int main(int argc, char **argv)
{
    static const char words[] = " the of and to in is for on that by with as at from or it";
    tael_model *model;
    tael_session *session;
    tael_generation result;
    int32_t id = -1;
    if (argc != 5) return 2;
    size_t tokens = (size_t)atoi(argv[3]), bytes = tokens * 3 + 8;
    tael_session_options o = {
        .size = sizeof o, .context_tokens = (uint32_t)tokens + 64, .threads = (uint32_t)atoi(argv[2])};
    tael_generate_options g = {.size = sizeof g, .greedy = true, .max_tokens = 1};
    if (tael_model_open(&model, argv[1]) || tael_session_open(&session, model, &o)) goto failed;
    if (tael_session_load(session, argv[4]) != TAEL_OK) {
        char *text = calloc(1, bytes);
        for (size_t i = 0; text && i < tokens; i++) memcpy(text + 3 * i, i % 2 ? " of" : " to", 3);
        if (!text || tael_session_prompt(session, text, 3 * tokens, false) || tael_session_save(session, argv[4]))
            goto failed;
        free(text);
    }
    uint32_t held = tael_session_position(session);
    if (tael_session_prompt(session, words, sizeof words - 1, false)) goto failed;
    if (tael_session_generate(session, &g, first_token, &id, &result)) goto failed;
    printf("{\"ms\": %.1f, \"held\": %u, \"prompted\": %u, \"id\": %d}\n", process_milliseconds(), held,
           result.prompt_tokens, (int)id);
    tael_session_close(session);
    tael_model_close(model);
    return 0;
failed:
    fprintf(stderr, "prefix: %s\n", tael_error());
    return 1;
}
