/* SPDX-License-Identifier: MIT */
/*
 * A PCI function in the hands of a test, by VFIO's character device: memory of
 * its BAR is exported as dma-bufs, taken away from them and given again.
 */
#ifndef PHYS_VFIO_H
#define PHYS_VFIO_H

#include <linux/vfio.h>

#include "igt.h"
#include "igt_blocks.h"

struct phys_vfio {
	char name[16];		/* 0000:01:00.0 */
	int iommufd;
	int fd;
	uint64_t config;	/* where in fd the config space begins */
	unsigned int region;	/* the BAR that is exported */
	size_t size;		/* of the BAR, in bytes */
	uint8_t *bar;		/* mapped; not to be touched while it is off */
};

/*
 * Take the function that PHYS_VFIO_DEVICE names, or else an ivshmem of QEMU's,
 * which is nothing but memory. Skips if there is none with @size bytes.
 */
void phys_vfio_open(struct phys_vfio *vfio, size_t size);
/* Give it back to whoever had it. */
void phys_vfio_close(struct phys_vfio *vfio);

/* One dma-buf of all the ranges. Return: fd or -errno; the second fails the test. */
int __phys_vfio_export(struct phys_vfio *vfio,
		       const struct vfio_region_dma_range *ranges,
		       unsigned int nr);
int phys_vfio_export(struct phys_vfio *vfio,
		     const struct vfio_region_dma_range *ranges,
		     unsigned int nr);

/* Memory enable of the command register: off takes the memory from importers. */
void phys_vfio_set_memory(struct phys_vfio *vfio, bool on);

/* Write @len bytes from @offset of the buffer that these ranges make. */
void phys_vfio_write(struct phys_vfio *vfio,
		     const struct vfio_region_dma_range *ranges,
		     uint64_t offset, const void *data, size_t len);

#endif
