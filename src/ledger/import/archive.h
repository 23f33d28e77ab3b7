// SPDX-License-Identifier: Apache-2.0
/* A zip in memory, read member by member through libzip, with an end to how many and how much. */
#ifndef TAEL__LEDGER_IMPORT_ARCHIVE_H
#define TAEL__LEDGER_IMPORT_ARCHIVE_H

#include "base/memory.h"

struct zip;

typedef struct tael__archive {
    struct zip *zip;
    const char *file;     /* its name, for sentences; borrowed */
    const char *password; /* NULL: none; borrowed */
    uint64_t members;
    uint64_t *left; /* bytes that may still be unpacked, of everything in the file at hand; borrowed */
} tael__archive;

/* Whether the bytes begin as a zip does, an empty one too. */
bool tael__archive_like(const char *data, size_t bytes);

/* `data` and the texts must outlive the archive. TAEL_CORRUPT: it is no whole zip; TAEL_LIMIT: too many members. */
tael_status tael__archive_open(tael__archive *archive, const char *file, const char *data, size_t bytes,
                               const char *password, uint64_t *left);
void tael__archive_close(tael__archive *archive);

/* The name as it stands there, in whatever encoding; "" when it can't be had. Valid until close. */
const char *tael__archive_name(tael__archive *archive, uint64_t member);
bool tael__archive_protected(tael__archive *archive, uint64_t member);

/* The member of that path, without regard to case and to which slash parts it, as OPC wants it. */
bool tael__archive_find(tael__archive *archive, const char *path, uint64_t *member);

/* The member's bytes, block by block; a status other than TAEL_OK from `each` ends it. TAEL_BAD_KEY: the password is
 * missing or wrong; TAEL_CORRUPT: it is damaged; TAEL_LIMIT: more than may be unpacked. */
typedef tael_status tael__archive_block(const char *data, size_t bytes, void *user);
tael_status tael__archive_stream(tael__archive *archive, uint64_t member, tael__archive_block *each, void *user);

/* All of them; *out is the caller's (tael__free). */
tael_status tael__archive_read(tael__archive *archive, uint64_t member, char **out, size_t *bytes);

tael_status tael__archive_fail_protected(const tael__archive *archive) __attribute__((cold));

#endif
