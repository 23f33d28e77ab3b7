// SPDX-License-Identifier: Apache-2.0
// Batches on a tiny model. With steps of at most 8 tokens every request must say what a session says that is alone,
// token by token, whoever comes and goes beside it: a position, page or output that is taken for another's changes it.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "generate/batch_internal.h"
#include "support.h"

#define MODEL  "model/data/tiny_qwen2.gguf"
#define HYBRID "model/data/tiny_qwen35.gguf"
#define MOST   40 /* requests of one test */

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

typedef struct said {
    int32_t ids[300];
    size_t count;
    uint64_t id;
    bool over, stop; /* stop: at the first piece */
    tael_status status;
    tael_generation result;
} said;

static int take(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    said *s = user;
    (void)text;
    (void)bytes;
    assert_true(s->count + count <= sizeof s->ids / sizeof *ids);
    memcpy(s->ids + s->count, ids, count * sizeof *ids);
    s->count += count;
    return s->stop;
}

static void over(uint64_t id, tael_status status, const char *error, const tael_generation *result, void *user)
{
    said *s = user;
    assert_int_equal(id, s->id);
    assert_false(s->over);
    assert_int_equal(strlen(error) > 0, status != TAEL_OK);
    s->over = true;
    s->status = status;
    s->result = *result;
}

static tael_batch *opened(const tael_model *m, tael_batch_options o)
{
    tael_batch *b;
    o.size = sizeof o;
    if (o.threads == 0) o.threads = 1;
    assert_ok(tael_batch_open(&b, m, &o));
    return b;
}

static void add(tael_batch *b, said *s, const char *prompt, const tael_generate_options *o)
{
    memset(s, 0, sizeof *s);
    assert_ok(tael_batch_add(b, prompt, strlen(prompt), o, take, over, s, &s->id));
}

static size_t stepped(tael_batch *b)
{
    size_t busy;
    assert_ok(tael_batch_step(b, &busy));
    return busy;
}

/* A session alone, prompted a few tokens at a time, as the steps of these tests compute. */
static void alone(const tael_model *m, said *s, const char *prompt, tael_generate_options o)
{
    tael_session *session;
    tael_session_options so = {.size = sizeof so, .context_tokens = 128, .threads = 1};
    o.speculate = TAEL_SPECULATE_OFF;
    memset(s, 0, sizeof *s);
    assert_ok(tael_session_open(&session, m, &so));
    for (size_t at = 0, bytes = strlen(prompt); at < bytes; at += 4)
        assert_ok(tael_session_prompt(session, prompt + at, bytes - at < 4 ? bytes - at : 4, false));
    assert_ok(tael_session_generate(session, &o, take, s, &s->result));
    tael_session_close(session);
}

static void assert_same(const said *a, const said *b)
{
    assert_true(a->over);
    assert_int_equal(a->status, TAEL_OK);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->ids, b->ids, a->count * sizeof *a->ids);
    assert_int_equal(a->result.finish, b->result.finish);
    assert_int_equal(a->result.completion_tokens, b->result.completion_tokens);
}

static const char *const prompts[] = {"Once,upon(a)time;there:was[a]model?", "x", "abcabcabc", "Once,upon(a)time!",
                                      "zz9"};
static const char *const stops[] = {"e", "(("};
static const char schema[] =
    "{\"type\":\"object\",\"properties\":{\"merchant_name\":{\"type\":\"string\",\"maxLength\":5},\"n\":{\"type\":"
    "\"integer\",\"minimum\":1,\"maximum\":99}},\"required\":[\"merchant_name\",\"n\"]}";

static tael_generate_options options_of(size_t i)
{
    tael_generate_options o = {.size = sizeof o, .max_tokens = 5 + (uint32_t)(i * 7 % 40), .ignore_end = true};
    o.greedy = i % 3 == 0;
    o.seed = i;
    o.temperature = 1.2f;
    o.frequency_penalty = i % 2 ? 1.0f : 0;
    if (i % 5 == 4) o.schema = schema;
    if (i % 4 == 3) {
        o.stops = stops;
        o.stop_count = 2;
    }
    return o;
}

static void each_says_what_it_would_alone(const tael_model *m, tael_batch_options bo, size_t requests)
{
    static said many[MOST], one;
    tael_batch *b = opened(m, bo);
    size_t added = 0;
    for (int step = 0; added < requests || stepped(b) > 0; step++) { /* they come at different times */
        assert_in_range(step, 0, 5000);
        if (added < requests && step % 3 == 0) {
            tael_generate_options o = options_of(added);
            add(b, &many[added], prompts[added % 5], &o);
            added++;
        }
        if (added < requests) stepped(b);
    }
    for (size_t i = 0; i < requests; i++) {
        alone(m, &one, prompts[i % 5], options_of(i));
        assert_same(&many[i], &one);
    }
    tael_batch_close(b);
}

static void alone_or_beside_others_is_the_same(void **state)
{
    (void)state;
    for (uint32_t sequences = 1; sequences <= 8; sequences += sequences < 3 ? 1 : 5)
        each_says_what_it_would_alone(
            model, (tael_batch_options){.context_tokens = 128, .sequences = sequences, .step_tokens = 8}, 20);
    each_says_what_it_would_alone(
        model, (tael_batch_options){.context_tokens = 128, .sequences = 4, .step_tokens = 8, .threads = 2}, 10);
}

static void a_cache_too_small_for_all_makes_them_wait(void **state)
{
    (void)state;
    each_says_what_it_would_alone(
        model, (tael_batch_options){.context_tokens = 128, .sequences = 8, .step_tokens = 8, .cache_tokens = 160}, 25);
}

static void models_that_remember_otherwise_do_so_too(void **state)
{
    (void)state;
    tael_model *hybrid;
    assert_ok(tael_model_open(&hybrid, HYBRID));
    each_says_what_it_would_alone(hybrid, (tael_batch_options){.context_tokens = 128, .sequences = 3, .step_tokens = 8},
                                  10);
    tael_model_close(hybrid);
}

static void sixteen_at_once_all_end(void **state)
{
    (void)state;
    static said many[MOST];
    tael_batch *b = opened(model, (tael_batch_options){.context_tokens = 128, .sequences = 16, .threads = 2});
    tael_batch_usage usage = {.size = sizeof usage};
    for (size_t i = 0; i < 32; i++) {
        tael_generate_options o = options_of(i);
        add(b, &many[i], prompts[i % 5], &o);
    }
    stepped(b);
    assert_ok(tael_batch_get_usage(b, &usage));
    assert_int_equal(usage.running + usage.waiting, 32);
    assert_in_range(usage.running, 5, 16);
    while (stepped(b) > 0) {
    }
    for (size_t i = 0; i < 32; i++) {
        assert_true(many[i].over);
        assert_int_equal(many[i].status, TAEL_OK);
        assert_in_range(many[i].count, 0, many[i].result.completion_tokens); /* a cut character's tokens aren't given */
        assert_true(many[i].count > 0 || many[i].result.finish == TAEL_FINISH_STOP);
    }
    tael_batch_close(b);
}

static void prompts_that_begin_alike_are_computed_once(void **state)
{
    (void)state;
    static said first, second[3], one;
    char prompt[128];
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true, .max_tokens = 8};
    tael_batch *b = opened(model, (tael_batch_options){.context_tokens = 128, .sequences = 4, .step_tokens = 8});
    memset(prompt, 0, sizeof prompt);
    for (int i = 0; i < 60; i++) prompt[i] = (char)('a' + i * 7 % 26);
    add(b, &first, prompt, &o);
    stepped(b);
    for (int i = 0; i < 3; i++) { /* while the first is still being computed: they wait for it */
        prompt[50] = (char)('A' + i);
        add(b, &second[i], prompt, &o);
    }
    while (stepped(b) > 0) {
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(second[i].result.prompt_tokens, 10);
        prompt[50] = (char)('A' + i);
        alone(model, &one, prompt, o);
        assert_same(&second[i], &one);
    }
    add(b, &first, prompt, &o); /* one that is over serves, too: all but the token that gives the logits */
    while (stepped(b) > 0) {
    }
    assert_int_equal(first.result.prompt_tokens, 1);
    assert_same(&first, &one);
    tael_batch_close(b);
}

static void a_cancelled_one_ends_in_one_step_and_others_go_on(void **state)
{
    (void)state;
    static said s[3], one;
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true, .max_tokens = 30};
    tael_batch *b = opened(model, (tael_batch_options){.context_tokens = 128, .sequences = 2, .step_tokens = 8});
    for (int i = 0; i < 3; i++) add(b, &s[i], prompts[i], &o);
    for (int i = 0; i < 12; i++) stepped(b);
    assert_false(s[0].over || s[2].over);
    tael_batch_cancel(b, s[0].id);
    tael_batch_cancel(b, s[2].id); /* it waits still */
    tael_batch_cancel(b, 12345);
    stepped(b);
    assert_true(s[0].over && s[2].over);
    assert_int_equal(s[0].result.finish, TAEL_FINISH_CANCELLED);
    assert_int_equal(s[2].result.finish, TAEL_FINISH_CANCELLED);
    assert_int_equal(s[2].count, 0);
    while (stepped(b) > 0) {
    }
    alone(model, &one, prompts[1], o);
    assert_same(&s[1], &one);
    add(b, &s[0], prompts[0], &o);
    s[0].stop = true; /* by its callback */
    while (stepped(b) > 0) {
    }
    assert_int_equal(s[0].result.finish, TAEL_FINISH_CANCELLED);
    tael_batch_close(b);
}

static void *cancel_all(void *user)
{
    for (uint64_t id = 1; id <= 8; id++) tael_batch_cancel(user, id);
    return NULL;
}

static void any_thread_may_cancel(void **state)
{
    (void)state;
    static said s[8];
    pthread_t thread;
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true};
    tael_batch *b = opened(model, (tael_batch_options){.context_tokens = 128, .sequences = 4, .threads = 2});
    for (int i = 0; i < 8; i++) add(b, &s[i], prompts[i % 5], &o);
    assert_int_equal(pthread_create(&thread, NULL, cancel_all, b), 0);
    while (stepped(b) > 0) {
    }
    pthread_join(thread, NULL);
    for (int i = 0; i < 8; i++) assert_true(s[i].over);
    tael_batch_close(b);
}

static void what_does_not_fit_is_said_at_once(void **state)
{
    (void)state;
    static said s[4];
    char longer[64];
    tael_generate_options o = {.size = sizeof o, .greedy = true}, zero = {0};
    tael_generate_options bad = {.size = sizeof bad, .schema = "{\"type\":\"string\",\"pattern\":\"a\"}"};
    tael_batch *b = opened(model, (tael_batch_options){.context_tokens = 32, .sequences = 1, .queue = 2});
    memset(longer, 'a', sizeof longer);
    assert_status(tael_batch_add(b, longer, sizeof longer, &o, NULL, NULL, NULL, NULL), TAEL_CONTEXT_FULL);
    assert_status(tael_batch_add(b, "", 0, &o, NULL, NULL, NULL, NULL), TAEL_BAD_INPUT);
    assert_status(tael_batch_add(b, "a", 1, &zero, NULL, NULL, NULL, NULL), TAEL_MISUSE);
    assert_status(tael_batch_add(b, "a", 1, &bad, NULL, NULL, NULL, NULL), TAEL_UNSUPPORTED);
    add(b, &s[0], "a", &o);
    add(b, &s[1], "b", &o);
    assert_status(tael_batch_add(b, "c", 1, &o, NULL, NULL, NULL, NULL), TAEL_LIMIT);
    stepped(b);
    add(b, &s[2], "c", NULL);
    while (stepped(b) > 0) {
    }
    for (int i = 0; i < 3; i++) assert_true(s[i].over && s[i].status == TAEL_OK);
    tael_batch_close(b);
    tael_batch_close(NULL);
    assert_status(tael_batch_step(NULL, NULL), TAEL_MISUSE);
    assert_status(tael_batch_open(&b, NULL, NULL), TAEL_MISUSE);
}

static void running_out_of_memory_anywhere_is_a_status(void **state)
{
    (void)state;
    static said s[2];
    for (uint64_t n = 1;; n++) {
        tael_batch *b = NULL;
        tael_batch_options bo = {.size = sizeof bo, .context_tokens = 64, .sequences = 2, .threads = 1};
        tael_generate_options o = options_of(4);
        memset(s, 0, sizeof s);
        tael__alloc_break(n, true);
        tael_status status = tael_batch_open(&b, model, &bo);
        for (int i = 0; i < 2 && status == TAEL_OK; i++)
            status = tael_batch_add(b, "abc", 3, &o, take, over, &s[i], &s[i].id);
        for (size_t busy = 1; busy > 0 && status == TAEL_OK;) status = tael_batch_step(b, &busy);
        tael__alloc_break(0, false);
        for (int i = 0; i < 2 && status == TAEL_OK; i++) status = s[i].status;
        tael_batch_close(b);
        if (status == TAEL_OK) {
            assert_true(n > 20);
            break;
        }
        assert_int_equal(status, TAEL_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_or_beside_others_is_the_same),
        cmocka_unit_test(a_cache_too_small_for_all_makes_them_wait),
        cmocka_unit_test(models_that_remember_otherwise_do_so_too),
        cmocka_unit_test(sixteen_at_once_all_end),
        cmocka_unit_test(prompts_that_begin_alike_are_computed_once),
        cmocka_unit_test(a_cancelled_one_ends_in_one_step_and_others_go_on),
        cmocka_unit_test(any_thread_may_cancel),
        cmocka_unit_test(what_does_not_fit_is_said_at_once),
        cmocka_unit_test(running_out_of_memory_anywhere_is_a_status),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
