// SPDX-License-Identifier: Apache-2.0
/* Safetensors: eight bytes with the header's length, a JSON header that names each tensor's type, shape and bytes, then
 * the data (github.com/huggingface/safetensors). Mapped; every number is held against the file before it is used. */
#ifndef TAEL__MODEL_SAFETENSORS_H
#define TAEL__MODEL_SAFETENSORS_H

#include "base/file.h"
#include "compute/formats.h"

typedef struct tael__safetensor {
    const char *name; /* valid until the file is closed */
    tael__format format;
    uint32_t dims;
    uint64_t shape[4]; /* as GGUF has it: the contiguous dimension first; unused are 1 */
    const uint8_t *data;
} tael__safetensor;

typedef struct tael__safetensors tael__safetensors;

tael_status tael__safetensors_open(tael__safetensors **out, const char *path);
/* Bytes that stay the caller's. */
tael_status tael__safetensors_parse(tael__safetensors **out, const uint8_t *data, size_t bytes, const char *path);
void tael__safetensors_close(tael__safetensors *file);
size_t tael__safetensors_count(const tael__safetensors *file);
const tael__safetensor *tael__safetensors_at(const tael__safetensors *file, size_t i);

#endif
