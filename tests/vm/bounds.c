// SPDX-License-Identifier: GPL-2.0
/*
 * What a user of dma-bufs can make the kernel do has bounds: nothing is
 * allocated for a wrong ask, the log stays readable, and a revoke of all buffers
 * takes no longer than one. For memory see charged.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "sys.h"

#define PAGE	4096ull
#define CGROUP	"bounds"
#define GRACE	"/sys/module/dma_buf/parameters/phys_grace_ms"
#define SW_SYNC	"/sys/kernel/debug/sync/sw_sync"

static struct exporter exp;

/* More ranges than pages are refused before anything is allocated for them. */
static void ranges_are_bounded(const void *arg)
{
	static const uint32_t counts[] = {
		0xffffffff, 0x80000000, 0x10000001, 0x10000000, 1 << 20, 8192,
	};
	struct vfio_region_dma_range range = { 0, PAGE };
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_dma_buf dma_buf;
	} *ask;
	uint64_t begin;
	long before;
	size_t i;
	int n;

	(void)arg;
	if (!cgroup_enter(CGROUP))
		skip("no memory cgroup");
	exporter_open(&exp);
	if (exp.map_len / PAGE >= 8192)
		skip("made for a small BAR");
	ask = calloc(1, sizeof(*ask) + 8192 * sizeof(range));
	CHECK(ask, "no memory");
	ask->feature.argsz = sizeof(*ask);
	ask->feature.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	ask->dma_buf.region_index = exp.region;
	for (i = 0; i < 8192; i++)
		memcpy((char *)(ask + 1) + i * sizeof(range), &range,
		       sizeof(range));
	before = cgroup_number(CGROUP, "memory.peak");
	begin = now_ms();
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		ask->dma_buf.nr_ranges = counts[i];
		for (n = 0; n < 1000; n++)
			CHECK_EQ(sys_ioctl(exp.dev.fd, VFIO_DEVICE_FEATURE, ask),
				 -EINVAL);
	}
	note("6000 refusals in %llu ms, %ld bytes at most",
	     (unsigned long long)(now_ms() - begin),
	     cgroup_number(CGROUP, "memory.peak") - before);
	CHECK(now_ms() - begin < 6000, "slow");
	CHECK(cgroup_number(CGROUP, "memory.peak") - before < 64 << 10,
	      "something was allocated");
}

/*
 * What takes part of the BAR twice may not be larger than it: else a few ranges
 * would make mapping and unmapping as much work as somebody likes.
 */
static void size_is_bounded(const void *arg)
{
	struct vfio_region_dma_range ranges[3];

	(void)arg;
	exporter_open(&exp);
	ranges[0] = (struct vfio_region_dma_range){ 0, exp.map_len / 2 };
	ranges[1] = ranges[0];
	ranges[2] = (struct vfio_region_dma_range){ 0, PAGE };
	CHECK(vfio_export(&exp.dev, exp.region, ranges, 2) >= 0,
	      "half of the BAR twice");
	CHECK_EQ(vfio_export(&exp.dev, exp.region, ranges, 3), -EINVAL);
}

static int kmsg_count(int log)
{
	char record[8192];
	int n = 0;

	for (;;) {
		if (read(log, record, sizeof(record) - 1) < 0) {
			if (errno != EPIPE)
				return n;
			n += 1000;	/* more than fits */
			continue;
		}
		n++;
	}
}

static void bad_exports(void)
{
	static const struct vfio_region_dma_range bad[] = {
		{ 0, 0 }, { 1, PAGE }, { 0, PAGE - 1 }, { 1ull << 40, PAGE },
		{ -PAGE, PAGE }, { 0, 1ull << 63 }, { -PAGE, 2 * PAGE },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(vfio_export(&exp.dev, exp.region, &bad[i], 1) < 0,
		      "a bad export works");
		CHECK(vfio_export(&exp.dev, i, &bad[i], 1) < 0,
		      "a bad export works");
	}
}

static void bad_maps(int fd, int iommufd, uint32_t ioas, int node)
{
	uint64_t iova;

	ioas_map_file(iommufd, ioas, fd, 1, PAGE, &iova);
	ioas_map_file(iommufd, ioas, fd, PAGE, 1ull << 63, &iova);
	ioas_map_file(iommufd, ioas, -1, 0, PAGE, &iova);
	ioas_map_file_at(iommufd, ioas, fd, 0, PAGE, -PAGE);
	ioas_unmap(iommufd, ioas, PAGE, 1);
	if (node < 0)
		return;
	sample_import(node, iommufd);
	sample_write(node, 1ull << 40, NULL, 1);
}

/* As often as a user likes */
static void log_stays_quiet(const void *arg)
{
	int log, fd, node = -1, i, lines;
	struct importer imp;
	struct layout l;
	uint64_t iova;

	(void)arg;
	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	fd = exporter_export(&exp, &l);
	importer_open(&imp, &importer_domain);
	if (!machine.no_device) {
		node = sample_open(machine.edu_device);
		CHECK_EQ(sample_import(node, fd), 0);
	}
	ioas_map_file(imp.dev.iommufd, imp.ioas, fd, 0, l.size, &iova);
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(log >= 0 && lseek(log, 0, SEEK_END) >= 0, "/dev/kmsg: %m");

	for (i = 0; i < 1000; i++) {
		bad_exports();
		bad_maps(fd, imp.dev.iommufd, imp.ioas, node);
		vfio_set_memory(&exp.dev, false);
		bad_maps(fd, imp.dev.iommufd, imp.ioas, node);
		vfio_set_memory(&exp.dev, true);
	}
	sleep_ms(100);
	lines = kmsg_count(log);
	note("%d lines", lines);
	CHECK(lines <= 5, "%d lines in the log", lines);
}

/* struct sw_sync_create_fence_data, which no header has */
struct sw_sync_fence {
	uint32_t value;
	char name[32];
	int32_t fence;
};

static int fence_that_never_signals(void)
{
	struct sw_sync_fence fence = { .value = 1, .name = "never" };
	int timeline = open(SW_SYNC, O_RDWR | O_CLOEXEC);

	if (timeline < 0)
		skip("no sw_sync");
	CHECK_EQ(sys_ioctl(timeline, _IOWR('W', 0, struct sw_sync_fence),
			   &fence), 0);
	return fence.fence;
}

static void set_grace(const char *ms)
{
	if (sys_write(GRACE, ms))
		skip("no grace time to set");
}

/*
 * Fences, which any user can put on a buffer, are waited for. With many buffers
 * that must not add up: VFIO's memory_lock is held meanwhile.
 */
static void one_grace_time(const void *arg)
{
	struct dma_buf_import_sync_file import = { .flags = DMA_BUF_SYNC_RW };
	const unsigned int buffers = 16, grace = 500;
	struct layout l;
	uint64_t took;
	unsigned int i;
	char old[32];
	int fd;

	(void)arg;
	exporter_open(&exp);
	layout_adjacent(&l, 1, 0);
	import.fd = fence_that_never_signals();
	for (i = 0; i < buffers; i++) {
		fd = exporter_export(&exp, &l);
		CHECK_EQ(sys_ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &import),
			 0);
	}
	sys_read(GRACE, old, sizeof(old));
	set_grace("500");
	took = now_ms();
	vfio_set_memory(&exp.dev, false);
	took = now_ms() - took;
	set_grace(old);
	note("%u buffers with fences, %u ms of grace: revoked in %llu ms",
	     buffers, grace, (unsigned long long)took);
	CHECK(took < 3 * grace, "each buffer takes a grace time of its own");
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "the number of ranges is bounded", ranges_are_bounded, NULL,
		  0 },
		{ "the size is bounded", size_is_bounded, NULL, 0 },
		{ "the log stays quiet", log_stays_quiet, NULL, 300 },
		{ "one grace time for all buffers", one_grace_time, NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
