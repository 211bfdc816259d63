// SPDX-License-Identifier: GPL-2.0
/* A table that goes elsewhere: left alone. */
#include <linux/dma-buf.h>

struct sg_table *keep(struct device *dev, struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;
	struct scatterlist *sg;
	int i, ret;

	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		return ERR_PTR(ret);
	}
	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (write_desc(dev, sg_dma_address(sg), sg_dma_len(sg))) {
			dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
			return NULL;
		}
	}
	return sgt;
}
