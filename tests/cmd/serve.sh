# SPDX-License-Identifier: Apache-2.0
# `tael serve` as a person starts it: what is refused before it listens, the line that says where it listens, and its end.
# What clients see of it is in tests/serve.
. "$(dirname "$0")/lib.sh"
tiny=$here/../model/data/tiny_qwen2.gguf
bert=$here/../model/data/tiny_bert.gguf
cleanup() { [ -z "${server:-}" ] || kill -9 "$server" 2>/dev/null; }

expect 2 serve -m "$tiny" --host 0.0.0.0 --json
holds 'd["error"]["code"] == "misuse" and "--key-file" in d["error"]["message"]'
expect 2 serve -m "$tiny" --host nowhere.example
expect 2 serve -m "$tiny" --host ::
expect 1 serve -m "$work/none.gguf" --json
holds 'd["error"]["code"] == "not_found"'
expect 1 serve -m "$tiny" --key-file "$work/none"
echo abcdefghijklmnopqrst >"$work/keys"
chmod 644 "$work/keys"
expect 1 serve -m "$tiny" --key-file "$work/keys" --json
holds 'd["error"]["code"] == "denied" and "chmod 600" in d["error"]["message"]'
chmod 600 "$work/keys"
echo short >>"$work/keys"
expect 1 serve -m "$tiny" --key-file "$work/keys" --json
holds 'd["error"]["code"] == "bad_input" and "line 2" in d["error"]["message"]'

# start ARGS…: in $work/ready the line that it is ready with; $server, $port.
start()
{
    : >"$work/ready"
    "$tael" serve --port 0 "$@" >"$work/ready" 2>"$work/said" &
    server=$!
    for _ in $(seq 100); do
        [ -s "$work/ready" ] && break
        sleep 0.1
    done
    port=$(grep -oE ':[0-9]+' "$work/ready" | head -1 | tr -d :)
    [ -n "$port" ] || fail "serve $*: no address"
}
# get PATH [HEADER]: status and body of a reply, over bash's own sockets.
get()
{
    exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "nobody listens at $port"
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n' "$1" "${2:+$2$'\r\n'}" >&3
    cat <&3 >"$work/reply"
    exec 3>&-
    head -1 "$work/reply" | cut -d' ' -f2
}
# stop SIGNAL: it ends, with status 0 and without a word on stderr.
stop()
{
    kill -"$1" "$server"
    wait "$server"
    [ $? -eq 0 ] || fail "SIG$1 did not end it with 0"
    server=
    [ ! -s "$work/said" ] || fail "it wrote to stderr: $(cat "$work/said")"
}

start -m "$tiny"
grep -q "^tiny_qwen2 serves at http://127.0.0.1:$port" "$work/ready" || fail "the line: $(cat "$work/ready")"
[ "$(get /healthz)" = 200 ] || fail "healthz"
[ "$(get /v1/models)" = 200 ] && grep -q '"id":"tiny_qwen2"' "$work/reply" || fail "models"
expect 1 serve -m "$tiny" --port "$port" --json
holds 'd["error"]["code"] == "locked" and "--port" in d["error"]["message"]'
stop TERM

# Any address, with keys; a model that only makes vectors.
sed -i 2d "$work/keys"
start -m "$bert" --host 0.0.0.0 --key-file "$work/keys" --json
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(set(d) != {"address", "port", "model", "page"} or d["model"] != "tiny_bert")' "$work/ready" ||
    fail "the document: $(cat "$work/ready")"
[ "$(get /healthz)" = 200 ] || fail "healthz needs no key"
[ "$(get /metrics)" = 401 ] || fail "metrics without a key"
[ "$(get /metrics "Authorization: Bearer abcdefghijklmnopqrst")" = 200 ] || fail "metrics with a key"
stop TERM
