// SPDX-License-Identifier: Apache-2.0
// Sessions on a tiny model with random weights: what is kept, forgotten, counted and saved. Its text means nothing, but
// it is greedy's, so any state that was wrongly kept or lost changes it.
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "generate/internal.h"
#include "support.h"

#define MODEL  "model/data/tiny_qwen2.gguf"
#define OTHER  "model/data/tiny_qwen3.gguf"
#define PROMPT "Once,upon(a)time;there:was[a]model?"

static tael_model *model;

static int open_model(void **state)
{
    (void)state;
    return tael_model_open(&model, MODEL) == TAEL_OK ? 0 : -1;
}

static int close_model(void **state)
{
    (void)state;
    tael_model_close(model);
    return 0;
}

static tael_session *opened(uint32_t tokens, uint32_t threads)
{
    tael_session *s;
    tael_session_options o = {.size = sizeof o, .context_tokens = tokens, .threads = threads};
    assert_ok(tael_session_open(&s, model, &o));
    return s;
}

typedef struct sink {
    char text[8192];
    size_t bytes, tokens;
    int32_t ids[512];
    tael_session *cancel; /* to be cancelled at the first piece */
    bool stop;
} sink;

static int take(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    sink *s = user;
    assert_true(s->bytes + bytes < sizeof s->text && s->tokens + count <= sizeof s->ids / sizeof *ids);
    memcpy(s->ids + s->tokens, ids, count * sizeof *ids);
    memcpy(s->text + s->bytes, text, bytes);
    s->bytes += bytes;
    s->tokens += count;
    if (s->cancel) tael_session_cancel(s->cancel);
    return s->stop;
}

static const tael_generate_options greedy20 = {
    .size = sizeof greedy20, .greedy = true, .frequency_penalty = 4, .max_tokens = 20, .ignore_end = true};

/* Ids, not text: bytes that are no character all read the same. */
static void assert_same(const sink *a, const sink *b)
{
    assert_int_equal(a->tokens, b->tokens);
    assert_memory_equal(a->ids, b->ids, a->tokens * sizeof *a->ids);
}

static void prompt(tael_session *s, const char *text, bool reuse)
{
    assert_ok(tael_session_prompt(s, text, strlen(text), reuse));
}

static tael_generation generated(tael_session *s, sink *out, const tael_generate_options *options)
{
    tael_generation g;
    memset(out, 0, sizeof *out);
    assert_ok(tael_session_generate(s, options ? options : &greedy20, take, out, &g));
    return g;
}

/* What a fresh session says after `text`. */
static void said_after(const char *text, sink *out)
{
    tael_session *s = opened(256, 1);
    prompt(s, text, false);
    generated(s, out, NULL);
    tael_session_close(s);
}

static void greedy_repeats_whatever_the_thread_count(void **state)
{
    (void)state;
    sink one, two;
    said_after(PROMPT, &one);
    size_t different = 0;
    for (size_t i = 0; i < one.tokens; i++) different += i == 0 || one.ids[i] != one.ids[i - 1];
    assert_in_range(different, 15, 20); /* else these tests could not see what was lost */
    for (uint32_t threads = 1; threads <= 2; threads++) {
        tael_session *s = opened(256, threads);
        prompt(s, PROMPT, false);
        tael_generation g = generated(s, &two, NULL);
        assert_int_equal(g.completion_tokens, 20);
        assert_int_equal(g.finish, TAEL_FINISH_LENGTH);
        assert_same(&two, &one);
        tael_session_close(s);
    }
}

static void reuse_computes_only_what_differs(void **state)
{
    (void)state;
    sink first, again, changed, fresh;
    tael_session *s = opened(256, 1);
    prompt(s, PROMPT, true);
    uint32_t whole = tael_session_position(s);
    assert_int_equal(generated(s, &first, NULL).prompt_tokens, whole);
    prompt(s, PROMPT, true);
    assert_int_equal(tael_session_position(s), whole);
    assert_int_equal(generated(s, &again, NULL).prompt_tokens, 1); /* the last one, for its logits */
    assert_same(&first, &again);
    prompt(s, PROMPT "And", true);
    assert_in_range(generated(s, &changed, NULL).prompt_tokens, 1, 4);
    said_after(PROMPT "And", &fresh);
    assert_same(&changed, &fresh);
    prompt(s, "Once,upon!", true);
    generated(s, &changed, NULL);
    said_after("Once,upon!", &fresh);
    assert_same(&changed, &fresh);
    tael_session_close(s);
}

static void prompts_add_up_and_rewind_forgets(void **state)
{
    (void)state;
    sink a, b;
    tael_session *s = opened(256, 1);
    prompt(s, "Once,upon", false);
    uint32_t at = tael_session_position(s);
    prompt(s, "(a)time", false);
    generated(s, &a, NULL);
    said_after("Once,upon(a)time", &b);
    assert_same(&a, &b);
    assert_ok(tael_session_rewind(s, at));
    assert_int_equal(tael_session_position(s), at);
    generated(s, &a, NULL); /* logits are made again without a prompt */
    said_after("Once,upon", &b);
    assert_same(&a, &b);
    assert_ok(tael_session_rewind(s, 0));
    assert_status(tael_session_generate(s, NULL, NULL, NULL, NULL), TAEL_MISUSE);
    assert_true(strlen(tael_session_error(s)) > 0);
    tael_session_close(s);
}

/* The last token of a generation isn't computed until something follows; it may not be lost. */
static void generating_in_two_halves_is_generating_once(void **state)
{
    (void)state;
    sink whole, half;
    tael_generate_options ten = greedy20;
    ten.max_tokens = 10;
    said_after(PROMPT, &whole);
    tael_session *s = opened(256, 1);
    prompt(s, PROMPT, false);
    uint32_t at = tael_session_position(s);
    generated(s, &half, &ten);
    assert_int_equal(tael_session_position(s), at + 10);
    assert_int_equal(half.tokens, 10);
    assert_memory_equal(half.ids, whole.ids, 10 * sizeof half.ids[0]);
    generated(s, &half, &ten);
    assert_memory_equal(half.ids, whole.ids + 10, 10 * sizeof half.ids[0]);
    tael_session_close(s);
}

static void a_prompt_that_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    sink a, b;
    tael_session *s = opened(48, 1);
    prompt(s, "Once,upon", false);
    uint32_t at = tael_session_position(s);
    const char *longer = PROMPT PROMPT;
    assert_status(tael_session_prompt(s, longer, strlen(longer), false), TAEL_CONTEXT_FULL);
    assert_status(tael_session_prompt(s, longer, strlen(longer), true), TAEL_CONTEXT_FULL);
    assert_int_equal(tael_session_position(s), at);
    generated(s, &a, NULL);
    said_after("Once,upon", &b);
    assert_same(&a, &b);
    tael_generate_options rest = {.size = sizeof rest, .greedy = true, .ignore_end = true};
    tael_generation g = generated(s, &a, &rest);
    assert_int_equal(g.finish, TAEL_FINISH_LENGTH);
    assert_int_equal(tael_session_position(s), 48);
    assert_int_equal(generated(s, &a, &rest).completion_tokens, 0);
    assert_status(tael_session_prompt(s, "", 0, false), TAEL_BAD_INPUT);
    assert_status(tael_session_prompt(s, "a", 1, false), TAEL_CONTEXT_FULL);
    tael_session_close(s);
}

static void a_cancel_stops_within_a_token_and_is_then_over(void **state)
{
    (void)state;
    sink out = {0};
    tael_generation g;
    tael_session *s = opened(256, 1);
    prompt(s, PROMPT, false);
    out.cancel = s;
    assert_ok(tael_session_generate(s, &greedy20, take, &out, &g));
    assert_int_equal(g.finish, TAEL_FINISH_CANCELLED);
    assert_in_range(g.completion_tokens, 1, 4); /* a piece may hold more than one token */
    assert_int_equal(generated(s, &out, NULL).finish, TAEL_FINISH_LENGTH);
    prompt(s, PROMPT, true);
    tael_session_cancel(s); /* after the prompt, before the first token */
    assert_int_equal(generated(s, &out, NULL).completion_tokens, 0);
    prompt(s, PROMPT, true);
    out = (sink){.stop = true};
    assert_ok(tael_session_generate(s, &greedy20, take, &out, &g));
    assert_int_equal(g.finish, TAEL_FINISH_CANCELLED);
    tael_session_close(s);
}

static void *cancel_soon(void *s)
{
    tael_session_cancel(s);
    return NULL;
}

static void any_thread_may_cancel(void **state)
{
    (void)state;
    sink out;
    pthread_t thread;
    tael_session *s = opened(256, 2);
    tael_generate_options all = {.size = sizeof all, .greedy = true, .ignore_end = true};
    prompt(s, PROMPT, false);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, s), 0);
    tael_finish finish = generated(s, &out, &all).finish;
    assert_true(finish == TAEL_FINISH_CANCELLED || finish == TAEL_FINISH_LENGTH);
    pthread_join(thread, NULL);
    tael_session_close(s);
}

static void a_stop_string_is_not_part_of_the_text(void **state)
{
    (void)state;
    sink whole, cut;
    said_after(PROMPT, &whole);
    char stop[2] = {0};
    size_t first = whole.bytes;
    for (size_t i = 1; i < whole.bytes && !stop[0];
         i++) /* a whole character: others were replaced after stops were looked for */
        if (whole.text[i] > 0) stop[0] = whole.text[i];
    if (stop[0]) first = (size_t)(strchr(whole.text, stop[0]) - whole.text);
    assert_true(first < whole.bytes);
    const char *stops[] = {stop};
    tael_generate_options o = greedy20;
    o.stops = stops;
    o.stop_count = 1;
    tael_session *s = opened(256, 1);
    prompt(s, PROMPT, false);
    assert_int_equal(generated(s, &cut, &o).finish, TAEL_FINISH_STOP);
    assert_int_equal(cut.bytes, first);
    assert_memory_equal(cut.text, whole.text, first);
    tael_session_close(s);
}

static void a_seed_repeats_and_another_differs(void **state)
{
    (void)state;
    sink out[3];
    for (int i = 0; i < 3; i++) {
        tael_generate_options o = {.size = sizeof o,
                                   .max_tokens = 30,
                                   .temperature = 2,
                                   .top_k = 100,
                                   .top_p = 1,
                                   .seed = i == 2 ? 6 : 5,
                                   .ignore_end = true};
        tael_session *s = opened(256, 1);
        prompt(s, PROMPT, false);
        generated(s, &out[i], &o);
        tael_session_close(s);
    }
    assert_string_equal(out[0].text, out[1].text);
    assert_true(strcmp(out[0].text, out[2].text) != 0);
}

static void a_schema_makes_even_random_weights_write_json_that_fits(void **state)
{
    (void)state;
    const char *schema = "{\"type\":\"object\",\"properties\":{\"merchant\":{\"type\":[\"string\",\"null\"],"
                         "\"maxLength\":8},\"month\":{\"type\":"
                         "\"integer\",\"minimum\":1,\"maximum\":12},\"refunded\":{\"type\":\"boolean\"}},\"required\":["
                         "\"merchant\",\"month\","
                         "\"refunded\"]}";
    tael_session *s = opened(256, 1);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sink out;
        tael_generate_options o = {
            .size = sizeof o, .temperature = 1, .top_k = 1000, .top_p = 1, .seed = seed, .schema = schema};
        prompt(s, PROMPT, true);
        assert_int_equal(generated(s, &out, &o).finish, TAEL_FINISH_STOP);
        json_t *value = json_loadb(out.text, out.bytes, 0, NULL);
        if (!value) fail_msg("not JSON: %.*s", (int)out.bytes, out.text);
        assert_int_equal(json_object_size(value), 3);
        assert_in_range(json_integer_value(json_object_get(value, "month")), 1, 12);
        json_decref(value);
    }
    tael_generate_options bad = {.size = sizeof bad, .schema = "{\"type\":\"string\",\"pattern\":\"a\"}"};
    assert_status(tael_session_generate(s, &bad, NULL, NULL, NULL), TAEL_UNSUPPORTED);
    assert_true(strstr(tael_session_error(s), "pattern"));
    tael_session_close(s);
}

static void a_saved_state_goes_on_as_if_it_had_been_prompted(void **state)
{
    (void)state;
    sink a, b;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "prefix");
    tael_session *s = opened(256, 1);
    prompt(s, PROMPT, true);
    assert_ok(tael_session_save(s, path));
    uint32_t whole = tael_session_position(s);
    tael_session_close(s);

    s = opened(128, 2); /* another context, other threads */
    prompt(s, "xyz", true);
    assert_ok(tael_session_load(s, path));
    assert_int_equal(tael_session_position(s), whole);
    prompt(s, PROMPT "And", true);
    tael_generation g = generated(s, &a, NULL);
    assert_in_range(g.prompt_tokens, 3 + 1, 3 + 4); /* "xyz" was computed too */
    said_after(PROMPT "And", &b);
    assert_same(&a, &b);
    assert_ok(tael_session_load(s, path));
    generated(s, &a, NULL); /* logits are made again */
    said_after(PROMPT, &b);
    assert_same(&a, &b);
    tael_session_close(s);
    temp_remove(folder);
}

static void refuse(tael_session *s, const char *path, uint32_t position)
{
    assert_status(tael_session_load(s, path), TAEL_NOT_FOUND);
    assert_int_equal(tael_session_position(s), position);
}

static void a_state_that_does_not_fit_is_not_found_and_changes_nothing(void **state)
{
    (void)state;
    sink a, b;
    char *folder = temp_folder(), *data;
    const char *path = in_folder(folder, "prefix"), *hurt = in_folder(folder, "hurt");
    size_t bytes;
    tael_session *s = opened(256, 1), *small = opened(16, 1), *other;
    assert_status(tael_session_save(s, path), TAEL_MISUSE);
    prompt(s, PROMPT, true);
    uint32_t at = tael_session_position(s);
    assert_ok(tael_session_save(s, path));
    assert_ok(tael__file_read(&data, &bytes, path, (size_t)1 << 28));
    refuse(s, in_folder(folder, "missing"), at);
    refuse(s, folder, at);
    refuse(small, path, 0); /* more tokens than its context */
    for (size_t n = 0; n < bytes; n += n < 200 ? 1 : 997) {
        assert_ok(tael__file_write(hurt, data, n)); /* cut */
        refuse(s, hurt, at);
        data[n] ^= 0x10; /* changed */
        assert_ok(tael__file_write(hurt, data, bytes));
        refuse(s, hurt, at);
        data[n] ^= 0x10;
    }
    generated(s, &a, NULL);
    said_after(PROMPT, &b);
    assert_same(&a, &b);

    tael_model *another;
    assert_ok(tael_model_open(&another, OTHER));
    assert_ok(tael_session_open(&other, another, NULL));
    refuse(other, path, 0);
    tael_session_close(other);
    tael_model_close(another);
    tael__free(data);
    tael_session_close(s);
    tael_session_close(small);
    temp_remove(folder);
}

static void misuse_is_said_not_crashed_on(void **state)
{
    (void)state;
    tael_session *s = (tael_session *)(uintptr_t)1;
    tael_session_options none = {0};
    tael_generate_options zero = {0};
    assert_status(tael_session_open(&s, model, &none), TAEL_MISUSE);
    assert_null(s);
    assert_status(tael_session_open(&s, NULL, NULL), TAEL_MISUSE);
    assert_status(tael_session_prompt(NULL, "a", 1, false), TAEL_MISUSE);
    assert_status(tael_session_generate(NULL, NULL, NULL, NULL, NULL), TAEL_MISUSE);
    tael_session_close(NULL);
    tael_session_cancel(NULL);
    s = opened(64, 1);
    prompt(s, "a", false);
    assert_status(tael_session_generate(s, &zero, NULL, NULL, NULL), TAEL_MISUSE);
    assert_status(tael_session_prompt(s, "\xFF", 1, false), TAEL_BAD_INPUT);
    assert_status(tael_session_save(s, "/nowhere/at/all"), TAEL_NOT_FOUND);
    tael_session_close(s);
}

static tael_status everything(tael_session **out, const char *path)
{
    sink text = {0};
    tael_session_options so = {.size = sizeof so, .context_tokens = 128, .threads = 1};
    tael_generate_options o = {
        .size = sizeof o,
        .seed = 3,
        .repeat_penalty = 1.1f,
        .schema = "{\"type\":\"array\",\"items\":{\"const\":1234567890},\"minItems\":1,\"maxItems\":2}"};
    TAEL_TRY(tael_session_open(out, model, &so));
    TAEL_TRY(tael_session_prompt(*out, PROMPT, strlen(PROMPT), true));
    TAEL_TRY(tael_session_generate(*out, &o, take, &text, NULL));
    TAEL_TRY(tael_session_save(*out, path));
    return tael_session_load(*out, path);
}

static void running_out_of_memory_anywhere_is_a_status(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "prefix");
    for (int always = 0; always < 2; always++)
        for (uint64_t n = 1;; n++) {
            tael_session *s = NULL;
            tael__alloc_break(n, always);
            tael_status status = everything(&s, path);
            tael__alloc_break(0, false);
            if (status != TAEL_OK && s) assert_true(strlen(tael_session_error(s)) > 0 || status == TAEL_NO_MEMORY);
            tael_session_close(s);
            if (status == TAEL_OK) {
                assert_true(n > 20);
                break;
            }
            assert_int_equal(status, TAEL_NO_MEMORY);
        }
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_repeats_whatever_the_thread_count),
        cmocka_unit_test(reuse_computes_only_what_differs),
        cmocka_unit_test(prompts_add_up_and_rewind_forgets),
        cmocka_unit_test(generating_in_two_halves_is_generating_once),
        cmocka_unit_test(a_prompt_that_does_not_fit_changes_nothing),
        cmocka_unit_test(a_cancel_stops_within_a_token_and_is_then_over),
        cmocka_unit_test(any_thread_may_cancel),
        cmocka_unit_test(a_stop_string_is_not_part_of_the_text),
        cmocka_unit_test(a_seed_repeats_and_another_differs),
        cmocka_unit_test(a_schema_makes_even_random_weights_write_json_that_fits),
        cmocka_unit_test(a_saved_state_goes_on_as_if_it_had_been_prompted),
        cmocka_unit_test(a_state_that_does_not_fit_is_not_found_and_changes_nothing),
        cmocka_unit_test(misuse_is_said_not_crashed_on),
        cmocka_unit_test(running_out_of_memory_anywhere_is_a_status),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
