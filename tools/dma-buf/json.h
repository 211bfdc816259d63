/* SPDX-License-Identifier: GPL-2.0 */
/* JSON to stdout; key is NULL in an array and at the top. */
#ifndef JSON_H
#define JSON_H

#include "types.h"

void json_object(const char *key);
void json_array(const char *key);
/* Ends the innermost of them; the outermost ends the line, too. */
void json_end(void);

void json_text(const char *key, const char *text);	/* NULL: null */
void json_number(const char *key, s64 number);
void json_unsigned(const char *key, u64 number);
void json_bool(const char *key, bool value);

#endif /* JSON_H */
