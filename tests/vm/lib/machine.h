/* SPDX-License-Identifier: GPL-2.0 */
/* Who plays which part on this guest: found and bound once, before any case */
#ifndef VM_MACHINE_H
#define VM_MACHINE_H

#include <stdbool.h>

#include "importer.h"
#include "layout.h"
#include "pci.h"
#include "vfio.h"

#define EXPORTER_BAR	2

extern struct machine {
	char exporter[PCI_NAME_LEN];	/* ivshmem, on vfio-pci */
	char edu_domain[PCI_NAME_LEN];	/* edu, on vfio-pci */
	char edu_device[PCI_NAME_LEN];	/* edu, on the sample driver */
	bool iommu;
	const char *no_device;		/* why there is no device target */
} machine;

/* Exits with a KTAP line if the guest is not what the tests expect. */
void machine_init(void);

/* Skip the case if this machine cannot have the importer. */
void machine_need(const struct importer_ops *ops);

/* The exporter, opened, its BAR mapped and filled */
struct exporter {
	struct vfio_dev dev;
	struct bar bar;
};

void exporter_open(struct exporter *exp);
/* Fails the test; exporter_try() returns a negative errno. */
int exporter_export(struct exporter *exp, const struct layout *l);
int exporter_try(struct exporter *exp, const struct layout *l);

#endif
