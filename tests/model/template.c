// SPDX-License-Identifier: Apache-2.0
// Each known template against what Jinja prints from its original text (data/template_golden.json, made by
// make_template_goldens.py); a change of one letter in what decides makes a template unknown.
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

static size_t check_case(const tael__template *t, json_t *c, json_t *want, const char *name, size_t number)
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
    tael_status status = tael__template_apply(t, messages, json_array_size(list), tools_json,
                                              json_is_true(json_object_get(c, "open")), &out);
    if (json_is_null(want))
        wrong = status != TAEL_UNSUPPORTED;
    else if (status != TAEL_OK || out.size != json_string_length(want) ||
             memcmp(out.data, json_string_value(want), out.size) != 0) {
        print_message("%s, case %zu: %s\ngot    %s\nwanted %s\n", name, number, tael_status_name(status),
                      out.data ? out.data : "", json_string_value(want));
        wrong = 1;
    }
    free(tools_json);
    tael__buffer_free(&out);
    return wrong;
}

static void templates_print_what_jinja_prints(void **state)
{
    (void)state;
    json_error_t error;
    json_t *golden = json_load_file("model/data/template_golden.json", 0, &error), *outputs, *cases, *c;
    const char *name;
    size_t wrong = 0, i;
    assert_non_null(golden);
    cases = json_object_get(golden, "cases");
    json_object_foreach(json_object_get(golden, "outputs"), name, outputs)
    {
        const tael__template *t = find(name);
        assert_int_equal(json_array_size(outputs), json_array_size(cases));
        json_array_foreach(cases, i, c) wrong += check_case(t, c, json_array_get(outputs, i), name, i);
    }
    assert_int_equal(wrong, 0);
    json_decref(golden);
}

static void each_text_is_told_by_name(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"qwen25_05b", "qwen2.5"}, {"qwen25_15b", "qwen2.5 (doubled braces)"},
                                           {"qwen3", "qwen3"},        {"smollm2", "smollm2"},
                                           {"qwen2", "qwen2"},        {"chatml", "chatml"},
                                           {"llama3", "llama3"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(tael__template_name(find(names[i][0])), names[i][1]);
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
    assert_status(tael__template_apply(t, &good, 0, NULL, true, &out), TAEL_MISUSE);
    assert_status(tael__template_apply(t, &odd, 1, NULL, true, &out), TAEL_BAD_INPUT);
    assert_status(tael__template_apply(t, &empty, 1, NULL, true, &out), TAEL_BAD_INPUT);
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        assert_status(tael__template_apply(t, &good, 1, tools[i], true, &out), TAEL_BAD_INPUT);
    char deep[1001];
    memset(deep, '[', 500);
    memset(deep + 500, ']', 500);
    deep[1000] = '\0';
    assert_status(tael__template_apply(t, &good, 1, deep, true, &out), TAEL_LIMIT);
    tael__buffer_free(&out);
    out = (tael__buffer){.max = 40};
    assert_status(tael__template_apply(t, &good, 1, NULL, true, &out), TAEL_LIMIT);
    tael__buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_print_what_jinja_prints),   cmocka_unit_test(each_text_is_told_by_name),
        cmocka_unit_test(unknown_is_named_by_its_fingerprint), cmocka_unit_test(a_base_model_has_none),
        cmocka_unit_test(bad_messages_and_tools_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
