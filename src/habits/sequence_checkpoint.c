// SPDX-License-Identifier: Apache-2.0
/* A model, and a training to go on from, as files: a head, the floats as they lie in memory, a checksum. Both are
 * written beside their place and renamed, so that a kill leaves the last whole one. Little-endian, as all that Tael
 * runs on. A head's sizes are held against the file's own before memory is asked for. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/file_out.h"
#include "habits/sequence.h"

typedef struct head {
    char magic[8];
    uint32_t items, width, blocks, heads, length, inner;
    float temperature;
    uint32_t epoch, best_epoch, zero;
    uint64_t step, print;
    double best;
} head;
_Static_assert(sizeof(head) == 72, "the head is written as it lies in memory, without gaps");

static const char OF_MODEL[8] = "TAELSEQ1", OF_TRAINING[8] = "TAELSQT1";

uint64_t tael__sequence_print(uint64_t seed, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    uint64_t h = seed ^ 0xCBF29CE484222325u;
    for (; bytes >= 8; bytes -= 8, p += 8) { /* words, not bytes: a checkpoint has millions */
        uint64_t word;
        memcpy(&word, p, 8);
        h = (h ^ word) * 0x100000001B3u;
        h ^= h >> 29;
    }
    for (; bytes > 0; bytes--) h = (h ^ *p++) * 0x100000001B3u;
    return h;
}

typedef struct part {
    float *data;
    size_t count;
} part;

static head head_of(const tael_sequence *m, const char magic[8])
{
    const tael__sequence_sizes *s = &m->sizes;
    head h = {.items = s->items, .width = s->width, .blocks = s->blocks, .heads = s->heads, .length = s->length};
    h.inner = s->inner;
    h.temperature = s->temperature;
    memcpy(h.magic, magic, sizeof h.magic);
    return h;
}

static tael_status write_parts(const char *path, const head *h, const part *parts, size_t count)
{
    tael__file_out out = {.fd = -1};
    uint64_t sum = tael__sequence_print(0, h, sizeof *h);
    tael_status status = tael__file_out_begin(&out, path);
    if (status == TAEL_OK) status = tael__file_out_write(&out, h, sizeof *h);
    for (size_t i = 0; i < count && status == TAEL_OK; i++) {
        size_t bytes = parts[i].count * sizeof(float);
        sum = tael__sequence_print(sum, parts[i].data, bytes);
        status = tael__file_out_write(&out, parts[i].data, bytes);
    }
    if (status == TAEL_OK) status = tael__file_out_write(&out, &sum, sizeof sum);
    if (status == TAEL_OK) return tael__file_out_finish(&out);
    tael__file_out_abandon(&out);
    return status;
}

static tael_status damaged(const char *path, const char *why)
{
    return tael__fail(TAEL_CORRUPT,
                      TAEL_SAY("%s: %s; this is no sequence model, or a damaged one: train it again",
                               "%s：%s；不是序列模型或已损坏：请重新训练"),
                      path, why);
}

static tael_status read_head(head *h, const tael__map *map, const char *path, const char magic[8])
{
    if (map->bytes < sizeof *h + 8) return damaged(path, TAEL_SAY("it is too short", "文件过短"));
    memcpy(h, map->data, sizeof *h);
    if (memcmp(h->magic, magic, sizeof h->magic) != 0)
        return damaged(path, TAEL_SAY("its first bytes differ", "文件头不符"));
    return TAEL_OK;
}

static bool all_finite(const part *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!isfinite(p->data[i])) return false;
    return true;
}

static tael_status read_parts(const tael__map *map, const char *path, const part *parts, size_t count)
{
    size_t wanted = sizeof(head) + sizeof(uint64_t), at = sizeof(head);
    uint64_t sum, stored;
    for (size_t i = 0; i < count; i++) wanted += parts[i].count * sizeof(float);
    if (map->bytes != wanted)
        return damaged(path, TAEL_SAY("its length differs from what its head says", "长度与文件头不符"));
    sum = tael__sequence_print(0, map->data, at);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = parts[i].count * sizeof(float);
        memcpy(parts[i].data, map->data + at, bytes);
        sum = tael__sequence_print(sum, parts[i].data, bytes);
        at += bytes;
    }
    memcpy(&stored, map->data + at, sizeof stored);
    if (stored != sum) return damaged(path, TAEL_SAY("its checksum differs", "校验和不符"));
    for (size_t i = 0; i < count; i++)
        if (!all_finite(&parts[i])) return damaged(path, TAEL_SAY("a weight is no number", "权重不是数"));
    return TAEL_OK;
}

/* ---- A model ---- */

static size_t item_floats(const tael_sequence *m)
{
    return (size_t)m->sizes.items * m->sizes.width;
}

tael_status tael_sequence_save(const tael_sequence *m, const char *path)
{
    head h = head_of(m, OF_MODEL);
    const part parts[] = {{m->items, item_floats(m)}, {m->dense, m->layout.count}};
    return write_parts(path, &h, parts, 2);
}

static tael_status open_map(tael_sequence **out, const tael__map *map, const char *path)
{
    head h;
    TAEL_TRY(read_head(&h, map, path, OF_MODEL));
    const tael__sequence_sizes s = {h.items, h.width, h.blocks, h.heads, h.length, h.inner, h.temperature};
    TAEL_TRY(tael__sequence_sizes_check(&s, path));
    if (map->bytes / sizeof(float) / s.width < s.items) return damaged(path, TAEL_SAY("it is too short", "文件过短"));
    TAEL_TRY(tael__sequence_make(out, &s));
    const part parts[] = {{(*out)->items, item_floats(*out)}, {(*out)->dense, (*out)->layout.count}};
    TAEL_TRY(read_parts(map, path, parts, 2));
    tael__sequence_prepare(*out, NULL);
    return TAEL_OK;
}

tael_status tael_sequence_open(tael_sequence **out, const char *path)
{
    tael__map map;
    *out = NULL;
    TAEL_TRY(tael__map_open(&map, path));
    tael_status status = open_map(out, &map, path);
    tael__map_close(&map);
    if (status == TAEL_OK) return TAEL_OK;
    tael_sequence_close(*out);
    *out = NULL;
    return status;
}

/* ---- A training ---- */

enum { PARTS = 8 };

static void parts_of(part parts[PARTS], const tael__sequence_training *t)
{
    size_t items = item_floats(t->model), dense = t->model->layout.count;
    const part all[PARTS] = {{t->model->items, items}, {t->items_m, items},      {t->items_v, items},
                             {t->best_items, items},   {t->model->dense, dense}, {t->dense_m, dense},
                             {t->dense_v, dense},      {t->best_dense, dense}};
    memcpy(parts, all, sizeof all);
}

tael_status tael__sequence_checkpoint_write(const tael__sequence_training *t, const char *path)
{
    part parts[PARTS];
    head h = head_of(t->model, OF_TRAINING);
    h.epoch = t->epoch;
    h.best_epoch = t->best_epoch;
    h.step = t->step;
    h.print = t->print;
    h.best = t->best;
    parts_of(parts, t);
    return write_parts(path, &h, parts, PARTS);
}

static tael_status read_map(tael__sequence_training *t, const tael__map *map, const char *path)
{
    part parts[PARTS];
    head h, mine = head_of(t->model, OF_TRAINING);
    TAEL_TRY(read_head(&h, map, path, OF_TRAINING));
    if (h.print != t->print || memcmp(&h.items, &mine.items, offsetof(head, epoch) - offsetof(head, items)) != 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: this checkpoint is of other data or options; remove it to begin anew",
                                   "%s：该检查点属于其他数据或选项；删除它即可重新开始"),
                          path);
    if (h.best_epoch > h.epoch || !isfinite(h.best)) return damaged(path, TAEL_SAY("its head is wrong", "文件头有误"));
    parts_of(parts, t);
    TAEL_TRY(read_parts(map, path, parts, PARTS));
    t->epoch = h.epoch;
    t->best_epoch = h.best_epoch;
    t->step = h.step;
    t->best = h.best;
    return TAEL_OK;
}

tael_status tael__sequence_checkpoint_read(tael__sequence_training *t, const char *path)
{
    tael__map map;
    TAEL_TRY(tael__map_open(&map, path));
    tael_status status = read_map(t, &map, path);
    tael__map_close(&map);
    return status;
}
