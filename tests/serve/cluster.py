# SPDX-License-Identifier: Apache-2.0
"""Behind HAProxy with deploy/haproxy.cfg: what goes to which node, what is refused at the door, that a dead or ending node costs
no answer; and that the figures which the dashboard asks for exist. A rule that hashed the whole body, or its beginning,
would send a conversation's next turn elsewhere. scripts/demo-cluster has the same under load, with a real model."""
import concurrent.futures
import json
import pathlib
import re
import signal
import tempfile
import urllib.request

from proxy import Cluster
from support import DATA, check

CHAT, TEXT, MESSAGES, RESPONSES, EMBED = "/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"
DEPLOY = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy"
KEYS = [{"Authorization": f"Bearer {name * 4}"} for name in ("maple", "birch")]
SOME = 12  # sessions; that all of three nodes' hashes fall on one is 1 in 3^11


def user(text):
    return {"role": "user", "content": text}


def parts(text, kind="text"):
    return {"role": "user", "content": [{"type": kind, "text": text}]}


def node(cluster, path, body, headers=None):
    """The node that answered, whatever it thinks of the request: the tiny model has no chat template."""
    cluster.wait(cluster.idle, "the request before is over")  # a node that has one may be spared the next
    status, name, text = cluster.ask("POST", path, body, {**KEYS[0], **(headers or {})})
    check(status in (200, 400) and name in cluster.nodes, status, name, text[:300])
    return name


def one(cluster, *asks):
    """All go to one node."""
    names = {node(cluster, *ask) for ask in asks}
    check(len(names) == 1, names, asks)
    return names.pop()


def spread(cluster, ask):
    """Each i has its own node, the same at a second try; not all the same one."""
    names = [one(cluster, ask(i), ask(i)) for i in range(SOME)]
    check(len(set(names)) > 1, names)
    return names


def named_sessions(cluster):
    """What the client names goes before what it says, and another key's session of that name is another one."""
    spread(cluster, lambda i: (CHAT, {"messages": [user("Hi")], "max_tokens": 1}, {"X-Tael-Session": f"s{i}"}))
    spread(cluster, lambda i: (CHAT, {"max_tokens": 1, "prompt_cache_key": f"s{i}", "messages": [user("Hi")]}))
    for i in range(SOME):
        one(cluster, *[(CHAT, {"messages": [user(f"{i} {k}")], "max_tokens": 1}, {"X-Tael-Session": f"s{i}"}) for k in range(4)])
        one(cluster, *[(CHAT, {"messages": [user(f"{i} {k}")], "max_tokens": 1, "prompt_cache_key": f"t{i}"}) for k in range(4)])
    pairs = [[node(cluster, CHAT, {"messages": [user("Hi")], "max_tokens": 1}, {"X-Tael-Session": f"u{i}", **key}) for key in KEYS]
             for i in range(SOME)]
    check(any(a != b for a, b in pairs), pairs)


def turns(cluster):
    """A conversation's later turns follow its first, whatever else changes; another one goes its own way."""
    for system in ([], [{"role": "system", "content": "You are \"kind\".\n"}], [{"role": "developer", "content": "Be brief: 简短。"}]):
        def turn(i, k, **fields):
            said = [m for j in range(k) for m in ({"role": "assistant", "content": f"Answer {i} {j}"}, user(f"Then {j}?"))]
            return CHAT, {"max_tokens": 1 + k, **fields, "messages": [*system, user(f"Question {i}"), *said], "temperature": k / 10}
        spread(cluster, lambda i: turn(i, 0))
        for i in range(SOME):
            one(cluster, turn(i, 0), turn(i, 1), turn(i, 2, stream=False, seed=5))
    for i in range(SOME):
        body = {"max_tokens": 1, "system": "Be kind.", "messages": [user(f"Question {i}")]}
        more = [{"role": "assistant", "content": "Yes."}, user("More?")]
        one(cluster, (MESSAGES, body), (MESSAGES, {**body, "messages": body["messages"] + more}))
        one(cluster, (CHAT, {"messages": [parts(f"Part {i}")], "max_tokens": 1}), (CHAT, {"messages": [parts(f"Part {i}"), *more], "max_tokens": 1}))
        first = {"instructions": "Be kind.", "max_output_tokens": 16}
        one(cluster, (RESPONSES, {**first, "input": f"Question {i}"}), (RESPONSES, {**first, "input": [user(f"Question {i}"), *more]}),
            (RESPONSES, {**first, "input": [parts(f"Question {i}", "input_text"), *more]}))
    spread(cluster, lambda i: (MESSAGES, {"max_tokens": 1, "messages": [user(f"Question {i}")]}))
    spread(cluster, lambda i: (RESPONSES, {"max_output_tokens": 16, "input": f"Question {i}"}))


def bodies(cluster):
    """Texts that go on follow their beginning; what HAProxy can't read or keep goes to some node, which judges it."""
    spread(cluster, lambda i: (TEXT, {"prompt": f"Story {i}", "max_tokens": 1}))
    one(cluster, *[(TEXT, {"max_tokens": 1 + k, "prompt": "Once " * 210 + str(k)}) for k in range(4)])
    spread(cluster, lambda i: (EMBED, {"input": f"text {i}"}))
    for body in (b"", b"{", b"[]", b"\x00\xff", b"{\"messages\":7}", b"[" * 5000, b"{\"messages\":[{\"content\":\"" + b"x" * 3000):
        node(cluster, CHAT, body)
    long = {"messages": [{"role": "system", "content": "word " * 60000}, user("Hi")], "max_tokens": 1}
    one(cluster, (CHAT, long), (CHAT, {**long, "messages": long["messages"] + [user("More?")]}))
    status, _, text = cluster.ask("POST", CHAT, b" " * 5_000_000, KEYS[0])
    check(status == 413 and b"request_too_large" in text, status, text[:200])


def door(cluster):
    """Keys are the nodes' business; figures and health of the whole."""
    check(cluster.ask("POST", CHAT, {"messages": [user("Hi")]})[0] == 401, "without a key")
    status, name, text = cluster.ask("GET", "/v1/models", headers=KEYS[0])
    check(status == 200 and name in cluster.nodes and json.loads(text)["data"], status, text)
    status, name, _ = cluster.ask("GET", "/healthz")
    check(status == 200 and name is None, "the door's own health", status, name)
    check(cluster.ask("GET", "/metrics", headers=KEYS[0])[0] == 404, "figures at the door")


def figures(cluster):
    """The dashboard asks for nothing that isn't there."""
    text = (DEPLOY / "grafana.json").read_text()
    json.loads(text)
    named = set(re.findall(r"\b(?:tael|haproxy)_\w+", text))
    pages = [cluster.nodes["node1"].ask("GET", "/metrics", **KEYS[0])[2].decode()]
    with urllib.request.urlopen(f"http://127.0.0.1:{cluster.status.getsockname()[1]}/metrics", timeout=10) as page:
        pages.append(page.read().decode())
    there = {line.split("{")[0].split(" ")[0] for page in pages for line in page.splitlines() if not line.startswith("#")}
    check(len(named) > 10 and named <= there, "not there:", named - there)


def died_and_ended(cluster):
    """One node is killed while it is asked, then one ends: every request gets its answer, the large ones as well; and when
    none is left, that is said."""
    def ask(i):
        body = {"prompt": f"Question {i}", "max_tokens": 24, "ignore_eos": True, "metadata": {"much": "x" * (i % 2 * 100_000)}}
        return cluster.ask("POST", TEXT, body, KEYS[0])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, i) for i in range(120)]
        asked[20].result()
        cluster.nodes["node1"].process.send_signal(signal.SIGKILL)
        asked[60].result()
        cluster.nodes["node2"].process.send_signal(signal.SIGTERM)
        answers = [a.result() for a in asked]
    check(all(status == 200 for status, _, _ in answers), [a for a in answers if a[0] != 200][:3])
    check(cluster.nodes["node2"].process.wait(40) == 0, "node2's end")
    check({ask(i)[1] for i in range(SOME)} == {"node3"}, "only node3 is left")
    cluster.nodes["node3"].process.send_signal(signal.SIGKILL)
    cluster.wait(lambda: cluster.ask("GET", "/healthz")[0] == 503, "nobody is left")
    status, _, text = ask(0)
    check(status == 503 and json.loads(text)["error"]["code"] == "no_node", status, text)


with tempfile.NamedTemporaryFile("w") as keys:  # mode 0600
    keys.write("".join(k["Authorization"][7:] + "\n" for k in KEYS))
    keys.flush()
    with Cluster("--key-file", keys.name, "-t", 1, model_path=DATA / "tiny_qwen2.gguf") as cluster:
        for promise in (named_sessions, turns, bodies, door, figures, died_and_ended):
            promise(cluster)
            print("ok", promise.__name__, flush=True)
