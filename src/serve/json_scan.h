// SPDX-License-Identifier: Apache-2.0
/* A look at a JSON text before it is parsed: a parsed value takes thirty times its bytes, and nesting is recursion. */
#ifndef TAEL__SERVE_JSON_SCAN_H
#define TAEL__SERVE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* False: nested deeper than TAEL__MAX_JSON_DEPTH, or more than TAEL__MAX_SERVE_VALUES values. Whether it is JSON at all
 * is the parser's business. */
bool tael__json_scan(const char *text, size_t bytes);

#endif
