// SPDX-License-Identifier: Apache-2.0
// What the owner taught stands apart from the records and names them by their keys, which are the same in every ledger;
// their numbers aren't.
#include "ledger/learned.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const tael__learned tables[] = {
    {"names.csv", "merchant_name,brand", "tt", "SELECT name,brand FROM merchant_aliases",
     "INSERT INTO merchant_aliases(name,brand) VALUES(?1,?2) ON CONFLICT DO NOTHING",
     "UPDATE records SET brand=n.brand FROM (SELECT r.id,a.brand FROM records r JOIN merchant_aliases a"
     " ON a.name=tael_fold(tael_brand(r.merchant)) WHERE r.merchant<>'') n WHERE n.id=records.id AND"
     " n.brand<>records.brand",
     true},
    {"decisions.csv", "key_a,key_b,decision", "kkn", "SELECT lower(hex(a)),lower(hex(b)),decision FROM match_decisions",
     "INSERT INTO match_decisions(a,b,decision) SELECT ?1,?2,?3 WHERE ?1<?2 AND ?3<=3 ON CONFLICT DO NOTHING", NULL,
     true},
    /* Of one record only: gone with it. */
    {"corrections.csv", "record_key,only,direction,merchant,item,category,type,category_id,time_ms", "Knnttttnn",
     "SELECT coalesce((SELECT lower(hex(r.key)) FROM records r WHERE r.id=c.record),''),only,direction,merchant,item,"
     "category,type,category_id,time_ms FROM corrections c ORDER BY c.id",
     "INSERT INTO corrections(record,only,direction,merchant,item,category,type,category_id,time_ms)"
     " SELECT coalesce((SELECT id FROM records WHERE key=?1),0),?2,?3,?4,?5,?6,?7,?8,?9"
     " WHERE (?2=0 OR ?2=1 AND EXISTS(SELECT 1 FROM records WHERE key=?1)) AND ?3 BETWEEN 1 AND 3 AND ?8>0"
     " AND NOT EXISTS(SELECT 1 FROM corrections c WHERE c.only=?2 AND iif(?2,c.record=(SELECT id FROM records WHERE"
     " key=?1),c.merchant=?4 AND c.item=?5 AND c.direction=?3))",
     NULL, false},
    {"mappings.csv", "header_hash,names,mapping,made_ms", "kttn",
     "SELECT lower(hex(header)),names,mapping,made_ms FROM mappings ORDER BY id",
     "INSERT INTO mappings(header,names,mapping,made_ms) VALUES(?1,?2,?3,?4) ON CONFLICT(header) DO NOTHING", NULL,
     false},
    {"left_out.csv", "left_out_merchant,left_out_category", "tn", "SELECT merchant,category_id FROM left_out",
     "INSERT INTO left_out(merchant,category_id) SELECT ?1,?2 WHERE (?1='')<>(?2=0) ON CONFLICT DO NOTHING", NULL,
     false},
    /* Not taught, but theirs as well. What was sent can have any length: disclosures.json holds it. */
    {"disclosures.csv", "sent_ms,recipient,purpose,consent,bytes,sha256,previous,hash", "ntttnttt",
     "SELECT time_ms,recipient,purpose,consent,bytes,sha256,previous,hash FROM disclosures ORDER BY id",
     "INSERT INTO disclosures(time_ms,recipient,purpose,consent,bytes,sha256,previous,hash,sent)"
     " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,'') ON CONFLICT(hash) DO NOTHING",
     NULL, false},
};

const tael__learned *tael__learned_at(size_t i)
{
    return i < sizeof tables / sizeof *tables ? &tables[i] : NULL;
}

static bool bind_key(sqlite3_stmt *write, int at, const char *text)
{
    uint8_t key[16];
    size_t got = 0;
    const char *end;
    return sodium_hex2bin(key, sizeof key, text, strlen(text), NULL, &got, &end) == 0 && got == sizeof key &&
           *end == '\0' && sqlite3_bind_blob(write, at, key, sizeof key, SQLITE_TRANSIENT) == SQLITE_OK;
}

static bool bind_number(sqlite3_stmt *write, int at, const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n > 0 && n <= 18 && text[n] == '\0' && sqlite3_bind_int64(write, at, strtoll(text, NULL, 10)) == SQLITE_OK;
}

static bool bind_text(sqlite3_stmt *write, int at, const char *text)
{
    size_t n = strlen(text);
    return n <= TAEL__MAX_FIELD_BYTES && tael__utf8_valid(text, n) &&
           sqlite3_bind_text(write, at, text, (int)n, SQLITE_STATIC) == SQLITE_OK;
}

bool tael__learned_bind(const tael__learned *table, sqlite3_stmt *write, const char *const *cell, size_t count)
{
    sqlite3_clear_bindings(write);
    if (count != strlen(table->shape)) return false;
    for (size_t i = 0; i < count; i++) {
        int at = (int)i + 1;
        char shape = table->shape[i];
        if (shape == 'K' && cell[i][0] == '\0') continue; /* NULL: no record */
        bool fine = shape == 't'   ? bind_text(write, at, cell[i])
                    : shape == 'n' ? bind_number(write, at, cell[i])
                                   : bind_key(write, at, cell[i]);
        if (!fine) return false;
    }
    return true;
}
