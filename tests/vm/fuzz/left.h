/* SPDX-License-Identifier: GPL-2.0 */
/* What is left in the kernel when everything has been closed */
#ifndef VM_FUZZ_LEFT_H
#define VM_FUZZ_LEFT_H

#include <stdbool.h>

struct left {
	long charged;		/* bytes of slabs charged to the cgroup */
	long slab;		/* KiB of unreclaimable slabs in all */
	long buffers;		/* dma-bufs */
};

/* This process and its children are charged from now on; false: they are not. */
bool left_enter(void);
struct left left_now(void);
/*
 * Do the bytes mean something? A kernel that checks its memory keeps what is
 * freed for a while, and finds what leaks by itself.
 */
bool left_counts(void);

#endif
