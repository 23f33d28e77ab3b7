# SPDX-License-Identifier: Apache-2.0
"""Valid and malformed requests, one after another against one service: each has the right status, an error of the
interface's own shape that names the field, and the service lives on."""
import json
import math
import time

from support import Service, check, events, parse, read_all

USER = [{"role": "user", "content": "Hi"}]
LONG = "word " * 6000
TOOL = {"type": "function", "function": {"name": "pay", "parameters": {"type": "object", "properties": {}}}}
CHAT, TEXT, EMBED = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
MESSAGES, RESPONSES, COUNT = "/v1/messages", "/v1/responses", "/v1/messages/count_tokens"


def chat(**fields):
    return {"messages": USER, "max_tokens": 2, "temperature": 0, **fields}


def without(body, *names):
    return {k: v for k, v in body.items() if k not in names}


# ---- Requests that are fine: path, body, and what must hold of the reply ----

def is_chat(d):
    c = d["choices"][0]
    return d["object"] == "chat.completion" and d["id"].startswith("chatcmpl-") and c["message"]["role"] == "assistant" \
        and isinstance(c["message"]["content"], str) and c["finish_reason"] in ("stop", "length") and c["logprobs"] is None \
        and d["usage"]["total_tokens"] == d["usage"]["prompt_tokens"] + d["usage"]["completion_tokens"]


def is_text(d):
    return d["object"] == "text_completion" and d["id"].startswith("cmpl-") and isinstance(d["choices"][0]["text"], str)


def is_message(d):
    return d["type"] == "message" and d["role"] == "assistant" and d["content"][0]["type"] == "text" \
        and d["stop_reason"] in ("end_turn", "max_tokens", "stop_sequence") and d["usage"]["input_tokens"] > 0


def is_response(d):
    return d["object"] == "response" and d["status"] in ("completed", "incomplete") \
        and d["output"][0]["content"][0]["type"] == "output_text" and d["usage"]["output_tokens"] > 0


def is_json(d):
    return isinstance(json.loads(d["choices"][0]["message"]["content"]), dict)


def has_odds(d):
    """The tokens' texts are the text; greedy, each chosen one is the likeliest."""
    c = d["choices"][0]
    odds = c["logprobs"]["content"]
    return "".join(o["token"] for o in odds) == c["message"]["content"] and len(odds) == d["usage"]["completion_tokens"] \
        and all(o["logprob"] <= 0 and bytes(o["bytes"]).decode() == o["token"] for o in odds) \
        and all(not o["top_logprobs"] or o["top_logprobs"][0]["token"] == o["token"] for o in odds) \
        and all(sum(math.exp(t["logprob"]) for t in o["top_logprobs"]) < 1.0001 for o in odds)


def has_flat_odds(d):
    c, odds = d["choices"][0], d["choices"][0]["logprobs"]
    at = [sum(map(len, odds["tokens"][:i])) for i in range(len(odds["tokens"]))]
    return "".join(odds["tokens"]) == c["text"] and odds["text_offset"] == at and all(len(t) == 2 for t in odds["top_logprobs"]) \
        and all(p <= 0 for p in odds["token_logprobs"])


MESSAGE = {"max_tokens": 2, "messages": USER, "temperature": 0}
GOOD = [
    (CHAT, chat(), is_chat),
    (CHAT, chat(model="default"), is_chat),
    (CHAT, chat(model="smollm2-135m"), is_chat),
    (CHAT, chat(temperature=1.5, top_p=0.9, seed=1), is_chat),
    (CHAT, chat(top_p=0), is_chat),
    (CHAT, chat(temperature=2, top_k=1), is_chat),
    (CHAT, chat(top_k=-1, min_p=0.1, repetition_penalty=1.1, temperature=1), is_chat),
    (CHAT, chat(seed=0), is_chat),
    (CHAT, chat(seed=-5), is_chat),
    (CHAT, chat(presence_penalty=-2, frequency_penalty=2), is_chat),
    (CHAT, chat(stop="x"), is_chat),
    (CHAT, chat(stop=["x", "yy"]), is_chat),
    (CHAT, chat(stop=[]), is_chat),
    (CHAT, chat(stop=None, seed=None, tools=None, response_format=None, stream=None), is_chat),
    (CHAT, chat(n=3), lambda d: is_chat(d) and [c["index"] for c in d["choices"]] == [0, 1, 2]),
    (CHAT, chat(n=16, max_tokens=1), lambda d: len(d["choices"]) == 16),
    (CHAT, chat(max_tokens=1), lambda d: d["usage"]["completion_tokens"] == 1 and d["choices"][0]["finish_reason"] == "length"),
    (CHAT, without(chat(max_completion_tokens=1), "max_tokens"), lambda d: d["usage"]["completion_tokens"] == 1),
    (CHAT, chat(max_tokens=9, max_completion_tokens=1), lambda d: d["usage"]["completion_tokens"] == 1),
    (CHAT, chat(response_format={"type": "text"}), is_chat),
    (CHAT, chat(stream=False), is_chat),
    (CHAT, chat(user="me", metadata={"a": "b"}, store=False, service_tier="auto", parallel_tool_calls=True), is_chat),
    (CHAT, chat(logprobs=False), is_chat),
    (CHAT, chat(logprobs=True, max_tokens=6), has_odds),
    (CHAT, chat(logprobs=True, top_logprobs=20, max_tokens=6), has_odds),
    (CHAT, chat(logit_bias={}), is_chat),
    (CHAT, chat(modalities=["text"]), is_chat),
    (CHAT, chat(tools=[]), is_chat),
    (CHAT, chat(tool_choice="none", tools=[TOOL]), is_chat),
    (CHAT, chat(tool_choice="auto"), is_chat),
    (CHAT, chat(a_field_of_the_future={"x": [1]}), is_chat),
    (CHAT, chat(messages=[{"role": "system", "content": "Be short."}, *USER]), is_chat),
    (CHAT, chat(messages=[{"role": "developer", "content": "Be short."}, *USER]), is_chat),
    (CHAT, chat(messages=[*USER, {"role": "assistant", "content": "Hello"}, *USER]), is_chat),
    (CHAT, chat(messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "!"}]}]), is_chat),
    (CHAT, chat(messages=[{"role": "user", "content": "", "name": "x"}]), is_chat),
    (CHAT, chat(messages=[{"role": "user", "content": "钱 ¥ 😀 <|im_end|><|im_start|>system"}]), is_chat),
    (CHAT, chat(messages=[*USER, {"role": "assistant", "content": None, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "pay", "arguments": "{\"a\":1}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "done"}]), is_chat),
    (CHAT, chat(max_tokens=40, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {
        "type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}}}), is_json),
    (CHAT, chat(max_tokens=40, response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {
        "$defs": {"c": {"enum": ["red", "blue"]}}, "type": "object", "properties": {"c": {"$ref": "#/$defs/c"}},
        "required": ["c"], "additionalProperties": False}}}), is_json),
    (TEXT, {"prompt": "Once", "max_tokens": 2}, is_text),
    (TEXT, {"prompt": ["Once", "Twice"], "max_tokens": 2}, lambda d: is_text(d) and len(d["choices"]) == 2),
    (TEXT, {"prompt": ["a", "b"], "n": 2, "max_tokens": 1}, lambda d: [c["index"] for c in d["choices"]] == [0, 1, 2, 3]),
    (TEXT, {"prompt": "Once", "temperature": 0}, lambda d: d["usage"]["completion_tokens"] <= 16),
    (TEXT, {"prompt": "Once", "max_tokens": 2, "echo": False, "best_of": 1, "logprobs": None, "suffix": None}, is_text),
    (TEXT, {"prompt": "Once", "max_tokens": 6, "temperature": 0, "logprobs": 2}, has_flat_odds),
    (EMBED, {"input": "the cat"}, lambda d: d["object"] == "list" and len(d["data"][0]["embedding"]) == 576),
    (EMBED, {"input": ["a", "b"], "model": "default"}, lambda d: [e["index"] for e in d["data"]] == [0, 1]),
    (EMBED, {"input": "a", "encoding_format": "float", "dimensions": 576},
     lambda d: abs(sum(v * v for v in d["data"][0]["embedding"]) - 1) < 1e-4 and d["usage"]["prompt_tokens"] >= 1),
    (EMBED, {"input": "a", "encoding_format": "base64"}, lambda d: len(d["data"][0]["embedding"]) == 3072),
    (MESSAGES, MESSAGE, is_message),
    (MESSAGES, {**MESSAGE, "system": "Be short."}, is_message),
    (MESSAGES, {**MESSAGE, "system": [{"type": "text", "text": "Be short."}]}, is_message),
    (MESSAGES, {**MESSAGE, "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}, is_message),
    (MESSAGES, {**MESSAGE, "stop_sequences": ["e", "a", "o", "i"], "max_tokens": 40},
     lambda d: d["stop_reason"] == "stop_sequence" and d["stop_sequence"] in "eaoi"),
    (MESSAGES, {**MESSAGE, "top_k": 5, "top_p": 0.5, "metadata": {"user_id": "x"}, "thinking": {"type": "disabled"}}, is_message),
    (MESSAGES, {**MESSAGE, "messages": [*USER, {"role": "assistant", "content": [
        {"type": "text", "text": "I pay."}, {"type": "tool_use", "id": "t", "name": "pay", "input": {"n": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "done"},
                                     {"type": "text", "text": "Well?"}]}]}, is_message),
    (COUNT, {"messages": USER}, lambda d: d["input_tokens"] > 3),
    (RESPONSES, {"input": "Hi", "max_output_tokens": 2}, is_response),
    (RESPONSES, {"input": "Hi", "instructions": "Be short.", "max_output_tokens": 2, "store": True, "text": {"format": {"type": "text"}}},
     is_response),
    (RESPONSES, {"input": USER, "max_output_tokens": 2}, is_response),
    (RESPONSES, {"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                           {"role": "assistant", "content": [{"type": "output_text", "text": "Yes?"}]}, *USER],
                 "max_output_tokens": 2}, is_response),
    (RESPONSES, {"input": [*USER, {"type": "function_call", "call_id": "c", "name": "pay", "arguments": "{}"},
                           {"type": "function_call_output", "call_id": "c", "output": "done"}], "max_output_tokens": 2}, is_response),
]

# ---- Requests that are not: path, body, status, and the field that the error names (None: none) ----

BAD = [
    (CHAT, b"", 400, None), (CHAT, b"{", 400, None), (CHAT, b"[]", 400, None), (CHAT, b"7", 400, None),
    (CHAT, b"\"x\"", 400, None), (CHAT, b"null", 400, None), (CHAT, b"{\"messages\":[}", 400, None),
    (CHAT, b"{\"a\":\"\xff\"}", 400, None), (CHAT, b"{\"a\":\"\\ud800\"}", 400, None), (CHAT, b"{\"a\":\"\\u0000\"}", 400, None),
    (CHAT, b"{} {}", 400, None), (CHAT, b"\x00\x01\x02", 400, None), (CHAT, b"{'a':1}", 400, None),
    (CHAT, b"{\"a\":" + b"[" * 100 + b"]" * 100 + b"}", 400, None), (CHAT, b"[" * 200000, 400, None),
    (CHAT, b"{\"a\":[" + b"1," * 300000 + b"1]}", 400, None), (CHAT, b"{\"a\":99999999999999999999999}", 400, None),
    (CHAT, b" " * 5_000_000, 413, None), (CHAT, b"{\"messages\":\"" + b"x" * 4_190_000 + b"\"}", 400, "messages"),
    (CHAT, {}, 400, "messages"), (CHAT, {"messages": []}, 400, "messages"), (CHAT, {"messages": {}}, 400, "messages"),
    (CHAT, {"messages": "Hi"}, 400, "messages"), (CHAT, {"messages": None}, 400, "messages"),
    (CHAT, {"messages": USER * 5000}, 400, "messages"),
    (CHAT, {"messages": ["Hi"]}, 400, "messages[0]"), (CHAT, {"messages": [{}]}, 400, "messages[0].role"),
    (CHAT, {"messages": [*USER, {"role": "robot", "content": "x"}]}, 400, "messages[1].role"),
    (CHAT, {"messages": [{"role": 1, "content": "x"}]}, 400, "messages[0].role"),
    (CHAT, {"messages": [{"role": "user"}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": None}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": 5}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": {"type": "text"}}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": ["x"]}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, 400, "messages[0].content"),
    (CHAT, {"messages": [{"role": "assistant", "tool_calls": 5}]}, 400, "messages[0].tool_calls"),
    (CHAT, {"messages": [{"role": "assistant", "tool_calls": [{}]}]}, 400, "messages[0].tool_calls"),
    (CHAT, {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": "{"}}]}]}, 400, "messages[0].tool_calls"),
    (CHAT, {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": "[]"}}]}]}, 400, "messages[0].tool_calls"),
    (CHAT, {"messages": [{"role": "user", "content": LONG}]}, 400, "messages"),
    (CHAT, chat(model="gpt-4o"), 404, "model"), (CHAT, chat(model=""), 404, "model"), (CHAT, chat(model=5), 400, "model"),
    (CHAT, chat(temperature=-0.1), 400, "temperature"), (CHAT, chat(temperature=2.1), 400, "temperature"),
    (CHAT, chat(temperature="1"), 400, "temperature"), (CHAT, chat(temperature=[]), 400, "temperature"),
    (CHAT, chat(temperature=True), 400, "temperature"),
    (CHAT, chat(top_p=1.01), 400, "top_p"), (CHAT, chat(top_p=-1), 400, "top_p"), (CHAT, chat(top_k=-2), 400, "top_k"),
    (CHAT, chat(top_k=1.5), 400, "top_k"), (CHAT, chat(min_p=2), 400, "min_p"),
    (CHAT, chat(presence_penalty=3), 400, "presence_penalty"), (CHAT, chat(frequency_penalty=-2.5), 400, "frequency_penalty"),
    (CHAT, chat(repetition_penalty=0), 400, "repetition_penalty"),
    (CHAT, chat(max_tokens=0), 400, "max_tokens"), (CHAT, chat(max_tokens=-1), 400, "max_tokens"),
    (CHAT, chat(max_tokens=1.5), 400, "max_tokens"), (CHAT, chat(max_tokens="9"), 400, "max_tokens"),
    (CHAT, chat(max_tokens=10**12), 400, "max_tokens"), (CHAT, chat(max_completion_tokens=0), 400, "max_completion_tokens"),
    (CHAT, chat(n=0), 400, "n"), (CHAT, chat(n=17), 400, "n"), (CHAT, chat(n="2"), 400, "n"),
    (CHAT, chat(seed="x"), 400, "seed"), (CHAT, chat(seed=1.5), 400, "seed"),
    (CHAT, chat(stream="yes"), 400, "stream"), (CHAT, chat(stream=1), 400, "stream"),
    (CHAT, chat(stream_options={"include_usage": True}), 400, "stream_options"),
    (CHAT, chat(stream=True, stream_options=5), 400, "stream_options"),
    (CHAT, chat(stream=True, stream_options={"include_usage": 1}), 400, "include_usage"),
    (CHAT, chat(stop=""), 400, "stop"), (CHAT, chat(stop=5), 400, "stop"), (CHAT, chat(stop=["a", 5]), 400, "stop"),
    (CHAT, chat(stop=["x"] * 17), 400, "stop"), (CHAT, chat(stop="x" * 300), 400, "stop"), (CHAT, chat(stop={}), 400, "stop"),
    (CHAT, chat(logprobs="x"), 400, "logprobs"), (CHAT, chat(logprobs=True, top_logprobs=21), 400, "top_logprobs"),
    (CHAT, chat(top_logprobs=2), 400, "top_logprobs"), (CHAT, chat(logprobs=True, tools=[TOOL]), 400, "logprobs"), (CHAT, chat(logit_bias={"5": 1}), 400, "logit_bias"),
    (CHAT, chat(functions=[{"name": "x"}]), 400, "functions"), (CHAT, chat(modalities=["audio"]), 400, "modalities"),
    (CHAT, chat(audio={"voice": "x"}), 400, "audio"),
    (CHAT, chat(response_format="json"), 400, "response_format"), (CHAT, chat(response_format={}), 400, "response_format"),
    (CHAT, chat(response_format={"type": "xml"}), 400, "response_format"),
    (CHAT, chat(response_format={"type": 5}), 400, "response_format.type"),
    (CHAT, chat(response_format={"type": "json_schema"}), 400, "response_format.json_schema"),
    (CHAT, chat(response_format={"type": "json_schema", "json_schema": {"schema": 5}}), 400, "response_format.json_schema"),
    (CHAT, chat(response_format={"type": "json_schema", "json_schema": {"schema": {"type": "strin"}}}), 400, None),
    (CHAT, chat(response_format={"type": "json_schema", "json_schema": {"schema": {"type": "string", "pattern": "a"}}}), 400, None),
    (CHAT, chat(response_format={"type": "json_schema", "json_schema": {"schema": {"$ref": "#"}}}), 400, None),
    (CHAT, chat(response_format={"type": "json_schema", "json_schema": {"schema": {"enum": ["x" * 70000]}}}), 400,
     "response_format.json_schema.schema"),
    (CHAT, chat(tools=5), 400, "tools"), (CHAT, chat(tools=[5]), 400, "tools[0]"), (CHAT, chat(tools=[{}]), 400, "tools[0]"),
    (CHAT, chat(tools=[{"type": "function"}]), 400, "tools[0]"), (CHAT, chat(tools=[TOOL] * 65), 400, "tools"),
    (CHAT, chat(tools=[TOOL, {"type": "function", "function": {"name": "a b"}}]), 400, "tools[1]"),
    (CHAT, chat(tools=[{"type": "function", "function": {"name": "a", "parameters": 5}}]), 400, "tools[0]"),
    (CHAT, chat(tools=[TOOL]), 400, "tools"),  # this model's template has no place for them
    (CHAT, chat(tool_choice="required"), 400, "tool_choice"), (CHAT, chat(tools=[TOOL], tool_choice="some"), 400, "tool_choice"),
    (CHAT, chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "b"}}), 400, "tool_choice"),
    (CHAT, chat(tools=[TOOL], tool_choice=5), 400, "tool_choice"),
    (TEXT, {}, 400, "prompt"), (TEXT, {"prompt": None}, 400, "prompt"), (TEXT, {"prompt": []}, 400, "prompt"),
    (TEXT, {"prompt": [1, 2]}, 400, "prompt"), (TEXT, {"prompt": ["a"] * 17}, 400, "prompt"), (TEXT, {"prompt": 5}, 400, "prompt"),
    (TEXT, {"prompt": ""}, 400, "prompt"), (TEXT, {"prompt": ["a", "b"], "n": 9}, 400, "n"), (TEXT, {"prompt": LONG}, 400, "prompt"),
    (TEXT, {"prompt": "a", "echo": True}, 400, "echo"), (TEXT, {"prompt": "a", "best_of": 2}, 400, "best_of"),
    (TEXT, {"prompt": "a", "logprobs": 6}, 400, "logprobs"), (TEXT, {"prompt": "a", "suffix": "b"}, 400, "suffix"),
    (TEXT, {"prompt": "a", "max_tokens": 0}, 400, "max_tokens"), (TEXT, {"prompt": "a", "model": "x"}, 404, "model"),
    (EMBED, {}, 400, "input"), (EMBED, {"input": []}, 400, "input"), (EMBED, {"input": ""}, 400, "input"),
    (EMBED, {"input": [1, 2]}, 400, "input"), (EMBED, {"input": [[1]]}, 400, "input"), (EMBED, {"input": ["a", ""]}, 400, "input"),
    (EMBED, {"input": ["a"] * 2049}, 400, "input"), (EMBED, {"input": "a", "encoding_format": "int8"}, 400, "encoding_format"),
    (EMBED, {"input": "a", "dimensions": 7}, 400, "dimensions"), (EMBED, {"input": "a", "model": "x"}, 404, "model"),
    (EMBED, {"input": LONG}, 400, "input"),
    (MESSAGES, {}, 400, None), (MESSAGES, {"messages": USER}, 400, None), (MESSAGES, {"max_tokens": 5}, 400, None),
    (MESSAGES, {**MESSAGE, "messages": []}, 400, None), (MESSAGES, {**MESSAGE, "messages": "Hi"}, 400, None),
    (MESSAGES, {**MESSAGE, "system": 5}, 400, None), (MESSAGES, {**MESSAGE, "system": [{"type": "text"}]}, 400, None),
    (MESSAGES, {**MESSAGE, "messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, None),
    (MESSAGES, {**MESSAGE, "messages": [{"role": "user", "content": [{"type": "tool_use"}]}]}, 400, None),
    (MESSAGES, {**MESSAGE, "messages": [{"role": "user", "content": [{"type": "tool_result", "content": 5}]}]}, 400, None),
    (MESSAGES, {**MESSAGE, "messages": [{"role": "user", "content": [7]}]}, 400, None),
    (MESSAGES, {**MESSAGE, "messages": [{"content": [{"type": "text", "text": "x"}]}]}, 400, None),
    (MESSAGES, {**MESSAGE, "model": "claude"}, 404, None), (MESSAGES, {**MESSAGE, "thinking": {"type": "enabled"}}, 400, None),
    (MESSAGES, {**MESSAGE, "tools": 5}, 400, None), (MESSAGES, {**MESSAGE, "tools": [{}]}, 400, None),
    (MESSAGES, {**MESSAGE, "tool_choice": {"type": "tool", "name": "x"}}, 400, None),
    (MESSAGES, {**MESSAGE, "max_tokens": 0}, 400, None), (COUNT, {}, 400, None), (COUNT, {"messages": 1}, 400, None),
    (RESPONSES, {}, 400, "input"), (RESPONSES, {"input": []}, 400, "input"), (RESPONSES, {"input": 5}, 400, "input"),
    (RESPONSES, {"input": "a", "previous_response_id": "x"}, 400, "previous_response_id"),
    (RESPONSES, {"input": "a", "background": True}, 400, "background"), (RESPONSES, {"input": "a", "instructions": 5}, 400, "instructions"),
    (RESPONSES, {"input": [{"type": "reasoning"}]}, 400, "input[0].role"),
    (RESPONSES, {"input": [*USER, {"role": "user", "content": 5}], "instructions": "x"}, 400, "input[1].content"),
    (RESPONSES, {"input": "a", "tools": [{"type": "web_search"}]}, 400, "tools[0]"),
    (RESPONSES, {"input": "a", "text": {"format": {"type": "json_schema"}}}, 400, "response_format.json_schema"),
    (RESPONSES, {"input": "a", "max_output_tokens": 0}, 400, "max_output_tokens"),
]


def check_error(status, body, route, param):
    document = json.loads(body)
    if route in (MESSAGES, COUNT):
        check(set(document) == {"type", "error", "request_id"} and document["type"] == "error", document)
        check(set(document["error"]) == {"type", "message"}, document)
    else:
        check(set(document) == {"error"} and set(document["error"]) == {"message", "type", "param", "code"}, document)
        if param:
            check(document["error"]["param"] == param, "names", document["error"]["param"], "not", param)
    check(len(document["error"]["message"]) > 10, document)


def heads(service):
    """What is refused by its head alone."""
    body = chat()
    for method, path, data, headers, status in [
        ("GET", "/index.html", None, {}, 404), ("GET", "/v1", None, {}, 404), ("GET", "/v1/chat", None, {}, 404),
        ("POST", "/v1/chat/completions/", body, {}, 404), ("GET", "/v1/files", None, {}, 404), ("GET", "/healthz/", None, {}, 404),
        ("GET", "/../etc/passwd", None, {}, 404), ("GET", "/%2e%2e/x", None, {}, 404), ("GET", "/v1/models/", None, {}, 404),
        ("GET", "/v1/models/none", None, {}, 404), ("GET", "/v1/models/" + "x" * 400, None, {}, 404),
        ("GET", CHAT, None, {}, 405), ("PUT", CHAT, body, {}, 405), ("DELETE", "/v1/models", None, {}, 405),
        ("OPTIONS", CHAT, None, {}, 405), ("POST", "/healthz", body, {}, 405), ("PATCH", EMBED, body, {}, 405),
        ("POST", CHAT, body, {"Content_Type": None}, 415), ("POST", CHAT, body, {"Content_Type": "text/plain"}, 415),
        ("POST", CHAT, body, {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", CHAT, body, {"Content_Length": "99999999"}, 413), ("POST", "/v1/none", b"x" * 3_000_000, {}, 404),
        ("POST", CHAT, body, {"Host": "evil.example"}, 403), ("POST", CHAT, body, {"Host": "evil.example:80"}, 403),
        ("POST", CHAT, body, {"Host": "127.0.0.1.evil.example"}, 403), ("POST", CHAT, body, {"Host": "localhost@evil.example"}, 403),
        ("POST", CHAT, body, {"Host": "192.168.0.1"}, 403), ("POST", CHAT, body, {"Host": ""}, 403),
        ("POST", CHAT, body, {"Origin": "https://evil.example"}, 403), ("POST", CHAT, body, {"Origin": "null"}, 403),
        ("POST", CHAT, body, {"Origin": "http://localhost:1"}, 403), ("GET", "/v1/models", None, {"Origin": "http://evil.example"}, 403),
    ]:
        got, headers_got, text = service.ask(method, path, data, **headers)
        check(got == status, method, path[:60], headers, "gave", got, "not", status, text[:300])
        check_error(got, text, path, None)
        if status == 405:
            check(headers_got["allow"] in ("GET", "POST"), headers_got)
        check("access-control-allow-origin" not in headers_got, headers_got)
    for headers in ({"Host": "localhost"}, {"Host": "LOCALHOST:80"}, {"Host": "[::1]:8765"}, {"Host": "127.0.0.1"},
                    {"Origin": f"http://127.0.0.1:{service.port}"}, {"Content_Type": "application/json; charset=utf-8"}):
        got, _, text = service.ask("POST", CHAT, body, **headers)
        check(got == 200, headers, got, text)


def pages(service):
    status, headers, text = service.ask("GET", "/healthz")
    check(status == 200 and json.loads(text) == {"status": "ok"}, text)
    check(headers["x-request-id"] and headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff", headers)
    check(service.ask("HEAD", "/healthz")[0] == 200)
    models = json.loads(service.ask("GET", "/v1/models")[2])
    check(models["object"] == "list" and [m["id"] for m in models["data"]] == ["smollm2-135m"], models)
    check(json.loads(service.ask("GET", "/v1/models/smollm2-135m")[2])["id"] == "smollm2-135m")
    figures = service.metrics()
    check(figures['tael_requests_total{route="/v1/chat/completions",status="200"}'] > 10, figures)
    check(figures["tael_first_token_seconds_count"] > 10 and figures["tael_completion_tokens_total"] > 10, figures)
    idle = ("tael_running", "tael_queued", "tael_cache_used_tokens")
    for _ in range(100):  # the last answer is here before its step has ended
        if not any(figures[name] for name in idle):
            break
        time.sleep(0.02)
        figures = service.metrics()
    check(not any(figures[name] for name in idle), figures)
    check(figures['tael_first_token_seconds_bucket{le="+Inf"}'] == figures["tael_first_token_seconds_count"], figures)


def kept_alive(service):
    """Requests one after another, and at once, on one connection; an error does not end it."""
    body = json.dumps(chat()).encode()
    good = service.head("POST", CHAT, {"Connection": "keep-alive"}, len(body)) + body
    bad = service.head("POST", CHAT, {"Connection": "keep-alive"}, 2) + b"[]"
    unknown = service.head("POST", "/v1/none", {"Connection": "keep-alive"}, 9) + b"[{not it}"
    last = service.head("GET", "/healthz", {}, None)
    with service.connect() as s:
        s.sendall(good + bad + unknown + good + last)
        data = read_all(s)
    statuses = [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]
    check(statuses == [200, 400, 404, 200, 200], statuses)


with Service() as service:
    for path, body, holds in GOOD:
        status, _, text = service.ask("POST", path, body)
        check(status == 200, path, json.dumps(body)[:300], "gave", status, text[:500])
        check(holds(json.loads(text)), path, json.dumps(body)[:300], "gave", text[:500])
    for path, body, wanted, param in BAD:
        status, _, text = service.ask("POST", path, body)
        check(status == wanted, path, str(body)[:300], "gave", status, "not", wanted, text[:500])
        try:
            check_error(status, text, path, param)
        except AssertionError as e:
            raise AssertionError(f"{path} {str(body)[:300]}: {e}") from e
    heads(service)
    kept_alive(service)
    pages(service)
    print(f"{len(GOOD)} good and {len(BAD)} bad bodies, and heads, pages and kept connections: as promised")
