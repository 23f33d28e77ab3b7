# SPDX-License-Identifier: Apache-2.0
# `tael mcp` and `tael disclosures` as a person meets them: off by default, on by consent, every answer in the log. The
# protocol itself is in tests/serve/mcp.py.
. "$(dirname "$0")/lib.sh"
make_bill
expect 0 import "$work/bill.csv"

# talk: the lines of $work/say, answered on $work/out by id.
talk()
{
    printf '%s\n' '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"Helper","version":"2.0"}}}' \
        '{"jsonrpc":"2.0","method":"notifications/initialized"}' "$@" >"$work/say"
    "$tael" mcp <"$work/say" >"$work/lines" 2>"$work/err" || fail "tael mcp: exit $?"
    [ ! -s "$work/err" ] || fail "tael mcp wrote on stderr"
    python3 -c 'import json, sys; print(json.dumps({str(m["id"]): m for m in map(json.loads, sys.stdin)}))' <"$work/lines" >"$work/out"
}
spend='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"spend","arguments":{}}}'
search='{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ledger_search","arguments":{"limit":2}}}'

talk "$spend"
holds 'd["1"]["result"]["isError"] and "tael consent assistants on" in d["1"]["result"]["content"][0]["text"]'
grep -q 142986 "$work/lines" && fail "a sum left without consent"
expect 0 disclosures --json
holds 'd == {"disclosures": [], "total": 0}'

expect 0 consent assistants on
talk "$spend" "$search"
holds 'd["1"]["result"]["structuredContent"] == {"minor": 142986, "count": 6, "currency": "CNY", "groups": []} and not d["1"]["result"]["isError"]'
holds '[len(d["2"]["result"]["structuredContent"]["records"]), d["2"]["result"]["structuredContent"]["total"]] == [2, 12]'
expect 0 disclosures --json
cp "$work/out" "$work/log"
python3 - "$work/log" "$work/lines" <<'PYTHON' || fail "the log isn't what was sent"
import hashlib, json, sys
log = {e["purpose"]: e for e in json.load(open(sys.argv[1]))["disclosures"]}
sent = open(sys.argv[2]).read()
assert set(log) == {"spend", "ledger_search"}, log
for e in log.values():
    assert e["sent"] in sent and e["bytes"] == len(e["sent"].encode()) and e["recipient"] == "Helper 2.0"
    assert e["sha256"] == hashlib.sha256(e["sent"].encode()).hexdigest() and e["consent"] == "assistants"
PYTHON
expect 0 disclosures
grep -q 'Helper 2.0' "$work/out" || fail "the recipient isn't shown"
expect 0 disclosures --limit 1
expect 0 disclosures --verify --json
holds 'd == {"whole": True, "lines": 2}'

# It leaves with an export, comes back with it, and erasing takes the bytes, then the lines.
expect 0 export --out "$work/out.zip"
TAEL_HOME=$work/other expect 0 import "$work/out.zip"
TAEL_HOME=$work/other expect 0 disclosures --verify --json
holds 'd["lines"] == 2'
expect 0 erase --before 2026-11-01 --yes
expect 0 disclosures --json
holds 'd["total"] == 2 and all(e["sent"] is None and e["bytes"] > 0 for e in d["disclosures"])'
expect 0 disclosures --verify
expect 0 erase --all --yes
expect 0 disclosures --json
holds 'd["total"] == 0'

# Erasing everything took the consent as well. A ledger that can't be opened is said in the answer.
talk "$spend"
holds 'd["1"]["result"]["isError"]'
expect 0 consent assistants on
echo secret >"$work/pass"
expect 0 key --set-passphrase --passphrase-file "$work/pass"
talk "$spend"
holds 'd["1"]["result"]["isError"] and "passphrase" in d["1"]["result"]["content"][0]["text"]'
export TAEL_PASSPHRASE=secret
talk "$spend"
holds 'd["1"]["result"]["structuredContent"]["count"] == 0'
expect 2 mcp --json
expect 2 mcp extra
expect 1 mcp -m "$work/none.gguf"
