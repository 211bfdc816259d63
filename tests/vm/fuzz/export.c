// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO_DEVICE_FEATURE_DMA_BUF with every field at will. The model follows the
 * documentation of the call in the order in which the kernel can find out, so
 * each answer is known beforehand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz.h"
#include "judge.h"
#include "see.h"
#include "sys.h"

/* As many as the largest BAR that is fuzzed has pages, and one */
#define RANGES_MOST	4097

enum { DEV, ARGSZ, FLAGS, REGION, OPEN_FLAGS, BUF_FLAGS, NR, PATTERN, OFF_0,
	LEN_0, OFF_1, LEN_1, MEMORY, NO_FD };

struct ask {
	struct vfio_device_feature feature;
	struct vfio_device_feature_dma_buf dma_buf;
	struct vfio_region_dma_range ranges[RANGES_MOST];
};

static struct ask ask;

static uint64_t make_argsz(struct world *w)
{
	static const uint64_t sizes[] = { 0, 4, 7, 8, 9, 23, 24, 25, 40,
					  0xffffffff };

	return one_in(w, 25) ? sizes[below(w, 10)] : 64;
}

static uint64_t make_flags(struct world *w)
{
	uint64_t flags = VFIO_DEVICE_FEATURE_DMA_BUF | VFIO_DEVICE_FEATURE_GET;

	if (!one_in(w, 25))
		return flags;
	return one_in(w, 2) ? flags ^ 1ull << (16 + below(w, 16)) :
	       (flags & VFIO_DEVICE_FEATURE_MASK) | (below(w, 8) << 16);
}

static uint64_t make_region(struct world *w)
{
	return one_in(w, 25) ? (one_in(w, 4) ? rnd(w) : below(w, 12)) : 2;
}

static uint64_t make_open_flags(struct world *w)
{
	return one_in(w, 10) ? rnd(w) : O_RDWR | O_CLOEXEC;
}

static uint64_t make_mostly_zero(struct world *w)
{
	return one_in(w, 30) ? rnd(w) >> below(w, 64) : 0;
}

static uint64_t make_nr(struct world *w)
{
	static const uint64_t odd[] = {
		0, 0xffffffff, 0x80000000, 0x10000000, 0x10000001, 0x7fffffff,
		4096, 4097, 1024, 1025, 65536,
	};

	if (one_in(w, 30))
		return odd[below(w, sizeof(odd) / sizeof(odd[0]))];
	if (one_in(w, 30))
		return 1 + below(w, 1024);
	return 1 + below(w, 5);
}

static uint64_t make_no_fd(struct world *w)
{
	return one_in(w, 100);
}

/* All ranges but the last follow a pattern that begins with the first. */
static void fill_ranges(const uint64_t *a, uint32_t nr)
{
	uint64_t steps[] = { a[LEN_0], 0, a[LEN_0] / 2, 2 * a[LEN_0] };
	uint64_t step = steps[a[PATTERN] % 4];
	uint32_t i;

	for (i = 0; i < nr && i < RANGES_MOST; i++) {
		ask.ranges[i].offset = a[OFF_0] + i * step;
		ask.ranges[i].length = a[LEN_0];
	}
	if (nr > 1 && nr <= RANGES_MOST) {
		ask.ranges[nr - 1].offset = a[OFF_1];
		ask.ranges[nr - 1].length = a[LEN_1];
	}
}

static int expect_header(uint32_t argsz, uint32_t flags, size_t readable)
{
	const uint32_t get = VFIO_DEVICE_FEATURE_GET,
		set = VFIO_DEVICE_FEATURE_SET,
		probe = VFIO_DEVICE_FEATURE_PROBE;

	if (readable < sizeof(ask.feature))
		return -EFAULT;
	if (argsz < sizeof(ask.feature) ||
	    flags & ~(VFIO_DEVICE_FEATURE_MASK | get | set | probe) ||
	    flags & set)
		return -EINVAL;
	if (flags & probe)
		return 0;
	if (!(flags & get) || argsz < offsetof(struct ask, ranges))
		return -EINVAL;
	return readable < offsetof(struct ask, ranges) ? -EFAULT : 1;
}

/* Return: 1 if the ranges may be what decides. */
static int expect_region(const struct device *dev, size_t readable)
{
	uint32_t region = ask.dma_buf.region_index, nr = ask.dma_buf.nr_ranges;

	if (!nr || ask.dma_buf.flags)
		return -EINVAL;
	if (region >= VFIO_PCI_ROM_REGION_INDEX || !dev->bars[region].size)
		return -ENODEV;
	if (nr > dev->bars[region].size / PAGE)
		return -EINVAL;
	if (readable < offsetof(struct ask, ranges) +
		       nr * sizeof(ask.ranges[0]))
		return -EFAULT;
	return 1;
}

static int expect_ranges(const struct device *dev, uint64_t *size)
{
	uint32_t region = ask.dma_buf.region_index, nr = ask.dma_buf.nr_ranges;
	uint64_t start = dev->bars[region].start, at, end;
	uint32_t i;

	*size = 0;
	for (i = 0; i < nr; i++) {
		if (!ask.ranges[i].length ||
		    (ask.ranges[i].length | ask.ranges[i].offset) % PAGE ||
		    __builtin_add_overflow(*size, ask.ranges[i].length, size))
			return -EINVAL;
	}
	if (*size > dev->bars[region].size || dev->bars[region].io)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		if (__builtin_add_overflow(start, ask.ranges[i].offset, &at) ||
		    __builtin_add_overflow(at, ask.ranges[i].length, &end))
			return -EOVERFLOW;
		if (end > start + dev->bars[region].size)
			return -EINVAL;
	}
	return 0;
}

static int expect(const struct device *dev, size_t readable, uint64_t *size)
{
	int ret;

	if (!dev->open)
		return -EBADF;
	ret = expect_header(ask.feature.argsz, ask.feature.flags, readable);
	if (ret == 1)
		ret = expect_region(dev, readable);
	if (ret == 1)
		ret = expect_ranges(dev, size);
	return ret;
}

/* With as many descriptors allowed as are open */
static long without_fd(int fd, void *arg)
{
	struct rlimit limit, none;
	int next = dup(0);
	long ret;

	close(next);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = next;
	setrlimit(RLIMIT_NOFILE, &none);
	ret = sys_ioctl(fd, VFIO_DEVICE_FEATURE, arg);
	setrlimit(RLIMIT_NOFILE, &limit);
	return ret;
}

static void take(struct world *w, unsigned int nr, int fd, uint64_t size)
{
	struct slot slot = {
		.kind = FD_PHYS,
		.fd = fd,
		.device = nr,
		.life = w->devices[nr].life,
		.size = size,
		.nr_ranges = ask.dma_buf.nr_ranges,
	};
	enum state state = slot_state(w, &slot);
	const char *shown;

	if (strtoull(fdinfo(fd, "size"), NULL, 10) != size ||
	    strtoull(fdinfo(fd, "phys_ranges"), NULL, 10) != slot.nr_ranges)
		judge_fail("a buffer of %s bytes in %s ranges, asked for %llu in %llu",
			   fdinfo(fd, "size"), fdinfo(fd, "phys_ranges"),
			   (unsigned long long)size,
			   (unsigned long long)slot.nr_ranges);
	shown = fdinfo(fd, "phys_state");
	if (state != UNKNOWN && strcmp(shown, state == LIVE ? "live" : "revoked"))
		judge_fail("a new buffer is %s, should be %s", shown,
			   state == LIVE ? "live" : "revoked");
	slot_add(w, slot);
}

static long run_export(struct world *w, const uint64_t *a)
{
	struct device *dev = device_choose(w, a[DEV]);
	unsigned int nr = dev - w->devices;
	size_t readable, bytes;
	uint64_t size = 0;
	void *arg;
	long ret;

	ask.feature.argsz = a[ARGSZ];
	/* The feature's number stays; other features are not what we fuzz. */
	ask.feature.flags = (a[FLAGS] & ~(uint64_t)VFIO_DEVICE_FEATURE_MASK) |
			    VFIO_DEVICE_FEATURE_DMA_BUF;
	ask.dma_buf.region_index = a[REGION];
	ask.dma_buf.open_flags = a[OPEN_FLAGS];
	ask.dma_buf.flags = a[BUF_FLAGS];
	ask.dma_buf.nr_ranges = a[NR];
	fill_ranges(a, a[NR]);
	bytes = offsetof(struct ask, ranges) + sizeof(ask.ranges[0]) *
		((uint32_t)a[NR] < RANGES_MOST ? (uint32_t)a[NR] : RANGES_MOST);
	arg = user_memory(w, &ask, bytes, a[MEMORY], &readable);

	w->expect = expect(dev, readable, &size);
	if (!w->expect && size && a[NO_FD])
		w->expect = -EMFILE;
	w->feature = (uint32_t)a[NR] > 5 ? 6 : a[NR];
	ret = a[NO_FD] ? without_fd(dev->vfio.fd, arg) :
			 sys_ioctl(dev->vfio.fd, VFIO_DEVICE_FEATURE, arg);
	if (ret >= 0 && size && !w->expect)
		take(w, nr, ret, size);
	return ret;
}

const struct op export_ops[] = {
	{
		.name = "export", .weight = 200, .run = run_export,
		.args = {
			[DEV] = { "device", any },
			[ARGSZ] = { "argsz", make_argsz },
			[FLAGS] = { "flags", make_flags },
			[REGION] = { "region", make_region },
			[OPEN_FLAGS] = { "open_flags", make_open_flags },
			[BUF_FLAGS] = { "buf_flags", make_mostly_zero },
			[NR] = { "nr_ranges", make_nr },
			[PATTERN] = { "pattern", any },
			[OFF_0] = { "offset", bar_offset },
			[LEN_0] = { "length", bar_length },
			[OFF_1] = { "last_offset", bar_offset },
			[LEN_1] = { "last_length", bar_length },
			[MEMORY] = { "memory", make_mostly_zero },
			[NO_FD] = { "no_fd", make_no_fd },
		},
		.errnos = { EBADF, EFAULT, EINVAL, ENODEV, EOVERFLOW, EMFILE },
		.least = 200,
	},
	{ .name = NULL }
};
