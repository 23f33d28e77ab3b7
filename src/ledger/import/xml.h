// SPDX-License-Identifier: Apache-2.0
/* The XML inside workbooks, read as a stream. Names come without their prefix, text in UTF-8; document types, and with
 * them entities of any kind, are refused: no program writes them into a workbook. */
#ifndef TAEL__LEDGER_IMPORT_XML_H
#define TAEL__LEDGER_IMPORT_XML_H

#include <string.h>

#include "base/memory.h"

struct XML_ParserStruct;

/* What a part of a workbook does with its elements. A status other than TAEL_OK ends the reading. */
typedef struct tael__xml_reader {
    tael_status (*begin)(void *user, const char *element, const char *const *attributes);
    tael_status (*end)(void *user, const char *element);
    tael_status (*text)(void *user, const char *text, size_t bytes); /* in pieces; may be NULL */
} tael__xml_reader;

typedef struct tael__xml {
    struct XML_ParserStruct *parser;
    const tael__xml_reader *reader;
    void *user;
    const char *file, *part; /* for sentences: the file and which part of the workbook; borrowed */
    uint32_t depth;
    size_t quiet_bytes; /* put since the last element or text */
    tael_status status; /* of the first call that failed */
} tael__xml;

tael_status tael__xml_open(tael__xml *xml, const tael__xml_reader *reader, void *user, const char *file,
                           const char *part);
void tael__xml_close(tael__xml *xml);

/* The next bytes; none of them ends the document. TAEL_CORRUPT: it isn't well formed; or what the reader returned. */
tael_status tael__xml_put(tael__xml *xml, const char *data, size_t bytes);

static inline bool tael__xml_is(const char *element, const char *name)
{
    return strcmp(element, name) == 0;
}

/* The value of an attribute, or NULL. */
const char *tael__xml_attribute(const char *const *attributes, const char *name);

/* The sentence and the status for a part that isn't what it should be. */
tael_status tael__fail_part(const char *file, const char *part) __attribute__((cold));

#endif
