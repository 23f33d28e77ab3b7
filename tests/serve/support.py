# SPDX-License-Identifier: Apache-2.0
"""Shared by tests/serve/*.py: the small model, a service on a free port, requests over bare sockets (so that malformed
ones can be sent), server-sent events. A test is a list of promises; the first that doesn't hold ends it."""
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

TAEL = os.path.realpath(sys.argv[1])
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tael"
DATA = pathlib.Path(__file__).resolve().parent.parent / "model" / "data"
os.environ.update(TAEL_LANG="en", LC_ALL="C.UTF-8")


def skip(why):
    print("SKIPPED:", why)
    sys.exit(77)


def model():
    """The small model's path: fetched once through `tael pull` and kept in the user's cache."""
    done = subprocess.run([TAEL, "--home", str(CACHE), "--json", "pull", "smollm2-135m"], stdout=subprocess.PIPE,
                          env={**os.environ, "TAEL_PROGRESS": "lines"})
    said = json.loads(done.stdout)
    if said.get("error", {}).get("code") == "network":
        skip("smollm2-135m can't be fetched: no source answered")
    assert done.returncode == 0, said
    return said["path"]


def environment(client, packages):
    """Go on in an environment of the user's cache that has these packages of others."""
    folder = CACHE / "clients" / client
    python = folder / "bin" / "python"
    if os.environ.get("TAEL_CLIENT") == client:
        return
    if not (folder / "whole").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages],
                              stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            print(done.stderr[-2000:])
            skip(f"{' '.join(packages)} can't be installed: no package index answered, or none has it")
        (folder / "whole").touch()
    sys.stdout.flush()
    os.execve(python, [str(python), *sys.argv], {**os.environ, "TAEL_CLIENT": client})


class Service:
    """`tael serve` for the time of a with block; at its end it must still be alive, and end when it is told to."""

    def __init__(self, *options, model_path=None, ends=True, home=None):
        """model_path: None is the small model, False none. home: the folder of its ledger; None: a fresh one."""
        self.options, self.model_path, self.ends, self.home = options, model_path, ends, home

    def __enter__(self):
        self.errors, self.folder = tempfile.TemporaryFile(), tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.home or self.folder.name)
        chosen = [] if self.model_path is False else ["-m", str(self.model_path or model())]
        self.process = subprocess.Popen(
            [TAEL, "--home", str(self.home), "serve", *chosen, "--port", "0", "--json", *map(str, self.options)],
            stdout=subprocess.PIPE, stderr=self.errors)
        line = self.process.stdout.readline()
        assert line, self.said()
        self.ready = json.loads(line)
        self.port, self.address, self.name = self.ready["port"], self.ready["address"], self.ready["model"]
        return self

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def __exit__(self, kind, *_):
        alive = self.process.poll() is None
        if kind or not self.ends:
            self.process.kill()
        elif alive:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.folder.cleanup()
        if kind is None and self.ends:
            assert alive, f"the service died: {self.said()}"
            assert code == 0, f"it ended with {code}: {self.said()}"

    # ---- Requests ----

    def connect(self, timeout=300):
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def head(self, method, path, headers, length):
        lines = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        if length is not None:
            lines.update({"Content-Type": "application/json", "Content-Length": str(length)})
        lines.update(headers)
        text = "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
        return f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode("latin-1")

    def send(self, method, path, body=None, **headers):
        """The socket, with the request sent."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        s = self.connect()
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        try:
            s.sendall(self.head(method, path, headers, len(body) if body is not None else None) + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered before it heard the end; the answer is read below
        return s

    def ask(self, method, path, body=None, **headers):
        """Status, headers (lower case) and body of the reply."""
        with self.send(method, path, body, **headers) as s:
            return parse(read_all(s))

    def post(self, path, body, **headers):
        status, _, text = self.ask("POST", path, body, **headers)
        return status, json.loads(text)

    def chat(self, text="Hi", **fields):
        return self.post("/v1/chat/completions", {"messages": [{"role": "user", "content": text}], **fields})

    def metrics(self, **headers):
        _, _, text = self.ask("GET", "/metrics", **headers)
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.decode().splitlines() if line and line[0] != "#"}

    def settle(self, name, value, seconds=10, **headers):
        """Wait until a figure has this value."""
        until = time.time() + seconds
        while time.time() < until:
            if self.metrics(**headers)[name] == value:
                return
            time.sleep(0.02)
        raise AssertionError(f"{name} is {self.metrics(**headers)[name]} after {seconds} s, not {value}")


def bill(rows=300, first=1, noise=""):
    """A WeChat bill of 2024: coffee, a subscription, and a salary."""
    lines = ["微信支付账单明细", "", "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"]
    for i in range(rows):
        day, n = i % 28 + 1, first + i
        month = i // 28 % 6 + 1
        kind = ("商户消费", "星巴克", "拿铁", "支出", "32.00") if i % 3 else ("商户消费", "美团", "外卖", "支出", f"{20 + i % 7}.50")
        if i % 28 == 14:
            kind = ("转账", "公司", "工资", "收入", "9000.00")
        lines.append(f"2024-{month:02}-{day:02} 12:{i % 60:02}:00," + ",".join(kind) + f",零钱,支付成功,4200{n:024},m{n},/{noise}")
    return "\n".join(lines).encode()


class Page(Service):
    """A service with its page: `call` asks as the page does."""

    def __enter__(self):
        super().__enter__()
        self.secret = self.ready["page"].split("?key=")[1]
        status, headers, _ = self.ask("GET", "/?key=" + self.secret)
        check(status == 303 and headers["location"] == "/", status, headers)
        self.cookie = headers["set-cookie"].split(";")[0]
        for word in ("HttpOnly", "SameSite=Strict"):
            check(word in headers["set-cookie"], headers)
        status, self.page_headers, html = self.ask("GET", "/", Cookie=self.cookie)
        check(status in (200, 503), status)  # 503: built without the page
        self.token = re.search(rb'<meta name="tael-session" content="([0-9a-f]{32})">', html).group(1).decode()
        return self

    def call(self, method, path, body=None, **headers):
        headers = {"X_Tael_Session": self.token, "Accept_Language": "en", **headers}
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        return self.ask(method, urllib.parse.quote(path, safe="/?&=,;%+"), body, **headers)

    def get(self, path, **headers):
        status, _, text = self.call("GET", path, **headers)
        check(status == 200, path, status, text[:300])
        return json.loads(text)

    def put(self, path, body, **headers):
        status, _, text = self.call("POST", path, body, **headers)
        check(status == 200, path, status, text[:300])
        return json.loads(text)

    def refused(self, want, code, method, path, body=None, **headers):
        status, _, text = self.call(method, path, body, **headers)
        error = json.loads(text)["error"]
        check(status == want and error["code"] == code and error["message"], method, path, status, text[:300])
        return error["message"]

    def command(self, *arguments):
        done = subprocess.run([TAEL, "--home", str(self.home), "--json", *arguments], stdout=subprocess.PIPE)
        return json.loads(done.stdout)


def read_all(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def unchunk(data):
    out = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        n = int(size, 16)
        if n == 0:
            break
        out, data = out + data[:n], data[n + 2:]
    return out


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1."), data[:200]
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    if headers.get("transfer-encoding") == "chunked":
        body = unchunk(body)
    return int(lines[0].split()[1]), headers, body


def events(body):
    """[(name, data)] of server-sent events; data parsed unless it is [DONE]."""
    out = []
    text = body.decode()
    assert text == "" or text.endswith("\n\n"), "the last event is cut"
    for block in text.split("\n\n")[:-1]:
        name, data = None, None
        for line in block.split("\n"):
            key, _, value = line.partition(": ")
            assert key in ("event", "data"), line
            if key == "event":
                name = value
            else:
                assert data is None
                data = value
        out.append((name, data if data == "[DONE]" else json.loads(data)))
    return out


def check(condition, *why):
    if not condition:
        raise AssertionError(" ".join(map(str, why)))
