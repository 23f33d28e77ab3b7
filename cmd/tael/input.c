// SPDX-License-Identifier: Apache-2.0
// What commands begin with: the text they were given, the model, the ledger.
#include <string.h>

#include "base/file.h"
#include "command.h"

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

tael_status input_model(const request *r, tael_model **out, char *path, size_t cap)
{
    *out = NULL;
    TAEL_TRY(tael_model_find(r->home, option_text(r, "model", NULL), path, cap));
    return tael_model_open(out, path);
}

tael_status input_ledger(const request *r, tael_ledger **out)
{
    *out = NULL;
    TAEL_TRY(tael__folder_make(r->home));
    tael_status status = tael_ledger_open(out, r->home, NULL);
    if (status != TAEL_DENIED) return status;
    tael_ledger_options only_read = {.size = sizeof only_read, .read_only = true};
    return tael_ledger_open(out, r->home, &only_read);
}
