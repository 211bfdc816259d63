/* SPDX-License-Identifier: GPL-2.0 */
/* An NVMe, and a buffer of pieces of another device's BAR that is mapped for it */
#ifndef VM_NVME_BED_H
#define VM_NVME_BED_H

#include "machine.h"
#include "nvme/driver.h"

struct nvme_bed {
	struct nvme nvme;
	struct exporter exp;
	struct layout l;
	int dmabuf;
	uint64_t buffer;	/* its address for the NVMe */
};

/* nr ranges of 1 to most pages; skips the case if there is no NVMe. */
void bed_open(struct nvme_bed *b, size_t nr, unsigned int most);

/*
 * A pattern to the disk, and the disk compared with data: by way of memory, so that
 * the BAR has no part in it.
 */
void disk_fill(struct nvme_bed *b, uint64_t block, uint64_t seed, size_t len);
bool disk_has(struct nvme_bed *b, uint64_t block, const void *data, size_t len);

/* story.c. Return: the exit status. */
int nvme_story(void);

#endif
