// SPDX-License-Identifier: Apache-2.0
// What a person says about payments, as records to be confirmed. By rules alone: clause by clause each finder takes
// what it understands, what is left names the thing, and the ledger fills in what is usual. Two amounts in one clause
// are two payments only when each has words of its own; else both readings are given back, and nobody guesses.
#include "assistant/add.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

typedef struct piece {
    tael__clause clause;
    tael__said_time time;
    tael__said_amount amount;
    char method[128];
    bool has_amount;
    char text[TAEL__MAX_SAID_BYTES]; /* as it was said */
} piece;

typedef struct job {
    tael_ledger *ledger;
    tael_drafts *out;
    tael__merchants merchants;
    tael_ledger_summary summary;
    tael__date today;
    int64_t now_ms;
    piece pieces[2 * TAEL__MAX_CLAUSES];
    size_t piece_count;
} job;

#define MOST_DRAFTS (2 * TAEL__MAX_CLAUSES)

/* Owned by the drafts. */
typedef struct kept {
    tael_draft drafts[MOST_DRAFTS];
    tael_unclear unclear[MOST_DRAFTS];
    char **texts;
    size_t text_count, text_capacity;
} kept;

static const char *keep(job *j, const char *text)
{
    kept *k = j->out->internal;
    if (!*text) return "";
    if (k->text_count == k->text_capacity) {
        size_t more = k->text_capacity ? 2 * k->text_capacity : 32;
        char **bigger = tael__realloc(k->texts, more * sizeof *bigger);
        if (!bigger) return NULL;
        k->texts = bigger;
        k->text_capacity = more;
    }
    char *copy = tael__strdup(text);
    if (copy) k->texts[k->text_count++] = copy;
    return copy;
}

void tael_drafts_free(tael_drafts *drafts)
{
    if (!drafts) return;
    kept *k = drafts->internal;
    for (size_t i = 0; k && i < k->text_count; i++) tael__free(k->texts[i]);
    if (k) tael__free(k->texts);
    tael__free(k);
    *drafts = (tael_drafts){0};
}

/* ---- Clauses ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Full-width letters, digits and signs as plain ones; ends of clauses as line ends. */
static size_t make_plain(char *out, const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        size_t step = tael__utf8_decode(text + at, bytes - at, &code, NULL);
        if (code == 0x3002 || code == 0x3001 || code == 0xFF0C || code == 0xFF1B || code == 0xFF01 || code == 0xFF1F)
            out[n++] = '\n';
        else if (code == 0x3000 || code == 0xA0 || code == '\t' || code == '\r')
            out[n++] = ' ';
        else if (code == '\n' || code == ';')
            out[n++] = '\n';
        else if (code >= 0xFF01 && code <= 0xFF5E && code != 0xFFE5)
            out[n++] = (char)(code - 0xFF01 + '!');
        else if (code < ' ' || code == 0x7F)
            out[n++] = ' ';
        else
            memcpy(out + n, text + at, step), n += step;
        at += step;
    }
    out[n] = '\0';
    return n;
}

/* A comma ends a clause, but not within 1,200; a point does where words end. */
static bool ends_clause(const char *text, size_t at)
{
    char c = text[at];
    if (c == '\n') return true;
    if (c == '.') return at > 0 && !is_digit(text[at + 1]) && (text[at + 1] == ' ' || text[at + 1] == '\0');
    if (c != ',') return false;
    bool three = at > 0 && is_digit(text[at - 1]) && is_digit(text[at + 1]) && is_digit(text[at + 2]) &&
                 is_digit(text[at + 3]) && !is_digit(text[at + 4]);
    return !three;
}

/* 7-11, 85度C: their digits count nothing. */
static void fix_names(tael__clause *c)
{
    static const char names[] =
        "7-11|7-eleven|711便利店|12306|361度|58同城|58到家|85度c|1点点|95后|4s店|5g|4g|3c|ps5|ps4|mp3|618|双11|双12|"
        "1688|4399|361|12315|10086|10010|10000号|24小时|3d";
    for (size_t at = 0; at < c->bytes; at++) {
        size_t n = tael__begins(c->low + at, c->bytes - at, names);
        bool digit_near =
            (at > 0 && (is_digit(c->low[at - 1]) || c->low[at - 1] == '.')) || (n && is_digit(c->low[at + n]));
        if (n == 0 || digit_near) continue;
        /* A bare number of these is a name only with words behind it: 12306 车票. */
        size_t digits = strspn(c->low + at, "0123456789");
        bool others = strcspn(c->low, "0123456789") < at || c->low[at + n + strcspn(c->low + at + n, "0123456789")];
        if (digits == n && !others &&
            (at + n == c->bytes || tael__begins(c->low + at + n, c->bytes - at - n, "元|块|.|¥")))
            continue;
        memset(c->fixed + at, true, n);
        at += n - 1;
    }
}

/* A shop of the ledger with digits in its name: 店77. */
static void fix_known(tael__clause *c, const tael__merchants *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const char *name = m->names[i];
        size_t n = strlen(name), digits = strcspn(name, "0123456789");
        if (digits == n || n < 3 || strspn(name, "0123456789.") == n) continue;
        const char *at = memmem(c->said, c->bytes, name, n);
        if (at && !is_digit(at[n])) memset(c->fixed + (at - c->said), true, n);
    }
}

static void open_clause(tael__clause *c, const char *text, size_t bytes)
{
    memset(c, 0, sizeof *c);
    memcpy(c->said, text, bytes);
    c->bytes = bytes;
    for (size_t i = 0; i < bytes; i++) c->low[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    fix_names(c);
}

/* ---- Amounts ---- */

static tael_status put_unclear(job *j, const char *clause, const char *reason, const tael__said_amount *amounts,
                               size_t count)
{
    kept *k = j->out->internal;
    if (j->out->unclear_count == MOST_DRAFTS) return TAEL_OK;
    tael_unclear *u = &k->unclear[j->out->unclear_count];
    *u = (tael_unclear){.reason = reason, .clause = keep(j, clause)};
    if (!u->clause) return tael__fail_memory("add", 0);
    for (size_t i = 0; i < count && i < 8; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s%lld.%02lld", amounts[i].currency, amounts[i].currency[0] ? " " : "",
                 (long long)(amounts[i].minor / 100), (long long)(amounts[i].minor % 100));
        u->readings[u->reading_count] = keep(j, text);
        if (!u->readings[u->reading_count++]) return tael__fail_memory("add", 0);
    }
    j->out->unclear_count++;
    return TAEL_OK;
}

/* Leaves the likeliest: with a unit before bare ones; no counts; what was paid. */
static size_t weigh(tael__said_amount *a, size_t count)
{
    int strongest = 0;
    size_t kept_count = 0, plain = 0;
    bool paid = false;
    for (size_t i = 0; i < count; i++) {
        paid |= a[i].paid;
        plain += !a[i].quantity;
    }
    for (size_t i = 0; i < count; i++)
        if ((!a[i].quantity || plain == 0) && a[i].strength > strongest) strongest = a[i].strength;
    for (size_t i = 0; i < count; i++) {
        if (a[i].strength < strongest || (a[i].quantity && plain > 0) || (paid && !a[i].paid)) continue;
        a[kept_count++] = a[i];
    }
    return kept_count;
}

static bool has_words(const tael__clause *c, size_t from, size_t upto)
{
    tael__clause part;
    char method[128];
    tael__said_time time;
    open_clause(&part, c->said + from, upto - from);
    tael__times_take(&time, &part, (tael__date){2026, 1, 1});
    tael__method_take(method, sizeof method, &part);
    while (tael__clause_take_any(&part, "花了|用了|和|and|又|然后|再|了|的|块|元")) {
    }
    return !tael__clause_empty(&part);
}

/* Whether each amount has words of its own, all before or all behind it; where the clause is cut is written to cuts. */
static bool part_amounts(const tael__clause *c, const tael__said_amount *a, size_t count, size_t *cuts)
{
    bool before = true, behind = true;
    for (size_t i = 0; i < count; i++) {
        size_t start = i ? a[i - 1].at + a[i - 1].bytes : 0, end = i + 1 < count ? a[i + 1].at : c->bytes;
        before &= has_words(c, start, a[i].at);
        behind &= has_words(c, a[i].at + a[i].bytes, end);
    }
    behind &= !has_words(c, 0, a[0].at);
    if (!before && !behind) return false;
    for (size_t i = 0; i + 1 < count; i++) cuts[i] = before ? a[i].at + a[i].bytes : a[i + 1].at;
    return true;
}

static tael_status add_piece(job *j, const tael__clause *c, const char *text, const tael__said_amount *amount,
                             const tael__said_time *time)
{
    if (j->piece_count == MOST_DRAFTS)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("add: more than %d payments at once; say fewer", "记账：一次超过 %d 笔；请少说一些"),
                          MOST_DRAFTS);
    piece *p = &j->pieces[j->piece_count++];
    *p = (piece){.clause = *c, .time = *time};
    snprintf(p->text, sizeof p->text, "%s", text);
    if (amount) {
        p->amount = *amount;
        p->has_amount = true;
        tael__clause_take(&p->clause, amount->at, amount->bytes);
    }
    tael__method_take(p->method, sizeof p->method, &p->clause);
    return TAEL_OK;
}

static tael_status cut_clause(job *j, const tael__clause *c, const char *text, const tael__said_amount *amounts,
                              size_t count, const tael__said_time *time)
{
    size_t cuts[TAEL__MAX_AMOUNTS];
    if (!part_amounts(c, amounts, count, cuts))
        return put_unclear(j, text, TAEL_SAY("several amounts: which one was paid?", "有多个金额：付的是哪一个？"),
                           amounts, count);
    for (size_t i = 0; i < count; i++) {
        size_t from = i ? cuts[i - 1] : 0, upto = i + 1 < count ? cuts[i] : c->bytes;
        tael__clause part = *c;
        tael__said_amount own = amounts[i];
        part.bytes = upto - from;
        memmove(part.said, part.said + from, part.bytes);
        memmove(part.low, part.low + from, part.bytes);
        memmove(part.fixed, part.fixed + from, part.bytes);
        memset(part.said + part.bytes, 0, sizeof part.said - part.bytes);
        memset(part.low + part.bytes, 0, sizeof part.low - part.bytes);
        own.at -= from;
        size_t lead = i ? tael__begins(part.low, part.bytes, "和|and|跟|加|再加|还有|又|,| and| 和") : 0;
        tael__clause_take(&part, 0, lead);
        TAEL_TRY(add_piece(j, &part, text, &own, time));
    }
    return TAEL_OK;
}

/* Why an amount can't be one of a record, or NULL. */
static const char *fault_of(const tael__said_amount *a)
{
    if (a->about) return TAEL_SAY("not an exact amount", "金额不确切");
    if (a->inexact) return TAEL_SAY("more than two decimals", "超过两位小数");
    return a->minor > 0 ? NULL : TAEL_SAY("the amount is zero", "金额为零");
}

static tael_status read_clause(job *j, const char *text, size_t bytes)
{
    tael__clause c;
    tael__said_time time;
    tael__said_amount amounts[TAEL__MAX_AMOUNTS];
    char said[TAEL__MAX_SAID_BYTES];
    snprintf(said, sizeof said, "%.*s", (int)bytes, text);
    open_clause(&c, text, bytes);
    fix_known(&c, &j->merchants);
    if (tael__clause_empty(&c)) return TAEL_OK;
    tael__times_take(&time, &c, j->today);
    size_t count = tael__amounts_find(amounts, TAEL__MAX_AMOUNTS, &c);
    for (size_t i = 0; i + 1 < count; i++)
        if (tael__amounts_range(&c, &amounts[i], &amounts[i + 1])) {
            if (!amounts[i].currency[0]) memcpy(amounts[i].currency, amounts[i + 1].currency, 4);
            return put_unclear(j, said, TAEL_SAY("a range: say one amount", "是一个范围：请说一个确定的金额"),
                               &amounts[i], 2);
        }
    count = weigh(amounts, count);
    if (time.future && count > 0)
        return put_unclear(j, said, TAEL_SAY("it is still to come: add it when it is paid", "还没有发生：付款后再记"),
                           NULL, 0);
    if (count > 0 && j->piece_count > 0 && tael__clause_has(&c, "其中|包括|including"))
        return put_unclear(
            j, said, TAEL_SAY("part of another amount: say what was paid in all", "是前一笔的一部分：请说实际付了多少"),
            amounts, count);
    if (count == 0) return add_piece(j, &c, said, NULL, &time);
    for (size_t i = 0; i < count; i++) {
        const char *fault = fault_of(&amounts[i]);
        if (fault) return put_unclear(j, said, fault, amounts, count);
    }
    if (count > 1) return cut_clause(j, &c, said, amounts, count, &time);
    return add_piece(j, &c, said, amounts, &time);
}

static tael_status read_clauses(job *j, const char *text, size_t bytes)
{
    size_t start = 0;
    for (size_t at = 0; at <= bytes; at++) {
        if (at < bytes && !ends_clause(text, at)) continue;
        TAEL_TRY(read_clause(j, text + start, at - start));
        start = at + 1;
    }
    return TAEL_OK;
}

/* ---- Together ---- */

/* Clauses without an amount say something of their neighbours: words before the first amount belong to it, later ones
 * are remarks on the one before; a day goes forwards, a way of paying backwards (and forwards to what has none). */
static void spread(job *j)
{
    size_t without = 0;
    const tael__said_time *day = NULL;
    for (size_t i = 0; i < j->piece_count; i++) {
        piece *p = &j->pieces[i];
        if (p->time.day_said)
            day = &p->time;
        else if (day) {
            p->time.day = day->day;
            p->time.day_said = true;
            p->time.assumed = day->assumed;
            if (!p->time.part_said && !p->time.clock_said && !day->clock_said) {
                p->time.part_said = day->part_said && !p->has_amount;
                p->time.hour = day->hour;
            }
        }
        if (!p->method[0]) continue;
        bool last = true; /* only the last way that is said goes backwards over all */
        for (size_t k = i + 1; k < j->piece_count; k++)
            last &= j->pieces[k].method[0] == '\0' && !j->pieces[k].has_amount;
        for (size_t k = without; k < i && (last || !p->has_amount); k++)
            if (!j->pieces[k].method[0]) snprintf(j->pieces[k].method, sizeof j->pieces[k].method, "%s", p->method);
        without = i + 1;
    }
}

static int64_t time_of(const job *j, const piece *p, const tael__said_names *names)
{
    int64_t midnight = tael__ms_of_date(p->time.day, TAEL__SHANGHAI_OFFSET_MINUTES);
    bool today = tael__days_of(p->time.day) == tael__days_of(j->today);
    int meal = tael__meal_hour(names->item);
    int64_t at = midnight;
    if (p->time.clock_said || p->time.part_said)
        at += p->time.hour * 3600000LL + p->time.minute * 60000LL;
    else if (meal >= 0)
        at += meal * 3600000LL;
    else if (today)
        at = j->now_ms / 1000 * 1000;
    return at > j->now_ms ? j->now_ms / 1000 * 1000 : at;
}

static void join_words(char *out, size_t cap, const char *more)
{
    size_t n = strlen(out), m = strlen(more);
    if (m == 0 || n + 2 >= cap) return;
    if (n > 0) out[n++] = ' ';
    if (m >= cap - n) m = tael__utf8_cut(more, cap - n - 1);
    memcpy(out + n, more, m);
    out[n + m] = '\0';
}

static tael_status put_draft(job *j, const piece *p, tael__said_names *names)
{
    kept *k = j->out->internal;
    tael_draft *d = &k->drafts[j->out->count];
    tael__learned learned;
    int64_t time_ms = time_of(j, p, names);
    bool hour_known = p->time.clock_said || p->time.part_said || tael__meal_hour(names->item) >= 0 || !p->time.day_said;
    int hour = hour_known ? (int)((time_ms / 60000 + TAEL__SHANGHAI_OFFSET_MINUTES) / 60 % 24) : -1;
    TAEL_TRY(tael__history_ask(&learned, j->ledger, names, p->method, hour));
    *d = (tael_draft){.clause = keep(j, p->text), .day_assumed = p->time.assumed, .clock_said = p->time.clock_said};
    if (learned.merchant[0] && strcmp(learned.merchant, names->merchant) != 0) d->learned |= TAEL_LEARNED_MERCHANT;
    if (learned.item[0] && !names->item[0]) d->learned |= TAEL_LEARNED_ITEM;
    if (learned.category[0]) d->learned |= TAEL_LEARNED_CATEGORY;
    if (learned.method[0] && strcmp(learned.method, p->method) != 0) d->learned |= TAEL_LEARNED_METHOD;
    const char *currency = p->amount.currency[0] ? p->amount.currency : j->summary.currency;
    d->record = (tael_record){.time_ms = time_ms,
                              .offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES,
                              .direction = names->direction,
                              .refund = names->refund,
                              .minor = p->amount.minor,
                              .currency = keep(j, strlen(currency) == 3 ? currency : "CNY"),
                              .merchant = keep(j, learned.merchant[0] ? learned.merchant : names->merchant),
                              .item = keep(j, names->item[0] ? names->item : learned.item),
                              .category = keep(j, learned.category),
                              .method = keep(j, learned.method[0] ? learned.method : p->method),
                              .note = keep(j, names->note),
                              .status = "",
                              .type = "",
                              .external_id = "",
                              .source = TAEL_SOURCE_MANUAL,
                              .counted = true};
    const tael_record *r = &d->record;
    if (!d->clause || !r->currency || !r->merchant || !r->item || !r->category || !r->method || !r->note)
        return tael__fail_memory("add", 0);
    j->out->count++;
    return TAEL_OK;
}

/* Words that say of the payment before what of it was one's own. */
static bool is_share(const char *item)
{
    static const char words[] = "aa|AA|aa我出|AA我出|AA我付|AA每人|AA制|AA制我出|AA制每人|我出|我付|我出了|我付了|"
                                "我的部分|我分摊|人均|每人|实付|实际付|"
                                "实际付了|实际花了|my share|my part|AA后|AA 我出|AA 每人";
    size_t n = strlen(item);
    return n > 0 && tael__begins(item, n, words) == n;
}

static tael_status make_drafts(job *j)
{
    char before[256] = "";
    tael__said_names names[MOST_DRAFTS];
    piece *of[MOST_DRAFTS];
    size_t count = 0;
    for (size_t i = 0; i < j->piece_count; i++) {
        piece *p = &j->pieces[i];
        tael__said_names n;
        tael__names_read(&n, &p->clause, &j->merchants);
        if (p->has_amount && count > 0 && is_share(n.item) && !n.merchant[0]) {
            of[count - 1]->amount = p->amount; /* 花了188，AA我出94 */
            continue;
        }
        if (p->has_amount) {
            if (before[0] && !n.item[0])
                snprintf(n.item, sizeof n.item, "%s", before);
            else
                join_words(n.note, sizeof n.note, before);
            before[0] = '\0';
            if (p->amount.rough) join_words(n.note, sizeof n.note, "约");
            of[count] = p;
            names[count++] = n;
            continue;
        }
        tael__said_names *last = count ? &names[count - 1] : NULL;
        if (last && n.merchant[0] && !last->merchant[0])
            snprintf(last->merchant, sizeof last->merchant, "%s", n.merchant);
        if (last)
            join_words(last->note, sizeof last->note, n.item);
        else
            join_words(before, sizeof before, n.item[0] ? n.item : n.merchant);
        if (last && n.note[0]) join_words(last->note, sizeof last->note, n.note);
    }
    for (size_t i = 0; i < count; i++) TAEL_TRY(put_draft(j, of[i], &names[i]));
    return TAEL_OK;
}

static tael_status parse(job *j, const char *text)
{
    char plain[TAEL__MAX_SAID_BYTES];
    size_t bytes = strnlen(text, TAEL__MAX_SAID_BYTES);
    if (bytes > TAEL__MAX_SAID_BYTES - 8)
        return tael__fail(
            TAEL_LIMIT,
            TAEL_SAY("add: longer than %d bytes; say a few payments at once", "记账：超过 %d 字节；请一次少说几笔"),
            TAEL__MAX_SAID_BYTES - 8);
    if (!tael__utf8_valid(text, bytes))
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("add: the text isn't UTF-8", "记账：文字不是 UTF-8"));
    bytes = make_plain(plain, text, bytes);
    TAEL_TRY(tael_ledger_summarize(j->ledger, &j->summary));
    TAEL_TRY(tael__merchants_read(&j->merchants, j->ledger));
    TAEL_TRY(read_clauses(j, plain, bytes));
    spread(j);
    TAEL_TRY(make_drafts(j));
    if (j->out->count > 0 || j->out->unclear_count > 0) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("add: no amount in it; say what it was and how much, such as \"lunch 12.50 alipay\"",
                               "记账：没有金额；请说明是什么、多少钱，例如“早饭25元，支付宝”"));
}

tael_status tael_add_parse(tael_ledger *ledger, const char *text, const tael_add_options *options, tael_drafts *drafts)
{
    if (drafts) *drafts = (tael_drafts){0};
    if (!ledger || !text || !drafts || (options && options->size == 0))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("add: a ledger, a text and drafts are needed", "记账：需要账本、文字和存放位置"));
    job *j = tael__alloc_zero(sizeof *j);
    kept *k = drafts->internal = tael__alloc_zero(sizeof *k);
    tael_status status = j && k ? TAEL_OK : tael__fail_memory("add", sizeof *j);
    if (status == TAEL_OK) {
        j->ledger = ledger;
        j->out = drafts;
        drafts->items = k->drafts;
        drafts->unclear = k->unclear;
        j->now_ms = options && options->now_ms ? options->now_ms : tael__clock_wall_ms();
        j->today = tael__date_of_ms(j->now_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
        status = parse(j, text);
        tael__merchants_free(&j->merchants);
    }
    tael__free(j);
    return status;
}
