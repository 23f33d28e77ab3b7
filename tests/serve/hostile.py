# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, odd or malicious: each costs itself its connection, and nobody else anything."""
import json
import random
import socket
import struct
import time

from support import Service, check, parse, read_all

CHAT = "/v1/chat/completions"
BODY = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}).encode()


def lives(service, seconds=5):
    began = time.time()
    check(service.ask("POST", CHAT, BODY)[0] == 200, "it doesn't answer any more")
    check(time.time() - began < seconds, "it took", time.time() - began, "s")


def closed(s, seconds):
    """Does the other side end the connection within so long?"""
    s.settimeout(seconds)
    try:
        while s.recv(4096):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def odd_bytes(service):
    """The sockets, which the service has closed by the time that a request may take at most. (libmicrohttpd sees most ends
    at once, but not one that comes together with the last bytes.)"""
    sockets = []
    head = service.head("POST", CHAT, {}, len(BODY))
    for data in (b"", b"\r\n\r\n", b"\x00" * 500, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
                 b"GET /healthz HTTP/1.1\r\n\r\n", b"POST " + b"/" * 60000 + b" HTTP/1.1\r\n\r\n",
                 head.replace(b"\r\n\r\n", b"\r\nX: " + b"y" * 100000 + b"\r\n\r\n"), b"A" * 200000,
                 head.replace(b"Content-Length: ", b"Content-Length: -"), head.replace(b"Content-Length: ", b"Content-Length: 9999999999999999999999"),
                 head.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n") + BODY,
                 head.replace(b"Content-Length: " + str(len(BODY)).encode(), b"Transfer-Encoding: chunked") + b"zz\r\nxx\r\n",
                 head.replace(b"Content-Length: " + str(len(BODY)).encode(), b"Transfer-Encoding: chunked") + b"ffffffffffffffff\r\nxx\r\n",
                 b"".join(b"H%d: x\r\n" % i for i in range(5000)), head + BODY[:-1]):
        s = service.connect(5)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        sockets.append((s, data))
    lives(service)
    return sockets


def chunked(service):
    head = service.head("POST", CHAT, {"Content-Length": None, "Transfer-Encoding": "chunked"}, len(BODY))
    with service.connect() as s:
        s.sendall(head)
        for byte in BODY:  # every byte its own packet
            s.sendall(b"1\r\n" + bytes([byte]) + b"\r\n")
        s.sendall(b"0\r\n\r\n")
        check(parse(read_all(s))[0] == 200)
    with service.connect() as s:  # 100 MB that no Content-Length announced
        try:
            s.sendall(head)
            for _ in range(100):
                s.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
            s.sendall(b"0\r\n\r\n")
            check(parse(read_all(s))[0] == 413)
        except OSError:
            pass  # cut while it was sending
    lives(service)


def random_bodies(service):
    """Bodies that were right before bytes of them changed: a status, never a death."""
    r = random.Random(7)
    seeds = [BODY, json.dumps({"messages": [{"role": "user", "content": [{"type": "text", "text": "é"}]}], "max_tokens": 1, "stream": True,
                               "stop": ["a"], "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object",
                               "properties": {"a": {"enum": [1, "x"]}}, "required": ["a"]}}}}).encode()]
    paths = [CHAT, "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses"]
    seen = {200: 0, 400: 0, 404: 0}
    for _ in range(400):
        body = bytearray(r.choice(seeds))
        for _ in range(r.randrange(1, 4)):
            at = r.randrange(len(body))
            what = r.randrange(3)
            if what == 0:
                body[at] = r.randrange(256)
            elif what == 1:
                del body[at:at + r.randrange(1, 9)]
            else:
                body[at:at] = r.choice([b"[", b"{", b"\"", b"null", b"1e999", b"-", b"\\u0000", b"\xf0\x9f"])
            if not body:
                body = bytearray(b"{")
        status, _, text = service.ask("POST", r.choice(paths), bytes(body))
        check(status in seen, status, bytes(body), text[:300])
        seen[status] += 1
    check(seen[200] > 3 and seen[400] > 100, seen)
    lives(service)


def idle_and_reset(service):
    """Many connections that say nothing, and many that break off by a reset in the middle of everything."""
    idle = [service.connect() for _ in range(600)]
    lives(service)
    for data in (b"", b"POST /v1", service.head("POST", CHAT, {}, len(BODY)), service.head("POST", CHAT, {}, len(BODY)) + BODY):
        for _ in range(30):
            s = service.connect()
            s.sendall(data)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
    lives(service)
    for s in idle:
        s.close()
    service.settle("tael_connections", 1)


def slow_senders(service):
    """A byte every second keeps no connection for ever: 30 s is what a request may take to arrive."""
    head = service.head("POST", CHAT, {}, len(BODY))
    slow = [service.connect(), service.connect(), service.connect()]
    sent = [b"", head[:20], head + BODY[:5]]
    for s, data in zip(slow, sent):
        s.sendall(data)
    began = time.time()
    gone = [None] * 3
    while time.time() - began < 40 and not all(gone):
        for i, s in enumerate(slow):
            if gone[i]:
                continue
            try:
                s.sendall(b"" if i == 0 else b"x" if i == 1 else b" ")
                s.settimeout(0.01)
                if not s.recv(1):
                    gone[i] = time.time() - began
            except TimeoutError:
                pass
            except OSError:
                gone[i] = time.time() - began
        time.sleep(1)
    check(all(gone) and min(gone) > 25, "slow senders were closed after", gone)
    lives(service)


with Service("--ctx", 256) as service:  # a body that lost its max_tokens ends soon
    chunked(service)
    random_bodies(service)
    idle_and_reset(service)
    odd = odd_bytes(service)
    slow_senders(service)
    for s, data in odd:
        check(closed(s, 1), "still open after", data[:60])
