// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's fourth act: blocks of an NVMe go straight into three pieces of another
 * device's BAR, and from there back to the disk. The exporter takes the memory back
 * and gives it again; the NVMe's driver maps nothing twice.
 *
 * Exit status 0 only if every claim made on the way held.
 */
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "nvme/bed.h"
#include "see.h"
#include "tell.h"

#define BLOCK	1000ull
#define SCRATCH	40000ull

static struct nvme_bed bed;

/* What must be in the buffer, and nothing beside it touched */
static bool buffer_has(uint64_t seed)
{
	uint8_t *data = malloc(bed.l.size);

	CHECK(data, "no memory");
	pattern(data, bed.l.size, seed, 0);
	bar_expect(&bed.exp.bar, &bed.l, 0, data, bed.l.size);
	free(data);
	return !memcmp(bed.exp.bar.map, bed.exp.bar.shadow, bed.exp.bar.len);
}

static void blocks_in(void)
{
	chapter("14. Fourth act: an NVMe reads into the device's memory");
	bed_open(&bed, 3, 8);
	say("NVMe %s, driven from user space; exporter %s, three pieces of BAR2:",
	    bed.nvme.dev.name, machine.exporter);
	say_layout(&bed.l);
	say_state(bed.dmabuf);
	disk_fill(&bed, BLOCK, 1, bed.l.size);
	nvme_do(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
	claim(buffer_has(1),
	      "%llu blocks of the disk are there: all %zu MiB of the BAR compared",
	      (unsigned long long)bed.l.size / NVME_BLOCK, bed.exp.bar.len >> 20);
}

static void blocks_out(void)
{
	uint8_t *data = malloc(bed.l.size);

	chapter("15. And writes from there");
	CHECK(data, "no memory");
	pattern(data, bed.l.size, 2, 0);
	bar_write(&bed.exp.bar, &bed.l, 0, data, bed.l.size);
	nvme_do(&bed.nvme, NVME_WRITE, SCRATCH, bed.buffer, bed.l.size);
	claim(disk_has(&bed, SCRATCH, data, bed.l.size),
	      "what the CPU wrote to the BAR is on the disk");
	free(data);
}

static void taken_and_given(void)
{
	struct kmsg log;
	char line[256];

	chapter("16. The exporter takes the memory back, and gives it again");
	kmsg_open(&log);
	vfio_set_memory(&bed.exp.dev, false);
	say_state(bed.dmabuf);
	/* QEMU's NVMe does not say that its data got nowhere. */
	nvme_queue(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
	nvme_tell(&bed.nvme);
	nvme_wait(&bed.nvme);
	claim(kmsg_find(&log, IOMMU_FAULT, 1000, line, sizeof(line)),
	      "the IOMMU stops a read that comes now");
	vfio_set_memory(&bed.exp.dev, true);
	say_state(bed.dmabuf);
	claim(buffer_has(2), "nothing of it is in the BAR");
	nvme_do(&bed.nvme, NVME_READ, BLOCK, bed.buffer, bed.l.size);
	claim(buffer_has(1), "the same read to the same address is good again, nobody mapped anything");
}

int nvme_story(void)
{
	blocks_in();
	blocks_out();
	if (machine.iommu)
		taken_and_given();
	return tell_end();
}
