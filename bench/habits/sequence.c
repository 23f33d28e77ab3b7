// SPDX-License-Identifier: Apache-2.0
// Trains the next-item model on a text of sequences and scores it by leave-one-out: the second-last item chooses the
// epoch, the last is foretold. Prints a line an epoch to stderr, and one JSON document; writes the ten likeliest of
// each.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tael/habits.h>

#include "base/date.h"

static void die(tael_status status)
{
    if (status == TAEL_OK) return;
    fprintf(stderr, "bench: %s\n", tael_error());
    exit(1);
}

typedef struct seen {
    double began, seconds, limit, hit, ndcg;
    uint32_t epochs, best;
} seen;

static int watch(const tael_sequence_progress *p, void *user)
{
    seen *s = user;
    s->epochs++;
    s->seconds += p->seconds;
    if (p->best) {
        s->best = p->epoch;
        s->hit = p->hit;
        s->ndcg = p->ndcg;
    }
    fprintf(stderr, "epoch %3u: loss %.4f, validation HR@10 %.4f NDCG@10 %.4f, %.1f s%s\n", p->epoch, p->loss, p->hit,
            p->ndcg, p->seconds, p->best ? " *" : "");
    return 0;
}

static void write_predictions(const char *path, const tael_sequences *data, const uint32_t *next)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    fputc('{', f);
    for (size_t i = 0; i < tael_sequences_count(data); i++) {
        fprintf(f, "%s\"%s\":[", i ? ",\n" : "", tael_sequences_name(data, i, NULL));
        for (size_t k = 0; k < 10 && next[i * 10 + k]; k++) fprintf(f, "%s%u", k ? "," : "", next[i * 10 + k]);
        fputc(']', f);
    }
    fputs("}\n", f);
    if (fclose(f)) exit(1);
}

int main(int argc, char **argv)
{
    tael_sequence_options o = {.size = sizeof o, .held_out = 2, .progress = watch};
    seen s = {0};
    const char *predictions = NULL, *model_path = NULL;
    if (argc < 2) return 2;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        const struct {
            const char *name;
            uint32_t *whole;
            float *real;
        } known[] = {
            {"width", &o.width, NULL},     {"blocks", &o.blocks, NULL},     {"heads", &o.heads, NULL},
            {"length", &o.length, NULL},   {"batch", &o.batch, NULL},       {"epochs", &o.epochs, NULL},
            {"threads", &o.threads, NULL}, {"patience", &o.patience, NULL}, {"rate", NULL, &o.rate},
            {"decay", NULL, &o.decay},     {"dropout", NULL, &o.dropout},   {"temperature", NULL, &o.temperature}};
        bool taken = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (strcmp(known[k].name, name) == 0) {
                if (known[k].whole) *known[k].whole = (uint32_t)strtoul(value, NULL, 10);
                if (known[k].real) *known[k].real = strtof(value, NULL);
                taken = true;
            }
        if (strcmp(name, "seed") == 0)
            o.seed = strtoull(value, NULL, 10);
        else if (strcmp(name, "predictions") == 0)
            predictions = value;
        else if (strcmp(name, "checkpoint") == 0)
            o.checkpoint_path = value;
        else if (strcmp(name, "model") == 0)
            model_path = value;
        else if (!taken) {
            fprintf(stderr, "bench: no option %s\n", name);
            return 2;
        }
    }
    o.user = &s;
    tael_sequences *data;
    tael_sequence *model;
    tael_sequence_score score, validation;
    double began = tael__clock_seconds();
    die(tael_sequences_read(&data, argv[1]));
    die(tael_sequence_train(&model, data, &o));
    double trained = tael__clock_seconds() - began;
    uint32_t *next = calloc(tael_sequences_count(data), 10 * sizeof *next);
    if (!next) return 1;
    began = tael__clock_seconds();
    die(tael_sequence_evaluate(&validation, model, data, 2, o.threads, NULL));
    die(tael_sequence_evaluate(&score, model, data, 1, o.threads, next));
    if (predictions) write_predictions(predictions, data, next);
    if (model_path) die(tael_sequence_save(model, model_path));
    printf("{\"sequences\":%zu,\"items\":%u,\"epochs\":%u,\"best_epoch\":%u,\"seconds\":%.1f,\"seconds_an_epoch\":%.2f,"
           "\"validation\":{\"hr10\":%.4f,\"ndcg10\":%.4f},\"test\":{\"hr10\":%.4f,\"ndcg10\":%.4f,\"count\":%zu}}\n",
           tael_sequences_count(data), tael_sequences_items(data), s.epochs, s.best, trained,
           s.epochs ? s.seconds / s.epochs : 0, validation.hit, validation.ndcg, score.hit, score.ndcg, score.count);
    free(next);
    tael_sequence_close(model);
    tael_sequences_close(data);
    return 0;
}
