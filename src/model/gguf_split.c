// SPDX-License-Identifier: Apache-2.0
// A model in several files, NAME-00001-of-00003.gguf and so on: the first holds all metadata, each holds some tensors,
// and three keys tell which part it is (split.no, from 0), how many there are (split.count) and how many tensors they
// hold together (split.tensors.count). Whoever opens the first gets all of them as one file; the others stay mapped
// beside it.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "model/gguf_internal.h"

/* Parts that the model is made of; 1 where nothing is said. */
static tael_status read_count(const tael__gguf *file, uint32_t *number, uint32_t *count)
{
    *number = 0;
    *count = 1;
    bool split = tael__gguf_has(file, "split.count");
    if (!split) return TAEL_OK;
    bool good = tael__gguf_u32(file, "split.count", count) && tael__gguf_u32(file, "split.no", number);
    if (!good || *count < 1 || *count > TAEL__MAX_PACKAGES || *number >= *count)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: split.no and split.count name no part of 1 to %d; the file is damaged: pull it "
                                   "again",
                                   "%s：split.no 与 split.count 不是 1 到 %d 个分片之一；文件已损坏，请重新拉取"),
                          file->path, TAEL__MAX_PACKAGES);
    return TAEL_OK;
}

static tael_status wrong_part(const tael__gguf *file, const tael__gguf *part, size_t wanted)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: this is not part %zu of the model that %s begins; put the parts of one download "
                               "side by side",
                               "%s：不是第 %zu 个分片（模型始于 %s）；请将同一次下载的分片放在一起"),
                      part->path, wanted, file->path);
}

tael_status tael__gguf_add_part(tael__gguf *file, tael__gguf *part)
{
    uint32_t number, count, of, own_number;
    TAEL_TRY(read_count(file, &own_number, &of));
    TAEL_TRY(read_count(part, &number, &count));
    size_t wanted = file->part_count + 1, total;
    if (own_number != 0 || number != wanted || count != of) return wrong_part(file, part, wanted + 1);
    if (!tael__add_size(&total, file->tensor_count, part->tensor_count) || total > TAEL__MAX_GGUF_TENSORS)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("%s: its parts hold more than %d tensors, the most that Tael reads; take a smaller "
                                   "model",
                                   "%s：各分片共有超过 %d 个张量，超出 Tael 上限；请换用较小的模型"),
                          file->path, TAEL__MAX_GGUF_TENSORS);
    tael__gguf **parts = tael__realloc(file->parts, wanted * sizeof *parts);
    if (!parts) return tael__fail_memory(file->path, wanted * sizeof *parts);
    file->parts = parts;
    tael__gguf_tensor *tensors = tael__realloc(file->tensors, (total ? total : 1) * sizeof *tensors);
    if (!tensors) return tael__fail_memory(file->path, total * sizeof *tensors);
    file->tensors = tensors;
    if (part->tensor_count) memcpy(tensors + file->tensor_count, part->tensors, part->tensor_count * sizeof *tensors);
    file->tensor_count = total;
    file->bytes += part->bytes;
    file->parts[file->part_count++] = part;
    return TAEL_OK;
}

tael_status tael__gguf_whole(tael__gguf *file)
{
    uint32_t number, count, tensors = (uint32_t)file->tensor_count;
    size_t twice;
    TAEL_TRY(read_count(file, &number, &count));
    if (number != 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: this is part %u of %u of a model; give its first part, whose name ends in "
                                   "-00001-of-%05u.gguf",
                                   "%s：这是模型的第 %u 个分片，共 %u 个；请给出第一个分片，文件名以 "
                                   "-00001-of-%05u.gguf 结尾"),
                          file->path, number + 1, count, count);
    if (file->part_count + 1 != count)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: it is the first of %u parts and the others are not here; put them beside it",
                                   "%s：这是 %u 个分片中的第一个，其余不在；请将它们放在一起"),
                          file->path, count);
    if (tael__gguf_has(file, "split.tensors.count") &&
        (!tael__gguf_u32(file, "split.tensors.count", &tensors) || tensors != file->tensor_count))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: its parts hold %zu tensors, not the %u of split.tensors.count; pull them again",
                                   "%s：各分片共有 %zu 个张量，而 split.tensors.count 为 %u；请重新拉取"),
                          file->path, file->tensor_count, tensors);
    if (count == 1) return TAEL_OK;
    uint32_t *order = tael__alloc_array(file->tensor_count, sizeof *order);
    if (!order) return tael__fail_memory(file->path, file->tensor_count * sizeof *order);
    tael__free(file->tensors_by_name);
    file->tensors_by_name = order;
    tael__gguf_order(order, file->tensors, file->tensor_count, sizeof *file->tensors, &twice);
    if (twice < file->tensor_count) return tael__gguf_twice(file, twice);
    return TAEL_OK;
}

/* The name of part `number` (from 1) beside the first one's. */
static tael_status part_path(char *path, size_t cap, const tael__gguf *file, uint32_t number, uint32_t count)
{
    char ending[64];
    int n = snprintf(ending, sizeof ending, "-00001-of-%05u.gguf", count);
    size_t bytes = strlen(file->path), at = bytes - (size_t)n;
    if (bytes < (size_t)n || strcmp(file->path + at, ending) != 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: it is the first of %u parts, so its name must end in %s, for the others are "
                                   "found by theirs; rename it back",
                                   "%s：这是 %u 个分片中的第一个，文件名须以 %s 结尾，以便找到其余分片；请改回原名"),
                          file->path, count, ending);
    if (snprintf(path, cap, "%.*s-%05u-of-%05u.gguf", (int)at, file->path, number, count) >= (int)cap)
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: the path is too long; move it", "%s：路径太长；请移动文件"),
                          file->path);
    return TAEL_OK;
}

tael_status tael__gguf_open_parts(tael__gguf *file)
{
    uint32_t number, count;
    TAEL_TRY(read_count(file, &number, &count));
    for (uint32_t i = 2; number == 0 && i <= count; i++) {
        char path[TAEL__MAX_PATH_BYTES];
        tael__gguf *part = NULL;
        TAEL_TRY(part_path(path, sizeof path, file, i, count));
        if (!tael__file_exists(path))
            return tael__fail(TAEL_NOT_FOUND,
                              TAEL_SAY("%s: part %u of %u of the model is not there; put it beside the first",
                                       "%s：缺少模型的第 %u 个分片（共 %u 个）；请放到第一个分片旁边"),
                              path, i, count);
        TAEL_TRY(tael__gguf_open_alone(&part, path));
        tael_status status = tael__gguf_add_part(file, part);
        if (status != TAEL_OK) {
            tael__gguf_close(part);
            return status;
        }
    }
    return TAEL_OK;
}
