#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Renders the chat templates in data/template_*.jinja as transformers does (a sandboxed jinja2 with trim_blocks,
lstrip_blocks and its tojson): data/template_cases.json holds the chats, data/template_NAME.json what each template
prints of them: text, null where it has no place for tools, false where it refuses the chat.

  python make_template_goldens.py [MODEL_FOLDER TEMPLATE_FOLDER]     needs: jinja2; gguf to take the texts anew

The texts: qwen25_05b, qwen25_15b, smollm2 and tinyllama out of the GGUF files of those models, qwen3 from
Qwen/Qwen3-0.6B, qwen35 from Qwen/Qwen3.5-4B, minicpm5 from openbmb/MiniCPM5-1B (all Apache-2.0), the last three as files
of TEMPLATE_FOLDER. Those of Qwen3's 2507 models and the small Qwen3.5 are made from their relatives here; chatml, qwen2,
llama2, llama3, llama31, gemma2, gemma3 and minicpm are written here and print what the models' own do. With
TEMPLATE_FOLDER, ours are held against the originals there."""
import json, os, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
NAMES = {"qwen25_05b": "qwen2.5-coder-0.5b", "qwen25_15b": "qwen2.5-coder-1.5b", "smollm2": "smollm2-135m", "tinyllama": "tinyllama-1b"}
FILES = {"qwen3": "Qwen-Qwen3-0.6B", "qwen35": "Qwen3.5-4B", "minicpm5": "openbmb-MiniCPM5-1B"}
ORIGINALS = {"gemma2": ["google-gemma-2-2b-it"], "llama31": ["meta-llama-Llama-3.1-8B-Instruct", "meta-llama-Llama-3.2-3B-Instruct",
             "meta-llama-Llama-3.3-70B-Instruct"], "qwen25_05b": ["Qwen-Qwen2.5-7B-Instruct"]}
OPEN = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
LOOP = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}" + OPEN
ALTERNATE = "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception(\"user, assistant, user, ...\") }}{% endif %}"
SYSTEM_APART = """{%- if messages[0]['role'] == 'system' -%}{%- set SYSTEM -%}{%- set turns = messages[1:] -%}
{%- else -%}{%- set NONE -%}{%- set turns = messages -%}{%- endif -%}
"""
GEMMA_TURN = "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}{{ '<start_of_turn>' + role + '\n' }}"
GEMMA_END = "{{ '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
OURS = {
    "chatml": "{% for message in messages %}" + LOOP,
    "qwen2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
             "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}" + LOOP,
    "llama3": "{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + "
              "message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
              "{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
    "llama2": SYSTEM_APART.replace("SYSTEM", "system_message = messages[0]['content']").replace("NONE", "system_message = false") +
              "{% for message in turns %}" + ALTERNATE +
              "{% if loop.index0 == 0 and system_message != false %}"
              "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
              "{% else %}{% set content = message['content'] %}{% endif %}"
              "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
              "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}"
              "{% else %}{{ raise_exception(\"only user and assistant\") }}{% endif %}{% endfor %}",
    "gemma2": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
              "{% for message in messages %}" + ALTERNATE + GEMMA_TURN.replace(" + '\n'", "") + "{{ '\n' + message['content'] | trim }}" + GEMMA_END,
    "gemma3": "{{ bos_token }}\n" + SYSTEM_APART.replace("SYSTEM", "first_user_prefix = messages[0]['content'] + '\n\n'").replace("NONE", "first_user_prefix = ''") +
              "{% for message in turns %}" + ALTERNATE + GEMMA_TURN + "{{ first_user_prefix if loop.first else '' }}{{ message['content'] | trim }}" + GEMMA_END,
    "llama31": """{{- bos_token }}
{%- if tools_in_user_message is undefined %}{%- set tools_in_user_message = true %}{%- endif %}
{%- if date_string is undefined %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
""" + SYSTEM_APART.replace("SYSTEM", "system_message = messages[0]['content']|trim").replace("NONE", 'system_message = ""') +
    """{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" + ("Environment: ipython\\n" if tools else "") }}
{{- "Cutting Knowledge Date: December 2023\\nToday Date: " + date_string + "\\n\\n" + system_message + "<|eot_id|>" }}
{%- if tools %}
    {%- if not turns %}{{- raise_exception("no message to put tools into") }}{%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' }}
    {{- "Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.\\n\\n" }}
    {{- 'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.Do not use variables.\\n\\n' }}
    {%- for t in tools %}{{- t | tojson(indent=4) + "\\n\\n" }}{%- endfor %}
    {{- turns[0]['content'] | trim + "<|eot_id|>" }}
    {%- set turns = turns[1:] %}
{%- endif %}
{%- for message in turns %}
    {%- if message.role == 'tool' %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" + message.content | tojson + "<|eot_id|>" }}
    {%- else %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
""",
    "minicpm": "{% for message in messages %}{% if message['role'] == 'user' %}{{'<用户>' + message['content'].strip() + '<AI>'}}"
               "{% else %}{{message['content'].strip()}}{% endif %}{% endfor %}",
}
TAKES_TOOLS = ("qwen25", "qwen3", "minicpm5", "llama31")
THINKS = ("qwen3", "qwen35", "qwen35_small", "minicpm5")
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


def relatives(qwen3, qwen35):
    """The 2507 models always or never think; the small Qwen3.5 think only when asked to."""
    opening = qwen3[qwen3.index("{%- if add_generation_prompt %}"):]
    always = "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n<think>\\n' }}\n{%- endif %}"
    never = "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}"
    thoughts = qwen3[qwen3.index("        {%- set reasoning_content = '' %}"):qwen3.index("        {%- if message.tool_calls %}")]
    plain = "        {{- '<|im_start|>' + message.role + '\\n' + content }}\n"
    search = qwen3[qwen3.index("{%- set ns = "):qwen3.index("{%- for message in messages %}")]
    assert "last_query_index" in thoughts and "multi_step_tool" in search
    return {"qwen3_2507_thinking": qwen3.replace(opening, always),
            "qwen3_2507_instruct": qwen3.replace(opening, never).replace(thoughts, plain).replace(search, ""),
            "qwen35_small": qwen35.replace("enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- else %}\n        {{- '<think>\\n' }}",
                                           "enable_thinking is true %}\n        {{- '<think>\\n' }}\n    {%- else %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}")}


class Refused(Exception):
    pass


def refuse(why):
    raise Refused(why)


def renderer(name, text):
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None: json.dumps(x, ensure_ascii=ensure_ascii, indent=indent)
    env.globals["raise_exception"] = refuse
    template = env.from_string(text)
    bos, eos = ("<|begin_of_text|>", "<|eot_id|>") if "llama3" in name else ("<bos>", "<eos>") if "gemma" in name else ("<s>", "</s>")

    def render(case, **more):
        tools = case["tools"] or None
        if tools:
            if not name.startswith(TAKES_TOOLS):
                return None
            more["tools"] = tools
        try:
            return template.render(messages=case["messages"], add_generation_prompt=case["open"], bos_token=bos, eos_token=eos, **more)
        except Refused:
            return False
    return bos, eos, render


def write(name, value):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        json.dump(value, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")


def main():
    if len(sys.argv) > 2:
        import gguf
        for name, model in NAMES.items():
            r = gguf.GGUFReader(os.path.join(sys.argv[1], model + ".gguf"))
            OURS[name] = r.fields["tokenizer.chat_template"].contents()
        for name, file in FILES.items():
            OURS[name] = open(os.path.join(sys.argv[2], file + ".jinja"), encoding="utf-8", newline="").read()
        OURS.update(relatives(OURS["qwen3"], OURS["qwen35"]))
        for name, text in OURS.items():
            with open(os.path.join(HERE, f"template_{name}.jinja"), "w", encoding="utf-8", newline="") as f:
                f.write(text)
    all_cases = list(cases())
    write("template_cases.json", all_cases)
    files = sorted(f for f in os.listdir(HERE) if f.startswith("template_") and f.endswith(".jinja"))
    for file in files:
        name = file[9:-6]
        bos, eos, render = renderer(name, open(os.path.join(HERE, file), encoding="utf-8", newline="").read())
        golden = {"bos": bos, "eos": eos, "outputs": [render(c) for c in all_cases]}
        if name in THINKS:
            golden["on"], golden["off"] = ([render(c, enable_thinking=on) for c in all_cases[:6]] for on in (True, False))
        write(f"template_{name}.json", golden)
        for original in ORIGINALS.get(name, []) if len(sys.argv) > 2 else []:
            other = renderer(name, open(os.path.join(sys.argv[2], original + ".jinja"), encoding="utf-8", newline="").read())[2]
            differ = [i for i, c in enumerate(all_cases) if other(c) != golden["outputs"][i]]
            print(f"{name} against {original}: {len(differ)} of {len(all_cases)} differ {differ[:9]}")
    print(len(all_cases), "cases,", len(files), "templates")


main()
