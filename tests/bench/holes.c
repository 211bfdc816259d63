// SPDX-License-Identifier: GPL-2.0
/*
 * What a hole in the IOVA space costs: the floor once more, with as large a hole
 * behind each range. One unmap stops at a hole, so they go range by range: with a
 * flush each, or, where the DMA layer can gather, with one for all.
 */
#include <linux/iommu.h>
#include <linux/scatterlist.h>
#ifdef BENCH_GATHER
#include <linux/iommu-dma.h>
#endif

#include "bench.h"
#include "sgt.h"

static int holes_map(struct bench_case *c)
{
	struct device *dev = &machine.importer->dev;
	size_t offset = 0;
	int ret = 0;
	size_t i;

	if (!dma_iova_try_alloc(dev, &c->iova, c->ranges[0].paddr, 2 * c->size))
		return -ENOMEM;
	for (i = 0; i < c->nr && !ret; i++) {
		ret = dma_iova_link(dev, &c->iova, c->ranges[i].paddr, offset,
				    c->ranges[i].len, DMA_BIDIRECTIONAL,
				    DMA_ATTR_MMIO);
		offset += 2 * c->ranges[i].len;
	}
	return ret ?: dma_iova_sync(dev, &c->iova, 0, 2 * c->size);
}

static int holes_unmap(struct bench_case *c)
{
	struct device *dev = &machine.importer->dev;
	size_t offset = 0;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		dma_iova_unlink(dev, &c->iova, offset, c->ranges[i].len,
				DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
		offset += 2 * c->ranges[i].len;
	}
	dma_iova_free(dev, &c->iova);
	return 0;
}

const struct bench_way bench_holes = {
	.name = "holes",
	.route = "iova",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", holes_map }, { "walk", bench_nothing },
		{ "unmap", holes_unmap },
	},
	.end = bench_detach,
};

#ifdef BENCH_GATHER
static int gather_unmap(struct bench_case *c)
{
	struct device *dev = &machine.importer->dev;
	struct iommu_iotlb_gather gather;
	size_t offset = 0;
	size_t i;

	dma_iova_gather_init(dev, &gather, DMA_IOVA_FLUSH_ALL);
	for (i = 0; i < c->nr; i++) {
		dma_iova_unlink_gather(dev, &c->iova, offset, c->ranges[i].len,
				       DMA_BIDIRECTIONAL, DMA_ATTR_MMIO,
				       &gather);
		offset += 2 * c->ranges[i].len;
	}
	dma_iova_gather_sync(dev, &gather);
	dma_iova_free(dev, &c->iova);
	return 0;
}

const struct bench_way bench_gather = {
	.name = "gather",
	.route = "iova",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", holes_map }, { "walk", bench_nothing },
		{ "unmap", gather_unmap },
	},
	.end = bench_detach,
};
#endif
