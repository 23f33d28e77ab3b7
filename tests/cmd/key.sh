# SPDX-License-Identifier: Apache-2.0
# A passphrase on the ledger: set, asked for, changed and taken away, from files, the environment and a terminal. And consents.
. "$(dirname "$0")/lib.sh"
make_bill
unset TAEL_PASSPHRASE TAEL_NEW_PASSPHRASE

expect 0 key --json
holds 'd == {"protected": False}'
expect 0 import "$work/bill.csv"
plain=$(cat "$TAEL_HOME/ledger.key")
expect 2 key --set-passphrase
expect 2 key --change
expect 2 key --set-passphrase --change
printf 'open sesame\nnot this line\n' >"$work/pass"
: >"$work/empty"
expect 1 key --set-passphrase --passphrase-file "$work/empty"
expect 1 key --set-passphrase --passphrase-file "$work/none"
[ "$plain" = "$(cat "$TAEL_HOME/ledger.key")" ] || fail "a refused passphrase changed the key"
expect 0 key --set-passphrase --passphrase-file "$work/pass" --json
holds 'd == {"protected": True}'
grep -qF "$plain" -r "$TAEL_HOME" && fail "the plain key is still there"

# Without it, with a wrong one: a sentence and its code. With it: everything.
expect 1 spend --json
holds 'd["error"]["code"] == "bad_key" and "passphrase" in d["error"]["message"]'
TAEL_PASSPHRASE='open sesamE' expect 1 ledger --json
holds 'd["error"]["code"] == "bad_key"'
TAEL_PASSPHRASE='open sesame' expect 0 spend --json
holds 'd["minor"] == 142986'
expect 0 --passphrase-file "$work/pass" spend --json
expect 2 key --set-passphrase --passphrase-file "$work/pass"
echo other >"$work/new"
expect 0 key --change --passphrase-file "$work/pass" --new-passphrase-file "$work/new"
expect 1 --passphrase-file "$work/pass" spend
TAEL_PASSPHRASE=other TAEL_NEW_PASSPHRASE=third expect 0 key --change
TAEL_PASSPHRASE=third expect 0 import "$work/bill.csv" --json
holds 'd["imported"] == 0'

# On a terminal it is asked for and not shown.
python3 - "$tael" <<'PYTHON' || fail "on a terminal"
import os, pty, select, sys, time
def talk(args, lines):
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], [sys.argv[1], *args])
    seen, end = b"", time.time() + 60
    while time.time() < end:
        if lines and seen.rstrip().endswith(b":") and seen.count(b":") > lines[0][0]:
            time.sleep(0.1)
            os.write(fd, lines.pop(0)[1])
        if select.select([fd], [], [], 0.1)[0]:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
    if time.time() >= end:
        os.kill(pid, 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen
status, seen = talk(["spend"], [(0, b"x\x7fthird\n")])
assert status == 0 and b"1,429.86" in seen and b"third" not in seen, (status, seen)
status, seen = talk(["spend"], [(0, b"\x03")])
assert status == 1, (status, seen)
status, seen = talk(["key", "--change"], [(0, b"third\n"), (1, b"new one\n"), (2, b"new two\n")])
assert status == 1 and b"differ" in seen, (status, seen)
status, seen = talk(["key", "--change"], [(0, b"third\n"), (1, b"new one\n"), (2, b"new one\n")])
assert status == 0 and b"new one" not in seen, (status, seen)
PYTHON
TAEL_PASSPHRASE='new one' expect 0 key --remove-passphrase
[ "$plain" = "$(cat "$TAEL_HOME/ledger.key")" ] || fail "the key isn't as it was"
expect 0 spend --json
expect 2 key --remove-passphrase

# Consents: off for what leaves the device.
expect 0 consent --json
holds 'all(c["allowed"] == (not c["leaves_device"]) and not c["decided"] for c in d["consents"]) and len(d["consents"]) >= 5'
expect 0 consent partner on --json
holds '[c["allowed"] for c in d["consents"] if c["kind"] == "partner"] == [True]'
expect 0 consent
grep -q '^partner *on' "$work/out" || fail "consent is not kept"
expect 0 consent partner off
expect 2 consent partner
expect 2 consent partner maybe
expect 1 consent everything on
exit 0
