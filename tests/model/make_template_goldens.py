#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renders the chat templates in data/template_*.jinja as transformers does (a sandboxed jinja2 with trim_blocks,
lstrip_blocks and its tojson) into data/template_golden.json.

  python make_template_goldens.py [MODEL_FOLDER QWEN3_JINJA]     needs: jinja2; gguf to take the texts anew

The texts: qwen25_05b, qwen25_15b and smollm2 out of the GGUF files of those models, qwen3 from Qwen/Qwen3-0.6B (all
Apache-2.0); chatml, qwen2 and llama3 are written here."""
import json, os, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
NAMES = {"qwen25_05b": "qwen2.5-coder-0.5b", "qwen25_15b": "qwen2.5-coder-1.5b", "smollm2": "smollm2-135m"}
OPEN = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
LOOP = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}" + OPEN
OURS = {
    "chatml": "{% for message in messages %}" + LOOP,
    "qwen2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
             "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}" + LOOP,
    "llama3": "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + "
              "message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
              "{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
}
TOOLS = [
    [{"type": "function", "function": {"name": "spend", "description": "Sum of expenses, 支出合计",
      "parameters": {"type": "object", "properties": {"month": {"type": "string"}, "min": {"type": "number", "default": 0.1}},
                     "required": ["month"]}}},
     {"type": "function", "function": {"name": "now", "description": "", "parameters": {}}}],
    [{"a": [1, -2, 3.0, 1e16, 1.5e-7, 123456.789, 1e22, 5e-324, 0.0001, 12345678901234567], "b": [True, False, None], "c": {},
      "d": [], "e": "q\" \\ / \n\t\r\b\f \x01\x1f\x7f <b>&' é 😀 \u2028 中", "": "empty key", "n": {"x": {"y": [{"z": []}]}}}],
    [],
]


def cases():
    def m(*pairs):
        return [{"role": r, "content": c} for r, c in pairs]
    s, u, a, t = "system", "user", "assistant", "tool"
    chats = [
        m((u, "Hi")), m((s, "Be brief."), (u, "你好，介绍一下杭州")), m((u, "a"), (a, "b"), (u, "c")), m((s, ""), (u, "")),
        m((u, "  spaces\n\n"), (a, "\n x \t"), (u, "\u3000y\u00a0")), m((u, "x"), (s, "later system"), (u, "y")), m((s, "only")), m((a, "first")),
        m((u, "q"), (a, "<tool_call>\n{\"name\": \"spend\"}\n</tool_call>"), (t, "{\"minor\": 1234}"), (t, "二"), (a, "12.34 元"), (u, "and?")),
        m((u, "q"), (a, "call"), (t, "r")), m((t, "alone")), m((u, "q"), (t, "1"), (u, "p"), (t, "2"), (t, "3")),
        m((u, "q"), (a, "<think>\nhm\n</think>\n\nyes"), (u, "r"), (a, "<think>\n\n</think>\n\nno")),
        m((u, "q"), (a, "<think>\nfirst\n</think>\n\ncall"), (t, "r"), (a, "done")), m((u, "q"), (a, "half</think>rest</think>\n\nend")),
        m((u, "q"), (a, "<think>a<think>\n\nb\n\n</think>c"), (t, "x")), m((u, "<tool_response>\nx\n</tool_response>"), (a, "<think>t</think>z")),
        m((u, "q"), (a, "\n\nplain reply")), m((s, "S"), (u, "emoji 😀 <|im_end|> & <b> \"quotes\" 'single' {{ x }} {% y %}")),
        m((s, "多轮"), (u, "一"), (a, "二"), (u, "三"), (a, "四"), (u, "五")),
    ]
    for i, chat in enumerate(chats):
        for tools in [None] + ([TOOLS[0]] if i in (0, 1, 3, 8) else []) + (TOOLS[1:] if i < 2 else []):
            for open_reply in (True, False) if i < 12 else (i % 2 == 0,):
                yield {"messages": chat, "tools": tools, "open": open_reply}


def main():
    if len(sys.argv) > 2:
        import gguf
        for name, model in NAMES.items():
            r = gguf.GGUFReader(os.path.join(sys.argv[1], model + ".gguf"))
            OURS[name] = r.fields["tokenizer.chat_template"].contents()
        OURS["qwen3"] = open(sys.argv[2], encoding="utf-8", newline="").read()
        for name, text in OURS.items():
            with open(os.path.join(HERE, f"template_{name}.jinja"), "w", encoding="utf-8", newline="") as f:
                f.write(text)
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    env.filters["tojson"] = lambda x: json.dumps(x, ensure_ascii=False)
    golden = {"cases": list(cases()), "outputs": {}}
    for file in sorted(os.listdir(HERE)):
        if not (file.startswith("template_") and file.endswith(".jinja")):
            continue
        template = env.from_string(open(os.path.join(HERE, file), encoding="utf-8", newline="").read())
        takes_tools = "qwen25" in file or "qwen3" in file
        golden["outputs"][file[9:-6]] = [
            None if c["tools"] and not takes_tools else
            template.render(messages=c["messages"], tools=c["tools"], add_generation_prompt=c["open"], bos_token="<|begin_of_text|>")
            for c in golden["cases"]]
    with open(os.path.join(HERE, "template_golden.json"), "w", encoding="utf-8") as f:
        json.dump(golden, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")
    print(len(golden["cases"]), "cases,", len(golden["outputs"]), "templates")


main()
