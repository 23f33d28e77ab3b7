// SPDX-License-Identifier: Apache-2.0
// Schemas that can't be followed are refused with a sentence that names the keyword and the place; hostile ones end
// quickly.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "generate/guide.h"
#include "support.h"
#include "vocabulary.h"

static vocabulary words;
static tael__guide_tokens *tokens;

static int make_tokens(void **state)
{
    (void)state;
    tael__token_source source = vocabulary_make(&words, 7);
    return tael__guide_tokens_open(&tokens, &source) == TAEL_OK ? 0 : -1;
}

static int free_tokens(void **state)
{
    (void)state;
    tael__guide_tokens_close(tokens);
    return 0;
}

static void refused(const char *schema, tael_status status, const char *keyword, const char *place)
{
    tael__guide *g = (tael__guide *)(uintptr_t)1;
    tael_status got = tael__guide_open_with(&g, schema, tokens);
    if (got != status)
        fail_msg("%.200s: wanted %s, got %s: %s", schema, tael_status_name(status), tael_status_name(got),
                 tael_error());
    assert_null(g);
    if (!strstr(tael_error(), keyword) || !strstr(tael_error(), place))
        fail_msg("%.200s: the sentence lacks %s or %s: %s", schema, keyword, place, tael_error());
}

static bool fits(const char *schema, const char *text)
{
    tael__guide *g;
    assert_ok(tael__guide_open_with(&g, schema, tokens));
    bool good = tael__guide_matches(g, text, strlen(text));
    tael__guide_close(g);
    return good;
}

static void a_keyword_that_cannot_guide_is_named_with_its_place(void **state)
{
    (void)state;
    refused("{\"type\":\"string\",\"pattern\":\"a*\"}", TAEL_UNSUPPORTED, "pattern", "#");
    refused("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"oneOf\":[]}}}}",
            TAEL_UNSUPPORTED, "oneOf", "#/properties/a/items");
    refused("{\"type\":\"array\",\"items\":{\"type\":\"null\"},\"uniqueItems\":true}", TAEL_UNSUPPORTED, "uniqueItems",
            "#");
    refused("{\"type\":\"integer\",\"multipleOf\":5}", TAEL_UNSUPPORTED, "multipleOf", "#");
    refused("{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\",\"patern\":\"x\"}]}", TAEL_UNSUPPORTED, "patern",
            "#/anyOf/1");
    refused("{\"$ref\":\"#/$defs/none\"}", TAEL_UNSUPPORTED, "$ref", "#");
    refused("{\"$ref\":\"https://example.org/x\"}", TAEL_UNSUPPORTED, "$ref", "#");
    refused("{\"anyOf\":[{\"type\":\"null\"}],\"type\":\"null\"}", TAEL_UNSUPPORTED, "type", "#");
    refused("{\"minLength\":3}", TAEL_UNSUPPORTED, "type", "#");
    refused("{\"type\":\"object\",\"required\":[\"a\"]}", TAEL_UNSUPPORTED, "required", "#");
}

static void a_schema_that_is_wrong_is_bad_input(void **state)
{
    (void)state;
    refused("", TAEL_BAD_INPUT, "line", "column");
    refused("{\"type\":", TAEL_BAD_INPUT, "line", "column");
    refused("[1]", TAEL_BAD_INPUT, "#", "");
    refused("{\"type\":\"strin\"}", TAEL_BAD_INPUT, "type", "#");
    refused("{\"type\":[]}", TAEL_BAD_INPUT, "type", "#");
    refused("{\"type\":\"string\",\"maxLength\":-1}", TAEL_BAD_INPUT, "maxLength", "#");
    refused("{\"type\":\"string\",\"maxLength\":1.5}", TAEL_BAD_INPUT, "maxLength", "#");
    refused("{\"type\":\"object\",\"properties\":[]}", TAEL_BAD_INPUT, "properties", "#");
    refused("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"}},\"required\":[3]}", TAEL_BAD_INPUT,
            "required", "#");
    refused("{\"anyOf\":[]}", TAEL_BAD_INPUT, "anyOf", "#");
    refused("{\"enum\":7}", TAEL_BAD_INPUT, "enum", "#");
    refused("{\"type\":\"object\",\"properties\":{\"a\":3}}", TAEL_BAD_INPUT, "#/properties/a", "");
}

static void a_schema_that_no_value_fits_is_refused_before_anything_is_generated(void **state)
{
    (void)state;
    refused("{\"type\":\"string\",\"minLength\":3,\"maxLength\":2}", TAEL_BAD_INPUT, "minLength", "#");
    refused("{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}", TAEL_BAD_INPUT, "minimum", "#");
    refused("{\"type\":\"integer\",\"minimum\":1e30}", TAEL_BAD_INPUT, "minimum", "#");
    refused("{\"type\":\"string\",\"enum\":[1,2]}", TAEL_BAD_INPUT, "enum", "#");
    refused("{\"enum\":[]}", TAEL_BAD_INPUT, "enum", "#");
    refused("{\"$ref\":\"#\"}", TAEL_BAD_INPUT, "never end", "");
    refused("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}", TAEL_BAD_INPUT, "never end", "");
    refused("{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}", TAEL_BAD_INPUT,
            "never end", "");
    refused("{\"type\":\"array\",\"items\":{\"$ref\":\"#\"},\"minItems\":1}", TAEL_BAD_INPUT, "never end", "");
    refused("{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}",
            TAEL_BAD_INPUT, "never end", "");
}

/* Names and values that no schema tells beforehand: a name is a string like any other, and what follows it a value. */
static void an_object_may_be_left_open(void **state)
{
    (void)state;
    const char *whole = "{\"a\":1,\"b\":{\"c\":[]},\"\\n\":[null,\"x\",{}],\"a\":-1.5e3}";
    const char *const any[] = {"{\"type\":\"object\",\"additionalProperties\":true}", "true", "{}",
                               "{\"description\":\"whatever\"}"};
    for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
        assert_true(fits(any[i], whole));
        assert_true(fits(any[i], "{}"));
        assert_false(fits(any[i], "{\"a\"}"));
        assert_false(fits(any[i], "{\"a\":}"));
        assert_false(fits(any[i], "{\"a\":1,}"));
        assert_false(fits(any[i], "{a:1}"));
        assert_false(fits(any[i], "{\"a\":1\"b\":2}"));
        assert_int_equal(fits(any[i], "[1]"), i > 0);
        assert_int_equal(fits(any[i], "true"), i > 0);
    }
    const char *counts = "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}";
    assert_true(fits(counts, "{\"a\":1,\"b\":22}"));
    assert_false(fits(counts, "{\"a\":\"1\"}"));
    assert_false(fits("{\"type\":\"object\"}", "{\"a\":1}"));
    assert_true(fits("{\"type\":\"array\"}", "[1,[2],{\"a\":null}]"));
    refused("false", TAEL_BAD_INPUT, "false", "#");
}

static void references_lead_where_json_pointers_say(void **state)
{
    (void)state;
    assert_true(fits("{\"$defs\":{\"a/b\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/a~1b\"}", "null"));
    assert_true(fits("{\"$defs\":{\"a~b\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/a~0b\"}", "null"));
    assert_true(fits("{\"$defs\":{\"a b\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/a%20b\"}", "null"));
    assert_true(fits("{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/anyOf/1\"}},{\"type\":\"boolean\"}]}",
                     "[true,false]"));
    assert_true(
        fits("{\"definitions\":{\"x\":{\"const\":1}},\"type\":\"array\",\"items\":{\"$ref\":\"#/definitions/x\"}}",
             "[1,1]"));
}

static void text_is_compact_in_the_schemas_order(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"integer\"},\"a\":{\"type\":"
                         "\"integer\"}},\"required\":[\"a\"]}";
    assert_true(fits(schema, "{\"b\":1,\"a\":2}"));
    assert_true(fits(schema, "{\"a\":2}"));
    assert_false(fits(schema, "{\"a\":2,\"b\":1}"));
    assert_false(fits(schema, "{\"b\":1}"));
    assert_false(fits(schema, "{ \"a\":2}"));
    assert_false(fits(schema, "{\"a\":2}\n"));
    assert_false(fits(schema, "{\"a\":2,\"a\":2}"));
    assert_false(fits(schema, "{\"a\":02}"));
    assert_false(fits(schema, "{\"a\":-0}"));
    assert_false(fits(schema, "{\"a\":2"));
}

static void strings_are_valid_utf8_and_count_characters(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"string\",\"minLength\":2,\"maxLength\":2}";
    assert_true(fits(schema, "\"\xE6\x98\x9F\xF0\x9F\x98\x80\""));
    assert_true(fits(schema, "\"\\u661f\\ud83d\\ude00\""));
    assert_true(fits(schema, "\"\\n\\\"\""));
    assert_false(fits(schema, "\"\xE6\x98\x9F\""));
    assert_false(fits(schema, "\"abc\""));
    assert_false(fits(schema, "\"a\xC0\x80\""));         /* overlong */
    assert_false(fits(schema, "\"a\xED\xA0\x80\""));     /* a surrogate */
    assert_false(fits(schema, "\"a\xF4\x90\x80\x80\"")); /* past U+10FFFF */
    assert_false(fits(schema, "\"a\xE6\x98\""));         /* cut */
    assert_false(fits(schema, "\"a\\ud83d\""));          /* half a pair */
    assert_false(fits(schema, "\"a\\ude00\""));
    assert_false(fits(schema, "\"a\\u0000\""));
    assert_false(fits(schema, "\"a\n\""));
    assert_false(fits(schema, "\"a\\x\""));
}

static void numbers_keep_their_bounds_exactly(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"integer\",\"minimum\":-105,\"maximum\":99}";
    for (int n = -2000; n <= 2000; n++) {
        char text[16];
        snprintf(text, sizeof text, "%d", n);
        assert_true(fits(schema, text) == (n >= -105 && n <= 99));
    }
    schema = "{\"type\":\"number\",\"exclusiveMinimum\":0,\"maximum\":0.29}";
    assert_true(fits(schema, "0.29") && fits(schema, "0.000001") && fits(schema, "0.1"));
    assert_false(fits(schema, "0") || fits(schema, "0.290001") || fits(schema, "-0.1") || fits(schema, "1") ||
                 fits(schema, "0.0"));
    assert_true(fits("{\"type\":\"integer\"}", "999999999999999999"));
    assert_false(fits("{\"type\":\"integer\"}", "9999999999999999999"));
}

/* `head` n times, then `middle`, then `tail` n times. */
static char *nested(const char *head, const char *middle, const char *tail, size_t n)
{
    char *text = calloc(1, n * (strlen(head) + strlen(tail)) + strlen(middle) + 1), *p = text;
    for (size_t i = 0; i < n; i++) p = stpcpy(p, head);
    p = stpcpy(p, middle);
    for (size_t i = 0; i < n; i++) p = stpcpy(p, tail);
    return text;
}

static void hostile_schemas_are_refused_or_followed_never_crash(void **state)
{
    (void)state;
    char *deep = nested("{\"type\":\"array\",\"items\":", "{\"type\":\"null\"}", "}", 500);
    refused(deep, TAEL_LIMIT, "deep", "#/items/items");
    free(deep);
    deep = nested("{\"anyOf\":[", "{\"type\":\"null\"}", "]}", 60);
    assert_true(fits(deep, "null"));
    free(deep);
    deep = nested("[", "", "]", 100000);
    refused(deep, TAEL_BAD_INPUT, "", "");
    free(deep);

    char *large = malloc(2000000), *p = stpcpy(large, "{\"enum\":[0");
    for (int i = 1; i < 100000; i++) p += sprintf(p, ",\"v%d\"", i);
    strcpy(p, "]}");
    assert_true(fits(large, "\"v99999\"") && fits(large, "0") && !fits(large, "\"v100000\""));

    p = stpcpy(large, "{\"anyOf\":[{\"type\":\"null\"}");
    for (int i = 1; i < 65; i++) p = stpcpy(p, ",{\"type\":\"null\"}");
    strcpy(p, "]}");
    refused(large, TAEL_LIMIT, "", "");

    p = stpcpy(large, "{\"type\":\"object\",\"properties\":{\"p\":{\"type\":\"null\"}");
    for (int i = 1; i < 17000; i++) p += sprintf(p, ",\"p%d\":{\"type\":\"null\"}", i);
    strcpy(p, "}}");
    refused(large, TAEL_LIMIT, "", "");

    /* A chain of references, each leading to all before it. */
    p = stpcpy(large, "{\"$defs\":{\"d0\":{\"type\":\"null\"}");
    for (int i = 1; i < 3000; i++)
        p +=
            sprintf(p, ",\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]}", i, i - 1, i / 2);
    strcpy(p, "},\"anyOf\":[{\"$ref\":\"#/$defs/d40\"},{\"$ref\":\"#/$defs/d39\"}]}");
    tael__guide *g;
    tael_status status = tael__guide_open_with(&g, large, tokens);
    assert_true(status == TAEL_OK || status == TAEL_LIMIT);
    tael__guide_close(g);
    free(large);
}

static void nesting_ends_where_it_must_be_closed(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}";
    char *text = nested("[", "", "]", TAEL__MAX_JSON_DEPTH);
    assert_true(fits(schema, text));
    free(text);
    text = nested("[", "", "]", TAEL__MAX_JSON_DEPTH + 1);
    assert_false(fits(schema, text));
    free(text);
}

static void long_texts_are_followed_without_growing(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"array\",\"maxItems\":100000,\"items\":{\"type\":\"object\",\"properties\":{\"a\":"
                         "{\"type\":\"array\",\"items\":{"
                         "\"type\":\"integer\"}}},\"required\":[\"a\"]}}";
    char *text = nested("{\"a\":[1,2,3]},", "{\"a\":[]}", "", 50000);
    size_t n = strlen(text);
    char *whole = calloc(1, n + 3);
    snprintf(whole, n + 3, "[%s]", text);
    assert_true(fits(schema, whole));
    free(text);
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyword_that_cannot_guide_is_named_with_its_place),
        cmocka_unit_test(a_schema_that_is_wrong_is_bad_input),
        cmocka_unit_test(a_schema_that_no_value_fits_is_refused_before_anything_is_generated),
        cmocka_unit_test(an_object_may_be_left_open),
        cmocka_unit_test(references_lead_where_json_pointers_say),
        cmocka_unit_test(text_is_compact_in_the_schemas_order),
        cmocka_unit_test(strings_are_valid_utf8_and_count_characters),
        cmocka_unit_test(numbers_keep_their_bounds_exactly),
        cmocka_unit_test(hostile_schemas_are_refused_or_followed_never_crash),
        cmocka_unit_test(nesting_ends_where_it_must_be_closed),
        cmocka_unit_test(long_texts_are_followed_without_growing),
    };
    return cmocka_run_group_tests(tests, make_tokens, free_tokens);
}
