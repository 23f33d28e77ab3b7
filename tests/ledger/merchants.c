// SPDX-License-Identifier: Apache-2.0
// Names to brands. A rule that takes too much turns a person or "便利店" into nothing or two shops into one; one that
// takes too little leaves a shop five times in a list. Twice must be once, or a brand would change when it is typed in.
#include "ledger/merchants.h"
#include "bills.h"

static const char *brand_of(const char *name)
{
    static char out[TAEL__BRAND_BYTES];
    tael__merchant_brand(out, name);
    return out;
}

static void names_lose_what_hides_the_brand(void **state)
{
    (void)state;
    static const struct {
        const char *name, *brand;
    } cases[] = {
        {"星巴克(春熙路店)", "星巴克"},
        {"老妈蹄花（春熙路店）", "老妈蹄花"},
        {"云膳过桥米线(传奇广场店)", "云膳过桥米线"},
        {"望江楼·成都太古里店", "望江楼"},
        {"陈记烧烤-001店", "陈记烧烤"},
        {"张亮麻辣烫第123分店", "张亮麻辣烫"},
        {"支付宝-金拱门(中国)有限公司", "麦当劳"},
        {"财付通-拼多多平台商户", "拼多多"},
        {"财付通-餐馆", "餐馆"},
        {"钱袋宝支付-大众点评App美团神会员CHN", "大众点评"},
        {"上海拉扎斯信息科技有限公司", "饿了么"},
        {"北京三快在线科技有限公司", "美团"},
        {"美团平台商户", "美团"},
        {"北京京东世纪贸易有限公司", "京东"},
        {"京东商城业务CHN", "京东"},
        {"深圳市腾讯计算机系统有限公司", "腾讯"},
        {"深圳市财付通支付科技有限公司", "财付通"},
        {"luckin coffee", "瑞幸咖啡"},
        {"ＬＵＣＫＩＮ　ＣＯＦＦＥＥ", "瑞幸咖啡"},
        {"瑞幸咖啡 春熙路店", "瑞幸咖啡"},
        {"北京百度网讯科技有限公司", "百度"},
        {"成都老陈餐饮管理有限公司", "老陈"},
        {"深圳市锦绣花园科技有限责任公司", "锦绣花园"},
        {"国网电力有限公司99999999999999", "国家电网"},
        {"广东联合电子收费股份", "广东联合电子收费股份"},
        {"上海公共交通卡股份有限CHN", "上海公共交通卡"},
        {"上海银行股份有限公司", "上海银行"},
        {"王记小吃店（个体工商户）", "王记小吃店"},
        {"小米官方旗舰店", "小米"},
        {"花西子官方旗舰店", "花西子"},
        {"STARBUCKS #1234 SEATTLE WA", "星巴克"},
        {"SQ *BLUE BOTTLE COFFEE", "Blue Bottle Coffee"},
        {"PAYPAL *STEAM GAMES", "Steam"},
        {"AMZN Mktp US*2X3", "Amazon"},
        {"YAHUI CATERING CO.,LTD.", "Yahui Catering"},
        {"T&T SUPERMARKET #026 SURREY BC", "T&T Supermarket"},
        {"COSTCO WHOLESALE W54 SURREY BC", "Costco"},
        {"SALES:   MCDONALDS", "麦当劳"},
        {"Acme Trading Pte. Ltd.", "Acme Trading"},
        {"张三 66666666666666", "张三"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(brand_of(cases[i].name), cases[i].brand);
}

static void what_is_only_a_person_or_a_trade_stays(void **state)
{
    (void)state;
    static const char *const names[] = {"张三",
                                        "李",
                                        "便利店",
                                        "店",
                                        "餐饮有限公司",
                                        "科技有限公司",
                                        "书店",
                                        "猫的天空之城-概念书店",
                                        "(个体工商户)",
                                        "支付宝-",
                                        "一号店",
                                        "123456789",
                                        "x4***6",
                                        "有限公司",
                                        "#1",
                                        "阿明-水果店",
                                        "店小二",
                                        "上海",
                                        "🍜",
                                        "美",
                                        "房东",
                                        "老王 烧烤店",
                                        "李永辉",
                                        "王姐(水果店)",
                                        "来去自如客栈",
                                        "欢喜茶楼",
                                        "购物美食城",
                                        "Steamed Buns",
                                        "A",
                                        "M&G"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_string_equal(brand_of(names[i]), names[i]);
}

static void a_brand_is_its_own_brand(void **state)
{
    (void)state;
    static const char *const brands[] = {
#define MERCHANT(how, name, brand) brand,
#include "ledger/merchants.inc"
#undef MERCHANT
    };
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) assert_string_equal(brand_of(brands[i]), brands[i]);
}

/* Names put together at random from what the rules look for: each must keep something, and twice must be once. */
static void any_name_keeps_something_and_twice_is_once(void **state)
{
    (void)state;
    static const char *const parts[] = {"支付宝",
                                        "-",
                                        "财付通",
                                        "有限公司",
                                        "有限",
                                        "股份",
                                        "科技",
                                        "(",
                                        ")",
                                        "（",
                                        "）",
                                        "店",
                                        "第",
                                        "12",
                                        "分店",
                                        "北京",
                                        "深圳市",
                                        "张三",
                                        "A",
                                        "abc",
                                        "SQ *",
                                        "CHN",
                                        " #12",
                                        "Co., Ltd",
                                        ",",
                                        "inc",
                                        " ",
                                        "　",
                                        "·",
                                        "餐饮",
                                        "美团",
                                        "１２３４５６",
                                        "*",
                                        "LLC",
                                        "中国",
                                        "官方旗舰店",
                                        "书店",
                                        "贸易",
                                        "Ｑ",
                                        "é",
                                        "🍜",
                                        "PAYPAL *",
                                        "123456",
                                        "路",
                                        "(个体工商户)",
                                        "集团",
                                        "分公司",
                                        "PTE",
                                        "CAFE",
                                        "'s"};
    const size_t count = sizeof parts / sizeof *parts;
    uint64_t seed = 20261128;
    char name[512], once[TAEL__BRAND_BYTES], twice[TAEL__BRAND_BYTES];
    for (int n = 0; n < 200000; n++) {
        bool solid = false;
        name[0] = '\0';
        for (uint64_t left = 1 + (seed >> 33) % 9; left > 0; left--) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const char *part = parts[(seed >> 33) % count];
            solid |= strcmp(part, " ") != 0 && strcmp(part, "　") != 0;
            strcat(name, part);
        }
        tael__merchant_brand(once, name);
        tael__merchant_brand(twice, once);
        if (solid && !once[0]) fail_msg("nothing is left of \"%s\"", name);
        if (strcmp(once, twice) != 0) fail_msg("\"%s\" is \"%s\" and then \"%s\"", name, once, twice);
    }
}

/* Names come from the command line, too: any bytes, and longer than any field. */
static void any_bytes_are_a_name(void **state)
{
    (void)state;
    uint64_t seed = 7;
    char name[3000], once[TAEL__BRAND_BYTES], twice[TAEL__BRAND_BYTES];
    for (int n = 0; n < 20000; n++) {
        size_t bytes = n % 100 ? (size_t)n % 40 : 2990;
        for (size_t i = 0; i < bytes; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            name[i] = (char)(1 + (seed >> 33) % 255);
        }
        name[bytes] = '\0';
        tael__merchant_brand(once, name);
        tael__merchant_brand(twice, once);
        assert_string_equal(once, twice);
    }
}

/* ---- Taught names ---- */

#define BILL                                                                                                                               \
    WECHAT_HEADER                                                                                                                          \
    "2026-03-01 "                                                                                                                          \
    "10:00:00,商户消费,成都陈记商贸有限公司,\"/\",支出,¥10.00,零钱,支付成功,4200002600000000000011\t,/\t,\"/\"\r\n" \
    "2026-03-02 "                                                                                                                          \
    "10:00:00,商户消费,陈记烧烤(春熙路店),\"/\",支出,¥20.00,零钱,支付成功,4200002600000000000012\t,/\t,\"/\"\r\n"     \
    "2026-03-03 "                                                                                                                          \
    "10:00:00,商户消费,陈记烧烤(太古里店),\"/\",支出,¥30.00,零钱,支付成功,4200002600000000000013\t,/\t,\"/\"\r\n"
#define LATER     \
    WECHAT_HEADER \
    "2026-04-01 " \
    "10:00:00,商户消费,成都陈记商贸有限公司,\"/\",支出,¥1.00,零钱,支付成功,4200002600000000000014\t,/\t,\"/\"\r\n"

static sums by_merchant(tael_ledger *ledger)
{
    return query(ledger, (tael_query){.group = TAEL_BY_MERCHANT});
}

static void sums_go_by_brand_and_the_bills_name_stays(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, BILL, NULL);
    sums s = by_merchant(ledger);
    assert_string_equal(s.keys, "陈记=1000 陈记烧烤=5000 ");
    tael_query by_name = {.filter = {.size = sizeof(tael_filter), .merchant = "太古里"}};
    assert_int_equal(query(ledger, by_name).minor, 3000);
    tael_ledger_close(ledger);
}

static void a_taught_name_holds_for_present_and_future_rows(void **state)
{
    (void)state;
    uint64_t changed, erased;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, BILL, NULL);
    assert_ok(tael_ledger_teach_merchant(ledger, "成都陈记商贸有限公司", "陈记烧烤", &changed));
    assert_int_equal(changed, 1);
    assert_string_equal(by_merchant(ledger).keys, "陈记烧烤=6000 ");
    put_bill(ledger, LATER, NULL);
    assert_string_equal(by_merchant(ledger).keys, "陈记烧烤=6100 ");
    assert_ok(tael_ledger_erase(ledger, "wechat", NULL, &erased));
    assert_int_equal(erased, 4);
    put_bill(ledger, BILL, NULL);
    assert_string_equal(by_merchant(ledger).keys, "陈记烧烤=6000 ");
    assert_ok(tael_ledger_teach_merchant(ledger, "陈记烧烤", "老陈", NULL)); /* what was called so goes along */
    assert_string_equal(by_merchant(ledger).keys, "老陈=6000 ");
    tael_query by_brand = {.filter = {.size = sizeof(tael_filter), .merchant = "老陈"}};
    assert_int_equal(query(ledger, by_brand).minor, 6000);
    assert_ok(tael_ledger_teach_merchant(ledger, "老陈", NULL, NULL));
    assert_string_equal(by_merchant(ledger).keys, "陈记=1000 陈记烧烤=5000 ");
    assert_status(tael_ledger_teach_merchant(ledger, "老陈", NULL, NULL), TAEL_NOT_FOUND);
    assert_status(tael_ledger_teach_merchant(ledger, " ", "x", NULL), TAEL_MISUSE);
    assert_ok(tael_ledger_teach_merchant(ledger, "陈记", "老陈", NULL));
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, &erased)); /* everything: what was taught, too */
    put_bill(ledger, BILL, NULL);
    assert_string_equal(by_merchant(ledger).keys, "陈记=1000 陈记烧烤=5000 ");
    tael_ledger_close(ledger);
}

static int count_brands(const tael_merchant *merchant, void *user)
{
    snprintf((char *)user + strlen(user), 256, "%s %d/%d%s;", merchant->brand, (int)merchant->records,
             (int)merchant->names, merchant->taught ? "!" : "");
    return 0;
}

static void brands_are_listed_by_their_records(void **state)
{
    (void)state;
    char list[1024] = "";
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, BILL, NULL);
    assert_ok(tael_ledger_merchants(ledger, NULL, count_brands, list));
    assert_string_equal(list, "陈记烧烤 2/2;陈记 1/1;");
    list[0] = '\0';
    assert_ok(tael_ledger_teach_merchant(ledger, "陈记", "老陈", NULL));
    assert_ok(tael_ledger_merchants(ledger, "商贸", count_brands, list));
    assert_string_equal(list, "老陈 1/1!;");
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lose_what_hides_the_brand),
        cmocka_unit_test(what_is_only_a_person_or_a_trade_stays),
        cmocka_unit_test(a_brand_is_its_own_brand),
        cmocka_unit_test(any_name_keeps_something_and_twice_is_once),
        cmocka_unit_test(any_bytes_are_a_name),
        cmocka_unit_test(sums_go_by_brand_and_the_bills_name_stays),
        cmocka_unit_test(a_taught_name_holds_for_present_and_future_rows),
        cmocka_unit_test(brands_are_listed_by_their_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
