// SPDX-License-Identifier: Apache-2.0
/* Softmax regression over hashed features, trained with AdaGrad (Duchi, Hazan, Singer 2011) from zero in a fixed order:
 * the same weights everywhere. Small on purpose: it must be ready before a person notices. */
#include "assistant/intent.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"

enum {
    MAX_LABELS = 64,
    BUCKETS = 1 << 14,
    MAX_TOKENS = 160,
    MAX_FEATURES = 4 * MAX_TOKENS + 16,
    EPOCHS = 5,
    PAIR_BITS = 1 << 18, /* a filter of pairs that examples hold: 32 KB */
};

static const struct {
    const char *label, *questions;
} examples[] = {
#define ASKS(label, questions) {label, questions},
#include "assistant/questions.inc"
#undef ASKS
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

/* A label is made of parts, and a score of its parts' scores: what tells "which month" is learned once for all. */
enum {
    MAX_PARTS = 48,
    PART_BY = TAEL__WANT_COUNT_OF,
    PART_TIMES = PART_BY + TAEL_BY_WEEK + 1,
    PART_INCOME,
    PART_PERCENT,
    PART_TOTAL,
    PARTS,
    LABEL_PARTS = 6 /* at most: a want, what it goes by, and four marks */
};
_Static_assert(PARTS <= MAX_PARTS, "a row of weights has a place for each part");

struct tael__intents {
    float weight[BUCKETS][MAX_PARTS], squares[BUCKETS][MAX_PARTS];
    tael__intent label[MAX_LABELS];
    const char *name[MAX_LABELS];
    uint8_t parts[MAX_LABELS][LABEL_PARTS], part_count[MAX_LABELS];
    size_t labels;
    uint8_t pairs[PAIR_BITS / 8];
};

/* ---- Words ---- */

typedef struct token {
    uint32_t id; /* a character, a mask, or a word's hash with the top bit */
    size_t at, bytes;
} token;

typedef struct tokens {
    token of[MAX_TOKENS];
    size_t count;
} tokens;

#define WORD_BIT 0x80000000u
static const uint32_t EDGE = 1; /* before the first and after the last */

static bool is_mask(char c)
{
    return c == TAEL__MASK_ENTITY || c == TAEL__MASK_TIME || c == TAEL__MASK_AMOUNT || c == TAEL__MASK_METHOD;
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A word without the endings that change nothing here. */
static uint32_t word_id(const char *word, size_t n)
{
    uint32_t hash = 2166136261u;
    if (n > 3 && word[n - 1] == 's' && word[n - 2] != 's') n--;
    for (size_t i = 0; i < n; i++) hash = (hash ^ (uint8_t)word[i]) * 16777619u;
    return hash | WORD_BIT;
}

/* Masked text in lower case but for the masks. Punctuation parts words and is nothing by itself. */
static void split(tokens *out, const char *text)
{
    size_t bytes = strlen(text);
    out->count = 0;
    for (size_t at = 0; at < bytes && out->count < MAX_TOKENS;) {
        size_t n = 0;
        uint32_t code;
        while (at + n < bytes && in_word(text[at + n])) n++;
        if (n > 0) {
            out->of[out->count++] = (token){word_id(text + at, n), at, n};
            at += n;
            if (at + 1 < bytes && text[at] == '\'' && in_word(text[at + 1])) /* what's: as what */
                for (at++; at < bytes && in_word(text[at]);) at++;
            continue;
        }
        n = tael__utf8_decode(text + at, bytes - at, &code, NULL);
        if (is_mask(text[at]) || (code >= 0x3400 && code <= 0x9FFF) || code == '%' || code == 0xFF05)
            out->of[out->count++] = (token){code == 0xFF05 ? '%' : code, at, n};
        at += n;
    }
}

/* ---- Features ---- */

static uint32_t mix(uint32_t h, uint32_t value)
{
    h = (h ^ value) * 0x9E3779B1u;
    return h ^ (h >> 15);
}

static uint32_t pair_hash(uint32_t a, uint32_t b)
{
    return mix(mix(77, a), b) & (PAIR_BITS - 1);
}

typedef struct features {
    uint16_t of[MAX_FEATURES];
    size_t count;
} features;

static void add(features *f, uint32_t hash)
{
    if (f->count < MAX_FEATURES) f->of[f->count++] = (uint16_t)(mix(hash, 3) & (BUCKETS - 1));
}

static size_t count_of(const tokens *t, uint32_t id)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) n += t->of[i].id == id;
    return n > 2 ? 2 : n;
}

static void extract(features *f, const tokens *t)
{
    f->count = 0;
    for (size_t i = 0; i <= t->count; i++) {
        uint32_t a = i > 0 ? t->of[i - 1].id : EDGE, b = i < t->count ? t->of[i].id : EDGE,
                 c = i + 1 < t->count ? t->of[i + 1].id : EDGE;
        if (i < t->count) add(f, mix(11, b));
        add(f, mix(mix(12, a), b));
        if (i < t->count) add(f, mix(mix(mix(13, a), b), c));
        if (i + 1 < t->count) add(f, mix(mix(14, a), c)); /* a pair with a gap */
    }
    static const uint32_t masks[] = {TAEL__MASK_ENTITY, TAEL__MASK_TIME, TAEL__MASK_AMOUNT, TAEL__MASK_METHOD};
    for (uint32_t i = 0; i < 4; i++) add(f, mix(mix(15, i), (uint32_t)count_of(t, masks[i])));
    add(f, 16);
}

/* ---- The model ---- */

/* Each label's probability. */
static void scores(const tael__intents *m, float *out, const features *f)
{
    float part[MAX_PARTS] = {0}, most = -1e30f, sum = 0;
    for (size_t i = 0; i < f->count; i++) {
        const float *w = m->weight[f->of[i]];
        for (size_t k = 0; k < MAX_PARTS; k++) part[k] += w[k];
    }
    for (size_t k = 0; k < m->labels; k++) {
        out[k] = 0;
        for (size_t p = 0; p < m->part_count[k]; p++) out[k] += part[m->parts[k][p]];
        most = out[k] > most ? out[k] : most;
    }
    for (size_t k = 0; k < m->labels; k++) sum += out[k] = expf(out[k] - most);
    for (size_t k = 0; k < m->labels; k++) out[k] /= sum;
}

static void learn(tael__intents *m, const features *f, size_t label)
{
    float slope[MAX_LABELS], part[MAX_PARTS] = {0};
    scores(m, slope, f);
    if (slope[label] > 0.97f) return;
    slope[label] -= 1;
    for (size_t k = 0; k < m->labels; k++)
        for (size_t p = 0; p < m->part_count[k]; p++) part[m->parts[k][p]] += slope[k];
    for (size_t i = 0; i < f->count; i++) {
        float *w = m->weight[f->of[i]], *s = m->squares[f->of[i]];
        for (size_t p = 0; p < MAX_PARTS; p++) {
            s[p] += part[p] * part[p];
            w[p] -= 0.15f * part[p] / sqrtf(s[p] + 1e-3f);
        }
    }
}

static void note_pairs(tael__intents *m, const tokens *t)
{
    for (size_t i = 0; i <= t->count; i++) {
        uint32_t a = i > 0 ? t->of[i - 1].id : EDGE, b = i < t->count ? t->of[i].id : EDGE;
        uint32_t both = pair_hash(a, b), alone = pair_hash(0, b);
        m->pairs[both / 8] |= (uint8_t)(1u << both % 8);
        m->pairs[alone / 8] |= (uint8_t)(1u << alone % 8);
    }
}

/* ---- Labels ---- */

static bool is_named(const char *label, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(label, name, n) == 0;
}

/* "top.month.times": a want and its marks. */
static tael__intent read_label(const char *label)
{
    static const struct {
        const char *name;
        tael_group by;
    } groups[] = {{"merchant", TAEL_BY_MERCHANT}, {"category", TAEL_BY_CATEGORY}, {"month", TAEL_BY_MONTH},
                  {"week", TAEL_BY_WEEK},         {"day", TAEL_BY_DAY},           {"weekday", TAEL_BY_WEEKDAY},
                  {"hour", TAEL_BY_HOUR},         {"method", TAEL_BY_METHOD}};
    tael__intent intent = {.want = TAEL__WANT_SUM};
    size_t n = strcspn(label, ".");
    for (int want = 0; want < TAEL__WANT_COUNT_OF; want++)
        if (is_named(label, n, tael__want_name((tael__want)want))) intent.want = (tael__want)want;
    for (const char *mark = label + n; *mark == '.'; mark += n) {
        n = strcspn(++mark, ".");
        intent.times |= is_named(mark, n, "times");
        intent.income |= is_named(mark, n, "in");
        intent.percent |= is_named(mark, n, "pct");
        intent.total |= is_named(mark, n, "sum");
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
            if (is_named(mark, n, groups[i].name)) intent.by = groups[i].by;
    }
    return intent;
}

static size_t label_at(tael__intents *m, const char *name)
{
    for (size_t i = 0; i < m->labels; i++)
        if (strcmp(m->name[i], name) == 0) return i;
    if (m->labels == MAX_LABELS) return MAX_LABELS - 1; /* tests hold that there are fewer */
    tael__intent l = m->label[m->labels] = read_label(name);
    uint8_t *parts = m->parts[m->labels], n = 0;
    m->name[m->labels] = name;
    parts[n++] = (uint8_t)l.want;
    parts[n++] = (uint8_t)(PART_BY + l.by);
    if (l.times) parts[n++] = PART_TIMES;
    if (l.income) parts[n++] = PART_INCOME;
    if (l.percent) parts[n++] = PART_PERCENT;
    if (l.total) parts[n++] = PART_TOTAL;
    m->part_count[m->labels] = n;
    return m->labels++;
}

/* ---- Together ---- */

typedef struct lesson {
    const char *text;
    uint16_t bytes, label;
} lesson;

/* A stride that comes by every place once before it comes back: kinds lie together in the list and are learned mixed.
 */
static size_t stride_of(size_t count)
{
    for (size_t stride = count / 3 + 1;; stride++) {
        size_t a = count, b = stride;
        while (b) {
            size_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return stride;
    }
}

static size_t list_lessons(tael__intents *m, lesson *out, size_t cap)
{
    size_t count = 0;
    for (size_t i = 0; i < EXAMPLES; i++) {
        size_t label = label_at(m, examples[i].label);
        for (const char *p = examples[i].questions; *p;) {
            size_t n = strcspn(p, "|");
            if (count < cap) out[count] = (lesson){p, (uint16_t)n, (uint16_t)label};
            count++;
            p += n + (p[n] == '|');
        }
    }
    return count;
}

tael_status tael__intents_open(tael__intents **out)
{
    enum { MAX_LESSONS = 1 << 13 };
    *out = NULL;
    tael__intents *m = tael__alloc_zero(sizeof *m);
    lesson *lessons = tael__alloc_array(MAX_LESSONS, sizeof *lessons);
    if (!m || !lessons) {
        tael__free(m);
        tael__free(lessons);
        return tael__fail_memory("ask", sizeof *m);
    }
    size_t count = list_lessons(m, lessons, MAX_LESSONS);
    if (count > MAX_LESSONS) count = MAX_LESSONS;
    size_t step = stride_of(count);
    for (size_t i = 0; i < EPOCHS * count; i++) {
        const lesson *l = &lessons[i * step % count];
        char text[512];
        tokens t;
        features f;
        if (l->bytes >= sizeof text) continue;
        memcpy(text, l->text, l->bytes);
        text[l->bytes] = '\0';
        split(&t, text);
        extract(&f, &t);
        learn(m, &f, l->label);
        if (i < count) note_pairs(m, &t);
    }
    tael__free(lessons);
    *out = m;
    return TAEL_OK;
}

void tael__intents_close(tael__intents *intents)
{
    tael__free(intents);
}

static void score_text(const tael__intents *m, float *out, const char *masked)
{
    tokens t;
    features f;
    split(&t, masked);
    extract(&f, &t);
    scores(m, out, &f);
}

void tael__intents_read(const tael__intents *m, tael__intent *out, size_t count, const char *masked)
{
    float score[MAX_LABELS];
    score_text(m, score, masked);
    for (size_t i = 0; i < count; i++) {
        size_t best = 0;
        for (size_t k = 1; k < m->labels; k++)
            if (score[k] > score[best]) best = k;
        out[i] = m->label[best];
        out[i].probability = score[best];
        score[best] = -1;
    }
}

void tael__intents_wants(const tael__intents *m, float *out, const char *masked)
{
    float score[MAX_LABELS];
    score_text(m, score, masked);
    memset(out, 0, TAEL__WANT_COUNT_OF * sizeof *out);
    for (size_t k = 0; k < m->labels; k++) out[m->label[k].want] += score[k];
}

static bool has_pair(const tael__intents *m, uint32_t a, uint32_t b)
{
    uint32_t at = pair_hash(a, b);
    return m->pairs[at / 8] >> at % 8 & 1;
}

/* Characters that make no name by themselves: pronouns, particles, verbs of having and going, measures. Cantonese ones
 * too. */
static bool is_particle(uint32_t code)
{
    static const char particles[] = "的了着过得地在是有没无不也都就还又再才只很太真好多少几个些这那哪谁什么怎样吗呢吧啊"
                                    "嘛呀哦哈嘞啦咧么呗哟喔我你他她它们咱俺您自己"
                                    "里上下前后中内外间来去出进到从自打向往对跟和与或及但而且因为所以如果用把被让叫请问"
                                    "帮看算查说想要能会可以应该先总共合计平均每各全整"
                                    "天日月年周时分点号次回笔单件趟顿杯场张节份位名条套块元毛钱块花费付买给最更比约概左"
                                    "右占当今昨明现已曾刚嘅咗唔係喺嗰啲冇畀咁乜嘢边";
    for (size_t at = 0; at < sizeof particles - 1;) {
        uint32_t own;
        at += tael__utf8_decode(particles + at, sizeof particles - 1 - at, &own, NULL);
        if (own == code) return true;
    }
    return false;
}

bool tael__intents_has_particle(const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        at += tael__utf8_decode(text + at, bytes - at, &code, NULL);
        if (is_particle(code)) return true;
    }
    return false;
}

/* A word is strange that stands in no example; a character that stands in none beside either of its neighbours. */
static bool is_strange(const tael__intents *m, const tokens *t, size_t i)
{
    uint32_t id = t->of[i].id;
    if (id < 128) return false; /* a mask */
    if (id & WORD_BIT) return !has_pair(m, 0, id);
    uint32_t before = i > 0 ? t->of[i - 1].id : EDGE, after = i + 1 < t->count ? t->of[i + 1].id : EDGE;
    return !has_pair(m, before, id) && !has_pair(m, id, after);
}

bool tael__intents_common(const tael__intents *m, const char *text, size_t bytes)
{
    char copy[256];
    tokens t;
    if (bytes >= sizeof copy) return false;
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    split(&t, copy);
    for (size_t i = 0; i < t.count; i++) {
        uint32_t id = t.of[i].id;
        bool word = id & WORD_BIT, next = i + 1 < t.count && !(t.of[i + 1].id & WORD_BIT);
        if (word ? !has_pair(m, 0, id) : next && !has_pair(m, id, t.of[i + 1].id)) return false;
    }
    return t.count > 0;
}

void tael__intents_strange(const tael__intents *m, const char *masked, tael__strange_fn *each, void *user)
{
    tokens t;
    split(&t, masked);
    for (size_t i = 0; i < t.count; i++) {
        if (!is_strange(m, &t, i)) continue;
        size_t end = i, telling = 0;
        bool word = t.of[i].id & WORD_BIT;
        for (; end < t.count && is_strange(m, &t, end) && !(t.of[end].id & WORD_BIT) == !word; end++)
            telling += word || !is_particle(t.of[end].id);
        size_t at = t.of[i].at, bytes = t.of[end - 1].at + t.of[end - 1].bytes - at;
        if (word || (end - i >= 2 && telling)) each(at, bytes, user);
        i = end - 1;
    }
}
