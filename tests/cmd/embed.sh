# SPDX-License-Identifier: Apache-2.0
# Vectors of texts: one a text, of length 1, the same whatever else is asked; a model that makes none of text says so.
. "$(dirname "$0")/lib.sh"
bert=$here/../model/data/tiny_bert.gguf
qwen=$here/../model/data/tiny_qwen3_embedding.gguf

expect 0 embed -m "$bert" --json "the cat" "un able" "the cat"
holds 'd["dimensions"] == 32 and [e["text"] for e in d["embeddings"]] == ["the cat", "un able", "the cat"]'
holds 'all(len(e["vector"]) == 32 and abs(sum(x * x for x in e["vector"]) - 1) < 1e-4 for e in d["embeddings"])'
holds 'd["embeddings"][0]["tokens"] == 4 and d["embeddings"][0]["vector"] == d["embeddings"][2]["vector"]'
holds 'd["embeddings"][0]["vector"] != d["embeddings"][1]["vector"]'
cp "$work/out" "$work/arguments"
printf 'the cat\n\nun able\nthe cat' | "$tael" embed -m "$bert" --json -t 1 - >"$work/out" || fail "embed -"
cmp -s "$work/out" "$work/arguments" || fail "lines of standard input give other vectors than arguments"
expect 0 embed -m "$bert" --pooling mean --json "the cat"
holds 'd["embeddings"][0]["vector"][0] != __import__("json").load(open("'"$work/arguments"'"))["embeddings"][0]["vector"][0]'
expect 0 embed -m "$qwen" "cat"
[ "$(wc -w <"$work/out")" -eq 32 ] || fail "not 32 numbers on a line"

expect 1 embed -m "$bert" --json "$(printf '! %.0s' {1..80})"
holds 'd["error"]["code"] == "context_full"'
expect 1 run -m "$bert" --raw --json "the cat"
holds 'd["error"]["code"] == "unsupported" and "embed" in d["error"]["message"]'
expect 2 embed -m "$bert"
expect 2 embed -m "$bert" --pooling most "the cat"
