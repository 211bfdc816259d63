// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "bed.h"
#include "ktap.h"

#define PAGE	4096ull

static const struct vfio_region_dma_range small[] = {
	{ 0x90000, 3 * PAGE }, { 2 * PAGE, 2 * PAGE }, { 0xe1000, 4 * PAGE },
};

/* In sixteenths of the BAR; an odd number of pages each */
static void large_layout(struct layout *l, uint64_t sixteenth)
{
	const struct vfio_region_dma_range ranges[] = {
		{ 9 * sixteenth, 3 * sixteenth + PAGE },
		{ 2 * PAGE, 4 * sixteenth - PAGE },
		{ 14 * sixteenth - PAGE, sixteenth + 3 * PAGE },
	};

	layout_set(l, ranges, 3);
}

static void open_rest(struct bed *b)
{
	b->dmabuf = exporter_export(&b->exp, &b->l);
	fabric_open(&b->f);
	region_alloc(&b->out, &b->f.near, b->l.size, ALL_RIGHTS);
	region_alloc(&b->in, &b->f.near, b->l.size, ALL_RIGHTS);
}

void bed_open(struct bed *b)
{
	exporter_open_on(&b->exp, machine.exporter, EXPORTER_BAR, BED_BAR);
	layout_set(&b->l, small, 3);
	open_rest(b);
}

void bed_open_large(struct bed *b, size_t bar_len)
{
	exporter_open_on(&b->exp, machine.exporter, EXPORTER_BAR, bar_len);
	large_layout(&b->l, b->exp.bar.len / 16);
	open_rest(b);
}

void bed_slice(struct bed *b, struct region *r, uint64_t offset, uint64_t len,
	       uint64_t iova, int access)
{
	CHECK_EQ(region_on(r, &b->f.far, b->dmabuf, offset, len, iova, access),
		 0);
}

void bed_region(struct bed *b, struct region *r)
{
	bed_slice(b, r, 0, b->l.size, 0, ALL_RIGHTS);
}

void bed_pass(struct bed *b, const struct region *r, uint64_t offset,
	      uint64_t at, uint32_t len)
{
	static uint64_t seed;

	pattern(b->out.mem + at, len, ++seed, at);
	memset(b->in.mem + at, 0, len);
	CHECK_WORKS(work_write(&b->out, at, r, at, len));
	bar_expect(&b->exp.bar, &b->l, offset + at, b->out.mem + at, len);
	CHECK_WORKS(work_read(&b->in, at, r, at, len));
	CHECK(!memcmp(b->in.mem + at, b->out.mem + at, len),
	      "%u bytes at %#llx are read back wrong", len,
	      (unsigned long long)at);
}

void bed_works(struct bed *b, const struct region *r)
{
	bed_pass(b, r, 0, b->l.ranges[0].length - 1500, 3000);
	bar_check(&b->exp.bar);
}
