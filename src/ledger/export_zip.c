// SPDX-License-Identifier: Apache-2.0
// An export in one file: the folder's files in a zip, which takes its name only when it is whole.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/file.h"
#include "ledger/restore.h"

#define ZIPPING TAEL_SAY("writing the zip", "写入压缩包")

static tael_status fail_zip(zip_t *zip, const char *path)
{
    int error = zip_error_code_system(zip_get_error(zip));
    return tael__fail_errno(ZIPPING, path, error ? error : EIO);
}

static tael_status add_file(zip_t *zip, const char *folder, const char *name)
{
    char path[TAEL__MAX_PATH_BYTES];
    TAEL_TRY(tael__path_join(path, sizeof path, folder, name));
    zip_source_t *source = zip_source_file(zip, path, 0, -1);
    if (!source) return fail_zip(zip, path);
    zip_int64_t at = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (at >= 0) {
        zip_file_set_external_attributes(zip, (zip_uint64_t)at, 0, ZIP_OPSYS_UNIX, (zip_uint32_t)0100600 << 16);
        return TAEL_OK;
    }
    tael_status status = fail_zip(zip, path);
    zip_source_free(source);
    return status;
}

static tael_status sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fchmod(fd, 0600) == 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) close(fd);
    return good ? TAEL_OK : tael__fail_errno(ZIPPING, path, error);
}

tael_status tael__export_zip(const char *folder, const char *const *names, size_t count, const char *path)
{
    int code;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_EXCL, &code);
    if (!zip)
        return code == ZIP_ER_EXISTS
                   ? tael__fail(TAEL_BAD_INPUT,
                                TAEL_SAY("%s: something is there already; choose another place or remove it",
                                         "%s：已存在；请另选位置或先删除"),
                                path)
                   : tael__fail_errno(ZIPPING, path, errno ? errno : EIO);
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < count && status == TAEL_OK; i++) status = add_file(zip, folder, names[i]);
    if (status == TAEL_OK && zip_close(zip) != 0) { /* libzip writes beside, and renames */
        status = fail_zip(zip, path);
        zip_discard(zip);
    } else if (status != TAEL_OK) {
        zip_discard(zip);
    }
    return status == TAEL_OK ? sync_file(path) : status;
}
