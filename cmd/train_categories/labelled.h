// SPDX-License-Identifier: Apache-2.0
/* Labelled rows for training and for measuring: seed.tsv and the tests' held_out.tsv. Nothing of the owner's comes this
 * way. */
#ifndef TAEL__LABELLED_H
#define TAEL__LABELLED_H

#include "habits/internal.h"

typedef struct tael__labelled_row {
    tael_record record; /* its texts are in the file's */
    int32_t category_id;
    int index; /* in tael_categories() */
} tael__labelled_row;

typedef struct tael__labelled {
    tael__labelled_row *rows;
    size_t count;
    char *text;
} tael__labelled;

/* Reads a table "key merchant item category direction type source yuan hour" with tabs and a header. TAEL_BAD_INPUT
 * names the line. Free it in any case. */
tael_status tael__labelled_read(tael__labelled *out, const char *path);
void tael__labelled_free(tael__labelled *rows);

/* A hash of the merchant without branch and channel, else of the item: rows of one brand are kept together. */
uint32_t tael__labelled_brand(const tael__labelled_row *row);

#endif
