/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often this process has the kernel call a function: by the CPU's debug
 * registers, so that it works for functions which no tracer may touch, as all of
 * lib/ is. There are four.
 */
#ifndef VM_CALLS_H
#define VM_CALLS_H

#define CALLS_MOST	4

struct calls {
	int fds[CALLS_MOST];
	int nr;
};

/* Return: 0, or -ENOENT if the kernel has no such function. */
int calls_count(struct calls *calls, const char *function);
/* Sum over all functions since they were added */
unsigned long calls_read(struct calls *calls);

#endif
