# SPDX-License-Identifier: Apache-2.0
"""The page's API: who may ask, every route against what the command says of the same ledger, malformed requests, an import
while others read. A wrong implementation is caught by the command's own answers, by counts before and after, and by the
ledger's files (a dry run leaves none of its rows, an export can be imported again)."""
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import zipfile

from support import DATA as MODELS, TAEL, Page, Service, bill, check, events

DATA = pathlib.Path(__file__).resolve().parent.parent / "ledger" / "data"
TODAY = "2024-06-20"


# ---- Who may ask ----

def guards(s):
    for path in ("/api/home", "/api/records", "/api/status", "/api/export"):
        for wrong in ({"X_Tael_Session": None}, {"X_Tael_Session": ""}, {"X_Tael_Session": "0" * 32},
                      {"X_Tael_Session": s.token[:-1]}, {"X_Tael_Session": s.token + "0"}, {"X_Tael_Session": s.secret}):
            s.refused(401, "session", "GET", path, **wrong)
        status, _, text = s.call("GET", path, Host="evil.example")
        check(status == 403, "a name that was rebound", status, text)
        status, _, text = s.call("GET", path, Origin="http://evil.example")
        check(status == 403, "a page of another site", status, text)
        status, headers, _ = s.call("GET", path, Origin=f"http://127.0.0.1:{s.port}")
        check(status == 200 and "access-control-allow-origin" not in headers, status, headers)
    s.refused(401, "session", "POST", "/api/erase", {"all": True, "yes": True}, X_Tael_Session="1" * 32)
    # The page is its owner's; what it is made of holds nothing of anybody.
    for cookie in (None, "tael=1", s.cookie[:-1], s.cookie + "0", f"tael{s.port + 1}={s.secret}"):
        status, _, text = s.ask("GET", "/", Cookie=cookie)
        check(status == 403 and s.token.encode() not in text and s.secret.encode() not in text, "the page for", cookie)
    check(s.ask("GET", "/?key=" + "0" * 32)[0] == 403, "a wrong secret opens the page")
    for name in ("content-security-policy", "referrer-policy", "x-content-type-options"):
        check(name in s.page_headers, name, s.page_headers)
    check("default-src 'none'" in s.page_headers["content-security-policy"])
    check(s.ask("GET", "/assets/none.js")[0] == 404)


def malformed(s):
    s.refused(404, "not_found", "GET", "/api/nothing")
    s.refused(404, "not_found", "GET", "/api/")
    for method, path in (("POST", "/api/home"), ("DELETE", "/api/imports"), ("GET", "/api/ask"), ("PUT", "/api/consents"), ("GET", "/api/erase")):
        s.refused(405, "method", method, path, b"{}" if method != "GET" else None)
    for query in ("from=2024-13-01", "from=yesterday", "from=2024-02-02&to=2024-02-01", "month=2024-1", "month=2024-01&from=2024-01-01",
                  "direction=sideways", "min=1,2", "min=-1", "min=9&max=1", "max=1.234", "limit=201", "limit=-1", "limit=x",
                  "offset=99999999999999999999", "offset=1.5"):
        s.refused(400, "bad_input", "GET", "/api/records?" + query)
    s.refused(400, "bad_input", "GET", "/api/spend?by=colour")
    s.refused(400, "bad_input", "GET", "/api/home?today=2024-02-30")
    for ids in ("x", "1,x", "-1", "1;2", ",", "0"):
        s.refused(400, "bad_input", "GET", "/api/records/" + ids)
    s.refused(404, "not_found", "GET", "/api/records/99999999")
    for body in (b"", b"x", b"[]", b"{", b'"a"', b"\xff\xfe", b'{"kind":1,"allowed":true}', b'{"kind":"habits"}', b'{"kind":"habits","allowed":"yes"}',
                 b'{"kind":null,"allowed":true}', b"[" * 100000):
        s.refused(400, "bad_input", "POST", "/api/consents", body)
    s.refused(415, "bad_input", "POST", "/api/consents", b"{}", Content_Type="text/plain")
    s.refused(413, "request_too_large", "POST", "/api/consents", b" " * (5 << 20))
    s.refused(404, "not_found", "POST", "/api/consents", {"kind": "everything", "allowed": True})
    for body in ({}, {"question": 1}, {"question": ""}, {"question": "hi", "today": "x"}, {"question": "hi", "after": 3}):
        s.refused(400, "bad_input", "POST", "/api/ask", body)
    for body in ({}, {"record": 1}, {"record": "1", "category": "food"}, {"record": 1, "category": "no such"}, {"record": 1, "category": "food", "only": 1}):
        s.refused(400, "bad_input", "POST", "/api/categorize", body)
    s.refused(404, "not_found", "POST", "/api/categorize", {"record": 99999999, "category": "food"})
    for body in ({}, {"merchant": "a", "category": "food"}, {"category": "no such"}, {"merchant": 1}, {"merchant": "a", "undo": 1}):
        s.refused(400, "bad_input", "POST", "/api/habits/forget", body)
    for body in ({}, {"yes": True}, {"all": True}, {"all": True, "source": "wechat", "yes": True}, {"all": "yes", "yes": True},
                 {"before": "x", "yes": True}, {"source": 1, "yes": True}, {"sample": True}, {"sample": True, "all": True, "yes": True}):
        s.refused(400, "bad_input", "POST", "/api/erase", body)
    s.refused(404, "not_found", "POST", "/api/models/use", {"name": "no-such-model"})
    s.refused(400, "bad_input", "POST", "/api/models/use", {"name": "/etc/passwd"})
    s.refused(404, "not_found", "POST", "/api/models/pull", {"name": "no-such-model"})
    s.refused(404, "not_found", "DELETE", "/api/imports/77")
    s.refused(400, "bad_input", "DELETE", "/api/imports/x")
    zh = s.refused(404, "not_found", "GET", "/api/records/99999999", Accept_Language="zh-CN,zh;q=0.9")
    check(re.search("[一-鿿]", zh), "the sentence in Chinese:", zh)


# ---- Bills ----

def imports(s):
    check(s.get("/api/home")["records"] == 0 and s.get("/api/imports") == {"imports": []})
    dry = s.put("/api/import?name=a.csv&dry_run=1", bill())
    check(dry["imported"] == 300 and dry["files"][0]["file"] == "a.csv" and dry["files"][0]["format"] == "wechat", dry)
    check(s.get("/api/records")["total"] == 0 and s.get("/api/imports") == {"imports": []}, "a dry run left something")
    first = s.put("/api/import?name=a.csv", bill())
    check({**first} == {**dry}, "a dry run says what the import says", first)
    check(s.put("/api/import?name=a.csv", bill())["duplicates"] == 300, "the same bill twice")
    s.refused(400, "unsupported", "POST", "/api/import?name=x.csv", b"no bill\n1,2,3\n")
    s.refused(400, "unsupported", "POST", "/api/import?name=x.csv", b"")
    locked = (DATA / "wechat-2019-aes256.zip").read_bytes()
    s.refused(400, "password", "POST", "/api/import?name=b.zip", locked)
    s.refused(400, "password", "POST", "/api/import?name=b.zip&password=271829", locked)
    told = s.put("/api/import?name=b.zip&password=271828", locked)
    check(told["imported"] == 2 and told["files"][0]["file"].startswith("b.zip/"), told)
    # Half of a zip: what can be read goes in, and the rest is said beside it.
    with tempfile.TemporaryFile() as f:
        with zipfile.ZipFile(f, "w") as z:
            z.writestr("good.csv", bill(5, first=9000))
            z.writestr("bad.csv", "nothing")
        f.seek(0)
        half = s.put("/api/import?name=h.zip", f.read())
    check(half["imported"] == 5 and half["error"]["code"] == "unsupported" and len(half["files"]) == 2, half)
    # Skipped rows have their line and reason.
    odd = bill(3, first=9100).replace(b"2024-01-02 12:01:00", b"yesterday")
    skipped = s.put("/api/import?name=o.csv", odd)["files"][0]["skipped"]
    check([row["line"] for row in skipped] == [5] and skipped[0]["reason"], skipped)
    # Taking back: exactly what the import brought.
    past = s.get("/api/imports")["imports"]
    check([(p["format"], p["added"], p["left"]) for p in past] ==
          [("wechat", 2, 2), ("wechat", 5, 5), ("wechat", 2, 2), ("wechat", 0, 0), ("wechat", 300, 300)], past)
    before = {r["id"] for r in all_records(s)}
    for p in past[:2]:
        status, _, text = s.call("DELETE", f"/api/imports/{p['id']}")
        check(status == 200 and json.loads(text)["erased"] == p["added"], status, text)
    check(len(before) - s.get("/api/records")["total"] == 7)
    s.refused(404, "not_found", "DELETE", f"/api/imports/{past[0]['id']}")
    check(s.put("/api/import?name=h.csv", bill(5, first=9000))["imported"] == 5, "what was taken back comes again")
    s.call("DELETE", f"/api/imports/{s.get('/api/imports')['imports'][0]['id']}")
    check(s.command("spend")["minor"] == s.get("/api/spend")["minor"])
    s.refused(413, "request_too_large", "POST", "/api/import?name=big", None, Content_Type="text/csv", Content_Length=str(65 << 20))


def sample(s):
    """A made-up household: marked, and gone at once, by a word or by the first bill that isn't."""
    check(s.put("/api/import?name=s.csv&sample=1", bill(30, first=5000))["imported"] == 30)
    check(s.get("/api/home")["sample"] is True and s.get("/api/imports")["imports"][0]["sample"] is True)
    check(s.put("/api/erase", {"sample": True, "yes": True})["erased"] == 30)
    check(s.get("/api/home")["sample"] is False and s.get("/api/records")["total"] == 0)
    s.put("/api/import?name=s.csv&sample=1", bill(30, first=5000))
    s.put("/api/import?name=a.csv&dry_run=1", bill(10))
    check(s.get("/api/records")["total"] == 30 and s.get("/api/home")["sample"] is True, "a dry run is no bill")
    s.put("/api/import?name=a.csv", bill(10))
    home = s.get("/api/home")
    check(home["sample"] is False and home["records"] == 10, home["records"])
    check(s.put("/api/erase", {"all": True, "yes": True})["erased"] == 10)


def all_records(s, query=""):
    out = []
    while True:
        page = s.get(f"/api/records?offset={len(out)}&limit=47&{query}")
        out += page["records"]
        if not page["records"]:
            return out


# ---- The same as the command ----

def same(s):
    whole = s.command("ledger")
    check(all_records(s) == whole["records"], "pages of the ledger, joined")
    for query, options in (("text=星巴克", ["--text", "星巴克"]), ("category=food", ["--category", "food"]), ("direction=income", ["--direction", "income"]),
                           ("month=2024-03", ["--month", "2024-03"]), ("min=30&max=9000", ["--min", "30", "--max", "9000"]),
                           ("merchant=美团&from=2024-02-03&to=2024-04-05", ["--merchant", "美团", "--from", "2024-02-03", "--to", "2024-04-05"])):
        want = s.command("ledger", *options)
        check(want["total"] > 0 and s.get("/api/records?limit=0&" + query)["total"] == want["total"], query)
        check(all_records(s, query) == want["records"], query)
        check(s.get("/api/spend?by=merchant&" + query) == s.command("spend", "--by", "merchant", *options), query)
    ids = [r["id"] for r in whole["records"][5:1:-1]]
    check([r["id"] for r in s.get("/api/records/" + ",".join(map(str, ids)))["records"]] == ids, "records in the order asked")
    check(s.get("/api/categories") == s.command("categories"))
    check(s.get("/api/consents") == s.command("consent"))
    check(s.get("/api/disclosures") == s.command("disclosures") == {"disclosures": [], "total": 0})
    habits = s.command("habits", "show", "--today", TODAY)
    check(s.get("/api/habits?today=" + TODAY) == habits)
    home = s.get("/api/home?today=" + TODAY)
    check(home["recurring"] == habits["recurring"] and home["next"] == habits["next"][:12] and home["unusual"] == habits["unusual"])
    total = habits["forecast"][0]
    check(all(home["month"][k] == total[k] for k in ("month", "spent_minor", "low_minor", "median_minor", "high_minor", "days_left", "why")), home["month"])
    check([c["category"]["name"] for c in home["categories"]] == [f["category"] for f in habits["forecast"][1:]])
    days = s.command("spend", "--by", "day", "--from", "2023-06-21", "--to", TODAY)["groups"]
    check(home["days"] == [{"day": g["key"], "minor": g["minor"], "count": g["count"]} for g in days])
    check(len(home["months"]) == 24 and home["months"][-1]["month"] == TODAY[:7])
    check(sum(m["income_minor"] for m in home["months"]) == s.command("spend", "--income", "--from", "2022-07-01", "--to", TODAY)["minor"])
    check({x["source"] for x in home["sources"]} == {"wechat"} and home["sample"] is False)


# ---- Learning and rights ----

def learning(s):
    one = s.get("/api/records?merchant=星巴克&limit=1")["records"][0]
    check(s.put("/api/categorize", {"record": one["id"], "category": "pets"})["changed"] > 1, "holds for the merchant")
    check(s.get(f"/api/records/{one['id']}")["records"][0]["category_by"] == "owner")
    check(s.put("/api/categorize", {"record": one["id"], "category": "food.coffee", "only": True})["changed"] == 1)
    check(s.put("/api/habits/forget", {"merchant": one["brand"]}) == {"kind": "merchant", "name": one["brand"], "left_out": True})
    check({"kind": "merchant", "name": one["brand"]} in s.get("/api/habits")["left_out"])
    check(one["brand"] not in [n["name"] for n in s.get("/api/home?today=" + TODAY)["next"]], "what is left out comes next")
    check(s.put("/api/habits/forget", {"merchant": one["brand"], "undo": True})["left_out"] is False)
    s.refused(404, "not_found", "POST", "/api/habits/forget", {"merchant": one["brand"], "undo": True})
    consents = s.put("/api/consents", {"kind": "habits", "allowed": False})["consents"]
    check(not next(c for c in consents if c["kind"] == "habits")["allowed"])
    s.refused(403, "denied", "GET", "/api/habits")
    home = s.get("/api/home?today=" + TODAY)
    check(home["habits_allowed"] is False and home["next"] == [] and home["month"]["median_minor"] is None)
    check(home["month"]["spent_minor"] == s.command("spend", "--from", "2024-06-01", "--to", TODAY)["minor"])
    s.put("/api/consents", {"kind": "habits", "allowed": True})


def asking(s):
    status, headers, body = s.call("POST", "/api/ask", {"question": "2024年3月花了多少钱？", "today": TODAY})
    said = events(body)
    check(status == 200 and headers["content-type"].startswith("text/event-stream"), status, headers)
    check([name for name, _ in said] == ["status", "answer"], said)
    answer = said[1][1]
    check(answer["route"] == "ledger" and answer["figures"][0]["minor"] == s.command("spend", "--month", "2024-03")["minor"], answer)
    check(len(s.get("/api/records/" + ",".join(map(str, answer["figures"][0]["records"][:50])))["records"]) == 50)
    check(said[0][1]["model"] is None and answer["model"] is None, "no model is installed here")
    # Leans on the question before.
    said = events(s.call("POST", "/api/ask", {"question": "那4月呢？", "today": TODAY})[2])
    check(said[-1][1]["figures"][0]["minor"] == s.command("spend", "--month", "2024-04")["minor"], said)
    # Something strange, which only a model could be asked about: an answer or an honest "no", not a failure.
    said = events(s.call("POST", "/api/ask", {"question": "Wozu das alles, frage ich dich?", "today": TODAY})[2])
    check(said[-1][0] == "answer" and said[-1][1]["answer"], said)
    said = events(s.call("POST", "/api/ask", {"question": "  ", "today": TODAY})[2])
    check(said[-1][0] == "error" and said[-1][1]["error"]["code"] == "bad_input", said)


def models(s):
    listed, mine = s.get("/api/models"), s.command("models")
    check([{k: m[k] for k in w} for m, w in zip(listed["models"], mine["models"])] == mine["models"] and listed["active"] is None)
    status = s.get("/api/status", Accept_Language="zh")
    check(status["language"] == "zh" and status["model"] is None and status["version"] and status["uptime"] >= 0, status)
    check(s.ask("POST", "/v1/chat/completions", {"messages": []})[0] == 503, "the model's interface without a model")
    check(s.ask("GET", "/healthz")[0] == 200)


def rights(s):
    spent = s.command("spend", "--by", "merchant")
    status, headers, data = s.call("GET", "/api/export")
    check(status == 200 and headers["content-type"] == "application/zip" and ".zip" in headers["content-disposition"], headers)
    with tempfile.TemporaryDirectory() as other:
        path = pathlib.Path(other) / "export.zip"
        path.write_bytes(data)
        subprocess.run([TAEL, "--home", other, "--quiet", "import", str(path)], check=True, stdout=subprocess.DEVNULL)
        again = json.loads(subprocess.run([TAEL, "--home", other, "--json", "spend", "--by", "merchant"], stdout=subprocess.PIPE).stdout)
        check(again == spent, "an export restores the ledger")
    check(not [p for p in s.home.iterdir() if "export" in p.name], "an export left something behind")
    total = s.get("/api/records")["total"]
    gone = s.put("/api/erase", {"before": "2024-03-01", "yes": True})["erased"]
    check(0 < gone == total - s.get("/api/records")["total"] and s.get("/api/records?to=2024-02-29")["total"] == 0)
    check(s.put("/api/erase", {"source": "wechat", "yes": True})["erased"] == total - gone)
    s.put("/api/import?name=a.csv", bill())
    check(s.put("/api/erase", {"all": True, "yes": True})["erased"] == 300)
    check(s.get("/api/home")["records"] == 0 and s.get("/api/imports")["imports"] == [])


# ---- Many at once ----

def parallel(s):
    """100 readers while two bills go in and questions are asked: each read shows one moment, nobody fails."""
    failures, totals = [], []

    def read(i):
        try:
            path = ("/api/records?limit=5", "/api/spend?by=month", "/api/home?today=" + TODAY)[i % 3]
            data = s.get(path)
            if "total" in data:
                totals.append(data["total"])
        except Exception as error:  # noqa: BLE001: told below
            failures.append(error)

    def write(first):
        try:
            s.put(f"/api/import?name={first}.csv", bill(3000, first=first))
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in (100000, 200000)]
    threads += [threading.Thread(target=read, args=(i,)) for i in range(100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not failures, failures[:3])
    check(set(totals) <= {0, 3000, 6000}, "half an import was seen:", set(totals))
    check(s.get("/api/records")["total"] == 6000 and len(s.get("/api/imports")["imports"]) == 2)


def gone_clients(s):
    """Clients that hang up at once, in the middle of what they asked for: it goes on, and the next is answered."""
    for _ in range(20):
        for path, body in (("/api/home?today=" + TODAY, None), ("/api/import?name=x.csv", bill(2000, first=300000)), ("/api/ask", {"question": "今年花了多少"})):
            s.send("POST" if body else "GET", path, body, X_Tael_Session=s.token).close()
    check(s.get("/api/status")["uptime"] >= 0)


with tempfile.TemporaryDirectory() as folder:
    with Page(model_path=False, home=folder) as service:
        guards(service)
        malformed(service)
        sample(service)
        imports(service)
        same(service)
        learning(service)
        asking(service)
        models(service)
        rights(service)
        parallel(service)
        gone_clients(service)
    check((service.home / "page.key").stat().st_mode & 0o777 == 0o600)
    with Page(model_path=False, home=folder) as again:  # a bookmark goes on working; what an open page holds doesn't
        check(again.secret == service.secret and again.token != service.token)
        again.refused(401, "session", "GET", "/api/home", X_Tael_Session=service.token)
with Service("--no-page", model_path=MODELS / "tiny_qwen2.gguf") as bare:
    check(bare.ready["page"] is None and bare.ask("GET", "/")[0] == 404 and bare.ask("GET", "/api/home")[0] == 403)
    check(not (bare.home / "ledger.db").exists(), "a ledger that nobody asked for")
