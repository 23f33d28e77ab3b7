// SPDX-License-Identifier: Apache-2.0
// `tael import`: bills into the ledger. Each bill, a file or one in a zip, goes in whole or not at all; one that fails
// doesn't keep the others out, but the command has failed.
#include <inttypes.h>
#include <string.h>

#include "base/date.h"
#include "command.h"

static const option options[] = {
    {"as",
     0,
     OPTION_TEXT,
     "FORMAT",
     0,
     0,
     {"read it as this format (default: told by content)", "指定格式（默认按内容识别）"}},
    {"password",
     0,
     OPTION_TEXT,
     "P",
     0,
     0,
     {"of a protected zip, as Alipay and WeChat Pay send it in the app",
      "加密压缩包的解压密码（支付宝、微信支付在应用内发送）"}},
    {"map",
     0,
     OPTION_TEXT,
     "MAPPING",
     0,
     0,
     {"how its columns are read, such as \"time=Date,amount=Sum,merchant=Shop\"; kept for the next such bill",
      "各列的含义，如 \"time=日期,amount=金额,merchant=商户\"；会记住，供下次同样的账单使用"}},
    {"mappings", 0, OPTION_FLAG, NULL, 0, 0, {"list what was kept of --map", "列出记住的列映射"}},
    {"forget-mapping", 0, OPTION_INTEGER, "ID", 1, 9e15, {"forget one of them", "忘记其中一个"}},
    {"sample",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"made-up bills: they go when one comes that isn't", "虚构的样例账单：导入真实账单时自动移除"}},
    {"dry-run", 0, OPTION_FLAG, NULL, 0, 0, {"read and report, keep nothing", "只读取并报告，不保存"}},
    {NULL},
};

enum { SKIPPED_SHOWN = 10 }; /* to a person; JSON has all that the library names */

typedef struct import_run {
    request *r;
    tael_ledger *ledger;
    tael_categorizer *categorizer;
    progress bar;
    const char *file;
    json_t *files;
    uint64_t imported, duplicates;
    size_t done, failed; /* bills */
    tael_status status;  /* of the first that failed, */
    char sentence[TAEL__MAX_ERROR_BYTES];
} import_run;

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    import_run *i = user;
    double spent = tael__clock_seconds() - i->bar.began, rate = spent > 0.2 ? (double)done / spent : 0;
    progress_show(&i->bar, i->file, done, total, rate, rate > 0 && total >= done ? (double)(total - done) / rate : -1);
    return interrupted();
}

static bool guessed(const tael_import_report *report)
{
    return report->mapping && report->mapping[0];
}

static void print_report(const char *file, const tael_import_report *report)
{
    out_line(stdout, file);
    printf(TAEL_SAY(": %s, %" PRIu64 " rows: %" PRIu64 " new, %" PRIu64 " known already, %zu skipped\n",
                    "：%s，%" PRIu64 " 行：新增 %" PRIu64 "，已有 %" PRIu64 "，跳过 %zu\n"),
           report->format, report->rows, report->imported, report->duplicates, report->skipped_count);
    if (guessed(report)) {
        fputs(report->mapped ? TAEL_SAY("  columns as you said: ", "  列按您的说明读取：")
                             : TAEL_SAY("  columns guessed, please check: ", "  列由猜测而来，请核对："),
              stdout);
        out_line(stdout, report->mapping);
        putchar('\n');
        if (!report->mapped)
            puts(TAEL_SAY("  wrong? say it with --map \"time=…,amount=…\"; the rows are then replaced",
                          "  不对？用 --map \"time=…,amount=…\" 说明，已读入的行会被替换"));
    }
    if (report->replaced)
        printf(TAEL_SAY("  %" PRIu64 " rows that were read otherwise are replaced\n",
                        "  替换了之前按其他方式读入的 %" PRIu64 " 行\n"),
               report->replaced);
    for (size_t n = 0; n < report->skipped_count && n < SKIPPED_SHOWN; n++) {
        if (report->skipped[n].sheet)
            printf(TAEL_SAY("  sheet %u, row %u: ", "  工作表 %u 第 %u 行："), report->skipped[n].sheet,
                   report->skipped[n].line);
        else
            printf(TAEL_SAY("  line %u: ", "  第 %u 行："), report->skipped[n].line);
        out_line(stdout, report->skipped[n].reason);
        putchar('\n');
    }
    if (report->skipped_count > SKIPPED_SHOWN)
        printf(TAEL_SAY("  and %zu more; --json names them all\n", "  另有 %zu 行；--json 可列出全部\n"),
               report->skipped_count - SKIPPED_SHOWN);
}

/* One bill, a file or in one; `error` NULL when it went in. The first failure is said at the end, by main(). */
static void tell(const char *file, const tael_import_report *report, tael_status status, const char *error, void *user)
{
    import_run *i = user;
    if (error) {
        if (i->failed++ == 0) {
            i->status = status;
            snprintf(i->sentence, sizeof i->sentence, "%s", error);
        } else {
            fputs("tael: ", stderr);
            out_line(stderr, error);
            fputc('\n', stderr);
        }
    } else {
        i->done++;
    }
    if (i->r->json)
        json_array_append_new(i->files, tael__bill_json(file, report, error));
    else if (!error)
        print_report(file, report);
}

static void import_one(import_run *i, const char *file)
{
    const request *r = i->r;
    tael_import_report report = {0};
    tael_import_options o = {.size = sizeof o,
                             .format = option_text(r, "as", NULL),
                             .dry_run = option_given(r, "dry-run"),
                             .progress = on_progress,
                             .user = i,
                             .password = option_text(r, "password", NULL),
                             .mapping = option_text(r, "map", NULL),
                             .categorize = tael_categorizer_category,
                             .categorize_user = i->categorizer,
                             .sample = option_given(r, "sample")};
    i->file = file;
    progress_begin(&i->bar, r);
    tael_status status = tael_ledger_import(i->ledger, file, &o, &report);
    progress_end(&i->bar);
    i->imported += report.imported;
    i->duplicates += report.duplicates;
    tael__bills_tell(file, &report, status, tell, i);
    tael_import_report_free(&report);
}

/* The JSON, with an error beside what went in, or the last lines for people. Returns the first failure. */
static tael_status conclude(import_run *i)
{
    request *r = i->r;
    tael_status status = TAEL_OK;
    if (r->json) {
        json_t *all = json_pack("{s:O,s:I,s:I}", "files", i->files, "imported", (json_int_t)i->imported, "duplicates",
                                (json_int_t)i->duplicates);
        if (i->failed > 0 && all)
            json_object_set_new(
                all, "error",
                json_pack("{s:s,s:o}", "code", tael_status_name(i->status), "message", out_text(i->sentence)));
        status = out_json(r, all);
    } else if (option_given(r, "dry-run") && i->done > 0) {
        puts(TAEL_SAY("dry run: nothing was kept", "试运行：未保存任何内容"));
    }
    if (i->failed == 0) return status;
    tael__error_set(i->sentence);
    return i->status;
}

/* ---- What was said about columns ---- */

static int add_mapping(const tael_mapping *m, void *user)
{
    json_t *list = user;
    char time[32];
    tael__format_time(time, sizeof time, m->made_ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    json_array_append_new(list, json_pack("{s:I,s:o,s:o,s:s}", "id", (json_int_t)m->id, "header", out_text(m->header),
                                          "mapping", out_text(m->mapping), "time", time));
    return 0;
}

static int print_mapping(const tael_mapping *m, void *user)
{
    (void)user;
    printf("%7" PRId64 "  ", m->id);
    out_line(stdout, m->mapping);
    printf("\n%7s  ", "");
    out_cell(stdout, m->header, 70, false);
    putchar('\n');
    return 0;
}

static tael_status show_mappings(request *r)
{
    tael_ledger *ledger;
    json_t *list = json_array();
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK && option_given(r, "forget-mapping"))
        status = tael_ledger_forget_mapping(ledger, option_integer(r, "forget-mapping", 0));
    if (status == TAEL_OK) status = tael_ledger_mappings(ledger, r->json ? add_mapping : print_mapping, list);
    if (status == TAEL_OK && r->json)
        status = out_json(r, json_pack("{s:o}", "mappings", list));
    else
        json_decref(list);
    tael_ledger_close(ledger);
    return status;
}

static tael_status run(request *r)
{
    import_run i = {.r = r};
    bool of_mappings = option_given(r, "mappings") || option_given(r, "forget-mapping");
    if (of_mappings && r->argument_count == 0) return show_mappings(r);
    if (of_mappings || r->argument_count == 0)
        return tael__fail(
            TAEL_MISUSE,
            TAEL_SAY("import: give FILE, or --mappings, or --forget-mapping ID; see `tael help import`",
                     "import：请给出 文件，或 --mappings，或 --forget-mapping ID；参见 `tael help import`"));
    i.files = json_array();
    tael_status status = input_ledger(r, &i.ledger);
    if (status == TAEL_OK) status = tael_categorizer_open(&i.categorizer, i.ledger);
    for (size_t n = 0; status == TAEL_OK && n < r->argument_count && !interrupted(); n++)
        import_one(&i, r->arguments[n]);
    if (status == TAEL_OK && i.done > 0 && !option_given(r, "dry-run")) /* rows that an earlier version left without */
        status = tael_categorizer_apply(i.categorizer, true, NULL);
    if (status == TAEL_OK) status = conclude(&i);
    json_decref(i.files);
    tael_categorizer_close(i.categorizer);
    tael_ledger_close(i.ledger);
    return status;
}

const command command_import = {
    .verb = "import",
    .usage = "FILE… [--password P] [--as FORMAT] [--map MAPPING] [--sample] [--dry-run]",
    .what = {"read bills into the ledger", "把账单读入账本"},
    .more =
        {"Alipay, WeChat, JD and Meituan exports, statements of banks as CSV or XLSX, OFX and QIF, or the zip that was "
         "mailed, told by their content; of any other table the columns are guessed and shown. The same file twice "
         "adds "
         "nothing. FILE - is standard input.",
         "支付宝、微信、京东、美团导出的账单，银行的对账单（CSV 或 XLSX），OFX 和 QIF，或邮件中的压缩包，按内容识别；"
         "其他表格会猜测各列并显示结果。重复导入同一文件不会多记。FILE 为 - 时读取标准输入。"},
    .options = options,
    .least = 0,
    .most = SIZE_MAX,
    .polls = true,
    .run = run,
};
