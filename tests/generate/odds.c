// SPDX-License-Identifier: Apache-2.0
// How likely a token was. Against a softmax written the plain way; and in a generation each token's odds come in the
// order of the text's ids, whatever a stop string holds back.
#include "generate/odds.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "support.h"

static void odds_are_those_of_a_softmax(void **state)
{
    (void)state;
    enum { N = 500 };
    static float logits[N];
    tael__random r;
    tael__random_seed(&r, 3);
    for (int round = 0; round < 50; round++) {
        double sum = 0;
        for (int i = 0; i < N; i++) {
            logits[i] = tael__random_unit(&r) < 0.2 ? -INFINITY : (float)(tael__random_unit(&r) * 40 - 20);
            if (i % 7 == 0 && i > 0) logits[i] = logits[i - 1]; /* equal ones */
            sum += exp(logits[i]);
        }
        int32_t id = 0;
        while (!(logits[id] > -INFINITY)) id++;
        tael_odds o;
        uint32_t top = (uint32_t)round % 25; /* more than TAEL_ODDS_MOST is as much as that */
        tael__odds(&o, logits, N, id, top);
        assert_int_equal(o.id, id);
        assert_true(fabs(o.logprob - (logits[id] - log(sum))) < 1e-4);
        assert_int_equal(o.count, top < TAEL_ODDS_MOST ? top : TAEL_ODDS_MOST);
        for (uint32_t k = 0; k < o.count; k++) {
            assert_true(fabs(o.logprobs[k] - (logits[o.ids[k]] - log(sum))) < 1e-4);
            int likelier = 0;
            for (int i = 0; i < N; i++)
                likelier += logits[i] > logits[o.ids[k]] || (logits[i] == logits[o.ids[k]] && i < o.ids[k]);
            assert_int_equal(likelier, k);
        }
    }
}

static void fewer_tokens_than_asked_for_are_all_there_are(void **state)
{
    (void)state;
    float logits[] = {-INFINITY, 2, -INFINITY, 1};
    tael_odds o;
    tael__odds(&o, logits, 4, 3, 5);
    assert_int_equal(o.count, 2);
    assert_int_equal(o.ids[0], 1);
    assert_int_equal(o.ids[1], 3);
    assert_true(fabs(exp(o.logprobs[0]) + exp(o.logprobs[1]) - 1) < 1e-6);
}

typedef struct told {
    int32_t ids[200], odds_ids[200];
    size_t count, odds_count;
    bool likeliest; /* each was */
} told;

static int on_text(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    told *t = user;
    (void)text;
    (void)bytes;
    memcpy(t->ids + t->count, ids, count * sizeof *ids);
    t->count += count;
    assert_true(t->count <= t->odds_count); /* told before the text */
    return 0;
}

static void on_odds(const tael_odds *odds, void *user)
{
    told *t = user;
    assert_true(odds->logprob <= 0);
    assert_int_equal(odds->count, 3);
    t->likeliest &= odds->ids[0] == odds->id && odds->logprobs[0] == odds->logprob;
    t->odds_ids[t->odds_count++] = odds->id;
}

static void a_generations_odds_come_in_the_order_of_its_text(void **state)
{
    (void)state;
    tael_model *model;
    tael_session *session;
    assert_ok(tael_model_open(&model, "model/data/tiny_qwen2.gguf"));
    assert_ok(tael_session_open(&session, model, NULL));
    for (int greedy = 0; greedy < 2; greedy++) {
        told t = {.likeliest = true};
        tael_generate_options o = {.size = sizeof o,
                                   .max_tokens = 40,
                                   .greedy = greedy,
                                   .seed = 5,
                                   .ignore_end = true,
                                   .odds = on_odds,
                                   .odds_top = 3};
        assert_ok(tael_session_prompt(session, "abc", 3, true));
        assert_ok(tael_session_generate(session, &o, on_text, &t, NULL));
        assert_int_equal(t.odds_count, 40);
        assert_memory_equal(t.ids, t.odds_ids, t.count * sizeof *t.ids);
        assert_int_equal(t.likeliest, greedy); /* a temperature that never draws another would be none */
    }
    tael_session_close(session);
    tael_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odds_are_those_of_a_softmax),
        cmocka_unit_test(fewer_tokens_than_asked_for_are_all_there_are),
        cmocka_unit_test(a_generations_odds_come_in_the_order_of_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
