# SPDX-License-Identifier: Apache-2.0
# Shared by tests/cmd/*.sh: $1 is the program; every test has its own folder and home, removed at the end. A test script is
# a list of promises; the first one that doesn't hold ends it with status 1 and what was seen.
set -u
tael=$(realpath "${1:?usage: bash SCRIPT path/to/tael}")
work=$(mktemp -d)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trap 'cleanup; rm -rf "$work"' EXIT
cleanup() { :; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tael # where models outlive the tests
export TAEL_HOME=$work/home TAEL_LANG=en LC_ALL=C.UTF-8
unset TAEL_MODEL TAEL_PROGRESS

fail()
{
    echo "FAILED: $*" >&2
    [ ! -f "$work/err" ] || sed 's/^/  stderr: /' "$work/err" | head -20 >&2
    [ ! -f "$work/out" ] || head -c 2000 "$work/out" | sed 's/^/  stdout: /' >&2
    exit 1
}

skip() # the whole script
{
    echo "SKIPPED: $*"
    exit 77
}

note_skip() { echo "skipped a part: $*"; }

# expect STATUS ARGS…: run the program; its output is in $work/out and $work/err.
expect()
{
    local wanted=$1 got
    shift
    "$tael" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ "$got" -eq "$wanted" ] || fail "tael $*: exit $got, wanted $wanted"
    if [ "$wanted" -ne 0 ]; then
        [ "$(wc -l <"$work/err")" -eq 1 ] || fail "tael $*: not one line on stderr"
        grep -q '^tael: .*[:：].*' "$work/err" || fail "tael $*: the line is no 'tael: WHAT: WHY'"
    fi
}

# holds EXPRESSION: Python over `d`, the one JSON document that the last command wrote.
holds()
{
    python3 - "$work/out" "$1" <<'PYTHON' || fail "does not hold: $1"
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))  # fails on anything beside the document
sys.exit(0 if eval(sys.argv[2], {"d": d, "json": json}) else 1)
PYTHON
}

# The invented bill as Alipay writes it, in $work/bill.csv.
make_bill() { iconv -f UTF-8 -t GB18030 "$here/data/bill.csv" | sed 's/$/\r/' >"$work/bill.csv"; }

# A small model's path in $model: fetched once through `tael pull` and kept in the user's cache.
need_model()
{
    if ! TAEL_PROGRESS=lines "$tael" --home "$cache" --json pull smollm2-135m >"$work/out"; then
        grep -q '"network"' "$work/out" && skip "smollm2-135m can't be fetched: no source answered"
        fail "tael pull smollm2-135m"
    fi
    model=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["path"])' "$work/out")
    [ -f "$model" ] || fail "pull said $model, which isn't there"
}
