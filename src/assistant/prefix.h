// SPDX-License-Identifier: Apache-2.0
/* Where a model's state after the prompt's fixed part is kept between questions: home/cache/ask-….kv. It names the
 * owner's merchants, so it goes when records are erased. */
#ifndef TAEL__ASSISTANT_PREFIX_H
#define TAEL__ASSISTANT_PREFIX_H

#include "base/status.h"

/* The file for the model at `model_path`; its folder is made. */
tael_status tael__ask_prefix_path(char *path, size_t cap, const char *home, const char *model_path);
/* All of them go. */
tael_status tael__ask_prefixes_remove(const char *home);

#endif
