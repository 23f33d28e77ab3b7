// SPDX-License-Identifier: Apache-2.0
// What a service needs: imports that can be taken back, made-up bills that make way, lists piece by piece. A wrong undo
// leaves rows or sums behind, or takes others' rows; a wrong window loses a row or shows one twice.
#include "ledger/service.h"
#include "bills.h"

#define ROW(n, day, shop, sum)                                                                                         \
    "2026-10-" day " 08:00:00,餐饮美食," shop ",/,面,支出," sum ",余额,交易成功,20261001220000000000000000" n "\t,m" n \
    "\t,,\r\n"
#define REFUND(n, of, sum)                                                                                       \
    "2026-10-20 08:00:00,退款,小店,/,退款-面,不计收支," sum ",余额,退款成功,20261001220000000000000000" of "_" n \
    "\t,m" of "\t,,\r\n"

typedef struct seen {
    int64_t id[64];
    size_t count;
} seen;

static int note(const tael_record *record, void *user)
{
    seen *s = user;
    assert_true(s->count < 64);
    s->id[s->count++] = record->id;
    return 0;
}

typedef struct past {
    int64_t id, left, added;
    size_t count;
    bool sample;
} past;

static int newest(const tael__past_import *p, void *user)
{
    past *out = user;
    if (out->count++ == 0) {
        out->id = p->id;
        out->left = p->left;
        out->added = p->added;
        out->sample = p->sample;
    }
    return 0;
}

static past newest_import(tael_ledger *ledger)
{
    past p = {0};
    assert_ok(tael__ledger_imports(ledger, newest, &p));
    return p;
}

static uint64_t rows(tael_ledger *ledger)
{
    uint64_t total;
    assert_ok(tael_ledger_records(ledger, NULL, 1, NULL, NULL, &total));
    return total;
}

static void an_import_is_taken_back_and_only_it(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    uint64_t gone;
    put_bill(ledger, ALIPAY_HEADER ROW("01", "01", "小店", "30.00") ROW("02", "02", "大店", "5.00"), NULL);
    int64_t before = total(ledger, TAEL_EXPENSE);
    assert_int_equal(before, 3500);
    /* One row known, one new, and a refund of the first bill's purchase. */
    put_bill(ledger,
             ALIPAY_HEADER ROW("02", "02", "大店", "5.00") ROW("03", "03", "小店", "7.00") REFUND("9", "01", "10.00"),
             NULL);
    past p = newest_import(ledger);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.added, 2);
    assert_int_equal(p.left, 2);
    assert_false(p.sample);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 3500 + 700 - 1000);
    assert_ok(tael__ledger_undo_import(ledger, p.id, &gone));
    assert_int_equal(gone, 2);
    assert_int_equal(rows(ledger), 2);
    assert_int_equal(total(ledger, TAEL_EXPENSE), before); /* the refund is no longer joined */
    assert_int_equal(query(ledger, (tael_query){.group = TAEL_BY_MERCHANT, .no_records = true}).groups, 2);
    assert_status(tael__ledger_undo_import(ledger, p.id, &gone), TAEL_NOT_FOUND);
    assert_int_equal(rows(ledger), 2);
    put_bill(ledger, ALIPAY_HEADER ROW("03", "03", "小店", "7.00"), NULL); /* and it comes again */
    assert_int_equal(total(ledger, TAEL_EXPENSE), before + 700);
    /* A bill that brought nothing can be taken back as well: nothing goes. */
    put_bill(ledger, ALIPAY_HEADER ROW("01", "01", "小店", "30.00"), NULL);
    assert_ok(tael__ledger_undo_import(ledger, newest_import(ledger).id, &gone));
    assert_int_equal(gone, 0);
    assert_int_equal(rows(ledger), 3);
    tael_ledger_close(ledger);
}

static void put_with(tael_ledger *ledger, const char *text, tael_import_options o, tael_status want)
{
    tael_import_report report;
    o.size = sizeof o;
    assert_status(tael__ledger_import_bytes(ledger, "test", text, strlen(text), &o, &report), want);
    tael_import_report_free(&report);
}

static void made_up_bills_make_way_for_real_ones(void **state)
{
    bool sample;
    (void)state;
    tael_ledger *ledger = memory_ledger();
    uint64_t gone;
    put_with(ledger, ALIPAY_HEADER ROW("01", "01", "小店", "30.00"), (tael_import_options){.sample = true}, TAEL_OK);
    put_with(ledger, ALIPAY_HEADER ROW("02", "02", "大店", "5.00"), (tael_import_options){.sample = true}, TAEL_OK);
    assert_true(newest_import(ledger).sample);
    assert_ok(tael__ledger_has_sample(ledger, &sample));
    assert_true(sample);
    assert_int_equal(rows(ledger), 2);
    put_with(ledger, ALIPAY_HEADER ROW("03", "03", "小店", "7.00"), (tael_import_options){.dry_run = true}, TAEL_OK);
    put_with(ledger, "nothing", (tael_import_options){.size = 0}, TAEL_UNSUPPORTED);
    assert_int_equal(rows(ledger), 2); /* neither was a bill that stays */
    put_bill(ledger, ALIPAY_HEADER ROW("02", "02", "大店", "5.00") ROW("03", "03", "小店", "7.00"), NULL);
    assert_int_equal(rows(ledger), 2);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 1200);
    past p = newest_import(ledger);
    assert_int_equal(p.count, 1);
    assert_ok(tael__ledger_has_sample(ledger, &sample));
    assert_false(sample);
    assert_int_equal(p.added, 2); /* a row that the sample had too is the real bill's */
    assert_false(p.sample);
    /* By the owner's word alone. */
    put_with(ledger, ALIPAY_HEADER ROW("04", "04", "小店", "1.00"), (tael_import_options){.sample = true}, TAEL_OK);
    assert_ok(tael__ledger_undo_samples(ledger, &gone));
    assert_int_equal(gone, 1);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 1200);
    assert_ok(tael__ledger_undo_samples(ledger, &gone));
    assert_int_equal(gone, 0);
    tael_ledger_close(ledger);
}

static void windows_join_to_the_whole(void **state)
{
    (void)state;
    char text[16384];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", ALIPAY_HEADER);
    tael_ledger *ledger = memory_ledger();
    for (int i = 0; i < 60; i++) /* some of one second, where the number decides */
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "2026-10-%02d 08:00:%02d,餐饮美食,%s,/,面,支出,%d.00,余额,交易成功,2026100122000000000000%04d\t,,,\r\n",
            i / 6 + 1, i / 3 % 2, i % 4 ? "小店" : "大店", i + 1, i);
    put_bill(ledger, text, NULL);
    const tael_filter filters[] = {{.size = sizeof(tael_filter)},
                                   {.size = sizeof(tael_filter), .merchant = "大店"},
                                   {.size = sizeof(tael_filter), .text = "店", .min_minor = 1000},
                                   {.size = sizeof(tael_filter), .from = "2026-10-03", .to = "2026-10-05"}};
    for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
        seen whole = {.count = 0};
        uint64_t all, count;
        assert_ok(tael_ledger_records(ledger, &filters[f], 0, note, &whole, &all));
        assert_true(whole.count > 10);
        for (uint64_t limit = 1; limit <= 20; limit += 6) {
            seen joined = {.count = 0};
            for (uint64_t at = 0; at < whole.count + limit; at += limit) {
                size_t before = joined.count;
                assert_ok(
                    tael__ledger_records_from(ledger, &filters[f], at, limit, note, &joined, at % 2 ? &count : NULL));
                if (at % 2) assert_int_equal(count, all);
                assert_true(joined.count - before <= limit);
            }
            assert_int_equal(joined.count, whole.count);
            assert_memory_equal(joined.id, whole.id, whole.count * sizeof *whole.id);
        }
        seen rest = {.count = 0};
        assert_ok(tael__ledger_records_from(ledger, &filters[f], 3, 0, note, &rest, NULL));
        assert_int_equal(rest.count, whole.count - 3);
        assert_memory_equal(rest.id, whole.id + 3, rest.count * sizeof *rest.id);
    }
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_import_is_taken_back_and_only_it),
        cmocka_unit_test(made_up_bills_make_way_for_real_ones),
        cmocka_unit_test(windows_join_to_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
