// SPDX-License-Identifier: GPL-2.0
/* Each thing that an importer may do with its table, under each name that it may have. */
#include <linux/dma-buf.h>

int import(struct engine *engine, struct dma_buf_attachment *attach)
{
	struct scatterlist *sg;
	struct sg_table *sgt;
	u32 sum = 0;
	int i;

	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	engine->table = sgt;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		sum += sg_dma_len(sg);
		sg_dma_address(sg) += SZ_4K;
	}
	iommu_map_sgtable(engine->domain, 0, sgt, IOMMU_READ);
	return sum;
}

void use(struct engine *engine)
{
	struct sg_table *again = engine->table;
	struct scatterlist *sg = again->sgl;
	struct scatterlist *other;
	struct sg_page_iter iter;

	other = sg;
	write_desc(engine, sg_dma_address(other));
	clear_page(sg_virt(sg));
	engine->bytes = sg->length;
	dma_sync_sgtable_for_cpu(engine->dev, engine->table, DMA_TO_DEVICE);
	for_each_sgtable_page(again, &iter, 0)
		clear_page(page_address(sg_page_iter_page(&iter)));
}

struct drm_gem_object *hook(struct drm_device *dev, struct dma_buf_attachment *attach,
			    struct sg_table *sgt)
{
	return wrap(sg_page(sgt->sgl));
}
