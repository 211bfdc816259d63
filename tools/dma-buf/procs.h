/* SPDX-License-Identifier: GPL-2.0 */
/* What processes have open, by /proc */
#ifndef PROCS_H
#define PROCS_H

#include "buffers.h"

/* Calls found for each dma-buf. Return: how many processes are hidden. */
unsigned int procs_walk(void (*found)(const struct holder *holder,
				      const struct buffer *buf, void *arg),
			void *arg);

/*
 * Who has a file open, by its path: "comm (process pid), ...", "" if nobody who
 * can be seen; to be freed.
 */
char *procs_who_has(const char *path);

#endif /* PROCS_H */
