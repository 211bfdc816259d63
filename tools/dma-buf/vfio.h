/* SPDX-License-Identifier: GPL-2.0 */
/* A device that is bound to vfio-pci, by its cdev and IOMMUFD; exits on errors. */
#ifndef VFIO_H
#define VFIO_H

#include "pci.h"
#include "types.h"

struct vfio {
	char name[PCI_NAME];
	int fd;
	u32 id;		/* in iommufd */
	bool noiommu;
};

/* /dev/iommu, opened */
int iommufd_open(void);

/* Binds no driver: if vfio-pci has not got the device, it says how to do that. */
void vfio_open(struct vfio *dev, const char *name, int iommufd);
void vfio_attach(struct vfio *dev, u32 ioas);

/* Bytes in a BAR, 0 if the device has no such BAR */
u64 vfio_bar_size(struct vfio *dev, unsigned int bar);

/* The memory enable bit */
void vfio_set_memory(struct vfio *dev, bool on);

struct vfio_region_dma_range;
/* Return: the dma-buf's fd, or -1 and errno; closed on exec. */
int vfio_export(struct vfio *dev, unsigned int bar,
		const struct vfio_region_dma_range *ranges, size_t nr);

#endif /* VFIO_H */
