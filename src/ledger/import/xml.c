// SPDX-License-Identifier: Apache-2.0
// expat with an end to everything: depth, the size of a tag, and no document types.
#include "ledger/import/xml.h"

#include <expat.h>
#include <string.h>

#include "base/limits.h"

#define PUT_BYTES ((size_t)1 << 15) /* at once: an unfinished tag is read anew with each, at most 8 times */

tael_status tael__fail_part(const char *file, const char *part)
{
    return tael__fail(TAEL_CORRUPT,
                      TAEL_SAY("%s: the workbook is damaged (%s); open it, save it again and import that",
                               "%s：工作簿已损坏（%s）；请打开后重新保存再导入"),
                      file, part);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *tael__xml_attribute(const char *const *attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcmp(local_name(attributes[i]), name) == 0) return attributes[i + 1];
    return NULL;
}

/* expat may still call a handler or two after it was stopped: nothing reaches the reader after its first failure. */
static void stop(tael__xml *xml, tael_status status)
{
    if (status == TAEL_OK || xml->status != TAEL_OK) return;
    xml->status = status;
    XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL on_begin(void *user, const XML_Char *name, const XML_Char **attributes)
{
    tael__xml *xml = user;
    xml->quiet_bytes = 0;
    if (xml->status != TAEL_OK) return;
    if (++xml->depth > TAEL__MAX_XML_DEPTH)
        stop(xml, tael__fail_part(xml->file, xml->part));
    else
        stop(xml, xml->reader->begin(xml->user, local_name(name), (const char *const *)attributes));
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    tael__xml *xml = user;
    xml->quiet_bytes = 0;
    if (xml->status != TAEL_OK) return;
    xml->depth--;
    stop(xml, xml->reader->end(xml->user, local_name(name)));
}

static void XMLCALL on_text(void *user, const XML_Char *text, int bytes)
{
    tael__xml *xml = user;
    xml->quiet_bytes = 0;
    if (xml->status == TAEL_OK && xml->reader->text) stop(xml, xml->reader->text(xml->user, text, (size_t)bytes));
}

static void XMLCALL on_document_type(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                                     int internal)
{
    tael__xml *xml = user;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(xml, tael__fail_part(xml->file, xml->part));
}

tael_status tael__xml_open(tael__xml *xml, const tael__xml_reader *reader, void *user, const char *file,
                           const char *part)
{
    static const XML_Memory_Handling_Suite memory = {tael__alloc, tael__realloc, tael__free};
    *xml = (tael__xml){.reader = reader, .user = user, .file = file, .part = part};
    xml->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!xml->parser) return tael__fail_memory("XML", 0);
    XML_SetUserData(xml->parser, xml);
    XML_SetElementHandler(xml->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_document_type);
    return TAEL_OK;
}

void tael__xml_close(tael__xml *xml)
{
    if (xml->parser) XML_ParserFree(xml->parser);
    *xml = (tael__xml){0};
}

static tael_status put(tael__xml *xml, const char *data, size_t bytes)
{
    xml->quiet_bytes += bytes;
    enum XML_Status parsed = XML_Parse(xml->parser, data, (int)bytes, bytes == 0);
    if (xml->status != TAEL_OK) return xml->status;
    if (parsed == XML_STATUS_ERROR)
        xml->status = XML_GetErrorCode(xml->parser) == XML_ERROR_NO_MEMORY ? tael__fail_memory("XML", bytes)
                                                                           : tael__fail_part(xml->file, xml->part);
    else if (xml->quiet_bytes > TAEL__MAX_XML_TOKEN_BYTES)
        xml->status = tael__fail_part(xml->file, xml->part);
    return xml->status;
}

tael_status tael__xml_put(tael__xml *xml, const char *data, size_t bytes)
{
    if (xml->status != TAEL_OK) return xml->status;
    do {
        size_t n = bytes < PUT_BYTES ? bytes : PUT_BYTES;
        TAEL_TRY(put(xml, data, n));
        data += n;
        bytes -= n;
    } while (bytes > 0);
    return TAEL_OK;
}
