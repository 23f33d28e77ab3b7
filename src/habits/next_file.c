// SPDX-License-Identifier: Apache-2.0
// A starting model as a file: what a population says of items and the weights that it taught, to be shipped to devices
// whose owners were never part of it. No owner's baskets are in it, and no item that fewer than five owners bought.
//
// Little-endian, arrays one after another behind a head that tells their lengths:
//   head · numbers i64[items] · counts u32[items][5] · late f32[items + 1][3] · links: twice (ends u32[items], then of
//   each link item u32, count u16) · popular u32[] · late u32[] · ranker f32[] · FNV-1a u64 of all before it
// The reader takes lengths only when they add up to the file's own, and numbers only in their bounds.
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "habits/next.h"

enum { VERSION = 1, OWNERS_LEAST = 5 };
#define WEIGHT_MOST 1e6f /* weights are about 1; products of a hidden layer's stay far from infinity */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file is written as memory lies");
_Static_assert(sizeof(tael__next_item) == 20, "five counts");

typedef struct head {
    char magic[8];
    uint32_t version, features, hidden, decays;
    uint32_t items, links[2], popular, late;
    uint32_t owners, baskets, unused;
} head;
static const char MAGIC[8] = "TAELNXT";

uint64_t tael__next_sum(const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t k = 0; k < bytes; k++) h = (h ^ p[k]) * 0x100000001B3u;
    return h;
}

/* ---- Writing ---- */

/* The new number of each item that is written, + 1; how many there are. */
static uint32_t choose_items(const tael__next_population *p, uint32_t *number)
{
    uint32_t n = 0;
    for (size_t i = 0; i < p->items; i++) number[i] = p->item[i].owners >= OWNERS_LEAST ? ++n : 0;
    return n;
}

static uint32_t write_links(tael__buffer *b, const tael__next_population *p, const tael__next_links *links,
                            const uint32_t *number)
{
    uint32_t end = 0;
    for (int pass = 0; pass < 2; pass++) /* the ends, then the links */
        for (size_t i = 0; i < p->items; i++) {
            size_t from = links->list ? links->first[i] : 0, to = links->list ? links->first[i + 1] : 0, written = 0;
            if (!number[i]) continue;
            for (size_t k = from; k < to && written < TAEL__NEXT_LINKS; k++) {
                uint32_t item = number[links->list[k].item];
                if (!item--) continue;
                written++;
                uint16_t count = (uint16_t)fminf(links->list[k].count, 65535);
                if (pass) tael__buffer_append(b, &item, sizeof item);
                if (pass) tael__buffer_append(b, &count, sizeof count);
            }
            end += pass ? 0 : (uint32_t)written;
            if (!pass) tael__buffer_append(b, &end, sizeof end);
        }
    return end;
}

static uint32_t write_list(tael__buffer *b, const uint32_t *items, size_t count, const uint32_t *number)
{
    uint32_t written = 0;
    for (size_t k = 0; k < count; k++) {
        uint32_t item = number[items[k]];
        if (!item--) continue;
        tael__buffer_append(b, &item, sizeof item);
        written++;
    }
    return written;
}

static void write_items(tael__buffer *b, const tael_next *next, const uint32_t *number)
{
    const tael__next_population *p = &next->population;
    float late[TAEL__NEXT_DECAYS];
    for (size_t i = 0; i < p->items; i++)
        if (number[i]) tael__buffer_append(b, next->item_ids.list + i, sizeof(int64_t));
    for (size_t i = 0; i < p->items; i++)
        if (number[i]) tael__buffer_append(b, p->item + i, sizeof p->item[i]);
    for (size_t i = 0; i <= p->items; i++) {
        if (i < p->items && !number[i]) continue;
        tael__next_late(late, p, i, p->last_day);
        tael__buffer_append(b, late, sizeof late);
    }
}

tael_status tael_next_save(const tael_next *next, const char *path)
{
    const tael__next_population *p = &next->population;
    tael__buffer b = {.max = TAEL__MAX_NEXT_FILE};
    if (!p->items)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("a starting model: nothing was learned yet; train first",
                                                "初始模型：尚未学习任何内容；请先训练"));
    uint32_t *number = tael__alloc_array(p->items, sizeof *number);
    if (!number) return tael__fail_memory(TAEL_SAY("a starting model", "初始模型"), p->items * sizeof *number);
    head h = {.version = VERSION,
              .features = TAEL__NEXT_FEATURES,
              .hidden = TAEL__NEXT_HIDDEN,
              .decays = TAEL__NEXT_DECAYS,
              .owners = (uint32_t)p->owners,
              .baskets = (uint32_t)p->baskets};
    memcpy(h.magic, MAGIC, sizeof h.magic);
    h.items = choose_items(p, number);
    size_t late_count;
    const uint32_t *late = tael__next_lately(p, p->last_day, &late_count);
    tael__buffer_append(&b, &h, sizeof h);
    write_items(&b, next, number);
    h.links[0] = write_links(&b, p, &p->next, number);
    h.links[1] = write_links(&b, p, &p->with, number);
    h.popular = write_list(&b, p->popular, p->popular_count, number);
    h.late = write_list(&b, late, late_count, number);
    tael__buffer_append(&b, &next->ranker, sizeof next->ranker);
    tael_status status = b.failed;
    if (status == TAEL_OK) {
        memcpy(b.data, &h, sizeof h);
        uint64_t sum = tael__next_sum(b.data, b.size);
        status = tael__buffer_append(&b, &sum, sizeof sum);
    }
    if (status == TAEL_OK)
        status = tael__file_write(path, b.data, b.size);
    else if (status == TAEL_NO_MEMORY)
        tael__fail_memory(TAEL_SAY("a starting model", "初始模型"), b.size);
    else
        tael__fail(status,
                   TAEL_SAY("%s: the starting model would take more than %zu bytes; train with fewer items",
                            "%s：初始模型将超过 %zu 字节；请减少商品"),
                   path, TAEL__MAX_NEXT_FILE);
    tael__free(number);
    tael__buffer_free(&b);
    return status;
}

/* ---- Reading ---- */

typedef struct reader {
    const char *path, *at;
    size_t left;
} reader;

static tael_status damaged(const reader *r, const char *field)
{
    return tael__fail(
        TAEL_CORRUPT,
        TAEL_SAY("%s: not a whole starting model (%s); get it again", "%s：初始模型不完整（%s）；请重新获取"), r->path,
        field);
}

/* Copies the next n · each bytes to memory of the caller's, *to. */
static tael_status take(reader *r, void *to, size_t n, size_t each)
{
    size_t bytes;
    if (!tael__mul_size(&bytes, n, each) || bytes > r->left) return damaged(r, TAEL_SAY("its length", "长度"));
    void *copy = tael__alloc(bytes + 1);
    if (!copy) return tael__fail_memory(TAEL_SAY("a starting model", "初始模型"), bytes);
    memcpy(copy, r->at, bytes);
    *(void **)to = copy;
    r->at += bytes;
    r->left -= bytes;
    return TAEL_OK;
}

static tael_status read_head(reader *r, head *h)
{
    uint64_t sum;
    if (r->left < sizeof *h + sizeof sum) return damaged(r, TAEL_SAY("its length", "长度"));
    memcpy(h, r->at, sizeof *h);
    if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0) return damaged(r, TAEL_SAY("its first bytes", "文件头"));
    if (h->version != VERSION || h->features != TAEL__NEXT_FEATURES || h->hidden != TAEL__NEXT_HIDDEN ||
        h->decays != TAEL__NEXT_DECAYS)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: a starting model of version %u with %u features; this Tael reads version %d with "
                     "%d: get the one that fits",
                     "%s：初始模型版本为 %u、特征数 %u；此版本读取 %d 与 %d：请获取匹配的模型"),
            r->path, h->version, h->features, VERSION, TAEL__NEXT_FEATURES);
    r->left -= sizeof sum;
    memcpy(&sum, r->at + r->left, sizeof sum);
    if (sum != tael__next_sum(r->at, r->left))
        return tael__fail(TAEL_CHECKSUM,
                          TAEL_SAY("%s: the starting model is damaged: its checksum differs; get it again",
                                   "%s：初始模型已损坏：校验和不符；请重新获取"),
                          r->path);
    if (h->items > TAEL__MAX_NEXT_IDS || h->popular > TAEL__NEXT_POPULAR || h->late > TAEL__NEXT_POPULAR)
        return damaged(r, TAEL_SAY("its head", "文件头"));
    r->at += sizeof *h;
    r->left -= sizeof *h;
    return TAEL_OK;
}

static tael_status read_items(reader *r, const head *h, tael_next *next)
{
    tael__next_population *p = &next->population;
    int64_t *numbers = NULL;
    tael_status status = take(r, &numbers, h->items, sizeof *numbers);
    for (uint32_t i = 0; i < h->items && status == TAEL_OK; i++) {
        uint32_t index;
        status = tael__ids_add(&next->item_ids, numbers[i], TAEL__MAX_NEXT_IDS, &index);
        if (status == TAEL_OK && index != i) status = damaged(r, TAEL_SAY("an item twice", "商品重复"));
    }
    tael__free(numbers);
    if (status != TAEL_OK) return status;
    TAEL_TRY(take(r, &p->item, h->items, sizeof *p->item));
    TAEL_TRY(take(r, &p->late_fixed, (size_t)h->items + 1, sizeof *p->late_fixed));
    for (size_t i = 0; i <= h->items; i++)
        for (int d = 0; d < TAEL__NEXT_DECAYS; d++)
            if (!(p->late_fixed[i][d] >= 0 && p->late_fixed[i][d] <= 1e9f))
                return damaged(r, TAEL_SAY("late purchases", "近期购买"));
    return TAEL_OK;
}

static tael_status read_links(reader *r, const head *h, uint32_t count, tael__next_links *links)
{
    uint32_t *ends = NULL;
    const size_t each = sizeof(uint32_t) + sizeof(uint16_t);
    tael_status status = take(r, &ends, h->items, sizeof *ends);
    if (status != TAEL_OK) return status;
    if (count > r->left / each) status = damaged(r, TAEL_SAY("its length", "长度"));
    links->first = tael__alloc_array((size_t)h->items + 2, sizeof *links->first);
    links->list = status == TAEL_OK ? tael__alloc_array((size_t)count + 1, sizeof *links->list) : NULL;
    if (status == TAEL_OK && (!links->first || !links->list))
        status = tael__fail_memory(TAEL_SAY("a starting model", "初始模型"), count * sizeof *links->list);
    for (size_t i = 0; i < h->items && status == TAEL_OK; i++) {
        links->first[i + 1] = ends[i];
        if (ends[i] < links->first[i] || ends[i] > count) status = damaged(r, TAEL_SAY("companions", "伴随关系"));
    }
    tael__free(ends);
    for (uint32_t k = 0; k < count && status == TAEL_OK; k++) {
        uint16_t times;
        memcpy(&links->list[k].item, r->at, sizeof(uint32_t));
        memcpy(&times, r->at + sizeof(uint32_t), sizeof times);
        links->list[k].count = times;
        if (links->list[k].item >= h->items) status = damaged(r, TAEL_SAY("companions", "伴随关系"));
        r->at += each;
        r->left -= each;
    }
    links->count = links->capacity = count;
    return status;
}

static tael_status read_list(reader *r, const head *h, uint32_t count, uint32_t out[TAEL__NEXT_POPULAR])
{
    uint32_t *items = NULL;
    TAEL_TRY(take(r, &items, count, sizeof *items));
    tael_status status = TAEL_OK;
    for (uint32_t k = 0; k < count; k++) {
        out[k] = items[k];
        if (items[k] >= h->items) status = damaged(r, TAEL_SAY("popular items", "热门商品"));
    }
    tael__free(items);
    return status;
}

static tael_status read_ranker(reader *r, tael__ranker *ranker)
{
    const float *w = (const float *)ranker;
    if (r->left != sizeof *ranker) return damaged(r, TAEL_SAY("its length", "长度"));
    memcpy(ranker, r->at, sizeof *ranker);
    for (size_t k = 0; k < sizeof *ranker / sizeof *w; k++)
        if (!(fabsf(w[k]) <= WEIGHT_MOST)) return damaged(r, TAEL_SAY("weights", "权重"));
    return TAEL_OK;
}

tael_status tael__next_read(tael_next *next, const char *path, const char *data, size_t bytes)
{
    tael__next_population *p = &next->population;
    reader all = {path, data, bytes}, *r = &all;
    head h;
    TAEL_TRY(read_head(r, &h));
    TAEL_TRY(read_items(r, &h, next));
    TAEL_TRY(read_links(r, &h, h.links[0], &p->next));
    TAEL_TRY(read_links(r, &h, h.links[1], &p->with));
    p->late = tael__alloc_array(1, sizeof *p->late);
    p->late_day = tael__alloc_array(1, sizeof *p->late_day);
    p->late_count = tael__alloc_array(1, sizeof *p->late_count);
    if (!p->late || !p->late_day || !p->late_count)
        return tael__fail_memory(TAEL_SAY("a starting model", "初始模型"), sizeof *p->late);
    TAEL_TRY(read_list(r, &h, h.popular, p->popular));
    TAEL_TRY(read_list(r, &h, h.late, p->late[0]));
    TAEL_TRY(read_ranker(r, &next->start));
    p->popular_count = h.popular;
    p->late_count[0] = h.late;
    p->late_day[0] = INT64_MIN; /* it holds for every day */
    p->late_days = 1;
    p->items = h.items;
    p->owners = h.owners;
    p->baskets = h.baskets;
    next->ranker = next->start;
    next->loaded = true;
    return TAEL_OK;
}

tael_status tael_next_load(tael_next **out, const char *path, const tael_next_options *options)
{
    char *data = NULL;
    size_t bytes;
    tael_next *next;
    *out = NULL;
    TAEL_TRY(tael_next_open(&next, options));
    tael_status status = tael__file_read(&data, &bytes, path, TAEL__MAX_NEXT_FILE);
    if (status == TAEL_OK) status = tael__next_read(next, path, data, bytes);
    tael__free(data);
    if (status == TAEL_OK)
        *out = next;
    else
        tael_next_close(next);
    return status;
}
