// SPDX-License-Identifier: Apache-2.0
// What a request of the page says: parameters of its address, fields of its body; each that is wrong is named.
#include <string.h>

#include "base/date.h"
#include "serve/api.h"

const char *tael__query_text(const tael__errand *e, const char *name)
{
    const char *text = json_string_value(json_object_get(e->query, name));
    return text && *text ? text : NULL;
}

bool tael__query_flag(const tael__errand *e, const char *name)
{
    const char *text = tael__query_text(e, name);
    return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

tael_status tael__query_number(const tael__errand *e, const char *name, uint64_t most, uint64_t *out)
{
    const char *text = tael__query_text(e, name);
    uint64_t n = 0;
    if (!text) return TAEL_OK;
    for (const char *c = text; *c; c++) {
        bool digit = *c >= '0' && *c <= '9' && c - text < 18;
        n = digit ? 10 * n + (uint64_t)(*c - '0') : UINT64_MAX;
        if (!digit || n > most)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("%s: give a whole number from 0 to %llu", "%s：应为 0 到 %llu 的整数"), name,
                              (unsigned long long)most);
    }
    *out = n;
    return TAEL_OK;
}

tael_status tael__query_today(const tael__errand *e, char day[16])
{
    const char *text = tael__query_text(e, "today");
    tael__date date = tael__date_today();
    if (text && !tael__date_parse(&date, text))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("today: not a day; write it as 2026-11-20", "today：不是日期；请写成 2026-11-20"));
    tael__date_write(day, date);
    return TAEL_OK;
}

/* *value NULL: it isn't there, and needn't be. */
static tael_status find(const tael__errand *e, const char *name, bool needed, const json_t **value)
{
    *value = json_object_get(e->body, name);
    if (*value && json_is_null(*value)) *value = NULL;
    if (*value || !needed) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s: missing; send it", "%s：缺失；请提供"), name);
}

tael_status tael__body_text(const tael__errand *e, const char *name, bool needed, const char **out)
{
    const json_t *value;
    TAEL_TRY(find(e, name, needed, &value));
    if (!value) return TAEL_OK;
    if (!json_is_string(value) || (needed && json_string_length(value) == 0))
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s: give a text", "%s：应为文本"), name);
    *out = json_string_value(value);
    return TAEL_OK;
}

tael_status tael__body_flag(const tael__errand *e, const char *name, bool needed, bool *out)
{
    const json_t *value;
    TAEL_TRY(find(e, name, needed, &value));
    if (!value) return TAEL_OK;
    if (!json_is_boolean(value))
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s: give true or false", "%s：应为 true 或 false"), name);
    *out = json_is_true(value);
    return TAEL_OK;
}

tael_status tael__body_integer(const tael__errand *e, const char *name, bool needed, int64_t *out)
{
    const json_t *value;
    TAEL_TRY(find(e, name, needed, &value));
    if (!value) return TAEL_OK;
    if (!json_is_integer(value))
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s: give a whole number", "%s：应为整数"), name);
    *out = json_integer_value(value);
    return TAEL_OK;
}
