/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel has in use, to see that nothing is left behind */
#ifndef VM_COUNTS_H
#define VM_COUNTS_H

#include <stdbool.h>
#include <stddef.h>

#define COUNTS_CACHES	96

struct counts {
	long iommu_pages;
	long dmabufs;
	/* Objects of the slab caches that are worth looking at */
	long objects[COUNTS_CACHES];
};

/* All there are; cheap */
long count_dmabufs(void);
/* Page tables of IOMMUs; some CPU may have counted a few by itself for a second. */
long count_iommu_pages(void);

/* Does this kernel say how many objects there are? Without it no counts_take(). */
bool counts_possible(void);

/* Empties what keeps free objects. */
void counts_take(struct counts *counts);

/*
 * Of what there is more than slack more now, and still is when all that is freed
 * late is gone. Return: NULL if of nothing.
 */
const char *counts_growth(const struct counts *before, long slack);

#endif
