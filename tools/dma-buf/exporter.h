/* SPDX-License-Identifier: GPL-2.0 */
/* What 'export' and 'map' share: a dma-buf made of pieces of one BAR */
#ifndef EXPORTER_H
#define EXPORTER_H

#include <linux/vfio.h>

#include "buffers.h"
#include "types.h"
#include "vfio.h"

struct exporter {
	/* asked for */
	char name[PCI_NAME];
	int bar;				/* -1: not said */
	size_t nr;
	struct vfio_region_dma_range *ranges;	/* none: all of the BAR */

	/* made */
	struct vfio dev;
	int fd;
	struct buffer buf;
};

void exporter_init(struct exporter *exp);
/* The arguments of --bar and --range OFFSET:LENGTH; exits if they are wrong. */
void exporter_bar(struct exporter *exp, const char *text);
void exporter_range(struct exporter *exp, const char *text);

/* Then the device; exits if it has no such BAR. Needs no privilege. */
void exporter_device(struct exporter *exp, const char *device);

/* Opens the device, switches its memory on and exports; exits on errors. */
void exporter_make(struct exporter *exp, int iommufd);

#endif /* EXPORTER_H */
