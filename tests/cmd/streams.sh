# SPDX-License-Identifier: Apache-2.0
# Standard streams that are closed, full or interrupted: a failure with its own reason, never a file taken for a stream.
. "$(dirname "$0")/lib.sh"
make_bill

# reason STATUS TEXT: what the last command, run by hand, answered.
reason()
{
    [ "$got" -eq "$1" ] || fail "exit $got, wanted $1"
    grep -q "$2" "$work/err" || fail "stderr lacks \"$2\""
}

# With standard input closed the store must not become it.
"$tael" import - <&- >"$work/out" 2>"$work/err"
got=$?
reason 1 'reading failed'
"$tael" import "$work/bill.csv" <&- >"$work/out" 2>"$work/err" || fail "import without standard input"
before=$(sha256sum <"$TAEL_HOME/ledger.db")
"$tael" ledger >&- 2>"$work/err"
got=$?
reason 1 'standard output: writing failed'
"$tael" ledger >&- 2>&- <&-
got=$?
[ $got -eq 1 ] || fail "all streams closed: exit $got"
[ "$before" = "$(sha256sum <"$TAEL_HOME/ledger.db")" ] || fail "words went into the store"

# A full device: nothing was said, so it is no success.
for command in "ledger" "ledger --json" "spend" "models --json" "help" "--version"; do
    # shellcheck disable=SC2086
    "$tael" $command >/dev/full 2>"$work/err"
    got=$?
    reason 1 'standard output: writing failed'
done

# Ctrl-C while it waits for standard input ends it at once. (A pipe that somebody holds open and never writes.)
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
"$tael" import - <"$work/pipe" >/dev/null 2>"$work/err" &
waiting=$!
for _ in $(seq 100); do # the store is open when it begins to read
    [ -e "$TAEL_HOME/ledger.db-shm" ] && break
    sleep 0.1
done
sleep 0.5
kill -INT $waiting
for _ in $(seq 200); do # no killer in the background: one that is killed as it starts may run this script's own exit trap
    kill -0 $waiting 2>/dev/null || break
    sleep 0.1
done
kill -9 $waiting 2>/dev/null
wait $waiting
got=$?
exec 9>&-
reason 1 '^tael: '

# A question that a NUL cuts is not answered as if its half had been asked. (Before a model is looked for.)
printf '花了\0多少' | "$tael" ask --json - >"$work/out" 2>"$work/err"
got=$?
reason 1 'NUL'

# A pipe is no model: told at once, not waited for.
timeout 20 "$tael" tokenize -m "$work/pipe" hello >"$work/out" 2>"$work/err"
got=$?
reason 1 'not a regular file'
exit 0
