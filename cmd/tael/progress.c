// SPDX-License-Identifier: Apache-2.0
// Progress on stderr: a bar that redraws itself on a terminal, or plain lines for a script that a person watches.
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "command.h"

enum { BAR_COLUMNS = 24 };
static const double BAR_SECONDS = 0.1, LINE_SECONDS = 5;

void progress_begin(progress *p, const request *r)
{
    const char *wish = getenv("TAEL_PROGRESS");
    *p = (progress){.began = tael__clock_seconds()};
    p->lines = !r->quiet && wish && strcmp(wish, "lines") == 0;
    p->bar = !r->quiet && !p->lines && out_terminal(stderr);
}

static void left_text(char *out, size_t cap, double seconds)
{
    long s = (long)(seconds + 0.5);
    if (seconds < 0 || seconds > 86400 * 99.0)
        snprintf(out, cap, "%s", "");
    else if (s >= 3600)
        snprintf(out, cap, TAEL_SAY("  %ld h %02ld min left", "  剩余 %ld 小时 %02ld 分"), s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out, cap, TAEL_SAY("  %ld min %02ld s left", "  剩余 %ld 分 %02ld 秒"), s / 60, s % 60);
    else
        snprintf(out, cap, TAEL_SAY("  %ld s left", "  剩余 %ld 秒"), s);
}

void progress_show(progress *p, const char *what, uint64_t done, uint64_t total, double per_second, double seconds_left)
{
    double now = tael__clock_seconds();
    if (!p->bar && !p->lines) return;
    if (p->drawn && now - p->shown < (p->bar ? BAR_SECONDS : LINE_SECONDS) && !(p->bar && total && done >= total))
        return;
    char done_text[32], total_text[32], rate[48] = "", left[64];
    out_size(done_text, sizeof done_text, done);
    out_size(total_text, sizeof total_text, total);
    if (per_second > 0) {
        char size[32];
        out_size(size, sizeof size, (uint64_t)per_second);
        snprintf(rate, sizeof rate, "  %s/s", size);
    }
    left_text(left, sizeof left, seconds_left);
    double share = total ? (double)done / (double)total : 0;
    if (share > 1) share = 1;
    if (p->bar) {
        fprintf(stderr, "\r%s  [", what);
        for (int i = 0; i < BAR_COLUMNS; i++) fputs(i < (int)(share * BAR_COLUMNS) ? "█" : "·", stderr);
        fprintf(stderr, "] %3.0f %%", share * 100);
    } else {
        fprintf(stderr, "%s  %.0f %%", what, share * 100);
    }
    fprintf(stderr, total ? "  %s / %s" : "  %s", done_text, total_text);
    fprintf(stderr, "%s%s%s", rate, left, p->bar ? "\033[K" : "\n");
    fflush(stderr);
    p->drawn = true;
    p->shown = now;
}

void progress_end(progress *p)
{
    if (p->bar && p->drawn) fputs("\r\033[K", stderr);
    p->drawn = false;
}
