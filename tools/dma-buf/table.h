/* SPDX-License-Identifier: GPL-2.0 */
/* Columns for people, each as wide as its widest cell */
#ifndef TABLE_H
#define TABLE_H

#include "types.h"

struct table {
	size_t columns;
	char **cells;
	size_t nr;
};

void table_begin(struct table *t, size_t columns);
/* Row by row, from left to right */
void table_cell(struct table *t, const char *fmt, ...)
	__printf(2, 3);
/* Prints it and forgets it. */
void table_end(struct table *t);

#endif /* TABLE_H */
