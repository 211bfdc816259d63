/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sweeps: the same thing is tried again and again, and each time another one of
 * its allocations fails, from the first to the last.
 */
#ifndef _ST_DMA_BUF_PHYS_FAIL_H
#define _ST_DMA_BUF_PHYS_FAIL_H

#include "st-dma-buf-phys.h"

/**
 * struct phys_fail_op - what is swept
 * @prepare: comes before each try and may count on memory; may be NULL
 * @try: has an allocation fail; returns 0 or an errno
 * @undo: follows a try that worked; may be NULL
 * @check: follows all that: nothing of the try may be left
 */
struct phys_fail_op {
	void (*prepare)(struct kunit *test);
	int (*try)(struct kunit *test);
	void (*undo)(struct kunit *test);
	void (*check)(struct kunit *test);
};

/**
 * struct phys_fail_sweep - how a sweep went, the most of a few passes
 * @points: allocations that were made to fail, one in each try
 * @failures: tries that failed for it; the others did without
 */
struct phys_fail_sweep {
	unsigned int points;
	unsigned int failures;
};

/* &kunit_suite.init: skips if this kernel does not make allocations fail. */
int phys_fail_init(struct kunit *test);

/* Every try must work or end in -ENOMEM. */
struct phys_fail_sweep phys_fail_sweep(struct kunit *test,
				       const struct phys_fail_op *op);

/* For what a case does itself: one try, returns whether the nth was reached */
void phys_fail_arm(unsigned int nth);
bool phys_fail_disarm(void);

#endif /* _ST_DMA_BUF_PHYS_FAIL_H */
