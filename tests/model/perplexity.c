// SPDX-License-Identifier: Apache-2.0
// Perplexity by windows: which tokens are scored and with what before them. The expected figure is computed here from
// the scored logits with double sums, for each way of starting a window; a window off by one, a cache that isn't fresh
// or a forgotten BOS gives another.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "support.h"

#define WINDOW 16

static const char text[] = "the quick brown fox jumps over a lazy dog, bad cab; ABC abc bca 12345 67890 xyz!";

typedef struct expected {
    const int32_t *ids;
    double sum;
    size_t scored;
} expected;

static void add(size_t index, const float *logits, void *user)
{
    expected *e = user;
    if (index < WINDOW / 2 || index + 1 >= WINDOW) return;
    double sum = 0;
    for (size_t i = 0; i < 128; i++) sum += exp((double)logits[i]);
    e->sum += log(sum) - (double)logits[e->ids[index + 1]];
    e->scored++;
}

static double expect(const tael_model *m, uint64_t *scored)
{
    int32_t ids[128];
    size_t count, at = 0;
    expected e = {0};
    if (tael__tokenizer_adds_bos(m->tokenizer)) ids[at++] = tael__tokenizer_bos(m->tokenizer);
    assert_ok(tael_tokenize(m, text, strlen(text), false, ids + at, 100, &count));
    count += at;
    for (size_t w = 0; w + WINDOW <= count; w += WINDOW) {
        tael__context *c;
        tael__context_options o = {.context_tokens = WINDOW, .threads = 1};
        if (tael__tokenizer_adds_bos(m->tokenizer)) ids[w] = tael__tokenizer_bos(m->tokenizer);
        e.ids = ids + w;
        assert_ok(tael__context_open(&c, m, &o));
        assert_ok(tael__context_score(c, ids + w, WINDOW, 0, add, &e));
        tael__context_close(c);
    }
    *scored = e.scored;
    return exp(e.sum / (double)e.scored);
}

static void second_halves_of_fresh_windows_are_scored(void **state)
{
    (void)state;
    static const char *const files[] = {"model/data/tiny_qwen2.gguf",
                                        "model/data/tiny_llama.gguf"}; /* without and with BOS */
    for (size_t i = 0; i < 2; i++) {
        tael_model *m;
        double got;
        uint64_t scored, want_scored;
        assert_ok(tael_model_open(&m, files[i]));
        assert_int_equal(tael__tokenizer_adds_bos(m->tokenizer), i == 1);
        double want = expect(m, &want_scored);
        assert_ok(tael_perplexity(m, text, strlen(text), WINDOW, 1, &got, &scored));
        assert_int_equal(scored, want_scored);
        assert_true(scored % (WINDOW / 2 - 1) == 0 && scored > 14);
        if (!(fabs(got - want) < 1e-3 * want)) fail_msg("%s: perplexity %g, wanted %g", files[i], got, want);
        double two;
        assert_ok(tael_perplexity(m, text, strlen(text), WINDOW, 2, &two, &scored));
        assert_true(two == got);
        tael_model_close(m);
    }
}

static void short_texts_and_strange_windows_are_refused(void **state)
{
    (void)state;
    tael_model *m;
    double p;
    uint64_t scored;
    assert_ok(tael_model_open(&m, "model/data/tiny_qwen2.gguf"));
    assert_status(tael_perplexity(m, "abc", 3, WINDOW, 1, &p, &scored), TAEL_BAD_INPUT);
    assert_status(tael_perplexity(m, "", 0, WINDOW, 1, &p, &scored), TAEL_BAD_INPUT);
    assert_status(tael_perplexity(m, text, strlen(text), 0, 1, &p, &scored), TAEL_MISUSE);
    assert_status(tael_perplexity(m, text, strlen(text), 2, 1, &p, &scored), TAEL_MISUSE);
    assert_status(tael_perplexity(m, text, strlen(text), UINT32_MAX, 1, &p, &scored), TAEL_MISUSE);
    assert_ok(tael_perplexity(m, text, strlen(text), 3, 1, &p, &scored));
    assert_true(isfinite(p) && scored > 0);
    tael_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_halves_of_fresh_windows_are_scored),
        cmocka_unit_test(short_texts_and_strange_windows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
