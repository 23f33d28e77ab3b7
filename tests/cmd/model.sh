# SPDX-License-Identifier: Apache-2.0
# The model commands with a real small model: JSON as promised, greedy text that does not depend on threads, Ctrl-C at once.
. "$(dirname "$0")/lib.sh"
need_model

expect 0 --home "$cache" models --json
holds 'any(m["name"] == "smollm2-135m" and m["installed"] and m["fits"] for m in d["models"])'
holds 'all(set(m) >= {"name","installed","path","bytes","params","quant","license","needs_bytes","fits"} for m in d["models"])'

expect 0 tokenize -m "$model" --json "<|im_start|>hello"
holds 'len(d["tokens"]) == 2 and all(type(t) is int for t in d["tokens"])'
expect 0 tokenize -m "$model" --json --no-special "<|im_start|>hello"
holds 'len(d["tokens"]) > 3'
expect 0 tokenize -m "$model" --json ""
holds 'd["tokens"] == []'
printf 'a\n' | "$tael" tokenize -m "$model" --json - >"$work/out" || fail "tokenize -"
holds 'len(d["tokens"]) == 2'
expect 1 tokenize -m "$model" --json $'\xff'
holds 'd["error"]["code"] == "bad_input"'

prompt="Name three fruits."
expect 0 run -m "$model" --temp 0 -n 24 --threads 1 --json "$prompt"
holds 'set(d) >= {"text","tokens","finish","usage","timing"} and d["finish"] in ("stop", "length")'
holds 'len(d["text"]) > 3 and d["usage"]["completion_tokens"] <= 24 and d["usage"]["prompt_tokens"] > 5'
holds 'all(d["timing"][k] > 0 for k in ("load_ms", "first_token_ms", "prefill_tps", "decode_tps"))'
cp "$work/out" "$work/one"
expect 0 run -m "$model" --temp 0 -n 24 --threads 2 --json "$prompt"
python3 - "$work/one" "$work/out" <<'PYTHON' || fail "one thread and two threads give different text"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
sys.exit(a["text"] != b["text"] or a["tokens"] != b["tokens"])
PYTHON
text=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["text"].rstrip("\n"))' "$work/one")
expect 0 run -m "$model" --temp 0 -n 24 "$prompt"
[ "$(cat "$work/out")" = "$text" ] || fail "streamed text differs from the JSON's"
echo "$prompt" | "$tael" run -m "$model" --temp 0 -n 24 >"$work/out" || fail "run from a pipe"
[ "$(cat "$work/out")" = "$text" ] || fail "a prompt from a pipe differs from the same as an argument"

expect 0 run -m "$model" --temp 1 --seed 7 -n 16 --json "$prompt"
cp "$work/out" "$work/one"
expect 0 run -m "$model" --temp 1 --seed 7 -n 16 --json "$prompt"
python3 -c 'import json, sys; a, b = (json.load(open(f)) for f in sys.argv[1:]); sys.exit(a["tokens"] != b["tokens"])' "$work/one" "$work/out" ||
    fail "the same seed gives different tokens"

# Speculation, by look-up or by a draft model, changes the number of passes and nothing else.
prompt="Repeat these words three times: apples and pears and apples and pears and apples."
expect 0 run -m "$model" --temp 0 -n 48 --no-speculation --json "$prompt"
holds 'd["usage"]["proposed_tokens"] == 0 and d["usage"]["passes"] >= d["usage"]["completion_tokens"] - 1'
cp "$work/out" "$work/one"
for more in "--threads 2" "--draft $model"; do
    expect 0 run -m "$model" --temp 0 -n 48 $more --json "$prompt"
    python3 -c 'import json, sys; a, b = (json.load(open(f)) for f in sys.argv[1:]); sys.exit(a["tokens"] != b["tokens"])' "$work/one" "$work/out" ||
        fail "speculation ($more) changes the text"
    holds 'd["usage"]["accepted_tokens"] <= d["usage"]["proposed_tokens"]'
done

echo '{"type":"object","properties":{"fruit":{"type":"string","maxLength":20},"sweet":{"type":"boolean"}},"required":["fruit","sweet"],"additionalProperties":false}' >"$work/schema.json"
expect 0 run -m "$model" --temp 0 -n 80 --schema "$work/schema.json" --json "Name a fruit."
python3 -c 'import json, sys; t = json.loads(json.load(open(sys.argv[1]))["text"]); sys.exit(set(t) != {"fruit", "sweet"} or type(t["sweet"]) is not bool)' "$work/out" ||
    fail "the text does not fit the schema"
echo '{"type":' >"$work/bad.json"
expect 1 run -m "$model" --schema "$work/bad.json" --json x
holds 'd["error"]["code"] == "bad_input"'
expect 1 run -m "$model" --ctx 16 --json "$(printf 'word %.0s' {1..100})"
holds 'd["error"]["code"] == "context_full"'

python3 -c 'print("The quick brown fox jumps over the lazy dog. " * 60)' >"$work/text"
expect 0 perplexity -m "$model" --ctx 128 --json "$work/text"
holds '1 <= d["perplexity"] < 100 and d["tokens_scored"] > 100'
expect 1 perplexity -m "$model" --json /dev/null

expect 0 bench -m "$model" --parallel 3 -p 40 -n 8 -r 2 --json
holds 'd["results"][0]["parallel"] == 3 and d["results"][0]["tps"] > 0 and d["results"][0]["first_token_ms"]["p95"] >= d["results"][0]["first_token_ms"]["median"] > 0'
expect 2 bench -m "$model" --parallel 3 -d 100 --json
expect 0 bench -m "$model" -p 64 -n 8 -r 2 --json
holds '[r["test"] for r in d["results"]] == ["pp64", "tg8"] and all(len(r["runs"]) == 2 and r["tps"] > 0 for r in d["results"])'
holds 'd["rss_bytes"] > 10**6 and d["isa"] and d["threads"] >= 1'
expect 0 --home "$cache" doctor --json
holds 'd["cores"] >= 1 and d["bandwidth_gbs"] > 0 and any(m["name"] == "smollm2-135m" and m["predicted_decode_tps"] > 0 for m in d["models"])'

# Ctrl-C: gone within two seconds, and said so. setsid and the trap: a background job of a script ignores SIGINT else.
for arguments in "run -m $model --temp 0 -n 4000 --json Tell-a-story" "bench -m $model -p 512 -n 2000 -r 9 --json"; do
    python3 - "$tael" $arguments <<'PYTHON' || fail "Ctrl-C during tael $arguments"
import json, signal, subprocess, sys, time
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
time.sleep(1)
p.send_signal(signal.SIGINT)
sent = time.time()
out, err = p.communicate(timeout=20)
took = time.time() - sent
assert p.returncode == 1, (p.returncode, err)
assert took < 2, took
assert json.loads(out)["error"]["code"] == "cancelled", out
assert err.startswith(b"tael: ") and err.count(b"\n") == 1, err
PYTHON
done
