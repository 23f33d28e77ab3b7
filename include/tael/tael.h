// SPDX-License-Identifier: Apache-2.0
/* Tael: models on the device, over the owner's own ledger. One include for all; link -ltael. */
#ifndef TAEL_TAEL_H
#define TAEL_TAEL_H

#include <tael/assistant.h>
#include <tael/batch.h>
#include <tael/device.h>
#include <tael/embed.h>
#include <tael/generate.h>
#include <tael/habits.h>
#include <tael/ledger.h>
#include <tael/model.h>
#include <tael/quantize.h>
#include <tael/status.h>

#endif
