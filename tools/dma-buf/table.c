// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"

void table_begin(struct table *t, size_t columns)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	va_list args;

	t->cells = xgrow(t->cells, t->nr, sizeof(*t->cells));
	va_start(args, fmt);
	t->cells[t->nr++] = xvprintf(fmt, args);
	va_end(args);
}

void table_end(struct table *t)
{
	int *width = xcalloc(t->columns, sizeof(*width));
	size_t i, column;

	for (i = 0; i < t->nr; i++) {
		int len = strlen(t->cells[i]);

		column = i % t->columns;
		if (len > width[column])
			width[column] = len;
	}
	for (i = 0; i < t->nr; i++) {
		column = i % t->columns;
		if (column + 1 == t->columns)
			printf("%s\n", t->cells[i]);
		else
			printf("%-*s  ", width[column], t->cells[i]);
		free(t->cells[i]);
	}
	free(t->cells);
	free(width);
}
