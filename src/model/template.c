// SPDX-License-Identifier: Apache-2.0
// Chat templates: what their Jinja text would print, written out in C. A template is known by pieces that its text
// holds and pieces that it lacks; a near relative of a known one is thus unknown, and named, rather than rendered a
// little wrong. tests/model/template.c holds each against the Jinja original. How each prints is in template_qwen.c and
// template_llama.c.
#include <stdio.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/template_internal.h"

#define QWEN_SYSTEM           "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
#define SMOLLM_SYSTEM         "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
#define CALL                  "{\"name\": <function-name>, \"arguments\": <args-json-object>}"
#define CALL_AS_JINJA         "\\n{\\\"name\\\": <function-name>"
#define CALL_DOUBLED_AS_JINJA "\\n{{\\\"name\\\": <function-name>"

#define CALL_QWEN35                                                                                                    \
    "\n\nIf you choose to call a function ONLY reply in the following format with NO suffix:\n\n<tool_call>\n"         \
    "<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"                       \
    "<parameter=example_parameter_2>\nThis is the value for the second parameter\nthat can span\nmultiple lines\n"     \
    "</parameter>\n</function>\n</tool_call>\n\n<IMPORTANT>\nReminder:\n- Function calls MUST follow the specified "   \
    "format: an inner <function=...></function> block must be nested within <tool_call></tool_call> XML tags\n- "      \
    "Required parameters MUST be specified\n- You may provide optional reasoning for your function call in natural "   \
    "language BEFORE the function call, but NOT after\n- If there is no function call available, answer the question " \
    "like normal with your current knowledge and do not tell the user about function calls\n</IMPORTANT>"
#define CALL_MINICPM5                                                                                                  \
    "\n\nTool usage guidelines:\n- You may call zero or more functions. If no function calls are needed, just answer " \
    "normally and do not include any <function ... </function>.\n- When calling a function, return an XML object "     \
    "within <function ... </function> using:\n<function name=\"function-name\"><param "                                \
    "name=\"param-name\">param-value</param></function>\n- param-value may be multi-line. If it contains <, & or "     \
    "newline characters, wrap it in a CDATA block: <param name=\"param-name\"><![CDATA[...multi-line "                 \
    "value...]]></param>"
#define CALL_LLAMA31                                                                                                   \
    "Given the following functions, please respond with a JSON for a function call with its proper arguments that "    \
    "best answers the given prompt.\n\nRespond in the format {\"name\": function name, \"parameters\": dictionary of " \
    "argument name and its value}.Do not use variables.\n\n"

/* What opens a reply, by tael__thinking: as usual, on, off. */
#define NO_THOUGHT "<think>\n\n</think>\n\n"
#define NEVER_THINKS \
    {                \
        "", NULL, "" \
    }

/* Pieces are as the Jinja text spells them. */
static const tael__template templates[] = {
    {"qwen2.5",
     tael__render_qwen25,
     QWEN_SYSTEM,
     CALL,
     NEVER_THINKS,
     {"<|im_start|>", QWEN_SYSTEM, "<tool_response>", CALL_AS_JINJA, "message.tool_calls"},
     {"<think>", "reasoning_content", "<|vision_start|>"}},
    /* The braces are doubled by a slip in the file, and that is what its model was given. */
    {"qwen2.5 (doubled braces)",
     tael__render_qwen25,
     QWEN_SYSTEM,
     "{" CALL "}",
     NEVER_THINKS,
     {"<|im_start|>", QWEN_SYSTEM, "<tool_response>", CALL_DOUBLED_AS_JINJA, "message.tool_calls"},
     {"<think>", "reasoning_content", "<|vision_start|>"}},
    {"qwen3",
     tael__render_qwen3,
     NULL,
     CALL,
     {"", "", NO_THOUGHT},
     {"<|im_start|>", "enable_thinking is false", "ns.last_query_index", "reasoning_content", "<tool_response>",
      CALL_AS_JINJA},
     {"<|vision_start|>", "You are Qwen", "<function=", "assistant\\n<think>"}},
    {"qwen3-2507 thinking",
     tael__render_qwen3,
     NULL,
     CALL,
     {"<think>\n", "<think>\n", NULL},
     {"<|im_start|>assistant\\n<think>\\n'", "ns.last_query_index", "reasoning_content", "<tool_response>",
      CALL_AS_JINJA, "loop.last or (not loop.last and reasoning_content)"},
     {"<|vision_start|>", "You are Qwen", "<function=", "enable_thinking"}},
    {"qwen3-2507 instruct",
     tael__render_qwen25,
     NULL,
     CALL,
     NEVER_THINKS,
     {"'<|im_start|>' + message.role + '\\n' + content }}", "'<|im_start|>assistant\\n' }}", "message.tool_calls",
      "<tool_response>", CALL_AS_JINJA},
     {"<|vision_start|>", "You are Qwen", "<function=", "think", "reasoning"}},
    {"qwen3.5",
     tael__render_qwen35,
     NULL,
     CALL_QWEN35,
     {"<think>\n", "<think>\n", NO_THOUGHT},
     {"<function=example_function_name>", "No user query found in messages.", "render_content(",
      "System message must be at the beginning.", "ns.last_query_index", "enable_thinking is false"},
     {"preserve_thinking", "developer", "You are Qwen", "enable_thinking is true"}},
    /* The small ones, which think only when asked to. */
    {"qwen3.5 (small)",
     tael__render_qwen35,
     NULL,
     CALL_QWEN35,
     {NO_THOUGHT, "<think>\n", NO_THOUGHT},
     {"<function=example_function_name>", "No user query found in messages.", "render_content(",
      "System message must be at the beginning.", "ns.last_query_index", "enable_thinking is true"},
     {"preserve_thinking", "developer", "You are Qwen", "enable_thinking is false"}},
    {"minicpm5",
     tael__render_minicpm5,
     NULL,
     CALL_MINICPM5,
     {"", "<think>\n", NO_THOUGHT},
     {"{{- bos_token }}", "'<tool_def_sep>'", "Tool usage guidelines:", "<![CDATA[", "ns.last_query_index",
      "enable_thinking is true", "enable_thinking is false"},
     {"<|vision_start|>", "You are a", "<tool_call>"}},
    {"smollm2",
     tael__render_chatml,
     SMOLLM_SYSTEM,
     NULL,
     NEVER_THINKS,
     {"<|im_start|>", SMOLLM_SYSTEM "<|im_end|>", "loop.first"},
     {"tool", "<think>", "trim"}},
    {"qwen2",
     tael__render_chatml,
     "You are a helpful assistant.",
     NULL,
     NEVER_THINKS,
     {"<|im_start|>", "You are a helpful assistant.<|im_end|>", "loop.first"},
     {"tool", "<think>", "trim"}},
    {"qwen1.5",
     tael__render_chatml,
     "You are a helpful assistant",
     NULL,
     NEVER_THINKS,
     {"<|im_start|>", "You are a helpful assistant<|im_end|>", "loop.first"},
     {"tool", "<think>", "trim"}},
    {"chatml",
     tael__render_chatml,
     NULL,
     NULL,
     NEVER_THINKS,
     {"'<|im_start|>' + message", "'<|im_end|>' + '", "<|im_start|>assistant"},
     {"system", "tool", "<think>", "trim", "_token", "raise"}},
    {"llama3",
     tael__render_llama3,
     NULL,
     NULL,
     NEVER_THINKS,
     {"'<|start_header_id|>' + message['role']", "| trim + '<|eot_id|>'", "bos_token + content", "loop.index0 == 0"},
     {"tool", "date_string", "raise"}},
    {"llama3.1",
     tael__render_llama31,
     NULL,
     CALL_LLAMA31,
     NEVER_THINKS,
     {"{{- bos_token }}", "'<|start_header_id|>' + message['role']", "tools_in_user_message = true",
      "Cutting Knowledge Date: December 2023", "\"26 Jul 2024\"", "Given the following functions", "tojson(indent=4)"},
     {"<think>", "raise_exception('"}},
    {"llama2",
     tael__render_llama2,
     NULL,
     NULL,
     NEVER_THINKS,
     {"bos_token + '[INST] ' + content.strip() + ' [/INST]'", "content.strip() + ' ' + eos_token",
      "loop.index0 == 0 and system_message != false", "<<SYS>>", "<</SYS>>", "raise_exception"},
     {"DEFAULT", "true == true", "set system_message = '", "set system_message = \"", "tool", "trim"}},
    {"gemma2",
     tael__render_gemma2,
     NULL,
     NULL,
     NEVER_THINKS,
     {"{{ bos_token }}", "System role not supported", "'<start_of_turn>' + role", "message['content'] | trim",
      "loop.index0 % 2 == 0", "<start_of_turn>model"},
     {"tool", "first_user_prefix"}},
    {"gemma3",
     tael__render_gemma3,
     NULL,
     NULL,
     NEVER_THINKS,
     {"{{ bos_token }}", "first_user_prefix if loop.first", "'<start_of_turn>' + role", "message['content'] | trim",
      "loop.index0 % 2 == 0", "<start_of_turn>model"},
     {"tool", "function"}},
    {"zephyr",
     tael__render_zephyr,
     NULL,
     NULL,
     NEVER_THINKS,
     {"{{ '<|user|>\n'", "{{ '<|system|>\n'", "{{ '<|assistant|>\n'", "message['content'] + eos_token }}\n{% e",
      "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}"},
     {"tool", "trim", "strip", "raise", "bos_token"}},
    {"minicpm",
     tael__render_minicpm,
     NULL,
     NULL,
     NEVER_THINKS,
     {"'<用户>' + message['content'].strip() + '<AI>'", "{{message['content'].strip()}}"},
     {"bos_token", "system", "tool", "raise"}},
};

static bool holds(tael__slice text, const char *piece)
{
    return memmem(text.data, text.bytes, piece, strlen(piece)) != NULL;
}

static bool fits(const tael__template *t, tael__slice text)
{
    for (size_t i = 0; i < sizeof t->has / sizeof *t->has && t->has[i]; i++)
        if (!holds(text, t->has[i])) return false;
    for (size_t i = 0; i < sizeof t->lacks / sizeof *t->lacks && t->lacks[i]; i++)
        if (holds(text, t->lacks[i])) return false;
    return true;
}

tael_status tael__template_find(const tael__template **out, const tael__gguf *file)
{
    tael__slice text;
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a: to tell templates apart in reports, nothing more */
    *out = NULL;
    if (!tael__gguf_text(file, "tokenizer.chat_template", &text)) return TAEL_OK;
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (fits(&templates[i], text)) {
            *out = &templates[i];
            return TAEL_OK;
        }
    for (size_t i = 0; i < text.bytes; i++) hash = (hash ^ (uint8_t)text.data[i]) * 0x100000001B3u;
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY(
            "%s: Tael does not know its chat template (fingerprint %016llx, %zu bytes); use it with raw prompts, or "
            "take a Qwen, Gemma, Llama, MiniCPM or SmolLM2 model",
            "%s：Tael 不认识它的对话模板（指纹 %016llx，%zu 字节）；可直接使用原始提示，或换用 "
            "Qwen、Gemma、Llama、MiniCPM、SmolLM2 "
            "模型"),
        tael__gguf_path(file), (unsigned long long)hash, text.bytes);
}

const char *tael__template_name(const tael__template *t)
{
    return t->name;
}

bool tael__template_can_think(const tael__template *t, tael__thinking thinking)
{
    return t->thoughts[thinking] != NULL;
}

/* ---- What renderers share ---- */

static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

tael__slice tael__template_trim(tael__slice text)
{
    size_t from = SIZE_MAX, to = 0;
    for (size_t i = 0; i < text.bytes;) {
        uint32_t code;
        size_t n = tael__utf8_decode(text.data + i, text.bytes - i, &code, NULL);
        if (!is_space(code)) {
            if (from == SIZE_MAX) from = i;
            to = i + n;
        }
        i += n;
    }
    return to ? (tael__slice){text.data + from, to - from} : (tael__slice){text.data, 0};
}

tael__slice tael__template_content(const tael_message *m)
{
    return (tael__slice){m->content, strlen(m->content)};
}

tael_status tael__template_put(tael__buffer *out, tael__slice text)
{
    return text.bytes ? tael__buffer_append(out, text.data, text.bytes) : out->failed;
}

tael_status tael__template_refuse(const tael__template *t, size_t i)
{
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("chat: this model's template (%s) does not take message %zu where it stands; let user and "
                 "assistant take turns, a user first, and a system message, if it takes one, before all",
                 "对话：此模型的模板（%s）不接受第 %zu 条消息出现在该位置；请让用户与助手轮流发言，"
                 "用户在先，系统消息（若支持）放在最前"),
        t->name, i + 1);
}

/* ---- Applying ---- */

static tael_status check_messages(const tael_message *messages, size_t count)
{
    static const char *const roles[] = {"system", "user", "assistant", "tool"};
    if (count == 0 || !messages)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("chat: there is no message; give at least one", "对话：没有消息；请至少给出一条"));
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; messages[i].role && k < sizeof roles / sizeof *roles; k++)
            known |= tael__role_is(&messages[i], roles[k]);
        if (!known || !messages[i].content)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("chat: message %zu needs a role (system, user, assistant or tool) and content",
                                       "对话：第 %zu 条消息需要角色（system、user、assistant 或 tool）和内容"),
                              i + 1);
    }
    return TAEL_OK;
}

/* NULL in *tools for none: no text, or an empty array. */
static tael_status read_tools(json_t **tools, const tael__template *t, const char *tools_json)
{
    json_error_t error;
    *tools = NULL;
    if (!tools_json) return TAEL_OK;
    if (strlen(tools_json) > TAEL__MAX_JSON_BYTES)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("tools: longer than %zu bytes; give fewer", "工具：超过 %zu 字节；请减少"),
                          TAEL__MAX_JSON_BYTES);
    *tools = json_loads(tools_json, JSON_ALLOW_NUL, &error);
    if (!json_is_array(*tools)) {
        bool parsed = *tools != NULL;
        json_decref(*tools);
        *tools = NULL;
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("tools: not a JSON array of tools (line %d); correct it",
                                   "工具：不是由工具组成的 JSON 数组（第 %d 行）；请更正"),
                          parsed ? 1 : error.line);
    }
    if (json_array_size(*tools) && t->call_example) return TAEL_OK;
    bool unwanted = json_array_size(*tools) > 0;
    json_decref(*tools);
    *tools = NULL;
    if (!unwanted) return TAEL_OK;
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("tools: this model's chat template (%s) has no place for them; take a Qwen model",
                               "工具：此模型的对话模板（%s）不支持工具；请换用 Qwen 模型"),
                      t->name);
}

tael_status tael__template_apply(const tael__template *t, const tael_message *messages, size_t count,
                                 const tael__template_options *options, tael__buffer *out)
{
    json_t *tools;
    TAEL_TRY(check_messages(messages, count));
    if (options->open_reply && !tael__template_can_think(t, options->thinking))
        return tael__fail(TAEL_UNSUPPORTED,
                          options->thinking == TAEL__THINKING_ON
                              ? TAEL_SAY("chat: this model (%s) has no thoughts to turn on; leave that out",
                                         "对话：此模型（%s）没有思考模式，无法开启；请去掉该选项")
                              : TAEL_SAY("chat: this model (%s) always thinks; leave that out or take another model",
                                         "对话：此模型（%s）总会先思考，无法关闭；请去掉该选项或换用其他模型"),
                          t->name);
    TAEL_TRY(read_tools(&tools, t, options->tools_json));
    tael__turns c = {messages, count, tools, options};
    tael_status status = t->render(t, &c, out);
    json_decref(tools);
    return status == TAEL_OK ? out->failed : status;
}
