// SPDX-License-Identifier: GPL-2.0
/* Memory runs short while a region is made: each allocation fails once. */
#include "bed.h"
#include "inject.h"
#include "ktap.h"
#include "other.h"
#include "suites.h"
#include "sweep.h"

static struct bed bed;
static struct region r;

static int try_region(void)
{
	return region_on(&r, &bed.f.far, bed.dmabuf, 0, bed.l.size, 0,
			 ALL_RIGHTS);
}

static void undo_region(int result)
{
	(void)result;
	region_drop(&r);
}

static void use_region(int result)
{
	(void)result;
	bed_works(&bed, &r);
}

static void making(const void *arg)
{
	const struct sweep sweep = {
		.name = "a region on a dma-buf",
		.try = try_region,
		.undo = undo_region,
		.use = use_region,
		.maps = 1,
		.failures = 3,
	};

	(void)arg;
	if (!inject_init())
		skip("no fault injection in this kernel");
	bed_open(&bed);
	sweep_run(&sweep, &bed.dmabuf);
	inject_exit();
}

int short_suite(void)
{
	static const struct ktap_case cases[] = {
		{ "a region is made, each allocation fails", making, NULL,
		  600 },
	};

	return ktap_run(CASES(cases));
}
