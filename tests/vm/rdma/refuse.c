// SPDX-License-Identifier: GPL-2.0
/* Regions that cannot be: the answer to each, and that nothing is left of it */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bed.h"
#include "counts.h"
#include "ktap.h"
#include "suites.h"

#define PAGE	4096ull

static struct bed bed;

/* The buffer has nine pages. */
#define SIZE	(9 * PAGE)

enum { THE_BUFFER = -100, A_PIPE, A_CLOSED_FD, A_MEMFD, AN_RDMA_DEVICE };

struct refusal {
	const char *name;
	int fd;			/* one of the above, or a number */
	uint64_t offset, len, iova;
	int access;
	int error;		/* 0: works */
};

#define RO	IBV_ACCESS_REMOTE_READ

static const struct refusal refusals[] = {
	{ "all of it", THE_BUFFER, 0, SIZE, 0, RO, 0 },
	{ "its last byte", THE_BUFFER, SIZE - 1, 1, PAGE - 1, RO, 0 },
	{ "at the last page of all addresses", THE_BUFFER, 0, PAGE,
	  -PAGE, RO, 0 },
	{ "a byte more than all", THE_BUFFER, 0, SIZE + 1, 0, RO, -EINVAL },
	{ "a page more than all", THE_BUFFER, 0, SIZE + PAGE, 0, RO, -EINVAL },
	{ "from its end on", THE_BUFFER, SIZE, 1, 0, RO, -EINVAL },
	{ "over its end", THE_BUFFER, SIZE - 1, 2, PAGE - 1, RO, -EINVAL },
	{ "far behind it", THE_BUFFER, 1ull << 40, PAGE, 0, RO, -EINVAL },
	{ "nothing", THE_BUFFER, 0, 0, 0, RO, -EINVAL },
	{ "nothing, in the middle", THE_BUFFER, PAGE, 0, 0, RO, -EINVAL },
	{ "more than there are addresses", THE_BUFFER, PAGE, -PAGE, 0, RO,
	  -EINVAL },
	{ "the most there can be", THE_BUFFER, 0, -1, 0, RO, -EINVAL },
	{ "an offset that wraps around", THE_BUFFER, -PAGE, 2 * PAGE, 0, RO,
	  -EINVAL },
	{ "addresses that wrap around", THE_BUFFER, 0, 2 * PAGE, -PAGE, RO,
	  -EINVAL },
	{ "addresses not congruent", THE_BUFFER, 0, PAGE, 1, RO, -EINVAL },
	{ "addresses not congruent, too", THE_BUFFER, 100, PAGE, 101, RO,
	  -EINVAL },
	{ "a pipe", A_PIPE, 0, PAGE, 0, RO, -EINVAL },
	{ "a closed fd", A_CLOSED_FD, 0, PAGE, 0, RO, -EBADF },
	{ "no fd", -1, 0, PAGE, 0, RO, -EBADF },
	{ "not even an fd", INT_MAX, 0, PAGE, 0, RO, -EBADF },
	{ "a memfd", A_MEMFD, 0, PAGE, 0, RO, -EINVAL },
	{ "the RDMA device itself", AN_RDMA_DEVICE, 0, PAGE, 0, RO, -EINVAL },
	{ "to write remotely, not locally", THE_BUFFER, 0, PAGE, 0,
	  IBV_ACCESS_REMOTE_WRITE, -EINVAL },
	{ "atomics remotely, no writing locally", THE_BUFFER, 0, PAGE, 0,
	  IBV_ACCESS_REMOTE_ATOMIC, -EINVAL },
	{ "memory windows", THE_BUFFER, 0, PAGE, 0,
	  ALL_RIGHTS | IBV_ACCESS_MW_BIND, -EINVAL },
	{ "zero based", THE_BUFFER, 0, PAGE, 0, RO | IBV_ACCESS_ZERO_BASED,
	  -EINVAL },
	{ "on demand", THE_BUFFER, 0, PAGE, 0, RO | IBV_ACCESS_ON_DEMAND,
	  -EINVAL },
	{ "huge pages", THE_BUFFER, 0, PAGE, 0, RO | IBV_ACCESS_HUGETLB,
	  -EINVAL },
	{ "to flush", THE_BUFFER, 0, PAGE, 0, ALL_RIGHTS | 0x300, -EINVAL },
	{ "rights that nobody knows", THE_BUFFER, 0, PAGE, 0, RO | 1 << 15,
	  -EINVAL },
	{ "relaxed ordering", THE_BUFFER, 0, PAGE, 0,
	  ALL_RIGHTS | IBV_ACCESS_RELAXED_ORDERING, 0 },
};

static int fd_of(int fd)
{
	int fds[2];

	switch (fd) {
	case THE_BUFFER:
		return bed.dmabuf;
	case A_PIPE:
		CHECK(!pipe(fds), "pipe: %m");
		return fds[0];
	case A_CLOSED_FD:
		fd = dup(0);
		close(fd);
		return fd;
	case A_MEMFD:
		return memfd_create("not a dma-buf", 0);
	case AN_RDMA_DEVICE:
		return bed.f.far.context->cmd_fd;
	default:
		return fd;
	}
}

static void refused(const void *arg)
{
	unsigned int bad = 0;
	struct region r;
	long buffers;
	int regions;
	size_t i;

	(void)arg;
	bed_open(&bed);
	CHECK_EQ(bed.l.size, SIZE);
	buffers = count_dmabufs();
	regions = net_objects(&net_far, "mr");
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *no = &refusals[i];
		int ret;

		ret = region_on(&r, &bed.f.far, fd_of(no->fd), no->offset,
				no->len, no->iova, no->access);
		if (!ret)
			region_drop(&r);
		if (ret == no->error)
			continue;
		note("%s: %s, should be %s", no->name, ktap_number(ret),
		     ktap_number(no->error));
		bad++;
	}
	CHECK(!bad, "%u of %zu answers are wrong", bad, i);
	CHECK_EQ(net_objects(&net_far, "mr"), regions);
	/* Nobody holds the buffer any more. */
	CHECK_EQ(count_dmabufs(), buffers);
	close(bed.dmabuf);
	CHECK_EQ(count_dmabufs(), buffers - 1);
	note("%zu asked", i);
}

/* There is nothing to fetch in advance: every region is there as it is. */
static void not_advised(const void *arg)
{
	static const uint32_t flags[] = {
		0, IB_UVERBS_ADVISE_MR_FLAG_FLUSH,
	};
	struct region memory, device;
	size_t i;

	(void)arg;
	bed_open(&bed);
	region_alloc(&memory, &bed.f.far, SIZE, ALL_RIGHTS);
	bed_region(&bed, &device);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(region_advise(&memory, flags[i]), -EINVAL);
		CHECK_EQ(region_advise(&device, flags[i]), -EINVAL);
	}
	bed_works(&bed, &device);
}

/* The exporter is gone for good. */
static void dead(const void *arg)
{
	struct region r;

	(void)arg;
	bed_open(&bed);
	exporter_close(&bed.exp);
	CHECK_EQ(region_on(&r, &bed.f.far, bed.dmabuf, 0, SIZE, 0, ALL_RIGHTS),
		 -ENODEV);
	CHECK_EQ(net_objects(&net_far, "mr"), 0);
}

/* A thousand regions on one buffer come, work and go. */
static void many(const void *arg)
{
	static struct region r[1000];
	size_t i;

	(void)arg;
	bed_open(&bed);
	for (i = 0; i < 1000; i++)
		bed_slice(&bed, &r[i], i, 1000, i % PAGE, ALL_RIGHTS);
	CHECK_EQ(net_objects(&net_far, "mr"), 1000);
	for (i = 0; i < 1000; i += 37)
		bed_pass(&bed, &r[i], i, 0, 1000);
	bar_check(&bed.exp.bar);
	for (i = 0; i < 1000; i++)
		region_drop(&r[i]);
	CHECK_EQ(net_objects(&net_far, "mr"), 0);
}

int refuse_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "what cannot be", refused, NULL, 0 },
		{ "advice", not_advised, NULL, 0 },
		{ "a buffer whose exporter is gone", dead, NULL, 0 },
		{ "a thousand regions", many, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
