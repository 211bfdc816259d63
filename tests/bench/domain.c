// SPDX-License-Identifier: GPL-2.0
/*
 * The floor of target IOMMU domain: the entries range by range, one flush.
 */
#include <linux/iommu.h>
#include <linux/kprobes.h>
#ifdef BENCH_BATCH
#include <linux/phys-vec.h>
#endif

#include "bench.h"
#include "sgt.h"

#define PROT	(IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO)

static typeof(iommu_map_nosync) *map_nosync;
static typeof(iommu_sync_map) *sync_map;

/* Who may not call a function may still set a probe, and be told where it is. */
static void *find_function(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *addr = NULL;

	if (!register_kprobe(&probe)) {
		addr = probe.addr;
		unregister_kprobe(&probe);
	}
	return addr;
}

int bench_domain_init(void)
{
	map_nosync = find_function("iommu_map_nosync");
	sync_map = find_function("iommu_sync_map");
	return map_nosync && sync_map ? 0 : -ENOENT;
}

static int domain_map(struct bench_case *c)
{
	unsigned long iova = BENCH_DOMAIN_IOVA;
	size_t i;
	int ret;

	for (i = 0; i < c->nr; i++) {
		ret = map_nosync(machine.domain, iova, c->ranges[i].paddr,
				 c->ranges[i].len, PROT, GFP_KERNEL);
		if (ret)
			return ret;
		iova += c->ranges[i].len;
	}
	return sync_map(machine.domain, BENCH_DOMAIN_IOVA, c->size);
}

int bench_domain_unmap(struct bench_case *c)
{
	iommu_unmap(machine.domain, BENCH_DOMAIN_IOVA, c->size);
	return 0;
}

void bench_domain_span(struct bench_case *c, dma_addr_t *first,
		       dma_addr_t *last)
{
	*first = BENCH_DOMAIN_IOVA;
	*last = BENCH_DOMAIN_IOVA + c->size - 1;
}

const struct bench_way bench_floor_domain = {
	.name = "floor",
	.route = "domain",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", domain_map }, { "walk", bench_nothing }, { "unmap", bench_domain_unmap },
	},
	.span = bench_domain_span,
	.end = bench_detach,
};

#ifdef BENCH_BATCH
static int batch_map(struct bench_case *c)
{
	const struct phys_vec_slice all = { c->ranges, 0, c->size };
	int ret;

	ret = iommu_map_phys_vec_nosync(machine.domain, BENCH_DOMAIN_IOVA, &all,
					PROT, GFP_KERNEL);
	return ret ?: sync_map(machine.domain, BENCH_DOMAIN_IOVA, c->size);
}

const struct bench_way bench_batch_domain = {
	.name = "batch",
	.route = "domain",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", batch_map }, { "walk", bench_nothing }, { "unmap", bench_domain_unmap },
	},
	.span = bench_domain_span,
	.end = bench_detach,
};
#endif
