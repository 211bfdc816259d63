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

/* A larger BAR is not looked at beyond this. */
#define BAR_MOST	(64ul << 20)

extern struct machine {
	char exporter[PCI_NAME_LEN];	/* ivshmem, on vfio-pci */
	char edu_domain[PCI_NAME_LEN];	/* edu, on vfio-pci */
	char edu_device[PCI_NAME_LEN];	/* edu, on the sample driver */
	bool iommu;
	bool old_driver;		/* its driver knows scatterlists only */
	const char *no_device;		/* why there is no device target */
} machine;

/* Exits with a KTAP line if the guest is not what the tests expect. */
void machine_init(void);

/* Skip the case if this machine cannot have the importer. */
void machine_need(const struct importer_ops *ops);

/* The exporter, opened, its BAR mapped and filled */
struct exporter {
	struct vfio_dev dev;
	unsigned int region;
	size_t map_len;
	struct bar bar;		/* its map is NULL if this process has none */
};

void exporter_open(struct exporter *exp);
/* Another device and BAR, of which no more than most bytes are looked at */
void exporter_open_on(struct exporter *exp, const char *name,
		      unsigned int region, size_t most);
/* Let go of the device: of the mapped BAR too, which would keep it open. */
void exporter_close(struct exporter *exp);
/* Fails the test; exporter_try() returns a negative errno. */
int exporter_export(struct exporter *exp, const struct layout *l);
int exporter_try(struct exporter *exp, const struct layout *l);

#endif
