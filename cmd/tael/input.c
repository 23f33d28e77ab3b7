// SPDX-License-Identifier: Apache-2.0
// What commands begin with: the text they were given, the model, the ledger.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "passphrase.h"

tael_status input_text(const request *r, char **out, size_t *bytes)
{
    *out = NULL;
    if (r->argument_count == 0 || (r->argument_count == 1 && strcmp(r->arguments[0], "-") == 0))
        return tael__file_read(out, bytes, "-", TAEL__MAX_PROMPT_BYTES);
    tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};
    for (size_t i = 0; i < r->argument_count; i++) {
        if (i > 0) tael__buffer_text(&text, " ");
        tael__buffer_text(&text, r->arguments[i]);
    }
    tael_status status = text.failed;
    *bytes = text.size;
    *out = tael__buffer_take(&text);
    return *out || status != TAEL_OK ? status : TAEL_NO_MEMORY;
}

/* FILE, or FILE:SCALE where what follows the last colon is a number. */
static tael_status add_adapter(tael_model *model, const char *text)
{
    char path[TAEL__MAX_PATH_BYTES];
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    float scale = colon && colon[1] ? strtof(colon + 1, &end) : 1;
    bool scaled = end && *end == '\0';
    size_t bytes = scaled ? (size_t)(colon - text) : strlen(text);
    if (bytes == 0 || bytes >= sizeof path)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("--lora %s: give FILE or FILE:SCALE", "--lora %s：请给出 文件 或 文件:比例"), text);
    memcpy(path, text, bytes);
    path[bytes] = '\0';
    return tael_model_add_adapter(model, path, scaled ? scale : 1);
}

tael_status input_model(const request *r, tael_model **out, char *path, size_t cap)
{
    const char *adapters[MAX_GIVEN];
    *out = NULL;
    TAEL_TRY(tael_model_find(r->home, option_text(r, "model", NULL), path, cap));
    TAEL_TRY(tael_model_open(out, path));
    size_t n = option_texts(r, "lora", adapters, MAX_GIVEN);
    for (size_t i = 0; i < n; i++) {
        tael_status status = add_adapter(*out, adapters[i]);
        if (status == TAEL_OK) continue;
        tael_model_close(*out);
        *out = NULL;
        return status;
    }
    return TAEL_OK;
}

tael_status input_ledger(const request *r, tael_ledger **out)
{
    char passphrase[PASSPHRASE_BYTES] = "";
    /* Another import may hold the ledger for as long as a large bill takes: whoever types a command waits for it. */
    tael_ledger_options o = {.size = sizeof o, .passphrase = passphrase, .busy_timeout_ms = 60000};
    bool is_protected = false;
    *out = NULL;
    TAEL_TRY(tael__folder_make(r->home));
    tael_status status = tael_ledger_protected(r->home, &is_protected);
    if (status == TAEL_OK && is_protected) status = passphrase_current(r, passphrase);
    if (status == TAEL_OK) {
        status = tael_ledger_open(out, r->home, &o);
        o.read_only = true;
        if (status == TAEL_DENIED) status = tael_ledger_open(out, r->home, &o);
    }
    passphrase_forget(passphrase);
    return status;
}
