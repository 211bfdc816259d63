/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that maps somebody else's dma-buf and copies to and from it, by
 * either target:
 *
 *     domain  an edu driven from user space; IOMMUFD maps the buffer
 *     device  an edu driven by the sample driver in the kernel
 */
#ifndef VM_IMPORTER_H
#define VM_IMPORTER_H

#include <stddef.h>
#include <stdint.h>

#include "edu.h"
#include "vfio.h"

/*
 * Bytes in a transfer, so that many of them lie across a range's end, but none
 * begins at the last byte of a page: if that is a range's last byte too, QEMU's
 * virtio-iommu may translate it by the next range.
 */
#define IMPORTER_STEP	3072ull

struct importer;

struct importer_ops {
	const char *name;
	void (*open)(struct importer *imp);
	int (*map)(struct importer *imp, int dmabuf, uint64_t offset,
		   uint64_t len);
	int (*unmap)(struct importer *imp);
	int (*write)(struct importer *imp, uint64_t offset, const void *data,
		     size_t len);
	int (*read)(struct importer *imp, uint64_t offset, void *data,
		    size_t len);
};

struct importer {
	const struct importer_ops *ops;
	uint64_t size;			/* bytes mapped */

	/* domain */
	struct vfio_dev dev;
	struct edu edu;
	uint32_t ioas;
	uint64_t iova;			/* of the buffer */
	void *bounce;			/* what the CPU and edu both see */
	uint64_t bounce_addr;		/* as edu sees it */

	/* device */
	int node;
	uint64_t start;			/* of the slice */
};

extern const struct importer_ops importer_domain, importer_device;

/* Fails the test if there is no such importer on this machine: skip before. */
void importer_open(struct importer *imp, const struct importer_ops *ops);

/*
 * Map a slice; then offsets count from its start. The device target maps all of
 * the buffer and only keeps to the slice. Errors are negative errnos.
 */
int importer_map(struct importer *imp, int dmabuf, uint64_t offset,
		 uint64_t len);
int importer_unmap(struct importer *imp);

/* The device writes to, reads from the buffer. */
int importer_write(struct importer *imp, uint64_t offset, const void *data,
		   size_t len);
int importer_read(struct importer *imp, uint64_t offset, void *data,
		  size_t len);

/* Address of a byte of the buffer for edu; domain target only. */
uint64_t importer_addr(struct importer *imp, uint64_t offset, uint64_t *run);

#endif
