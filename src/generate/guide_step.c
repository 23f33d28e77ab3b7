// SPDX-License-Identifier: Apache-2.0
// The guide's machine: one more byte for a set of threads. A thread never stands where no text could complete it, so
// whoever only chooses bytes that leave a thread can't get stuck: bounds are checked on the way in (a number's digits
// against all numbers that begin so, a container's nesting against what its required parts need).
#include "generate/guide_internal.h"

#include <string.h>

enum { START, INSIDE, ESCAPE, HEX, PAIR_SLASH, PAIR_U, PAIR_HEX };   /* STRING */
enum { WHOLE = 1, DECIMALS };                                        /* BOUNDED */
enum { MINUS = 1, ZERO, INT, POINT, FRACTION, E, E_SIGN, EXPONENT }; /* NUMBER */
enum { EMPTY = 1, KEY, VALUE, AFTER };                               /* ARRAY, OBJECT */

#define NUMBER_DIGITS   18  /* so that a whole one fits int64 */
#define NUMBER_DECIMALS 21  /* what %.17g writes at most */
#define NUMBER_EXPONENT 290 /* with 18 digits before the point this stays below the largest double */

tael_status tael__machine_open(tael__machine *m, const tael__plan *plan)
{
    *m = (tael__machine){.plan = plan, .record_count = 1};
    m->records = tael__alloc_array(TAEL__GUIDE_RECORDS, sizeof *m->records);
    m->moved = tael__alloc_array(TAEL__GUIDE_RECORDS, sizeof *m->moved);
    if (m->records && m->moved) return TAEL_OK;
    tael__machine_close(m);
    return tael__fail_memory(TAEL_SAY("guided output", "引导输出"), TAEL__GUIDE_RECORDS * sizeof *m->records);
}

void tael__machine_close(tael__machine *m)
{
    tael__free(m->records);
    tael__free(m->moved);
    m->records = NULL;
    m->moved = NULL;
}

static void add(tael__threads *out, const tael__thread *t)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (memcmp(&out->at[i], t, sizeof *t) == 0) return;
    if (out->count < TAEL__GUIDE_THREADS) out->at[out->count++] = *t;
}

/* A thread for each way to begin a value of `node`, as far as nesting allows. */
static void add_value(const tael__machine *m, tael__threads *out, uint32_t node, uint32_t parent, uint32_t depth)
{
    const tael__node *n = TAEL__PLAN_NODE(m->plan, node);
    uint32_t count = n->shape == TAEL__SHAPE_ANY_OF ? n->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t one = n->shape == TAEL__SHAPE_ANY_OF ? *TAEL__PLAN_OTHER(m->plan, n->first + i) : node;
        const tael__node *value = TAEL__PLAN_NODE(m->plan, one);
        if (depth + value->height > TAEL__MAX_JSON_DEPTH) continue;
        tael__thread t = {.node = one, .parent = parent, .depth = depth};
        if (value->shape == TAEL__SHAPE_LITERALS) t.a = value->first;
        add(out, &t);
    }
}

static bool fits(const tael__machine *m, uint32_t node, uint32_t depth)
{
    return depth + TAEL__PLAN_NODE(m->plan, node)->height <= TAEL__MAX_JSON_DEPTH;
}

/* Keep `t` as a container that values stand in; 0 when there is no room. */
static uint32_t keep(tael__machine *m, const tael__thread *t)
{
    if (m->record_count >= TAEL__GUIDE_RECORDS) return 0;
    m->records[m->record_count] = *t;
    return m->record_count++;
}

static void push(tael__machine *m, tael__threads *out, tael__thread *container, uint32_t value)
{
    container->phase = VALUE;
    uint32_t record = keep(m, container);
    if (record) add_value(m, out, value, record, container->depth + 1);
}

/* The container that goes on after `t`'s value, or the end of all. */
static tael__thread after(const tael__machine *m, const tael__thread *t)
{
    if (t->parent == 0) return (tael__thread){.node = TAEL__THREAD_ENDED};
    tael__thread up = m->records[t->parent];
    up.phase = AFTER;
    return up;
}

static void finish(const tael__machine *m, tael__threads *out, const tael__thread *t)
{
    tael__thread up = after(m, t);
    add(out, &up);
}

/* ---- Literals: a = the first text that begins with what was read, b = bytes read. ---- */

static const char *text_bytes(const tael__plan *p, tael__text text)
{
    return p->bytes.data + text.offset;
}

static bool literal_complete(const tael__plan *p, const tael__thread *t)
{
    return t->b > 0 && TAEL__PLAN_TEXT(p, t->a)->bytes == t->b;
}

/* Does text `i` begin with the first `n` bytes of text `a`? */
static bool same_start(const tael__plan *p, uint32_t i, uint32_t a, uint32_t n)
{
    tael__text x = *TAEL__PLAN_TEXT(p, i), y = *TAEL__PLAN_TEXT(p, a);
    return x.bytes >= n && memcmp(text_bytes(p, x), text_bytes(p, y), n) == 0;
}

static void step_literals(const tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    const tael__plan *p = m->plan;
    uint32_t low = t.a, high = n->first + n->count, end = high;
    while (low < high) { /* the first text whose start is what was read and a byte not below `byte`, or beyond those */
        uint32_t middle = low + (high - low) / 2;
        tael__text text = *TAEL__PLAN_TEXT(p, middle);
        bool below = same_start(p, middle, t.a, t.b) && (text.bytes == t.b || (uint8_t)text_bytes(p, text)[t.b] < byte);
        if (below)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == end || !same_start(p, low, t.a, t.b)) return;
    tael__text text = *TAEL__PLAN_TEXT(p, low);
    if (text.bytes == t.b || (uint8_t)text_bytes(p, text)[t.b] != byte) return;
    t.a = low;
    t.b++;
    if (text.bytes == t.b && (low + 1 == end || !same_start(p, low + 1, low, t.b)))
        finish(m, out, &t);
    else
        add(out, &t);
}

/* ---- Strings: a = characters begun, b and value = the \u escape so far. ---- */

void tael__string_inside(tael__thread *t)
{
    *t = (tael__thread){.node = t->node, .phase = INSIDE, .parent = t->parent, .depth = t->depth};
}

bool tael__string_clean(const tael__thread *t)
{
    return t->phase == INSIDE && t->need == 0;
}

static void expect(tael__thread *t, uint8_t need, uint8_t low, uint8_t high)
{
    t->need = need;
    t->low = low;
    t->high = high;
}

/* The first byte of a character (RFC 3629's table, so that no invalid sequence can be begun). */
static bool lead_byte(tael__thread *t, uint8_t byte)
{
    if (byte < 0x20) return false;
    if (byte >= 0x80) {
        if (byte < 0xC2 || byte > 0xF4) return false;
        uint8_t need = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        expect(t, need,
               byte == 0xE0   ? 0xA0
               : byte == 0xF0 ? 0x90
                              : 0x80,
               byte == 0xED   ? 0x9F
               : byte == 0xF4 ? 0x8F
                              : 0xBF);
    }
    t->a++;
    return true;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* A digit of \uXXXX: no NUL, no lone surrogate. */
static bool hex_byte(tael__thread *t, uint8_t byte)
{
    int digit = hex_digit(byte);
    if (digit < 0) return false;
    t->value = t->value << 4 | (unsigned)digit;
    t->b++;
    bool low_half = t->b >= 2 && t->value >> (4 * (t->b - 2)) >= 0xDC && t->value >> (4 * (t->b - 2)) <= 0xDF;
    if (t->phase == HEX && low_half) return false;
    if (t->phase == PAIR_HEX && ((t->b == 1 && digit != 0xD) || (t->b >= 2 && !low_half))) return false;
    if (t->b < 4) return true;
    if (t->value == 0) return false;
    if (t->phase == HEX && t->value >= 0xD800 && t->value <= 0xDBFF) {
        t->phase = PAIR_SLASH;
    } else {
        t->phase = INSIDE;
        t->a++;
    }
    t->b = 0;
    t->value = 0;
    return true;
}

tael__string_step tael__string_step_byte(tael__thread *t, uint8_t byte, int64_t least, int64_t most)
{
    bool good = false;
    switch (t->phase) {
    case INSIDE:
        if (t->need > 0) {
            good = byte >= t->low && byte <= t->high;
            t->need--;
            t->low = t->need ? 0x80 : 0;
            t->high = t->need ? 0xBF : 0;
        } else if (byte == '"') {
            return t->a >= least ? TAEL__STRING_CLOSED : TAEL__STRING_NO;
        } else if (t->a < most) {
            good = byte == '\\' || lead_byte(t, byte);
            if (byte == '\\') t->phase = ESCAPE;
        }
        break;
    case ESCAPE:
        if (byte == 'u') {
            t->phase = HEX;
            good = true;
        } else if (byte != 0 && strchr("\"\\/bfnrt", byte)) {
            t->phase = INSIDE;
            t->a++;
            good = true;
        }
        break;
    case PAIR_SLASH:
        good = byte == '\\';
        t->phase = PAIR_U;
        break;
    case PAIR_U:
        good = byte == 'u';
        t->phase = PAIR_HEX;
        break;
    default: good = hex_byte(t, byte);
    }
    return good ? TAEL__STRING_ON : TAEL__STRING_NO;
}

static void step_string(const tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    if (t.phase == START) {
        if (byte != '"') return;
        t.phase = INSIDE;
        add(out, &t);
        return;
    }
    switch (tael__string_step_byte(&t, byte, n->least, n->most)) {
    case TAEL__STRING_ON: add(out, &t); break;
    case TAEL__STRING_CLOSED: finish(m, out, &t); break;
    case TAEL__STRING_NO: break;
    }
}

/* ---- Numbers with bounds: value = all digits, low = minus sign, b = digits before the point, a = after it. ---- */

static uint64_t power10(uint32_t n)
{
    uint64_t p = 1;
    while (n-- > 0) p *= 10;
    return p;
}

/* Do the magnitudes first..last hold one that the bounds allow under this sign? Minus zero is no number here. */
static bool within(const tael__node *n, bool minus, uint64_t first, uint64_t last)
{
    int64_t least = minus ? -n->most : n->least, most = minus ? -n->least : n->most, from = minus ? 1 : 0;
    if (least < from) least = from;
    return most >= least && first <= (uint64_t)most && last >= (uint64_t)least;
}

static bool bounded_complete(const tael__node *n, const tael__thread *t)
{
    if (t->b == 0 || (t->phase == DECIMALS && t->a == 0)) return false;
    uint64_t value = t->value * power10(n->decimals - t->a);
    return within(n, t->low, value, value);
}

/* Can digits (and a point) still make this a number within the bounds? */
static bool bounded_possible(const tael__node *n, const tael__thread *t)
{
    uint64_t scale = power10(n->decimals);
    uint32_t most_digits = 18u - n->decimals;
    if (t->phase == DECIMALS) {
        if (t->a > n->decimals) return false;
        uint64_t rest = power10(n->decimals - t->a);
        return within(n, t->low, t->value * rest, t->value * rest + rest - 1);
    }
    if (t->b > most_digits) return false;
    if (t->b == 0) return within(n, t->low, 0, TAEL__GUIDE_BOUND);
    if (t->value == 0) return t->b == 1 && within(n, t->low, 0, scale - 1);
    for (uint32_t more = 0; more <= most_digits - t->b; more++) {
        uint64_t tail = power10(more), first = t->value * tail;
        if (within(n, t->low, first * scale, (first + tail) * scale - 1)) return true;
    }
    return false;
}

static void step_bounded(const tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    (void)m;
    if (t.phase == START) {
        t.phase = WHOLE;
        if (byte == '-') {
            t.low = 1;
            if (bounded_possible(n, &t)) add(out, &t);
            return;
        }
    }
    if (byte == '.') {
        if (t.phase != WHOLE || t.b == 0 || n->decimals == 0) return;
        t.phase = DECIMALS;
    } else if (byte >= '0' && byte <= '9') {
        if (t.phase == WHOLE) {
            if (t.b > 0 && t.value == 0) return; /* no leading zeros */
            t.b++;
            if (t.b > 18u - n->decimals) return;
        } else {
            t.a++;
            if (t.a > n->decimals) return;
        }
        t.value = t.value * 10 + (uint64_t)(byte - '0');
    } else {
        return;
    }
    if (bounded_possible(n, &t)) add(out, &t);
}

/* ---- Numbers without bounds: b = digits of the part, value = the exponent. ---- */

static bool number_complete(const tael__thread *t)
{
    return t->phase == ZERO || t->phase == INT || t->phase == FRACTION || t->phase == EXPONENT;
}

static bool number_digit(tael__thread *t, uint8_t digit)
{
    switch (t->phase) {
    case START:
    case MINUS: t->phase = digit ? INT : ZERO; break;
    case INT:
        if (t->b >= NUMBER_DIGITS) return false;
        break;
    case POINT: t->phase = FRACTION; break;
    case FRACTION:
        if (t->b >= NUMBER_DECIMALS) return false;
        break;
    case E:
    case E_SIGN: t->phase = EXPONENT; /* fall through */
    case EXPONENT:
        t->value = t->value * 10 + digit;
        if (t->b >= 3 || t->value > NUMBER_EXPONENT) return false;
        break;
    default: return false;
    }
    t->b++;
    return true;
}

static void step_number(tael__thread t, uint8_t byte, tael__threads *out)
{
    uint8_t from = t.phase;
    bool good = false;
    if (byte >= '0' && byte <= '9') {
        good = number_digit(&t, (uint8_t)(byte - '0'));
    } else if (byte == '-' && from == START) {
        t.phase = MINUS;
        good = true;
    } else if (byte == '.' && (from == ZERO || from == INT)) {
        t.phase = POINT;
        good = true;
    } else if ((byte == 'e' || byte == 'E') && (from == ZERO || from == INT || from == FRACTION)) {
        t.phase = E;
        good = true;
    } else if ((byte == '+' || byte == '-') && from == E) {
        t.phase = E_SIGN;
        good = true;
    }
    if (t.phase != from && t.phase != EXPONENT) t.b = t.phase == INT || t.phase == FRACTION ? 1 : 0;
    if (t.phase == EXPONENT && from != EXPONENT) t.b = 1;
    if (good) add(out, &t);
}

/* ---- Containers: a = items or the property; b = bytes of the key. ---- */

static void step_array(tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    switch (t.phase) {
    case START:
        if (byte != '[') return;
        t.phase = EMPTY;
        if (n->least == 0) add(out, &t);
        if (n->most > 0 && fits(m, n->items, t.depth + 1)) push(m, out, &t, n->items);
        return;
    case EMPTY:
        if (byte == ']') finish(m, out, &t);
        return;
    default:
        if (byte == ']' && t.a + 1 >= n->least) {
            finish(m, out, &t);
        } else if (byte == ',' && t.a + 1 < n->most) {
            t.a++;
            push(m, out, &t, n->items);
        }
    }
}

/* The first property from `from` to its `until` whose value may still be nested here; UINT32_MAX when there is none. */
static uint32_t first_property(const tael__machine *m, const tael__node *n, uint32_t from, uint32_t depth)
{
    if (from >= n->count) return UINT32_MAX;
    uint32_t until = TAEL__PLAN_PROPERTY(m->plan, n->first + from)->until;
    for (uint32_t i = from; i <= until; i++)
        if (fits(m, TAEL__PLAN_PROPERTY(m->plan, n->first + i)->value, depth + 1)) return i;
    return UINT32_MAX;
}

static void add_key(const tael__machine *m, const tael__node *n, tael__thread t, uint32_t from, tael__threads *out)
{
    t.a = first_property(m, n, from, t.depth);
    t.b = 0;
    t.phase = KEY;
    if (t.a != UINT32_MAX) add(out, &t);
}

static void step_key(tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    const tael__plan *p = m->plan;
    const tael__property *now = TAEL__PLAN_PROPERTY(p, n->first + t.a);
    const char *read = text_bytes(p, now->key);
    for (uint32_t i = t.a; i <= now->until; i++) {
        const tael__property *other = TAEL__PLAN_PROPERTY(p, n->first + i);
        const char *key = text_bytes(p, other->key);
        if (other->key.bytes <= t.b || (uint8_t)key[t.b] != byte || memcmp(key, read, t.b) != 0) continue;
        if (!fits(m, other->value, t.depth + 1)) continue;
        t.a = i;
        t.b++;
        if (t.b == other->key.bytes) {
            t.b = 0;
            push(m, out, &t, other->value);
        } else {
            add(out, &t);
        }
        return;
    }
}

static void step_object(tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    switch (t.phase) {
    case START:
        if (byte != '{') return;
        t.phase = EMPTY;
        if (n->items == 0) add(out, &t);
        add_key(m, n, t, 0, out);
        return;
    case EMPTY:
        if (byte == '}') finish(m, out, &t);
        return;
    case KEY: step_key(m, n, t, byte, out); return;
    default:
        if (byte == '}' && t.a + 1 >= n->items)
            finish(m, out, &t);
        else if (byte == ',')
            add_key(m, n, t, t.a + 1, out);
    }
}

/* Any names: a = entries before this one, b = 1 once its name was read. */
static void step_map(tael__machine *m, const tael__node *n, tael__thread t, uint8_t byte, tael__threads *out)
{
    switch (t.phase) {
    case START:
        if (byte != '{') return;
        t.phase = EMPTY;
        add(out, &t);
        if (fits(m, n->items, t.depth + 1)) push(m, out, &t, n->first);
        return;
    case EMPTY:
        if (byte == '}') finish(m, out, &t);
        return;
    default:
        if (t.b == 0) {
            t.b = 1;
            if (byte == ':') push(m, out, &t, n->items);
        } else if (byte == '}') {
            finish(m, out, &t);
        } else if (byte == ',' && t.a + 1 < TAEL__GUIDE_ITEMS_MOST) {
            t.a++;
            t.b = 0;
            push(m, out, &t, n->first);
        }
    }
}

/* ---- All shapes ---- */

/* May `t`'s value end here although more could follow? Only numbers, and literals that begin others. */
static bool complete(const tael__machine *m, const tael__thread *t)
{
    const tael__node *n = TAEL__PLAN_NODE(m->plan, t->node);
    switch (n->shape) {
    case TAEL__SHAPE_LITERALS: return literal_complete(m->plan, t);
    case TAEL__SHAPE_BOUNDED: return bounded_complete(n, t);
    case TAEL__SHAPE_NUMBER: return number_complete(t);
    default: return false;
    }
}

static void step_one(tael__machine *m, const tael__thread *t, uint8_t byte, tael__threads *out)
{
    if (t->node == TAEL__THREAD_ENDED) return;
    const tael__node *n = TAEL__PLAN_NODE(m->plan, t->node);
    switch (n->shape) {
    case TAEL__SHAPE_LITERALS: step_literals(m, n, *t, byte, out); break;
    case TAEL__SHAPE_STRING: step_string(m, n, *t, byte, out); break;
    case TAEL__SHAPE_BOUNDED: step_bounded(m, n, *t, byte, out); break;
    case TAEL__SHAPE_NUMBER: step_number(*t, byte, out); break;
    case TAEL__SHAPE_ARRAY: step_array(m, n, *t, byte, out); break;
    case TAEL__SHAPE_MAP: step_map(m, n, *t, byte, out); break;
    default: step_object(m, n, *t, byte, out);
    }
    if (!complete(m, t)) return;
    tael__thread up = after(m, t); /* a container: it never ends without its own byte, so this goes one deep */
    if (up.node != TAEL__THREAD_ENDED) step_one(m, &up, byte, out);
}

void tael__machine_start(tael__machine *m, tael__threads *out)
{
    m->record_count = 1;
    out->count = 0;
    add_value(m, out, m->plan->root, 0, 0);
}

void tael__machine_step(tael__machine *m, const tael__thread *from, uint32_t count, uint8_t byte, tael__threads *out)
{
    out->count = 0;
    for (uint32_t i = 0; i < count; i++) step_one(m, &from[i], byte, out);
}

bool tael__machine_may_end(const tael__machine *m, const tael__thread *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (at[i].node == TAEL__THREAD_ENDED || (at[i].parent == 0 && complete(m, &at[i]))) return true;
    return false;
}

bool tael__thread_in_string(const tael__machine *m, const tael__thread *t, uint32_t *left)
{
    if (t->node == TAEL__THREAD_ENDED) return false;
    const tael__node *n = TAEL__PLAN_NODE(m->plan, t->node);
    if (n->shape != TAEL__SHAPE_STRING || !tael__string_clean(t)) return false;
    *left = (uint32_t)(n->most - t->a);
    return true;
}

void tael__machine_pack(tael__machine *m, tael__threads *live)
{
    if (m->record_count < TAEL__GUIDE_RECORDS / 4) return;
    memset(m->moved, 0, m->record_count * sizeof *m->moved);
    for (uint32_t i = 0; i < live->count; i++)
        for (uint32_t r = live->at[i].parent; r && !m->moved[r]; r = m->records[r].parent) m->moved[r] = 1;
    uint32_t kept = 1;
    for (uint32_t r = 1; r < m->record_count; r++) { /* a parent is always older than what stands in it */
        if (!m->moved[r]) continue;
        m->records[kept] = m->records[r];
        m->records[kept].parent = m->moved[m->records[r].parent];
        m->moved[r] = kept++;
    }
    for (uint32_t i = 0; i < live->count; i++) live->at[i].parent = m->moved[live->at[i].parent];
    m->record_count = kept;
}
