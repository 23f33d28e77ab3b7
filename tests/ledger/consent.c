// SPDX-License-Identifier: Apache-2.0
// Consents: nothing that leaves the device is allowed before its owner says so, a decision stays, and what can't be
// found out is no.
#include "bills.h"

static int check_default(const tael_consent *consent, void *user)
{
    ++*(int *)user;
    assert_int_equal(consent->allowed, !consent->leaves_device);
    assert_int_equal(consent->changed_ms, 0);
    assert_true(*consent->what != '\0');
    return 0;
}

static void what_leaves_the_device_is_off(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    bool allowed = true;
    int kinds = 0;
    uint64_t erased;
    assert_ok(tael_consent_list(ledger, check_default, &kinds));
    assert_true(kinds >= 5);
    assert_status(tael_consent_get(ledger, "everything", &allowed), TAEL_NOT_FOUND);
    assert_false(allowed);
    assert_status(tael_consent_set(ledger, "everything", true), TAEL_NOT_FOUND);
    assert_ok(tael_consent_set(ledger, "partner", true));
    assert_ok(tael_consent_set(ledger, "habits", false));
    assert_ok(tael_consent_get(ledger, "partner", &allowed));
    assert_true(allowed);
    assert_ok(tael_consent_get(ledger, "trial", &allowed));
    assert_false(allowed);
    assert_ok(tael_consent_get(ledger, "habits", &allowed));
    assert_false(allowed);
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, &erased)); /* everything: decisions too, back to what is private */
    kinds = 0;
    assert_ok(tael_consent_list(ledger, check_default, &kinds));
    assert_ok(tael__sql_exec(ledger, "DROP TABLE consents", "test"));
    assert_int_not_equal(tael_consent_get(ledger, "habits", &allowed), TAEL_OK);
    assert_false(allowed);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_leaves_the_device_is_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
