// SPDX-License-Identifier: Apache-2.0
// A question from the page. The lane has one thread, so questions come one after another, and the model that they ask
// (api_models.c) changes between two of them only.
#include <string.h>

#include "assistant/prefix.h"
#include "base/date.h"
#include "serve/api.h"

enum { LEANING_MINUTES = 30, QUESTION_BYTES = 2048 };

static void on_session(tael_session *session, void *user)
{
    tael__errand_session(user, session);
}

static tael_status answer(tael__errand *e, tael_ledger *ledger, const char *question, tael_ask_options *o,
                          json_t **reply)
{
    char before[QUESTION_BYTES] = "", prefix[TAEL__MAX_PATH_BYTES];
    tael__asked_model model;
    tael_answer a = {0};
    double began = tael__clock_seconds();
    tael__choice_get(&e->server->choice, &model);
    if (!o->after) /* a question may lean on one that was asked a while ago, not on last week's */
        (void)tael_ledger_noted(ledger, "question", LEANING_MINUTES * 60000LL, before, sizeof before);
    if (!o->after) o->after = before;
    if (model.path[0] && tael__ask_prefix_path(prefix, sizeof prefix, tael__desk_home(e->desk), model.path) == TAEL_OK)
        o->prefix_path = prefix;
    tael__errand_event(
        e, "status",
        json_pack("{s:s,s:o}", "state", "computing", "model", model.model ? tael__json_text(model.name) : json_null()));
    TAEL_TRY(tael_ask(model.model, ledger, question, o, &a));
    if (strcmp(a.route, "out_of_scope") != 0)
        (void)tael_ledger_note(ledger, "question", a.question); /* without it the next one can't lean on it */
    *reply = tael__answer_json(&a, model.model ? model.name : NULL, 0, tael__clock_seconds() - began);
    tael_answer_free(&a);
    return TAEL_OK;
}

tael_status tael__api_ask(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    const char *question = NULL;
    tael_ask_options o = {.size = sizeof o, .session = on_session, .user = e};
    tael__date date;
    TAEL_TRY(tael__body_text(e, "question", true, &question));
    TAEL_TRY(tael__body_text(e, "today", false, &o.today));
    TAEL_TRY(tael__body_text(e, "after", false, &o.after));
    if (o.today && !tael__date_parse(&date, o.today))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("today: not a day; write it as 2026-11-20", "today：不是日期；请写成 2026-11-20"));
    return answer(e, ledger, question, &o, reply);
}
