// SPDX-License-Identifier: Apache-2.0
/* A merchant's name as bills write it, and the brand behind it. */
#ifndef TAEL__LEDGER_MERCHANTS_H
#define TAEL__LEDGER_MERCHANTS_H

#include "ledger/internal.h"

#define TAEL__BRAND_BYTES (TAEL__MAX_FIELD_BYTES + 1)

/* The brand that `name` speaks of, without branch, company form, channel and numbers: "支付宝-金拱门(中国)有限公司" is
 * 麦当劳. Where that would leave nothing that tells it from others, the name stays as it is. Never empty for a name
 * that isn't blank, and the brand of a brand is itself. Names past TAEL__MAX_FIELD_BYTES are cut. About 2 us a name. */
void tael__merchant_brand(char out[TAEL__BRAND_BYTES], const char *name);

/* Whether the brand is only a channel of payment, 支付宝 or 银联, and no shop. */
bool tael__merchant_is_channel(const char *brand);

/* ---- What the owner taught (aliases.c) ---- */

/* The brand of names, remembered for the names of one import. */
typedef struct tael__brands {
    tael_ledger *ledger;
    sqlite3_stmt *taught; /* NULL: nothing is */
    struct tael__brand_place *places;
} tael__brands;

/* Inside a transaction; close it before that ends. */
tael_status tael__brands_open(tael__brands *brands, tael_ledger *ledger);
void tael__brands_close(tael__brands *brands);
/* *out is valid until the next call. */
tael_status tael__brands_find(tael__brands *brands, const char *merchant, const char **out);

#endif
