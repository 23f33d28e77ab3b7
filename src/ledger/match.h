// SPDX-License-Identifier: Apache-2.0
/* Rows of different sources that belong together: what one of them looks like, and what speaks for a pair. */
#ifndef TAEL__LEDGER_MATCH_H
#define TAEL__LEDGER_MATCH_H

#include "ledger/internal.h"

/* Who wrote the row. Of a payment the higher one is counted: it knows more of it. */
typedef enum tael__level {
    TAEL__LEVEL_MANUAL, /* what the owner said before the bill came */
    TAEL__LEVEL_OTHER,  /* a bank's statement from another program: OFX, QIF, a guessed table */
    TAEL__LEVEL_BANK,
    TAEL__LEVEL_WALLET,
    TAEL__LEVEL_SHOP
} tael__level;

/* records.pair_why: what kind of pair it is, and why. Stored: bits never change their meaning. */
enum {
    TAEL__WHY_SAME = 1,       /* one payment in two bills */
    TAEL__WHY_TRANSFER = 2,   /* from one account of the owner to another */
    TAEL__WHY_KIND = 3,       /* the two above */
    TAEL__WHY_OWNER = 4,      /* the owner joined them */
    TAEL__WHY_COMING = 8,     /* of a transfer: this row is the one that came */
    TAEL__WHY_TAIL = 16,      /* the same card's tail */
    TAEL__WHY_BANK = 32,      /* the same bank's name */
    TAEL__WHY_CHANNEL = 64,   /* the lower row names the channel or the shop that the upper one is of */
    TAEL__WHY_NAME = 128,     /* the merchants' names are alike */
    TAEL__WHY_ORDER = 256,    /* one order number */
    TAEL__WHY_WORDS = 512,    /* both speak of a transfer or a repayment */
    TAEL__WHY_ACCOUNT = 1024, /* one names the other's account */
    TAEL__WHY_HOLDER = 2048,  /* both name one counterparty: the owner */
};

/* match_decisions.decision, about the rows with the keys a and b (a < b). Stored: numbers never change their meaning.
 */
typedef enum tael__decided {
    TAEL__DECIDED_JOIN,
    TAEL__DECIDED_A_ALONE, /* their match is undone: a is no other row's copy */
    TAEL__DECIDED_B_ALONE,
    TAEL__DECIDED_NO_TRANSFER /* and neither is part of one */
} tael__decided;

typedef struct tael__card {
    char bank[64], tail[8]; /* "工商银行", "5678"; "" unknown */
    bool credit, debit;     /* as far as the text says */
} tael__card;

enum tael__party_text {
    TAEL__PARTY_SOURCE,
    TAEL__PARTY_MERCHANT,
    TAEL__PARTY_ITEM,
    TAEL__PARTY_TYPE,
    TAEL__PARTY_METHOD,
    TAEL__PARTY_NOTE,
    TAEL__PARTY_ACCOUNT,
    TAEL__PARTY_BRAND,
    TAEL__PARTY_ID,
    TAEL__PARTY_ORDER,
    TAEL__PARTY_TEXTS
};

/* A row as matching sees it. */
typedef struct tael__party {
    int64_t id, time_ms, day;
    size_t cluster; /* rows of one amount, near each other */
    uint8_t key[16];
    tael_direction direction; /* the bill's own */
    tael__kind kind;
    tael__level level;
    tael__card card; /* that paid (wallet, shop), or whose statement it is (bank) */
    uint32_t names;  /* channels and platforms in a bank's or wallet's texts (evidence.c) */
    bool has_upper, has_lower, has_manual, moved; /* what it was given to so far */
    bool alone, unmoved;                          /* what the owner undid */
    const char *text[TAEL__PARTY_TEXTS];          /* borrowed */
} tael__party;

/* ---- What match.c and match_store.c share ---- */

typedef struct tael__list { /* a growing array */
    void *data;
    size_t count, capacity;
} tael__list;

/* Add a copy of `bytes`, always the same size for one list. Free list->data. */
tael_status tael__list_push(tael__list *list, const void *item, size_t bytes);

/* What every row is read as: enough to see which could pair at all, and what the store says now. */
typedef struct tael__brief {
    int64_t minor, day, time_ms, id;
    uint64_t key, currency, source;        /* parts and hashes: to order and to group */
    int64_t pair_of, same_as;              /* as stored, */
    uint32_t why;                          /* likewise */
    bool counted, spent, possible, wanted; /* possible: was paid; wanted: something near it could be its partner */
} tael__brief;

/* Two rows that could be a pair. */
typedef struct tael__pair {
    size_t upper, lower; /* their places in the cluster */
    size_t next;         /* for tael__assign */
    int64_t gap_ms;
    uint32_t why;
    int score;
    bool taken;
} tael__pair;

/* Of these pairs (tael__pair, best first) among `rows` rows mark as taken those that are: each row at most once as the
 * upper and once as the lower. */
tael_status tael__assign(tael__list *pairs, size_t rows);

/* A pair that was made. */
typedef struct tael__link {
    int64_t kept, other;
    uint32_t why;
} tael__link;

/* All rows of these amounts (NULL: of any), ordered by currency, amount, time and key. */
tael_status tael__match_read(tael_ledger *ledger, const tael__amounts *amounts, tael__list *briefs);

/* Make the store say what the links say about these rows; writes only what changed. `briefs` is put in another order.
 */
tael_status tael__match_write(tael_ledger *ledger, tael__list *briefs, const tael__list *links);

/* Rows that a match made neutral get the direction of their bill back: refunds and matches go by that. */
tael_status tael__match_restore(tael_ledger *ledger);

/* Join refunds to purchases (refunds.c). */
tael_status tael__refunds_join(tael_ledger *ledger);

/* Once the matches are written: refunds that only one side of a match knows of (match_refunds.c). */
tael_status tael__match_refunds(tael_ledger *ledger);

/* ---- Evidence ---- */

tael__level tael__level_of(const char *source);

/* Fill level, card and names from the texts. */
void tael__party_read(tael__party *party);

/* What speaks for `lower` showing the payment of `upper`, amounts being equal: TAEL__WHY_ bits, or 0. */
uint32_t tael__match_same(const tael__party *upper, const tael__party *lower);

/* What speaks for the money that left at `from` having come at `to`, amounts being equal: TAEL__WHY_ bits, or 0. */
uint32_t tael__match_transfer(const tael__party *from, const tael__party *to);

/* Whether a is the upper of two rows that the owner joined: by level, then the earlier, then by key. */
bool tael__party_above(const tael__party *a, const tael__party *b);

/* Whether two rows that the owner joins are a move between accounts: one went and the other came. */
bool tael__party_transfer(const tael__party *a, const tael__party *b);

#endif
