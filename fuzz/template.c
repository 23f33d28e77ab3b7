// SPDX-License-Identifier: Apache-2.0
// Hostile tools and messages under known templates: no crash, and a user's words stand in the prompt as they were. The
// input: a byte that picks the template, then texts ended by NUL: the tools, and message after message, whose first
// letter is the role (s, u, a or t).
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "model/template.h"

/* Just the pieces that tell each template. */
static const char *const texts[] = {
    ("<|im_start|> You are Qwen, created by Alibaba Cloud. You are a helpful assistant. <tool_response> "
     "\\n{\\\"name\\\": <function-name> message.tool_calls"),
    "<|im_start|> enable_thinking is false ns.last_query_index reasoning_content <tool_response> \\n{\\\"name\\\": "
    "<function-name>",
    "'<|im_start|>' + message '<|im_end|>' + ' <|im_start|>assistant",
    "'<|start_header_id|>' + message['role'] | trim + '<|eot_id|>' bos_token + content loop.index0 == 0",
};
enum { TEMPLATES = sizeof texts / sizeof *texts, LLAMA3 = TEMPLATES - 1 };

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
    tael_status status = tael__template_apply(found[which], messages, count, tools, data[0] & 0x80, &out);
    if (status == TAEL_OK)
        for (size_t i = 0; i < count; i++)
            if (which != LLAMA3 && strcmp(messages[i].role, "user") == 0 && !strstr(out.data, messages[i].content))
                __builtin_trap();
    if (status == TAEL_NO_MEMORY || status == TAEL_INTERNAL) __builtin_trap();
    tael__buffer_free(&out);
    tael__free(text);
    return 0;
}
