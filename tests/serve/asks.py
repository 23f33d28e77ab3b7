# SPDX-License-Identifier: Apache-2.0
"""The page's questions where a model is there: it is asked what the examples aren't sure of, another can be chosen, and who hangs
up ends his question. An implementation that lets a dead question go on makes the next one wait as long as the first took."""
import os
import pathlib
import tempfile
import time

from support import Page, bill, check, events, model

STRANGE = {"question": "Wozu das alles, frage ich dich?", "today": "2024-06-20"}
PLAIN = {"question": "2024年3月花了多少钱？", "today": "2024-06-20"}


def ask(s, body):
    began = time.time()
    said = events(s.call("POST", "/api/ask", body)[2])
    check(said[-1][0] == "answer", said)
    return said[-1][1], time.time() - began


def forget_prompt(s):
    for kept in (s.home / "cache").glob("ask-*"):
        kept.unlink()


with tempfile.TemporaryDirectory() as folder:
    home = pathlib.Path(folder)
    (home / "models").mkdir()
    os.symlink(model(), home / "models" / "smollm2-135m.gguf")
    with Page(model_path=False, home=folder) as s:  # the best installed one
        check(s.name == "smollm2-135m" and s.get("/api/status")["model"] == s.name, s.ready)
        s.put("/api/import?name=a.csv", bill())
        answer, _ = ask(s, PLAIN)
        check(answer["figures"][0]["minor"] == s.command("spend", "--month", "2024-03")["minor"], answer)
        answer, whole = ask(s, STRANGE)
        check(answer["model"] == s.name and answer["timing"]["prefill_ms"] > 0, "the model wasn't asked", answer["timing"])
        forget_prompt(s)
        sent = s.send("POST", "/api/ask", STRANGE, X_Tael_Session=s.token)
        time.sleep(0.2)
        sent.close()
        _, waited = ask(s, PLAIN)
        check(waited < 2 + whole / 2, f"the next question waited {waited:.1f} s; a whole one takes {whole:.1f} s")
        listed = s.get("/api/models")
        check(listed["active"] == s.name and [m["name"] for m in listed["models"] if m["active"]] == [s.name], listed["active"])
        check(s.put("/api/models/use", {"name": s.name}) == {"active": s.name} and (home / "model").read_text() == s.name)
        check(ask(s, STRANGE)[0]["model"] == s.name)
        sent = s.send("POST", "/api/ask", STRANGE, X_Tael_Session=s.token)  # and an end in the middle of one
        forget_prompt(s)
