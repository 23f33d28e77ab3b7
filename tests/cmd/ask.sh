# SPDX-License-Identifier: Apache-2.0
# A bill in, a question, an answer: with whatever query the small model writes, every figure must lead back to rows that
# exist and add up to it, and must not depend on threads or on what was kept from the last time.
. "$(dirname "$0")/lib.sh"
need_model
for better in qwen2.5-coder-1.5b qwen2.5-coder-0.5b; do # one that understands questions, where it is installed already
    [ ! -f "$cache/models/$better.gguf" ] || model=$cache/models/$better.gguf
done
[ -z "${TAEL_TEST_MODEL:-}" ] || model=$TAEL_TEST_MODEL
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
assert one["route"] in ("ledger", "no_data", "out_of_scope", "unclear", "not_allowed"), one["route"]
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
今天天气怎么样？
这个月大概还要花多少？
还在每月扣款的有哪些？一共多少？
was I charged twice?
QUESTIONS

if [[ $model == *qwen* ]]; then
    expect 0 ask -m "$model" --today 2026-11-20 --json "上个月一共花了多少钱？"
    holds 'd["route"] == "ledger" and any(f.get("minor") == 11190 and f["currency"] == "CNY" for f in d["figures"])'
fi

# A question leans on the one before, by --after or because that was asked just now; an unlike one doesn't.
expect 0 ask -m "$model" --today 2026-11-20 --json "2026年10月一共花了多少钱？"
cp "$work/out" "$work/one"
expect 0 ask -m "$model" --today 2026-11-20 --json "那2026年9月呢？"
holds 'd["question"] == "2026年9月一共花了多少钱？"'
expect 0 ask -m "$model" --today 2026-11-20 --json --after "上个月咖啡花了多少钱" "那上上个月呢"
holds 'd["question"] == "上上个月咖啡花了多少钱" and d["plan"]["periods"][0]["from"] == "2026-09-01"'
expect 0 ask -m "$model" --today 2026-11-20 --explain "2026年10月一共花了多少钱？"
grep -q "2026-10-01 至 2026-10-31" "$work/out" || fail "--explain doesn't tell the time"

# Habits that aren't wanted are not told, with how to allow them; sums are.
expect 0 consent habits off
expect 0 ask -m "$model" --today 2026-11-20 --json "该买咖啡了吗？"
holds 'd["route"] == "not_allowed" and "tael consent habits on" in d["answer"]'
expect 0 ask -m "$model" --today 2026-11-20 --json "2026年10月一共花了多少钱？"
holds 'd["route"] == "ledger"'
expect 0 consent habits on

# An empty ledger has no figures, and nobody else may read what was kept of the prompt.
expect 0 --home "$work/empty" ask -m "$model" --json "How much did I spend last month?"
holds 'd["route"] != "ledger" and d["figures"] == []'
expect 0 ask -m "$model" --json "what did the zzyzx quomble come to"
holds 'd["figures"] == [] and d["plan"]["asked_model"]' # words that no example holds: the model is asked
for file in "$TAEL_HOME"/cache/*; do [ "$(stat -c %a "$file")" = 600 ] || fail "$file is not private"; done
expect 0 erase --all --yes
[ -z "$(ls "$TAEL_HOME/cache")" ] || fail "erase left what was kept of the prompt"
