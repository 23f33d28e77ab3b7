# SPDX-License-Identifier: Apache-2.0
# A killed import, two at once, a home that can't be written, a full disk: a sentence each time, and a ledger that is whole.
. "$(dirname "$0")/lib.sh"
make_bill
mounted=
cleanup() { [ -z "$mounted" ] || umount "$mounted"; }

# 20,000 rows, killed while it works; then every row is there once.
python3 - "$work/bill.csv" "$work/large.csv" <<'PYTHON'
import sys
text = open(sys.argv[1], "rb").read().decode("gb18030")
head = text[:text.index("\r\n", text.index("交易时间,")) + 2]
rows = [f"2026-10-{1 + i % 28:02d} 08:{i // 60 % 60:02d}:{i % 60:02d},餐饮美食,商户{i % 500},/,商品{i},支出,{1 + i % 90}.{i % 100:02d},余额,交易成功,"
        f"20261001{i:020d}\t,M{i}\t,,\r\n" for i in range(20000)]
open(sys.argv[2], "wb").write((head + "".join(rows)).encode("gb18030"))
PYTHON
for wait in 0.01 0.02 0.03 0.05 0.07 0.1 0.13 0.16 0.2 0.3; do
    "$tael" import "$work/large.csv" >/dev/null 2>&1 &
    sleep "$wait"
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
    expect 0 ledger --limit 1 --json
    holds 'd["total"] in (0, 20000)'
done
"$tael" import "$work/large.csv" >/dev/null 2>"$work/err1" &
first=$!
"$tael" import "$work/large.csv" >/dev/null 2>"$work/err2" &
second=$!
wait $first || fail "the first of two at once: $(cat "$work/err1")"
wait $second || fail "the second of two at once: $(cat "$work/err2")"
expect 0 ledger --limit 1 --json
holds 'd["total"] == 20000'
expect 0 spend --json
holds "d[\"minor\"] == $(python3 -c 'print(sum((1 + i % 90) * 100 + i % 100 for i in range(20000)))')"

# Ctrl-C during an import leaves all of it or nothing.
expect 0 erase --all --yes
"$tael" import "$work/large.csv" >/dev/null 2>&1 &
sleep 0.05
kill -INT $! 2>/dev/null
wait $!
expect 0 ledger --limit 1 --json
holds 'd["total"] in (0, 20000)'

# A damaged ledger and a wrong key are told, not read. TAEL_BAD_KEY can't tell which of the two it is.
cp -r "$TAEL_HOME" "$work/damaged"
head -c 4096 /dev/urandom | dd of="$work/damaged/ledger.db" bs=1 conv=notrunc 2>/dev/null
rm -f "$work/damaged"/ledger.db-*
expect 1 --home "$work/damaged" --json spend
holds 'd["error"]["code"] in ("corrupt", "bad_key")'

# What can be read of it is saved; without its first page nothing can.
expect 1 --home "$work/damaged" --json recover --out "$work/fresh"
expect 0 --home "$work/damaged2" import "$work/large.csv"
python3 - "$work/damaged2/ledger.db" <<'PYTHON'
import os, sys
pages = os.path.getsize(sys.argv[1]) // 4096
with open(sys.argv[1], "r+b") as f:
    for page in range(50, pages, 97):
        f.seek(page * 4096 + 1000)
        f.write(b"damaged")
PYTHON
expect 1 --home "$work/damaged2" --json ledger
holds 'd["error"]["code"] == "corrupt"'
expect 0 --home "$work/damaged2" --json recover
holds 'd["path"].endswith("-recovered") and 15000 < d["saved"] < 20000 and d["saved"] + d["lost"] >= 20000 and d["gaps"] > 1'
expect 0 --home "$work/damaged2-recovered" --json import "$work/large.csv"
holds 'd["imported"] + d["duplicates"] == 20000'
expect 0 --home "$work/damaged2-recovered" --json ledger --limit 1
holds 'd["total"] == 20000'

# A key that lost its mode on its way back from a copy is closed again; a pipe in its place is told, not waited for.
cp -r "$TAEL_HOME" "$work/copied"
chmod 644 "$work/copied/ledger.key" "$work/copied/ledger.db"
expect 0 --home "$work/copied" spend --json
[ "$(stat -c %a "$work/copied/ledger.key" "$work/copied/ledger.db" | sort -u)" = 600 ] || fail "the modes stayed open"
mv "$work/copied/ledger.key" "$work/key" && mkfifo "$work/copied/ledger.key"
tael_alone=$tael
tael=$work/limited
printf '#!/bin/sh\nexec timeout 20 "%s" "$@"\n' "$tael_alone" >"$tael" && chmod +x "$tael"
expect 1 --home "$work/copied" --json spend
tael=$tael_alone
holds 'd["error"]["code"] == "bad_key"'

# A folder that is a file.
: >"$work/file"
expect 1 --home "$work/file" --json spend
holds 'd["error"]["code"] != "internal"'

# A home that can only be read. Root may write anywhere but on what is mounted read-only.
rm -rf "$TAEL_HOME"
expect 0 import "$work/bill.csv"
mkdir "$work/readonly"
if [ "$(id -u)" -ne 0 ]; then
    cp -r "$TAEL_HOME" "$work/readonly/home"
    chmod 500 "$work/readonly/home"
    readonly_home=$work/readonly/home
elif mount -t tmpfs -o size=16m tmpfs "$work/readonly" 2>/dev/null; then
    mounted=$work/readonly
    cp -r "$TAEL_HOME" "$work/readonly/home"
    mount -o remount,ro "$work/readonly" || fail "remount"
    readonly_home=$work/readonly/home
else
    note_skip "a read-only home: root without the right to mount"
    readonly_home=
fi
if [ -n "$readonly_home" ]; then
    expect 0 --home "$readonly_home" spend --json
    holds 'd["minor"] == 142986'
    expect 0 --home "$readonly_home" ledger --json
    holds 'd["total"] == 12'
    expect 1 --home "$readonly_home" --json import "$work/bill.csv"
    holds 'd["error"]["code"] != "internal"'
    expect 1 --home "$readonly_home" --json erase --all --yes
    expect 1 --home "$work/readonly/new" --json import "$work/bill.csv"
    holds 'd["error"]["code"] == "denied"'
fi
[ "$(id -u)" -eq 0 ] || chmod 700 "$work/readonly/home"
[ -z "$mounted" ] || { umount "$mounted" && mounted=; }

# A full disk: nothing half, and once there is room it goes on.
mkdir "$work/full"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=2m tmpfs "$work/full" 2>/dev/null; then
    mounted=$work/full
    expect 0 --home "$work/full/home" import "$work/bill.csv"
    expect 1 --home "$work/full/home" --json import "$work/large.csv"
    holds 'd["error"]["code"] == "no_space"'
    expect 0 --home "$work/full/home" ledger --json
    holds 'd["total"] == 12'
    expect 1 --home "$work/full/home" --json export --out "$work/nowhere/deep/../.."
    # Not a byte left: what is there can be read still, and what needs room says so.
    head -c 4m /dev/zero >"$work/full/rest" 2>/dev/null
    expect 0 --home "$work/full/home" spend --json
    holds 'd["minor"] == 142986'
    expect 1 --home "$work/full/home" --json erase --all --yes
    holds 'd["error"]["code"] == "no_space"'
    expect 0 --home "$work/full/home" ledger --json
    holds 'd["total"] == 12'
    rm "$work/full/rest"
    mount -o remount,size=64m "$work/full"
    expect 0 --home "$work/full/home" import "$work/large.csv" --json
    holds 'd["imported"] == 20000'
else
    note_skip "a full disk: needs root and the right to mount"
fi
exit 0
