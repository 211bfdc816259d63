// SPDX-License-Identifier: GPL-2.0
/*
 * The layouts that are mapped. Between any two ranges is a gap, so that none can
 * be merged.
 */
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

/* Far above all memory, and a multiple of any page that an IOMMU has */
#define FIRST	(4 * SZ_1T)

static const struct {
	const char *name;
	size_t len;
} equal[] = {
	{ "4K", SZ_4K }, { "64K", SZ_64K }, { "2M", SZ_2M }, { "256M", SZ_256M },
	{ "4G", SZ_4G }, { "64G", 16 * SZ_4G },
};

/* Each begins where the one before it happened to end, and a page. */
static const size_t mixed[] = {
	SZ_4K, SZ_16K - SZ_4K, SZ_2M + SZ_4K, SZ_64K, SZ_1M - SZ_4K, SZ_2M,
	SZ_32K + SZ_4K, SZ_4M + SZ_64K,
};

static void fill_equal(struct bench_case *c, size_t len)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		c->ranges[i] = (struct phys_vec) { FIRST + 2 * i * len, len };
}

static void fill_mixed(struct bench_case *c)
{
	phys_addr_t paddr = FIRST;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		size_t len = mixed[i % ARRAY_SIZE(mixed)];

		c->ranges[i] = (struct phys_vec) { paddr, len };
		paddr += len + SZ_4K;
	}
}

/* A page in front of large ones */
static void fill_odd(struct bench_case *c)
{
	fill_equal(c, SZ_4M);
	c->ranges[0].len = SZ_4K;
}

static int fill(struct bench_case *c, const char *name)
{
	size_t i;

	if (!strcmp(name, "mixed")) {
		fill_mixed(c);
		return 0;
	}
	if (!strcmp(name, "4K+4M")) {
		fill_odd(c);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(equal); i++) {
		if (!strcmp(name, equal[i].name)) {
			fill_equal(c, equal[i].len);
			return 0;
		}
	}
	return -EINVAL;
}

int bench_layout(struct bench_case *c, const char *name, size_t nr)
{
	size_t i;
	int ret;

	memset(c, 0, sizeof(*c));
	strscpy(c->layout, name);
	c->nr = nr;
	c->ranges = kvmalloc_array(nr, sizeof(*c->ranges), GFP_KERNEL);
	if (!c->ranges)
		return -ENOMEM;
	ret = fill(c, name);
	if (ret) {
		kvfree(c->ranges);
		return ret;
	}
	for (i = 0; i < nr; i++)
		c->size += c->ranges[i].len;
	return 0;
}

void bench_layout_free(struct bench_case *c)
{
	kvfree(c->ranges);
}
