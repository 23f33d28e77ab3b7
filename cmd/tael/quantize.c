// SPDX-License-Identifier: Apache-2.0
// `tael quantize`: a model made smaller, or turned from what it was trained as into a GGUF file.
#include <inttypes.h>
#include <string.h>

#include "base/date.h"
#include "command.h"

static const option options[] = {
    {"to", 0, OPTION_TEXT, "KIND", 0, 0, {"what to make (default Q4_K_M; see above)", "目标格式（默认 Q4_K_M）"}},
    {"imatrix",
     0,
     OPTION_TEXT,
     "FILE",
     0,
     0,
     {"importances of columns, as llama-imatrix writes them", "重要性矩阵（llama-imatrix 生成）"}},
    {"pure",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"every matrix in one format, the output layer too: for a draft model",
      "所有矩阵（含输出层）用同一格式：适合草稿模型"}},
    THREADS_OPTION,
    {NULL},
};

typedef struct shown {
    progress bar;
    const char *what;
} shown;

static int show(const tael_progress *p, void *user)
{
    shown *s = user;
    progress_show(&s->bar, s->what, p->done_bytes, p->total_bytes, p->bytes_per_second, p->seconds_left);
    return interrupted();
}

static tael_status answer(request *r, const char *to, const tael_quantize_report *report, double seconds)
{
    double bits = report->weights ? 8.0 * (double)report->file_bytes / (double)report->weights : 0;
    if (r->json)
        return out_json(r, json_pack("{s:o,s:s,s:I,s:I,s:I,s:o,s:I,s:I,s:I,s:o}", "path", out_text(r->arguments[1]),
                                     "to", to, "bytes", (json_int_t)report->file_bytes, "input_bytes",
                                     (json_int_t)report->input_bytes, "weights", (json_int_t)report->weights,
                                     "bits_per_weight", out_real(bits), "tensors", (json_int_t)report->tensors,
                                     "encoded", (json_int_t)report->encoded, "fallbacks", (json_int_t)report->fallbacks,
                                     "seconds", out_real(seconds)));
    char before[32], after[32];
    out_size(before, sizeof before, report->input_bytes);
    out_size(after, sizeof after, report->file_bytes);
    out_line(stdout, r->arguments[1]);
    printf(TAEL_SAY(": %s, %s from %s, %.2f bits a weight, %.1f s\n", "：%s，%s（原 %s），每权重 %.2f 位，%.1f 秒\n"),
           to, after, before, bits, seconds);
    if (report->fallbacks && !r->quiet)
        printf(TAEL_SAY("%" PRIu32
                        " tensors have rows that are no multiple of 256: they got a format of smaller blocks\n",
                        "%" PRIu32 " 个张量的行长不是 256 的倍数，已改用较小的块\n"),
               report->fallbacks);
    return TAEL_OK;
}

static tael_status run(request *r)
{
    shown s = {.what = TAEL_SAY("quantising", "量化中")};
    tael_quantize_options o = {.size = sizeof o, .progress = show, .user = &s};
    tael_quantize_report report = {.size = sizeof report};
    o.to = option_text(r, "to", "Q4_K_M");
    o.imatrix = option_text(r, "imatrix", NULL);
    o.pure = option_given(r, "pure");
    o.threads = (uint32_t)option_integer(r, "threads", 0);
    double began = tael__clock_seconds();
    progress_begin(&s.bar, r);
    tael_status status = tael_quantize(r->arguments[0], r->arguments[1], &o, &report);
    progress_end(&s.bar);
    return status == TAEL_OK ? answer(r, o.to, &report, tael__clock_seconds() - began) : status;
}

const command command_quantize = {
    .verb = "quantize",
    .usage = "[--to Q4_K_M] [--imatrix FILE] [--pure] INPUT OUTPUT.gguf",
    .what = {"make a model smaller", "把模型变小"},
    .more =
        {"INPUT is a GGUF file, a .safetensors file or the folder of a Hugging Face model (qwen2, qwen3, llama).\n"
         "KIND is one of Q4_K_M Q4_K Q4_K_S Q5_K_M Q3_K_M Q2_K Q6_K Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL IQ4_XS F16 BF16 "
         "F32.\nThe better the input, the better the output: F16, BF16 or F32 rather than a quantised file.",
         "INPUT 是 GGUF 文件、.safetensors 文件或 Hugging Face 模型文件夹（qwen2、qwen3、llama）。\n"
         "KIND 为 Q4_K_M Q4_K Q4_K_S Q5_K_M Q3_K_M Q2_K Q6_K Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL IQ4_XS F16 BF16 F32 "
         "之一。\n输入越精确，输出越好：宜用 F16、BF16 或 F32，而非已量化的文件。"},
    .options = options,
    .least = 2,
    .most = 2,
    .polls = true,
    .run = run,
};
