// SPDX-License-Identifier: Apache-2.0
// What left the device. Consent is read and the line is written in one transaction before anything leaves, so nothing
// goes without either. Each line holds the digest of the line before it (Haber and Stornetta 1991): an edit, or a line
// taken from between, is seen by whoever reads the log again. The chain holds the digest of what was sent, not the
// bytes: erasing records takes these, and the chain stays whole.
#include <sodium.h>
#include <string.h>

#include "base/date.h"
#include "base/utf8.h"
#include "ledger/internal.h"

#define DIGEST_BYTES (2 * crypto_hash_sha256_BYTES + 1) /* in hexadecimal, with the NUL */
#define LOGGING      TAEL_SAY("writing the disclosure log", "写入披露记录")
#define READING      TAEL_SAY("reading the disclosure log", "读取披露记录")

static void digest(char out[DIGEST_BYTES], const void *bytes, size_t n)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, bytes, n);
    sodium_bin2hex(out, DIGEST_BYTES, hash, sizeof hash);
}

/* Over all of the line but its number; texts end with their NUL, so that no two lines run together. */
static void chain(char out[DIGEST_BYTES], const tael_disclosure *d)
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    char numbers[64];
    const char *const texts[] = {d->previous, numbers, d->recipient, d->purpose, d->consent, d->sha256};
    snprintf(numbers, sizeof numbers, "%lld,%llu", (long long)d->time_ms, (unsigned long long)d->bytes);
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        crypto_hash_sha256_update(&state, (const uint8_t *)texts[i], strlen(texts[i]) + 1);
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(out, DIGEST_BYTES, hash, sizeof hash);
}

/* ---- Writing ---- */

static tael_status read_last(tael_ledger *ledger, char previous[DIGEST_BYTES])
{
    sqlite3_stmt *s;
    bool row = false;
    previous[0] = '\0';
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT hash FROM disclosures ORDER BY id DESC LIMIT 1", LOGGING));
    tael_status status = tael__sql_step(ledger, s, &row, LOGGING);
    if (row) snprintf(previous, DIGEST_BYTES, "%s", tael__sql_text(s, 0));
    sqlite3_finalize(s);
    return status;
}

static tael_status insert(tael_ledger *ledger, const tael_disclosure *d)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "INSERT INTO disclosures(time_ms,recipient,purpose,consent,bytes,sha256,previous,hash,"
                               "sent) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
                               LOGGING));
    sqlite3_bind_int64(s, 1, d->time_ms);
    sqlite3_bind_int64(s, 5, (int64_t)d->bytes);
    const char *const texts[] = {d->recipient, d->purpose, d->consent, d->sha256, d->previous, d->hash};
    static const int at[] = {2, 3, 4, 6, 7, 8};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) sqlite3_bind_text(s, at[i], texts[i], -1, SQLITE_STATIC);
    sqlite3_bind_text64(s, 9, d->sent, d->bytes, SQLITE_STATIC, SQLITE_UTF8);
    tael_status status = tael__sql_run(ledger, s, LOGGING);
    sqlite3_finalize(s);
    return status;
}

static tael_status write_line(tael_ledger *ledger, const tael_disclosure *said)
{
    char sha256[DIGEST_BYTES], previous[DIGEST_BYTES], hash[DIGEST_BYTES];
    bool allowed;
    tael_disclosure d = *said;
    TAEL_TRY(tael_consent_get(ledger, d.consent, &allowed));
    if (!allowed)
        return tael__fail(TAEL_DENIED,
                          TAEL_SAY("%s: the owner doesn't allow this; they can: tael consent %s on",
                                   "%s：所有者未允许；如需允许：tael consent %s on"),
                          d.consent, d.consent);
    TAEL_TRY(read_last(ledger, previous));
    digest(sha256, d.sent, d.bytes);
    d.time_ms = tael__clock_wall_ms();
    d.sha256 = sha256;
    d.previous = previous;
    chain(hash, &d);
    d.hash = hash;
    return insert(ledger, &d);
}

tael_status tael_ledger_disclose(tael_ledger *ledger, const tael_disclosure *d)
{
    if (!ledger || !d || !d->recipient || !d->purpose || !d->consent || !d->sent ||
        strlen(d->recipient) > TAEL__MAX_FIELD_BYTES || strlen(d->purpose) > TAEL__MAX_FIELD_BYTES)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("disclosure: recipient, purpose, consent and what is sent are needed",
                                                "披露：需要对象、用途、授权和发送内容"));
    if (memchr(d->sent, '\0', d->bytes) || !tael__utf8_valid(d->sent, d->bytes))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("disclosure: what is sent must be UTF-8 without NUL",
                                                "披露：发送内容须为不含 NUL 的 UTF-8"));
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, write_line(ledger, d));
}

/* ---- Reading ---- */

static void read_line(tael_disclosure *d, sqlite3_stmt *s)
{
    *d = (tael_disclosure){.id = sqlite3_column_int64(s, 0),
                           .time_ms = sqlite3_column_int64(s, 1),
                           .recipient = tael__sql_text(s, 2),
                           .purpose = tael__sql_text(s, 3),
                           .consent = tael__sql_text(s, 4),
                           .bytes = (uint64_t)sqlite3_column_int64(s, 5),
                           .sha256 = tael__sql_text(s, 6),
                           .previous = tael__sql_text(s, 7),
                           .hash = tael__sql_text(s, 8),
                           .sent = tael__sql_text(s, 9)};
}

tael_status tael_ledger_disclosures(tael_ledger *ledger, tael_disclosure_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row, stopped = false;
    tael_disclosure d;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("disclosures: a ledger and a function are needed", "披露：需要账本和回调函数"));
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT id,time_ms,recipient,purpose,consent,bytes,sha256,previous,hash,sent FROM"
                               " disclosures ORDER BY id DESC",
                               READING));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    while (status == TAEL_OK && row && !stopped) {
        read_line(&d, s);
        stopped = each(&d, user) != 0;
        if (!stopped) status = tael__sql_step(ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    return status;
}

static bool holds(const tael_disclosure *d, size_t sent_bytes)
{
    char expected[DIGEST_BYTES];
    chain(expected, d);
    if (strcmp(expected, d->hash) != 0) return false;
    if (sent_bytes == 0) return true; /* taken when records were erased */
    digest(expected, d->sent, sent_bytes);
    return sent_bytes == d->bytes && strcmp(expected, d->sha256) == 0;
}

/* A line follows one that came before it, or begins a chain: an export that is read into a ledger with lines of its own
 * brings a second. */
tael_status tael_ledger_verify_disclosures(tael_ledger *ledger, uint64_t *lines, int64_t *broken)
{
    sqlite3_stmt *s;
    bool row;
    tael_disclosure d;
    if (!ledger || !lines || !broken)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("disclosures: a ledger and two places are needed", "披露：需要账本和存放位置"));
    *lines = 0;
    *broken = 0;
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "SELECT id,time_ms,recipient,purpose,consent,bytes,sha256,previous,hash,sent,previous='' OR EXISTS"
        "(SELECT 1 FROM disclosures p WHERE p.hash=d.previous AND p.id<d.id) FROM disclosures d ORDER BY id",
        READING));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    while (status == TAEL_OK && row && !*broken) {
        read_line(&d, s);
        ++*lines;
        if (!holds(&d, (size_t)sqlite3_column_bytes(s, 9)) || !sqlite3_column_int(s, 10)) *broken = d.id;
        status = tael__sql_step(ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    return status;
}
