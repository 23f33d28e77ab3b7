// SPDX-License-Identifier: Apache-2.0
// Money for people: minor units to text and back, without a float in between.
#include <inttypes.h>
#include <string.h>

#include "command.h"

/* ISO 4217: decimals of the minor unit. Those not named have two. */
static int decimals_of(const char *currency)
{
    static const char *const whole[] = {"JPY", "KRW", "VND", "CLP", "ISK"};
    static const char *const three[] = {"KWD", "BHD", "OMR", "JOD", "TND"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(currency, whole[i]) == 0) return 0;
        if (strcmp(currency, three[i]) == 0) return 3;
    }
    return 2;
}

void money_format(char *out, size_t cap, int64_t minor, const char *currency)
{
    static const uint64_t powers[] = {1, 10, 100, 1000};
    bool yuan = !currency || !*currency || strcmp(currency, "CNY") == 0;
    int decimals = yuan ? 2 : decimals_of(currency);
    uint64_t amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    char digits[32], grouped[48];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, amount / powers[decimals]);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) grouped[at++] = ',';
        grouped[at++] = digits[i];
    }
    grouped[at] = '\0';
    if (decimals > 0) snprintf(grouped + at, sizeof grouped - at, ".%0*" PRIu64, decimals, amount % powers[decimals]);
    snprintf(out, cap, "%s%s%s%s", minor < 0 ? "-" : "", yuan ? "¥" : currency, yuan ? "" : " ", grouped);
}

bool money_parse(int64_t *minor, const char *text)
{
    int64_t value = 0;
    int decimals = -1; /* -1: before the point */
    if (strncmp(text, "¥", strlen("¥")) == 0) text += strlen("¥");
    if (*text < '0' || *text > '9') return false;
    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            if (text[1] == '\0') return false;
            continue;
        }
        if (*text < '0' || *text > '9' || decimals == 2) return false;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
            return false;
        if (decimals >= 0) decimals++;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
        if (__builtin_mul_overflow(value, 10, &value)) return false;
    *minor = value;
    return true;
}
