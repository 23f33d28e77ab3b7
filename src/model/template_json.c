// SPDX-License-Identifier: Apache-2.0
// Python's spelling of JSON: ", " and ": " between, letters unescaped, and the shortest decimal that reads back as the
// same double, in plain form for exponents from -4 to 15 (float.__repr__).
#include "model/template_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static tael_status write_text(const char *text, size_t bytes, tael__buffer *out)
{
    static const char names[] = "\"\\\n\r\t\f\b", letters[] = "\"\\nrtfb";
    tael__buffer_text(out, "\"");
    for (size_t i = 0, from = 0; i <= bytes; i++) {
        bool plain = i < bytes && (uint8_t)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\';
        if (plain) continue;
        tael__buffer_append(out, text + from, i - from);
        from = i + 1;
        if (i == bytes) break;
        const char *name = text[i] ? strchr(names, text[i]) : NULL;
        if (name)
            tael__buffer_format(out, "\\%c", letters[name - names]);
        else
            tael__buffer_format(out, "\\u%04x", (unsigned)(uint8_t)text[i]);
    }
    return tael__buffer_text(out, "\"");
}

static tael_status write_real(double value, tael__buffer *out)
{
    char text[40], digits[24];
    int precision = 0;
    do snprintf(text, sizeof text, "%.*e", precision, value);
    while (strtod(text, NULL) != value && ++precision < 17);
    /* "-d.ddde+xx" into sign, digits and exponent */
    const char *p = text;
    size_t n = 0;
    if (*p == '-') tael__buffer_append(out, p++, 1);
    for (; *p && *p != 'e'; p++)
        if (*p != '.') digits[n++] = *p;
    int exponent = *p ? atoi(p + 1) : 0;
    if (exponent < -4 || exponent >= 16) {
        tael__buffer_append(out, digits, 1);
        if (n > 1) tael__buffer_format(out, ".%.*s", (int)n - 1, digits + 1);
        return tael__buffer_format(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    }
    if (exponent < 0) return tael__buffer_format(out, "0.%.*s%.*s", -exponent - 1, "000", (int)n, digits);
    size_t whole = (size_t)exponent + 1;
    for (size_t i = 0; i < whole; i++) tael__buffer_append(out, i < n ? &digits[i] : "0", 1);
    return tael__buffer_format(out, ".%.*s", n > whole ? (int)(n - whole) : 1, n > whole ? digits + whole : "0");
}

/* Between two items, before the first or after the last. `step` 0: all on one line. */
static tael_status write_break(unsigned step, unsigned depth, tael__buffer *out)
{
    return step ? tael__buffer_format(out, "\n%*s", (int)(step * depth), "") : out->failed;
}

static tael_status write_value(const json_t *value, unsigned step, unsigned depth, tael__buffer *out);

static tael_status write_object(const json_t *value, unsigned step, unsigned depth, tael__buffer *out)
{
    const char *key;
    json_t *item;
    size_t n = 0;
    tael__buffer_text(out, "{");
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        if (n++) tael__buffer_text(out, step ? "," : ", ");
        write_break(step, depth, out);
        write_text(key, strlen(key), out);
        tael__buffer_text(out, ": ");
        TAEL_TRY(write_value(item, step, depth + 1, out));
    }
    if (n) write_break(step, depth - 1, out);
    return tael__buffer_text(out, "}");
}

static tael_status write_array(const json_t *value, unsigned step, unsigned depth, tael__buffer *out)
{
    json_t *item;
    size_t i;
    tael__buffer_text(out, "[");
    json_array_foreach(value, i, item)
    {
        if (i) tael__buffer_text(out, step ? "," : ", ");
        write_break(step, depth, out);
        TAEL_TRY(write_value(item, step, depth + 1, out));
    }
    if (i) write_break(step, depth - 1, out);
    return tael__buffer_text(out, "]");
}

/* `depth`: 1 for the outermost. */
static tael_status write_value(const json_t *value, unsigned step, unsigned depth, tael__buffer *out)
{
    if (depth > TAEL__MAX_JSON_DEPTH)
        return tael__fail(
            TAEL_LIMIT,
            TAEL_SAY("tools: nested deeper than %d levels; make them flatter", "工具：嵌套超过 %d 层；请减少层级"),
            TAEL__MAX_JSON_DEPTH);
    switch (json_typeof(value)) {
    case JSON_OBJECT: return write_object(value, step, depth, out);
    case JSON_ARRAY: return write_array(value, step, depth, out);
    case JSON_STRING: return write_text(json_string_value(value), json_string_length(value), out);
    case JSON_INTEGER: return tael__buffer_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL: return write_real(json_real_value(value), out);
    case JSON_TRUE: return tael__buffer_text(out, "true");
    case JSON_FALSE: return tael__buffer_text(out, "false");
    case JSON_NULL: break;
    }
    return tael__buffer_text(out, "null");
}

tael_status tael__template_json(const json_t *value, tael__buffer *out)
{
    return write_value(value, 0, 1, out);
}

tael_status tael__template_json_indented(const json_t *value, tael__buffer *out)
{
    return write_value(value, 4, 1, out);
}

tael_status tael__template_json_text(const char *text, tael__buffer *out)
{
    return write_text(text, strlen(text), out);
}
