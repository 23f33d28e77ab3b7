// SPDX-License-Identifier: Apache-2.0
// `tael tokenize`: the token ids of a text, as the model's tokeniser gives them; no BOS is added. Standard input is
// taken byte for byte.
#include <string.h>

#include "base/memory.h"
#include "command.h"

static const option options[] = {
    MODEL_OPTION,
    {"no-special",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"treat <|im_start|> and its like as text", "把 <|im_start|> 等当作普通文本"}},
    {NULL},
};

static tael_status tokens_of(const request *r, const tael_model *model, int32_t **ids, size_t *count)
{
    char *text = NULL;
    size_t bytes = 0;
    bool special = !option_given(r, "no-special");
    *ids = NULL;
    TAEL_TRY(input_text(r, &text, &bytes));
    tael_status status = tael_tokenize(model, text, bytes, special, NULL, 0, count);
    if (status == TAEL_OK && !(*ids = tael__alloc_array(*count, sizeof **ids)))
        status = tael__fail_memory("tokens", *count);
    if (status == TAEL_OK) status = tael_tokenize(model, text, bytes, special, *ids, *count, count);
    tael__free(text);
    return status;
}

static tael_status run(request *r)
{
    tael_model *model = NULL;
    char path[TAEL__MAX_PATH_BYTES];
    int32_t *ids = NULL;
    size_t count = 0;
    tael_status status = input_model(r, &model, path, sizeof path);
    if (status == TAEL_OK) status = tokens_of(r, model, &ids, &count);
    if (status == TAEL_OK && r->json) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++) json_array_append_new(list, json_integer(ids[i]));
        status = out_json(r, json_pack("{s:o}", "tokens", list));
    } else if (status == TAEL_OK) {
        for (size_t i = 0; i < count; i++) printf("%s%d", i > 0 ? " " : "", ids[i]);
        putchar('\n');
    }
    tael__free(ids);
    tael_model_close(model);
    return status;
}

const command command_tokenize = {
    .verb = "tokenize",
    .usage = "-m MODEL [--no-special] TEXT",
    .what = {"the token ids of a text", "文本的 token 编号"},
    .more = {"TEXT - reads standard input, byte for byte.", "TEXT 为 - 时逐字节读取标准输入。"},
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
