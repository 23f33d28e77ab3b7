// SPDX-License-Identifier: Apache-2.0
// The catalogue: what is built in is sound, a home may widen it, and names find files. A test that could be passed by a
// catalogue with a wrong digest or a name that leaves the folder would be none: both are looked at here.
#include "model/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static char *home;

static int open_home(void **state)
{
    (void)state;
    home = temp_folder();
    assert_ok(tael__folder_make(in_folder(home, "models")));
    unsetenv("TAEL_MODEL");
    return 0;
}

static int close_home(void **state)
{
    (void)state;
    temp_remove(home);
    return 0;
}

static void write_text(const char *name, const char *text)
{
    assert_ok(tael__file_write(in_folder(home, name), text, strlen(text)));
}

static const tael__catalogue_model *must_have(const tael__catalogue *c, const char *name)
{
    const tael__catalogue_model *m = tael__catalogue_find(c, name);
    if (!m) fail_msg("%s is not in the catalogue", name);
    return m;
}

/* The weights that a token takes lie in the file: they can't be larger, and nearly all of it is weights. */
static void what_a_token_takes_fits_the_file(void **state)
{
    (void)state;
    tael__catalogue c;
    assert_ok(tael__catalogue_open(&c, home));
    for (size_t i = 0; i < c.count; i++) {
        const tael__catalogue_model *m = &c.models[i];
        double bytes = 0;
        for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
            bytes += (double)(m->work.layers[f] + m->work.head[f]) * tael__formats[f].block_bytes /
                     tael__formats[f].block_weights;
        if (m->work.blocks == 0 || bytes > (double)m->bytes || bytes < 0.7 * (double)m->bytes)
            fail_msg("%s: %u layers, %.0f bytes a token of a file of %llu", m->name, m->work.blocks, bytes,
                     (unsigned long long)m->bytes);
    }
    tael__catalogue_close(&c);
}

static int has_speeds(const tael_catalogue_entry *e, void *user)
{
    if (e->decode_tps <= 0 || e->prefill_tps <= 0 || e->decode_tps > 1e5 || e->prefill_tps > 1e6)
        fail_msg("%s: %g and %g tokens a second", e->name, e->decode_tps, e->prefill_tps);
    ++*(int *)user;
    return 0;
}

static void measured_models_have_speeds(void **state)
{
    (void)state;
    int count = 0;
    assert_ok(tael_catalogue_measure(home, has_speeds, &count));
    assert_in_range(count, 9, 100);
}

static void the_models_that_were_promised_are_there(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sha256;
        uint64_t bytes;
    } known[] = {
        {"qwen2.5-coder-1.5b", "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046", 1117320768},
        {"qwen2.5-coder-0.5b", "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", 491400064},
        {"smollm2-135m", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98362432},
    };
    static const char *const others[] = {"qwen3-0.6b",   "qwen3-1.7b",   "qwen3-4b",
                                         "qwen2.5-0.5b", "qwen2.5-1.5b", "qwen2.5-3b"};
    tael__catalogue c;
    assert_ok(tael__catalogue_open(&c, home));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const tael__catalogue_model *m = must_have(&c, known[i].name);
        assert_string_equal(m->sha256, known[i].sha256);
        assert_int_equal(m->bytes, known[i].bytes);
        assert_int_equal(m->sources[m->source_count - 1].kind, TAEL__PYPI);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const tael__catalogue_model *m = must_have(&c, others[i]);
        assert_string_equal(m->sha256, ""); /* the hub tells it */
        assert_int_equal(m->source_count, 2);
    }
    must_have(&c, c.recommended);
    for (size_t i = 1; i < c.count; i++) assert_true(c.models[i - 1].parameters <= c.models[i].parameters);
    for (size_t i = 0; i < c.count; i++)
        assert_true(c.models[i].memory_bytes > c.models[i].bytes && *c.models[i].license);
    tael__catalogue_close(&c);
}

static void a_home_adds_and_replaces(void **state)
{
    (void)state;
    tael__catalogue c;
    write_text(
        "catalogue.json",
        "{\"recommended\": \"mine\", \"models\": ["
        "{\"name\": \"mine\", \"bytes\": 5, \"parameters\": 1, \"sources\": [{\"kind\": \"huggingface\", \"repo\": "
        "\"me/m\", "
        "\"file\": \"m.gguf\"}]},"
        "{\"name\": \"qwen3-4b\", \"bytes\": 7, \"parameters\": 2, \"sources\": [{\"kind\": \"modelscope\", \"repo\": "
        "\"me/q\", \"file\": \"q.gguf\"}]}]}");
    assert_ok(tael__catalogue_open(&c, home));
    assert_string_equal(c.models[0].name, "mine");
    assert_string_equal(c.recommended, "mine");
    assert_int_equal(must_have(&c, "qwen3-4b")->bytes, 7);
    must_have(&c, "smollm2-135m");
    tael__catalogue_close(&c);
}

/* Each would leave the models' folder, the hub's address, or become an option of a command. */
static void a_bad_entry_is_named_with_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *field, *entry;
    } cases[] = {
        {"name", "{\"name\": \"../x\", \"bytes\": 5}"},
        {"name", "{\"name\": \"-x\", \"bytes\": 5}"},
        {"name", "{\"bytes\": 5}"},
        {"bytes", "{\"name\": \"x\"}"},
        {"bytes", "{\"name\": \"x\", \"bytes\": -5}"},
        {"bytes", "{\"name\": \"x\", \"bytes\": 9000000000000000000}"},
        {"sha256", "{\"name\": \"x\", \"bytes\": 5, \"sha256\": \"12\"}"},
        {"sources", "{\"name\": \"x\", \"bytes\": 5}"},
        {"kind", "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"ftp\"}]}"},
        {"repo", "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"modelscope\", \"repo\": \"a/../b\", "
                 "\"file\": \"f\"}]}"},
        {"repo", "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"modelscope\", \"repo\": \"a\", \"file\": "
                 "\"f\"}]}"},
        {"file", "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"modelscope\", \"repo\": \"a/b\", "
                 "\"file\": \"f?x=/\"}]}"},
        {"package",
         "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"pypi\", \"package\": \"--pre\", \"count\": 1}]}"},
        {"package",
         "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"pypi\", \"package\": \"a\", \"count\": 2}]}"},
        {"count",
         "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"pypi\", \"package\": \"a\", \"count\": 5000}]}"},
        {"version",
         "{\"name\": \"x\", \"bytes\": 5, \"sources\": [{\"kind\": \"pypi\", \"package\": \"a\", \"count\": 1}]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tael__catalogue c;
        char text[512], quoted[32];
        snprintf(text, sizeof text, "{\"models\": [%s]}", cases[i].entry);
        snprintf(quoted, sizeof quoted, "\"%s\"", cases[i].field);
        write_text("catalogue.json", text);
        assert_status(tael__catalogue_open(&c, home), TAEL_BAD_INPUT);
        if (!strstr(tael_error(), quoted)) fail_msg("case %zu: \"%s\" lacks %s", i, tael_error(), quoted);
        assert_null(c.models);
    }
    write_text("catalogue.json", "{\"models\": [\n{]}");
    tael__catalogue c;
    assert_status(tael__catalogue_open(&c, home), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "line 2"));
}

typedef struct seen {
    int count, installed;
    uint64_t last;
} seen;

static int see(const tael_catalogue_entry *entry, void *user)
{
    seen *s = user;
    assert_true(entry->parameters >= s->last);
    assert_non_null(strstr(entry->path, "/models/"));
    s->last = entry->parameters;
    s->installed += entry->installed;
    return ++s->count == 4;
}

static void each_goes_from_small_to_large_and_stops(void **state)
{
    (void)state;
    seen s = {0};
    assert_ok(tael_catalogue_each(home, see, &s));
    assert_int_equal(s.count, 4);
    assert_int_equal(s.installed, 0);
}

static void what_is_not_installed_says_how_to_get_it(void **state)
{
    (void)state;
    char path[4096];
    assert_status(tael_model_find(home, "qwen3-0.6b", path, sizeof path), TAEL_NOT_FOUND);
    assert_non_null(strstr(tael_error(), "tael pull qwen3-0.6b"));
    assert_status(tael_model_find(home, NULL, path, sizeof path), TAEL_NOT_FOUND);
    assert_non_null(strstr(tael_error(), "tael pull qwen2.5-coder-1.5b"));
    assert_status(tael_model_find(home, "no-such-model", path, sizeof path), TAEL_NOT_FOUND);
    assert_non_null(strstr(tael_error(), "tael models"));
    assert_status(tael_model_find(home, "./no/such/file.gguf", path, sizeof path), TAEL_NOT_FOUND);
}

static void names_and_paths_find_files(void **state)
{
    (void)state;
    char path[4096], wanted[1024];
    write_text("models/qwen3-0.6b.gguf", "as if");
    write_text("models/by-hand.gguf", "as if");
    write_text("some.gguf", "as if");
    assert_ok(tael_model_find(home, "qwen3-0.6b", path, sizeof path));
    assert_string_equal(path, in_folder(home, "models/qwen3-0.6b.gguf"));
    assert_ok(tael_model_find(home, "by-hand", path, sizeof path));
    assert_string_equal(path, in_folder(home, "models/by-hand.gguf"));
    snprintf(wanted, sizeof wanted, "%s", in_folder(home, "some.gguf"));
    assert_ok(tael_model_find(home, wanted, path, sizeof path));
    assert_string_equal(path, wanted);
    assert_status(tael_model_find(home, wanted, path, 4), TAEL_LIMIT);
    setenv("TAEL_MODEL", "by-hand", 1);
    assert_ok(tael_model_find(home, NULL, path, sizeof path));
    assert_string_equal(path, in_folder(home, "models/by-hand.gguf"));
}

static void half_a_model_is_not_installed(void **state)
{
    (void)state;
    char path[4096];
    write_text("models/smollm2-135m.gguf", "cut short"); /* its exact size is known */
    assert_status(tael_model_find(home, "smollm2-135m", path, sizeof path), TAEL_NOT_FOUND);
    assert_status(tael_model_find(home, NULL, path, sizeof path), TAEL_NOT_FOUND);
}

/* Memory is set by the entries: one that fits anything, one that fits nothing. */
static void the_best_is_the_largest_that_fits(void **state)
{
    (void)state;
    char path[4096];
    write_text("catalogue.json", "{\"models\": ["
                                 "{\"name\": \"huge\", \"bytes\": 900000000000, \"parameters\": 99000000000, "
                                 "\"sources\": [{\"kind\": \"huggingface\", "
                                 "\"repo\": \"a/b\", \"file\": \"f\"}]},"
                                 "{\"name\": \"small\", \"bytes\": 1, \"parameters\": 1, \"sources\": [{\"kind\": "
                                 "\"huggingface\", \"repo\": \"a/b\", \"file\": "
                                 "\"f\"}]},"
                                 "{\"name\": \"middle\", \"bytes\": 2, \"parameters\": 2, \"sources\": [{\"kind\": "
                                 "\"huggingface\", \"repo\": \"a/b\", \"file\": "
                                 "\"f\"}]}]}");
    write_text("models/huge.gguf", "x");
    assert_ok(tael_model_find(home, NULL, path, sizeof path)); /* better one that is too large than none */
    assert_non_null(strstr(path, "huge"));
    write_text("models/small.gguf", "x");
    assert_ok(tael_model_find(home, NULL, path, sizeof path));
    assert_non_null(strstr(path, "small"));
    write_text("models/middle.gguf", "x");
    assert_ok(tael_model_find(home, NULL, path, sizeof path));
    assert_non_null(strstr(path, "middle"));
}

static void no_memory_is_a_status(void **state)
{
    (void)state;
    char path[4096];
    write_text("catalogue.json", "{\"models\": []}");
    for (uint64_t nth = 1; nth < 50; nth++) {
        tael__alloc_break(nth, true);
        tael_status status = tael_model_find(home, "smollm2-135m", path, sizeof path);
        uint64_t made = tael__alloc_break(0, false);
        if (made < nth) return;
        assert_int_equal(status, TAEL_NO_MEMORY);
    }
    fail_msg("it asks for memory without end");
}

#define IN_A_HOME(test) cmocka_unit_test_setup_teardown(test, open_home, close_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOME(what_a_token_takes_fits_the_file),
        IN_A_HOME(measured_models_have_speeds),
        IN_A_HOME(the_models_that_were_promised_are_there),
        IN_A_HOME(a_home_adds_and_replaces),
        IN_A_HOME(a_bad_entry_is_named_with_its_field),
        IN_A_HOME(each_goes_from_small_to_large_and_stops),
        IN_A_HOME(what_is_not_installed_says_how_to_get_it),
        IN_A_HOME(names_and_paths_find_files),
        IN_A_HOME(half_a_model_is_not_installed),
        IN_A_HOME(the_best_is_the_largest_that_fits),
        IN_A_HOME(no_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
