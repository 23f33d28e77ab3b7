// SPDX-License-Identifier: Apache-2.0
// Hostile tools and messages under known templates: no crash, and a user's words stand in the prompt as they were. The
// input: a byte that picks the template, then texts ended by NUL: the tools, and message after message, whose first
// letter is the role (s, u, a or t).
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "model/template.h"

#define QWEN_CALL "<tool_response> \\n{\\\"name\\\": <function-name>"
#define QWEN35                                                                                                         \
    "<function=example_function_name> No user query found in messages. render_content( System message must be at the " \
    "beginning. ns.last_query_index "

/* Just the pieces that tell each template. Those after LAST_WHOLE print what they are given without the space around.
 */
static const char *const texts[] = {
    "<|im_start|> You are Qwen, created by Alibaba Cloud. You are a helpful assistant. message.tool_calls" QWEN_CALL,
    "<|im_start|> enable_thinking is false ns.last_query_index reasoning_content" QWEN_CALL,
    "'<|im_start|>' + message '<|im_end|>' + ' <|im_start|>assistant",
    ("<|im_start|>assistant\\n<think>\\n' ns.last_query_index reasoning_content loop.last or (not loop.last and "
     "reasoning_content)" QWEN_CALL),
    ("{{- bos_token }} '<tool_def_sep>' Tool usage guidelines: <![CDATA[ ns.last_query_index enable_thinking is true "
     "enable_thinking is false"),
    ("{{ '<|user|>\n' {{ '<|system|>\n' {{ '<|assistant|>\n' message['content'] + eos_token }}\n{% e {% if loop.last "
     "and "
     "add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}"),
    "'<|start_header_id|>' + message['role'] | trim + '<|eot_id|>' bos_token + content loop.index0 == 0",
    ("{{- bos_token }} '<|start_header_id|>' + message['role'] tools_in_user_message = true Cutting Knowledge Date: "
     "December 2023 \"26 Jul 2024\" Given the following functions tojson(indent=4)"),
    ("bos_token + '[INST] ' + content.strip() + ' [/INST]' content.strip() + ' ' + eos_token loop.index0 == 0 and "
     "system_message != false <<SYS>> <</SYS>> raise_exception"),
    ("{{ bos_token }} first_user_prefix if loop.first '<start_of_turn>' + role message['content'] | trim loop.index0 % "
     "2 "
     "== 0 <start_of_turn>model"),
    QWEN35 "enable_thinking is false",
    QWEN35 "enable_thinking is true",
    "'<用户>' + message['content'].strip() + '<AI>' {{message['content'].strip()}}",
};
enum { TEMPLATES = sizeof texts / sizeof *texts, LAST_WHOLE = 5 };

static const tael__template *find(size_t which)
{
    static const char key[] = "tokenizer.chat_template";
    const tael__template *t = NULL;
    tael__gguf *file;
    uint64_t one = 1, none = 0, key_bytes = sizeof key - 1, bytes = strlen(texts[which]);
    uint32_t version = 3, type = TAEL__GGUF_STRING;
    tael__buffer b = {.max = 1u << 16};
    tael__buffer_text(&b, "GGUF");
    tael__buffer_append(&b, &version, 4);
    tael__buffer_append(&b, &none, 8);
    tael__buffer_append(&b, &one, 8);
    tael__buffer_append(&b, &key_bytes, 8);
    tael__buffer_append(&b, key, sizeof key - 1);
    tael__buffer_append(&b, &type, 4);
    tael__buffer_append(&b, &bytes, 8);
    tael__buffer_append(&b, texts[which], bytes);
    if (tael__gguf_parse(&file, (const uint8_t *)b.data, b.size, "fuzz") != TAEL_OK) __builtin_trap();
    if (tael__template_find(&t, file) != TAEL_OK || !t) __builtin_trap();
    tael__gguf_close(file);
    tael__buffer_free(&b);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tael__template *found[TEMPLATES];
    tael_message messages[32];
    size_t count = 0;
    if (size < 2 || size > 1u << 20) return 0;
    size_t which = data[0] % TEMPLATES;
    if (!found[which]) found[which] = find(which);
    char *text = tael__strndup((const char *)data + 1, size - 1), *end = text + size - 1;
    if (!text) return 0;
    const char *tools = *text ? text : NULL;
    for (char *p = text + strlen(text) + 1; p < end && count < 32; p += strlen(p) + 1)
        messages[count++] = (tael_message){*p == 's'   ? "system"
                                           : *p == 'u' ? "user"
                                           : *p == 'a' ? "assistant"
                                                       : "tool",
                                           *p ? p + 1 : p};
    tael__buffer out = {.max = TAEL__MAX_PROMPT_BYTES};
    tael__template_options options = {.tools_json = tools,
                                      .open_reply = data[0] & 0x80,
                                      .thinking = (tael__thinking)(data[0] / TEMPLATES % 3),
                                      .bos = {"<s>", 3},
                                      .eos = {"</s>", 4}};
    tael_status status = tael__template_apply(found[which], messages, count, &options, &out);
    if (status == TAEL_OK)
        for (size_t i = 0; i < count; i++)
            if (which <= LAST_WHOLE && strcmp(messages[i].role, "user") == 0 && !strstr(out.data, messages[i].content))
                __builtin_trap();
    if (status == TAEL_NO_MEMORY || status == TAEL_INTERNAL) __builtin_trap();
    tael__buffer_free(&out);
    tael__free(text);
    return 0;
}
