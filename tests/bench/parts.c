// SPDX-License-Identifier: GPL-2.0
/*
 * The floor behind an IOMMU in its parts. What a mapping costs beyond them is
 * what the code around them costs.
 */
#include "bench.h"
#include "sgt.h"

static int part_alloc(struct bench_case *c)
{
	return dma_iova_try_alloc(&machine.importer->dev, &c->iova,
				  c->ranges[0].paddr, c->size) ? 0 : -ENOMEM;
}

static int part_link(struct bench_case *c)
{
	size_t linked = 0;
	int ret = 0;
	size_t i;

	for (i = 0; i < c->nr && !ret; i++) {
		ret = dma_iova_link(&machine.importer->dev, &c->iova,
				    c->ranges[i].paddr, linked,
				    c->ranges[i].len, DMA_BIDIRECTIONAL,
				    DMA_ATTR_MMIO);
		linked += c->ranges[i].len;
	}
	return ret;
}

static int part_sync(struct bench_case *c)
{
	return dma_iova_sync(&machine.importer->dev, &c->iova, 0, c->size);
}

static int part_unlink(struct bench_case *c)
{
	dma_iova_unlink(&machine.importer->dev, &c->iova, 0, c->size,
			DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	return 0;
}

static int part_free(struct bench_case *c)
{
	dma_iova_free(&machine.importer->dev, &c->iova);
	return 0;
}

const struct bench_way bench_parts_iova = {
	.name = "parts",
	.route = "iova",
	.begin = bench_sgt_begin,
	.steps = {
		{ "alloc", part_alloc }, { "link", part_link },
		{ "sync", part_sync }, { "unlink", part_unlink },
		{ "free", part_free },
	},
	.end = bench_detach,
};
