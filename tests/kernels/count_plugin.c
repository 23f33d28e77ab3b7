// SPDX-License-Identifier: Apache-2.0
/* A plugin for qemu-user that counts the guest's instructions between two marks (`hint #100`) and writes each count and
 * a line's end to the standard output, behind what kernel_count wrote there. Debian's qemu takes plugins but ships no
 * header for them, so what is used of the interface (version 1, docs/devel/tcg-plugins.rst) is declared here. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, NO_REGISTERS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*cb)(qemu_plugin_id_t, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned vcpu, void *user),
                                            int flags, void *user);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *to, uint64_t by);

#define PUBLIC __attribute__((visibility("default")))

PUBLIC extern int qemu_plugin_version;
PUBLIC int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

int qemu_plugin_version = 1;

static const uint32_t mark = 0xD5032C9F; /* hint #100 */
static uint64_t count;
static bool counting;

static void at_mark(unsigned vcpu, void *user)
{
    char line[32];
    (void)vcpu;
    (void)user;
    if (counting) {
        int n = snprintf(line, sizeof line, "%llu\n", (unsigned long long)count);
        if (write(STDOUT_FILENO, line, (size_t)n) != n) return;
    }
    counting = !counting;
    count = 0;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint32_t *word = qemu_plugin_insn_data(insn);
        if (*word == mark)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark, NO_REGISTERS, NULL);
        else
            qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &count, 1);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    (void)argc;
    (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
