# SPDX-License-Identifier: Apache-2.0
# `tael add` and `tael remove`: shown, confirmed, stored, taken back; nothing slips in without a yes.
. "$(dirname "$0")/lib.sh"

expect 0 add "早饭25元，支付宝" --today 2026-11-20
grep -q '¥25.00' "$work/out" || fail "the amount is not shown"
grep -q 'not stored' "$work/out" || fail "it does not say that nothing was stored"
expect 0 ledger --json
holds 'd["total"] == 0'
expect 0 add "早饭25元，支付宝" --today 2026-11-20 --json
holds 'd["stored"] is False and d["unclear"] == [] and "id" not in d["records"][0]'
expect 0 add "午饭32，晚饭45.5 花呗" --today 2026-11-20 --yes --json
holds 'd["stored"] is True and [r["minor"] for r in d["records"]] == [3200, 4550] and all(r["id"] > 0 for r in d["records"])'
expect 0 add "午饭32，晚饭45.5 花呗" --today 2026-11-20 --yes
expect 0 ledger --json
holds 'd["total"] == 4 and {r["source"] for r in d["records"]} == {"manual"}'
expect 0 spend --json
holds 'd["minor"] == 15500'

expect 1 add "咖啡 25-30" --yes --json
holds 'd["stored"] is False and d["unclear"][0]["readings"] == ["25.00", "30.00"] and d["error"]["code"] == "bad_input"'
expect 1 add "咖啡 25-30" --yes
grep -q '25.00 or 30.00' "$work/err" || fail "both readings are not shown"
expect 1 add "hello" --yes --json
holds 'd["error"]["code"] == "bad_input" and "lunch 12.50" in d["error"]["message"]'
expect 2 add
expect 0 ledger --json
holds 'd["total"] == 4'

expect 0 remove 1 --json
holds 'd["removed"] == 1'
expect 1 remove 1 --json
holds 'd["error"]["code"] == "not_found"'
for id in 0 x -1 99999999999999999999; do expect 2 remove -- "$id"; done
printf 'Date,Payee,Amount\n2026-09-01,Cafe,3.50\n' >"$work/bill.csv"
expect 0 import "$work/bill.csv"
expect 1 remove 5 --json
holds 'd["error"]["code"] == "denied"'
expect 0 erase --source manual --yes --json
holds 'd["erased"] == 3'

# On a terminal it asks: n keeps nothing; e edits field by field; what is unclear is asked for again.
python3 - "$tael" <<'PYTHON' || fail "the terminal"
import os, pty, subprocess, sys, json, time

def talk(text, answers):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], [sys.argv[1], "--lang", "en", "add", text, "--today", "2026-11-20"])
    seen = b""
    def until(word):
        nonlocal seen
        end = time.time() + 20
        while word not in seen and time.time() < end:
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            if not part: break
            seen += part
        assert word in seen, (word, seen)
        seen = seen.split(word, 1)[1]
    for word, answer in answers:
        until(word)
        os.write(terminal, answer + b"\n")
    try:
        while os.read(terminal, 4096): pass
    except OSError: pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def records():
    return json.loads(subprocess.run([sys.argv[1], "ledger", "--json", "--text", "ask"], capture_output=True).stdout)["records"]

assert talk("ask 10", [(b"Store?", b"n")]) == 0 and records() == []
assert talk("ask 10", [(b"Store?", b"e"), (b"amount", b"x"), (b"amount", b"12.5"), (b"day", b"2026-11-19"), (b"expense", b""), (b"merchant", b"Shop"),
    (b"item", b""), (b"method", b"cash"), (b"category", b""), (b"note", b""), (b"Store?", b"")]) == 0
r = records()
assert len(r) == 1 and r[0]["minor"] == 1250 and r[0]["merchant"] == "Shop" and r[0]["item"] == "ask" and r[0]["time"].startswith("2026-11-19"), r
assert talk("ask 4 or 5", [(b"again", b"ask 4"), (b"Store?", b"y")]) == 0 and len(records()) == 2
PYTHON

# What is said has a category at once, as what is imported has.
expect 0 add "打车去机场86.5 微信" --today 2026-11-20 --yes
expect 0 ledger --text 机场 --json
holds 'd["records"][0]["category_key"] == "transport.taxi"'
