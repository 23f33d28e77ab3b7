// SPDX-License-Identifier: Apache-2.0
// The owner's mapping of columns. A header is known by a hash of all its names; a mapping that was kept still has to
// find its own names in it, so that neither chance nor a hostile file can make it read another column.
#include "ledger/import/mapping.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"

#define KEEPING TAEL_SAY("keeping a mapping", "保存列映射")

static const struct {
    const char *name;
    tael__column column;
} fields[] = {
    {"time", TAEL__COL_TIME},         {"clock", TAEL__COL_CLOCK},       {"amount", TAEL__COL_MINOR},
    {"income", TAEL__COL_IN},         {"expense", TAEL__COL_OUT},       {"direction", TAEL__COL_DIRECTION},
    {"currency", TAEL__COL_CURRENCY}, {"merchant", TAEL__COL_MERCHANT}, {"item", TAEL__COL_ITEM},
    {"type", TAEL__COL_TYPE},         {"category", TAEL__COL_CATEGORY}, {"method", TAEL__COL_METHOD},
    {"card", TAEL__COL_CARD},         {"status", TAEL__COL_STATUS},     {"id", TAEL__COL_ID},
    {"account", TAEL__COL_ACCOUNT},   {"note", TAEL__COL_NOTE},
};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

/* ---- Reading what was said ---- */

/* The next character that isn't escaped by a backslash, at `text` or behind: '=' or a comma of either width, or the
 * end. Copies what stands before it. */
static const char *part(char *out, size_t cap, const char *text, bool until_equals)
{
    static const char wide[] = "，";
    size_t n = 0;
    while (*text == ' ') text++;
    for (; *text; text++) {
        if (until_equals && *text == '=') break;
        if (*text == ',' || strncmp(text, wide, sizeof wide - 1) == 0) break;
        if (*text == '\\' && text[1]) text++;
        if (n + 1 < cap) out[n++] = *text;
    }
    while (n > 0 && out[n - 1] == ' ') n--;
    out[n] = '\0';
    return text;
}

static tael_status fail_field(void)
{
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY(
            "mapping: a part isn't FIELD=COLUMN; write it as \"time=Date,amount=Sum,merchant=Shop\". Fields: time, "
            "clock, amount, income, expense, direction, currency, merchant, item, type, category, method, card, "
            "status, id, account, note; besides sign=minus|plus (which is spending), dates=dmy|mdy|ymd",
            "列映射：有一部分不是“字段=列名”；请写成 "
            "\"time=日期,amount=金额,merchant=商户\"。字段：time、clock、amount、"
            "income、expense、direction、currency、merchant、item、type、category、method、card、status、id、account、"
            "note；另有 sign=minus|plus（哪个是支出）、dates=dmy|mdy|ymd"));
}

static bool set_manner(tael__mapping *m, const char *field, const char *value)
{
    static const char *const orders[] = {"ymd", "dmy", "mdy"};
    if (strcmp(field, "sign") == 0) {
        m->sign = strcmp(value, "minus") == 0  ? TAEL__MINUS_IS_SPENDING
                  : strcmp(value, "plus") == 0 ? TAEL__PLUS_IS_SPENDING
                                               : TAEL__SIGN_OPEN;
        return m->sign != TAEL__SIGN_OPEN;
    }
    for (int i = 0; i < 3 && strcmp(field, "dates") == 0; i++)
        if (strcmp(value, orders[i]) == 0) {
            m->order = (tael__date_order)i;
            return m->order_given = true;
        }
    return false;
}

static bool set_field(tael__mapping *m, size_t *used, const char *field, const char *value)
{
    size_t n = strlen(value), i = 0;
    if (set_manner(m, field, value)) return true;
    while (i < FIELD_COUNT && strcmp(field, fields[i].name) != 0) i++;
    if (i == FIELD_COUNT || n == 0 || *used + n + 1 > sizeof m->names || m->at[fields[i].column] >= 0) return false;
    m->at[fields[i].column] = (int)*used;
    memcpy(m->names + *used, value, n + 1);
    *used += n + 1;
    return true;
}

tael_status tael__mapping_parse(tael__mapping *m, const char *text)
{
    char field[32], value[TAEL__MAPPING_BYTES];
    size_t used = 0;
    *m = (tael__mapping){.sign = TAEL__SIGN_OPEN};
    for (size_t i = 0; i < TAEL__COLUMN_COUNT; i++) m->at[i] = -1;
    if (strlen(text) >= sizeof m->text) return fail_field();
    snprintf(m->text, sizeof m->text, "%s", text);
    while (*text) {
        text = part(field, sizeof field, text, true);
        if (*text != '=') return fail_field();
        text = part(value, sizeof value, text + 1, false);
        if (!set_field(m, &used, field, value)) return fail_field();
        if (*text) text += *text == ',' ? 1 : strlen("，");
    }
    if (tael__importer_generic.fits(m->at)) return TAEL_OK;
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("mapping: too few fields; it needs time, amount (or both income and expense), and one of "
                 "merchant, item, type, note",
                 "列映射：字段不够；需要 time、amount（或 income 与 expense），以及 "
                 "merchant、item、type、note 之一"));
}

bool tael__mapping_match(const tael__mapping *m, tael__table *table, const char *const *cell, size_t count)
{
    int at[TAEL__COLUMN_COUNT];
    for (size_t c = 0; c < TAEL__COLUMN_COUNT; c++) {
        at[c] = -1;
        for (size_t i = 0; m->at[c] >= 0 && i < count && at[c] < 0; i++)
            if (cell[i][0] && tael__table_same_name(cell[i], m->names + m->at[c])) at[c] = (int)i;
        if (m->at[c] >= 0 && at[c] < 0) return false;
    }
    tael__table_take(table, &tael__importer_generic, at, cell, count);
    table->facts.sign = m->sign;
    table->facts.order = m->order;
    table->facts.order_given = m->order_given;
    return true;
}

/* ---- In the store ---- */

void tael__hash_bytes(uint8_t hash[TAEL__HEADER_HASH_BYTES], const void *bytes, size_t n)
{
    crypto_generichash(hash, TAEL__HEADER_HASH_BYTES, bytes, n, NULL, 0);
}

/* Of all names with their ends, the nameless last ones apart. */
static void hash_header(uint8_t hash[TAEL__HEADER_HASH_BYTES], const char *const *cell, size_t count)
{
    crypto_generichash_state state;
    while (count > 0 && cell[count - 1][0] == '\0') count--;
    crypto_generichash_init(&state, NULL, 0, TAEL__HEADER_HASH_BYTES);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, (const unsigned char *)cell[i], strlen(cell[i]) + 1);
    crypto_generichash_final(&state, hash, TAEL__HEADER_HASH_BYTES);
}

static void bind_hash(sqlite3_stmt *s, int at, const uint8_t hash[TAEL__HEADER_HASH_BYTES])
{
    sqlite3_bind_blob(s, at, hash, TAEL__HEADER_HASH_BYTES, SQLITE_STATIC);
}

tael_status tael__mapping_keep(tael_ledger *ledger, const tael__mapping *m, const char *const *cell, size_t count)
{
    uint8_t hash[TAEL__HEADER_HASH_BYTES];
    tael__buffer names = {.max = TAEL__MAX_CSV_LINE_BYTES + 2 * TAEL__MAX_CSV_FIELDS};
    sqlite3_stmt *s;
    hash_header(hash, cell, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) tael__buffer_text(&names, ", ");
        tael__buffer_text(&names, cell[i]);
    }
    tael_status status = names.failed;
    if (status == TAEL_OK)
        status = tael__sql_prepare(ledger, &s,
                                   "INSERT INTO mappings(header,names,mapping,made_ms) VALUES(?1,?2,?3,?4)"
                                   " ON CONFLICT(header) DO UPDATE SET mapping=?3,made_ms=?4 WHERE mapping<>?3",
                                   KEEPING);
    if (status == TAEL_OK) {
        bind_hash(s, 1, hash);
        sqlite3_bind_text(s, 2, names.data ? names.data : "", -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, m->text, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 4, tael__clock_wall_ms());
        status = tael__sql_run(ledger, s, KEEPING);
        sqlite3_finalize(s);
    }
    tael__buffer_free(&names);
    return status;
}

tael_status tael__mapping_find(tael_ledger *ledger, tael__mapping *m, bool *found, const char *const *cell,
                               size_t count)
{
    uint8_t hash[TAEL__HEADER_HASH_BYTES];
    sqlite3_stmt *s;
    *found = false;
    hash_header(hash, cell, count);
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT mapping FROM mappings WHERE header=?1", KEEPING));
    bind_hash(s, 1, hash);
    tael_status status = tael__sql_step(ledger, s, found, KEEPING);
    if (*found) *found = tael__mapping_parse(m, tael__sql_text(s, 0)) == TAEL_OK;
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_mappings(tael_ledger *ledger, tael_mapping_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row = true;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("mappings: a ledger and a function are needed", "列映射：需要账本和函数"));
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT id,names,mapping,made_ms FROM mappings ORDER BY id", KEEPING));
    tael_status status = TAEL_OK;
    while (status == TAEL_OK && (status = tael__sql_step(ledger, s, &row, KEEPING)) == TAEL_OK && row) {
        const tael_mapping mapping = {.id = sqlite3_column_int64(s, 0),
                                      .header = tael__sql_text(s, 1),
                                      .mapping = tael__sql_text(s, 2),
                                      .made_ms = sqlite3_column_int64(s, 3)};
        if (each(&mapping, user) != 0) break;
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_forget_mapping(tael_ledger *ledger, int64_t id)
{
    sqlite3_stmt *s;
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("mappings: a ledger is needed", "列映射：需要账本"));
    TAEL_TRY(tael__sql_prepare(ledger, &s, "DELETE FROM mappings WHERE id=?1", KEEPING));
    sqlite3_bind_int64(s, 1, id);
    tael_status status = tael__sql_run(ledger, s, KEEPING);
    sqlite3_finalize(s);
    if (status != TAEL_OK || sqlite3_changes64(ledger->db) == 1) return status;
    return tael__fail(TAEL_NOT_FOUND,
                      TAEL_SAY("mapping %lld: there is none; `tael import --mappings` lists them",
                               "列映射 %lld：不存在；`tael import --mappings` 可列出全部"),
                      (long long)id);
}

/* ---- Rows that were read by a guess or a mapping ---- */

tael_status tael__guess_open(tael_ledger *ledger, const uint8_t file[TAEL__HEADER_HASH_BYTES], const char *reading,
                             int64_t *guess, uint64_t *gone)
{
    static const char *const steps[] = {"DELETE FROM records WHERE id IN (SELECT record FROM guessed WHERE guess IN"
                                        " (SELECT id FROM guesses WHERE file=?1 AND reading<>?2))",
                                        "INSERT INTO guesses(file,reading) VALUES(?1,?2) ON CONFLICT DO NOTHING",
                                        "SELECT id FROM guesses WHERE file=?1 AND reading=?2"};
    tael_status status = TAEL_OK;
    *gone = 0;
    *guess = 0;
    for (int i = 0; i < 3 && status == TAEL_OK; i++) {
        sqlite3_stmt *s;
        bool row;
        TAEL_TRY(tael__sql_prepare(ledger, &s, steps[i], KEEPING));
        bind_hash(s, 1, file);
        sqlite3_bind_text(s, 2, reading, -1, SQLITE_STATIC);
        status = tael__sql_step(ledger, s, &row, KEEPING);
        if (status == TAEL_OK && i == 0) *gone = (uint64_t)sqlite3_changes64(ledger->db);
        if (status == TAEL_OK && row) *guess = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
    }
    return status;
}
