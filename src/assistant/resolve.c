// SPDX-License-Identifier: Apache-2.0
// Words of a question to words of bills. The order matters: what the owner's own ledger holds, then the table, then
// likeness.
#include "assistant/resolve.h"
#include "assistant/plan.h"

#include <string.h>
#include <strings.h>

#include <tael/habits.h>

#include "base/utf8.h"

typedef struct alias {
    const char *said, *written;
} alias;

static const alias aliases[] = {
#define ALIAS(said, written) {said, written},
#include "assistant/aliases.inc"
#undef ALIAS
};

static const char *const noise[] = {
#define NOISE(word) word,
#include "assistant/noise.inc"
#undef NOISE
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Words ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The word in lower case, without blanks and quotes at its ends. */
static size_t clean(char *out, size_t cap, const char *word)
{
    size_t n = 0;
    while (*word == ' ' || *word == '"' || *word == '\'') word++;
    for (; *word && n + 1 < cap; word++) out[n++] = lower(*word);
    while (n > 0 && strchr(" \"'?.,", out[n - 1])) n--;
    n = tael__utf8_cut(out, n);
    out[n] = '\0';
    return n;
}

/* ---- Lists ---- */

void tael__terms_free(tael__terms *terms)
{
    tael__buffer_free(&terms->text);
    *terms = (tael__terms){0};
}

static void add_category(tael__terms *terms, const char *key, size_t bytes)
{
    char name[64];
    if (bytes >= sizeof name || terms->range_count == COUNT(terms->ranges)) return;
    memcpy(name, key, bytes);
    name[bytes] = '\0';
    int32_t id = tael_category_find(name), *range = terms->ranges[terms->range_count];
    if (id == 0) return; /* tests hold that each key is one */
    tael_category_range(id, &range[0], &range[1]);
    terms->range_count++;
}

tael_status tael__terms_add(tael__terms *terms, const char *words, size_t bytes)
{
    size_t offsets[TAEL__MAX_TERMS], without[COUNT(terms->without)], kept = terms->count, left = terms->without_count;
    terms->text.max = 1 << 14;
    for (size_t i = 0; i < kept; i++) offsets[i] = (size_t)(terms->items[i] - terms->text.data);
    for (size_t i = 0; i < left; i++) without[i] = (size_t)(terms->without[i] - terms->text.data);
    for (size_t at = 0; at < bytes && kept < TAEL__MAX_TERMS;) {
        const char *bar = memchr(words + at, '|', bytes - at);
        size_t n = bar ? (size_t)(bar - words) - at : bytes - at, skip = words[at] == '-' && n > 1;
        if (words[at] == '~' || words[at] == '@') {
            if (words[at] == '~')
                terms->fallback = true;
            else
                add_category(terms, words + at + 1, n - 1);
            at += n + 1;
            continue;
        }
        if (!skip)
            offsets[kept++] = terms->text.size;
        else if (left < COUNT(without))
            without[left++] = terms->text.size;
        tael__buffer_append(&terms->text, words + at + skip, n - skip);
        TAEL_TRY(tael__buffer_append(&terms->text, "", 1));
        at += n + 1;
    }
    for (size_t i = 0; i < kept; i++) terms->items[i] = terms->text.data + offsets[i]; /* the buffer may have moved */
    for (size_t i = 0; i < left; i++) terms->without[i] = terms->text.data + without[i];
    terms->count = kept;
    terms->without_count = left;
    return TAEL_OK;
}

tael_status tael__terms_join(tael__terms *terms, const tael__terms *more)
{
    for (size_t i = 0; i < more->count; i++) TAEL_TRY(tael__terms_add(terms, more->items[i], strlen(more->items[i])));
    for (size_t i = 0; i < more->range_count && terms->range_count < COUNT(terms->ranges); i++)
        memcpy(terms->ranges[terms->range_count++], more->ranges[i], sizeof more->ranges[i]);
    /* Only when both are: a shop's name counts in rows of any category. */
    terms->fallback = terms->range_count && more->fallback && (terms->count == more->count || terms->fallback);
    return TAEL_OK;
}

tael_term_group tael__terms_group(const tael__terms *terms)
{
    return (tael_term_group){.items = terms->items,
                             .count = terms->count,
                             .ranges = terms->ranges,
                             .range_count = terms->range_count,
                             .uncategorized = terms->fallback};
}

enum { PAIR_BITS = 1 << 16 };

static uint32_t pair_hash(const char *text) /* of two Chinese characters */
{
    uint32_t hash = 2166136261u;
    for (int i = 0; i < 6; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return (hash ^ hash >> 16) & (PAIR_BITS - 1);
}

/* Does it begin with two characters of three bytes, as Chinese ones are? */
static bool is_pair(const char *text)
{
    return ((uint8_t)text[0] & 0xF0) == 0xE0 && text[1] && text[2] && ((uint8_t)text[3] & 0xF0) == 0xE0 && text[4] &&
           text[5];
}

static void note_pairs(tael__merchants *m, const char *name)
{
    for (; *name; name++) {
        if (!is_pair(name)) continue;
        uint32_t at = pair_hash(name);
        m->pairs[at / 8] |= (uint8_t)(1u << at % 8);
    }
}

static int keep_merchant(const tael_group_row *row, void *user)
{
    tael__merchants *m = user;
    if (m->count == m->capacity) {
        size_t capacity = m->capacity ? 2 * m->capacity : 256;
        char **names = tael__realloc(m->names, capacity * sizeof *names);
        if (!names) return 1;
        m->names = names;
        m->capacity = capacity;
    }
    char text[256];
    size_t n = clean(text, sizeof text, row->key);
    char *name = n ? tael__strdup(text) : NULL;
    if (!name) return n > 0;
    m->names[m->count++] = name;
    note_pairs(m, name);
    return m->count >= 20000; /* a lifetime of bills has a few thousand; likeness is linear in this */
}

tael_status tael__merchants_read(tael__merchants *m, tael_ledger *ledger)
{
    *m = (tael__merchants){.ledger = ledger, .pairs = tael__alloc_zero(PAIR_BITS / 8)};
    if (!m->pairs) return tael__fail_memory("merchants", PAIR_BITS / 8);
    tael_direction directions[] = {TAEL_EXPENSE, TAEL_INCOME};
    for (size_t i = 0; i < COUNT(directions); i++) {
        tael_query query = {.size = sizeof query,
                            .filter = {.size = sizeof query.filter, .direction = directions[i]},
                            .measure = TAEL_COUNT,
                            .group = TAEL_BY_MERCHANT,
                            .order = TAEL_ORDER_VALUE_DOWN};
        TAEL_TRY(tael_ledger_query(ledger, &query, keep_merchant, m));
    }
    return TAEL_OK;
}

void tael__merchants_free(tael__merchants *m)
{
    for (size_t i = 0; i < m->count; i++) tael__free(m->names[i]);
    tael__free(m->names);
    tael__free(m->pairs);
    *m = (tael__merchants){0};
}

/* ---- Names ---- */

/* Where `part` stands in `text` (both lower case); an English word only as a whole word. */
static const char *find_word(const char *text, const char *part, size_t n)
{
    for (const char *p = text; (p = memmem(p, strlen(p), part, n)); p++) {
        bool starts = !is_word_byte(part[0]) || p == text || !is_word_byte(p[-1]);
        bool ends = !is_word_byte(part[n - 1]) || !is_word_byte(p[n]);
        if (starts && ends) return p;
    }
    return NULL;
}

/* Calls for each "a" of "a|b|c" until one returns true. */
static bool any_of(const char *list, bool (*test)(const char *part, size_t n, void *user), void *user)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, "|");
        if (test(p, n, user)) return true;
        p += n + (p[n] == '|');
    }
    return false;
}

static bool equals(const char *part, size_t n, void *user)
{
    const char *word = user;
    return strlen(word) == n && memcmp(word, part, n) == 0;
}

static bool stands_in(const char *part, size_t n, void *user)
{
    return find_word(user, part, n) != NULL;
}

typedef struct longest {
    const char *in;
    size_t best;
} longest;

static bool measure_longest(const char *part, size_t n, void *user)
{
    longest *l = user;
    if (n > l->best && find_word(l->in, part, n)) l->best = n;
    return false;
}

static const alias *alias_exact(const char *word)
{
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (any_of(aliases[i].said, equals, (void *)(uintptr_t)word)) return &aliases[i];
    return NULL;
}

static size_t alternatives(const char *list)
{
    size_t count = *list != '\0';
    for (; *list; list++) count += *list == '|';
    return count;
}

/* The row with a name inside `text` (at least `least` bytes of it); of several the narrowest: "Amap taxis" are Amap's.
 */
static const alias *alias_inside(const char *text, size_t least, size_t *bytes)
{
    const alias *best = NULL;
    for (size_t i = 0; i < COUNT(aliases); i++) {
        longest l = {text, least - 1};
        any_of(aliases[i].said, measure_longest, &l);
        if (l.best < least || (best && alternatives(aliases[i].written) >= alternatives(best->written))) continue;
        best = &aliases[i];
        *bytes = l.best;
    }
    return best;
}

/* Takes noise words off both ends again and again; what is left may be empty. */
static void strip_noise(char *word)
{
    for (bool changed = true; changed && *word;) {
        changed = false;
        size_t n = strlen(word);
        for (size_t i = 0; i < COUNT(noise) && !changed; i++) {
            size_t m = strlen(noise[i]);
            if (m > n) continue;
            bool english = is_word_byte(noise[i][0]);
            if (memcmp(word, noise[i], m) == 0 && (!english || !is_word_byte(word[m]))) {
                memmove(word, word + m, n - m + 1);
                changed = true;
            } else if (memcmp(word + n - m, noise[i], m) == 0 &&
                       (!english || n == m || !is_word_byte(word[n - m - 1]))) {
                word[n - m] = '\0';
                changed = true;
            }
        }
        if (*word == ' ') memmove(word, word + 1, strlen(word)), changed = true;
        for (n = strlen(word); n > 0 && word[n - 1] == ' '; n--) word[n - 1] = '\0', changed = true;
    }
}

/* ---- Likeness ---- */

static size_t code_points(uint32_t *out, size_t cap, const char *text)
{
    size_t count = 0, bytes = strlen(text);
    for (size_t at = 0; at < bytes && count < cap; count++) {
        at += tael__utf8_decode(text + at, bytes - at, &out[count], NULL);
        if (out[count] < 128) out[count] = (uint32_t)lower((char)out[count]);
    }
    return count;
}

/* Short forms keep the order of the name's characters: 超猩 in 超级猩猩. The first must be the name's first. */
static bool is_short_form(const uint32_t *word, size_t n, const uint32_t *name, size_t m)
{
    if (n < 2 || m > 3 * n || word[0] != name[0]) return false;
    size_t i = 0;
    for (size_t k = 0; k < m && i < n; k++) i += name[k] == word[i];
    return i == n;
}

/* One character differs, is missing or is too many (Damerau would add swaps; typing Chinese makes none). */
static bool is_typo(const uint32_t *word, size_t n, const uint32_t *name, size_t m)
{
    bool latin = word[0] < 128; /* short English words have too many neighbours: cart and cat, iphone and phone */
    if (n < (latin ? 5u : 3u) || m + 1 < n || n + 1 < m || (latin && word[0] != name[0])) return false;
    size_t head = 0, tail = 0;
    while (head < n && head < m && word[head] == name[head]) head++;
    while (tail < n - head && tail < m - head && word[n - 1 - tail] == name[m - 1 - tail]) tail++;
    size_t longer = n > m ? n : m;
    return head + tail + 1 >= longer;
}

static bool is_like(const uint32_t *word, size_t n, const char *text)
{
    uint32_t name[64];
    size_t m = code_points(name, COUNT(name), text);
    if (m == 0) return false;
    if (word[0] >= 128 && is_short_form(word, n, name, m)) return true;
    if (is_typo(word, n, name, m < n + 1 ? m : m)) return true;
    return m > n && is_typo(word, n, name, n); /* the name's beginning: 星巴客 for 星巴克咖啡 */
}

typedef struct likeness {
    const uint32_t *word;
    size_t n;
} likeness;

static bool like_part(const char *part, size_t n, void *user)
{
    const likeness *l = user;
    char text[256];
    if (n >= sizeof text) return false;
    memcpy(text, part, n);
    text[n] = '\0';
    return is_like(l->word, l->n, text);
}

static tael_status by_likeness(tael__terms *terms, const char *word, const tael__merchants *m)
{
    uint32_t codes[64];
    size_t n = code_points(codes, COUNT(codes), word);
    likeness like = {codes, n};
    for (size_t i = 0; i < COUNT(aliases) && terms->count == 0; i++)
        if (n >= 3 && any_of(aliases[i].said, like_part, &like))
            TAEL_TRY(tael__terms_add(terms, aliases[i].written, strlen(aliases[i].written)));
    if (terms->count > 0) return TAEL_OK;
    for (size_t i = 0; i < m->count && terms->count < 4; i++)
        if (is_like(codes, n, m->names[i])) TAEL_TRY(tael__terms_add(terms, m->names[i], strcspn(m->names[i], "|")));
    return TAEL_OK;
}

/* ---- Together ---- */

static int stop_at_first(const tael_record *record, void *user)
{
    (void)record;
    (void)user;
    return 1;
}

static tael_status ledger_holds(bool *holds, const char *word, const tael__merchants *m)
{
    const char *terms[1] = {word};
    tael_filter filter = {.size = sizeof filter, .any_terms = terms, .any_count = 1};
    uint64_t total = 0;
    TAEL_TRY(tael_ledger_records(m->ledger, &filter, 1, stop_at_first, NULL, &total));
    *holds = total > 0;
    return TAEL_OK;
}

/* Chinese verbs part around a count: 打一次车, 看了个病. Takes such counts out. */
static void close_verbs(char *text)
{
    static const char *const counts[] = {"一次", "一趟", "一顿", "一回", "几次", "几趟", "几回", "了", "个", "过"};
    for (size_t i = 0; i < COUNT(counts); i++)
        for (char *p; (p = strstr(text, counts[i]));)
            memmove(p, p + strlen(counts[i]), strlen(p + strlen(counts[i])) + 1);
}

/* A verb parted from its object: 打一次车, 加了几次油, 理个发 for 打车, 加油, 理发. How long it is, 0: it isn't there.
 */
static size_t parted(const char *text, size_t room, const char *name, size_t n)
{
    static const char *const between[] = {"一", "几", "两", "多少", "次", "回", "趟", "顿",
                                          "个", "场", "箱", "部",   "了", "过", "咗", "把"};
    if (n != 6 || room < 9 || !is_pair(name) || memcmp(text, name, 3) != 0) return 0;
    size_t at = 3;
    for (size_t i = 0; i < COUNT(between); i++) {
        size_t m = strlen(between[i]);
        if (at + m + 3 > room || at > 12 || memcmp(text + at, between[i], m) != 0) continue;
        at += m;
        i = (size_t)-1; /* and again from the first */
    }
    return at > 3 && at + 3 <= room && memcmp(text + at, name + 3, 3) == 0 ? at + 3 : 0;
}

tael_status tael__resolve(tael__terms *terms, tael__known *known, const char *word, const char *question,
                          const tael__merchants *m)
{
    char full[256], bare[256], asked[2048];
    *known = TAEL__NOISE;
    size_t n = clean(full, sizeof full, word);
    clean(asked, sizeof asked, question);
    memcpy(bare, full, n + 1);
    strip_noise(bare);
    if (!*bare) return TAEL_OK;
    const char *candidates[2] = {full, bare};
    const alias *row = alias_exact(full);
    if (!row) row = alias_exact(bare);
    for (size_t i = 0; i < COUNT(aliases) && !row; i++)
        if (parted(full, n, aliases[i].said, strcspn(aliases[i].said, "|")) == n) row = &aliases[i];
    bool stands = strstr(asked, full) || (row && any_of(row->said, stands_in, asked));
    if (!stands && (close_verbs(asked), !strstr(asked, full))) return TAEL_OK; /* made up */
    *known = TAEL__KNOWN;
    if (row) return tael__terms_add(terms, row->written, strlen(row->written));
    if (tael_category_find(bare) && strcmp(bare, "收入") != 0) return add_category(terms, bare, strlen(bare)), TAEL_OK;
    for (size_t i = 0; i < 2; i++) {
        bool holds;
        TAEL_TRY(ledger_holds(&holds, candidates[i], m));
        for (size_t k = 0; holds && k < m->count && !terms->of_shop; k++)
            terms->of_shop = strstr(m->names[k], candidates[i]) != NULL;
        terms->of_ledger = holds;
        if (holds) return tael__terms_add(terms, candidates[i], strlen(candidates[i]));
    }
    size_t bytes = 0;
    row = alias_inside(bare, 2, &bytes);
    if (row && 3 * bytes >= strlen(bare)) return tael__terms_add(terms, row->written, strlen(row->written));
    TAEL_TRY(by_likeness(terms, bare, m));
    if (terms->count > 0) return TAEL_OK;
    uint32_t one[2];
    *known =
        code_points(one, 2, bare) > 1 ? TAEL__UNKNOWN : TAEL__NOISE; /* one character names nothing by itself: 玩 */
    return tael__terms_add(terms, bare, strlen(bare));
}

static const struct {
    const char *said, *source, *method;
} ways[] = {
    {"支付宝|alipay", "alipay", NULL},
    {"微信|微信支付|wechat|wechat pay|weixin", "wechat", NULL},
    {"信用卡|credit card", NULL, "信用卡"},
    {"花呗|huabei", NULL, "花呗"},
    {"余额宝|yu'e bao|yuebao", NULL, "余额宝"},
    {"零钱通", NULL, "零钱通"},
    {"零钱|wechat balance", NULL, "零钱"},
    {"白条|京东白条", NULL, "白条"},
    {"月付|美团月付", NULL, "月付"},
    {"招行|招商银行|cmb|china merchants bank|merchants bank", NULL, "招商银行"},
    {"工行|工商银行|icbc|industrial and commercial bank", NULL, "工商银行"},
    {"建行|建设银行|ccb|construction bank|china construction bank", NULL, "建设银行"},
    {"农行|农业银行|abc|agricultural bank", NULL, "农业银行"},
    {"中行|中国银行|boc|bank of china", NULL, "中国银行"},
    {"交行|交通银行|bocom|bank of communications", NULL, "交通银行"},
    {"邮储|邮储银行|邮政储蓄|psbc|postal savings bank", NULL, "邮储"},
    {"浦发银行|spdb", NULL, "浦发"},
    {"中信银行|citic", NULL, "中信"},
    {"民生银行", NULL, "民生"},
    {"光大银行", NULL, "光大"},
    {"平安银行", NULL, "平安"},
    {"兴业银行", NULL, "兴业"},
    {"广发银行", NULL, "广发"},
    /* Names that other things have too: a way of paying only with a card behind them. */
    {"*|招商", NULL, "招商银行"},
    {"*|工商", NULL, "工商银行"},
    {"*|建设", NULL, "建设银行"},
    {"*|农业", NULL, "农业银行"},
    {"*|邮政", NULL, "邮储"},
    {"*|浦发", NULL, "浦发"},
    {"*|中信", NULL, "中信"},
    {"*|民生", NULL, "民生"},
    {"*|光大", NULL, "光大"},
    {"*|平安", NULL, "平安"},
    {"*|兴业", NULL, "兴业"},
    {"*|广发", NULL, "广发"},
};

/* What may follow the name of a way of paying. */
static const char way_ends[] = "信用卡|储蓄卡|借记卡|卡|支付|账户|credit card|debit card|card|pay|account";

bool tael__resolve_method(const char *word, const char **source, const char **method)
{
    char text[256];
    size_t most = 0;
    clean(text, sizeof text, word);
    *source = *method = NULL;
    for (size_t i = 0; i < COUNT(ways); i++) {
        longest l = {text, most};
        any_of(ways[i].said, measure_longest, &l);
        if (l.best > most) {
            most = l.best;
            *source = ways[i].source;
            *method = ways[i].method;
        }
    }
    static const char *const besides[] = {"",     "信用卡", "储蓄卡",      "借记卡",     "卡",
                                          "支付", "card",   "credit card", "debit card", "pay"};
    for (size_t i = 0; most && i < COUNT(besides); i++) {
        size_t more = strlen(besides[i]), space = more && is_word_byte(besides[i][0]) ? 1 : 0;
        if (strlen(text) == most + more + space && strcmp(text + strlen(text) - more, besides[i]) == 0) return true;
    }
    return false;
}

/* ---- What a text begins with ---- */

static bool begins(const char *text, size_t room, char before, const char *name, size_t n)
{
    if (n == 0 || n > room || memcmp(text, name, n) != 0) return false;
    if (is_word_byte(name[0]) && is_word_byte(before)) return false;
    return !is_word_byte(name[n - 1]) || n == room || !is_word_byte(text[n]);
}

static size_t longest_begin(const char *list, const char *text, size_t room, char before)
{
    size_t best = 0;
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, "|");
        if (n > best && begins(text, room, before, p, n)) best = n;
        p += n + (p[n] == '|');
    }
    return best;
}

size_t tael__alias_begins(const char *text, size_t room, char before)
{
    size_t best = 0;
    for (size_t i = 0; i < COUNT(aliases); i++) {
        size_t n = longest_begin(aliases[i].said, text, room, before), first = strcspn(aliases[i].said, "|");
        if (n == 0) n = parted(text, room, aliases[i].said, first);
        if (n > best) best = n;
    }
    size_t categories;
    const tael_category *tree = tael_categories(&categories);
    for (size_t i = 0; i < categories; i++) {
        static const char general[] = "收入|退款|其他|转账|金融|信用卡还款|贷款还款";
        size_t n = strlen(tree[i].chinese);
        if (tael__holds(general, tree[i].chinese)) continue; /* what is asked for, or nothing special */
        if (n > best && begins(text, room, before, tree[i].chinese, n)) best = n;
    }
    return best;
}

size_t tael__way_begins(const char *text, size_t room, char before)
{
    size_t best = 0;
    const char *found = "";
    for (size_t i = 0; i < COUNT(ways); i++) {
        size_t n = longest_begin(ways[i].said, text, room, before);
        if (n > best) best = n, found = ways[i].said;
    }
    if (best == 0) return 0;
    size_t space = best < room && text[best] == ' ',
           more = longest_begin(way_ends, text + best + space, room - best - space, ' ');
    if (more) return best + space + more;
    if (longest_begin("红包|转账|群|夜|保险|路", text + best, room - best, ' '))
        return 0; /* WeChat's red packets, 平安夜 */
    /* 建设 alone is a word, 建行 is a bank: the table has the short word first where it needs a card behind it. */
    return *found == '*' ? 0 : best;
}

size_t tael__merchant_begins(const char *text, size_t room, char before, const tael__merchants *m, bool *part)
{
    size_t best = 0, piece = 0, sharing = 0;
    *part = false;
    bool pair = room >= 6 && is_pair(text) && m->pairs[pair_hash(text) / 8] >> pair_hash(text) % 8 & 1;
    for (size_t i = 0; i < m->count; i++) {
        const char *name = m->names[i];
        size_t n = strlen(name);
        if (n > best && n >= (is_word_byte(name[0]) ? 3 : 6) && begins(text, room, before, name, n)) best = n;
        size_t here = 0;
        for (const char *p = pair ? name : "";
             (p = strstr(p, (char[7]){text[0], text[1], text[2], text[3], text[4], text[5]})); p++) {
            size_t same = 6;
            while (same < room && p[same] && p[same] == text[same]) same++;
            same = tael__utf8_cut(text, same);
            if (same > here) here = same;
        }
        if (here > piece)
            piece = here, sharing = 1;
        else if (here && here == piece)
            sharing++;
    }
    if (best >= piece) return best;
    *part = true;
    return sharing <= 3 || sharing * 50 <= m->count ? piece : best;
}

bool tael__merchant_starts(const char *text, size_t bytes, const tael__merchants *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (strncmp(m->names[i], text, bytes) == 0) return true;
    return false;
}
