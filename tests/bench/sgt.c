// SPDX-License-Identifier: GPL-2.0
/*
 * As the unmodified kernel has it: an exporter calls dma_buf_phys_vec_to_sgt(),
 * an importer dma_buf_map_attachment(). The helper of our kernels is the same,
 * with its bugs mended.
 */
#include <linux/dma-buf-mapping.h>
#include <linux/fcntl.h>
#include <linux/scatterlist.h>

#include "bench.h"
#include "sgt.h"

static struct sg_table *export_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct bench_case *c = attach->dmabuf->priv;

	return dma_buf_phys_vec_to_sgt(attach, machine.provider, c->ranges,
				       c->nr, c->size, dir);
}

static void export_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *sgt, enum dma_data_direction dir)
{
	dma_buf_free_sgt(attach, sgt, dir);
}

static void export_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops export_ops = {
	.map_dma_buf = export_map,
	.unmap_dma_buf = export_unmap,
	.release = export_release,
};

static void invalidate_mappings(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = invalidate_mappings,
};

int bench_export(struct bench_case *c, struct dma_buf_export_info *info)
{
	info->size = c->size;
	info->flags = O_RDWR;
	info->priv = c;
	c->dmabuf = dma_buf_export(info);
	return PTR_ERR_OR_ZERO(c->dmabuf);
}

int bench_attach(struct bench_case *c)
{
	c->attach = dma_buf_dynamic_attach(c->dmabuf, &machine.importer->dev,
					   &attach_ops, c);
	if (IS_ERR(c->attach)) {
		dma_buf_put(c->dmabuf);
		return PTR_ERR(c->attach);
	}
	return 0;
}

void bench_detach(struct bench_case *c)
{
	dma_buf_detach(c->dmabuf, c->attach);
	dma_buf_put(c->dmabuf);
}

int bench_sgt_export(struct bench_case *c)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &export_ops;
	return bench_export(c, &info);
}

int bench_sgt_begin(struct bench_case *c)
{
	int ret = bench_sgt_export(c);

	return ret ?: bench_attach(c);
}

int bench_sgt_map(struct bench_case *c)
{
	c->sgt = dma_buf_map_attachment(c->attach, DMA_BIDIRECTIONAL);
	return PTR_ERR_OR_ZERO(c->sgt);
}

int bench_sgt_walk(struct bench_case *c)
{
	struct scatterlist *sg;
	u64 sum = 0;
	int i;

	for_each_sgtable_dma_sg(c->sgt, sg, i)
		sum += sg_dma_address(sg) + sg_dma_len(sg);
	c->sum = sum;
	return 0;
}

int bench_sgt_unmap(struct bench_case *c)
{
	dma_buf_unmap_attachment(c->attach, c->sgt, DMA_BIDIRECTIONAL);
	return 0;
}

/* What lies in between has no entries. */
void bench_sgt_span(struct bench_case *c, dma_addr_t *first, dma_addr_t *last)
{
	struct scatterlist *sg;
	int i;

	*first = DMA_MAPPING_ERROR;
	*last = 0;
	for_each_sgtable_dma_sg(c->sgt, sg, i) {
		*first = min(*first, sg_dma_address(sg));
		*last = max(*last, sg_dma_address(sg) + sg_dma_len(sg) - 1);
	}
}

const struct bench_way bench_sgt = {
	.name = "sgt",
	.begin = bench_sgt_begin,
	.steps = {
		{ "map", bench_sgt_map }, { "walk", bench_sgt_walk }, { "unmap", bench_sgt_unmap },
	},
	.span = bench_sgt_span,
	.end = bench_detach,
};
