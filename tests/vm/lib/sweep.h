/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thing is done again and again, and each time another allocation of it fails,
 * until one try gets through without. A try works or ends in ENOMEM, and either
 * way nothing is left of it.
 */
#ifndef VM_SWEEP_H
#define VM_SWEEP_H

#include <stdbool.h>

#include "importer.h"

/**
 * struct sweep - what is tried
 * @name: for people
 * @target: the importer that has a part in it
 * @try: an allocation in it fails; returns a negative errno, or what it made
 * @undo: after a try that worked, back to the state before
 * @use: after one that worked, see that it did
 * @state: of the buffer, after a try that worked; NULL: live
 * @maps: mappings of the buffer that it adds, or takes
 * @never_fails: it must work, whatever is short
 * @may_map_none: it works without having mapped anything, all or none, which
 *	counts as a failure
 * @failures: at least so many tries must fail
 */
struct sweep {
	const char *name;
	const struct importer_ops *target;
	int (*try)(void);
	void (*undo)(int result);
	void (*use)(int result);
	const char *state;
	int maps;
	bool never_fails;
	bool may_map_none;
	unsigned int failures;
};

/*
 * Sweep often enough to see what is lost, in the state that the caller has made.
 * dmabuf: the buffer, so that it can change; -1 if a try makes one. Fails the
 * test.
 */
void sweep_run(const struct sweep *sweep, const int *dmabuf);

#endif
