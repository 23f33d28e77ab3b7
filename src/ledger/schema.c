// SPDX-License-Identifier: Apache-2.0
// The schema, as the list of steps that made it. Step n brings user_version from n to n + 1; steps are never changed
// once released, only added. Two processes at once: the second looks again inside the transaction and finds nothing to
// do.
#include <stdio.h>

#include "ledger/internal.h"

/* The cells of a row r with a sign (totals.h): its label's month, and its amount. */
#define CLASS(r) "(" r ".direction*16+" r ".kind*2+" r ".counted)"
#define MONTH(r) "(strftime('%Y'," r ".day*86400,'unixepoch')*12+strftime('%m'," r ".day*86400,'unixepoch')-1)"
#define SUMS(r, s)                                                                                          \
    s "1," s r ".minor," s "(" r ".minor-" r ".refunded_minor)," s "(" r ".minor>0)," s "(" r ".minor>" r   \
      ".refunded_minor) WHERE " r ".minor<100000000000 AND " r ".label<>0"                                  \
      " ON CONFLICT DO UPDATE SET rows=rows+excluded.rows,gross=gross+excluded.gross,net=net+excluded.net," \
      "gross_rows=gross_rows+excluded.gross_rows,net_rows=net_rows+excluded.net_rows;"
#define COUNT(r, s)                                                                               \
    "INSERT INTO totals SELECT " r                                                                \
    ".label," MONTH(r) "," CLASS(r) "," r ".currency," SUMS(r, s) "INSERT INTO amounts SELECT " r \
                                                                  ".minor," CLASS(r) "," r ".currency," SUMS(r, s)

static const char *const steps[] = {
    /* Numbers first: sums are read without touching the texts' overflow pages. `day` is the bill's local day since
     * 1970-01-01, so that days are compared without the zone. `stated_minor` is the refund that the purchase's own
     * status names, `joined_minor` what refund rows gave back; refunded_minor is the larger, at most minor. */
    "CREATE TABLE records("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " time_ms INTEGER NOT NULL, offset_minutes INTEGER NOT NULL, day INTEGER NOT NULL,"
    " direction INTEGER NOT NULL, kind INTEGER NOT NULL, counted INTEGER NOT NULL,"
    " minor INTEGER NOT NULL, refunded_minor INTEGER NOT NULL DEFAULT 0,"
    " stated_minor INTEGER NOT NULL DEFAULT 0, joined_minor INTEGER NOT NULL DEFAULT 0,"
    " refund_of INTEGER NOT NULL DEFAULT 0, exported_ms INTEGER NOT NULL DEFAULT 0,"
    " currency TEXT NOT NULL, source TEXT NOT NULL, merchant TEXT NOT NULL, item TEXT NOT NULL,"
    " category TEXT NOT NULL, type TEXT NOT NULL, method TEXT NOT NULL, status TEXT NOT NULL,"
    " external_id TEXT NOT NULL, merchant_order TEXT NOT NULL, account TEXT NOT NULL, note TEXT NOT NULL,"
    " key BLOB NOT NULL UNIQUE);"
    /* All that a sum needs, so that a query without words reads a tenth of the pages: each costs a decryption. */
    "CREATE INDEX records_time ON records(time_ms, id, day, direction, kind, counted, minor, refunded_minor, "
    "offset_minutes, currency);"
    "CREATE INDEX records_currency ON records(currency);" /* its first and last tell whether there is more than one */
    "CREATE INDEX records_external ON records(external_id) WHERE external_id<>'';"
    "CREATE INDEX records_order ON records(merchant_order) WHERE merchant_order<>'';"
    "CREATE INDEX records_kind ON records(kind, source, time_ms) WHERE kind<>0;"
    "CREATE INDEX records_stated ON records(source, stated_minor, merchant) WHERE stated_minor<>0;"
    "CREATE INDEX records_joined ON records(id) WHERE joined_minor>0;"
    "CREATE TABLE imports(id INTEGER PRIMARY KEY, imported_ms INTEGER NOT NULL, format TEXT NOT NULL,"
    " rows INTEGER NOT NULL, added INTEGER NOT NULL);",
    /* The owner's word on how a header's columns are read; and of each row that was read by a guess or by such a word,
     * which bytes it came from and how they were read: read otherwise, they replace it. */
    "CREATE TABLE mappings(id INTEGER PRIMARY KEY AUTOINCREMENT, header BLOB NOT NULL UNIQUE, names TEXT NOT NULL,"
    " mapping TEXT NOT NULL, made_ms INTEGER NOT NULL);"
    "CREATE TABLE guesses(id INTEGER PRIMARY KEY, file BLOB NOT NULL, reading TEXT NOT NULL, UNIQUE(file, reading));"
    "CREATE TABLE guessed(record INTEGER PRIMARY KEY, guess INTEGER NOT NULL);"
    "CREATE TRIGGER guessed_gone AFTER DELETE ON records BEGIN DELETE FROM guessed WHERE record=old.id; END;",
    /* What rows mean across sources. `brand` is the merchant without what hides it. `same_as` is the counted row that
     * shows the same payment; `pair_of` the row that this one was matched with and `pair_why` the evidence (match.h);
     * `said_direction` the bill's own, where a match made the row neutral. Decisions stand on keys, which survive the
     * rows. */
    "ALTER TABLE records ADD COLUMN brand TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE records ADD COLUMN same_as INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE records ADD COLUMN pair_of INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE records ADD COLUMN pair_why INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE records ADD COLUMN said_direction INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX records_pair ON records(pair_of) WHERE pair_of<>0;"
    "CREATE INDEX records_moved ON records(id) WHERE (pair_why&3)=2;"
    "CREATE TABLE merchant_aliases(name TEXT PRIMARY KEY, brand TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE match_decisions(a BLOB NOT NULL, b BLOB NOT NULL, decision INTEGER NOT NULL, PRIMARY KEY(a,b))"
    " WITHOUT ROWID;"
    "UPDATE records SET brand=tael_brand(merchant) WHERE merchant<>'';",
    /* Categories of the tree in src/habits, and what the owner said. The index is empty once an import has given every
       row its category. */
    "ALTER TABLE records ADD COLUMN category_id INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE records ADD COLUMN category_by INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX records_uncategorized ON records(id) WHERE category_by=0;"
    "CREATE TABLE corrections(id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, record INTEGER NOT NULL,"
    " only INTEGER NOT NULL, direction INTEGER NOT NULL, merchant TEXT NOT NULL, item TEXT NOT NULL,"
    " category TEXT NOT NULL, type TEXT NOT NULL, category_id INTEGER NOT NULL);",
    /* Labels (labels.h) and the sums kept for each of them (totals.h). A row with label 0 gets one at the end of its
     * transaction and is counted from then on; rows that come with one are counted by whoever stores them. */
    "ALTER TABLE records ADD COLUMN label INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE labels(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, whole INTEGER NOT NULL,"
    " currency TEXT NOT NULL, source TEXT NOT NULL, merchant TEXT NOT NULL, category TEXT NOT NULL,"
    " method TEXT NOT NULL, brand TEXT NOT NULL, category_id INTEGER NOT NULL, item TEXT NOT NULL, type TEXT NOT NULL, "
    "status TEXT NOT NULL, account TEXT NOT NULL,"
    " note TEXT NOT NULL, external_id TEXT NOT NULL DEFAULT '');" /* the last: filters name it */
    "CREATE TABLE totals(label INTEGER, month INTEGER, class INTEGER, currency TEXT NOT NULL, rows INTEGER NOT NULL,"
    " gross INTEGER NOT NULL, net INTEGER NOT NULL, gross_rows INTEGER NOT NULL, net_rows INTEGER NOT NULL,"
    " PRIMARY KEY(label,month,class)) WITHOUT ROWID;"
    "CREATE TABLE amounts(minor INTEGER, class INTEGER, currency TEXT, rows INTEGER NOT NULL, gross INTEGER NOT NULL,"
    " net INTEGER NOT NULL, gross_rows INTEGER NOT NULL, net_rows INTEGER NOT NULL,"
    " PRIMARY KEY(minor,class,currency)) WITHOUT ROWID;"
    "DROP INDEX records_currency;"
    "DROP INDEX records_time;"
    "CREATE INDEX records_time ON records(time_ms, id, day, direction, kind, counted, "
    "minor, refunded_minor, "
    "offset_minutes, currency, label);"
    "CREATE INDEX records_label ON records(label, time_ms);"
    "CREATE INDEX records_unlabelled ON records(id) WHERE label=0;"
    "CREATE INDEX records_huge ON records(minor) WHERE minor>=100000000000;"
    "CREATE TRIGGER records_go AFTER DELETE ON records WHEN old.label<>0 BEGIN " COUNT(
        "old", "-") " END;"
                    "CREATE TRIGGER records_change AFTER UPDATE OF "
                    "direction,kind,counted,minor,refunded_minor,day,label ON records"
                    " BEGIN " COUNT("old", "-")
                        COUNT("new", "+") " END;"
                                          "CREATE TRIGGER records_rename AFTER UPDATE OF "
                                          "currency,source,merchant,category,method,brand,category_id,item,type,"
                                          "status,account,"
                                          "note,external_id ON records WHEN old.label<>0 BEGIN "
                                          "UPDATE records SET label=0 WHERE id=new.id; END;",
    "CREATE TABLE consents(kind TEXT PRIMARY KEY, allowed INTEGER NOT NULL, changed_ms INTEGER NOT NULL)"
    " WITHOUT ROWID;", /* only what was decided: consent.c has the defaults */
    /* What is remembered for a while, such as the question before: in the store, because it tells of purchases. */
    "CREATE TABLE notes(name TEXT PRIMARY KEY, text TEXT NOT NULL, written_ms INTEGER NOT NULL) WITHOUT ROWID;",
    /* What the owner doesn't want habits to learn from: a brand, or a category. */
    "CREATE TABLE left_out(merchant TEXT NOT NULL, category_id INTEGER NOT NULL, PRIMARY KEY(merchant,category_id))"
    " WITHOUT ROWID;",
    /* Which records an import brought: ids only grow, and nothing else adds any meanwhile. Of earlier imports it isn't
     * known; theirs are 0. */
    "ALTER TABLE imports ADD COLUMN first_record INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE imports ADD COLUMN last_record INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE imports ADD COLUMN sample INTEGER NOT NULL DEFAULT 0;", /* a household that was made up */
    /* What left the device (disclosures.c). `sent` is empty once records were erased, which it may have shown. */
    "CREATE TABLE disclosures(id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, recipient TEXT NOT NULL,"
    " purpose TEXT NOT NULL, consent TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,"
    " previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, sent TEXT NOT NULL);",
};
#define NEWEST ((int64_t)(sizeof steps / sizeof *steps))

static tael_status check_version(tael_ledger *ledger, int64_t *version)
{
    TAEL_TRY(tael__sql_number(ledger, version, "PRAGMA user_version", TAEL_SAY("reading the version", "读取版本")));
    if (*version <= NEWEST && *version >= 0) return TAEL_OK;
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: it was written by a newer Tael (version %lld, this one knows %lld); install the newer Tael",
                 "%s：由更新版本的 Tael 写入（版本 %lld，当前支持 %lld）；请安装新版 Tael"),
        ledger->path, (long long)*version, (long long)NEWEST);
}

static tael_status take_steps(tael_ledger *ledger, int64_t newest)
{
    int64_t version;
    const char *doing = TAEL_SAY("preparing the store", "准备账本");
    TAEL_TRY(check_version(ledger, &version));
    bool rows = version > 0;
    for (; version < newest; version++) {
        char pragma[64];
        snprintf(pragma, sizeof pragma, "PRAGMA user_version=%lld", (long long)version + 1);
        TAEL_TRY(tael__sql_exec(ledger, steps[version], doing));
        TAEL_TRY(tael__sql_exec(ledger, pragma, doing));
    }
    return rows && newest == NEWEST ? tael__ledger_settle(ledger, NULL) : TAEL_OK;
}

tael_status tael__ledger_migrate(tael_ledger *ledger)
{
    int64_t version;
    TAEL_TRY(check_version(ledger, &version));
    if (version == NEWEST) return TAEL_OK;
    if (ledger->read_only)
        return tael__fail(TAEL_NOT_FOUND,
                          TAEL_SAY("%s: the ledger isn't ready for reading only; import a bill first",
                                   "%s：账本尚不能以只读方式打开；请先导入账单"),
                          ledger->path);
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, take_steps(ledger, NEWEST));
}

tael_status tael__ledger_make_old(tael_ledger *ledger, int64_t version)
{
    TAEL_ASSERT(version > 0 && version < NEWEST);
    return take_steps(ledger, version);
}
