// SPDX-License-Identifier: GPL-2.0
/* No scatterlist is built for ranges: its allocators are watched. */
#include <string.h>

#include "calls.h"
#include "ktap.h"
#include "machine.h"
#include "other.h"

/*
 * All ways to get entries for a scatterlist: the first is what sg_alloc_table()
 * and sg_alloc_table_chained() come to, and must be there.
 */
static const char * const allocators[CALLS_MOST] = {
	"__sg_alloc_table", "sg_alloc_append_table_from_pages", "sg_kmalloc",
	"sgl_alloc_order",
};

static struct calls calls;

static void watch_allocators(void)
{
	size_t i;

	for (i = 0; i < CALLS_MOST; i++)
		CHECK(!calls_count(&calls, allocators[i]) || i,
		      "no function %s", allocators[i]);
}

struct job {
	const struct importer_ops *target;
	size_t nr;
};

static void no_scatterlist(const void *arg)
{
	const struct job *job = arg;
	uint8_t data[2000], got[2000];
	struct exporter exp;
	struct importer imp;
	struct layout l;
	int dmabuf, i;

	machine_need(job->target);
	watch_allocators();
	exporter_open(&exp);
	layout_scatter(&l, job->nr, 1, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
	importer_open(&imp, job->target);
	for (i = 0; i < 10; i++) {
		CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
		if (i < 9)
			CHECK_EQ(importer_unmap(&imp), 0);
	}
	pattern(data, sizeof(data), 7, 0);
	CHECK_EQ(importer_write(&imp, 3000, data, sizeof(data)), 0);
	CHECK_EQ(importer_read(&imp, 3000, got, sizeof(got)), 0);
	CHECK(!memcmp(got, data, sizeof(data)), "the device reads wrong");
	vfio_set_memory(&exp.dev, false);
	vfio_set_memory(&exp.dev, true);
	CHECK_EQ(importer_unmap(&imp), 0);
	CHECK_EQ(calls_read(&calls), 0);
}

/* The same count for a buffer that does need one, or it would prove nothing */
static void counters_count(const void *arg)
{
	struct importer imp;
	unsigned long sum;
	int dmabuf;

	(void)arg;
	machine_need(&importer_device);
	watch_allocators();
	dmabuf = make_udmabuf(16 << 12);
	importer_open(&imp, &importer_device);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, 16 << 12), 0);
	sum = calls_read(&calls);
	note("udmabuf: %lu calls", sum);
	CHECK(sum, "the counters do not count");
}

int main(void)
{
	static const struct job jobs[] = {
		{ &importer_domain, 3 }, { &importer_device, 3 },
		{ &importer_domain, 1000 }, { &importer_device, 1000 },
	};
	static const struct ktap_case cases[] = {
		{ "the scatterlist of a udmabuf is counted", counters_count,
		  NULL, 0 },
		{ "no scatterlist for 3 ranges, target domain", no_scatterlist,
		  &jobs[0], 0 },
		{ "no scatterlist for 3 ranges, target device", no_scatterlist,
		  &jobs[1], 0 },
		{ "no scatterlist for 1000 ranges, target domain",
		  no_scatterlist, &jobs[2], 0 },
		{ "no scatterlist for 1000 ranges, target device",
		  no_scatterlist, &jobs[3], 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
