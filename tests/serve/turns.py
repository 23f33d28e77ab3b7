# SPDX-License-Identifier: Apache-2.0
"""Who is served, when, and for how long: keys, fair turns between them, a full queue, deadlines, clients that go away,
and the end of the service."""
import json
import os
import signal
import tempfile
import threading
import time

from support import Service, check, events, parse, read_all, skip, TAEL

CHAT = "/v1/chat/completions"
KEYS = ["first-key-of-this-test", "second-key-of-this-test"]


def body(tokens, **fields):
    """A generation of about `tokens` tokens: greedy text of the small model that doesn't end soon."""
    return {"messages": [{"role": "user", "content": "Write a very long story about a dog and a cat, with many chapters."}],
            "max_tokens": tokens, "temperature": 0, **fields}


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def keys(folder):
    path = os.path.join(folder, "keys")
    with open(path, "w") as f:
        f.write("# who may ask\n\n" + "\n".join(KEYS) + "\n")
    os.chmod(path, 0o600)
    return path


def keys_are_asked_for(service):
    for headers in ({}, bearer("x"), bearer(""), bearer(KEYS[0][:-1]), bearer(KEYS[0] + "x"), bearer(KEYS[0].upper()),
                    {"Authorization": KEYS[0]}, {"Authorization": "Basic " + KEYS[0]}, {"X-Api-Key": "none"}):
        for method, path, data in (("POST", CHAT, body(1)), ("GET", "/v1/models", None), ("GET", "/metrics", None)):
            status, got, text = service.ask(method, path, data, **headers)
            check(status == 401 and json.loads(text)["error"]["code"] == "invalid_api_key", headers, status, text)
            check(got["www-authenticate"] == "Bearer", got)
    status, _, text = service.ask("POST", "/v1/messages", body(1))
    check(status == 401 and json.loads(text)["error"]["type"] == "authentication_error", text)
    for headers in (bearer(KEYS[0]), bearer(KEYS[1]), {"X-Api-Key": KEYS[0]}, {**bearer(KEYS[0]), "Host": "api.example.com"}):
        check(service.ask("POST", CHAT, body(1), **headers)[0] == 200, headers)
    check(service.ask("GET", "/healthz")[0] == 200)


def turns_are_fair(service):
    """A key with many requests delays another key's first by what runs, not by what waits."""
    ended = {}

    def ask(name, key, tokens):
        check(service.ask("POST", CHAT, body(tokens), **bearer(key))[0] == 200)
        ended[name] = time.time()

    many = [threading.Thread(target=ask, args=(i, KEYS[0], 60)) for i in range(12)]
    for t in many:
        t.start()
    service.settle("tael_queued", 10, **bearer(KEYS[0]))
    other = threading.Thread(target=ask, args=("other", KEYS[1], 8))
    other.start()
    for t in [*many, other]:
        t.join()
    before = sum(ended[i] < ended["other"] for i in range(12))
    check(before <= 4, before, "of 12 requests of one key came before the one of another")


def a_full_queue_is_said(service):
    """2 run and 128 of a key may wait: the next is refused, with a time to come again; another key still gets in."""
    sockets = [service.send("POST", CHAT, body(2000), **bearer(KEYS[0])) for _ in range(2)]
    service.settle("tael_running", 2, **bearer(KEYS[0]))
    sockets += [service.send("POST", CHAT, body(2000), **bearer(KEYS[0])) for _ in range(128)]
    service.settle("tael_queued", 128, **bearer(KEYS[0]))
    status, headers, text = service.ask("POST", CHAT, body(1), **bearer(KEYS[0]))
    check(status == 429 and 1 <= int(headers["retry-after"]) <= 60, status, headers)
    check(json.loads(text)["error"]["code"] == "rate_limit_exceeded", text)
    other = service.send("POST", CHAT, body(1), **bearer(KEYS[1]))
    service.settle("tael_queued", 129, **bearer(KEYS[0]))
    for s in sockets:  # all go away: the one that waits is served
        s.close()
    check(parse(read_all(other))[0] == 200)
    other.close()
    service.settle("tael_running", 0, **bearer(KEYS[0]))
    check(service.metrics(**bearer(KEYS[0]))["tael_cancelled_total"] >= 130)


def clients_that_leave(service):
    """Whole or streamed, running or waiting: what nobody waits for is given up within a moment, and counted."""
    cancelled = service.metrics()["tael_cancelled_total"]
    for stream in (False, True):
        s = service.send("POST", CHAT, body(3500, stream=stream))
        service.settle("tael_running", 1)
        if stream:
            s.recv(200)
        s.close()
        service.settle("tael_running", 0, 5)  # its 3,500 tokens would take longer
    check(service.metrics()["tael_cancelled_total"] == cancelled + 2)
    half = service.send("POST", CHAT, body(3500))
    service.settle("tael_running", 1)
    half.shutdown(1)  # says that it will send no more: it counts as gone
    service.settle("tael_running", 0, 5)
    half.close()


def a_slow_reader_delays_nobody(service):
    s = service.send("POST", CHAT, body(200, stream=True, n=4))
    service.settle("tael_running", 4)
    began = time.time()
    check(service.chat(max_tokens=1)[0] == 200)
    check(time.time() - began < 10)
    text = b""
    time.sleep(1)
    while chunk := s.recv(512):
        text += chunk
    check(parse(text)[0] == 200 and events(parse(text)[2])[-1] == (None, "[DONE]"))
    s.close()


def deadlines():
    with Service("--deadline", 1, "--parallel", 1) as service:
        first = service.send("POST", CHAT, body(4000))
        service.settle("tael_running", 1)
        second = service.send("POST", CHAT, body(4000, stream=True))
        status, _, text = parse(read_all(first))
        check(status == 504 and json.loads(text)["error"]["code"] == "timeout", status, text)
        for s in (second, service.send("POST", CHAT, body(4000, stream=True))):
            status, _, text = parse(read_all(s))  # 504, or its turn came just before: then the stream says it
            last = json.loads(text) if status == 504 else events(text)[-1][1]
            check(last["error"]["code"] == "timeout", status, last)
            s.close()
        first.close()


def the_end():
    """SIGTERM: what has begun is finished, new requests are refused, then the process ends with 0."""
    with Service("--parallel", 1, ends=False) as service:
        kept = service.connect()
        kept.sendall(service.head("GET", "/healthz", {"Connection": "keep-alive"}, None))
        check(kept.recv(4096).startswith(b"HTTP/1.1 200"))
        running = service.send("POST", CHAT, body(150, stream=True))
        waiting = service.send("POST", CHAT, body(5))
        service.settle("tael_queued", 1)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        kept.sendall(service.head("GET", "/healthz", {"Connection": "keep-alive"}, None))
        check(kept.recv(4096).startswith(b"HTTP/1.1 503"), "healthz of a service that ends")
        status, _, text = service.ask("POST", CHAT, body(5))
        check(status == 503 and json.loads(text)["error"]["code"] == "shutting_down", status, text)
        check(parse(read_all(waiting))[0] == 200, "what waited is answered")
        check(events(parse(read_all(running))[2])[-1] == (None, "[DONE]"), "what ran is finished")
        check(service.process.wait(20) == 0, service.said())
        kept.close()
        running.close()
        waiting.close()


with tempfile.TemporaryDirectory() as folder:
    with Service("--parallel", 2, "--key-file", keys(folder)) as service:
        keys_are_asked_for(service)
        turns_are_fair(service)
        a_full_queue_is_said(service)
with Service("--parallel", 8) as service:
    clients_that_leave(service)
    a_slow_reader_delays_nobody(service)
deadlines()
the_end()
