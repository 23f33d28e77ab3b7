// SPDX-License-Identifier: Apache-2.0
// Tokens as the bytes that they stand for. They are decoded when they are first asked for: of 150,000 a conversation
// needs a few hundred, and all of them would take as long as half of the rest of opening a vocabulary. What was decoded
// stays where it is, so that what a caller got is valid as long as the tokenizer.
#include "base/limits.h"
#include "model/tokenizer_internal.h"

_Static_assert(TAEL__MAX_TOKEN_BYTES < UINT16_MAX, "a length and 1 in 16 bits");

/* The bytes that a name of byte-level BPE stands for. A letter that stands for no byte is kept as it is. All letters
 * that do have one byte, which is what they stand for, or two. */
static size_t decode_letters(char *out, const char *name, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; n++) {
        const uint8_t lead = (uint8_t)name[i], next = i + 1 < bytes ? (uint8_t)name[i + 1] : 0;
        bool two = lead >= 0xC2 && lead <= 0xC5 && (next & 0xC0) == 0x80;
        int byte = two ? tael__letter_byte((uint32_t)(lead & 0x1F) << 6 | (next & 0x3F)) : -1;
        out[n] = byte >= 0 ? (char)byte : name[i];
        i += byte >= 0 ? 2 : 1;
    }
    return n;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that <0xNN> names, or -1. */
static int named_byte(const char *name, size_t bytes)
{
    if (bytes != 6 || memcmp(name, "<0x", 3) != 0 || name[5] != '>') return -1;
    int high = hex_digit(name[3]), low = hex_digit(name[4]);
    return high >= 0 && low >= 0 ? high << 4 | low : -1;
}

/* The bytes that a name of the other kinds stands for: U+2581 is a space. */
static size_t decode_spaces(char *out, const char *name, size_t bytes)
{
    static const char space[] = "\xE2\x96\x81";
    size_t n = 0;
    for (size_t i = 0; i < bytes; n++) {
        bool is_space = bytes - i >= 3 && memcmp(name + i, space, 3) == 0;
        out[n] = is_space ? ' ' : name[i];
        i += is_space ? 3 : 1;
    }
    return n;
}

static size_t decode_name(const tael__tokenizer *t, uint32_t id, char *out)
{
    const char *name = t->token_base + t->tokens[id].offset;
    size_t bytes = t->tokens[id].bytes;
    if (t->flags[id] & TAEL__TOKEN_BYTE) {
        *out = (char)named_byte(name, bytes);
        return 1;
    }
    if (t->flags[id] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) {
        memcpy(out, name, bytes);
        return bytes;
    }
    return t->kind == TAEL__TOKENIZER_BPE ? decode_letters(out, name, bytes) : decode_spaces(out, name, bytes);
}

/* Where a token's bytes lie: no name stands for more bytes than it has, and in the file 8 others are before each. */
static char *place_of(const tael__tokenizer *t, uint32_t id)
{
    return t->bytes + (t->tokens[id].offset - 8 * (size_t)id);
}

tael_status tael__tokenizer_bytes_open(tael__tokenizer *t)
{
    const uint32_t last = t->size - 1;
    size_t total = t->tokens[last].offset - 8 * (size_t)last + t->tokens[last].bytes;
    t->bytes = tael__alloc_zero(total + 1); /* pages that nobody needs stay untouched */
    t->decoded = tael__alloc_array(t->size, sizeof *t->decoded);
    return t->bytes && t->decoded ? TAEL_OK : tael__fail_memory("tokenizer", total);
}

tael__slice tael__token_bytes(const tael__tokenizer *tokenizer, int32_t id)
{
    tael__tokenizer *t = (tael__tokenizer *)(uintptr_t)tokenizer; /* whoever asks, the answer is the same */
    if (id < 0 || (uint32_t)id >= t->size) return (tael__slice){"", 0};
    char *place = place_of(t, (uint32_t)id);
    unsigned known = atomic_load_explicit(&t->decoded[id], memory_order_acquire);
    if (!known) {
        pthread_mutex_lock(&t->decoding);
        known = atomic_load_explicit(&t->decoded[id], memory_order_relaxed);
        if (!known) known = (unsigned)decode_name(t, (uint32_t)id, place) + 1;
        atomic_store_explicit(&t->decoded[id], (unsigned short)known, memory_order_release);
        pthread_mutex_unlock(&t->decoding);
    }
    return (tael__slice){place, known - 1};
}
