// SPDX-License-Identifier: Apache-2.0
// An answer with its figures, each with the records that it comes from.
#include <math.h>

#include "document/document.h"

/* A count is written as 2, not 2.0. */
static json_t *number_json(double value)
{
    return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value) : tael__json_real(value);
}

static json_t *figure_json(const tael_figure *f)
{
    json_t *figure = json_pack("{s:o}", "name", tael__json_text(f->name));
    if (!figure) return NULL;
    if (f->is_money) {
        json_object_set_new(figure, "minor", json_integer((json_int_t)f->minor));
        json_object_set_new(figure, "currency", tael__json_text(f->currency));
    } else {
        json_object_set_new(figure, "value", f->text ? tael__json_text(f->text) : number_json(f->value));
    }
    json_object_set_new(figure, "unit", tael__json_text(f->unit));
    json_object_set_new(figure, "query", tael__json_text(f->query));
    json_object_set_new(figure, "records", tael__json_ids(f->records, f->record_count));
    return figure;
}

json_t *tael__answer_json(const tael_answer *a, const char *model, double load_seconds, double total_seconds)
{
    json_error_t ignored;
    json_t *figures = json_array();
    for (size_t i = 0; i < a->figure_count; i++) json_array_append_new(figures, figure_json(&a->figures[i]));
    json_t *plan = a->plan ? json_loads(a->plan, 0, &ignored) : NULL;
    json_t *timing =
        json_pack("{s:o,s:o,s:o,s:o}", "load_ms", tael__json_real(load_seconds * 1e3), "prefill_ms",
                  tael__json_real(a->prefill_seconds * 1e3), "decode_ms", tael__json_real(a->decode_seconds * 1e3),
                  "total_ms", tael__json_real(total_seconds * 1e3));
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "answer", tael__json_text(a->text), "figures", figures,
                     "route", tael__json_text(a->route), "model", tael__json_text(model), "timing", timing, "question",
                     tael__json_text(a->question), "plan", plan ? plan : json_null(), "explanation",
                     tael__json_text(a->explanation));
}
