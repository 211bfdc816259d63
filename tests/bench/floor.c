// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: what must be done for a buffer, range by range, and nothing around
 * it. An IOVA, the page table entries and one flush behind an IOMMU; an address
 * for each range elsewhere.
 */
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>

#include "bench.h"
#include "sgt.h"

/* The buffer is there for its lock only. */
int bench_alloc_addrs(struct bench_case *c)
{
	int ret = bench_sgt_begin(c);

	if (ret)
		return ret;
	c->addrs = kvcalloc(c->nr, sizeof(*c->addrs), GFP_KERNEL);
	if (c->addrs)
		return 0;
	bench_detach(c);
	return -ENOMEM;
}

void bench_free_addrs(struct bench_case *c)
{
	kvfree(c->addrs);
	bench_detach(c);
}

static int walk_addrs(struct bench_case *c)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < c->nr; i++)
		sum += c->addrs[i] + c->ranges[i].len;
	c->sum = sum;
	return 0;
}

static int iova_map(struct bench_case *c)
{
	struct device *dev = &machine.importer->dev;
	size_t linked = 0;
	size_t i;
	int ret;

	if (!dma_iova_try_alloc(dev, &c->iova, c->ranges[0].paddr, c->size))
		return -ENOMEM;
	for (i = 0; i < c->nr; i++) {
		ret = dma_iova_link(dev, &c->iova, c->ranges[i].paddr, linked,
				    c->ranges[i].len, DMA_BIDIRECTIONAL,
				    DMA_ATTR_MMIO);
		if (ret)
			goto err_destroy;
		linked += c->ranges[i].len;
	}
	ret = dma_iova_sync(dev, &c->iova, 0, linked);
	if (!ret)
		return 0;

err_destroy:
	dma_iova_destroy(dev, &c->iova, linked, DMA_BIDIRECTIONAL,
			 DMA_ATTR_MMIO);
	return ret;
}

static int iova_unmap(struct bench_case *c)
{
	dma_iova_destroy(&machine.importer->dev, &c->iova, c->size,
			 DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
	return 0;
}

void bench_iova_span(struct bench_case *c, dma_addr_t *first, dma_addr_t *last)
{
	*first = c->iova.addr;
	*last = c->iova.addr + c->size - 1;
}

const struct bench_way bench_floor_iova = {
	.name = "floor",
	.route = "iova",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", iova_map }, { "walk", bench_nothing }, { "unmap", iova_unmap },
	},
	.span = bench_iova_span,
	.end = bench_detach,
};

static int direct_map(struct bench_case *c)
{
	struct device *dev = &machine.importer->dev;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		c->addrs[i] = dma_map_phys(dev, c->ranges[i].paddr,
					   c->ranges[i].len, DMA_BIDIRECTIONAL,
					   DMA_ATTR_MMIO);
		if (dma_mapping_error(dev, c->addrs[i]))
			return -EIO;
	}
	return 0;
}

static int direct_unmap(struct bench_case *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		dma_unmap_phys(&machine.importer->dev, c->addrs[i],
			       c->ranges[i].len, DMA_BIDIRECTIONAL,
			       DMA_ATTR_MMIO);
	return 0;
}

const struct bench_way bench_floor_direct = {
	.name = "floor",
	.route = "direct",
	.begin = bench_alloc_addrs,
	.steps = {
		{ "map", direct_map }, { "walk", walk_addrs }, { "unmap", direct_unmap },
	},
	.end = bench_free_addrs,
};

static int bus_map(struct bench_case *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		c->addrs[i] = pci_p2pdma_bus_addr_map(machine.provider,
						      c->ranges[i].paddr);
	return 0;
}

const struct bench_way bench_floor_bus = {
	.name = "floor",
	.route = "bus",
	.begin = bench_alloc_addrs,
	.steps = {
		{ "map", bus_map }, { "walk", walk_addrs }, { "unmap", bench_nothing },
	},
	.end = bench_free_addrs,
};
