/* SPDX-License-Identifier: GPL-2.0 */
/* The ways in which an exporter's memory goes away */
#ifndef VM_REVOKER_H
#define VM_REVOKER_H

#include <stdbool.h>
#include <stddef.h>

#include "machine.h"

struct revoker {
	const char *name;
	/* Skips the case if the device cannot do it; may be NULL. */
	void (*require)(struct exporter *exp);
	/* When it returns, the memory is out of reach. */
	void (*revoke)(struct exporter *exp);
	/* NULL: revoke has given it again by itself, or it is for good */
	void (*restore)(struct exporter *exp);
	bool for_good;		/* the device is not the exporter's any more */
	bool in_child;		/* the exporter is a process of its own */
	bool nvme;		/* only the NVMe's memory buffer can do that */
};

extern const struct revoker revokers[];
extern const size_t nr_revokers;

/*
 * Open the device that the revoker is for, and export three ranges of it. An
 * exporter that is a process of its own has no BAR here: exp->bar.map is NULL.
 * Return: the dma-buf.
 */
int revoker_export(const struct revoker *revoker, struct exporter *exp,
		   struct layout *l);

#endif
