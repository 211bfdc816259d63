// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter describes its ranges, the core maps them: for an importer that
 * walks what was mapped, for one that wants a scatterlist, and for one that has a
 * domain of its own.
 */
#include <linux/dma-buf-phys.h>
#include <linux/iommu.h>

#include "bench.h"
#include "sgt.h"

static void export_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops export_ops = {
	.map_dma_buf = dma_buf_phys_map_dma_buf,
	.unmap_dma_buf = dma_buf_phys_unmap_dma_buf,
	.release = export_release,
};

int bench_described_export(struct bench_case *c)
{
	const struct dma_buf_phys_desc desc = {
		.ranges = c->ranges,
		.nr_ranges = c->nr,
		.provider = machine.provider,
		.attrs = DMA_BUF_PHYS_MMIO,
		.needs = DMA_BUF_IMPORTER_REVOCABLE,
	};
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &export_ops;
	info.phys = &desc;
	return bench_export(c, &info);
}

static int described_begin(struct bench_case *c)
{
	int ret = bench_described_export(c);

	return ret ?: bench_attach(c);
}

const struct bench_way bench_bridge = {
	.name = "bridge",
	.begin = described_begin,
	.steps = {
		{ "map", bench_sgt_map }, { "walk", bench_sgt_walk }, { "unmap", bench_sgt_unmap },
	},
	.span = bench_sgt_span,
	.end = bench_detach,
};

static int device_map(struct bench_case *c)
{
	return dma_buf_phys_map_device(c->attach, &c->map,
				       &machine.importer->dev, 0, c->size,
				       DMA_BIDIRECTIONAL, 0);
}

static int device_walk(struct bench_case *c)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	u64 addrs = 0, lens = 0;

	dma_buf_phys_for_each(&c->map, &walk, piece) {
		addrs += piece->addr;
		lens += piece->len;
	}
	c->sum = addrs + lens;
	return 0;
}

static int described_unmap(struct bench_case *c)
{
	dma_buf_phys_unmap(&c->map);
	return 0;
}

static void device_span(struct bench_case *c, dma_addr_t *first,
			dma_addr_t *last)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;

	*first = DMA_MAPPING_ERROR;
	*last = 0;
	dma_buf_phys_for_each(&c->map, &walk, piece) {
		*first = min(*first, piece->addr);
		*last = max(*last, piece->addr + piece->len - 1);
	}
}

const struct bench_way bench_ours = {
	.name = "ours",
	.begin = described_begin,
	.steps = {
		{ "map", device_map }, { "walk", device_walk },
		{ "unmap", described_unmap },
	},
	.span = device_span,
	.end = bench_detach,
};

static int domain_map(struct bench_case *c)
{
	return dma_buf_phys_map_domain(c->attach, &c->map, machine.domain,
				       BENCH_DOMAIN_IOVA, 0, c->size,
				       IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
}

const struct bench_way bench_ours_domain = {
	.name = "ours",
	.route = "domain",
	.begin = described_begin,
	.steps = {
		{ "map", domain_map }, { "walk", bench_nothing }, { "unmap", described_unmap },
	},
	.span = bench_domain_span,
	.end = bench_detach,
};
