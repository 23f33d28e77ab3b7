// SPDX-License-Identifier: Apache-2.0
/* The store's key, wrapped by a passphrase. */
#ifndef TAEL__LEDGER_PASSPHRASE_H
#define TAEL__LEDGER_PASSPHRASE_H

#include "ledger/internal.h"

#define TAEL__WRAPPED_BYTES 512

bool tael__key_wrapped(const char *text); /* whether a key file is a wrapped key, whole or not */
/* TAEL_BAD_KEY: no passphrase, or not this one. `path` stands in sentences. */
tael_status tael__key_unwrap(uint8_t key[TAEL__KEY_BYTES], const char *text, const char *path, const char *passphrase);
tael_status tael__key_wrap(char text[TAEL__WRAPPED_BYTES], size_t *bytes, const uint8_t key[TAEL__KEY_BYTES],
                           const char *passphrase);
tael_status tael__not_a_key(const char *path);

#endif
