// SPDX-License-Identifier: Apache-2.0
// Counts brackets, commas and colons outside of strings: an upper bound of the values, without building any.
#include "serve/json_scan.h"

#include <stdint.h>

#include "base/limits.h"

bool tael__json_scan(const char *text, size_t bytes)
{
    uint32_t depth = 0, values = 1;
    bool string = false;
    for (size_t i = 0; i < bytes; i++) {
        char ch = text[i];
        if (string) {
            if (ch == '\\')
                i++;
            else if (ch == '"')
                string = false;
            continue;
        }
        if (ch == '"') string = true;
        if ((ch == '[' || ch == '{') && ++depth > TAEL__MAX_JSON_DEPTH) return false;
        if ((ch == ']' || ch == '}') && depth > 0) depth--;
        if ((ch == '[' || ch == '{' || ch == ',' || ch == ':') && ++values > TAEL__MAX_SERVE_VALUES) return false;
    }
    return true;
}
