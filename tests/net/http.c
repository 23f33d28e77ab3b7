// SPDX-License-Identifier: Apache-2.0
// Downloads against a server of our own that cuts, stalls, lies and says nothing. An implementation that trusts a
// length, waits for ever, or takes an error's page for the file, fails here.
#include "net/http.h"

#include "base/date.h"
#include "support.h"

#include "http_server.h"

static const char body[] = "The quick brown fox jumps over the lazy dog, again and again, until the download is whole.";
#define BODY (sizeof body - 1)

typedef struct sink {
    char data[1024];
    size_t bytes, stop_at; /* cancel once so much came; 0: never */
    uint64_t total;
    int quiet_calls, quiet_max;
} sink;

static int collect(const void *data, size_t bytes, uint64_t total, void *user)
{
    sink *s = user;
    if (bytes == 0) return s->quiet_max && ++s->quiet_calls >= s->quiet_max;
    assert_true(s->bytes + bytes <= sizeof s->data);
    memcpy(s->data + s->bytes, data, bytes);
    s->bytes += bytes;
    s->total = total;
    return s->stop_at && s->bytes >= s->stop_at;
}

static tael_status get(server *s, const char *path, tael__http_options options, sink *out)
{
    char url[128];
    snprintf(url, sizeof url, "%s%s", s->url, path);
    if (!options.max_bytes) options.max_bytes = 1000;
    return tael__http_get(url, &options, collect, out);
}

static void a_file_arrives_whole(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY};
    sink out = {0};
    server_start(&s);
    assert_ok(get(&s, "/file", (tael__http_options){0}, &out));
    assert_int_equal(out.bytes, BODY);
    assert_memory_equal(out.data, body, BODY);
    assert_int_equal(out.total, BODY);
    server_stop(&s);
}

static void a_redirect_is_followed(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY};
    sink out = {0};
    server_start(&s);
    assert_ok(get(&s, "/moved", (tael__http_options){0}, &out));
    assert_int_equal(out.bytes, BODY);
    server_stop(&s);
}

static void a_download_goes_on_where_it_was(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY};
    sink out = {0};
    server_start(&s);
    assert_ok(get(&s, "/file", (tael__http_options){.resume_at = 40}, &out));
    assert_int_equal(out.bytes, BODY - 40);
    assert_memory_equal(out.data, body + 40, BODY - 40);
    assert_int_equal(out.total, BODY);
    server_stop(&s);
}

/* A server that ignores Range would make us append the file's start to its middle. */
static void a_server_that_cannot_resume_is_told_apart(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY, .no_range = true};
    sink out = {0};
    server_start(&s);
    assert_status(get(&s, "/file", (tael__http_options){.resume_at = 40}, &out), TAEL_UNSUPPORTED);
    assert_int_equal(out.bytes, 0);
    server_stop(&s);
}

static void errors_give_their_status_and_no_bytes(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY};
    sink out = {0};
    server_start(&s);
    assert_status(get(&s, "/missing", (tael__http_options){0}, &out), TAEL_NOT_FOUND);
    assert_status(get(&s, "/broken", (tael__http_options){0}, &out), TAEL_NETWORK);
    assert_non_null(strstr(tael_error(), "503"));
    assert_int_equal(out.bytes, 0);
    server_stop(&s);
}

static void a_cut_connection_is_a_network_error(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY, .cut_at = 30, .cuts = 1};
    sink out = {0};
    server_start(&s);
    assert_status(get(&s, "/file", (tael__http_options){0}, &out), TAEL_NETWORK);
    assert_int_equal(out.bytes, 30); /* what came is a prefix, and was given */
    assert_memory_equal(out.data, body, 30);
    server_stop(&s);
}

static void more_than_asked_for_is_refused(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY};
    sink out = {0};
    server_start(&s);
    assert_status(get(&s, "/file", (tael__http_options){.max_bytes = 10}, &out), TAEL_LIMIT);
    assert_true(out.bytes <= 10);
    server_stop(&s);
}

static void the_silent_and_the_stalled_are_given_up(void **state)
{
    (void)state;
    server silent = {.body = body, .bytes = BODY, .silent = true},
           stalled = {.body = body, .bytes = BODY, .stall_at = 20};
    sink out = {0};
    double start = tael__clock_seconds();
    server_start(&silent);
    server_start(&stalled);
    assert_status(get(&silent, "/file", (tael__http_options){.connect_timeout_ms = 100}, &out), TAEL_NETWORK);
    assert_int_equal(out.bytes, 0);
    assert_status(get(&stalled, "/file", (tael__http_options){.stall_timeout_ms = 100}, &out), TAEL_NETWORK);
    assert_int_equal(out.bytes, 20);
    assert_true(tael__clock_seconds() - start < 10);
    server_stop(&silent);
    server_stop(&stalled);
}

static void nobody_there_is_said_at_once(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY};
    sink out = {0};
    server_start(&s);
    server_stop(&s); /* its port is closed now */
    assert_status(get(&s, "/file", (tael__http_options){0}, &out), TAEL_NETWORK);
    assert_non_null(strstr(tael_error(), "127.0.0.1"));
}

static void the_caller_can_cancel(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY}, silent = {.body = body, .bytes = BODY, .silent = true};
    sink some = {.stop_at = 1}, none = {.quiet_max = 1};
    server_start(&s);
    server_start(&silent);
    assert_int_equal(get(&s, "/file", (tael__http_options){0}, &some), TAEL_CANCELLED);
    assert_int_equal(get(&silent, "/file", (tael__http_options){0}, &none), TAEL_CANCELLED);
    server_stop(&s);
    server_stop(&silent);
}

static void other_protocols_are_refused(void **state)
{
    (void)state;
    sink out = {0};
    tael__http_options options = {.max_bytes = 1000};
    assert_status(tael__http_get("file:///etc/hostname", &options, collect, &out), TAEL_BAD_INPUT);
    assert_status(tael__http_get("not an address", &options, collect, &out), TAEL_BAD_INPUT);
    assert_int_equal(out.bytes, 0);
}

static void a_head_tells_headers_of_the_redirect_itself(void **state)
{
    (void)state;
    server s = {.body = body, .bytes = BODY, .sha256 = "abc"};
    char url[128];
    tael__http_header headers[] = {{.name = "X-Linked-Etag"}, {.name = "X-LINKED-SIZE"}, {.name = "X-Absent"}};
    server_start(&s);
    snprintf(url, sizeof url, "%s/file", s.url);
    assert_ok(tael__http_head(url, headers, 3));
    assert_string_equal(headers[0].value, "\"abc\"");
    assert_int_equal(strtoul(headers[1].value, NULL, 10), BODY);
    assert_string_equal(headers[2].value, "");
    assert_int_equal(s.requests, 1); /* not followed */
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_arrives_whole),
        cmocka_unit_test(a_redirect_is_followed),
        cmocka_unit_test(a_download_goes_on_where_it_was),
        cmocka_unit_test(a_server_that_cannot_resume_is_told_apart),
        cmocka_unit_test(errors_give_their_status_and_no_bytes),
        cmocka_unit_test(a_cut_connection_is_a_network_error),
        cmocka_unit_test(more_than_asked_for_is_refused),
        cmocka_unit_test(the_silent_and_the_stalled_are_given_up),
        cmocka_unit_test(nobody_there_is_said_at_once),
        cmocka_unit_test(the_caller_can_cancel),
        cmocka_unit_test(other_protocols_are_refused),
        cmocka_unit_test(a_head_tells_headers_of_the_redirect_itself),
    };
    unsetenv("http_proxy"); /* it would be asked for 127.0.0.1 too */
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
