// SPDX-License-Identifier: GPL-2.0
/* A table whose pages are used: left alone. */
#include <linux/dma-buf.h>

int clear(struct device *dev, struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;
	struct scatterlist *sg;
	int i, ret;

	sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		return ret;
	}
	for_each_sgtable_dma_sg(sgt, sg, i) {
		clear_page(page_address(sg_page(sg)));
		write_desc(dev, sg_dma_address(sg), sg_dma_len(sg));
	}
	dma_buf_unmap_attachment(attach, sgt, DMA_TO_DEVICE);
	return 0;
}
