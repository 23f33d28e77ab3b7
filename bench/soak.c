// SPDX-License-Identifier: Apache-2.0
// Does it grow? soak MODEL THREADS SECONDS: sessions and batches come and go, with prompts of all lengths, speculation,
// schemas, saved states and cancels, for so long. Prints tokens and resident memory as it goes; exit 1 when the last
// quarter holds more than the second one did and 16 MB.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tael/tael.h>

static unsigned long long seed = 20261124, tokens_made;

static unsigned next(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double resident_megabytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*s %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static size_t make_prompt(char *text, size_t room)
{
    static const char *const words[] = {"the ",  "bill ",  "of ", "coffee ", "was ",
                                        "paid ", "twice ", "on ", "Monday ", "and "};
    size_t bytes = 0, words_wanted = 1 + next(300);
    for (size_t i = 0; i < words_wanted && bytes + 16 < room; i++) {
        const char *word = words[next(10)];
        memcpy(text + bytes, word, strlen(word));
        bytes += strlen(word);
    }
    return bytes;
}

static int stop_by_chance(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)text, (void)bytes, (void)ids, (void)user;
    tokens_made += count;
    return next(400) == 0;
}

static tael_generate_options make_options(void)
{
    tael_generate_options o = {.size = sizeof o, .max_tokens = 1 + next(96), .greedy = next(2), .seed = 1 + next(1000)};
    if (next(6) == 0)
        o.schema = "{\"type\":\"object\",\"properties\":{\"sum\":{\"type\":\"integer\"}},\"required\":[\"sum\"]}";
    return o;
}

static tael_status one_session(const tael_model *model, unsigned threads, const char *state)
{
    char text[4096];
    tael_session *session;
    tael_session_options o = {.size = sizeof o, .context_tokens = 1024, .threads = threads, .kv_q8 = next(2)};
    tael_status status = tael_session_open(&session, model, &o);
    for (unsigned turn = next(4); status == TAEL_OK && turn < 4; turn++) {
        tael_generate_options g = make_options();
        status = tael_session_prompt(session, text, make_prompt(text, sizeof text), next(2));
        if (status == TAEL_OK && next(8) == 0) status = tael_session_save(session, state);
        if (status == TAEL_OK) status = tael_session_generate(session, &g, stop_by_chance, NULL, NULL);
        if (status == TAEL_CONTEXT_FULL) status = tael_session_rewind(session, 0);
        if (status == TAEL_OK && next(8) == 0 && tael_session_load(session, state) != TAEL_OK) unlink(state);
    }
    tael_session_close(session);
    return status;
}

static tael_status one_batch(const tael_model *model, unsigned threads)
{
    char text[4096];
    tael_batch *batch;
    size_t busy = 1;
    tael_batch_options o = {.size = sizeof o, .context_tokens = 768, .sequences = 1 + next(16), .threads = threads};
    tael_status status = tael_batch_open(&batch, model, &o);
    for (unsigned left = 24; status == TAEL_OK && (left > 0 || busy > 0);) {
        uint64_t id = 0;
        tael_generate_options g = make_options();
        if (left > 0 && next(3) == 0) {
            status = tael_batch_add(batch, text, make_prompt(text, sizeof text), &g, stop_by_chance, NULL, NULL, &id);
            left--;
        }
        if (status == TAEL_OK && next(50) == 0) tael_batch_cancel(batch, id);
        if (status == TAEL_OK) status = tael_batch_step(batch, &busy);
    }
    tael_batch_close(batch);
    return status;
}

/* Rounds until the time is over; the most resident memory of each quarter. */
static int run_rounds(const tael_model *model, unsigned threads, double length, const char *state, double quarter[4])
{
    unsigned rounds = 0;
    double began = now_seconds(), told = 0;
    for (double at; (at = now_seconds() - began) < length; rounds++) {
        tael_status status = next(2) ? one_session(model, threads, state) : one_batch(model, threads);
        if (status != TAEL_OK) return fprintf(stderr, "soak: round %u: %s\n", rounds, tael_error()), 1;
        double *most = &quarter[(int)(at / length * 4)], megabytes = resident_megabytes();
        if (megabytes > *most) *most = megabytes;
        if (at - told < 30) continue;
        told = at;
        printf("%6.0f s %6u rounds %9llu tokens %8.1f MB\n", at, rounds, tokens_made, megabytes);
        fflush(stdout);
    }
    printf("%.0f s, %u rounds, %llu tokens; most resident by quarters: %.1f %.1f %.1f %.1f MB\n", length, rounds,
           tokens_made, quarter[0], quarter[1], quarter[2], quarter[3]);
    return quarter[3] > quarter[1] + 16;
}

int main(int argc, char **argv)
{
    tael_model *model;
    double quarter[4] = {0};
    const char *base = getenv("TMPDIR");
    char state[512];
    if (argc != 4 || tael_model_open(&model, argv[1]) != TAEL_OK) return fprintf(stderr, "soak: %s\n", tael_error()), 2;
    snprintf(state, sizeof state, "%s/tael-soak-XXXXXX", base && *base ? base : "/tmp");
    int file = mkstemp(state);
    if (file < 0) return perror(state), 2;
    close(file);
    int failed = run_rounds(model, (unsigned)atoi(argv[2]), atof(argv[3]), state, quarter);
    unlink(state);
    tael_model_close(model);
    return failed;
}
