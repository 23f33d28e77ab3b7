// SPDX-License-Identifier: Apache-2.0
/* OLE 2 compound files ([MS-CFB]): a file system in a file, which holds Excel's workbooks of 1993 to 2003, and those of
 * any age that have a password. */
#ifndef TAEL__LEDGER_IMPORT_OLE_H
#define TAEL__LEDGER_IMPORT_OLE_H

#include "base/memory.h"

/* An open file. Zero-initialise; free with tael__ole_close. */
typedef struct tael__ole {
    const char *file;    /* for sentences */
    const uint8_t *data; /* borrowed */
    size_t bytes;
    uint32_t sector_bytes, sector_count;
    uint32_t *next; /* owned: of each sector the one after it */
    size_t next_count;
    uint32_t *mini_next; /* owned: the same of the small sectors, which lie in a stream of their own */
    size_t mini_count;
    char *mini; /* owned: that stream */
    size_t mini_bytes;
    uint32_t directory; /* its first sector */
    uint32_t mini_cutoff;
} tael__ole;

bool tael__ole_like(const char *data, size_t bytes);

/* TAEL_CORRUPT: its tables contradict each other. */
tael_status tael__ole_open(tael__ole *ole, const char *file, const char *data, size_t bytes);
void tael__ole_close(tael__ole *ole);

/* The stream of that name (ASCII), wherever it lies: *out is the caller's (tael__free), NULL when there is none. */
tael_status tael__ole_read(const tael__ole *ole, const char *name, char **out, size_t *out_bytes);

#endif
