// SPDX-License-Identifier: Apache-2.0
// What speaks for two rows of one amount belonging together. No bank row names a wallet's order number: what joins are
// the card's tail, the channel's name in the bank's text, the merchant and the day. Amount and day alone are no
// evidence, and a tail, a bank or a channel that differs is evidence against.
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "ledger/match.h"
#include "ledger/merchants.h"

#define COUNT(list) (sizeof list / sizeof *list)

enum { SOURCE = TAEL__PARTY_SOURCE, MERCHANT, ITEM, TYPE, METHOD, NOTE, ACCOUNT, BRAND, ID, ORDER };

/* Channels carry money, platforms sell. */
enum {
    BY_ALIPAY = 1,
    BY_WECHAT = 2,
    BY_JD = 4,
    BY_MEITUAN = 8,
    BY_OTHER = 16,
    AT_JD = 32,
    AT_MEITUAN = 64,
    CARRIERS = BY_ALIPAY | BY_WECHAT | BY_JD | BY_MEITUAN | BY_OTHER
};

static const struct {
    const char *word;
    uint32_t name;
} known_names[] = {
    {"支付宝", BY_ALIPAY},    {"蚂蚁", BY_ALIPAY},     {"alipay", BY_ALIPAY},    {"财付通", BY_WECHAT},
    {"微信", BY_WECHAT},      {"tenpay", BY_WECHAT},   {"wechat", BY_WECHAT},    {"weixin", BY_WECHAT},
    {"网银在线", BY_JD},      {"京东支付", BY_JD},     {"钱袋宝", BY_MEITUAN},   {"美团支付", BY_MEITUAN},
    {"抖音支付", BY_OTHER},   {"云闪付", BY_OTHER},    {"拉卡拉", BY_OTHER},     {"京东", AT_JD},
    {"jd.com", AT_JD},        {"美团", AT_MEITUAN},    {"北京三快", AT_MEITUAN}, {"三快在线", AT_MEITUAN},
    {"大众点评", AT_MEITUAN}, {"meituan", AT_MEITUAN},
};

tael__level tael__level_of(const char *source)
{
    static const struct {
        const char *source;
        tael__level level;
    } levels[] = {{"jd", TAEL__LEVEL_SHOP},       {"meituan", TAEL__LEVEL_SHOP}, {"alipay", TAEL__LEVEL_WALLET},
                  {"wechat", TAEL__LEVEL_WALLET}, {"ofx", TAEL__LEVEL_OTHER},    {"qif", TAEL__LEVEL_OTHER},
                  {"generic", TAEL__LEVEL_OTHER}, {"manual", TAEL__LEVEL_MANUAL}};
    for (size_t i = 0; i < COUNT(levels); i++)
        if (strcmp(source, levels[i].source) == 0) return levels[i].level;
    return TAEL__LEVEL_BANK;
}

static bool is_bank(const tael__party *p)
{
    return p->level == TAEL__LEVEL_BANK || p->level == TAEL__LEVEL_OTHER;
}

/* "微信-招商银行信用卡", "工商银行储蓄卡(9876)&红包", "card(1234)". */
static void read_card(tael__card *card, const char *method)
{
    static const char word[] = "银行";
    *card = (tael__card){.credit = strstr(method, "信用卡") != NULL || strcasestr(method, "credit") != NULL,
                         .debit = strstr(method, "储蓄卡") != NULL || strstr(method, "借记卡") != NULL};
    const char *bank = strstr(method, word), *open = strchr(bank ? bank : method, '(');
    if (bank) {
        const char *start = bank;
        while (start > method && !strchr("-& ;,", start[-1])) start--;
        if (strncmp(start, "中国", strlen("中国")) == 0 && start + strlen("中国") != bank) start += strlen("中国");
        size_t n = (size_t)(bank - start) + strlen(word);
        if (n > strlen(word) && n < sizeof card->bank) memcpy(card->bank, start, n);
    }
    if (!open) return;
    size_t n = strspn(open + 1, "0123456789");
    if (n >= 3 && n <= 4 && open[1 + n] == ')') memcpy(card->tail, open + 1, n);
}

void tael__party_read(tael__party *p)
{
    p->level = tael__level_of(p->text[SOURCE]);
    read_card(&p->card, p->text[METHOD]);
    p->names = 0;
    static const int fields[] = {MERCHANT, ITEM, TYPE, NOTE};
    char folded[COUNT(fields) * (TAEL__MAX_FIELD_BYTES + 1) + 1];
    size_t n = 0;
    for (size_t f = 0; f < COUNT(fields); f++) {
        size_t bytes = strnlen(p->text[fields[f]], TAEL__MAX_FIELD_BYTES);
        n += tael__text_fold(folded + n, p->text[fields[f]], bytes);
        folded[n++] = '\n';
    }
    folded[n] = '\0';
    for (size_t i = 0; i < COUNT(known_names); i++)
        if (strstr(folded, known_names[i].word)) p->names |= known_names[i].name;
}

bool tael__party_above(const tael__party *a, const tael__party *b)
{
    if (a->level != b->level) return a->level > b->level;
    if (a->time_ms != b->time_ms) return a->time_ms < b->time_ms;
    return memcmp(a->key, b->key, sizeof a->key) < 0;
}

bool tael__party_transfer(const tael__party *a, const tael__party *b)
{
    bool came = a->direction == TAEL_INCOME || b->direction == TAEL_INCOME;
    return (a->direction == TAEL_EXPENSE) != (b->direction == TAEL_EXPENSE) && came;
}

/* ---- Likeness ---- */

static bool holds(const char *text, const char *part)
{
    size_t n = strlen(part);
    return n >= ((unsigned char)part[0] >= 0x80 ? 6u : 4u) && strcasestr(text, part) != NULL;
}

static bool names_shop(const char *brand)
{
    return *brand && !tael__merchant_is_channel(brand);
}

static bool names_alike(const tael__party *a, const tael__party *b)
{
    const char *x = a->text[BRAND], *y = b->text[BRAND];
    bool shop_x = names_shop(x), shop_y = names_shop(y);
    if (shop_x && shop_y && (strcasecmp(x, y) == 0 || holds(x, y) || holds(y, x))) return true;
    return (shop_x && holds(b->text[ITEM], x)) || (shop_y && holds(a->text[ITEM], y));
}

/* What two cards have in common; *differ when they can't be one. */
static uint32_t compare_cards(const tael__card *a, const tael__card *b, bool *differ)
{
    uint32_t why = 0;
    *differ = (a->credit && b->debit) || (a->debit && b->credit);
    if (a->tail[0] && b->tail[0]) {
        if (strcmp(a->tail, b->tail) == 0)
            why |= TAEL__WHY_TAIL;
        else
            *differ = true;
    }
    if (a->bank[0] && b->bank[0]) {
        if (strcmp(a->bank, b->bank) == 0)
            why |= TAEL__WHY_BANK;
        else
            *differ = true;
    }
    return *differ ? 0 : why;
}

/* ---- One payment ---- */

typedef enum means { MEANS_UNKNOWN, MEANS_CARD, MEANS_WECHAT, MEANS_ALIPAY, MEANS_OWN } means;

/* What paid. MEANS_OWN: the wallet's balance or the shop's credit, which no other bill shows. */
static means means_of(const tael__party *p)
{
    const char *method = p->text[METHOD];
    if (p->level == TAEL__LEVEL_SHOP && strstr(method, "微信")) return MEANS_WECHAT;
    if (p->level == TAEL__LEVEL_SHOP && strstr(method, "支付宝")) return MEANS_ALIPAY;
    if (p->card.bank[0] || p->card.tail[0]) return MEANS_CARD;
    return *method ? MEANS_OWN : MEANS_UNKNOWN;
}

static bool pays(const tael__party *p)
{
    return p->direction == TAEL_EXPENSE && (p->kind == TAEL__PLAIN || p->kind == TAEL__PAID_CLOSED);
}

static uint32_t platform_of(const tael__party *shop)
{
    return strcmp(shop->text[SOURCE], "jd") == 0 ? AT_JD : AT_MEITUAN;
}

static uint32_t carrier_of(const tael__party *p)
{
    const char *source = p->text[SOURCE];
    return strcmp(source, "alipay") == 0   ? BY_ALIPAY
           : strcmp(source, "wechat") == 0 ? BY_WECHAT
           : strcmp(source, "jd") == 0     ? BY_JD
                                           : BY_MEITUAN;
}

/* A shop's order, and the wallet that paid it. */
static uint32_t in_wallet(const tael__party *shop, const tael__party *wallet, bool refund)
{
    static const int64_t minute = 60000, day = 86400000;
    means by = means_of(shop);
    int64_t gap = wallet->time_ms - shop->time_ms;
    bool named = by == (carrier_of(wallet) == BY_WECHAT ? MEANS_WECHAT : MEANS_ALIPAY), differ = false;
    if (by != MEANS_UNKNOWN && !named) return 0;
    if (refund ? gap < -day || gap > 5 * day : gap < -10 * minute || gap > day) return 0;
    uint32_t why = compare_cards(&shop->card, &wallet->card, &differ);
    if (differ) return 0;
    if (strlen(shop->text[ID]) >= 10 && strcmp(shop->text[ID], wallet->text[ORDER]) == 0) why |= TAEL__WHY_ORDER;
    if (wallet->names & platform_of(shop)) why |= TAEL__WHY_CHANNEL;
    if (names_alike(shop, wallet)) why |= TAEL__WHY_NAME;
    bool both = (why & TAEL__WHY_CHANNEL) && (why & TAEL__WHY_NAME);
    bool one = why & (TAEL__WHY_CHANNEL | TAEL__WHY_NAME);
    return (why & TAEL__WHY_ORDER) || both || (one && named) ? why : 0;
}

/* Whether the bank's text names who carried the upper row's money. *against: it names another. */
static bool carried(const tael__party *upper, const tael__party *bank, means by, bool *against)
{
    uint32_t carriers = bank->names & CARRIERS, own = carrier_of(upper);
    if (by == MEANS_WECHAT) own = BY_WECHAT;
    if (by == MEANS_ALIPAY) own = BY_ALIPAY;
    *against = carriers && !(carriers & own);
    if (upper->level != TAEL__LEVEL_SHOP) return carriers & own;
    bool platform = bank->names & platform_of(upper);
    if (by == MEANS_WECHAT || by == MEANS_ALIPAY) return (carriers & own) && platform;
    return (carriers & own) || platform;
}

/* A wallet's or a shop's row, and the bank's. Banks book on the day or up to three later, refunds up to five. */
static uint32_t in_bank(const tael__party *upper, const tael__party *bank, bool refund)
{
    int64_t days = bank->day - upper->day;
    means by = means_of(upper);
    bool differ, against;
    if (days < 0 || days > (refund ? 5 : 3) || by == MEANS_OWN || by == MEANS_UNKNOWN) return 0;
    uint32_t why = compare_cards(&upper->card, &bank->card, &differ);
    if (differ) return 0;
    if (carried(upper, bank, by, &against)) why |= TAEL__WHY_CHANNEL;
    if (against) return 0;
    /* Through a wallet the bank names both the wallet and the platform, but not the platform's shop. */
    if (names_alike(upper, bank) || ((why & TAEL__WHY_CHANNEL) && by != MEANS_CARD)) why |= TAEL__WHY_NAME;
    bool channel = why & TAEL__WHY_CHANNEL, name = why & TAEL__WHY_NAME;
    if (bank->direction == TAEL_INCOME && !channel) return 0;
    /* A text without any shop says nothing against it, and on the day itself the card is enough. */
    if (why & TAEL__WHY_TAIL) return channel || name || (days == 0 && !names_shop(bank->text[BRAND])) ? why : 0;
    return (channel && (why & (TAEL__WHY_BANK | TAEL__WHY_NAME))) || (name && (why & TAEL__WHY_BANK)) ? why : 0;
}

/* The statement of one card in two formats. */
static uint32_t in_statement(const tael__party *bank, const tael__party *other)
{
    int64_t days = other->day - bank->day;
    bool differ;
    uint32_t why = compare_cards(&bank->card, &other->card, &differ);
    if (differ || !(why & TAEL__WHY_TAIL) || days < -1 || days > 3) return 0;
    if (names_alike(bank, other)) why |= TAEL__WHY_NAME;
    bool against = names_shop(bank->text[BRAND]) && names_shop(other->text[BRAND]) && !(why & TAEL__WHY_NAME);
    return against && days != 0 ? 0 : why;
}

/* Whether one of what the owner said stands in the bill's row, or the other way round. */
static bool said_alike(const tael__party *bill, const tael__party *manual)
{
    static const int said[] = {BRAND, MERCHANT, ITEM}, written[] = {BRAND, MERCHANT, ITEM, TYPE};
    for (size_t s = 0; s < COUNT(said); s++)
        for (size_t w = 0; w < COUNT(written); w++) {
            const char *x = manual->text[said[s]], *y = bill->text[written[w]];
            if (*x && *y && (holds(y, x) || (names_shop(y) && holds(x, y)))) return true;
        }
    return false;
}

/* A row that the owner added by hand, and the bill that came later: about the day, and named alike or paid alike. */
static uint32_t by_hand(const tael__party *bill, const tael__party *manual)
{
    const char *method = manual->text[METHOD];
    int64_t days = bill->day - manual->day;
    bool differ, wallet = bill->level == TAEL__LEVEL_WALLET;
    if (bill->direction != manual->direction || manual->kind != TAEL__PLAIN || bill->kind == TAEL__REFUND) return 0;
    if (days < -1 || days > (is_bank(bill) ? 3 : 1)) return 0;
    uint32_t why = compare_cards(&bill->card, &manual->card, &differ);
    if (differ) return 0;
    if (said_alike(bill, manual)) why |= TAEL__WHY_NAME;
    bool names_alipay = strstr(method, "支付宝") != NULL, names_wechat = strstr(method, "微信") != NULL;
    if (wallet && (names_alipay || names_wechat)) {
        if (!(carrier_of(bill) == BY_ALIPAY ? names_alipay : names_wechat)) return 0;
        why |= TAEL__WHY_CHANNEL;
    } else if (*method && strstr(bill->text[METHOD], method)) {
        why |= TAEL__WHY_CHANNEL;
    }
    return (why & TAEL__WHY_NAME) || (days == 0 && why) ? why : 0;
}

uint32_t tael__match_same(const tael__party *upper, const tael__party *lower)
{
    uint32_t why = 0;
    bool refund = upper->kind == TAEL__REFUND, banks = is_bank(upper) && is_bank(lower);
    if (strcmp(upper->text[SOURCE], lower->text[SOURCE]) == 0) return 0;
    if (lower->level == TAEL__LEVEL_MANUAL) {
        why = by_hand(upper, lower);
        return why ? why | TAEL__WHY_SAME : 0;
    }
    if (refund) {
        /* A debit card's refund may bear no word for it. */
        if (lower->kind != TAEL__REFUND &&
            !(is_bank(lower) && lower->kind == TAEL__PLAIN && lower->direction == TAEL_INCOME))
            return 0;
    } else if (banks) {
        if (upper->kind != lower->kind || upper->direction != lower->direction) return 0;
    } else if (!pays(upper) || !pays(lower)) {
        return 0;
    }
    if (banks) {
        bool above = upper->level > lower->level ||
                     (upper->level == lower->level && strcmp(upper->text[SOURCE], lower->text[SOURCE]) < 0);
        why = above ? in_statement(upper, lower) : 0;
    } else if (upper->level > lower->level) {
        why = is_bank(lower) ? in_bank(upper, lower, refund) : in_wallet(upper, lower, refund);
    }
    return why ? why | TAEL__WHY_SAME : 0;
}

/* ---- Moves between own accounts ---- */

static bool says(const tael__party *p, const char *const *words, size_t count)
{
    static const int fields[] = {TYPE, ITEM, NOTE, MERCHANT};
    for (size_t f = 0; f < COUNT(fields); f++)
        for (size_t i = 0; i < count; i++)
            if (strcasestr(p->text[fields[f]], words[i])) return true;
    return false;
}

static bool speaks_of_transfer(const tael__party *p)
{
    static const char *const words[] = {"转账",     "转帐",     "汇款",     "汇入",  "汇出",   "转入",     "转出",
                                        "网转",     "跨行",     "互转",     "转存",  "还款",   "还信用卡", "信用卡中心",
                                        "银联入账", "无卡支付", "TRANSFER", "E-TFR", "PAYMENT"};
    return says(p, words, COUNT(words));
}

/* A wallet's neutral row: what leaves it for a bank, and what came to it from one. */
static bool leaves_wallet(const tael__party *p)
{
    static const char *const words[] = {"提现", "还款", "转出-到", "转出到银行"};
    return p->level == TAEL__LEVEL_WALLET && p->direction == TAEL_NEUTRAL && p->kind == TAEL__PLAIN &&
           says(p, words, COUNT(words));
}

static bool fills_wallet(const tael__party *p)
{
    static const char *const words[] = {"充值", "转入", "购买理财通", "买入"};
    return p->level == TAEL__LEVEL_WALLET && p->direction == TAEL_NEUTRAL && p->kind == TAEL__PLAIN &&
           means_of(p) == MEANS_CARD && !says(p, (const char *const[]){"提现", "还款"}, 2) &&
           says(p, words, COUNT(words));
}

/* The digits that a bank shows of the other side's account: "6226******5669", or behind the name. */
static bool names_account(const tael__party *p, const char *tail)
{
    static const int fields[] = {ACCOUNT, MERCHANT, ITEM};
    size_t t = strlen(tail);
    for (size_t f = 0; t >= 4 && f < COUNT(fields); f++) {
        const char *text = p->text[fields[f]];
        size_t n = strlen(text), digits = 0;
        while (n > 0 && strchr(" )", text[n - 1])) n--;
        while (digits < n && isdigit((unsigned char)text[n - 1 - digits])) digits++;
        if (digits >= t && memcmp(text + n - t, tail, t) == 0) return true;
    }
    return false;
}

static uint32_t between_banks(const tael__party *from, const tael__party *to)
{
    const char *payee = from->text[BRAND], *payer = to->text[BRAND];
    int64_t days = to->day - from->day;
    bool one_source = strcmp(from->text[SOURCE], to->text[SOURCE]) == 0;
    if (days < -1 || days > 2) return 0;
    if (one_source && strcmp(from->text[METHOD], to->text[METHOD]) == 0) return 0; /* one account */
    if (from->direction != TAEL_EXPENSE || from->kind != TAEL__PLAIN || to->kind != TAEL__PLAIN) return 0;
    bool repaid = to->card.credit && to->direction == TAEL_NEUTRAL;
    if (to->direction != TAEL_INCOME && !repaid) return 0;
    if (!speaks_of_transfer(from)) return 0;
    uint32_t why = speaks_of_transfer(to) ? TAEL__WHY_WORDS : 0;
    if (names_account(from, to->card.tail) || names_account(to, from->card.tail)) return why | TAEL__WHY_ACCOUNT;
    if (!why) return 0;
    if (repaid && to->card.bank[0] && (strstr(payee, to->card.bank) || strstr(from->text[ITEM], to->card.bank)))
        return why | TAEL__WHY_BANK;
    bool named_from = names_shop(payee) && strcmp(from->text[MERCHANT], from->text[TYPE]) != 0;
    bool named_to = names_shop(payer) && strcmp(to->text[MERCHANT], to->text[TYPE]) != 0;
    if (named_from && named_to) return strcasecmp(payee, payer) == 0 ? why | TAEL__WHY_HOLDER : 0;
    /* Nobody is named; a wallet between would be somebody. */
    bool wallet = (from->names | to->names) & CARRIERS;
    return !named_from && !named_to && !wallet && !repaid && days == 0 ? why : 0;
}

uint32_t tael__match_transfer(const tael__party *from, const tael__party *to)
{
    uint32_t why = 0;
    int64_t days = to->day - from->day;
    bool differ;
    if (is_bank(from) && is_bank(to)) {
        why = between_banks(from, to);
    } else if (leaves_wallet(from) && is_bank(to) && days >= 0 && days <= 3) {
        bool came =
            (to->direction == TAEL_INCOME && to->kind == TAEL__PLAIN) || (to->card.credit && to->kind == TAEL__REFUND);
        if (came && (to->names & carrier_of(from))) why = TAEL__WHY_CHANNEL | TAEL__WHY_WORDS;
    } else if (is_bank(from) && fills_wallet(to) && days >= -3 && days <= 0) {
        why = compare_cards(&to->card, &from->card, &differ);
        bool pays_it = from->direction == TAEL_EXPENSE && from->kind == TAEL__PLAIN && !differ;
        why = pays_it && (from->names & carrier_of(to)) ? why | TAEL__WHY_CHANNEL | TAEL__WHY_WORDS : 0;
    }
    return why ? why | TAEL__WHY_TRANSFER : 0;
}
