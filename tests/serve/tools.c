// SPDX-License-Identifier: Apache-2.0
// Calls told from text. A reply is fed whole, cut at every place, and byte by byte: what is said and what is called
// must be the same each time, and nothing of a tag may be said before it is known that it is none.
#include "serve/tools.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static tael__tools tools;

static int make_tools(void **state)
{
    (void)state;
    tools.list =
        json_loads("[{\"type\":\"function\",\"function\":{\"name\":\"pay\",\"parameters\":{\"type\":\"object\","
                   "\"$defs\":{\"n\":{\"type\":\"integer\"}},\"properties\":{\"n\":{\"$ref\":\"#/$defs/n\"}}}}},"
                   "{\"type\":\"function\",\"function\":{\"name\":\"ask\"}}]",
                   0, NULL);
    return tools.list ? 0 : -1;
}

static int free_tools(void **state)
{
    (void)state;
    json_decref(tools.list);
    return 0;
}

/* What comes of the text in pieces that end at `cuts` (0: every byte its own). */
static void fed(const char *text, size_t cut, const char *want_plain, const char *want_calls)
{
    tael__spoken s = {.held = {.max = 4096}};
    tael__buffer plain = {.max = 4096};
    size_t bytes = strlen(text), step = cut ? cut : 1;
    for (size_t at = 0; at < bytes; at += step) {
        size_t n = cut && at > 0 ? bytes - at : step < bytes - at ? step : bytes - at;
        assert_ok(tael__spoken_push(&s, text + at, n, &plain));
        if (cut && at > 0) break;
        if (plain.size > 0 && *want_plain == '\0') fail_msg("%s: said too early: %s", text, plain.data);
    }
    assert_ok(tael__spoken_end(&s, &tools, &plain));
    json_t *want = *want_calls ? json_loads(want_calls, 0, NULL) : NULL, *call;
    size_t i;
    assert_int_equal(json_array_size(s.calls), json_array_size(want));
    json_array_foreach(s.calls, i, call)
    {
        assert_true(strncmp(json_string_value(json_object_get(call, "id")), "call_", 5) == 0);
        assert_string_equal(json_string_value(json_object_get(call, "name")),
                            json_string_value(json_array_get(json_array_get(want, i), 0)));
        assert_string_equal(json_string_value(json_object_get(call, "arguments")),
                            json_string_value(json_array_get(json_array_get(want, i), 1)));
    }
    if (strcmp(plain.data ? plain.data : "", want_plain) != 0)
        fail_msg("%s: said \"%s\", not \"%s\"", text, plain.data ? plain.data : "", want_plain);
    json_decref(want);
    tael__buffer_free(&plain);
    tael__spoken_free(&s);
}

static void always(const char *text, const char *plain, const char *calls)
{
    for (size_t cut = 0; cut <= strlen(text); cut++) fed(text, cut, plain, calls);
}

static void calls_are_found_however_they_are_written(void **state)
{
    (void)state;
    const char *pay = "[[\"pay\",\"{\\\"n\\\":1}\"]]", *both = "[[\"pay\",\"{\\\"n\\\":1}\"],[\"ask\",\"{}\"]]";
    always("<tool_call>\n{\"name\": \"pay\", \"arguments\": {\"n\": 1}}\n</tool_call>", "", pay);
    always("\n<tool_call>{\"name\": \"pay\", \"arguments\": {\"n\": 1}}</tool_call>\n", "", pay);
    always("<tool_call>\n{\"name\": \"pay\", \"arguments\": {\"n\": 1}}\n</tool_call>\n<tool_call>\n{\"name\": "
           "\"ask\"}\n</tool_call>",
           "", both);
    always("<tool_call>\n{\"name\": \"pay\", \"arguments\": {\"n\": 1}}", "",
           pay); /* the end token came instead of the tag */
    always("I pay. <tool_call>\n{\"name\": \"pay\", \"arguments\": {\"n\": 1}}\n</tool_call>", "I pay. ", pay);
    always("{\"name\": \"pay\", \"arguments\": {\"n\": 1}}", "", pay);
    always("{\"name\": \"pay\", \"parameters\": {\"n\": 1}}", "", pay);
    always("{\"name\": \"pay\", \"arguments\": \"{\\\"n\\\":1}\"}", "", pay);
    always("[{\"name\": \"pay\", \"arguments\": {\"n\": 1}}, {\"name\": \"ask\", \"arguments\": {}}]", "", both);
    always("{\"name\": \"pay\", \"arguments\": {\"n\": 1}}\n{\"name\": \"ask\"}", "", both);
    always("```json\n{\"name\": \"pay\", \"arguments\": {\"n\": 1}}\n```", "", pay);
    always("```\n{\"name\": \"pay\", \"arguments\": {\"n\": 1}}\n```\n", "", pay);
}

static void what_is_no_call_is_said_in_full(void **state)
{
    (void)state;
    static const char *const texts[] = {"Hello <b>world</b>, 1 < 2",
                                        "{\"name\": \"none\", \"arguments\": {}}",
                                        "{\"name\": \"pay\", \"arguments\": 5}",
                                        "{\"name\": \"pay\", \"arguments\": {\"n\"",
                                        "{\"answer\": 42}",
                                        "{} and more",
                                        "[]",
                                        "[1, 2]",
                                        "```c\nint x;\n```",
                                        "```json\n{\"name\": \"pay\", \"arguments\": {}}\n``` and then some",
                                        "<tool_",
                                        "<tool_call>",
                                        "<tool_call>nonsense</tool_call>",
                                        "<tool_call>{\"name\": \"pay\", \"arguments\": {}}</tool_call> and more",
                                        "Look: {\"name\": \"pay\", \"arguments\": {}}",
                                        "a <tool_call> that is none",
                                        "   ",
                                        "\xE9\x92\xB1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tael__spoken s = {.held = {.max = 4096}};
        tael__buffer plain = {.max = 4096};
        for (const char *p = texts[i]; *p; p++) assert_ok(tael__spoken_push(&s, p, 1, &plain));
        assert_ok(tael__spoken_end(&s, &tools, &plain));
        assert_null(s.calls);
        assert_string_equal(plain.data, texts[i]);
        tael__buffer_free(&plain);
        tael__spoken_free(&s);
    }
    fed("", 0, "", "");
}

static void plain_text_is_said_at_once(void **state)
{
    (void)state;
    tael__spoken s = {.held = {.max = 4096}};
    tael__buffer plain = {.max = 4096};
    assert_ok(tael__spoken_push(&s, "Well", 4, &plain));
    assert_string_equal(plain.data, "Well");
    assert_ok(tael__spoken_push(&s, " <", 2, &plain));
    assert_string_equal(plain.data, "Well "); /* it may begin a tag */
    assert_ok(tael__spoken_push(&s, "3", 1, &plain));
    assert_string_equal(plain.data, "Well <3");
    tael__buffer_free(&plain);
    tael__spoken_free(&s);
}

/* The references of a tool's schema must lead to its own definitions, wherever it stands in the whole. */
static void a_forced_call_has_the_schema_of_its_tool(void **state)
{
    (void)state;
    char *text = tael__tools_schema(&tools, true);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"#/anyOf/0/properties/arguments/$defs/n\""));
    assert_non_null(strstr(text, "{\"const\":\"ask\"}"));
    tael__free(text);
    tools.only = json_string("ask");
    text = tael__tools_schema(&tools, true);
    assert_null(strstr(text, "pay"));
    tael__free(text);
    json_decref(tools.only);
    tools.only = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_found_however_they_are_written),
        cmocka_unit_test(what_is_no_call_is_said_in_full),
        cmocka_unit_test(plain_text_is_said_at_once),
        cmocka_unit_test(a_forced_call_has_the_schema_of_its_tool),
    };
    return cmocka_run_group_tests(tests, make_tools, free_tools);
}
