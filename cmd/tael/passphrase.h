// SPDX-License-Identifier: Apache-2.0
/* The passphrase of the ledger. */
#ifndef TAEL_COMMAND_PASSPHRASE_H
#define TAEL_COMMAND_PASSPHRASE_H

#include "command.h"

enum { PASSPHRASE_BYTES = 1024 };

/* The present one: --passphrase-file, TAEL_PASSPHRASE, or asked for on a terminal; "" without any. */
tael_status passphrase_current(const request *r, char passphrase[PASSPHRASE_BYTES]);
/* A new one: the option's file, the variable, or asked for twice. */
tael_status passphrase_new(const request *r, const char *name, const char *variable, char passphrase[PASSPHRASE_BYTES]);
void passphrase_forget(char passphrase[PASSPHRASE_BYTES]);

#endif
