// SPDX-License-Identifier: Apache-2.0
// Tokens cut text anywhere: inside a character, inside a stop string. What may still become a stop string is held back
// (the longest tail that begins one), and so is a character that isn't whole; the rest goes out at once.
#include "generate/output.h"

#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"

#define MAX_HELD_BYTES ((size_t)1 << 20) /* far above a stop string and a token */

tael_status tael__output_open(tael__output *o, const tael_generate_options *options, tael_token_fn *token, void *user)
{
    *o = (tael__output){.stops = options->stops,
                        .stop_count = options->stop_count,
                        .token = token,
                        .user = user,
                        .text = {.max = MAX_HELD_BYTES},
                        .ids = {.max = MAX_HELD_BYTES},
                        .ends = {.max = MAX_HELD_BYTES},
                        .piece = {.max = MAX_HELD_BYTES * 3}};
    if (o->stop_count > TAEL__MAX_STOPS || (o->stop_count > 0 && !o->stops))
        return tael__fail(
            TAEL_MISUSE, TAEL_SAY("stops: %zu given; at most %d can be watched for", "停止词：给了 %zu 个；最多 %d 个"),
            o->stop_count, TAEL__MAX_STOPS);
    for (size_t i = 0; i < o->stop_count; i++) {
        size_t n = o->stops[i] ? strlen(o->stops[i]) : 0;
        if (n == 0 || n > TAEL__MAX_STOP_BYTES)
            return tael__fail(TAEL_MISUSE,
                              TAEL_SAY("stop %zu: %zu bytes long; give 1 to %d bytes",
                                       "第 %zu 个停止词：长 %zu 字节；应为 1 到 %d 字节"),
                              i + 1, n, TAEL__MAX_STOP_BYTES);
    }
    return TAEL_OK;
}

void tael__output_close(tael__output *o)
{
    tael__buffer_free(&o->text);
    tael__buffer_free(&o->ids);
    tael__buffer_free(&o->ends);
    tael__buffer_free(&o->piece);
}

/* The first place where a stop string stands, or SIZE_MAX; and which one it is, from 1. */
static size_t find_stop(const tael__output *o, uint32_t *which)
{
    const char *text = o->text.data;
    for (size_t at = 0; at < o->text.size; at++)
        for (size_t i = 0; i < o->stop_count; i++) {
            size_t n = strlen(o->stops[i]);
            if (n <= o->text.size - at && memcmp(text + at, o->stops[i], n) == 0) {
                *which = (uint32_t)i + 1;
                return at;
            }
        }
    return SIZE_MAX;
}

/* Where the longest tail that could begin a stop string starts; the text's end when there is none. */
static size_t hold_from(const tael__output *o)
{
    size_t size = o->text.size, longest = size < TAEL__MAX_STOP_BYTES ? size : TAEL__MAX_STOP_BYTES;
    for (size_t tail = longest; tail > 0; tail--)
        for (size_t i = 0; i < o->stop_count; i++)
            if (strlen(o->stops[i]) > tail && memcmp(o->text.data + size - tail, o->stops[i], tail) == 0)
                return size - tail;
    return size;
}

static tael_status copy_valid(tael__buffer *piece, const char *text, size_t bytes)
{
    tael__buffer_clear(piece);
    while (bytes > 0) {
        size_t good = tael__utf8_invalid_at(text, bytes);
        tael__buffer_append(piece, text, good);
        if (good < bytes) {
            tael__buffer_text(piece, "\xEF\xBF\xBD");
            good++;
        }
        text += good;
        bytes -= good;
    }
    return piece->failed;
}

static void drop_front(tael__buffer *b, size_t bytes)
{
    if (bytes == 0) return;
    memmove(b->data, b->data + bytes, b->size - bytes);
    b->size -= bytes;
}

/* Give out text[0..bytes) with the ids that end in it; `last`: with all ids that begin in it, or all when nothing is
 * left. */
static tael_status give(tael__output *o, size_t bytes, size_t last)
{
    const uint32_t *ends = (const uint32_t *)(const void *)o->ends.data;
    size_t count = o->ids.size / sizeof(int32_t), given = 0;
    while (given < count && (ends[given] <= bytes || (last != 0 && (given == 0 || ends[given - 1] < last)))) given++;
    if (bytes == 0 && given == 0) return TAEL_OK;
    if (bytes == 0 && last == 0) return TAEL_OK; /* a token without text waits for the next piece */
    TAEL_TRY(copy_valid(&o->piece, o->text.data ? o->text.data : "", bytes));
    if (o->token && o->token(o->piece.size ? o->piece.data : "", o->piece.size,
                             (const int32_t *)(const void *)o->ids.data, given, o->user) != 0)
        o->cancelled = true;
    drop_front(&o->text, bytes);
    drop_front(&o->ids, given * sizeof(int32_t));
    drop_front(&o->ends, given * sizeof(uint32_t));
    uint32_t *left = (uint32_t *)(void *)o->ends.data;
    for (size_t i = 0; i < count - given; i++) left[i] -= (uint32_t)bytes;
    return TAEL_OK;
}

tael_status tael__output_push(tael__output *o, int32_t id, const char *bytes, size_t count)
{
    tael__buffer_append(&o->text, bytes, count);
    uint32_t end = (uint32_t)o->text.size;
    tael__buffer_append(&o->ids, &id, sizeof id);
    tael__buffer_append(&o->ends, &end, sizeof end);
    if (o->text.failed != TAEL_OK) return o->text.failed;
    if (o->ids.failed != TAEL_OK) return o->ids.failed;
    if (o->ends.failed != TAEL_OK) return o->ends.failed;
    size_t stop = o->stop_count ? find_stop(o, &o->stop) : SIZE_MAX;
    if (stop != SIZE_MAX) {
        o->stopped = true;
        return give(o, tael__utf8_cut(o->text.data, stop), stop);
    }
    return give(o, tael__utf8_cut(o->text.data, hold_from(o)), 0);
}

tael_status tael__output_flush(tael__output *o)
{
    if (o->stopped || o->cancelled || o->ids.size == 0) return TAEL_OK;
    return give(o, tael__utf8_cut(o->text.data ? o->text.data : "", o->text.size), SIZE_MAX);
}
