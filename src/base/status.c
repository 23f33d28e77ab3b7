// SPDX-License-Identifier: Apache-2.0
// Status codes, and this thread's sentence: thread-local, of fixed size, so that failing can't fail.
#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"

static _Thread_local char error_text[TAEL__MAX_ERROR_BYTES];
static _Thread_local tael_language language;

static const struct {
    const char *name, *en, *zh;
} statuses[TAEL_STATUS_COUNT] = {
#define X(constant, name, en, zh) [constant] = {name, en, zh},
    TAEL_STATUS_MAP(X)
#undef X
};

const char *tael_status_name(tael_status status)
{
    return (unsigned)status < TAEL_STATUS_COUNT ? statuses[status].name : "unknown";
}

const char *tael_error(void)
{
    return error_text;
}

void tael_set_language(tael_language l)
{
    language = l;
}

tael_language tael_get_language(void)
{
    return language;
}

const char *tael_version(void)
{
    return "0.1.0";
}

tael_status tael__fail(tael_status status, const char *format, ...)
{
    char text[TAEL__MAX_ERROR_BYTES]; /* the arguments may point into error_text */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tael__error_set(text);
    return status;
}

void tael__error_set(const char *text)
{
    size_t n = strnlen(text, sizeof error_text - 1);
    memmove(error_text, text, n);
    error_text[tael__utf8_cut(error_text, n)] = '\0';
}

tael_status tael__status_of_errno(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT: return TAEL_NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS: return TAEL_DENIED;
    case ENOENT:
    case ENOTDIR: return TAEL_NOT_FOUND;
    case ENOMEM: return TAEL_NO_MEMORY;
    case EINTR: return TAEL_CANCELLED;
    default: return TAEL_IO;
    }
}

tael_status tael__fail_errno(const char *doing, const char *path, int error)
{
    tael_status status = tael__status_of_errno(error);
    char reason[128];
    const char *why = strerror_r(error, reason, sizeof reason);
    const char *advice = TAEL_SAY("check the path", "请检查路径");
    if (status == TAEL_NO_SPACE) advice = TAEL_SAY("free some space and try again", "请腾出空间后重试");
    if (status == TAEL_DENIED) advice = TAEL_SAY("check who may write there", "请检查权限");
    if (status == TAEL_CANCELLED) advice = TAEL_SAY("run it again", "请重新运行");
    if (status == TAEL_IO) advice = TAEL_SAY("check the disk and try again", "请检查磁盘后重试");
    if (tael_get_language() == TAEL_CHINESE && status != TAEL_IO) why = statuses[status].zh;
    return tael__fail(status, "%s: %s: %s; %s", path, doing, why, advice);
}

tael_status tael__fail_memory(const char *what, size_t bytes)
{
    return tael__fail(TAEL_NO_MEMORY,
                      TAEL_SAY("%s: %zu bytes of memory could not be had; close other programs or take a smaller model",
                               "%s：无法取得 %zu 字节内存；请关闭其他程序或改用更小的模型"),
                      what, bytes);
}
