// SPDX-License-Identifier: GPL-2.0
/* Buffers of ordinary memory, whose exporters know nothing of ranges */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counts.h"
#include "ktap.h"
#include "layout.h"
#include "other.h"
#include "suites.h"
#include "work.h"

#define PAGE	4096ull
#define LEN	(2ul << 20)

static struct fabric f;

static void passes(const struct region *out, const struct region *in,
		   const struct region *r, const uint8_t *map, uint64_t at,
		   uint32_t len)
{
	memset(in->mem, 0, len);
	CHECK_WORKS(work_write(out, 0, r, at, len));
	CHECK(!memcmp(map + at, out->mem, len), "%u bytes arrive wrong", len);
	CHECK_WORKS(work_read(in, 0, r, at, len));
	CHECK(!memcmp(in->mem, out->mem, len), "%u bytes come back wrong", len);
}

static void other(const void *arg)
{
	int (*make)(size_t len) = arg;
	static const uint32_t sizes[] = { 1, 7, 4096, 4097, 70001, LEN - 5 };
	long buffers = count_dmabufs();
	struct region out, in, r;
	uint8_t *map, *before;
	unsigned int i;
	int fd;

	fd = make(LEN);
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED, "mmap: %m");
	pattern(map, LEN, 1, 0);
	fabric_open(&f);
	region_alloc(&out, &f.near, LEN, ALL_RIGHTS);
	region_alloc(&in, &f.near, LEN, ALL_RIGHTS);
	before = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(before != MAP_FAILED, "mmap: %m");

	/* A slice: what is outside of it stays. */
	CHECK_EQ(region_on(&r, &f.far, fd, 3 * PAGE + 50, 4 * PAGE, 50,
			   ALL_RIGHTS), 0);
	memcpy(before, map, LEN);
	pattern(out.mem, LEN, 2, 0);
	passes(&out, &in, &r, map + 3 * PAGE + 50, 11, 3 * PAGE);
	memcpy(before + 3 * PAGE + 61, out.mem, 3 * PAGE);
	CHECK(!memcmp(before, map, LEN), "bytes outside were touched");
	region_drop(&r);

	CHECK_EQ(region_on(&r, &f.far, fd, 0, LEN, 0, ALL_RIGHTS), 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pattern(out.mem, sizes[i], 3 + i, 0);
		passes(&out, &in, &r, map, 3, sizes[i]);
	}
	/* It holds the memory without any other hold on it. */
	munmap(map, LEN);
	close(fd);
	CHECK_EQ(count_dmabufs(), buffers + 1);
	memset(in.mem, 0, LEN);
	CHECK_WORKS(work_read(&in, 0, &r, 3, LEN - 5));
	CHECK(!memcmp(in.mem, out.mem, LEN - 5), "other bytes now");
	region_drop(&r);
	CHECK_EQ(count_dmabufs(), buffers);
}

int other_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "system heap", other, make_heap, 0 },
		{ "udmabuf", other, make_udmabuf, 0 },
	};

	return ktap_run(CASES(cases));
}
