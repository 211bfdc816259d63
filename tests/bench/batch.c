// SPDX-License-Identifier: GPL-2.0
/*
 * The second floor: all ranges by one walk of the page table.
 */
#ifdef BENCH_BATCH
#include <linux/phys-vec.h>
#endif

#include "bench.h"
#include "sgt.h"

#ifdef BENCH_BATCH
static int batch_map(struct bench_case *c)
{
	const struct phys_vec_slice all = { c->ranges, 0, c->size };
	struct device *dev = &machine.importer->dev;
	int ret;

	if (!dma_iova_try_alloc(dev, &c->iova, c->ranges[0].paddr, c->size))
		return -ENOMEM;
	ret = dma_iova_link_phys_vec(dev, &c->iova, 0, &all, DMA_BIDIRECTIONAL,
				     DMA_ATTR_MMIO, GFP_KERNEL);
	return ret ?: dma_iova_sync(dev, &c->iova, 0, c->size);
}

static int batch_unmap(struct bench_case *c)
{
	dma_iova_destroy(&machine.importer->dev, &c->iova, c->size,
			 DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	return 0;
}

const struct bench_way bench_batch_iova = {
	.name = "batch",
	.route = "iova",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", batch_map }, { "walk", bench_nothing }, { "unmap", batch_unmap },
	},
	.span = bench_iova_span,
	.end = bench_detach,
};
#endif
