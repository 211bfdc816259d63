/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smallest NVMe driver in user space: one queue for commands, polled. What the
 * device reads and writes is mapped by IOMMUFD: queues and a bounce buffer are
 * ordinary memory, data may be anything else in the same address space.
 */
#ifndef VM_NVME_DRIVER_H
#define VM_NVME_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define NVME_BLOCK	512u
/* Commands under way at most; QEMU takes 512 KiB in each. */
#define NVME_DEPTH	8u
#define NVME_MOST	(512u << 10)

struct nvme_queue {
	uint8_t *commands, *results;
	unsigned int nr, entries, tail, head, phase;
};

struct nvme {
	struct vfio_dev dev;
	uint32_t ioas;
	volatile uint8_t *regs;
	unsigned int stride;		/* between doorbells */
	struct nvme_queue admin, io;
	uint8_t *lists;			/* a page of addresses for each command */
	uint64_t lists_iova;
	void *bounce;			/* NVME_MOST bytes for whoever uses this */
	uint64_t bounce_iova;
};

/* Skip the case if there is none; fails the test. */
void nvme_open(struct nvme *n);

enum nvme_op { NVME_WRITE = 1, NVME_READ = 2 };

/*
 * Put a command into the queue; the device looks when it is told. Data is at iova in
 * the device's address space; len is in whole blocks.
 */
void nvme_queue(struct nvme *n, enum nvme_op op, uint64_t block, uint64_t iova,
		size_t len);
void nvme_tell(struct nvme *n);
/* Wait for the next of them. Return: its status, 0 if all went well. */
unsigned int nvme_wait(struct nvme *n);

/* All of that, in commands of any number; fails the test. */
void nvme_do(struct nvme *n, enum nvme_op op, uint64_t block, uint64_t iova,
	     size_t len);

#endif
