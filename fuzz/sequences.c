// SPDX-License-Identifier: Apache-2.0
// Any bytes as a text of sequences. Property: what is accepted, written again and read again, is the same.
#include <inttypes.h>
#include <string.h>

#include "habits/sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) __builtin_trap();
}

static void write_again(tael__buffer *text, const tael_sequences *s)
{
    for (size_t i = 0; i < s->count; i++) {
        must(s->start[i] <= s->start[i + 1]);
        tael__buffer_text(text, s->names[i]);
        for (size_t k = s->start[i]; k < s->start[i + 1]; k++) {
            must(s->items[k] < s->item_count);
            tael__buffer_format(text, " %" PRIu32, s->items[k] + 1);
        }
        tael__buffer_text(text, "\n");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tael_sequences *first, *second;
    tael__buffer text = {.max = 1u << 24};
    if (tael__sequences_parse(&first, (const char *)data, size, "fuzz") != TAEL_OK) {
        must(!first && tael_error()[0]);
        return 0;
    }
    write_again(&text, first);
    must(!text.failed);
    must(tael__sequences_parse(&second, text.data, text.size, "again") == TAEL_OK);
    must(first->count == second->count && first->item_count == second->item_count);
    size_t starts = (first->count + 1) * sizeof *first->start, items = first->start[first->count] * sizeof(uint32_t);
    must(memcmp(first->start, second->start, starts) == 0 && memcmp(first->items, second->items, items) == 0);
    for (size_t i = 0; i < first->count; i++) must(strcmp(first->names[i], second->names[i]) == 0);
    tael__buffer_free(&text);
    tael_sequences_close(first);
    tael_sequences_close(second);
    return 0;
}
