# SPDX-License-Identifier: Apache-2.0
# Two bills of one month (tests/ledger/data/README.md has the figures worked out by hand): what both show counts once, the
# owner can undo it, and names of merchants can be taught. A row counted twice, or left out for nothing, changes a figure.
. "$(dirname "$0")/lib.sh"
data=$here/../ledger/data

expect 0 match --json
holds 'd == {"matches": [], "total": 0}'
expect 0 import "$data/match-alipay.csv" "$data/match-icbc-credit.csv" --json
holds 'd["imported"] == 41 and d["duplicates"] == 0'
expect 0 spend --json
holds 'd["minor"] == 534100 and d["count"] == 22'

expect 0 match --json
cp "$work/out" "$work/matches"
holds 'd["total"] == 12 and len(d["matches"]) == 12'
holds '[m["kind"] for m in d["matches"]].count("transfer") == 1 and {m["state"] for m in d["matches"]} == {"found"}'
holds 'all(m["reason"] and m["id"] == m["other"]["id"] and m["kept"]["minor"] == m["other"]["minor"] for m in d["matches"])'
holds 'all(m["kept"]["source"] == "alipay" for m in d["matches"])'
expect 0 match --limit 2 --json
holds 'd["total"] == 12 and len(d["matches"]) == 2'
expect 0 --lang zh match
grep -q '同一笔付款：同额，次日；卡尾号 5678；另一账单写着 支付宝-滴滴出行科技有限公司' "$work/out" || fail "match in Chinese"
grep -q '共 12 组' "$work/out" || fail "match in Chinese: the total"
expect 0 ledger --text 滴滴 --json
holds 'sorted((r["source"], r["counted"], r["same_as"] is None) for r in d["records"]) == [("alipay", True, True), ("icbc_credit", False, False)]'
holds '{r["same_as"] for r in d["records"]} == {None, [r["id"] for r in d["records"] if r["counted"]][0]}'

expect 0 ledger --text 滴滴
grep -q '(the same as [0-9]*)$' "$work/out" || fail "ledger does not tell what another row shows"

# The owner's word.
id=$(python3 -c 'import json, sys; print([m["id"] for m in json.load(open(sys.argv[1]))["matches"] if "滴滴" in m["other"]["item"]][0])' "$work/matches")
expect 0 match --undo "$id" --json
holds 'd["decision"] == "undo"'
expect 0 spend --json
holds 'd["minor"] == 534100 + 2650'
expect 0 import "$data/match-icbc-credit.csv" "$data/match-alipay.csv"
expect 0 spend --json
holds 'd["minor"] == 534100 + 2650'
expect 0 match --json
holds 'd["total"] == 12 and [m["state"] for m in d["matches"]].count("undone") == 1'
expect 1 match --undo "$id"
expect 0 match --redo "$id"
expect 1 match --redo "$id"
expect 0 spend --json
holds 'd["minor"] == 534100'
expect 0 ledger --text 永辉 --json
both=$(python3 -c 'import json, sys; print(*[r["id"] for r in json.load(open(sys.argv[1]))["records"]])' "$work/out")
# shellcheck disable=SC2086
expect 0 match --join $both
expect 0 spend --json
holds 'd["minor"] == 534100 - 5600'
expect 0 erase --source icbc_credit --yes
expect 0 spend --json
holds 'd["minor"] == 280960'
expect 0 import "$data/match-icbc-credit.csv"
expect 0 spend --json
holds 'd["minor"] == 534100 - 5600'
expect 1 match --join 1 999999

# Merchants.
expect 0 merchant --json
holds '[m for m in d["merchants"] if m["brand"] == "饿了么"] == [{"brand": "饿了么", "records": 2, "names": 2, "taught": False}]'
expect 0 merchant 拉扎斯 --json
holds '[m["brand"] for m in d["merchants"]] == ["饿了么"] and d["total"] == 1'
expect 0 spend --by merchant --json
holds 'sum(g["minor"] for g in d["groups"]) == d["minor"] and {"瑞幸咖啡": 4990}.items() <= {g["key"]: g["minor"] for g in d["groups"]}.items()'
expect 0 merchant 永辉超市 --as 永辉 --json
holds 'd == {"merchant": "永辉超市", "brand": "永辉", "records": 2}'
expect 0 ledger --merchant 永辉 --json
holds '{(r["brand"], r["merchant"]) for r in d["records"]} == {("永辉", "永辉超市")}'
expect 0 merchant 永辉 --forget --json
holds 'd["brand"] is None and d["records"] == 2'
expect 1 merchant 永辉 --forget
expect 0 merchant --suggest --json
holds 'd["total"] == len(d["suggestions"])'
expect 0 export --out "$work/out-folder"
python3 - "$work/out-folder" <<'PYTHON' || fail "the export lacks brands or matches"
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/records.csv", encoding="utf-8-sig")))
records = json.load(open(sys.argv[1] + "/records.json", encoding="utf-8"))["records"]
assert len(rows) == len(records) == 41
assert {r["brand"] for r in rows if r["merchant"] == "上海拉扎斯信息科技有限公司"} == {"饿了么"}
assert sum(r["same_as"] != 0 for r in records) == sum(r["same_as"] != "0" for r in rows) == 12
PYTHON
