# SPDX-License-Identifier: Apache-2.0
"""Streams say what the whole reply says, in the events that each interface promises; several choices don't mix; a stop
string never shows; characters are whole; an error before the first text is a status, not a stream."""
import json

from support import Service, check, events, parse, read_all

CHAT, TEXT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/responses"


def stream(service, path, body):
    status, headers, text = service.ask("POST", path, {**body, "stream": True})
    check(status == 200 and headers["content-type"].startswith("text/event-stream"), status, headers, text[:300])
    return events(text)


def whole(service, path, body):
    status, document = service.post(path, body)
    check(status == 200, document)
    return document


def chat_streams(service):
    for content, fields in [("Name three fruits.", {}), ("Write a poem about the sea.", {"stop": ["\n\n", "the "]}),
                            ("数到十，用汉字。", {"temperature": 0.9, "seed": 5}), ("Count.", {"stop": "3"})]:
        body = {"messages": [{"role": "user", "content": content}], "max_tokens": 48, "temperature": 0, **fields}
        whole(service, CHAT, body)  # from here on its prompt is shared, and each repetition is computed in the same steps
        want = whole(service, CHAT, body)["choices"][0]
        got = stream(service, CHAT, {**body, "stream_options": {"include_usage": True}})
        check(got[-1] == (None, "[DONE]") and all(name is None for name, _ in got), got[-1])
        chunks = [d for _, d in got[:-1]]
        check(len({d["id"] for d in chunks}) == 1 and all(d["object"] == "chat.completion.chunk" for d in chunks))
        check(chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}, chunks[0])
        check(chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] > 0, chunks[-1])
        check(all(d["usage"] is None for d in chunks[:-1]), "usage before the end")
        text = "".join(d["choices"][0]["delta"].get("content", "") for d in chunks[:-1])
        check(text == want["message"]["content"], content, "streamed", repr(text), "not", repr(want["message"]["content"]))
        check(chunks[-2]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": want["finish_reason"]}, chunks[-2])
        check(not any(s in text for s in [*fields.get("stop", [])]), "a stop string shows")
    bare = stream(service, CHAT, {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2})
    check(all("usage" not in d for _, d in bare[:-1]), "usage, though nobody asked")


def odds_stream(service):
    body = {"messages": [{"role": "user", "content": "Name three fruits."}], "max_tokens": 24, "temperature": 0, "logprobs": True,
            "top_logprobs": 2, "stop": "Or"}
    whole(service, CHAT, body)
    want = whole(service, CHAT, body)["choices"][0]["logprobs"]["content"]
    got = [o for _, d in stream(service, CHAT, body)[:-1] for o in (d["choices"][0]["logprobs"] or {"content": []})["content"]]
    check(got == want and len(got) > 5, got, want)
    body = {"prompt": "Once upon", "max_tokens": 12, "temperature": 0, "logprobs": 1}
    whole(service, TEXT, body)
    want = whole(service, TEXT, body)["choices"][0]["logprobs"]
    parts = [d["choices"][0]["logprobs"] for _, d in stream(service, TEXT, body)[:-1] if d["choices"][0]["logprobs"]]
    check({k: sum((p[k] for p in parts), []) for k in want} == want, parts, want)


def choices_stay_apart(service):
    body = {"prompt": ["One, two, three,", "Red, green,"], "n": 2, "max_tokens": 12, "temperature": 1, "seed": 3}
    whole(service, TEXT, body)
    want = [c["text"] for c in whole(service, TEXT, body)["choices"]]
    check(want[0] != want[1], "two choices of one prompt are the same text")
    said, finished = [""] * 4, [None] * 4
    for _, d in stream(service, TEXT, body)[:-1]:
        for c in d["choices"]:
            check(finished[c["index"]] is None, "text after the end")
            said[c["index"]] += c["text"]
            finished[c["index"]] = c["finish_reason"]
    check(said == want and all(finished), said, want)


def messages_stream(service):
    body = {"messages": [{"role": "user", "content": "Name three fruits."}], "max_tokens": 24, "temperature": 0}
    want = whole(service, MESSAGES, body)
    got = stream(service, MESSAGES, body)
    check(all(name == d["type"] for name, d in got), "an event's name is its type")
    names = [name for name, _ in got]
    check(names[:2] == ["message_start", "content_block_start"] and
          names[-3:] == ["content_block_stop", "message_delta", "message_stop"], names)
    check(set(names[2:-3]) == {"content_block_delta"}, names)
    check("".join(d["delta"]["text"] for n, d in got if n == "content_block_delta") == want["content"][0]["text"])
    check(got[-2][1]["delta"]["stop_reason"] == want["stop_reason"] and
          got[-2][1]["usage"] == want["usage"], got[-2])
    check(got[0][1]["message"]["content"] == [] and got[0][1]["message"]["usage"]["input_tokens"] == want["usage"]["input_tokens"])


def responses_stream(service):
    body = {"input": "Name three fruits.", "max_output_tokens": 24, "temperature": 0}
    want = whole(service, RESPONSES, body)
    got = [d for _, d in stream(service, RESPONSES, body)]
    check([d["sequence_number"] for d in got] == list(range(len(got))), "numbers of events")
    names = [d["type"].removeprefix("response.") for d in got]
    check(names[:4] == ["created", "in_progress", "output_item.added", "content_part.added"], names)
    check(names[-4:-1] == ["output_text.done", "content_part.done", "output_item.done"], names)
    text = "".join(d["delta"] for d in got if d["type"] == "response.output_text.delta")
    check(text == want["output"][0]["content"][0]["text"] == got[-4]["text"], text)
    last = got[-1]["response"]
    check(last["status"] == want["status"] and last["output"][0]["content"] == want["output"][0]["content"], last)
    check(got[-1]["type"] == "response." + want["status"] and last["usage"]["output_tokens"] == want["usage"]["output_tokens"], last)


def guided_streams(service):
    schema = {"type": "object", "properties": {"fruit": {"type": "string", "maxLength": 12}, "sweet": {"type": "boolean"}},
              "required": ["fruit", "sweet"]}
    body = {"messages": [{"role": "user", "content": "A fruit as JSON."}], "max_tokens": 60,
            "response_format": {"type": "json_schema", "json_schema": {"name": "f", "schema": schema}}}
    got = stream(service, CHAT, body)
    value = json.loads("".join(d["choices"][0]["delta"].get("content", "") for _, d in got[:-1] if d["choices"]))
    check(set(value) == {"fruit", "sweet"} and isinstance(value["sweet"], bool), value)


def faults_before_text(service):
    for path, body in [(CHAT, {"messages": [{"role": "user", "content": "word " * 9000}]}), (CHAT, {"messages": []}),
                       (CHAT, {"messages": [{"role": "user", "content": "x"}], "response_format": {
                           "type": "json_schema", "json_schema": {"schema": {"type": "string", "pattern": "x"}}}})]:
        status, headers, text = service.ask("POST", path, {**body, "stream": True})
        check(status == 400 and headers["content-type"] == "application/json" and json.loads(text)["error"]["message"], status, text)


with Service() as service:
    chat_streams(service)
    odds_stream(service)
    choices_stay_apart(service)
    messages_stream(service)
    responses_stream(service)
    guided_streams(service)
    faults_before_text(service)
