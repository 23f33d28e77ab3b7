// SPDX-License-Identifier: Apache-2.0
// The guide against a validator that was written another way: whatever is chosen among allowed tokens ends in JSON that
// fits, and all that fits is allowed. A mask that lets one token too many through shows as a value that doesn't parse
// or fit; one too few as a value that isn't accepted; a wrong skip in the sorted walk as a difference from byte by
// byte.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate/guide_internal.h"
#include "support.h"
#include "validator.h"
#include "vocabulary.h"

static const char *const schemas[] = {
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":12},\"n\":{\"type\":\"integer\","
    "\"minimum\":-20,"
    "\"maximum\":105}},\"required\":[\"name\",\"n\"],\"additionalProperties\":false,\"title\":\"x\"}",
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"boolean\"},\"ab\":{\"type\":\"null\"},\"b\":{\"type\":["
    "\"string\",\"null\"],"
    "\"maxLength\":3},\"c\":{\"type\":\"number\"},\"d\":{\"enum\":[1,12,\"1\",null,{\"k\":[true]}]}},\"required\":["
    "\"b\"]}",
    "{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":2,\"maxItems\":4}",
    "{\"type\":\"array\",\"items\":{\"type\":[\"number\",\"boolean\",\"string\"],\"minimum\":0,\"maximum\":99.75,"
    "\"maxLength\":5},\"maxItems\":6}",
    "{\"type\":\"string\",\"minLength\":3,\"maxLength\":5}",
    "{\"type\":\"string\",\"maxLength\":600}",
    "{\"type\":\"string\",\"maxLength\":0}",
    "{\"enum\":[\"red\",\"redder\",\"reddest\",\"\xE7\xBA\xA2\",\"\"]}",
    "{\"enum\":[1,10,100,12,-1,0]}",
    "{\"const\":{\"a\":[1,2.5,\"x\\u0001\"]}}",
    "{\"type\":\"integer\",\"exclusiveMinimum\":-5,\"exclusiveMaximum\":5}",
    "{\"type\":\"integer\",\"minimum\":95,\"maximum\":1203}",
    "{\"type\":\"integer\",\"maximum\":-7}",
    "{\"type\":\"integer\"}",
    "{\"type\":\"number\"}",
    "{\"type\":\"number\",\"minimum\":0,\"maximum\":100}",
    "{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"a\"},\"x\":{\"type\":\"integer\","
    "\"minimum\":0}},\"required\":[\"kind\","
    "\"x\"]},{\"type\":\"object\",\"properties\":{\"kind\":{\"const\":\"ab\"},\"x\":{\"type\":\"string\",\"maxLength\":"
    "4}},\"required\":[\"kind\"]},"
    "{\"type\":\"null\"}]}",
    "{\"$defs\":{\"tree\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"properties\":{\"leaf\":{\"type\":"
    "\"boolean\"},\"left\":{\"$ref\":"
    "\"#/$defs/tree\"},\"right\":{\"$ref\":\"#/$defs/tree\"}},\"required\":[\"left\",\"right\"]}]}},\"$ref\":\"#/$defs/"
    "tree\"}",
    "{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#\"},\"v\":{\"type\":\"boolean\"}}}",
    "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":\"null\"},"
    "\"maxItems\":2},\"minItems\":1,"
    "\"maxItems\":2},\"maxItems\":3}",
    "{\"type\":\"object\",\"properties\":{}}",
    "{\"type\":\"object\",\"properties\":{\"\\\"q\\\"\":{\"type\":\"null\"},\"\xE6\x98\x9F\":{\"type\":\"null\"}},"
    "\"required\":[\"\xE6\x98\x9F\"]}",
    "{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"integer\",\"minimum\":0,"
    "\"maximum\":99}]}}",
};
#define SCHEMAS (sizeof schemas / sizeof schemas[0])

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

static tael__guide *opened(const char *schema)
{
    tael__guide *g;
    assert_ok(tael__guide_open_with(&g, schema, tokens));
    return g;
}

static bool allowed(const float *logits, uint32_t id)
{
    return logits[id] > -INFINITY;
}

/* One of the allowed tokens; mostly any, sometimes one that closes something, so that walks end. */
static int32_t choose(const float *logits, tael__random *r)
{
    uint32_t all = 0, closing = 0;
    int32_t any = -1, closes = -1;
    for (uint32_t i = 0; i < words.count; i++) {
        if (!allowed(logits, i)) continue;
        if (made_below(r, ++all) == 0) any = (int32_t)i;
        bool ends = i == 0 || memchr(words.bytes[i], '"', words.length[i]) ||
                    memchr(words.bytes[i], ']', words.length[i]) || memchr(words.bytes[i], '}', words.length[i]) ||
                    memchr(words.bytes[i], 'n', words.length[i]);
        if (ends && made_below(r, ++closing) == 0) closes = (int32_t)i;
    }
    return closes >= 0 && made_below(r, 5) == 0 ? closes : any;
}

/* Walks until an end token was chosen; the text is the caller's to free(). */
static char *walk(tael__guide *g, tael__random *r, size_t *bytes)
{
    static float logits[VOCABULARY_MOST];
    char *text = calloc(1, 1 << 20);
    *bytes = 0;
    for (int step = 0; step < 20000; step++) {
        for (uint32_t i = 0; i < words.count; i++) logits[i] = 1;
        tael__guide_mask(g, logits);
        int32_t id = choose(logits, r);
        if (id < 0) fail_msg("stuck after %s", text);
        assert_false(id == 1);
        if (!tael__guide_accept(g, id)) fail_msg("allowed but not accepted after %s", text);
        if (id == 0) {
            assert_true(tael__guide_done(g));
            return text;
        }
        memcpy(text + *bytes, words.bytes[id], words.length[id]);
        *bytes += words.length[id];
        assert_true(*bytes < (1 << 20) - 100);
    }
    fail_msg("no end after 20,000 tokens");
    return NULL;
}

/* Names that no schema tells may come twice, which JSON allows. */
static size_t flags_for(const char *schema)
{
    return strstr(schema, "additionalProperties\":{") ? JSON_DECODE_ANY : JSON_DECODE_ANY | JSON_REJECT_DUPLICATES;
}

static void any_choice_among_allowed_tokens_ends_in_json_that_fits(void **state)
{
    (void)state;
    tael__random r;
    tael__random_seed(&r, 11);
    for (size_t s = 0; s < SCHEMAS; s++) {
        json_t *schema = json_loads(schemas[s], 0, NULL);
        for (int round = 0; round < 60; round++) {
            tael__guide *g = opened(schemas[s]);
            size_t bytes;
            json_error_t error;
            char *text = walk(g, &r, &bytes);
            json_t *value = json_loadb(text, bytes, flags_for(schemas[s]), &error);
            if (!value) fail_msg("schema %zu: not JSON (%s): %s", s, error.text, text);
            if (!valid(schema, schema, value)) fail_msg("schema %zu: doesn't fit: %s", s, text);
            assert_true(tael__guide_matches(g, text, bytes));
            json_decref(value);
            free(text);
            tael__guide_close(g);
        }
        json_decref(schema);
    }
}

static void every_value_that_fits_is_accepted(void **state)
{
    (void)state;
    tael__random r;
    tael__random_seed(&r, 12);
    for (size_t s = 0; s < SCHEMAS; s++) {
        json_t *schema = json_loads(schemas[s], 0, NULL);
        tael__guide *g = opened(schemas[s]);
        for (int round = 0; round < 400; round++) {
            json_t *value = made(schema, schema, &r, 0);
            bool constant =
                json_object_get(schema, "const") || strstr(schemas[s], "enum"); /* these have one spelling */
            char *text =
                json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | (round % 2 && !constant ? JSON_ENSURE_ASCII : 0));
            if (strstr(schemas[s], "\xE6\x98\x9F") && round % 2) { /* so have names */
                free(text);
                text = json_dumps(value, JSON_COMPACT);
            }
            assert_true(valid(schema, schema, value));
            if (!tael__guide_matches(g, text, strlen(text))) fail_msg("schema %zu: not accepted: %s", s, text);
            free(text);
            json_decref(value);
        }
        tael__guide_close(g);
        json_decref(schema);
    }
}

/* Change a byte, drop one, double one: what is still accepted must still parse and fit. */
static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    tael__random r;
    size_t refused = 0, tried = 0;
    tael__random_seed(&r, 13);
    for (size_t s = 0; s < SCHEMAS; s++) {
        json_t *schema = json_loads(schemas[s], 0, NULL);
        tael__guide *g = opened(schemas[s]);
        for (int round = 0; round < 1000; round++) {
            json_t *value = made(schema, schema, &r, 0);
            char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), text[65536];
            size_t n = strlen(dump), at = made_below(&r, n);
            assert_true(n + 2 < sizeof text);
            memcpy(text, dump, n + 1);
            switch (made_below(&r, 3)) {
            case 0: text[at] = "0123456789-+.eE\"\\{}[],: \n\xC3\xA9\xE4x"[made_below(&r, 29)]; break;
            case 1: memmove(text + at, text + at + 1, n-- - at); break;
            default: memmove(text + at + 1, text + at, ++n - at); break;
            }
            bool accepted = tael__guide_matches(g, text, n);
            json_t *back = json_loadb(text, n, flags_for(schemas[s]), NULL);
            if (accepted && (!back || !valid(schema, schema, back)))
                fail_msg("schema %zu: accepted: %.*s", s, (int)n, text);
            refused += !accepted;
            tried++;
            json_decref(back);
            json_decref(value);
            free(dump);
        }
        tael__guide_close(g);
        json_decref(schema);
    }
    assert_true(refused > tried / 4);
}

/* Skipping by shared starts, first bytes and strings' known insides may never change a mask. */
static void masks_are_what_trying_each_token_byte_by_byte_gives(void **state)
{
    (void)state;
    static float logits[VOCABULARY_MOST];
    tael__random r;
    tael__random_seed(&r, 14);
    for (size_t s = 0; s < SCHEMAS; s++) {
        tael__guide *g = opened(schemas[s]);
        tael__plan plan;
        tael__machine m;
        tael__threads now, next, after;
        assert_ok(tael__plan_compile(&plan, schemas[s]));
        assert_ok(tael__machine_open(&m, &plan));
        tael__machine_start(&m, &now);
        for (int step = 0; step < 120; step++) {
            for (uint32_t i = 0; i < words.count; i++) logits[i] = 1;
            tael__guide_mask(g, logits);
            assert_true(allowed(logits, 0) == tael__machine_may_end(&m, now.at, now.count));
            tael__machine_pack(&m, &now);
            uint32_t records = m.record_count;
            for (uint32_t i = 1; i < words.count; i++) {
                next = now;
                m.record_count = records;
                for (size_t b = 0; b < words.length[i] && next.count; b++) {
                    tael__machine_step(&m, next.at, next.count, (uint8_t)words.bytes[i][b], &after);
                    next = after;
                }
                if (allowed(logits, i) != (i != 1 && next.count > 0))
                    fail_msg("schema %zu, step %d: token %.*s is %s", s, step, words.length[i], words.bytes[i],
                             next.count ? "left out" : "let through");
            }
            m.record_count = records;
            int32_t id = choose(logits, &r);
            if (id == 0) break;
            assert_true(tael__guide_accept(g, id));
            for (size_t b = 0; b < words.length[id]; b++) {
                tael__machine_step(&m, now.at, now.count, (uint8_t)words.bytes[id][b], &after);
                now = after;
            }
        }
        tael__machine_close(&m);
        tael__plan_free(&plan);
        tael__guide_close(g);
    }
}

static void forced_text_is_what_the_schema_leaves_no_choice_about(void **state)
{
    (void)state;
    char run[256];
    tael__guide *g = opened("{\"type\":\"object\",\"properties\":{\"merchant\":{\"type\":\"string\"},\"amount\":{"
                            "\"enum\":[\"low\",\"lower\"]}},"
                            "\"required\":[\"merchant\",\"amount\"]}");
    assert_int_equal(tael__guide_forced(g, run, sizeof run), 13);
    assert_memory_equal(run, "{\"merchant\":\"", 13);
    assert_int_equal(tael__guide_forced(g, run, 5), 5);
    for (size_t i = 0; i < 13; i++) assert_true(tael__guide_accept(g, 2 + (uint8_t) "{\"merchant\":\""[i]));
    assert_int_equal(tael__guide_forced(g, run, sizeof run), 0);
    assert_true(tael__guide_accept(g, 2 + '"'));
    assert_int_equal(tael__guide_forced(g, run, sizeof run), 14);
    assert_memory_equal(run, ",\"amount\":\"low", 14);
    tael__guide_close(g);
}

static void a_number_is_done_only_when_no_digit_may_follow(void **state)
{
    (void)state;
    tael__guide *g = opened("{\"type\":\"integer\",\"minimum\":0,\"maximum\":19}");
    static float logits[VOCABULARY_MOST];
    assert_false(tael__guide_accept(g, 0));
    assert_true(tael__guide_accept(g, 2 + '1'));
    assert_false(tael__guide_done(g));
    tael__guide_mask(g, logits);
    assert_true(allowed(logits, 0) && allowed(logits, 2 + '9') && !allowed(logits, 2 + '.'));
    assert_true(tael__guide_accept(g, 2 + '9'));
    memset(logits, 0, sizeof logits);
    tael__guide_mask(g, logits);
    for (uint32_t i = 1; i < words.count; i++) assert_false(allowed(logits, i));
    assert_true(allowed(logits, 0));
    assert_false(tael__guide_accept(g, 2 + '0'));
    assert_true(tael__guide_accept(g, 0));
    assert_true(tael__guide_done(g));
    tael__guide_close(g);
}

static void running_out_of_memory_anywhere_leaves_nothing_behind(void **state)
{
    (void)state;
    for (int always = 0; always < 2; always++)
        for (uint64_t n = 1;; n++) {
            tael__guide *g = (tael__guide *)(uintptr_t)1;
            tael__guide_tokens *t = NULL;
            tael__token_source source = {words.count, vocabulary_bytes, vocabulary_kind, &words};
            tael__alloc_break(n, always);
            tael_status status = tael__guide_tokens_open(&t, &source);
            if (status == TAEL_OK)
                status = tael__guide_open_with(&g, schemas[16], t);
            else
                g = NULL;
            tael__alloc_break(0, false);
            if (status == TAEL_OK) {
                tael__guide_close(g);
                tael__guide_tokens_close(t);
                assert_true(n > 20);
                break;
            }
            assert_int_equal(status, TAEL_NO_MEMORY);
            assert_null(g);
            tael__guide_tokens_close(t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_choice_among_allowed_tokens_ends_in_json_that_fits),
        cmocka_unit_test(every_value_that_fits_is_accepted),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(masks_are_what_trying_each_token_byte_by_byte_gives),
        cmocka_unit_test(forced_text_is_what_the_schema_leaves_no_choice_about),
        cmocka_unit_test(a_number_is_done_only_when_no_digit_may_follow),
        cmocka_unit_test(running_out_of_memory_anywhere_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, make_tokens, free_tokens);
}
