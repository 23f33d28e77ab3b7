// SPDX-License-Identifier: Apache-2.0
// Guided JSON: guided MODEL.gguf "瑞幸咖啡 生椰拿铁 支付宝付款 ¥9.90". What comes out always fits the schema; whether
// it is true is for you to check. Every field is required and may be null: a model fills what it must and invents less.
#include <stdio.h>
#include <string.h>

#include <tael/tael.h>

static const char schema[] = "{\"type\":\"object\",\"properties\":{"
                             "\"merchant\":{\"type\":[\"string\",\"null\"]},"
                             "\"item\":{\"type\":[\"string\",\"null\"]},"
                             "\"paid_with\":{\"enum\":[\"alipay\",\"wechat\",\"card\",null]}},"
                             "\"required\":[\"merchant\",\"item\",\"paid_with\"],\"additionalProperties\":false}";

static int on_piece(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)ids, (void)count, (void)user;
    fwrite(text, 1, bytes, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: %s MODEL.gguf RECEIPT\n", argv[0]), 2;
    tael_model *model = NULL;
    tael_session *session = NULL;
    char *prompt = NULL;
    tael_message messages[] = {
        {"system",
         "Write what the receipt says as JSON with merchant, item and paid_with. Use null for what it doesn't say."},
        {"user", argv[2]}};
    tael_generate_options options = {.size = sizeof options, .max_tokens = 200, .greedy = true, .schema = schema};
    tael_generation result;

    tael_status status = tael_model_open(&model, argv[1]);
    if (status == TAEL_OK) status = tael_session_open(&session, model, NULL);
    if (status == TAEL_OK) status = tael_chat_format(model, messages, 2, NULL, true, &prompt);
    if (status == TAEL_OK) status = tael_session_prompt(session, prompt, strlen(prompt), true);
    if (status == TAEL_OK) status = tael_session_generate(session, &options, on_piece, NULL, &result);
    if (status == TAEL_OK)
        putchar('\n');
    else
        fprintf(stderr, "%s\n", tael_error());

    tael_free(prompt);
    tael_session_close(session);
    tael_model_close(model);
    return status != TAEL_OK;
}
