// SPDX-License-Identifier: Apache-2.0
// Values that JSON can't hold as they are: names that are no UTF-8, numbers that are none.
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "document/document.h"

json_t *tael__json_bytes(const char *text, size_t bytes)
{
    if (tael__utf8_valid(text, bytes)) return json_stringn(text, bytes);
    tael__buffer clean = {.max = SIZE_MAX / 2};
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        char utf8[4];
        at += tael__utf8_decode(text + at, bytes - at, &code, NULL);
        tael__buffer_append(&clean, utf8, tael__utf8_encode(utf8, code));
    }
    json_t *string = clean.failed == TAEL_OK ? json_stringn(clean.data, clean.size) : NULL;
    tael__buffer_free(&clean);
    return string;
}

json_t *tael__json_text(const char *text)
{
    return text ? tael__json_bytes(text, strlen(text)) : json_null();
}

json_t *tael__json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *tael__json_ids(const int64_t *ids, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_integer((json_int_t)ids[i]));
    return list;
}

json_t *tael__json_category(int32_t id)
{
    const char *name = tael_category_name(id, tael_get_language());
    return *name ? json_string(name) : json_null();
}
