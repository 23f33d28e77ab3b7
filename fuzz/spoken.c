// SPDX-License-Identifier: Apache-2.0
// Any bytes as a reply that may hold calls, in pieces whose lengths the first bytes give. Besides "no crash": what is
// not called is said in full and in order, the pieces change nothing of it, and each call's arguments are a JSON
// object.
#include <stdlib.h>
#include <string.h>

#include "serve/tools.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

static void feed(tael__spoken *s, const tael__tools *tools, tael__buffer *plain, const char *text, size_t bytes,
                 const uint8_t *lengths)
{
    *s = (tael__spoken){.held = {.max = 1 << 20}};
    for (size_t at = 0, i = 0; at < bytes; i++) {
        size_t n = lengths ? lengths[i % 4] % 16 + 1u : bytes;
        if (n > bytes - at) n = bytes - at;
        must(tael__spoken_push(s, text + at, n, plain) == TAEL_OK);
        at += n;
    }
    must(tael__spoken_end(s, tools, plain) == TAEL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael__tools tools;
    if (!tools.list)
        tools.list = json_loads("[{\"function\":{\"name\":\"pay\"}},{\"function\":{\"name\":\"ask\"}}]", 0, NULL);
    if (size < 4 || size > 1 << 16) return 0;
    const char *text = (const char *)data + 4;
    size_t bytes = size - 4, i;
    tael__spoken whole, cut;
    tael__buffer said = {.max = 1 << 20}, said_cut = {.max = 1 << 20};
    feed(&whole, &tools, &said, text, bytes, NULL);
    feed(&cut, &tools, &said_cut, text, bytes, data);
    must(said.size == said_cut.size && (said.size == 0 || memcmp(said.data, said_cut.data, said.size) == 0));
    must(json_array_size(whole.calls) == json_array_size(cut.calls));
    must(said.size <= bytes && (said.size == 0 || memcmp(said.data, text, said.size) == 0));
    must(whole.calls || said.size == bytes);
    const json_t *call;
    json_array_foreach(whole.calls, i, call)
    {
        json_t *arguments = json_loads(json_string_value(json_object_get(call, "arguments")), 0, NULL);
        must(json_is_object(arguments));
        json_decref(arguments);
    }
    tael__buffer_free(&said);
    tael__buffer_free(&said_cut);
    tael__spoken_free(&whole);
    tael__spoken_free(&cut);
    return 0;
}
