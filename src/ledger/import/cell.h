// SPDX-License-Identifier: Apache-2.0
/* What stands in a cell of a workbook, as the text that a CSV would have. */
#ifndef TAEL__LEDGER_IMPORT_CELL_H
#define TAEL__LEDGER_IMPORT_CELL_H

#include "base/status.h"

#define TAEL__CELL_NUMBER_BYTES 64 /* room for what the two below write */

/* A number as XML has it ("12", "548.58000000000004", "7.0000000000000007E-2") in plain decimals, without the noise
 * that binary fractions leave. False: it stays as it is, being whole (an order number keeps all its digits), no number,
 * or one whose digits are lost (4.2E+27). */
bool tael__cell_number(char out[TAEL__CELL_NUMBER_BYTES], const char *text);

/* A serial number as "2026-11-20 08:12:37", to the nearest second; less than a day as "08:12:37". False: no date. */
bool tael__cell_date(char out[TAEL__CELL_NUMBER_BYTES], const char *text, bool since_1904);

/* Whether a number of this format is a date: one of the formats that every program has, or a workbook's own code. */
bool tael__format_id_is_date(uint32_t id);
bool tael__format_code_is_date(const char *code);

/* The column of "C7" from 0: 2. False: no such reference. */
bool tael__cell_column(uint32_t *column, const char *reference);

/* "_x000A_" stands for a character that XML can't hold; decoded in place, and control characters become blanks.
 * Returns the new length. */
size_t tael__cell_unescape(char *text, size_t bytes);

#endif
