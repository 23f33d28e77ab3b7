// SPDX-License-Identifier: Apache-2.0
// A starting model of many buyers, and one buyer's own: next_item POPULATION.txt OWN.txt. Each line of a text is a name
// and the items that were bought, as numbers, oldest first. Who trains on the population never sees OWN.txt.
#include <stdio.h>

#include <tael/tael.h>

enum { WANTED = 5 };

static int on_epoch(const tael_sequence_progress *p, void *user)
{
    printf("%s, epoch %u: loss %.3f\n", (const char *)user, p->epoch, p->loss);
    return 0;
}

static tael_status train(tael_sequence **out, const char *path, const char *whose, const tael_sequence *from)
{
    tael_sequences *sequences;
    tael_status status = tael_sequences_read(&sequences, path);
    if (status != TAEL_OK) return status;
    tael_sequence_options options = {.size = sizeof options, .epochs = 3, .from = from, .progress = on_epoch};
    options.user = (void *)whose;
    status = tael_sequence_train(out, sequences, &options);
    tael_sequences_close(sequences);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: %s POPULATION.txt OWN.txt\n", argv[0]), 2;
    tael_sequence *start = NULL, *own = NULL;
    const uint32_t bought[] = {1, 2, 3}; /* lately, oldest first */
    uint32_t next[WANTED];
    size_t found = 0;

    tael_status status = train(&start, argv[1], "the population", NULL);      /* at the partner's */
    if (status == TAEL_OK) status = train(&own, argv[2], "the owner", start); /* on the device */
    if (status == TAEL_OK) status = tael_sequence_predict(own, bought, 3, WANTED, next, NULL, &found);
    for (size_t i = 0; i < found; i++) printf("next: item %u\n", next[i]);
    if (status != TAEL_OK) fprintf(stderr, "%s\n", tael_error());

    tael_sequence_close(own);
    tael_sequence_close(start);
    return status != TAEL_OK;
}
