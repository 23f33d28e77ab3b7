// SPDX-License-Identifier: Apache-2.0
/* What an importer is: it knows a format by the names in its header row and turns one row of cells into one row of the
 * ledger. Reading files, encodings, quoting, duplicates and refunds' joining are the same for all and done elsewhere.
 * docs/importers.md shows how to add one.
 */
#ifndef TAEL__LEDGER_IMPORT_IMPORTER_H
#define TAEL__LEDGER_IMPORT_IMPORTER_H

#include "base/date.h"
#include "ledger/internal.h"

/* The columns that any bill may have. */
typedef enum tael__column {
    TAEL__COL_TIME,   /* when it happened: a day, or a day with a clock */
    TAEL__COL_BOOKED, /* the day on which the bank booked it */
    TAEL__COL_CLOCK,  /* the clock beside a day */
    TAEL__COL_DIRECTION,
    TAEL__COL_MINOR, /* the amount; signed in some formats */
    TAEL__COL_IN,    /* two columns instead of a sign: what came */
    TAEL__COL_OUT,   /* and what went */
    TAEL__COL_CURRENCY,
    TAEL__COL_BALANCE,
    TAEL__COL_MERCHANT,
    TAEL__COL_ACCOUNT,
    TAEL__COL_ITEM,
    TAEL__COL_CATEGORY,
    TAEL__COL_TYPE,
    TAEL__COL_METHOD,
    TAEL__COL_CARD, /* the number of the owner's card, or its last digits */
    TAEL__COL_STATUS,
    TAEL__COL_ID,
    TAEL__COL_ORDER,
    TAEL__COL_NOTE,
    TAEL__COL_FUNDS,
    TAEL__COL_REFUNDED,
    TAEL__COL_FEE,   /* what the bank or the broker keeps */
    TAEL__COL_OTHER, /* a name that tells the format; nobody reads the column */
    TAEL__COLUMN_COUNT
} tael__column;

/* One name that a column may have. A column may stand in several rows: the first of them that the header has is it. */
typedef struct tael__column_name {
    tael__column column;
    const char *name; /* brackets half-width; blanks and the case of Latin letters don't matter */
    bool required;
} tael__column_name;

/* How 03/04/2026 reads. */
typedef enum tael__date_order { TAEL__YEAR_FIRST, TAEL__DAY_FIRST, TAEL__MONTH_FIRST } tael__date_order;

/* Which amounts are spending, when there is only a sign to tell. */
typedef enum tael__sign { TAEL__SIGN_OPEN, TAEL__MINUS_IS_SPENDING, TAEL__PLUS_IS_SPENDING } tael__sign;

/* What a bill says outside its rows. */
typedef struct tael__facts {
    int year, month;        /* "2024年01月" of a title; 0: none */
    char card_tail[8];      /* "5678" of "卡号: 1234****5678"; "" none */
    tael__date_order order; /* found by looking at all rows, for formats that leave it open */
    bool order_given;       /* by the owner */
    tael__sign sign;        /* likewise; open: minus is spending where there is a minus */
    bool negatives;         /* some amount has a minus, likewise */
    bool directions;        /* there is a column that says which way */
    char layout[20];        /* of a guessed format: its columns' names, so that two banks' rows stay two */
} tael__facts;

/* One row of a bill: every column's text, trimmed UTF-8, "" where the bill has none. Borrowed. */
typedef struct tael__cells {
    const char *text[TAEL__COLUMN_COUNT];
    const tael__facts *facts;
    char *scratch; /* TAEL__MAX_FIELD_BYTES + 1 for a text that the importer makes; lives as long as the cells */
} tael__cells;

/* What tells a row from all others. */
typedef enum tael__identity {
    TAEL__ID_OF_ROW,   /* external_id is its own, as wallets write it */
    TAEL__ID_OF_ORDER, /* external_id is the order's, which its refunds share: amount, kind and time tell them apart */
    TAEL__ID_NONE,     /* banks: all that the row says, and how many equal ones came before it in its file */
} tael__identity;

/* What it becomes. Texts borrowed from the cells. */
typedef struct tael__bill_row {
    int64_t time_ms;
    int32_t offset_minutes;
    tael_direction direction;
    tael__kind kind;
    tael__identity identity;
    int64_t minor;
    int64_t stated_minor; /* what the row itself says was given back; 0: nothing */
    int64_t fee_minor;    /* an expense besides `minor`: becomes a row of its own; 0: none */
    const char *merchant, *item, *category, *type, *method, *status, *external_id, *merchant_order, *account, *note;
    const char *key_type; /* part of the row's identity besides id, kind and amount; "" for most */
    char currency[8];     /* ISO 4217, or a coin's name; "" is CNY */
    char made_method[64]; /* where method points when it was made from a bank's name and a card's tail */
} tael__bill_row;

typedef struct tael__importer {
    const char *name; /* the source's name in the ledger */
    const char *what; /* for people, both languages in one */
    const tael__column_name *columns;
    size_t column_count;
    /* Fills *row; NULL, or why the row is skipped: a literal in this thread's language that names the field, never its
     * contents. */
    const char *(*next_row)(const tael__cells *cells, tael__bill_row *row);
    /* The rest is for few. */
    bool (*fits)(const int at[TAEL__COLUMN_COUNT]); /* more than `required` can say: at[column] is -1 when absent */
    size_t spare;                                   /* empty cells that a row may have past the end of its header */
    bool open_dates; /* the order of days and months is found from all rows before the first is read */
    /* For files without a header, whose columns stand in the order of `columns`: whether a row looks like theirs. Asked
     * of every row of the file, which all must. */
    bool (*shape)(const char *const *cell, size_t count);
    bool guessed; /* its columns are guessed from common names: asked last, and the report shows the guess */
} tael__importer;

#define IMPORTER(name) extern const tael__importer tael__importer_##name;
#include "ledger/import/importers.inc"
#undef IMPORTER

/* ---- Helpers that importers share (parse.c) ---- */

/* An amount as banks write it: `-1,234.56`, `CNY 123.18`, `8,000.00(CN)`, `+0.01`, `¥5`; blank or dashes are none. */
typedef struct tael__amount {
    int64_t minor; /* never negative */
    bool given, negative;
    char currency[4]; /* "" when the text has none */
} tael__amount;

bool tael__parse_money(int64_t *minor, const char *text); /* "1,234.56", a yen sign of either width before it; exact */
bool tael__parse_amount(tael__amount *amount, const char *text);
bool tael__parse_time(int64_t *ms, const char *text); /* "2026-11-20 08:12:37", also with / and without seconds */
/* A day with or without a clock behind it; `clock` from a column of its own, "" for none: "08:12:37", "081237". The day
 * is 2026-11-20, 2026/11/20, 2026.11.20, 2026年11月20日, 20261120, or 20/11/2026 in the order given. */
bool tael__parse_moment(int64_t *ms, const char *day, const char *clock, tael__date_order order);
/* "20/11/2026": its first two numbers; false for any other form. */
bool tael__parse_two_numbers(int *first, int *second, const char *text);
/* "CNY", "人民币", "美元(USD)"; "" is CNY. False: unknown, or its minor unit isn't a hundredth. */
bool tael__parse_currency(char currency[4], const char *text);
bool tael__ends_with(const char *text, const char *end);
bool tael__starts_with(const char *text, const char *start);
const char *tael__not_slash(const char *text); /* "" for the "/" that stands for nothing */
const char *tael__not_dash(const char *text);  /* "" for "/", "-", "--", ... that stand for nothing */
bool tael__unpaid(const char *status);         /* 等待付款, and all that failed */

/* The fields that wallets read alike: time, amount, texts. NULL or the reason. */
const char *tael__read_common(const tael__cells *cells, tael__bill_row *row);
/* 支出, 收入, 不计收支 and their like. */
bool tael__read_direction(tael_direction *direction, const char *text);
/* Whether a type is 支出, 收入 or their like; and whether it is one that is in no sum: 转账, 还款, transfer. */
bool tael__says_direction(const char *text);
bool tael__says_neutral(const char *text);
const char *tael__reason_direction(void);
const char *tael__reason_amount(void);

/* ---- What banks' rows share (bank.c) ---- */

typedef enum tael__amount_style {
    TAEL__AMOUNT_COLUMNS,  /* TAEL__COL_IN and TAEL__COL_OUT */
    TAEL__AMOUNT_SIGNED,   /* minus is money that went */
    TAEL__SPENDING_SIGNED, /* minus is money that came, as bills of credit cards have it */
    TAEL__AMOUNT_BY_WORD,  /* TAEL__COL_DIRECTION says: 借 Dr, 贷 Cr */
} tael__amount_style;

typedef struct tael__bank {
    const char *card;     /* as wallets write it: 招商银行信用卡; "" unknown */
    const char *currency; /* of rows that name none; NULL: CNY */
    bool credit;          /* a credit card: what comes is a repayment or a refund, not income */
    tael__amount_style style;
    tael__date_order order; /* of 03/04/2026 */
} tael__bank;

/* The whole row: day, amount, texts, what it means. merchant is the counterparty without the channel before it, item
 * the text as the bank has it (支付宝-…, 财付通-…), method the card with its tail, note the channel if the bank
 * has no note. The importer may correct what its format says better. */
const char *tael__bank_row(const tael__cells *cells, tael__bill_row *row, const tael__bank *bank);
/* Expense, income, neutral or refund, by what the row's words say. `in`: money came. */
void tael__bank_settle(tael__bill_row *row, const tael__bank *bank, bool in);

#endif
