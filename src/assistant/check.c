// SPDX-License-Identifier: Apache-2.0
// A plan held against its question: a small model writes a query of the right form more often than the right query.
#include <string.h>

#include "assistant/plan.h"

static const struct {
    tael__want want;
    const char *loose, *strong;
} evidence[] = {
#define EVIDENCE(want, loose, strong) {TAEL__WANT_##want, loose, strong},
#include "assistant/evidence.inc"
#undef EVIDENCE
};
enum { EVIDENCES = sizeof evidence / sizeof *evidence };

bool tael__holds(const char *text, const char *words)
{
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, "|");
        if (memmem(text, strlen(text), p, n)) return true;
        p += n + (p[n] == '|');
    }
    return false;
}

static bool believed(const tael__plan *plan, const char *text)
{
    if (plan->want == TAEL__WANT_BUDGET) return plan->budget_minor > 0;
    for (size_t i = 0; i < EVIDENCES; i++)
        if (evidence[i].want == plan->want) return tael__holds(text, evidence[i].loose);
    return true; /* a sum, or not about money at all */
}

/* The want that the question's own words say; a sum when none does. Comparing needs two of something. */
static tael__want spoken(const tael__plan *plan, const char *text, size_t times)
{
    for (size_t i = 0; i < EVIDENCES; i++) {
        bool two = times >= 2 || plan->about_count >= 2;
        if (tael__holds(text, evidence[i].strong) && (evidence[i].want != TAEL__WANT_COMPARE || two))
            return evidence[i].want;
    }
    return TAEL__WANT_SUM;
}

static bool speaks_of_money(const char *text)
{
    static const char money[] =
        "花|钱|消费|支出|开销|买|付|多少|几|账|费|收入|工资|退|预算|价|省|赚|挣|转|红包|块|元|单|笔|最|"
        "spen|cost|pay|paid|buy|bought|money|much|many|price|bill|income|salar|earn|refund|budget|transfer|total|"
        "average|"
        "expens|purchase|order|subscri|cheap|shop|merchant|when|first|last";
    return tael__holds(text, money);
}

/* Nothing named and no word of money: there is nothing to compute, whatever the model wrote. So with the future. */
static bool is_other(const tael__plan *plan, const char *text)
{
    static const char future[] = "明天|后天|大后天|下周|tomorrow|next week";
    bool ahead = plan->want == TAEL__WANT_NEXT || plan->want == TAEL__WANT_FORECAST || plan->want == TAEL__WANT_BUDGET;
    bool said = speaks_of_money(text);
    if (tael__holds(text, future) && !(ahead && said)) return true;
    return !said && plan->about_count + plan->not_about_count == 0 && !*plan->paid_with;
}

static void lower_case(char *text, size_t cap, const char *question)
{
    size_t n = 0;
    for (; question[n] && n + 1 < cap; n++)
        text[n] = question[n] >= 'A' && question[n] <= 'Z' ? (char)(question[n] + 32) : question[n];
    text[n] = '\0';
}

bool tael__speaks_of_money(const char *question)
{
    char text[2048];
    lower_case(text, sizeof text, question);
    return speaks_of_money(text);
}

void tael__plan_check(tael__plan *plan, const char *question, size_t times)
{
    char text[2048];
    lower_case(text, sizeof text, question);
    if (plan->want == TAEL__WANT_OTHER) return;
    if (is_other(plan, text)) {
        plan->want = TAEL__WANT_OTHER;
        return;
    }
    if (plan->want == TAEL__WANT_SUM || !believed(plan, text)) plan->want = spoken(plan, text, times);
    if (plan->want != TAEL__WANT_BUSIEST) return;
    if (tael__holds(text, "几点|hour|what time"))
        plan->by = TAEL_BY_HOUR;
    else if (tael__holds(text, "周几|星期几|礼拜几|weekday|day of the week"))
        plan->by = TAEL_BY_WEEKDAY;
}
