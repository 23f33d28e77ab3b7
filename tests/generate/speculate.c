// SPDX-License-Identifier: Apache-2.0
// Speculation may only change how many passes it takes. Each test says the same with and without, token by token, and
// the saved state afterwards byte by byte: a wrong proposal that stayed in the context would show there at the latest.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "generate/internal.h"
#include "support.h"

#define MODEL  "model/data/tiny_qwen2.gguf"
#define OTHER  "model/data/tiny_qwen3.gguf"
#define PROMPT "abcabcabcab(x)abcabc(x)ab"

static tael_model *model, *other;

static int open_models(void **state)
{
    (void)state;
    return tael_model_open(&model, MODEL) == TAEL_OK && tael_model_open(&other, OTHER) == TAEL_OK ? 0 : -1;
}

static int close_models(void **state)
{
    (void)state;
    tael_model_close(model);
    tael_model_close(other);
    return 0;
}

typedef struct said {
    int32_t ids[512];
    size_t count, bytes;
    char text[4096];
    char *state;
    size_t state_bytes;
    tael_generation result;
} said;

static int take(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    said *s = user;
    assert_true(s->count + count <= 512 && s->bytes + bytes < sizeof s->text);
    memcpy(s->ids + s->count, ids, count * sizeof *ids);
    memcpy(s->text + s->bytes, text, bytes);
    s->count += count;
    s->bytes += bytes;
    return 0;
}

/* Two turns, so that what the first left behind is used. */
static void say(said *out, const tael_model *m, const tael_model *draft, tael_generate_options o, tael_speculate how)
{
    char *folder = temp_folder();
    const char *path = in_folder(folder, "state");
    tael_session *s;
    tael_session_options so = {.size = sizeof so, .context_tokens = 200, .threads = 1, .draft = draft};
    memset(out, 0, sizeof *out);
    o.speculate = how;
    assert_ok(tael_session_open(&s, m, &so));
    assert_ok(tael_session_prompt(s, PROMPT, strlen(PROMPT), true));
    assert_ok(tael_session_generate(s, &o, take, out, NULL));
    assert_ok(tael_session_prompt(s, "(y)", 3, false));
    assert_ok(tael_session_generate(s, &o, take, out, &out->result));
    assert_ok(tael_session_save(s, path));
    assert_ok(tael__file_read(&out->state, &out->state_bytes, path, (size_t)1 << 24));
    tael_session_close(s);
    temp_remove(folder);
}

static void assert_same(said *with, said *without)
{
    assert_int_equal(with->count, without->count);
    assert_memory_equal(with->ids, without->ids, with->count * sizeof *with->ids);
    assert_int_equal(with->bytes, without->bytes);
    assert_memory_equal(with->text, without->text, with->bytes);
    assert_int_equal(with->result.finish, without->result.finish);
    assert_int_equal(with->state_bytes, without->state_bytes);
    assert_memory_equal(with->state, without->state, with->state_bytes);
    tael__free(with->state);
    with->state = NULL;
}

/* How many tokens proposals saved; fails when anything else differs. */
static uint32_t same_either_way(const tael_model *m, const tael_model *draft, tael_generate_options o)
{
    static said without, with;
    uint32_t saved = 0;
    o.size = sizeof o;
    if (o.max_tokens == 0) o.max_tokens = 60;
    say(&without, m, NULL, o, TAEL_SPECULATE_OFF);
    assert_int_equal(without.result.proposed_tokens, 0);
    for (tael_speculate how = TAEL_SPECULATE_AUTO; how <= TAEL_SPECULATE_ALWAYS; how++) {
        if (how == TAEL_SPECULATE_OFF) continue;
        say(&with, m, draft, o, how);
        assert_same(&with, &without);
        assert_true(with.result.accepted_tokens <= with.result.proposed_tokens);
        if (how == TAEL_SPECULATE_ALWAYS) {
            saved = without.result.passes - with.result.passes;
            assert_true(with.result.passes <= without.result.passes);
        }
    }
    tael__free(without.state);
    return saved;
}

static void greedy_says_the_same_in_fewer_passes(void **state)
{
    (void)state;
    uint32_t saved = same_either_way(model, NULL, (tael_generate_options){.greedy = true, .ignore_end = true});
    assert_in_range(saved, 10, 60); /* without penalties a tiny model repeats itself */
    same_either_way(model, NULL, (tael_generate_options){.greedy = true, .frequency_penalty = 1, .ignore_end = true});
}

static void a_seed_draws_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        same_either_way(model, NULL,
                        (tael_generate_options){.seed = seed,
                                                .temperature = 0.5f + 0.2f * (float)seed,
                                                .top_k = 40,
                                                .repeat_penalty = seed % 2 ? 1.1f : 1});
}

static void a_draft_changes_nothing_but_passes(void **state)
{
    (void)state;
    tael_generate_options o = {.greedy = true, .ignore_end = true, .frequency_penalty = 0.01f};
    assert_in_range(same_either_way(model, model, o), 10, 60); /* it knows itself */
    same_either_way(model, other, o);
    for (uint64_t seed = 1; seed <= 6; seed++) same_either_way(model, other, (tael_generate_options){.seed = seed});
}

static void stops_and_lengths_end_in_the_same_place(void **state)
{
    (void)state;
    static said whole;
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true};
    for (o.max_tokens = 1; o.max_tokens < 20; o.max_tokens++) same_either_way(model, NULL, o);
    o.max_tokens = 40;
    say(&whole, model, NULL, o, TAEL_SPECULATE_OFF);
    tael__free(whole.state);
    for (size_t at = 2; at + 2 < whole.bytes; at += 5) {
        char stop[3] = {whole.text[at], whole.text[at + 1], 0};
        const char *stops[] = {stop};
        o.stops = stops;
        o.stop_count = 1;
        same_either_way(model, model, o);
    }
}

static void a_context_fills_up_in_the_same_way(void **state)
{
    (void)state;
    static said out[2];
    for (int i = 0; i < 2; i++) {
        tael_session *s;
        tael_session_options so = {.size = sizeof so, .context_tokens = 50, .threads = 2, .draft = i ? model : NULL};
        tael_generate_options o = {.size = sizeof o,
                                   .greedy = true,
                                   .ignore_end = true,
                                   .speculate = i ? TAEL_SPECULATE_ALWAYS : TAEL_SPECULATE_OFF};
        memset(&out[i], 0, sizeof out[i]);
        assert_ok(tael_session_open(&s, model, &so));
        assert_ok(tael_session_prompt(s, PROMPT, strlen(PROMPT), true));
        assert_ok(tael_session_generate(s, &o, take, &out[i], &out[i].result));
        assert_int_equal(out[i].result.finish, TAEL_FINISH_LENGTH);
        assert_int_equal(tael_session_position(s), 50);
        tael_session_close(s);
    }
    assert_int_equal(out[0].count, out[1].count);
    assert_memory_equal(out[0].ids, out[1].ids, out[0].count * sizeof out[0].ids[0]);
    assert_true(out[1].result.passes < out[0].result.passes);
}

static void a_schema_is_filled_in_with_the_same_words(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":6},\"minItems\":3,\"maxItems\":5}",
        "{\"type\":\"array\",\"items\":{\"const\":\"one_and_the_same_text\"},\"minItems\":2,\"maxItems\":4}",
        "{\"type\":\"object\",\"properties\":{\"merchant\":{\"type\":\"string\",\"maxLength\":4},\"abc\":{\"enum\":["
        "\"abcabc\",\"abd\"]}},\"required\":[\"merchant\",\"abc\"]}"};
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
        for (uint64_t seed = 0; seed < 8; seed++)
            same_either_way(
                model, seed % 2 ? model : NULL,
                (tael_generate_options){
                    .schema = schemas[i], .greedy = seed == 0, .seed = seed, .temperature = 1.5f, .top_k = 100});
}

static void a_draft_of_another_vocabulary_is_refused(void **state)
{
    (void)state;
    tael_model *foreign;
    tael_session *s;
    assert_ok(tael_model_open(&foreign, "model/data/tiny_bert.gguf"));
    tael_session_options so = {.size = sizeof so, .context_tokens = 50, .draft = foreign};
    assert_status(tael_session_open(&s, model, &so), TAEL_BAD_INPUT);
    assert_null(s);
    tael_model_close(foreign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_says_the_same_in_fewer_passes),
        cmocka_unit_test(a_seed_draws_the_same),
        cmocka_unit_test(a_draft_changes_nothing_but_passes),
        cmocka_unit_test(stops_and_lengths_end_in_the_same_place),
        cmocka_unit_test(a_context_fills_up_in_the_same_way),
        cmocka_unit_test(a_schema_is_filled_in_with_the_same_words),
        cmocka_unit_test(a_draft_of_another_vocabulary_is_refused),
    };
    return cmocka_run_group_tests(tests, open_models, close_models);
}
