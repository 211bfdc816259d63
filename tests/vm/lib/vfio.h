/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI device in user space, by VFIO's cdev and IOMMUFD */
#ifndef VM_VFIO_H
#define VM_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/vfio.h>

#include "pci.h"

struct vfio_dev {
	char name[PCI_NAME_LEN];
	int fd;
	int iommufd;
	bool noiommu;
	uint32_t id;		/* in iommufd */
	uint64_t config;	/* offset of the config space in fd */
};

/* Open, bind to iommufd, switch memory and bus mastering on; fails the test. */
void vfio_open(struct vfio_dev *dev, const char *name, int iommufd);
/* The fd of one that somebody else has opened and bound: all but vfio_attach() works. */
void vfio_adopt(struct vfio_dev *dev, const char *name, int fd);
void vfio_close(struct vfio_dev *dev);
/* Attach to an address space; 0 or -errno. */
int vfio_attach(struct vfio_dev *dev, uint32_t ioas);
int vfio_detach(struct vfio_dev *dev);

/* Map a whole BAR; fails the test. */
void *vfio_map_bar(struct vfio_dev *dev, unsigned int nr, size_t *len);

uint32_t vfio_config_read(struct vfio_dev *dev, unsigned int offset,
			  unsigned int size);
void vfio_config_write(struct vfio_dev *dev, unsigned int offset,
		       unsigned int size, uint32_t value);
/* Offset of a capability, 0 if the device has none */
unsigned int vfio_capability(struct vfio_dev *dev, unsigned int id);
void vfio_set_memory(struct vfio_dev *dev, bool on);
int vfio_reset(struct vfio_dev *dev);

/* Signalled for an interrupt that is not the device's: VFIO_PCI_REQ_IRQ_INDEX... */
int vfio_eventfd(struct vfio_dev *dev, unsigned int index);
/* Fails the test if it is not signalled in time. */
void vfio_wait_event(int eventfd, unsigned int ms);

/* One dma-buf of all the ranges. Return: fd or -errno. */
int vfio_export(struct vfio_dev *dev, unsigned int region,
		const struct vfio_region_dma_range *ranges, size_t nr);
/* The same, its fd opened O_RDONLY, O_WRONLY or O_RDWR */
int vfio_export_as(struct vfio_dev *dev, unsigned int region,
		   const struct vfio_region_dma_range *ranges, size_t nr,
		   int open_flags);

#endif
