# SPDX-License-Identifier: Apache-2.0
# A bill in, a question, an answer: with whatever query the small model writes, every figure must lead back to rows that
# exist and add up to it, and must not depend on threads or on what was kept from the last time.
. "$(dirname "$0")/lib.sh"
need_model
[ -z "${TAEL_TEST_MODEL:-}" ] || model=$TAEL_TEST_MODEL # try a better one by hand
make_bill
expect 0 import "$work/bill.csv"
expect 0 ledger --json
cp "$work/out" "$work/ledger"

while IFS= read -r question; do
    expect 0 ask -m "$model" --today 2026-11-20 --threads 1 --json "$question"
    cp "$work/out" "$work/one"
    expect 0 ask -m "$model" --today 2026-11-20 --threads 2 --json "$question"
    python3 - "$work/ledger" "$work/one" "$work/out" <<'PYTHON' || fail "ask: $question"
import json, sys
ledger, one, two = (json.load(open(f, encoding="utf-8")) for f in sys.argv[1:])
rows = {r["id"]: r for r in ledger["records"]}
assert {"answer", "figures", "route", "model", "timing"} <= set(one), set(one)
assert one["answer"], "no sentence"
assert one["route"] in ("ledger", "no_data", "out_of_scope", "unclear"), one["route"]
for key in ("answer", "figures", "route"):
    assert one[key] == two[key], ("threads", key, one[key], two[key])
for f in one["figures"]:
    assert ("minor" in f) != ("value" in f) and f["unit"] and f["query"], f
    assert all(i in rows for i in f["records"]), f
    if "minor" in f and f["query"].startswith("sum"):
        assert type(f["minor"]) is int
        net = sum(rows[i]["minor"] - rows[i]["refunded_minor"] for i in f["records"] if rows[i]["counted"])
        assert net == f["minor"], (net, f)
print(one["route"], "|", one["answer"])
PYTHON
done <<'QUESTIONS'
上个月一共花了多少钱？
How much did I spend on coffee?
库迪咖啡花了多少
哪个商家花得最多？
今天天气怎么样？
How much did I earn in October?
QUESTIONS

# An empty ledger has no figures.
expect 0 --home "$work/empty" ask -m "$model" --json "How much did I spend last month?"
holds 'd["route"] != "ledger" and d["figures"] == []'
