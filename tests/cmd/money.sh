# SPDX-License-Identifier: Apache-2.0
# A bill in, true sums out, everything out again, and gone. The figures stand in data/README.md; a refund counted twice, a
# repayment counted as spending or a float anywhere would change them.
. "$(dirname "$0")/lib.sh"
make_bill

expect 0 spend --json
holds 'd["minor"] == 0 and d["count"] == 0 and d["groups"] == []'

expect 0 import "$work/bill.csv" --dry-run --json
holds 'd["imported"] == 12'
expect 0 ledger --json
holds 'd == {"records": [], "total": 0}'

expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 12 and d["duplicates"] == 0 and len(d["files"]) == 1'
holds 'd["files"][0]["format"] == "alipay" and d["files"][0]["rows"] == 12 and d["files"][0]["skipped"] == []'
expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 0 and d["duplicates"] == 12'
"$tael" import - --json <"$work/bill.csv" >"$work/out" 2>"$work/err" || fail "import from standard input"
holds 'd["imported"] == 0 and d["duplicates"] == 12'
[ "$(stat -c %a "$TAEL_HOME")" = 700 ] || fail "the home is not private"
for file in "$TAEL_HOME"/ledger.*; do [ "$(stat -c %a "$file")" = 600 ] || fail "$file is not private"; done
grep -aq '库迪' "$TAEL_HOME/ledger.db" && fail "the ledger is not encrypted"

expect 0 spend --json
holds 'd["minor"] == 142986 and d["count"] == 6 and d["currency"] == "CNY"'
expect 0 spend --gross --json
holds 'd["minor"] == 175721'
expect 0 spend --income --json
holds 'd["minor"] == 850000 and d["count"] == 1'
expect 0 spend --month 2026-10 --json
holds 'd["minor"] == 11190'
expect 0 spend --from 2026-11-01 --to 2026-11-11 --json
holds 'd["minor"] == 125806'
expect 0 spend --merchant 库迪 --json
holds 'd["minor"] == 2180 and d["count"] == 2'
expect 0 spend --min 50.00 --max 1234.56 --json
holds 'd["minor"] == 138456'
expect 0 spend --by month --json
holds '[(g["key"], g["minor"]) for g in d["groups"]] == [("2026-10", 11190), ("2026-11", 131796)]'
for by in month category merchant weekday hour method source; do
    expect 0 spend --by "$by" --json
    holds 'sum(g["minor"] for g in d["groups"]) == d["minor"] == 142986'
    holds 'sum(g["count"] for g in d["groups"]) == d["count"] == 6'
    expect 0 --lang zh spend --by "$by"
    grep -q '支出 ¥1,429.86' "$work/out" || fail "spend --by $by for people"
done

expect 0 ledger --json
holds 'd["total"] == 12 and len(d["records"]) == 12'
holds '[r["time"] for r in d["records"]] == sorted((r["time"] for r in d["records"]), reverse=True)'
holds 'all(type(r["minor"]) is int and r["currency"] == "CNY" and r["time"].endswith("+08:00") for r in d["records"])'
holds '{r["direction"] for r in d["records"]} == {"expense", "income", "neutral"}'
expect 0 ledger --limit 1 --json
holds 'd["total"] == 12 and len(d["records"]) == 1 and d["records"][0]["minor"] == 990'
expect 0 ledger --text 键盘 --json
holds 'd["total"] == 1 and d["records"][0]["minor"] == 123456 and d["records"][0]["merchant"] == "京东商城"'
expect 0 ledger --merchant "' OR 1=1 --" --json
holds 'd["total"] == 0'
expect 0 ledger
grep -q '12 records' "$work/out" || fail "ledger for people"

# What is no bill is refused, and keeps nothing else out.
printf 'a,b\n1,2\n' >"$work/other.csv"
"$tael" import "$work/other.csv" "$work/bill.csv" --json >"$work/out" 2>"$work/err"
[ $? -eq 1 ] || fail "a file that is no bill: no failure"
holds 'd["error"]["code"] == "unsupported" and d["files"][0]["error"] and d["files"][1]["duplicates"] == 12'
expect 1 import "$work/nothing.csv"
expect 1 import "$work"
: >"$work/empty.csv"
expect 1 import "$work/empty.csv"
head -c 100000 /dev/urandom >"$work/random.csv"
expect 1 import "$work/random.csv"

expect 0 export --out "$work/out-folder" --json
holds 'd["records"] == 12'
python3 - "$work/out-folder" <<'PYTHON' || fail "the export is not what went in"
import csv, json, sys
rows = list(csv.reader(open(sys.argv[1] + "/records.csv", encoding="utf-8-sig")))
records = json.load(open(sys.argv[1] + "/records.json", encoding="utf-8"))
json.load(open(sys.argv[1] + "/about.json", encoding="utf-8"))
records = records["records"] if isinstance(records, dict) else records
assert len(rows) == 13 and len(records) == 12, (len(rows), len(records))
PYTHON

# The export, as a folder and as a zip, restores the ledger.
expect 0 export --out "$work/out.zip"
expect 0 ledger --json
cp "$work/out" "$work/before.json"
for export in "$work/out-folder" "$work/out.zip"; do
    rm -rf "$work/restored"
    expect 0 --home "$work/restored" import "$export" --json
    holds 'd["imported"] == 12'
    expect 0 --home "$work/restored" ledger --json
    python3 - "$work/out" "$work/before.json" <<'PYTHON' || fail "$export restores something else"
import json, sys
one, other = ([{k: v for k, v in r.items() if k != "id"} for r in json.load(open(p))["records"]] for p in sys.argv[1:])
assert one == other
PYTHON
done

expect 0 erase --before 2026-11-01 --yes --json
holds 'd["erased"] == 8'
expect 0 spend --json
holds 'd["minor"] == 131796'
expect 0 erase --all --yes --json
holds 'd["erased"] == 4'
expect 0 ledger --json
holds 'd["total"] == 0'
expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 12'
