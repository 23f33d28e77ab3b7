#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the bill of an invented person with habits, always the same for the same arguments, and the truth about it.

    bench/habits/make_life.py --seed 1 --out bill.csv --truth truth.json [--from 2024-01-01] [--to 2026-11-20] [--unusual]

What recurs has the noise of life: shifts by weekends, days of delay, months left out and doubled, price rises, ends. Beside
it stand look-alikes that don't recur: a hairdresser at one price about every month, coffee at three prices, fuel. Spending
follows weekdays, paydays, shopping festivals and journeys. --unusual adds double charges and tenfold amounts."""
import argparse
import calendar
import datetime as dt
import json
import math
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import make_bill

DAY = dt.timedelta(1)
YEARLY, MONTHLY = 12, 1


def month_day(year, month, day):
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return dt.date(year, month, min(day, calendar.monthrange(year, month)[1]))


class Life:
    def __init__(self, seed, start, to, unusual=False):
        self.rng = random.Random(f"life/{seed}")
        self.start, self.to, self.unusual = start, to, unusual
        self.rows, self.truth, self.odd = [], [], []
        self.level = math.exp(self.rng.gauss(0, 0.35))  # how well off
        self.payday = self.rng.choice([5, 10, 15, 25, 31])

    def pay(self, day, hour, shop, item, category, fen, direction="支出"):
        minute = int(hour * 60 + self.rng.gauss(0, 40)) % 1440
        minute = max(360, minute) if hour > 6 else minute
        t = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minute, seconds=self.rng.randrange(60))
        self.rows.append([t, category, shop, item, direction, max(1, int(fen))])
        return self.rows[-1]

    # ---- What recurs ----

    def recurs(self, shop, item, category, fen, unit="month", every=1, day=None, hour=9, direction="支出", varies=0.0, weekend=0,
               late=0.03, rise=0.0, ends=0.0, skip=0.015, double=0.01, share=1.0, limit=None):
        """One that recurs, with probability `share`. weekend: -1 the Friday before, 1 the Monday after."""
        rng = self.rng
        if rng.random() > share:
            return
        day = day or rng.randrange(1, 29)
        span = (self.to - self.start).days
        begin = self.start + dt.timedelta(rng.randrange(0, max(1, span // 4)) if rng.random() < 0.3 else 0)
        end = begin + dt.timedelta(rng.randrange(span // 3, span)) if rng.random() < ends else None
        rises = begin + dt.timedelta(rng.randrange(span // 4, span * 3 // 4)) if rng.random() < rise else None
        dates, n, phase, due = [], 0, rng.randrange(every), None
        price, old = int(fen), int(fen)
        while True:
            if unit == "month":
                slot = month_day(begin.year, begin.month + phase + n * every, day)
            else:
                slot = begin + dt.timedelta(phase + n * every)
            n += 1
            at = slot
            if weekend and at.weekday() >= 5:
                at = at + dt.timedelta(7 - at.weekday()) if weekend > 0 else at - dt.timedelta(at.weekday() - 4)
            if slot < begin:
                continue
            if (end and slot > end) or (limit and len(dates) >= limit):
                break
            if rng.random() < late and unit == "month":
                at += dt.timedelta(rng.choice([-1, 1, 1, 2]))
            if at > self.to:
                due = (slot, at)
                break
            if rng.random() < skip and len(dates) > 1:
                continue
            if rises and at >= rises and price == old:
                price = int(fen * rng.choice([1.1, 1.2, 1.25, 1.5]) // 100 * 100) or price
            amount = price * math.exp(rng.gauss(0, varies)) if varies else price
            dates.append((at, int(amount)))
            self.pay(at, hour, shop, item, category, amount, direction)
            if rng.random() < double:
                self.pay(at + dt.timedelta(rng.randrange(1, 4)), hour, shop, item, category, amount, direction)
        self.truth.append({"merchant": shop, "direction": "income" if direction == "收入" else "expense", "unit": unit, "every": every,
                           "count": len(dates), "minor": dates[-1][1] if dates else 0, "last": str(dates[-1][0]) if dates else None,
                           "next": str(due[1]) if due else None, "ended": due is None,
                           "rise": [str(rises), old, price] if price != old else None})

    def what_recurs(self):
        rng, level = self.rng, self.level
        self.recurs("杭州云栖科技有限公司", "工资", "收入", 1200000 * level, day=self.payday, direction="收入", varies=0.03, weekend=-1, skip=0, double=0)
        self.recurs("房东王姐", "房租", "住房物业", round(3000 * level) * 100, day=rng.randrange(1, 6), late=0.1, rise=0.4, skip=0, double=0, share=0.8)
        self.recurs("中国移动", "话费自动充值", "充值缴费", 5900, day=1, hour=10, rise=0.2)
        self.recurs("国网浙江省电力有限公司", "电费", "充值缴费", 14000 * level, day=rng.randrange(8, 20), varies=0.35, late=0.15, weekend=1)
        self.recurs("杭州水务集团", "水费", "充值缴费", 6000, every=2, day=rng.randrange(3, 25), varies=0.2, late=0.1, share=0.6)
        self.recurs("苹果 iCloud", "iCloud 储存空间", "充值缴费", rng.choice([600, 2100]), share=0.6)
        self.recurs("爱奇艺", "连续包月会员", "文化休闲", 2500, rise=0.5, ends=0.4, share=0.7)
        self.recurs("网易云音乐", "连续包月", "文化休闲", 1500, ends=0.3, share=0.6)
        self.recurs("腾讯视频", "连续包季", "文化休闲", 6800, every=3, share=0.4)
        self.recurs("百度网盘", "超级会员年费", "充值缴费", 26300, every=YEARLY, share=0.6)
        self.recurs("平安保险", "重疾险保费", "保险", 320000, every=YEARLY, late=0.1, share=0.6)
        self.recurs("中国电信", "宽带包年", "充值缴费", 96000, every=YEARLY, share=0.5)
        self.recurs("乐刻运动健身", "月卡连续包月", "运动户外", 19900, unit="day", every=30, ends=0.5, skip=0, share=0.5)
        self.recurs("招联消费金融", "分期还款", "信用借还", 83333, limit=12, skip=0, double=0, share=0.4)
        self.recurs("阿姨到家", "家政保洁", "生活服务", 16000, unit="day", every=14, skip=0.03, share=0.3)
        self.recurs("新东方在线", "英语一对一", "教育培训", 20000, unit="day", every=7, skip=0.03, double=0, ends=0.5, share=0.3)
        self.recurs("绿城物业", "物业费", "住房物业", 120000, every=3, late=0.15, share=0.4)

    # ---- What returns, but isn't due ----

    def returns(self, shop, item, category, gap, spread, prices, hour, share=1.0):
        rng = self.rng
        if rng.random() > share:
            return
        day = self.start + dt.timedelta(rng.randrange(int(gap)))
        while day <= self.to:
            self.pay(day, hour, shop, rng.choice(item), category, rng.choice(prices) if isinstance(prices, list) else rng.randrange(*prices))
            day += dt.timedelta(max(1, round(rng.gammavariate(1 / spread ** 2, gap * spread ** 2))))

    def what_returns(self):
        self.returns("优剪理发", ["理发"], "美容美发", 31, 0.22, [6800], 15)
        self.returns("宠物家旗舰店", ["皇家猫粮 2kg", "皇家猫粮 4kg", "皇家猫粮 2kg x2"], "宠物", 27, 0.2, (15900, 28900), 21, share=0.6)
        self.returns("中国石化", ["92号汽油", "加油"], "爱车养车", 11, 0.35, (20000, 38000), 18, share=0.5)
        self.returns("海昌隐形眼镜", ["隐形眼镜月抛"], "医疗健康", 88, 0.18, [19800], 20, share=0.4)
        self.returns("农夫山泉送水到府", ["桶装水"], "日用百货", 15, 0.3, [2400, 4800], 11, share=0.5)
        self.returns("星巴克", ["拿铁", "美式", "冷萃"], "餐饮美食", 4, 0.9, [2900, 3200, 3600], 14)
        self.returns("瑞幸咖啡", ["生椰拿铁", "美式"], "餐饮美食", 2.5, 0.8, [990, 1290, 1690], 9)
        self.returns("盒马", ["盒马鲜生订单"], "日用百货", 6, 0.5, (3500, 22000), 19)

    # ---- Every day ----

    def days(self):
        rng, day, away, mood = self.rng, self.start, 0, 0.0
        while day <= self.to:
            weekend = day.weekday() >= 5
            since_pay = (day - month_day(day.year, day.month, self.payday)).days % 30
            mood = 0.9 * mood + rng.gauss(0, 0.12)
            free = math.exp(mood) * (1.35 if since_pay < 5 else 1) * self.level
            festival = 3.5 if (day.month, day.day) in ((6, 18), (11, 11), (12, 12)) or (day.month == 11 and day.day <= 3) else 1
            if away == 0 and rng.random() < (0.03 if day.month in (2, 5, 10) else 0.006):
                away = rng.randrange(2, 6)
                self.pay(day, 10, "铁路12306", "火车票", "交通出行", rng.randrange(8000, 60000))
            if away:
                away -= 1
                self.pay(day, 20, rng.choice(["华住酒店", "如家酒店", "全季酒店"]), "酒店房费", "酒店旅游", rng.randrange(18000, 52000))
            self.a_day(day, weekend, away, free, festival)
            day += DAY

    def a_day(self, day, weekend, away, free, festival):
        rng, some = self.rng, lambda p: self.rng.random() < p
        if not weekend and not away:
            for hour in (8.5, 18.8):
                if some(0.8):
                    self.pay(day, hour, "杭州地铁", "地铁乘车", "交通出行", 400)
        if some(0.6):
            self.pay(day, 8, "巷口早餐店", "早餐", "餐饮美食", rng.randrange(500, 1500))
        if some(0.75):
            self.pay(day, 12, rng.choice(["饿了么", "美团", "兰州拉面", "沙县小吃"]), "午餐外卖", "餐饮美食", rng.randrange(1500, 4800))
        if some((0.5 if weekend else 0.12) * min(free, 2)):
            self.pay(day, 19, rng.choice(["海底捞", "外婆家", "绿茶餐厅", "西贝莜面村", "太二酸菜鱼"]), "堂食", "餐饮美食", rng.lognormvariate(9.6, 0.4) * min(free, 2) ** 0.5)
        if some(0.12):
            self.pay(day, 22, "滴滴出行", "快车", "交通出行", rng.randrange(1100, 7500))
        if some(0.3):
            self.pay(day, 21, "全家便利店", "便利店消费", "日用百货", rng.randrange(400, 4000))
        if some(min(0.9, 0.12 * festival * min(free, 2))):
            shop = rng.choice(["淘宝", "京东", "拼多多", "天猫超市", f"{rng.choice('春夏秋冬云山水木')}{rng.choice('风月花石光')}{rng.choice('家居服饰数码')}旗舰店"])
            self.pay(day, 21, shop, rng.choice(["收纳盒", "数据线", "T恤", "拖鞋", "台灯", "洗衣液", "零食"]), "日用百货", rng.lognormvariate(8.6, 0.9) * min(free, 2.5))
        if some(0.008 * min(free, 3) * festival):
            self.pay(day, 21, rng.choice(["苏宁易购", "小米商城", "华为商城", "优衣库官方旗舰店"]), "数码服饰", "数码电器", rng.lognormvariate(11, 0.6))
        if some(0.012):
            self.pay(day, 10, rng.choice(["浙大一院", "大参林药店", "老百姓大药房"]), "医药费", "医疗健康", rng.lognormvariate(9.3, 0.8))
        if some(0.03):
            self.pay(day, 19, rng.choice(["万达影城", "CGV影城"]), "电影票", "文化休闲", rng.randrange(4000, 13000))
        if day.month in (1, 2) and some(0.05):
            self.pay(day, 20, "家人", "红包", "转账红包", rng.choice([20000, 52000, 88800, 100000]))

    # ---- What is odd ----

    def what_is_odd(self):
        """In each of the last 12 months a double charge and a tenfold amount, of shops that are known by then."""
        seen = {}
        for row in sorted(self.rows, key=lambda r: r[0]):
            seen.setdefault(row[2], []).append(row)
        for n in range(12):
            first = month_day(self.to.year, self.to.month - n, 1)
            last = min(self.to, month_day(first.year, first.month, 31))
            fit = [r for r in self.rows if first <= r[0].date() <= last and r[4] == "支出" and r[5] >= 900 and r[2] != "杭州地铁"
                   and sum(1 for q in seen[r[2]] if q[0] < r[0]) >= 10]
            for kind in ("double", "amount"):
                row = self.rng.choice(fit)
                if any(row is o for o, _ in self.odd):
                    continue
                if kind == "amount":
                    row[5] *= 10
                    self.odd.append((row, kind))
                else:
                    twin = list(row)
                    twin[0] = row[0] + dt.timedelta(seconds=self.rng.randrange(5, 240))
                    self.rows.append(twin)
                    self.odd.append((twin, kind))

    def write(self):
        self.what_recurs()
        self.what_returns()
        self.days()
        if self.unusual:
            self.what_is_odd()
        self.rows = [r for r in self.rows if self.start <= r[0].date() <= self.to]
        self.rows.sort(key=lambda r: (r[0], r[2]))
        truth = {"recurring": self.truth, "unusual": [
            {"kind": kind, "minor": row[5], "time": f"{row[0]:%Y-%m-%dT%H:%M:%S+08:00}", "merchant": row[2]} for row, kind in self.odd]}
        return bill(self.rows, self.start, self.to), truth


def bill(rows, start, to):
    """Alipay's app export, newest first."""
    dash = "-" * 24
    head = [dash * 3 + "-" * 12, "导出信息：", "姓名：林小满", "支付宝账户：lin***@example.com",
            f"起始时间：[{start} 00:00:00]    终止时间：[{to} 23:59:59]", "导出交易类型：[全部]", f"导出时间：[{to + DAY} 08:12:37]",
            f"共{len(rows)}笔记录", "", make_bill.NOTES.rstrip(), "", dash + "支付宝支付科技有限公司  电子客户回单" + dash,
            "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,"]
    body = [f"{t:%Y-%m-%d %H:%M:%S},{category},{shop},/,{item},{d},{make_bill.yuan(fen)},余额宝,交易成功,{t:%Y%m%d}2200{n:016d}\t,T200P{n:018d}\t,,"
            for n, (t, category, shop, item, d, fen) in enumerate(rows)]
    return ("\r\n".join(head + body[::-1]) + "\r\n").encode("gb18030")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--out", required=True)
    p.add_argument("--truth")
    p.add_argument("--unusual", action="store_true")
    p.add_argument("--from", dest="start", type=dt.date.fromisoformat, default=dt.date(2024, 1, 1))
    p.add_argument("--to", type=dt.date.fromisoformat, default=dt.date(2026, 11, 20))
    a = p.parse_args()
    data, truth = Life(a.seed, a.start, a.to, a.unusual).write()
    with open(a.out, "wb") as f:
        f.write(data)
    if a.truth:
        with open(a.truth, "w", encoding="utf-8") as f:
            json.dump(truth, f, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
