// SPDX-License-Identifier: Apache-2.0
// The help, made from the commands' own tables, so that it can't say what they don't do.
#include <string.h>

#include "command.h"

static const struct {
    const command *command;
    command_group group;
} entries[] = {
#define COMMAND(verb, group) {&command_##verb, group},
#include "commands.inc"
#undef COMMAND
};

static const words group_names[GROUP_COUNT] = {
    [GROUP_MODELS] = {"Models", "模型"},
    [GROUP_MONEY] = {"Money", "账本"},
};

static void print_options(FILE *out, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        char name[64];
        char letter[8] = "    ";
        if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(name, sizeof name, "%s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
        if (strlen(name) > 24)
            fprintf(out, "  %s\n%28s%s\n", name, "", say(o->what));
        else
            fprintf(out, "  %-24s  %s\n", name, say(o->what));
    }
}

void help_overview(FILE *out)
{
    fprintf(out,
            TAEL_SAY("tael %s: personal AI on your device, over your own bills\n\n"
                     "Usage: tael [--home DIR] [--lang zh|en] [--json] [--quiet] COMMAND [OPTIONS] [ARGS]\n",
                     "tael %s：设备上的个人 AI，账单只留在你手里\n\n"
                     "用法：tael [--home DIR] [--lang zh|en] [--json] [--quiet] 命令 [选项] [参数]\n"),
            tael_version());
    for (int group = 0; group < GROUP_COUNT; group++) {
        fprintf(out, "\n%s\n", say(group_names[group]));
        for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
            if (entries[i].group == (command_group)group)
                fprintf(out, "  %-11s %s\n", entries[i].command->verb, say(entries[i].command->what));
    }
    fprintf(out, "\n%s\n", TAEL_SAY("Options of every command", "所有命令的选项"));
    print_options(out, global_options);
    fputs(TAEL_SAY("\nExit status: 0 done, 1 it failed, 2 wrong usage. `tael COMMAND --help` tells more; so does `man "
                   "tael`.\n",
                   "\n退出码：0 完成，1 失败，2 用法有误。详情见 `tael 命令 --help` 与 `man tael`。\n"),
          out);
}

void help_command(FILE *out, const command *c)
{
    fprintf(out, TAEL_SAY("Usage: tael %s %s\n\n%s\n", "用法：tael %s %s\n\n%s\n"), c->verb, c->usage, say(c->what));
    if (c->more.en) fprintf(out, "\n%s\n", say(c->more));
    if (c->options && c->options->name) {
        fprintf(out, "\n%s\n", TAEL_SAY("Options", "选项"));
        print_options(out, c->options);
    }
    fprintf(out, "\n%s\n", TAEL_SAY("Options of every command", "所有命令的选项"));
    print_options(out, global_options);
}
