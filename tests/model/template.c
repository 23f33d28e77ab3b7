// SPDX-License-Identifier: Apache-2.0
// Each known template against what Jinja prints from its original text (data/template_NAME.json, made by
// make_template_goldens.py), with thoughts as usual, on and off; a change of one letter in what decides makes a
// template unknown.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/template.h"
#include "support.h"

/* A GGUF file of one key: the template, or none. */
static tael__gguf *file_with(const char *text, size_t bytes, char **data)
{
    static const char key[] = "tokenizer.chat_template";
    uint32_t version = 3, type = TAEL__GGUF_STRING;
    uint64_t none = 0, keys = text ? 1 : 0, key_bytes = sizeof key - 1, text_bytes = bytes;
    tael__buffer b = {.max = 1u << 20};
    tael__buffer_text(&b, "GGUF");
    tael__buffer_append(&b, &version, 4);
    tael__buffer_append(&b, &none, 8);
    tael__buffer_append(&b, &keys, 8);
    if (text) {
        tael__buffer_append(&b, &key_bytes, 8);
        tael__buffer_append(&b, key, sizeof key - 1);
        tael__buffer_append(&b, &type, 4);
        tael__buffer_append(&b, &text_bytes, 8);
        tael__buffer_append(&b, text, bytes);
    }
    size_t size = b.size;
    tael__gguf *file;
    *data = tael__buffer_take(&b);
    assert_ok(tael__gguf_parse(&file, (const uint8_t *)*data, size, "fixture"));
    return file;
}

static const tael__template *find(const char *name)
{
    char path[256], *data;
    size_t bytes;
    const tael__template *t;
    snprintf(path, sizeof path, "model/data/template_%s.jinja", name);
    char *text = fixture(path, &bytes);
    tael__gguf *file = file_with(text, bytes, &data);
    assert_ok(tael__template_find(&t, file));
    assert_non_null(t);
    tael__gguf_close(file);
    tael__free(data);
    tael__free(text);
    return t;
}

static const char *const names[][2] = {{"qwen25_05b", "qwen2.5"},
                                       {"qwen25_15b", "qwen2.5 (doubled braces)"},
                                       {"qwen3", "qwen3"},
                                       {"qwen3_2507_thinking", "qwen3-2507 thinking"},
                                       {"qwen3_2507_instruct", "qwen3-2507 instruct"},
                                       {"qwen35", "qwen3.5"},
                                       {"qwen35_small", "qwen3.5 (small)"},
                                       {"minicpm5", "minicpm5"},
                                       {"smollm2", "smollm2"},
                                       {"qwen2", "qwen2"},
                                       {"chatml", "chatml"},
                                       {"llama3", "llama3"},
                                       {"llama31", "llama3.1"},
                                       {"llama2", "llama2"},
                                       {"gemma2", "gemma2"},
                                       {"gemma3", "gemma3"},
                                       {"tinyllama", "zephyr"},
                                       {"minicpm", "minicpm"}};
enum { NAMES = sizeof names / sizeof *names };

static json_t *read_json(const char *name)
{
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, "model/data/template_%s.json", name);
    json_t *value = json_load_file(path, 0, &error);
    assert_non_null(value);
    return value;
}

static tael__slice slice_at(json_t *object, const char *key)
{
    json_t *text = json_object_get(object, key);
    return (tael__slice){json_string_value(text), json_string_length(text)};
}

/* One chat; `want`: a text, null for tools that have no place, false for a chat that is refused. */
static size_t check_case(const tael__template *t, json_t *c, tael__template_options options, json_t *want,
                         const char *name, size_t number)
{
    tael_message messages[16];
    json_t *list = json_object_get(c, "messages"), *tools = json_object_get(c, "tools"), *m;
    size_t i, wrong = 0;
    tael__buffer out = {.max = 1u << 20};
    assert_true(json_array_size(list) <= 16);
    json_array_foreach(list, i, m)
    {
        messages[i].role = json_string_value(json_object_get(m, "role"));
        messages[i].content = json_string_value(json_object_get(m, "content"));
    }
    char *tools_json = json_is_array(tools) ? json_dumps(tools, JSON_COMPACT) : NULL;
    options.tools_json = tools_json;
    options.open_reply = json_is_true(json_object_get(c, "open"));
    tael_status status = tael__template_apply(t, messages, json_array_size(list), &options, &out);
    if (json_is_null(want))
        wrong = status != TAEL_UNSUPPORTED;
    else if (json_is_false(want))
        wrong = status != TAEL_BAD_INPUT;
    else
        wrong = status != TAEL_OK || out.size != json_string_length(want) ||
                (out.size && memcmp(out.data, json_string_value(want), out.size) != 0);
    if (wrong)
        print_message("%s, case %zu: %s\ngot    %s\nwanted %s\n", name, number, tael_status_name(status),
                      out.data ? out.data : "", json_string_value(want) ? json_string_value(want) : "another status");
    free(tools_json);
    tael__buffer_free(&out);
    return wrong;
}

static void templates_print_what_jinja_prints(void **state)
{
    (void)state;
    static const char *const sets[] = {"outputs", "on", "off"};
    json_t *cases = read_json("cases"), *want;
    size_t wrong = 0, i;
    for (size_t k = 0; k < NAMES; k++) {
        const tael__template *t = find(names[k][0]);
        json_t *golden = read_json(names[k][0]);
        assert_int_equal(json_array_size(json_object_get(golden, "outputs")), json_array_size(cases));
        for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
            tael__template_options options = {
                .thinking = (tael__thinking)s, .bos = slice_at(golden, "bos"), .eos = slice_at(golden, "eos")};
            json_array_foreach(json_object_get(golden, sets[s]), i, want) wrong +=
                check_case(t, json_array_get(cases, i), options, want, names[k][0], i);
        }
        json_decref(golden);
    }
    assert_int_equal(wrong, 0);
    json_decref(cases);
}

static void each_text_is_told_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) assert_string_equal(tael__template_name(find(names[i][0])), names[i][1]);
}

static void thoughts_that_a_template_lacks_are_refused(void **state)
{
    (void)state;
    const tael__template *never = find("qwen25_05b"), *always = find("qwen3_2507_thinking");
    const tael_message hi = {"user", "Hi"};
    tael__buffer out = {.max = 1u << 20};
    tael__template_options on = {.open_reply = true, .thinking = TAEL__THINKING_ON};
    tael__template_options off = {.open_reply = true, .thinking = TAEL__THINKING_OFF};
    assert_true(tael__template_can_think(find("qwen3"), TAEL__THINKING_ON));
    assert_true(tael__template_can_think(find("qwen3"), TAEL__THINKING_OFF));
    assert_false(tael__template_can_think(never, TAEL__THINKING_ON));
    assert_status(tael__template_apply(never, &hi, 1, &on, &out), TAEL_UNSUPPORTED);
    assert_status(tael__template_apply(always, &hi, 1, &off, &out), TAEL_UNSUPPORTED);
    assert_ok(tael__template_apply(never, &hi, 1, &off, &out));
    assert_ok(tael__template_apply(always, &hi, 1, &on, &out));
    off.open_reply = false; /* nothing is opened, so nothing is asked for */
    assert_ok(tael__template_apply(always, &hi, 1, &off, &out));
    tael__buffer_free(&out);
}

static void unknown_is_named_by_its_fingerprint(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{{ messages }}", "<|im_start|>",
        "{% for message in messages %}[INST]{{ message.content }}[/INST]{% endfor %}",
        "{{'<|im_start|>' + message.role + message.content | trim + '<|im_end|>' + '\\n' }}<|im_start|>assistant"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *data, length[32];
        const tael__template *t;
        tael__gguf *file = file_with(texts[i], strlen(texts[i]), &data);
        assert_status(tael__template_find(&t, file), TAEL_UNSUPPORTED);
        assert_null(t);
        snprintf(length, sizeof length, "%zu bytes", strlen(texts[i]));
        assert_non_null(strstr(tael_error(), "fingerprint"));
        assert_non_null(strstr(tael_error(), length));
        tael__gguf_close(file);
        tael__free(data);
    }
}

static void a_base_model_has_none(void **state)
{
    (void)state;
    char *data;
    const tael__template *t;
    tael__gguf *file = file_with(NULL, 0, &data);
    assert_ok(tael__template_find(&t, file));
    assert_null(t);
    tael__gguf_close(file);
    tael__free(data);
}

static void bad_messages_and_tools_are_refused(void **state)
{
    (void)state;
    const tael__template *t = find("qwen25_05b");
    const tael_message good = {"user", "x"}, odd = {"wizard", "x"}, empty = {"user", NULL};
    static const char *const tools[] = {"", "{", "{}", "1", "[1", "[{\"a\":}]", "[\"\xFF\"]"};
    tael__buffer out = {.max = 1u << 20};
    tael__template_options options = {.open_reply = true};
    assert_status(tael__template_apply(t, &good, 0, &options, &out), TAEL_MISUSE);
    assert_status(tael__template_apply(t, &odd, 1, &options, &out), TAEL_BAD_INPUT);
    assert_status(tael__template_apply(t, &empty, 1, &options, &out), TAEL_BAD_INPUT);
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        options.tools_json = tools[i];
        assert_status(tael__template_apply(t, &good, 1, &options, &out), TAEL_BAD_INPUT);
    }
    char deep[1001];
    memset(deep, '[', 500);
    memset(deep + 500, ']', 500);
    deep[1000] = '\0';
    options.tools_json = deep;
    assert_status(tael__template_apply(t, &good, 1, &options, &out), TAEL_LIMIT);
    tael__buffer_free(&out);
    out = (tael__buffer){.max = 40};
    options.tools_json = NULL;
    assert_status(tael__template_apply(t, &good, 1, &options, &out), TAEL_LIMIT);
    tael__buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_print_what_jinja_prints),
        cmocka_unit_test(each_text_is_told_by_name),
        cmocka_unit_test(unknown_is_named_by_its_fingerprint),
        cmocka_unit_test(a_base_model_has_none),
        cmocka_unit_test(bad_messages_and_tools_are_refused),
        cmocka_unit_test(thoughts_that_a_template_lacks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
