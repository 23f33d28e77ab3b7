// SPDX-License-Identifier: Apache-2.0
// Reading fields: what is wrong is said with the field's name and what it may be.
#include "serve/fields.h"

json_t *tael__value(const json_t *o, const char *name)
{
    json_t *value = json_object_get(o, name);
    return value && !json_is_null(value) ? value : NULL;
}

bool tael__value_flag(tael__exchange *x, const json_t *o, const char *name, bool *out)
{
    const json_t *value = tael__value(o, name);
    if (!value) return true;
    if (!json_is_boolean(value))
        return tael__fault_field(x, name, TAEL_SAY("%s: give true or false", "%s：应为 true 或 false"), name);
    *out = json_is_true(value);
    return true;
}

bool tael__value_integer(tael__exchange *x, const json_t *o, const char *name, int64_t least, int64_t most,
                         int64_t *out)
{
    const json_t *value = tael__value(o, name);
    if (!value) return true;
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < least || n > most)
        return tael__fault_field(x, name,
                                 TAEL_SAY("%s: give a whole number from %lld to %lld", "%s：应为 %lld 到 %lld 的整数"),
                                 name, (long long)least, (long long)most);
    *out = n;
    return true;
}

bool tael__value_real(tael__exchange *x, const json_t *o, const char *name, double least, double most, double *out)
{
    const json_t *value = tael__value(o, name);
    if (!value) return true;
    double n = json_number_value(value);
    if (!json_is_number(value) || !(n >= least && n <= most))
        return tael__fault_field(x, name, TAEL_SAY("%s: give a number from %g to %g", "%s：应为 %g 到 %g 的数"), name,
                                 least, most);
    *out = n;
    return true;
}

bool tael__value_text(tael__exchange *x, const json_t *o, const char *path, const char *name, const char **out)
{
    const json_t *value = tael__value(o, name);
    char full[96];
    if (!value) return true;
    if (json_is_string(value)) {
        *out = json_string_value(value);
        return true;
    }
    snprintf(full, sizeof full, "%s%s", path, name);
    return tael__fault_field(x, full, TAEL_SAY("%s: give a string", "%s：应为字符串"), full);
}
