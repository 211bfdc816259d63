// SPDX-License-Identifier: GPL-2.0
/*
 * RDMA to and from a BAR moves the right bytes and no others, whatever their
 * number, their alignment and the ranges that they lie across.
 */
#include <stdio.h>
#include <string.h>

#include "bed.h"
#include "ktap.h"
#include "suites.h"

#define PAGE	4096ull
#define MIB	(1ul << 20)

static struct bed bed;

/* At its ends, and around the places where its ranges meet */
static void every_size(const void *arg)
{
	static const uint32_t sizes[] = {
		1, 2, 3, 7, 8, 9, 63, 64, 65, 1023, 4095, 4096, 4097, 12289,
		65535, 1048577, 8 * MIB,
	};
	struct region r;
	size_t i;

	(void)arg;
	bed_open_large(&bed, BAR_MOST);
	CHECK(bed.l.size >= 8 * MIB, "a buffer of only %llu bytes",
	      (unsigned long long)bed.l.size);
	bed_region(&bed, &r);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t len = sizes[i];
		uint64_t meet = bed.l.ranges[0].length;

		bed_pass(&bed, &r, 0, 0, len);
		if (len < MIB) {
			bed_pass(&bed, &r, 0, 3, len);
			bed_pass(&bed, &r, 0, meet - (len + 1) / 2, len);
			bed_pass(&bed, &r, 0, meet - 1, len);
			meet += bed.l.ranges[1].length;
			bed_pass(&bed, &r, 0, meet - (len + 2) / 3, len);
		}
		bed_pass(&bed, &r, 0, bed.l.size - len, len);
		bar_check(&bed.exp.bar);
	}
	region_drop(&r);
	note("%llu bytes in %zu ranges, at most %u at once",
	     (unsigned long long)bed.l.size, bed.l.nr, sizes[i - 1]);
}

/* Every alignment of either end, over each place where ranges meet */
static void every_alignment(const void *arg)
{
	uint64_t meet = 0;
	struct region r;
	unsigned int i, head, tail;

	(void)arg;
	bed_open(&bed);
	bed_region(&bed, &r);
	for (i = 0; i < 2; i++) {
		meet += bed.l.ranges[i].length;
		for (head = 0; head < 9; head++)
			for (tail = 0; tail < 9; tail++)
				if (head + tail)
					bed_pass(&bed, &r, 0, meet - head,
						 head + tail);
		bar_check(&bed.exp.bar);
	}
}

/* A message that far has room for in the BAR, one that it takes from there */
static void send_and_receive(const void *arg)
{
	uint64_t at = PAGE - 77;
	uint32_t len = 3 * PAGE + 1;
	struct region r;

	(void)arg;
	bed_open(&bed);
	bed_region(&bed, &r);
	pattern(bed.out.mem, len, 1, 0);
	work_receive(&bed.f.far, &r, at, len);
	CHECK_WORKS(work_do(&(struct work) {
		.by = &bed.f.near, .opcode = IBV_WR_SEND,
		.local = &bed.out, .len = len }));
	CHECK_WORKS(work_wait(&bed.f.far).status);
	bar_expect(&bed.exp.bar, &bed.l, at, bed.out.mem, len);
	bar_check(&bed.exp.bar);

	work_receive(&bed.f.near, &bed.in, 5, len);
	CHECK_WORKS(work_do(&(struct work) {
		.by = &bed.f.far, .opcode = IBV_WR_SEND,
		.local = &r, .at = at, .len = len }));
	CHECK_WORKS(work_wait(&bed.f.near).status);
	CHECK(!memcmp(bed.in.mem + 5, bed.out.mem, len), "near got something else");
}

/* far is the one who asks: it writes from the BAR, and reads to it. */
static void local_region(const void *arg)
{
	uint64_t at = PAGE - 1001;
	uint32_t len = 2 * PAGE + 3;
	struct region r;

	(void)arg;
	bed_open(&bed);
	bed_region(&bed, &r);
	pattern(bed.out.mem, len, 1, 0);
	CHECK_WORKS(work_read(&r, at, &bed.out, 0, len));
	bar_expect(&bed.exp.bar, &bed.l, at, bed.out.mem, len);
	bar_check(&bed.exp.bar);
	CHECK_WORKS(work_write(&r, at, &bed.in, 9, len));
	CHECK(!memcmp(bed.in.mem + 9, bed.out.mem, len), "near got something else");
}

/* Each has its own part of the buffer and its own addresses. */
static void two_slices(const void *arg)
{
	uint64_t meet, first_len, second_at;
	struct region first, second;

	(void)arg;
	bed_open(&bed);
	/* The first ends inside the second range, the second begins before. */
	meet = bed.l.ranges[0].length;
	first_len = meet + 100;
	second_at = meet - 900;
	bed_slice(&bed, &first, 0, first_len, 0x7ffffffff000, ALL_RIGHTS);
	bed_slice(&bed, &second, second_at, bed.l.size - second_at,
		  0x10000 + second_at % PAGE, ALL_RIGHTS);

	bed_pass(&bed, &first, 0, 0, first_len);
	bed_pass(&bed, &second, second_at, 0, bed.l.size - second_at);
	bed_pass(&bed, &first, 0, first_len - 1, 1);
	bar_check(&bed.exp.bar);

	/* A byte too far, on both sides of either */
	CHECK_STATUS(work_write(&bed.out, 0, &first, first_len - 1, 2),
		     IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
	CHECK_STATUS(work_write(&bed.out, 0, &second, -1, 2),
		     IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
	CHECK_STATUS(work_read(&bed.in, 0, &second, bed.l.size - second_at, 1),
		     IBV_WC_REM_ACCESS_ERR);
	fabric_connect(&bed.f);
	bar_check(&bed.exp.bar);

	/* The one does not go with the other. */
	region_drop(&first);
	bed_pass(&bed, &second, second_at, 0, 2000);
	bar_check(&bed.exp.bar);
}

/* A region of one byte, at an odd address */
static void one_byte(const void *arg)
{
	struct region r;

	(void)arg;
	bed_open(&bed);
	bed_slice(&bed, &r, PAGE + 123, 1, 0x5000 + 123, ALL_RIGHTS);
	bed_pass(&bed, &r, PAGE + 123, 0, 1);
	bar_check(&bed.exp.bar);
	CHECK_STATUS(work_write(&bed.out, 0, &r, 0, 2), IBV_WC_REM_ACCESS_ERR);
	bar_check(&bed.exp.bar);
}

/* near has a region on the buffer, too: the bytes go from BAR to BAR. */
static void device_to_device(const void *arg)
{
	struct region from, to;
	uint64_t half;

	(void)arg;
	bed_open(&bed);
	half = bed.l.size / 2 & ~(PAGE - 1);
	CHECK_EQ(region_on(&from, &bed.f.near, bed.dmabuf, 0, half, 0,
			   ALL_RIGHTS), 0);
	bed_slice(&bed, &to, half, half, 0, ALL_RIGHTS);
	pattern(bed.out.mem, half, 7, 0);
	bar_write(&bed.exp.bar, &bed.l, 0, bed.out.mem, half);
	CHECK_WORKS(work_write(&from, 1, &to, 2, half - 3));
	bar_expect(&bed.exp.bar, &bed.l, half + 2, bed.out.mem + 1, half - 3);
	bar_check(&bed.exp.bar);
	CHECK_WORKS(work_read(&from, 0, &to, 2, 100));
	bar_expect(&bed.exp.bar, &bed.l, 0, bed.out.mem + 1, 100);
	bar_check(&bed.exp.bar);
}

/* One write of several pieces, by turns of ordinary memory and of a BAR */
static void gathered(const void *arg)
{
	struct region from, to;
	struct ibv_send_wr *bad;
	struct ibv_sge sges[3];
	struct ibv_send_wr wr = {
		.sg_list = sges,
		.num_sge = 3,
		.opcode = IBV_WR_RDMA_WRITE,
		.send_flags = IBV_SEND_SIGNALED,
	};
	uint8_t bar_part[333];

	(void)arg;
	bed_open(&bed);
	CHECK_EQ(region_on(&from, &bed.f.near, bed.dmabuf, 0, 2 * PAGE, 0,
			   ALL_RIGHTS), 0);
	bed_slice(&bed, &to, 4 * PAGE, PAGE, 0, ALL_RIGHTS);
	pattern(bed.out.mem, PAGE, 8, 0);
	pattern(bar_part, sizeof(bar_part), 9, 0);
	bar_write(&bed.exp.bar, &bed.l, PAGE - 100, bar_part, sizeof(bar_part));

	sges[0] = (struct ibv_sge) { bed.out.iova, 777, bed.out.lkey };
	sges[1] = (struct ibv_sge) { PAGE - 100, sizeof(bar_part), from.lkey };
	sges[2] = (struct ibv_sge) { bed.out.iova + 777, 50, bed.out.lkey };
	wr.wr.rdma.remote_addr = 1;
	wr.wr.rdma.rkey = to.rkey;
	CHECK_EQ(ibv_post_send(bed.f.near.qp, &wr, &bad), 0);
	CHECK_WORKS(work_wait(&bed.f.near).status);
	bar_expect(&bed.exp.bar, &bed.l, 4 * PAGE + 1, bed.out.mem, 777);
	bar_expect(&bed.exp.bar, &bed.l, 4 * PAGE + 778, bar_part,
		   sizeof(bar_part));
	bar_expect(&bed.exp.bar, &bed.l, 4 * PAGE + 778 + sizeof(bar_part),
		   bed.out.mem + 777, 50);
	bar_check(&bed.exp.bar);
}

int bytes_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "written and read, 1 B to 8 MiB", every_size, NULL, 300 },
		{ "every alignment over a range's end", every_alignment, NULL,
		  300 },
		{ "sent and received", send_and_receive, NULL, 0 },
		{ "far asks, from and to its region", local_region, NULL, 0 },
		{ "two regions on slices", two_slices, NULL, 0 },
		{ "a region of one byte", one_byte, NULL, 0 },
		{ "from one region on a BAR to another", device_to_device, NULL,
		  0 },
		{ "gathered from memory and a BAR", gathered, NULL, 0 },
	};

	return ktap_run(CASES(cases));
}
