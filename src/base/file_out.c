// SPDX-License-Identifier: Apache-2.0
// A file written piece by piece, in place only when it is whole.
#include "base/file_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define WRITING TAEL_SAY("writing failed", "写入失败")

tael_status tael__file_out_begin(tael__file_out *out, const char *path)
{
    out->fd = -1;
    if (snprintf(out->path, sizeof out->path, "%s", path) >= (int)sizeof out->path ||
        snprintf(out->beside, sizeof out->beside, "%s.XXXXXX", path) >= (int)sizeof out->beside)
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: the path is too long", "%s：路径太长"), path);
    out->fd = mkostemp(out->beside, O_CLOEXEC);
    return out->fd < 0 ? tael__fail_errno(WRITING, path, errno) : TAEL_OK;
}

tael_status tael__file_out_write(tael__file_out *out, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(out->fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return tael__fail_errno(WRITING, out->path, n < 0 ? errno : ENOSPC);
        at += n;
        bytes -= (size_t)n;
    }
    return TAEL_OK;
}

tael_status tael__file_out_finish(tael__file_out *out)
{
    char *slash = strrchr(out->beside, '/');
    bool good = fsync(out->fd) == 0;
    good = close(out->fd) == 0 && good;
    out->fd = -1;
    if (!good || rename(out->beside, out->path) != 0) {
        tael_status status = tael__fail_errno(WRITING, out->path, errno);
        unlink(out->beside);
        return status;
    }
    if (!slash) return tael__folder_sync(".");
    slash[slash == out->beside] = '\0'; /* the folder, or "/" */
    return tael__folder_sync(out->beside);
}

void tael__file_out_abandon(tael__file_out *out)
{
    if (out->fd < 0) return;
    close(out->fd);
    unlink(out->beside);
    out->fd = -1;
}
