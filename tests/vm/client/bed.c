// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/bed.h"
#include "ktap.h"
#include "machine.h"
#include "see.h"
#include "sys.h"

/* In the machine's memory, away from what the firmware uses */
#define BOUNCE	0x1000000ull

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_RUN		1
#define EDU_STORE	2
#define EDU_BUFFER	0x40000

#define LEN	3000

void bed_open(struct bed *b, const char *exporter, size_t most,
	      const char *preload)
{
	static struct vfio_region_dma_range range;
	const char *devices[] = { exporter, machine.edu_domain };
	struct vfio_dev *dev = &b->qemu.devs[EXPORTER];
	size_t len;
	void *map;

	sys_write(TRACING "/trace", "");
	sys_write(TRACING "/events/dma_buf_phys/enable", "1");
	qemu_start(&b->qemu, devices, DEVICES, preload);
	map = vfio_map_bar(dev, EXPORTER_BAR, &len);
	bar_init(&b->bar, map, len < most ? len : most);
	range.length = len;
	layout_set(&b->l, &range, 1);
	b->dmabuf = qemu_dmabuf(&b->qemu, EXPORTER, EXPORTER_BAR);
	b->here = *fdinfo(b->dmabuf, "phys_state");
}

static void edu_copies(struct bed *b, uint64_t from, uint64_t to, unsigned int cmd)
{
	uint64_t regs = cpu_bar(&b->qemu, EDU, 0), deadline = now_ms() + 10000;

	cpu_write64(&b->qemu, regs + EDU_SRC, from);
	cpu_write64(&b->qemu, regs + EDU_DST, to);
	cpu_write64(&b->qemu, regs + EDU_COUNT, LEN);
	cpu_write64(&b->qemu, regs + EDU_CMD, EDU_RUN | cmd);
	while (cpu_read64(&b->qemu, regs + EDU_CMD) & EDU_RUN) {
		CHECK(now_ms() < deadline, "the DMA engine does not stop");
		sleep_ms(5);
	}
}

/* From the machine's memory to a byte of the BAR, by edu */
static void edu_writes(struct bed *b, uint64_t at, const void *data)
{
	cpu_write(&b->qemu, BOUNCE, data, LEN);
	edu_copies(b, BOUNCE, EDU_BUFFER, 0);
	edu_copies(b, EDU_BUFFER, cpu_bar(&b->qemu, EXPORTER, EXPORTER_BAR) + at,
		   EDU_STORE);
}

static void edu_reads(struct bed *b, uint64_t at, void *data)
{
	edu_copies(b, cpu_bar(&b->qemu, EXPORTER, EXPORTER_BAR) + at, EDU_BUFFER, 0);
	edu_copies(b, EDU_BUFFER, BOUNCE, EDU_STORE);
	cpu_read(&b->qemu, BOUNCE, data, LEN);
}

/* Bytes in both directions, at the ends and over the middle, and none beside them */
void bed_alive(struct bed *b, uint64_t seed)
{
	uint64_t places[] = { 4000, b->bar.len / 2 - 1500, b->bar.len - LEN - 4 };
	uint8_t data[LEN], got[LEN];

	for (int i = 0; i < 3; i++) {
		pattern(data, LEN, seed, places[i]);
		edu_writes(b, places[i], data);
		bar_expect(&b->bar, &b->l, places[i], data, LEN);
		bar_check(&b->bar);
		memset(got, 0, LEN);
		edu_reads(b, places[i], got);
		CHECK(!memcmp(got, data, LEN), "the device reads wrong");
	}
}

void bed_faults(struct bed *b)
{
	uint8_t data[LEN];
	struct kmsg log;
	char line[256];

	kmsg_open(&log);
	memset(data, 0xdd, LEN);
	edu_writes(b, 4000, data);
	CHECK(kmsg_find(&log, IOMMU_FAULT, 1000, line, sizeof(line)),
	      "the IOMMU reported no fault");
}

void bed_dead(struct bed *b)
{
	bed_faults(b);
	bar_check(&b->bar);
}

void bed_state(struct bed *b, const char *state, int mappings)
{
	if (!b->here)
		return;
	CHECK(!strcmp(fdinfo(b->dmabuf, "phys_state"), state),
	      "state %s, should be %s", fdinfo(b->dmabuf, "phys_state"), state);
	CHECK_EQ(atoi(fdinfo(b->dmabuf, "phys_mappings")), mappings);
}

/* The last event in a trace of this buffer, or the first: NULL without any */
static char *event_of(char *trace, const char *event, const struct stat *st,
		      bool last)
{
	char *at, *ino, *found = NULL;

	for (at = strstr(trace, event); at; at = strstr(at + 1, event)) {
		ino = strstr(at, " ino=");
		if (ino && strtoul(ino + 5, NULL, 10) == st->st_ino)
			found = at;
		if (found && !last)
			break;
	}
	return found;
}

void bed_restored(struct bed *b)
{
	char *trace, *restore, *map;
	struct stat st;

	if (!b->here)
		return;
	CHECK(!fstat(b->dmabuf, &st), "fstat: %m");
	trace = sys_slurp(TRACING "/trace");
	restore = event_of(trace, "dma_buf_phys_restore:", &st, true);
	CHECK(restore, "it was not restored:\n%s", trace);
	map = event_of(restore, "dma_buf_phys_map:", &st, false);
	CHECK(map, "it was not mapped again:\n%s", restore);
	*strchr(map, '\n') = 0;
	CHECK(strstr(map, " ret=0"), "it was not mapped again:\n%s", map);
	free(trace);
}
