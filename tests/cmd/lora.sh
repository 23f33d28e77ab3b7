# SPDX-License-Identifier: Apache-2.0
# Adapters on the command line: they change what the model says, by as much as is asked, and a wrong one is refused.
. "$(dirname "$0")/lib.sh"
data=$here/../model/data
base=$data/tiny_lora_base.gguf
cp "$data/tiny_lora.gguf" "$work/with:colon.gguf"

vector() # vector NAME ARGS...: the one vector, in $work/NAME
{
    local name=$1
    shift
    expect 0 embed -m "$base" "$@" "some text"
    cp "$work/out" "$work/$name"
}
vector without
vector with --lora "$work/with:colon.gguf"
vector once --lora "$work/with:colon.gguf:1"
vector half --lora "$data/tiny_lora.gguf:0.5"
vector halves --lora "$data/tiny_lora.gguf:0.5" --lora "$data/tiny_lora.gguf:0.5"
cmp -s "$work/with" "$work/once" || fail "a scale of 1 is not the default"
! cmp -s "$work/with" "$work/without" || fail "the adapter changes nothing"
! cmp -s "$work/with" "$work/half" || fail "the scale changes nothing"
python3 - "$work/with" "$work/halves" <<'PYTHON' || fail "two halves are not one"
import sys
a, b = ([float(x) for x in open(f).read().split()] for f in sys.argv[1:])
sys.exit(len(a) != 32 or max(abs(x - y) for x, y in zip(a, b)) > 1e-4)
PYTHON

expect 1 embed -m "$data/tiny_qwen3.gguf" --lora "$data/tiny_lora.gguf" --json text
holds 'd["error"]["code"] == "bad_input"'
expect 1 run -m "$base" --lora "$work/none.gguf" --raw --json text
holds 'd["error"]["code"] == "not_found"'
expect 2 run -m "$base" --lora :2 --raw text
