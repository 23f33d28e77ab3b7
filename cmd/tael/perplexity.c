// SPDX-License-Identifier: Apache-2.0
// `tael perplexity`: how well a model predicts a text; the method is the library's (tael_perplexity).
#include <inttypes.h>
#include <math.h>

#include "base/file.h"
#include "command.h"

static const option options[] = {
    MODEL_OPTION,
    LORA_OPTION,
    {"ctx",
     'c',
     OPTION_INTEGER,
     "N",
     16,
     TAEL__MAX_CONTEXT,
     {"window in tokens (default 512)", "窗口长度（默认 512）"}},
    THREADS_OPTION,
    {NULL},
};

static tael_status run(request *r)
{
    tael_model *model = NULL;
    char path[TAEL__MAX_PATH_BYTES], *text = NULL;
    size_t bytes = 0;
    double perplexity = 0;
    uint64_t scored = 0;
    tael_status status = tael__file_read(&text, &bytes, r->arguments[0], TAEL__MAX_TEXT_FILE_BYTES);
    if (status == TAEL_OK) status = input_model(r, &model, path, sizeof path);
    if (status == TAEL_OK)
        status = tael_perplexity(model, text, bytes, (uint32_t)option_integer(r, "ctx", 512),
                                 (uint32_t)option_integer(r, "threads", 0), &perplexity, &scored);
    if (status == TAEL_OK && !isfinite(perplexity))
        status = tael__fail(TAEL_BAD_INPUT,
                            TAEL_SAY("%s: its logits are not numbers; the file may be damaged, pull it again",
                                     "%s：输出的 logits 不是数字；文件可能已损坏，请重新下载"),
                            path);
    if (status == TAEL_OK && r->json)
        status = out_json(
            r, json_pack("{s:o,s:I}", "perplexity", out_real(perplexity), "tokens_scored", (json_int_t)scored));
    else if (status == TAEL_OK)
        printf(TAEL_SAY("perplexity %.4f over %" PRIu64 " tokens\n", "困惑度 %.4f，计分 %" PRIu64 " 个 token\n"),
               perplexity, scored);
    tael_model_close(model);
    tael__free(text);
    return status;
}

const command command_perplexity = {
    .verb = "perplexity",
    .usage = "-m MODEL [--ctx 512] FILE",
    .what = {"how well a model predicts a text", "模型对文本的困惑度"},
    .more = {"The second half of each window is scored, with a fresh context; what is left over at the end is dropped.",
             "每个窗口用全新上下文，只计后半；末尾不足一窗的部分不计。"},
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
