# SPDX-License-Identifier: Apache-2.0
# The command line: exit 0 done, 1 failed, 2 wrong usage; one sentence that says what to do; with --json one document.
. "$(dirname "$0")/lib.sh"

expect 0
grep -q 'COMMAND' "$work/out" || fail "tael without a command shows no help"
expect 0 help
commands="pull models run tokenize embed perplexity quantize bench serve doctor import add remove ledger spend match merchant categories categorize habits ask mcp export erase consent disclosures key recover"
for command in $commands; do
    grep -q "^  $command " "$work/out" || fail "the help does not list $command"
done
for command in $commands; do
    expect 0 "$command" --help
    grep -q "tael $command" "$work/out" || fail "tael $command --help says nothing of it"
    cp "$work/out" "$work/english"
    expect 0 help "$command"
    cmp -s "$work/out" "$work/english" || fail "tael help $command is another text than tael $command --help"
    expect 0 --lang zh "$command" --help
    grep -q '用法' "$work/out" || fail "tael $command --help is not in Chinese"
done

expect 0 --version
grep -qx 'tael [0-9.]*' "$work/out" || fail "--version"
expect 0 --version --json
holds 'set(d) == {"version"}'

# Wrong usage is 2, and says what is near.
expect 2 impotr
grep -q 'import' "$work/err" || fail "no suggestion for impotr"
expect 2 run --temperatur 1 x
expect 2 run --tempp 1 x
grep -q -- '--temp' "$work/err" || fail "no suggestion for --tempp"
expect 2 --nonsense
expect 2 spend --month
expect 2 spend --month 2026-13
expect 2 spend --month 2026-1
expect 2 spend --from 2026-02-30
expect 2 spend --from 2026-11-02 --to 2026-11-01
expect 2 spend --month 2026-11 --from 2026-11-01
expect 2 spend --by moon
expect 2 spend --income --direction expense
for amount in 12.345 -1 1e3 '' . 12. ' 1' 99999999999999999999 0 0x10; do expect 2 ledger --min "$amount"; done
expect 2 ledger --min 2 --max 1
for n in 0 65 x 1.5 99999999999999999999; do expect 2 run --threads "$n" x; done
for t in -1 11 nan inf x ''; do expect 2 run --temp "$t" x; done
expect 2 tokenize
expect 2 quantize
expect 2 quantize a
expect 2 quantize --pure a
expect 2 quantize --to Q9_Z a b
grep -q Q4_K_M "$work/err" || fail "quantize does not list its kinds"
expect 2 tokenize a b
expect 2 serve --port 65536
expect 2 serve --port -1
expect 2 serve --parallel 0
expect 2 serve --parallel 257
expect 2 serve --deadline 0
expect 2 serve x
expect 2 import
expect 2 ask
expect 2 categorize
expect 2 categorize 1
expect 2 categorize one 咖啡
expect 2 categorize 1 no.such.category
expect 2 categorize --all --forget 1
expect 2 categorize --all 1 咖啡
expect 2 habits everything
expect 2 habits next 咖啡
expect 2 habits forget --undo
expect 2 habits --today 2026-02-30
expect 2 erase
expect 2 match --undo 0
expect 2 match --join 1
expect 2 match --join 1 x
expect 2 match --undo 1 --redo 1
expect 2 match 1
expect 2 merchant --as x
expect 2 merchant --forget
expect 2 merchant x --as y --forget
expect 2 merchant x --suggest
expect 2 erase --all
expect 2 erase --all --source alipay --yes
expect 2 run --json=1 x

# --json: the error is a document, and global options may stand anywhere.
expect 2 --json impotr
holds 'set(d) == {"error"} and d["error"]["code"] == "misuse" and d["error"]["message"]'
expect 2 spend --by moon --json
holds 'd["error"]["code"] == "misuse"'
expect 2 --json
holds 'd["error"]["code"] == "misuse"'
expect 1 tokenize -m "$work/none.gguf" --json text
holds 'd["error"]["code"] == "not_found"'
expect 1 --json tokenize --model="$work/none.gguf" -- --text
holds 'd["error"]["code"] == "not_found"'
printf 'GGUF\003\000\000\000' >"$work/cut.gguf"
expect 1 --json tokenize -m "$work/cut.gguf" text
holds 'd["error"]["code"] == "bad_input"'

# What was typed can't break out of the line or of the JSON.
expect 2 --json $'a\xff\nb\x1b[2J'
holds '"message" in d["error"]'
grep -q $'\x1b' "$work/err" && fail "a control character reached the terminal"

# The language: the option, then TAEL_LANG, then the locale.
expect 2 --lang zh impotr
grep -q '没有这个命令' "$work/err" || fail "--lang zh"
TAEL_LANG= LC_ALL=zh_CN.UTF-8 "$tael" impotr 2>"$work/err"
grep -q '没有这个命令' "$work/err" || fail "the locale zh_CN"
TAEL_LANG=en LC_ALL=zh_CN.UTF-8 "$tael" impotr 2>"$work/err"
grep -q 'no such command' "$work/err" || fail "TAEL_LANG before the locale"
expect 2 --lang fr help

# An output that can't be written is a failure.
if [ -e /dev/full ]; then
    "$tael" help >/dev/full 2>"$work/err"
    [ $? -eq 1 ] || fail "help to a full disk: no failure"
fi
