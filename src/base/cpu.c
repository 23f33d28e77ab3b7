// SPDX-License-Identifier: Apache-2.0
// CPU features. On x86: what cpuid reports and the system saves at a context switch (xgetbv). On ARM64: what the system
// tells, by the auxiliary vector (Linux, Android) or sysctl (Apple). Elsewhere: none.
#include "base/cpu.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if TAEL_X86
#include <cpuid.h>
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATE_AVX = 0x06, STATE_AVX512 = 0xE6, STATE_AMX = 0x60000 }; /* bits of XCR0 (Intel SDM vol. 1, 13.3) */
enum { ASK_PERMISSION = 0x1023, TILE_DATA = 18 };                    /* arch_prctl: ARCH_REQ_XCOMP_PERM, its argument */

static uint64_t saved_state(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* One tile of a byte: configured, loaded, released. */
static void touch_a_tile(void)
{
    uint8_t config[64] = {1}; /* palette; then, from 16 on, bytes of a row and, from 48 on, rows */
    uint8_t data[64] = {0};
    config[16] = 64;
    config[48] = 1;
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
    __asm__ volatile(".byte 0xc4, 0xe2, 0x7b, 0x4b, 0x04, 0x08" /* tileloadd (%rax,%rcx,1), %tmm0 */
                     :
                     : "a"(data), "c"(64L), "m"(data));
    __asm__ volatile(".byte 0xc4, 0xe2, 0x78, 0x49, 0xc0"); /* tilerelease */
}

/* Linux gives a process tiles when it asks; other systems that save their state need no asking. Some virtual machines
 * announce AMX and fault on it, so a child tries first, and what kills it only tells us. It is made without a signal at
 * its end and without fork's handlers: a program around us, which may have its own of both, notices nothing. */
static bool tiles_work(void)
{
#if defined(__linux__)
    int status = 0;
    pid_t child, done;
    if (syscall(SYS_arch_prctl, ASK_PERMISSION, TILE_DATA) != 0) return false;
    child = (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);
    if (child < 0) return false;
    if (child == 0) {
        touch_a_tile();
        syscall(SYS_exit_group, 0);
    }
    do done = waitpid(child, &status, __WALL);
    while (done < 0 && errno == EINTR);
    return done == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
#else
    return false;
#endif
}

static uint32_t hardware(void)
{
    uint32_t a, b, c, d, features = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const uint32_t fma = 1u << 12, osxsave = 1u << 27, f16c = 1u << 29;
    if ((c & (fma | osxsave | f16c)) != (fma | osxsave | f16c)) return 0;
    uint64_t state = saved_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    const uint32_t avx2 = 1u << 5, bmi2 = 1u << 8;
    if ((state & STATE_AVX) != STATE_AVX || (b & (avx2 | bmi2)) != (avx2 | bmi2)) return 0;
    features |= TAEL_CPU_AVX2;
    const uint32_t f_dq_bw_vl = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31, vnni = 1u << 11;
    if ((state & STATE_AVX512) != STATE_AVX512 || (b & f_dq_bw_vl) != f_dq_bw_vl || !(c & vnni)) return features;
    features |= TAEL_CPU_AVX512VNNI;
    const uint32_t amx = 1u << 22 | 1u << 24; /* bf16, tile */
    if ((state & STATE_AMX) != STATE_AMX || (d & amx) != amx) return features;
    const uint32_t avx512_bf16 = 1u << 5;
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & avx512_bf16) && tiles_work()) features |= TAEL_CPU_AMX;
    return features;
}
#elif TAEL_ARM && defined(__APPLE__)
#include <sys/sysctl.h>

static bool has(const char *name)
{
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value != 0;
}

static uint32_t hardware(void)
{
    uint32_t features = TAEL_CPU_NEON; /* every 64-bit one has it */
    if (!has("hw.optional.arm.FEAT_DotProd") || !has("hw.optional.arm.FEAT_FP16")) return features;
    features |= TAEL_CPU_DOTPROD;
    return has("hw.optional.arm.FEAT_I8MM") ? features | TAEL_CPU_I8MM : features;
}
#elif TAEL_ARM && defined(__linux__)
#include <sys/auxv.h>

/* Bits of the kernel's arch/arm64/include/uapi/asm/hwcap.h, which older C libraries' headers lack in part. */
enum { CAP_ASIMD = 1 << 1, CAP_ASIMDHP = 1 << 10, CAP_ASIMDDP = 1 << 20, CAP2_I8MM = 1 << 13 };

static uint32_t hardware(void)
{
    unsigned long cap = getauxval(AT_HWCAP), cap2 = getauxval(AT_HWCAP2);
    uint32_t features = 0;
    if (!(cap & CAP_ASIMD)) return features;
    features |= TAEL_CPU_NEON;
    if (!(cap & CAP_ASIMDHP) || !(cap & CAP_ASIMDDP)) return features; /* files for dotprod may use both */
    features |= TAEL_CPU_DOTPROD;
    return cap2 & CAP2_I8MM ? features | TAEL_CPU_I8MM : features;
}
#else
static uint32_t hardware(void)
{
    return 0;
}
#endif

uint32_t tael__cpu_features(void)
{
    uint32_t features = hardware();
    const char *isa = getenv("TAEL_ISA");
    if (!isa) return features;
    if (strcmp(isa, "c") == 0) return 0;
    if (strcmp(isa, "avx2") == 0) return features & TAEL_CPU_AVX2;
    if (strcmp(isa, "avx512vnni") == 0) return features & (TAEL_CPU_AVX2 | TAEL_CPU_AVX512VNNI);
    if (strcmp(isa, "neon") == 0) return features & TAEL_CPU_NEON;
    if (strcmp(isa, "dotprod") == 0) return features & (TAEL_CPU_NEON | TAEL_CPU_DOTPROD);
    if (strcmp(isa, "i8mm") == 0) return features & (TAEL_CPU_NEON | TAEL_CPU_DOTPROD | TAEL_CPU_I8MM);
    return features; /* an unknown name lowers nothing */
}
