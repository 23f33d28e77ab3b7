# SPDX-License-Identifier: Apache-2.0
# Habits of a small bill: a rent, a subscription whose price rose, coffee every third day, and a hotpot that was paid twice. Days and sums
# were worked out by hand. What is forgotten is gone from every part and comes back with --undo.
. "$(dirname "$0")/lib.sh"

expect 0 habits --json
holds 'd["records"] == 0 and d["recurring"] == [] and d["next"] == [] and d["unusual"] == [] and d["left_out"] == []'
holds 'd["forecast"][0]["median_minor"] == 0'

python3 - >"$work/bill.csv" <<'PYTHON'
import datetime as dt
n = 0
def row(day, clock, shop, item, yuan):
    global n
    n += 1
    print(f"{day} {clock},,{shop},/,{item},支出,{yuan},余额,交易成功,{n:09d},,,")
print("交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,")
for month in range(1, 9):
    row(f"2026-{month:02d}-05", "09:00:00", "房东王姐", "房租", "3000.00")
    row(f"2026-{month:02d}-18" if month < 8 else "2026-08-18", "10:00:00", "爱奇艺", "连续包月", "25.00" if month < 6 else "30.00")
day = dt.date(2026, 1, 2)
for i in range(80):
    row(day, "14:10:00", "星巴克", "拿铁", (29, 32, 36)[i * i % 3])
    day += dt.timedelta((3, 2, 4, 3, 3)[i % 5])
row("2026-08-15", "19:00:05", "火锅店", "堂食", "238.00")
row("2026-08-15", "19:00:40", "火锅店", "堂食", "238.00")
PYTHON
expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 98'

expect 0 habits recurring --today 2026-08-20 --json
holds '[(r["merchant"], r["unit"], r["every"], r["day"], r["next"]) for r in d["recurring"]] == [("房东王姐", "month", 1, 5, "2026-09-05"), ("爱奇艺", "month", 1, 18, "2026-09-18")]'
holds 'd["recurring"][1]["old_minor"] == 2500 and d["recurring"][1]["minor"] == 3000 and d["recurring"][1]["changed"] == "2026-06-18"'
holds 'd["recurring"][0]["state"] == "active" and len(d["recurring"][0]["records"]) == 8'
expect 0 habits next --today 2026-08-20 --json
holds 'any(p["name"] == "星巴克" and p["kind"] == "merchant" and 2.5 <= p["interval_days"] <= 3.5 and p["hour"] == 14 for p in d["next"])'
holds 'all(0 <= p["within_7_days"] <= 1 and 0 <= p["ended"] <= 1 and 0 <= p["in_30_days"] <= 30 and p["why"] for p in d["next"])'
holds 'all(0 <= p["within_1_day"] <= p["within_7_days"] <= 1 and 0 <= p["renewal_7_days"] <= 1 and p["why"] for p in d["next"])'
holds '[p["within_7_days"] for p in d["next"] if p["name"] == "星巴克"][0] > 0.8'
holds 'all(p["after"] is None or p["after"]["came"] <= p["after"]["times"] for p in d["next"])'
holds 'not any(p["name"] == "房东王姐" for p in d["next"])'
for kind in merchant category item; do
    expect 0 habits next --kind $kind --today 2026-08-20 --json
    holds 'all(p["kind"] == "'$kind'" for p in d["next"]) and len(d["next"]) > 0 or "'$kind'" == "item"' # lattes are all that the shop sold
done
expect 0 --lang zh habits next --kind merchant --limit 1 --today 2026-08-20
grep -q '星巴克 .*每 3 天一次，上次是 .*7 天内的可能性为 [0-9]*%，明天为 [0-9]*%' "$work/out" || fail "how likely, in Chinese"
expect 2 habits next --kind shop
expect 0 habits unusual --today 2026-08-20 --json
holds '[(u["kind"], u["minor"], u["merchant"]) for u in d["unusual"]] == [("double", 23800, "火锅店")] and d["unusual"][0]["other"]'
expect 0 habits unusual --today 2026-08-20 --days 3 --json
holds 'd["unusual"] == []'

# On the 2nd the rent is still to come; on the 20th it is paid. A forecast is what was spent and what may come.
expect 0 habits forecast --today 2026-08-02 --json
holds 'd["forecast"][0]["month"] == "2026-08" and d["forecast"][0]["recurring_minor"] == 303000 and d["forecast"][0]["category"] is None'
holds 'all(f["low_minor"] <= f["median_minor"] <= f["high_minor"] for f in d["forecast"])'
holds '303000 + 20000 <= d["forecast"][0]["median_minor"] <= 303000 + 45000'
expect 0 habits forecast --today 2026-08-20 --json
holds 'd["forecast"][0]["recurring_minor"] == 0 and d["forecast"][0]["spent_minor"] >= 303000 + 47600'

# For people, in both languages; every line has its reason.
expect 0 --lang zh habits --today 2026-08-20
grep -q '房东王姐 .*每月 5 日，¥3,000；共 8 次（自 2026-01-05 起），上次 2026-08-05；下次 2026-09-05' "$work/out" || fail "the rent in Chinese"
grep -q '爱奇艺 .*¥30（2026-06-18 起，此前 ¥25）' "$work/out" || fail "the price rise in Chinese"
grep -q '星巴克 .*每 3 天一次，上次是 [0-9]* 天前' "$work/out" || fail "coffee in Chinese"
expect 0 habits --today 2026-08-20
grep -q 'paid twice; it may be a double charge' "$work/out" || fail "the double charge in English"
expect 0 habits train --today 2026-08-20 --json
holds 'd["records"] == 96 and d["merchants"] == 4 and d["ms"] >= 0'

# What the owner wants left out.
expect 1 habits forget 没有这家店
expect 0 habits forget 星巴克 --json
holds 'd == {"kind": "merchant", "name": "星巴克", "left_out": True}'
expect 0 habits --today 2026-08-20 --json
holds '"星巴克" not in json.dumps([d[k] for k in ("recurring", "next", "forecast", "unusual")], ensure_ascii=False)'
holds 'd["left_out"] == [{"kind": "merchant", "name": "星巴克"}] and d["records"] == 18'
expect 0 habits forget 房东 --json
holds 'd["name"] == "房东王姐"' # the only one that is called so
expect 0 habits forget 房东 --undo
expect 0 habits forget
grep -q 星巴克 "$work/out" || fail "the list of what is left out"
expect 0 habits forget 星巴克 --undo
expect 1 habits forget 星巴克 --undo
expect 0 habits forget food.coffee --json
holds 'd["kind"] == "category"'
expect 0 habits --today 2026-08-20 --json
holds 'not any(p["name"] == "星巴克" for p in d["next"])'
expect 0 habits forget 咖啡 --undo
expect 0 habits next --today 2026-08-20 --json
holds 'any(p["name"] == "星巴克" for p in d["next"])'
expect 0 ledger --json --limit 1
holds 'd["total"] == 98'

# The wish leaves with an export and comes back.
expect 0 habits forget 爱奇艺
expect 0 habits forget 餐饮
expect 0 export --out "$work/out.zip"
expect 0 --home "$work/other" import "$work/out.zip"
expect 0 --home "$work/other" habits forget --json
holds 'd["left_out"] == [{"kind": "category", "name": "Food & drink"}, {"kind": "merchant", "name": "爱奇艺"}]'
expect 0 --home "$work/other" habits recurring --today 2026-08-20 --json
holds '[r["merchant"] for r in d["recurring"]] == ["房东王姐"]'

# Without the owner's leave nothing is learned.
expect 0 consent habits off
expect 1 habits --json
holds 'd["error"]["code"] == "denied"'
expect 1 --lang zh habits next
grep -q 'tael consent habits on' "$work/err" || fail "the refusal does not say what to do"
expect 0 consent habits on
expect 0 habits --json
