// SPDX-License-Identifier: Apache-2.0
/* The JSON Schema that guides understand, written a second time and the plain way: over parsed values, not over bytes.
 * And random values that fit a schema. Both for tests only. */
#ifndef TAEL__TESTS_VALIDATOR_H
#define TAEL__TESTS_VALIDATOR_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/random.h"
#include "base/utf8.h"

static inline json_t *valid_target(json_t *root, const char *reference)
{
    if (strcmp(reference, "#") == 0) return root;
    return json_object_get(json_object_get(root, "$defs"), strrchr(reference, '/') + 1);
}

static inline size_t valid_characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static inline bool valid_type(const json_t *value, const char *type)
{
    if (strcmp(type, "object") == 0) return json_is_object(value);
    if (strcmp(type, "array") == 0) return json_is_array(value);
    if (strcmp(type, "string") == 0) return json_is_string(value);
    if (strcmp(type, "integer") == 0) return json_is_integer(value);
    if (strcmp(type, "number") == 0) return json_is_number(value);
    if (strcmp(type, "boolean") == 0) return json_is_boolean(value);
    return json_is_null(value);
}

static inline bool valid_count(json_t *schema, const char *least, const char *most, size_t n)
{
    json_t *a = json_object_get(schema, least), *b = json_object_get(schema, most);
    return (!a || n >= (size_t)json_integer_value(a)) && (!b || n <= (size_t)json_integer_value(b));
}

static inline bool valid(json_t *root, json_t *schema, json_t *value);

static inline bool valid_object(json_t *root, json_t *schema, json_t *value)
{
    json_t *properties = json_object_get(schema, "properties"), *one;
    const char *name;
    size_t i;
    json_object_foreach(value, name, one) if (!json_object_get(properties, name) ||
                                              !valid(root, json_object_get(properties, name), one)) return false;
    json_array_foreach(json_object_get(schema, "required"), i,
                       one) if (!json_object_get(value, json_string_value(one))) return false;
    return true;
}

static inline bool valid(json_t *root, json_t *schema, json_t *value)
{
    json_t *one, *rule;
    size_t i;
    bool any = false;
    if ((rule = json_object_get(schema, "$ref")))
        return valid(root, valid_target(root, json_string_value(rule)), value);
    if ((rule = json_object_get(schema, "anyOf"))) {
        json_array_foreach(rule, i, one) any |= valid(root, one, value);
        return any;
    }
    if ((rule = json_object_get(schema, "const")) && !json_equal(rule, value)) return false;
    if ((rule = json_object_get(schema, "enum"))) {
        json_array_foreach(rule, i, one) any |= json_equal(one, value);
        if (!any) return false;
    }
    if ((rule = json_object_get(schema, "type"))) {
        any = json_is_string(rule) && valid_type(value, json_string_value(rule));
        json_array_foreach(rule, i, one) any |= valid_type(value, json_string_value(one));
        if (!any) return false;
    }
    if (json_is_string(value))
        return valid_count(schema, "minLength", "maxLength", valid_characters(json_string_value(value)));
    if (json_is_number(value)) {
        double n = json_number_value(value);
        if ((rule = json_object_get(schema, "minimum")) && n < json_number_value(rule)) return false;
        if ((rule = json_object_get(schema, "maximum")) && n > json_number_value(rule)) return false;
        if ((rule = json_object_get(schema, "exclusiveMinimum")) && n <= json_number_value(rule)) return false;
        if ((rule = json_object_get(schema, "exclusiveMaximum")) && n >= json_number_value(rule)) return false;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, one) if (!valid(root, json_object_get(schema, "items"), one)) return false;
        return valid_count(schema, "minItems", "maxItems", json_array_size(value));
    }
    if (json_is_object(value) && (rule = json_object_get(schema, "additionalProperties")) && json_is_object(rule)) {
        const char *name;
        json_object_foreach(value, name, one) if (!valid(root, rule, one)) return false;
        return true;
    }
    return json_is_object(value) && json_object_get(schema, "properties") ? valid_object(root, schema, value) : true;
}

static inline uint64_t made_below(tael__random *r, uint64_t n)
{
    return tael__random_next(r) % n;
}

static inline json_t *made_string(json_t *schema, tael__random *r)
{
    static const char *const characters[] = {"a", "\"", "\\", "/", "\n", "\x01",        "\x7F",
                                             "é", "星", "😀",  " ", "}",  "\xEF\xBF\xBF"};
    json_t *least = json_object_get(schema, "minLength"), *most = json_object_get(schema, "maxLength");
    uint64_t low = least ? (uint64_t)json_integer_value(least) : 0,
             high = most ? (uint64_t)json_integer_value(most) : low + 30;
    uint64_t n = low + made_below(r, high - low + 1);
    char text[4096] = "";
    for (uint64_t i = 0; i < n && strlen(text) < sizeof text - 8; i++)
        strcat(text, characters[made_below(r, sizeof characters / sizeof characters[0])]);
    return json_string(text);
}

static inline json_t *made_integer(json_t *schema, tael__random *r)
{
    json_t *least = json_object_get(schema, "minimum"), *most = json_object_get(schema, "maximum");
    int64_t low = least ? (int64_t)ceil(json_number_value(least)) : -999999999999999999LL;
    int64_t high = most ? (int64_t)floor(json_number_value(most)) : 999999999999999999LL;
    if (json_object_get(schema, "exclusiveMinimum"))
        low = json_integer_value(json_object_get(schema, "exclusiveMinimum")) + 1;
    if (json_object_get(schema, "exclusiveMaximum"))
        high = json_integer_value(json_object_get(schema, "exclusiveMaximum")) - 1;
    uint64_t span = (uint64_t)high - (uint64_t)low + 1, pick = made_below(r, 4);
    return json_integer(pick == 0 ? low : pick == 1 ? high : (int64_t)((uint64_t)low + made_below(r, span)));
}

static inline json_t *made(json_t *root, json_t *schema, tael__random *r, int depth);

static inline json_t *made_of_type(json_t *root, json_t *schema, const char *type, tael__random *r, int depth)
{
    json_t *one, *out, *required = json_object_get(schema, "required");
    const char *name;
    size_t i;
    if (strcmp(type, "string") == 0) return made_string(schema, r);
    if (strcmp(type, "integer") == 0) return made_integer(schema, r);
    if (strcmp(type, "boolean") == 0) return json_boolean(made_below(r, 2));
    if (strcmp(type, "null") == 0) return json_null();
    if (strcmp(type, "number") == 0) {
        if (json_object_get(schema, "minimum")) return json_real((double)made_below(r, 400) / 4);
        return json_real((tael__random_unit(r) - 0.5) * pow(10, (double)made_below(r, 40) - 20));
    }
    if (strcmp(type, "array") == 0) {
        json_t *least = json_object_get(schema, "minItems"), *most = json_object_get(schema, "maxItems");
        uint64_t low = least ? (uint64_t)json_integer_value(least) : 0,
                 high = most ? (uint64_t)json_integer_value(most) : low + 3;
        uint64_t n = depth > 6 ? low : low + made_below(r, high - low + 1);
        out = json_array();
        while (n-- > 0) json_array_append_new(out, made(root, json_object_get(schema, "items"), r, depth + 1));
        return out;
    }
    out = json_object();
    for (uint64_t n = json_is_object(json_object_get(schema, "additionalProperties")) ? made_below(r, 4) : 0; n > 0;
         n--) {
        json_t *key = made_string(schema, r);
        json_object_set_new(out, json_string_value(key),
                            made(root, json_object_get(schema, "additionalProperties"), r, depth + 1));
        json_decref(key);
    }
    json_object_foreach(json_object_get(schema, "properties"), name, one)
    {
        bool needed = false;
        json_t *each;
        json_array_foreach(required, i, each) needed |= strcmp(json_string_value(each), name) == 0;
        if (needed || (depth < 6 && made_below(r, 2))) json_object_set_new(out, name, made(root, one, r, depth + 1));
    }
    return out;
}

/* A random value that fits, leaning to the schema's ends. Recursive schemas must have their way out first in anyOf. */
static inline json_t *made(json_t *root, json_t *schema, tael__random *r, int depth)
{
    json_t *rule;
    if ((rule = json_object_get(schema, "$ref")))
        return made(root, valid_target(root, json_string_value(rule)), r, depth);
    if ((rule = json_object_get(schema, "anyOf")))
        return made(root, json_array_get(rule, depth > 6 ? 0 : made_below(r, json_array_size(rule))), r, depth);
    if ((rule = json_object_get(schema, "const"))) return json_incref(rule);
    if ((rule = json_object_get(schema, "enum")))
        return json_incref(json_array_get(rule, made_below(r, json_array_size(rule))));
    rule = json_object_get(schema, "type");
    if (json_is_array(rule)) rule = json_array_get(rule, made_below(r, json_array_size(rule)));
    return made_of_type(root, schema, json_string_value(rule), r, depth);
}

#endif
