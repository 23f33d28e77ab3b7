#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes bills that look like real exports, of an invented person, always the same for the same arguments.

    bench/make_bill.py --rows 100000 --seed 1 > bill.csv                    Alipay's app export of 2023 on, GB18030
    bench/make_bill.py --wechat --rows 60 --from 2026-05-21 --to 2026-11-20  WeChat Pay's CSV, UTF-8 with BOM

Every row has its own order number, so N rows are N records. One purchase in fifty is given back, some orders are never
paid, and repayments and money-market moves stand among them as 不计收支 (WeChat: /)."""
import argparse
import datetime as dt
import random
import sys

# merchant, item, Alipay's category, least and most fen, weight
SHOPS = [
    ("星巴克", "星巴克咖啡-拿铁(大杯)", "餐饮美食", 2900, 4200, 8),
    ("瑞幸咖啡", "瑞幸咖啡-生椰拿铁", "餐饮美食", 990, 1990, 12),
    ("饿了么", "兰州拉面(文三路店)外卖订单", "餐饮美食", 1800, 5600, 12),
    ("美团", "美团外卖-黄焖鸡米饭(城西店)", "餐饮美食", 1900, 4800, 10),
    ("滴滴出行", "滴滴快车-订单", "交通出行", 1100, 6500, 8),
    ("杭州地铁", "地铁乘车", "交通出行", 200, 700, 16),
    ("盒马", "盒马鲜生订单", "日用百货", 3500, 18000, 6),
    ("全家便利店", "全家便利店消费", "日用百货", 450, 3800, 8),
    ("优衣库官方旗舰店", "男装圆领T恤", "服饰装扮", 7900, 29900, 2),
    ("中国移动", "话费充值", "充值缴费", 5000, 10000, 1),
    ("国网浙江省电力有限公司", "电费", "充值缴费", 6000, 21000, 1),
    ("万达影城", "电影票两张", "文化休闲", 6980, 11800, 1),
    ("大参林药店", "药品", "医疗健康", 1500, 9800, 1),
]
METHODS = ["余额宝", "花呗", "招商银行储蓄卡(0966)", "花呗&红包", "余额"]
WECHAT_SHOPS = [
    ("星巴克", "星巴克门店消费", "商户消费", 2900, 4500, 4),
    ("瑞幸咖啡", "瑞幸咖啡订单", "商户消费", 990, 1990, 6),
    ("滴滴出行", "滴滴快车-订单", "商户消费", 1100, 6500, 6),
    ("巷口早餐店", "收款方备注:二维码收款", "扫二维码付款", 400, 1500, 10),
    ("物美超市", "物美超市消费", "商户消费", 2300, 14000, 4),
    ("哈啰出行", "哈啰单车骑行", "商户消费", 150, 350, 5),
    ("房东王姐", "转账备注:车位费", "转账", 20000, 20000, 1),
]
NOTES = """特别提示：
1.本回单内容可表明支付宝受理了相应支付交易申请，因系统原因或通讯故障等偶发因素导致本回单与实际交易结果不符时，以实际交易情况为准；
2.请勿将本回单作为收款方发货的凭据使用，请查证账户实际到账情况后再进行发货操作；
3.支付宝快捷支付等非余额支付方式可能既产生支付宝交易也同步产生银行交易，因此请勿使用本回单进行重复记账；
4.本回单如经任何涂改、编造，均立即失去效力；
5.部分账单如：充值提现、账户转存或者个人设置收支等不计入为收入或者支出，记为不计收支类；
6.因统计逻辑不同，明细金额直接累加后，可能会和下方统计金额不一致，请以实际交易金额为准；
7.禁止将本回单用于非法用途；
8.本明细仅展示当前账单中的交易，不包括已删除的记录；
9.本明细仅供个人对账使用。
"""


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02d}"


def pick(rng, rows):
    return rng.choices(rows, [row[-1] for row in rows])[0]


def moments(rng, a):
    """a.rows times, oldest first, in waking hours."""
    days = (a.to - a.start).days + 1
    out = [(rng.randrange(days), rng.randrange(7 * 3600, 23 * 3600)) for _ in range(a.rows)]
    return [dt.datetime.combine(a.start, dt.time()) + dt.timedelta(d, s) for d, s in sorted(out)]


def alipay_rows(rng, a):
    rows, owed = [], []  # owed: refunds to come, each takes one of the rows
    for n, t in enumerate(moments(rng, a)):
        ident, order = f"{t:%Y%m%d}2200{n:016d}", f"T200P{n:018d}"
        method, x = rng.choice(METHODS), rng.random()
        if owed and owed[0][0] < t and n > owed[0][1] + 3:
            _, _, shop, item, fen, orig, its_order, its_method = owed.pop(0)
            rows.append((t, "退款", shop, "/", "退款-" + item, "不计收支", fen, its_method, "退款成功", f"{orig}_{n:010d}", its_order))
        elif x < 0.015:
            rows.append((t, "信用借还", "花呗", "/", f"花呗自动还款-{t.month}月账单", "不计收支", rng.randrange(30000, 200000), "余额宝", "还款成功", ident, ""))
        elif x < 0.03:
            rows.append((t, "投资理财", "天弘基金管理有限公司", "/", "余额宝-单次转入", "不计收支", rng.randrange(100, 5000) * 100, "余额", "交易成功", ident, ""))
        elif x < 0.045:
            rows.append((t, "投资理财", "天弘基金管理有限公司", "/", f"余额宝-{t:%Y.%m.%d}-收益发放", "不计收支", rng.randrange(10, 300), "余额宝", "交易成功", ident, ""))
        elif x < 0.055:
            rows.append((t, "转账红包", "陈晨", "138******21", "转账", "收入", rng.randrange(1000, 60000), "余额", "交易成功", ident, ""))
        elif x < 0.062:
            rows.append((t, "日用百货", "得物商城", "d**w@taobao.com", "运动鞋", "不计收支", 69900, "", "交易关闭", ident, order))
        else:
            shop, item, cat, low, high, _ = pick(rng, SHOPS)
            fen, status = rng.randrange(low, high + 1), "交易成功"
            if rng.random() < 0.02 and n + 5 < a.rows:
                full = rng.random() < 0.6
                status = "交易关闭" if full else status
                owed.append((t, n, shop, item, fen if full else fen // 3 + 1, ident, order, method))
            rows.append((t, cat, shop, "/", item, "支出", fen, method, status, ident, order))
    return rows[::-1]


def alipay(rng, a):
    rows = alipay_rows(rng, a)
    total = {d: [sum(1 for r in rows if r[5] == d), sum(r[6] for r in rows if r[5] == d)] for d in ("收入", "支出", "不计收支")}
    dash = "-" * 24
    head = [dash * 3 + "-" * 12, "导出信息：", "姓名：林小满", "支付宝账户：lin***@example.com",
            f"起始时间：[{a.start} 00:00:00]    终止时间：[{a.to} 23:59:59]", "导出交易类型：[全部]",
            f"导出时间：[{a.to + dt.timedelta(1)} 08:12:37]", f"共{len(rows)}笔记录"]
    head += [f"{d}：{n}笔 {yuan(s)}元" for d, (n, s) in total.items()]
    head += ["", NOTES.rstrip(), "", dash + "支付宝支付科技有限公司  电子客户回单" + dash,
             "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,"]
    body = [f"{t:%Y-%m-%d %H:%M:%S},{cat},{shop},{account},{item},{d},{yuan(fen)},{method},{status},{ident}\t,{order}\t,,"
            for t, cat, shop, account, item, d, fen, method, status, ident, order in rows]
    return ("\r\n".join(head + body) + "\r\n").encode("gb18030")


def wechat(rng, a):
    rows, owed = [], []
    for n, t in enumerate(moments(rng, a)):
        ident, order, x = f"4200002{n:09d}{t:%Y%m%d}{n:08d}", f"{t:%Y%m%d}{n:014d}", rng.random()
        if owed and n > owed[0][0] + 2:
            _, shop, sign, method, status = owed.pop(0)
            rows.append((t, shop + "-退款", shop, "/", "收入", sign, method, status, f"503003{n:010d}{t:%Y%m%d}{n:08d}", "/"))
        elif x < 0.05:
            rows.append((t, "微信红包", "家人", "/", "收入", rng.randrange(100, 20000), "/", "已存入零钱", ident, "/"))
        elif x < 0.08:
            rows.append((t, "信用卡还款", "招商银行信用卡还款", "/", "/", rng.randrange(50000, 300000), "零钱", "支付成功", ident, order))
        else:
            shop, item, kind, low, high, _ = pick(rng, WECHAT_SHOPS)
            fen, method = rng.randrange(low, high + 1), rng.choice(["零钱", "招商银行储蓄卡(0966)"])
            status = {"扫二维码付款": "已转账", "转账": "对方已收钱"}.get(kind, "支付成功")
            if kind == "商户消费" and rng.random() < 0.06 and n + 4 < a.rows:
                full, part = rng.random() < 0.5, fen // 2 + 1
                owed.append((n, shop, fen if full else part, method, "已全额退款" if full else f"已退款¥{yuan(part)}"))
                status = "已全额退款" if full else f"已退款(¥{yuan(part)})"
            rows.append((t, kind, shop, item, "支出", fen, method, status, ident, order))
    rows.reverse()
    lines = ["微信支付账单明细", "微信昵称：[小满]", f"起始时间：[{a.start} 00:00:00] 终止时间：[{a.to} 23:59:59]", "导出类型：[全部]",
             f"导出时间：[{a.to + dt.timedelta(1)} 08:20:51]", "", f"共{len(rows)}笔记录"]
    for d, word in (("收入", "收入"), ("支出", "支出"), ("/", "中性交易")):
        lines.append(f"{word}：{sum(1 for r in rows if r[4] == d)}笔 {yuan(sum(r[5] for r in rows if r[4] == d))}元")
    lines += ["注：", "1. 充值/提现/理财通购买/零钱通存取/信用卡还款等交易，将计入中性交易", "2. 本明细仅展示当前账单中的交易，不包括已删除的记录",
              "3. 本明细仅供个人对账使用", "", "-" * 22 + "微信支付账单明细列表" + "-" * 20]
    lines = [line + "," * 10 for line in lines]
    lines.append("交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注")
    lines += [f'{t:%Y-%m-%d %H:%M:%S},{kind},{shop},"{item}",{d},¥{yuan(fen)},{method},{status},{ident}\t,{order}\t,"/"'
              for t, kind, shop, item, d, fen, method, status, ident, order in rows]
    return b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode("utf-8")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=1000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--wechat", action="store_true")
    p.add_argument("--from", dest="start", type=dt.date.fromisoformat, default=dt.date(2023, 1, 1))
    p.add_argument("--to", type=dt.date.fromisoformat, default=dt.date(2026, 11, 20))
    a = p.parse_args()
    rng = random.Random(f"{a.seed}/{a.wechat}")
    sys.stdout.buffer.write((wechat if a.wechat else alipay)(rng, a))


if __name__ == "__main__":
    main()
