// SPDX-License-Identifier: Apache-2.0
// Sequences of items from a text. Every byte is hostile: numbers, their count and the lines have limits.
#include <string.h>

#include "base/file.h"
#include "habits/sequence.h"

static tael_status wrong(const char *path, size_t line, const char *why)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: line %zu: %s; write NAME ITEM ITEM ..., items as numbers from 1 to %u",
                               "%s：第 %zu 行：%s；格式为“名称 商品 商品 …”，商品为 1 到 %u 的整数"),
                      path, line, why, TAEL__MAX_SEQUENCE_ITEMS);
}

static bool grow(void **p, size_t *capacity, size_t wanted, size_t each)
{
    size_t n = *capacity ? *capacity : 1024, bytes;
    if (wanted <= *capacity) return true;
    while (n < wanted) n *= 2;
    if (!tael__mul_size(&bytes, n, each)) return false;
    void *more = tael__realloc(*p, bytes);
    if (!more) return false;
    *p = more;
    *capacity = n;
    return true;
}

/* start has one more than names: where the next sequence begins. */
static tael_status begin(tael_sequences *s, const char *name, size_t bytes)
{
    size_t starts = s->capacity, names = s->capacity;
    if (!grow((void **)&s->start, &starts, s->count + 2, sizeof *s->start) ||
        !grow((void **)&s->names, &names, s->count + 2, sizeof *s->names))
        return tael__fail_memory(TAEL_SAY("sequences", "序列"), (s->count + 2) * sizeof *s->start);
    s->capacity = starts;
    s->names[s->count] = tael__strndup(name, bytes);
    if (!s->names[s->count]) return tael__fail_memory(TAEL_SAY("a sequence's name", "序列名称"), bytes);
    if (s->count == 0) s->start[0] = 0;
    s->start[s->count + 1] = s->start[s->count];
    s->count++;
    return TAEL_OK;
}

static tael_status add(tael_sequences *s, uint32_t item)
{
    size_t at = s->start[s->count];
    if (!grow((void **)&s->items, &s->item_capacity, at + 1, sizeof *s->items))
        return tael__fail_memory(TAEL_SAY("sequences", "序列"), (at + 1) * sizeof *s->items);
    s->items[at] = item - 1;
    s->start[s->count]++;
    if (item > s->item_count) s->item_count = item;
    return TAEL_OK;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static tael_status read_line(tael_sequences *s, const char *path, size_t line, const char *p, const char *end)
{
    while (p < end && blank(*p)) p++;
    if (p == end) return TAEL_OK;
    const char *name = p;
    while (p < end && !blank(*p)) p++;
    if (memchr(name, 0, (size_t)(p - name))) return wrong(path, line, TAEL_SAY("a zero byte", "含有零字节"));
    TAEL_TRY(begin(s, name, (size_t)(p - name)));
    for (;;) {
        uint32_t item = 0;
        while (p < end && blank(*p)) p++;
        if (p == end) return TAEL_OK;
        for (; p < end && !blank(*p); p++) {
            if (*p < '0' || *p > '9') return wrong(path, line, TAEL_SAY("an item is no number", "商品不是整数"));
            item = item * 10 + (uint32_t)(*p - '0');
            if (item > TAEL__MAX_SEQUENCE_ITEMS)
                return wrong(path, line, TAEL_SAY("an item's number is too large", "商品编号过大"));
        }
        if (item == 0) return wrong(path, line, TAEL_SAY("item 0", "商品编号为 0"));
        TAEL_TRY(add(s, item));
    }
}

tael_status tael__sequences_parse(tael_sequences **out, const char *text, size_t bytes, const char *path)
{
    size_t line = 0;
    *out = NULL;
    tael_sequences *s = tael__alloc_zero(sizeof *s);
    tael_status status = s ? TAEL_OK : tael__fail_memory(TAEL_SAY("sequences", "序列"), sizeof *s);
    for (const char *p = text, *end = text + bytes; status == TAEL_OK && p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (!stop) stop = end;
        status = read_line(s, path, ++line, p, stop);
        p = stop < end ? stop + 1 : end;
    }
    if (status == TAEL_OK && s->item_count == 0)
        status = wrong(path, line ? line : 1, TAEL_SAY("no items at all", "没有任何商品"));
    if (status == TAEL_OK)
        *out = s;
    else
        tael_sequences_close(s);
    return status;
}

tael_status tael_sequences_read(tael_sequences **out, const char *path)
{
    char *text = NULL;
    size_t bytes;
    *out = NULL;
    TAEL_TRY(tael__file_read(&text, &bytes, path, TAEL__MAX_TEXT_FILE_BYTES));
    tael_status status = tael__sequences_parse(out, text, bytes, path);
    tael__free(text);
    return status;
}

void tael_sequences_close(tael_sequences *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) tael__free(s->names[i]);
    tael__free(s->names);
    tael__free(s->start);
    tael__free(s->items);
    tael__free(s);
}

size_t tael_sequences_count(const tael_sequences *s)
{
    return s->count;
}

uint32_t tael_sequences_items(const tael_sequences *s)
{
    return s->item_count;
}

const char *tael_sequences_name(const tael_sequences *s, size_t i, size_t *items)
{
    if (i >= s->count) return "";
    if (items) *items = s->start[i + 1] - s->start[i];
    return s->names[i];
}
