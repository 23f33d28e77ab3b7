// SPDX-License-Identifier: Apache-2.0
// The pool: written with the compute room's needs in mind.
#include "base/threads.h"
