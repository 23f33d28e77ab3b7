// SPDX-License-Identifier: Apache-2.0
/* What a call returns, and the sentence that says why.
 *
 * Every call that can fail returns a tael_status. tael_error() is this thread's last sentence; long-lived handles keep
 * theirs too (tael_session_error), because tasks in Swift and Kotlin change threads. */
#ifndef TAEL_STATUS_H
#define TAEL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TAEL_API __attribute__((visibility("default")))
#else
#define TAEL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(constant, name in JSON, English, Chinese). Add a code when a caller would act differently, else a better sentence.
 */
#define TAEL_STATUS_MAP(X)                                                             \
    X(TAEL_OK, "ok", "done", "完成")                                                   \
    X(TAEL_MISUSE, "misuse", "a call that the library does not allow", "不允许的调用") \
    X(TAEL_NO_MEMORY, "no_memory", "not enough memory", "内存不足")                    \
    X(TAEL_NOT_FOUND, "not_found", "not found", "未找到")                              \
    X(TAEL_IO, "io", "reading or writing failed", "读写失败")                          \
    X(TAEL_NO_SPACE, "no_space", "the disk is full", "磁盘已满")                       \
    X(TAEL_DENIED, "denied", "permission denied", "没有权限")                          \
    X(TAEL_BAD_INPUT, "bad_input", "the input is not what it should be", "输入有误")   \
    X(TAEL_UNSUPPORTED, "unsupported", "not supported", "不支持")                      \
    X(TAEL_LIMIT, "limit", "a limit was reached", "超出上限")                          \
    X(TAEL_BAD_KEY, "bad_key", "the key does not fit", "密钥不符")                     \
    X(TAEL_LOCKED, "locked", "another process is using it", "正被另一个进程使用")      \
    X(TAEL_CORRUPT, "corrupt", "damaged data", "数据已损坏")                           \
    X(TAEL_CHECKSUM, "checksum", "the checksum differs", "校验和不符")                 \
    X(TAEL_NETWORK, "network", "the network did not answer", "网络无响应")             \
    X(TAEL_CONTEXT_FULL, "context_full", "the context is full", "上下文已满")          \
    X(TAEL_CANCELLED, "cancelled", "cancelled", "已取消")                              \
    X(TAEL_INTERNAL, "internal", "a defect in Tael", "Tael 内部错误")

typedef enum tael_status {
#define X(constant, name, en, zh) constant,
    TAEL_STATUS_MAP(X)
#undef X
        TAEL_STATUS_COUNT
} tael_status;

/* The name that JSON carries, such as "not_found". Never NULL. */
TAEL_API const char *tael_status_name(tael_status status);

/* This thread's last failure as one sentence in this thread's language: what failed, where, and what to do. Valid until
 * the thread's next failing call. "" when nothing has failed. Holds no word of what the owner bought or wrote. */
TAEL_API const char *tael_error(void);

typedef enum tael_language { TAEL_ENGLISH = 0, TAEL_CHINESE = 1 } tael_language;

/* The language of this thread's sentences from now on. English until it is called. */
TAEL_API void tael_set_language(tael_language language);
TAEL_API tael_language tael_get_language(void);

/* The library's version, such as "0.1.0". */
TAEL_API const char *tael_version(void);

#ifdef __cplusplus
}
#endif
#endif
