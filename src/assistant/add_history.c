// SPDX-License-Identifier: Apache-2.0
// What is usual, from the ledger: of a merchant its category, its item and how it is paid; of a kind of thing, or of an
// hour, how it is paid. Usual is what most rows have, and at least half of them: else nothing is said.
#include <stdio.h>
#include <string.h>

#include "assistant/add.h"

#define ROWS_SEEN   200 /* newest first: habits change */
#define KINDS       32  /* different values that are counted of one field */
#define LEAST_ROWS  2   /* that make a habit of a merchant or a thing */
#define LEAST_HOURS 5   /* and of an hour, which says less */

typedef struct counts {
    char value[KINDS][256];
    size_t count[KINDS], kinds, all;
} counts;

static void count_value(counts *c, const char *value)
{
    if (!*value || strlen(value) >= sizeof c->value[0]) return;
    c->all++;
    for (size_t i = 0; i < c->kinds; i++)
        if (strcmp(c->value[i], value) == 0) {
            c->count[i]++;
            return;
        }
    if (c->kinds == KINDS) return;
    snprintf(c->value[c->kinds], sizeof c->value[0], "%s", value);
    c->count[c->kinds++] = 1;
}

static void usual(char *out, size_t cap, const counts *c, size_t least)
{
    size_t best = 0;
    for (size_t i = 1; i < c->kinds; i++)
        if (c->count[i] > c->count[best]) best = i;
    if (c->kinds == 0 || c->count[best] < least || 2 * c->count[best] < c->all || strlen(c->value[best]) >= cap) return;
    snprintf(out, cap, "%s", c->value[best]);
}

typedef struct habits {
    const char *exactly; /* not NULL: only rows of this merchant, not of all that hold its name: 妈妈 isn't 妈妈菜馆 */
    counts merchant, item, category, method;
} habits;

static int count_row(const tael_record *record, void *user)
{
    habits *h = user;
    if (record->refund || (h->exactly && strcmp(h->exactly, record->merchant) != 0)) return 0;
    count_value(&h->merchant, record->merchant);
    count_value(&h->item, record->item);
    count_value(&h->category, record->category);
    count_value(&h->method, record->method);
    return 0;
}

static tael_status ask(habits *h, tael_ledger *ledger, tael_filter filter, const char *exactly)
{
    memset(h, 0, sizeof *h);
    h->exactly = exactly;
    filter.size = sizeof filter;
    return tael_ledger_records(ledger, &filter, ROWS_SEEN, count_row, h, NULL);
}

tael_status tael__history_ask(tael__learned *learned, tael_ledger *ledger, const tael__said_names *names,
                              const char *method, int hour)
{
    tael_direction direction = names->refund ? TAEL_EXPENSE : names->direction;
    tael_status status = TAEL_OK;
    *learned = (tael__learned){0};
    habits *h = tael__alloc(sizeof *h);
    if (!h) return tael__fail_memory("habits", sizeof *h);
    if (names->merchant[0]) {
        status = ask(h, ledger, (tael_filter){.direction = direction, .merchant = names->merchant},
                     names->person ? names->merchant : NULL);
        size_t said = strlen(names->merchant); /* 瑞幸 is 瑞幸咖啡(国贸店), if that is the only one */
        if (h->merchant.kinds == 1 && strncmp(h->merchant.value[0], names->merchant, said) == 0)
            snprintf(learned->merchant, sizeof learned->merchant, "%s", h->merchant.value[0]);
        usual(learned->category, sizeof learned->category, &h->category, 1);
        usual(learned->item, sizeof learned->item, &h->item, LEAST_ROWS);
        usual(learned->method, sizeof learned->method, &h->method, LEAST_ROWS);
        if (strstr(learned->item, names->merchant)) learned->item[0] = '\0'; /* a bank's text: the shop once more */
    }
    bool wallet = strcmp(method, "支付宝") == 0 || strcmp(method, "微信") == 0; /* each pays from several accounts */
    if (method[0]) learned->method[0] = '\0';
    if (status == TAEL_OK && method[0] && !wallet) { /* 招商银行 is the one card of that bank that the ledger has */
        status = ask(h, ledger, (tael_filter){.method = method}, NULL);
        if (h->method.kinds == 1) snprintf(learned->method, sizeof learned->method, "%s", h->method.value[0]);
    } else if (status == TAEL_OK && !method[0] && !learned->method[0] && names->direction == TAEL_EXPENSE) {
        const char *terms[] = {names->item};
        if (names->item[0])
            status = ask(h, ledger, (tael_filter){.direction = direction, .any_terms = terms, .any_count = 1}, NULL);
        if (names->item[0]) usual(learned->method, sizeof learned->method, &h->method, LEAST_ROWS);
        if (status == TAEL_OK && !learned->method[0] && hour >= 0) {
            status = ask(h, ledger,
                         (tael_filter){.direction = direction, .hour_from = hour, .hour_to = (hour + 1) % 24}, NULL);
            usual(learned->method, sizeof learned->method, &h->method, LEAST_HOURS);
        }
    }
    tael__free(h);
    return status;
}
