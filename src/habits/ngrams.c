// SPDX-License-Identifier: Apache-2.0
// A record as features. Names in bills are short and made of speaking pieces: 火锅 stands in 小龙坎火锅 and in a shop
// that nobody has seen before. So texts are cut into runs of one script; a run of Chinese gives all its pieces of 1 to
// 4 characters, and those at its two ends once more as such (a shop's kind stands last, a family name first); a Latin
// word gives itself, its pieces of 3 and 4 letters, and itself with the word before it. Each piece speaks once for its
// field and once for all fields together, so that what was learned from items helps with merchants.
#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/utf8.h"
#include "habits/internal.h"

enum { MERCHANT = TAEL__MERCHANT, SHARED = TAEL__FIELDS, FACT };
enum { MAX_POINTS = 96 }; /* of a text: what comes later in an item is small print */

typedef struct point { /* a folded character */
    uint32_t code;
    uint16_t at; /* in features->text */
} point;

static uint32_t mix(uint32_t h, uint32_t x)
{
    h = (h ^ x) * 0x9E3779B1u;
    return h ^ (h >> 15);
}

static void add(tael__features *f, uint32_t hash, int field, size_t at, size_t length)
{
    if (f->count < TAEL__MAX_FEATURES)
        f->list[f->count++] = (tael__feature){.hash = mix(hash, (uint32_t)field),
                                              .field = (uint8_t)field,
                                              .at = (uint16_t)at,
                                              .length = (uint16_t)length};
}

/* What a character becomes: letters small, full width narrow, digits all alike, what parts words a blank. */
static uint32_t fold(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E) c = c - 0xFF01 + 0x21;
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c >= '0' && c <= '9') return '0';
    if (c < 0x80 && c != '*' && !(c >= 'a' && c <= 'z')) return ' ';
    if ((c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) || c == 0xB7 || c == 0xA5) return ' ';
    return c;
}

/* The folded characters of a text without doubled blanks and digits, with a blank at both ends. */
static size_t read_points(tael__features *f, point points[MAX_POINTS + 2], const char *text)
{
    size_t n = 0, bytes = strlen(text);
    points[n++] = (point){' ', (uint16_t)f->text_size};
    for (size_t at = 0; at < bytes && n < MAX_POINTS + 1;) {
        uint32_t code;
        char utf8[4];
        at += tael__utf8_decode(text + at, bytes - at, &code, NULL);
        code = fold(code);
        if ((code == ' ' || code == '0') && points[n - 1].code == code) continue;
        size_t m = tael__utf8_encode(utf8, code);
        if (f->text_size + m > sizeof f->text) break;
        points[n++] = (point){code, (uint16_t)f->text_size};
        memcpy(f->text + f->text_size, utf8, m);
        f->text_size += m;
    }
    if (points[n - 1].code != ' ') points[n++] = (point){' ', (uint16_t)f->text_size};
    return n;
}

static bool latin(uint32_t code)
{
    return (code >= 'a' && code <= 'z') || code == '0' || (code >= 0xC0 && code < 0x250);
}

static uint32_t hash_run(const point *p, size_t n)
{
    uint32_t h = 0x811C9DC5u;
    for (size_t i = 0; i < n; i++) h = mix(h, p[i].code);
    return h;
}

/* p[0..n) is a piece, p[n] the character after it. */
static void add_piece(tael__features *f, const point *p, size_t n, uint32_t mark, int field)
{
    add(f, mix(hash_run(p, n), mark), field, p[0].at, (size_t)(p[n].at - p[0].at));
}

static void add_chinese(tael__features *f, const point *p, size_t n, int field)
{
    for (size_t i = 0; i < n; i++)
        for (size_t m = 1; m <= 4 && i + m <= n; m++) add_piece(f, p + i, m, 0, field);
    for (size_t m = 1; m <= 3 && m <= n; m++) {
        add_piece(f, p, m, 1, field);
        add_piece(f, p + n - m, m, 2, field);
    }
}

static void add_latin(tael__features *f, const point *p, size_t n, const point *before, size_t before_n, int field)
{
    add_piece(f, p, n, 3, field);
    if (before_n > 0) add_piece(f, before, (size_t)(p - before) + n, 4, field);
    for (size_t m = 3; m <= 4; m++)
        for (size_t i = 0; i + m < n; i++) add_piece(f, p + i, m, i == 0 ? 1 : 0, field);
    if (n > 3) add_piece(f, p + n - 3, 3, 2, field);
}

static void add_runs(tael__features *f, const point *p, size_t n, int field)
{
    const point *before = NULL;
    size_t before_n = 0;
    for (size_t i = 0; i < n;) {
        if (p[i].code == ' ') {
            i++;
            continue;
        }
        bool is_latin = latin(p[i].code);
        size_t end = i;
        while (end < n && p[end].code != ' ' && latin(p[end].code) == is_latin) end++;
        if (is_latin) {
            add_latin(f, p + i, end - i, before, before_n, field);
            before = p + i;
            before_n = end - i;
        } else {
            add_chinese(f, p + i, end - i, field);
            before = NULL;
            before_n = 0;
        }
        i = end;
    }
}

/* Features from..count get length `length` together. */
static void scale(tael__features *f, size_t from, float length)
{
    size_t n = f->count - from;
    float value = n > 0 ? length / sqrtf((float)n) : 0;
    for (size_t i = from; i < f->count; i++) f->list[i].value = value;
}

const char *tael__field_text(const tael_record *r, int field)
{
    switch (field) {
    case TAEL__MERCHANT: return r->merchant;
    case TAEL__ITEM: return r->item;
    case TAEL__NOTE: return r->note;
    case TAEL__BILL: return r->category;
    default: return r->type;
    }
}

uint64_t tael__text_key(const char *text, int field)
{
    uint64_t h = 14695981039346656037u ^ (uint64_t)field;
    uint32_t code, last = ' ';
    for (size_t at = 0, n = 0, bytes = strlen(text); at < bytes && n < MAX_POINTS;) {
        at += tael__utf8_decode(text + at, bytes - at, &code, NULL);
        code = fold(code);
        if ((code == ' ' || code == '0') && last == code) continue;
        h = (h ^ code) * 1099511628211u;
        last = code;
        n++;
    }
    return (h ^ h >> 29) | 1;
}

void tael__features_text(tael__features *f, const char *text, int field)
{
    point points[MAX_POINTS + 2];
    size_t from = f->count;
    if (!text || !*text) return;
    size_t n = read_points(f, points, text);
    if (n < 3) return; /* nothing but what parts words, such as WeChat's "/" */
    add_runs(f, points, n, field);
    scale(f, from, 1);
    from = f->count;
    add_piece(f, points + 1, n - 2, 5, field); /* the whole text, as one */
    if (field == MERCHANT) add(f, mix(0x5A5Au, n < 12 ? (uint32_t)n : 12), field, 0, 0);
    scale(f, from, 0.7f);
    if (field == TAEL__BILL || field == TAEL__TYPE) return; /* words of their own */
    from = f->count;
    add_runs(f, points, n, SHARED);
    scale(f, from, 1);
}

static void add_fact(tael__features *f, uint32_t kind, uint32_t value)
{
    add(f, mix(mix(0xFAC7u, kind), value), FACT, 0, 0);
}

/* What isn't text. A refund is read as the purchase that it gives back. */
void tael__features_facts(tael__features *f, const tael_record *r)
{
    size_t from = f->count;
    uint32_t direction = r->refund ? TAEL_EXPENSE : (uint32_t)r->direction;
    add_fact(f, 0, direction);
    if (r->minor > 0) add_fact(f, 1, (uint32_t)(2 * log2f((float)r->minor)) * 8 + direction);
    if (r->source && *r->source) {
        uint32_t h = 0;
        for (const char *c = r->source; *c; c++) h = mix(h, (unsigned char)*c);
        add_fact(f, 2, h);
    }
    int64_t minute = r->time_ms / 60000 + r->offset_minutes;
    if (r->time_ms > 0 && minute % 1440 != 0) { /* midnight: a bill without a clock */
        add_fact(f, 3, (uint32_t)(minute % 1440 / 60));
        add_fact(f, 4, (uint32_t)(minute % 1440 / 180));
    }
    scale(f, from, 0.7f);
}

void tael__features_make(tael__features *f, const tael_record *r)
{
    f->count = 0;
    f->text_size = 0;
    tael__features_facts(f, r);
    for (int field = TAEL__MERCHANT; field < TAEL__FIELDS; field++)
        tael__features_text(f, tael__field_text(r, field), field);
}
