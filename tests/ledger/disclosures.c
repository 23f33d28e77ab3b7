// SPDX-License-Identifier: Apache-2.0
// The disclosure log: nothing leaves without consent and a line, every edit is found, and erasing takes what was sent
// but not that it was sent. A log that trusted its own digests would miss the edits made here by SQL.
#include <unistd.h>

#include "bills.h"

#define SENT "{\"minor\":3200,\"merchant\":\"星巴克\"}"

static const tael_disclosure said = {
    .recipient = "Helper 1.0", .purpose = "spend", .consent = "assistants", .sent = SENT, .bytes = sizeof SENT - 1};

typedef struct seen {
    int count;
    char recipient[64], sent[128], previous[65], hash[65], sha256[65];
} seen;

static int keep_newest(const tael_disclosure *d, void *user)
{
    seen *s = user;
    if (s->count++ > 0) return 0;
    snprintf(s->recipient, sizeof s->recipient, "%s", d->recipient);
    snprintf(s->sent, sizeof s->sent, "%s", d->sent);
    snprintf(s->previous, sizeof s->previous, "%s", d->previous);
    snprintf(s->hash, sizeof s->hash, "%s", d->hash);
    snprintf(s->sha256, sizeof s->sha256, "%s", d->sha256);
    return 0;
}

static seen newest(tael_ledger *ledger)
{
    seen s = {0};
    assert_ok(tael_ledger_disclosures(ledger, keep_newest, &s));
    return s;
}

static int64_t broken_line(tael_ledger *ledger, uint64_t lines)
{
    uint64_t count;
    int64_t broken;
    assert_ok(tael_ledger_verify_disclosures(ledger, &count, &broken));
    if (!broken) assert_int_equal(count, lines);
    return broken;
}

static void disclose(tael_ledger *ledger, int times)
{
    for (int i = 0; i < times; i++) assert_ok(tael_ledger_disclose(ledger, &said));
}

static void nothing_leaves_without_consent(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    assert_status(tael_ledger_disclose(ledger, &said), TAEL_DENIED);
    assert_non_null(strstr(tael_error(), "tael consent assistants on"));
    assert_int_equal(newest(ledger).count, 0);
    assert_ok(tael_consent_set(ledger, "assistants", true));
    disclose(ledger, 2);
    assert_ok(tael_consent_set(ledger, "assistants", false));
    assert_status(tael_ledger_disclose(ledger, &said), TAEL_DENIED);
    assert_int_equal(newest(ledger).count, 2);
    tael_disclosure other = said;
    other.consent = "everything";
    assert_status(tael_ledger_disclose(ledger, &other), TAEL_NOT_FOUND);
    other = said;
    other.sent = "a\0b";
    other.bytes = 3;
    assert_status(tael_ledger_disclose(ledger, &other), TAEL_MISUSE);
    tael_ledger_close(ledger);
}

static void a_line_holds_what_was_sent_and_the_line_before(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    assert_ok(tael_consent_set(ledger, "assistants", true));
    disclose(ledger, 1);
    seen first = newest(ledger);
    assert_string_equal(first.recipient, "Helper 1.0");
    assert_string_equal(first.sent, SENT);
    /* printf '{"minor":3200,"merchant":"星巴克"}' | sha256sum */
    assert_string_equal(first.sha256, "7e6dbb6f9f75ad2252fbe8dc26ae35053910984e2b3e3362cf988a8a7d2c7d11");
    assert_string_equal(first.previous, "");
    disclose(ledger, 1);
    seen second = newest(ledger);
    assert_string_equal(second.previous, first.hash);
    assert_string_not_equal(second.hash, first.hash);
    assert_int_equal(broken_line(ledger, 2), 0);
    tael_ledger_close(ledger);
}

static void every_edit_is_found(void **state)
{
    (void)state;
    static const char *const edits[] = {"UPDATE disclosures SET recipient='Other' WHERE id=2",
                                        "UPDATE disclosures SET purpose='ask' WHERE id=2",
                                        "UPDATE disclosures SET consent='partner' WHERE id=2",
                                        "UPDATE disclosures SET time_ms=time_ms+1 WHERE id=2",
                                        "UPDATE disclosures SET bytes=bytes-1 WHERE id=2",
                                        "UPDATE disclosures SET sent='{}' WHERE id=2",
                                        "UPDATE disclosures SET sha256=hash WHERE id=2",
                                        "UPDATE disclosures SET previous='' WHERE id=2",
                                        "UPDATE disclosures SET hash=upper(hash) WHERE id=2",
                                        "DELETE FROM disclosures WHERE id=1",
                                        "DELETE FROM disclosures WHERE id=2"};
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        tael_ledger *ledger = memory_ledger();
        assert_ok(tael_consent_set(ledger, "assistants", true));
        disclose(ledger, 3);
        assert_int_equal(broken_line(ledger, 3), 0);
        assert_ok(tael__sql_exec(ledger, edits[i], "test"));
        assert_int_not_equal(broken_line(ledger, 0), 0);
        tael_ledger_close(ledger);
    }
}

static void erasing_takes_the_bytes_and_keeps_the_line(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    uint64_t erased;
    assert_ok(tael_consent_set(ledger, "assistants", true));
    disclose(ledger, 2);
    assert_ok(tael_ledger_erase(ledger, "alipay", NULL, &erased));
    seen left = newest(ledger);
    assert_int_equal(left.count, 2);
    assert_string_equal(left.sent, "");
    assert_int_equal(broken_line(ledger, 2), 0);
    disclose(ledger, 1);
    assert_int_equal(broken_line(ledger, 3), 0);
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, &erased));
    assert_int_equal(newest(ledger).count, 0);
    tael_ledger_close(ledger);
}

static void an_export_brings_the_lines_back(void **state)
{
    (void)state;
    char *base = temp_folder(), out[1024];
    size_t bytes;
    snprintf(out, sizeof out, "%s/out", base);
    tael_ledger *ledger = memory_ledger(), *other = memory_ledger();
    tael_import_report report;
    uint64_t records;
    assert_ok(tael_consent_set(ledger, "assistants", true));
    assert_ok(tael_consent_set(other, "assistants", true));
    disclose(ledger, 3);
    seen before = newest(ledger);
    assert_ok(tael_ledger_export(ledger, out, &records));
    char file[1100];
    snprintf(file, sizeof file, "%s/disclosures.json", out);
    char *json = fixture(file, &bytes);
    assert_non_null(strstr(json, "星巴克"));
    tael__free(json);
    disclose(other, 1); /* it has a line of its own */
    for (int twice = 0; twice < 2; twice++) {
        assert_ok(tael_ledger_import(other, out, NULL, &report));
        tael_import_report_free(&report);
        seen after = newest(other);
        assert_int_equal(after.count, 4);
        assert_string_equal(after.hash, before.hash);
        assert_string_equal(after.sent, "");
        assert_int_equal(broken_line(other, 4), 0);
    }
    disclose(other, 1);
    assert_int_equal(broken_line(other, 5), 0);
    tael_ledger_close(ledger);
    tael_ledger_close(other);
    temp_remove(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_without_consent),
        cmocka_unit_test(a_line_holds_what_was_sent_and_the_line_before),
        cmocka_unit_test(every_edit_is_found),
        cmocka_unit_test(erasing_takes_the_bytes_and_keeps_the_line),
        cmocka_unit_test(an_export_brings_the_lines_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
