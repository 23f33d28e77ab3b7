# SPDX-License-Identifier: Apache-2.0
"""MCP over standard input and over HTTP: what is no message, what comes too large, in batches, at once or cancelled; who may
ask, and that nothing leaves without consent and a line in the log. First by bare lines and requests, then by the official
client (PyPI `mcp`, in an environment of its own). A wrong implementation is caught by what the command says of the same
ledger, by answers that are missing or too many, and by the log."""
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

from support import TAEL, Service, check, environment

BILL = ["微信支付账单明细", "", "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注"] + [
    f"2024-{i // 28 % 6 + 1:02}-{i % 28 + 1:02} 12:{i % 60:02}:00,商户消费,{'星巴克,拿铁,支出,32.00' if i % 3 else '美团,外卖,支出,21.50'}"
    f",零钱,支付成功,4200{i:024},m{i},/" for i in range(300)]
TOOLS = ["ask", "habits", "ledger_search", "spend"]
QUESTION = {"question": "2024年3月星巴克一共花了多少？", "today": "2024-06-20"}


def command(home, *arguments, wanted=0):
    done = subprocess.run([TAEL, "--home", home, "--json", *arguments], stdout=subprocess.PIPE)
    check(done.returncode == wanted, arguments, done.stdout)
    return json.loads(done.stdout)


def make_home():
    folder = tempfile.TemporaryDirectory()
    bill = pathlib.Path(folder.name) / "bill.csv"
    bill.write_text("\n".join(BILL), encoding="utf-8")
    command(folder.name, "import", str(bill))
    return folder


def request(i, method, **params):
    return {"jsonrpc": "2.0", "id": i, "method": method, "params": params}


def call(i, name, **arguments):
    return request(i, "tools/call", name=name, arguments=arguments)


def initialize(version="2025-06-18", i="init"):
    return request(i, "initialize", protocolVersion=version, capabilities={}, clientInfo={"name": "Bare", "version": "1"})


def note(method, **params):
    return {"jsonrpc": "2.0", "method": method, "params": params}


class Lines:
    """`tael mcp` for the time of a with block; it must end by itself once its input ends."""

    def __init__(self, home, version="2025-06-18"):
        self.home, self.version = home, version

    def __enter__(self):
        self.process = subprocess.Popen([TAEL, "--home", self.home, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.rest = b""
        if self.version is not None:
            self.said = self.ask(initialize(self.version))["result"]
            self.say(note("notifications/initialized"))
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(30)
        check(kind or code == 0, "it ended with", code)

    def say(self, *messages):
        lines = (m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages)
        self.process.stdin.write(b"".join(line + b"\n" for line in lines))

    def hear(self, seconds=60):
        """The next line; None: there is none in this time."""
        until = time.time() + seconds
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], max(0, until - time.time()))[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def ask(self, message):
        self.say(message)
        return self.hear()

    def quiet(self):
        """Nothing was answered to what was said before."""
        answer = self.ask(request("quiet", "ping"))
        check(answer == {"jsonrpc": "2.0", "id": "quiet", "result": {}}, answer)


# ---- What is no message ----

MALFORMED = [  # what is sent, the error, the id that it answers to
    (b"{", -32700, None), (b"nonsense", -32700, None), (b'{"jsonrpc":"2.0","id":1,"method":"ping"', -32700, None),
    (b"\xff\xfe", -32700, None), (b'{"jsonrpc":"2.0","id":1,"method":"p\x00"}', -32700, None), (b"[" * 1000, -32700, None),
    (b'{"a":' * 100 + b"1" + b"}" * 100, -32700, None), (b"[" + b"1," * 300000 + b"1]", -32700, None), (b"1", -32600, None),
    (b'"ping"', -32600, None), (b"null", -32600, None), (b"{}", -32600, None), (b"[]", -32600, None),
    ({"id": 1, "method": "ping"}, -32600, 1), ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600, 1),
    ({"jsonrpc": 2.0, "id": "a", "method": "ping"}, -32600, "a"), ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600, None),
    ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, -32600, None), ({"jsonrpc": "2.0", "id": [1], "method": "ping"}, -32600, None),
    ({"jsonrpc": "2.0", "id": 1, "method": 7}, -32600, 1), ({"jsonrpc": "2.0", "id": 1}, -32600, 1),
    ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}, -32602, 1),
    (request(2, "no/such"), -32601, 2), (request(2, "resources/list"), -32601, 2), (request(2, "server/discover"), -32601, 2),
    (request(2, "notifications/initialized"), -32601, 2), (request(3, "tools/list", cursor="x"), -32602, 3),
    (request(3, "tools/call"), -32602, 3), (request(3, "tools/call", name=1), -32602, 3),
    (request(3, "tools/call", name="erase"), -32602, 3), (request(3, "tools/call", name="spend", arguments=[1]), -32602, 3),
    (initialize(i=4), -32600, 4), ([request(5, "ping")], -32600, None),
    (request(6, "m" * 5000), -32601, 6), (request("x" * 4000, "no"), -32601, "x" * 4000),
]
UNANSWERED = [note("notifications/initialized"), note("no/such"), note("tools/call", name="spend"), note("notifications/cancelled"),
              note("notifications/cancelled", requestId=99), note("notifications/cancelled", requestId={"a": 1}),
              {"jsonrpc": "2.0", "id": 1, "result": {}}, {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": ""}}, b"", b"  \t",
              b"\r"]


def malformed(home):
    with Lines(home) as t:
        for sent, code, answers in MALFORMED:
            got = t.ask(sent)
            check(got["jsonrpc"] == "2.0" and got["error"]["code"] == code and got["error"]["message"] and got["id"] == answers and
                  "result" not in got, sent[:80] if isinstance(sent, bytes) else sent, got)
        t.say(*UNANSWERED)
        t.quiet()
        check(t.ask(json.dumps(request(7, "ping")).encode() + b"\r")["id"] == 7, "a line that ends as on Windows")
        for size in (1 << 20, 5 << 20):  # once for each line, whatever comes in it
            t.say(b'{"jsonrpc":"2.0","id":1,"method":"ping","x":"' + b"y" * size + b'"}')
            check(t.hear()["error"]["code"] == -32600, size)
            t.quiet()
        check(t.ask(request(8, "ping", x="y" * 1000000))["result"] == {}, "a long line that isn't too long")
        t.process.stdin.write(json.dumps(call(9, "spend")).encode())  # without an end, and then the input ends
        t.process.stdin.close()
        check(t.hear()["id"] == 9, "the last line")
    with Lines(home, version=None) as t:
        for sent in (request(1, "tools/list"), call(1, "spend"), request(1, "no/such")):
            check(t.ask(sent)["error"]["code"] == -32600, "before initialize")
        check(t.ask(request(1, "ping"))["result"] == {}, "before initialize")
        check(t.ask(request(1, "initialize"))["error"]["code"] == -32602, "no version")
        check(t.ask(request(1, "initialize", protocolVersion=1))["error"]["code"] == -32602, "no version")
        check(t.ask(initialize())["result"]["protocolVersion"] == "2025-06-18")


def versions(home):
    for asked, got in (("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"), ("2024-11-05", "2024-11-05"),
                       ("2025-11-25", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("1.0", "2025-11-25"), ("", "2025-11-25")):
        with Lines(home, asked) as t:
            check(t.said["protocolVersion"] == got and t.said["capabilities"] == {"tools": {}} and t.said["serverInfo"]["name"] == "tael", t.said)
            tools = t.ask(request(1, "tools/list"))["result"]["tools"]
            check(sorted(x["name"] for x in tools) == TOOLS, tools)
            for x in tools:
                check(x["title"] and x["description"] and x["inputSchema"]["type"] == "object" and x["annotations"]["readOnlyHint"], x)
            result = t.ask(call(2, "spend", month="2024-03"))["result"]
            check(("structuredContent" in result) == (got >= "2025-06-18"), asked, result)
            check(json.loads(result["content"][1]["text"])["minor"] > 0, result)


def batches(home):
    with Lines(home, "2025-03-26") as t:
        got = t.ask([request(1, "ping"), note("notifications/initialized"), call(2, "spend"), call(3, "habits", what="recurring"), 7])
        check(isinstance(got, list) and sorted(str(m["id"]) for m in got) == ["1", "2", "3", "None"], got)
        check([m["error"]["code"] for m in got if m["id"] is None] == [-32600], got)
        t.say([note("notifications/initialized"), note("x")])
        t.quiet()
        check([m["id"] for m in t.ask([request(4, "ping")])] == [4])
        check(t.ask([])["error"]["code"] == -32600 and t.ask([request(i, "ping") for i in range(33)])["error"]["code"] == -32600)
        check(t.ask([initialize(i=5)])[0]["error"]["code"] == -32601, "initialize in a batch")


# ---- Answers ----

def answers(home):
    with Lines(home) as t:
        def ask(name, **arguments):
            result = t.ask(call(1, name, **arguments))["result"]
            check(not result["isError"], name, arguments, result)
            check(json.loads(result["content"][1]["text"]) == result["structuredContent"] and result["content"][0]["text"], result)
            return result["structuredContent"]

        for given, typed in (({"month": "2024-03"}, ["--month", "2024-03"]), ({"merchant": "星巴克", "by": "month"}, ["--merchant", "星巴克", "--by", "month"]),
                             ({"from": "2024-02-01", "to": "2024-02-10", "by": "merchant", "limit": 1},
                              ["--from", "2024-02-01", "--to", "2024-02-10", "--by", "merchant", "--limit", "1"]),
                             ({"min_minor": 2200}, ["--min", "22"]), ({"income": True}, ["--income"]), ({"category": "餐饮", "gross": True},
                             ["--category", "餐饮", "--gross"]), ({"text": "拿铁", "by": None}, ["--text", "拿铁"])):
            check(ask("spend", **given) == command(home, "spend", *typed), given)
        theirs = command(home, "ledger", "--merchant", "美团", "--limit", "7")
        ours = ask("ledger_search", merchant="美团", limit=4)
        ours["records"] += ask("ledger_search", merchant="美团", limit=3, offset=4)["records"]
        for row in theirs["records"]:
            check(row.pop("external_id").startswith("4200"))
        check(ours["records"] == theirs["records"] and ours["total"] == theirs["total"], ours)
        check(len(ask("ledger_search")["records"]) == 20)
        for what in ("recurring", "next", "forecast", "unusual"):
            check(ask("habits", what=what, today="2024-06-20") == command(home, "habits", what, "--today", "2024-06-20"), what)
        answer = ask("ask", **QUESTION)
        check(answer["figures"][0]["minor"] == command(home, "spend", "--month", "2024-03", "--merchant", "星巴克")["minor"], answer)
        check(set(answer) == {"answer", "figures", "route", "question", "explanation"}, answer)
        after = ask("ask", question="那4月呢？", after=QUESTION["question"], today="2024-06-20")
        check(after["figures"][0]["minor"] == command(home, "spend", "--month", "2024-04", "--merchant", "星巴克")["minor"], after)
        wrong = [("spend", {"month": "2024-13"}), ("spend", {"month": "2024-03", "from": "2024-03-01"}), ("spend", {"by": "moon"}),
                 ("spend", {"from": "yesterday"}), ("spend", {"min_minor": -1}), ("spend", {"min_minor": 1.5}), ("spend", {"min_minor": "1"}),
                 ("spend", {"limit": 0}), ("spend", {"income": 1}), ("spend", {"direction": "income"}), ("spend", {"no": 1}),
                 ("spend", {"merchant": ["x"]}), ("spend", {"merchant": "x" * 3000}), ("spend", {"from": "2024-03-02", "to": "2024-03-01"}),
                 ("ledger_search", {"limit": 201}), ("ledger_search", {"offset": -1}), ("ledger_search", {"direction": "up"}),
                 ("habits", {}), ("habits", {"what": "show"}), ("habits", {"what": "next", "today": "2024-02-30"}),
                 ("ask", {}), ("ask", {"question": ""}), ("ask", {"question": 1}), ("ask", {"question": "x" * 3000})]
        for name, arguments in wrong:
            result = t.ask(call(1, name, **arguments))["result"]
            check(result["isError"] and "structuredContent" not in result, name, arguments, result)
            check(any(key in result["content"][0]["text"] for key in arguments or TOOLS + ["what", "question"]), "the field isn't named", result)


def at_once(home):
    """Questions wait for each other; a sum and a ping don't wait for them. What is cancelled before its turn isn't run."""
    lines = len(command(home, "disclosures")["disclosures"])
    with Lines(home) as t:
        many = [call(f"q{i}", "ask", **QUESTION) for i in range(20)]
        t.say(*many, call("sum", "spend"), request("ping", "ping"), note("notifications/cancelled", requestId="q19", reason="never mind"))
        heard = [t.hear()["id"] for _ in range(21)]
        check(heard[0] == "ping" or heard.index("ping") < 4, heard)
        check(heard.index("sum") < 20 and [h for h in heard if h[0] == "q"] == [f"q{i}" for i in range(19)], heard)
        t.quiet()
    check(len(command(home, "disclosures")["disclosures"]) == lines + 20, "a line for each answer, none for what was cancelled")


def consent(home):
    with Lines(home) as t:
        lines = command(home, "disclosures")["total"]
        command(home, "consent", "assistants", "off")
        for name, arguments in (("spend", {}), ("ledger_search", {}), ("habits", {"what": "next"}), ("ask", QUESTION)):
            text = json.dumps(t.ask(call(1, name, **arguments)))
            result = json.loads(text)["result"]
            check(result["isError"] and "tael consent assistants on" in result["content"][0]["text"], result)
            check("星巴克" not in result["content"][0]["text"] and len(text) < 400, text)
        check(command(home, "disclosures")["total"] == lines, "a refusal is no disclosure")
        command(home, "consent", "assistants", "on")
        check(not t.ask(call(2, "spend"))["result"]["isError"])
        newest = command(home, "disclosures", "--limit", "1")["disclosures"][0]
        check(newest["recipient"] == "Bare 1" and newest["purpose"] == "spend", newest)
        command(home, "consent", "habits", "off")
        result = t.ask(call(3, "habits", what="next"))["result"]
        check(result["isError"] and "tael consent habits on" in result["content"][0]["text"], result)
        command(home, "consent", "habits", "on")
    with Lines(home, version=None) as t:  # a name that others chose
        hello = initialize()
        hello["params"]["clientInfo"] = {"name": "a\nb\x1b[31m" + "名" * 200, "version": "\n" * 5}
        t.ask(hello)
        check(not t.ask(call(1, "spend"))["result"]["isError"])
        newest = command(home, "disclosures", "--limit", "1")["disclosures"][0]
        check("\n" not in newest["recipient"] and "\x1b" not in newest["recipient"] and len(newest["recipient"].encode()) < 192, newest)
    check(command(home, "disclosures", "--verify")["whole"])


def endings(home):
    with Lines(home) as t:
        t.process.send_signal(signal.SIGTERM)
        check(t.process.wait(20) == 0, "told to end")
    with Lines(home) as t:
        t.say(*[call(i, "ask", **QUESTION) for i in range(50)])
        t.process.stdout.close()
        check(t.process.wait(30) == 0, "nobody reads")


# ---- HTTP ----

class Web(Service):
    def __enter__(self):
        super().__enter__()
        self.key = (self.home / "mcp.key").read_text()
        check((self.home / "mcp.key").stat().st_mode & 0o777 == 0o600)
        return self

    def tell(self, body, session=None, method="POST", **headers):
        given = {"Authorization": "Bearer " + self.key, "Mcp_Session_Id": session, "Accept": "application/json, text/event-stream", **headers}
        status, got, text = self.ask(method, "/mcp", body, **given)
        return status, got, json.loads(text) if text else None

    def begin(self, version="2025-06-18"):
        status, headers, answer = self.tell(initialize(version))
        check(status == 200 and headers["content-type"] == "application/json" and answer["result"]["protocolVersion"] == version, status, answer)
        session = headers["mcp-session-id"]
        check(self.tell(note("notifications/initialized"), session)[::2] == (202, None))
        return session


def http_guards(s):
    session = s.begin()
    page = (s.home / "page.key").read_text()
    for wrong in (None, "", "Bearer", "Bearer ", "Bearer " + "0" * 32, "Bearer " + s.key[:-1], "Bearer " + s.key + "0", "Bearer " + page, "Basic " + s.key):
        status, headers, answer = s.tell(call(1, "spend"), session, Authorization=wrong)
        check(status == 401 and headers["www-authenticate"] == "Bearer" and answer["error"]["message"] and "result" not in answer, wrong, status)
    check(s.tell(call(1, "spend"), session, Authorization=None, X_Api_Key=s.key)[0] == 200)
    check(s.ask("GET", "/api/home", X_Tael_Session=s.key)[0] == 401 and s.ask("GET", "/?key=" + s.key)[0] == 403, "its key opens the page")
    for wrong in ({"Host": "evil.example"}, {"Host": f"evil.example:{s.port}"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        status, headers, answer = s.tell(call(1, "spend"), session, **wrong)
        check(status == 403 and "access-control-allow-origin" not in headers and "result" not in answer, wrong, status, answer)
    check(s.tell(call(1, "spend"), session, Origin=f"http://127.0.0.1:{s.port}")[0] == 200)
    for method in ("GET", "HEAD", "PUT", "OPTIONS", "PATCH"):
        status, headers, _ = s.ask(method, "/mcp", Authorization="Bearer " + s.key, Mcp_Session_Id=session)
        check(status == 405 and headers["allow"] == "POST, DELETE", method, status, headers)
    check(s.tell(b"{}", session, Content_Type="text/plain")[0] == 415)
    check(s.tell(b" " * ((1 << 20) + 1), session)[0] == 413)
    check(s.ask("POST", "/mcp/x", b"{}", Authorization="Bearer " + s.key)[0] == 404)


def http_sessions(s):
    for sent in (call(1, "spend"), request(1, "tools/list"), note("notifications/initialized"), request(1, "ping")):
        status, headers, _ = s.tell(sent)
        check(status in (200, 400) and (status == 400 or sent["method"] == "ping") and "mcp-session-id" not in headers, sent, status)
    for wrong in ("0" * 32, "x", "", "é" * 10):
        check(s.tell(call(1, "spend"), wrong)[0] == (400 if wrong == "" else 404), wrong)
    first, second = s.begin(), s.begin("2025-03-26")
    check(first != second and len(first) == 32)
    check("structuredContent" in s.tell(call(1, "spend"), first)[2]["result"] and "structuredContent" not in s.tell(call(1, "spend"), second)[2]["result"])
    check(s.tell(call(1, "spend"), first, MCP_Protocol_Version="2025-06-18")[0] == 200)
    check(s.tell(call(1, "spend"), first, MCP_Protocol_Version="1999-01-01")[0] == 400)
    check(s.tell(None, first, method="DELETE")[0] == 204 and s.tell(None, first, method="DELETE")[0] == 404)
    check(s.tell(None, method="DELETE")[0] == 400)
    check(s.tell(call(1, "spend"), first)[0] == 404 and s.tell(call(1, "spend"), second)[0] == 200)
    for _ in range(64):  # the one that was used longest ago goes
        last = s.begin()
    check(s.tell(request(1, "ping"), second)[0] == 404 and s.tell(request(1, "ping"), last)[0] == 200)


def http_messages(s):
    session = s.begin()
    for sent, code, answers in MALFORMED:
        status, _, got = s.tell(sent, session)
        check(got["error"]["code"] == code and got["id"] == answers, sent[:80] if isinstance(sent, bytes) else sent, status, got)
        check(status == (400 if isinstance(sent, list) or code == -32700 or sent in (b"1", b'"ping"', b"null", b"[]") else 200), sent, status)
    for sent in UNANSWERED[:-3]:
        check(s.tell(sent, session)[::2] == (202, None), sent)
    status, _, got = s.tell(call("é\"\\", "spend", month="2024-03"), session)
    check(status == 200 and got["id"] == "é\"\\", got)
    check(got["result"]["structuredContent"] == command(str(s.home), "spend", "--month", "2024-03"), got)
    old = s.begin("2025-03-26")
    status, _, got = s.tell([request(1, "ping"), call(2, "spend"), note("x")], old)
    check(status == 200 and [m["id"] for m in got] == [1, 2], got)
    check(s.tell([note("x"), note("y")], old)[::2] == (202, None))


def http_at_once(s):
    """Many sessions at once, each with its own answers; and one batch whose last call is cancelled from beside."""
    wrong = []

    def work(n):
        session = s.begin()
        for i in range(5):
            _, _, got = s.tell(call(n * 100 + i, "ledger_search", limit=n + 1), session)
            if got["id"] != n * 100 + i or len(got["result"]["structuredContent"]["records"]) != n + 1:
                wrong.append(got)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not wrong, wrong[:1])
    old, got = s.begin("2025-03-26"), []
    batch = threading.Thread(target=lambda: got.append(s.tell([call(i, "ask", **QUESTION) for i in range(32)], old)))
    batch.start()
    until = time.time() + 20
    while not got and time.time() < until:  # it crosses with the batch: again until it is met, or the batch is over
        s.tell(note("notifications/cancelled", requestId=31), old)
        s.tell(note("notifications/cancelled", requestId=30), s.begin())  # another session's: not theirs to end
    batch.join()
    ids = {m["id"]: m for m in got[0][2]}
    check(len(ids) == 32 and ids[31]["error"]["code"] == -32800 and all("result" in ids[i] for i in range(31)), ids.get(31))


def http_consent(s):
    session, home = s.begin(), str(s.home)
    command(home, "consent", "assistants", "off")
    status, _, got = s.tell(call(1, "spend"), session)
    check(status == 200 and got["result"]["isError"] and "tael consent assistants on" in got["result"]["content"][0]["text"], got)
    status, _, got = s.tell(call(1, "spend"), session, Accept_Language="zh-CN")
    check("所有者" in got["result"]["content"][0]["text"], got)
    command(home, "consent", "assistants", "on")
    check(not s.tell(call(1, "spend"), session)[2]["result"]["isError"])
    check(command(home, "disclosures", "--verify")["whole"])


# ---- The official client ----

async def official(target, home, name):
    import mcp
    from mcp_types import Implementation
    async with mcp.Client(target, client_info=Implementation(name=name, version="3")) as c:
        check(c.server_info.name == "tael" and c.protocol_version == "2025-11-25" and c.instructions, c.server_info)
        tools = (await c.list_tools()).tools
        check(sorted(t.name for t in tools) == TOOLS and all(t.title and t.input_schema["type"] == "object" for t in tools), tools)
        result = await c.call_tool("spend", {"month": "2024-03", "by": "merchant"})
        check(result.structured_content == command(home, "spend", "--month", "2024-03", "--by", "merchant") and not result.is_error, result)
        check(len((await c.call_tool("ledger_search", {"limit": 3})).structured_content["records"]) == 3)
        check((await c.call_tool("habits", {"what": "forecast", "today": "2024-06-20"})).structured_content["forecast"])
        check((await c.call_tool("ask", QUESTION)).structured_content["figures"][0]["minor"] > 0)
        check((await c.call_tool("spend", {"month": "never"})).is_error)
        try:
            await c.call_tool("erase", {})
            check(False, "an unknown tool")
        except mcp.MCPError as e:
            check(e.code == -32602, e)
        command(home, "consent", "assistants", "off")
        result = await c.call_tool("spend", {})
        check(result.is_error and "tael consent assistants on" in result.content[0].text, result)
        command(home, "consent", "assistants", "on")
    newest = command(home, "disclosures", "--limit", "1")["disclosures"][0]
    check(newest["recipient"] == name + " 3" and newest["purpose"] == "ask", newest)


def official_client(home):
    import asyncio
    from mcp import StdioServerParameters
    from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
    asyncio.run(official(StdioServerParameters(command=TAEL, args=["--home", home, "mcp"]), home, "By lines"))
    with Web(model_path=False, home=home) as s:
        async def over_http():
            async with create_mcp_http_client(headers={"Authorization": "Bearer " + s.key}) as web:
                await official(streamable_http_client(s.address + "/mcp", http_client=web), home, "By HTTP")
        asyncio.run(over_http())


with make_home() as home:
    command(home, "consent", "assistants", "on")
    if not os.environ.get("TAEL_CLIENT"):
        for part in (malformed, versions, batches, answers, at_once, consent, endings):
            part(home)
        with Web(model_path=False, home=home) as web:
            for part in (http_guards, http_sessions, http_messages, http_at_once, http_consent):
                part(web)
    else:
        official_client(home)
if not os.environ.get("TAEL_CLIENT"):
    print("bare lines and requests: fine; now the official client")
    environment("mcp", ["mcp"])
