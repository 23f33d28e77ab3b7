// SPDX-License-Identifier: Apache-2.0
/* The page's API: /api/…, JSON in and out, for the page alone. What its files share; docs/SERVE.md has the routes. */
#ifndef TAEL__SERVE_API_H
#define TAEL__SERVE_API_H

#include "base/status.h"
#include "document/document.h"
#include "serve/internal.h"

/* How a request's body is read. */
typedef enum tael__api_body { TAEL__BODY_NONE, TAEL__BODY_JSON, TAEL__BODY_FILE } tael__api_body;

typedef struct tael__api_route {
    const char *method, *path; /* one that ends in '/' takes a name after it */
    tael__errand_fn *run;
    tael__lane lane;
    tael__api_body body;
    const char *events; /* as in tael__errand */
    bool no_ledger;     /* it does without */
} tael__api_route;

tael__errand_fn tael__api_home, tael__api_records, tael__api_record, tael__api_spend, tael__api_ask, tael__api_import,
    tael__api_imports, tael__api_import_undo, tael__api_categories, tael__api_categorize, tael__api_habits,
    tael__api_forget, tael__api_consents, tael__api_consent, tael__api_disclosures, tael__api_models,
    tael__api_model_pull, tael__api_model_use, tael__api_export, tael__api_erase, tael__api_status;

/* ---- For a connection's thread (api.c) ---- */

/* x answers in the language that its browser asks for. */
void tael__api_language(tael__exchange *x);
/* A request's head: host, session, route, method and body. False: x's fault is set. */
bool tael__api_head(tael__exchange *x, const char *url, const char *method);
/* Its body is whole. */
bool tael__api_begin(tael__exchange *x);
/* Answers when there is something to answer; else the connection sleeps. */
enum MHD_Result tael__api_go_on(tael__exchange *x);
json_t *tael__api_fault_json(const tael__exchange *x);

/* ---- What handlers ask for (api_fields.c) ---- */

/* A parameter of the address; NULL: it isn't there, or empty. */
const char *tael__query_text(const tael__errand *e, const char *name);
bool tael__query_flag(const tael__errand *e, const char *name); /* "1" or "true" */
/* A whole number from 0 to `most`; *out stays when it isn't there. */
tael_status tael__query_number(const tael__errand *e, const char *name, uint64_t most, uint64_t *out);
/* Into *day: the parameter `today`, else the day in Shanghai. */
tael_status tael__query_today(const tael__errand *e, char day[16]);
/* A field of the body. TAEL_BAD_INPUT: it isn't of its kind; or it is missing and `needed`. Texts are borrowed. */
tael_status tael__body_text(const tael__errand *e, const char *name, bool needed, const char **out);
tael_status tael__body_flag(const tael__errand *e, const char *name, bool needed, bool *out);
tael_status tael__body_integer(const tael__errand *e, const char *name, bool needed, int64_t *out);

#endif
