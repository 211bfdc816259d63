// SPDX-License-Identifier: GPL-2.0
/* A table that is a variable, all in one function. */
#include <linux/dma-buf.h>

int program(struct device *dev, struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;
	struct scatterlist *sg;
	int i, ret;

	sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto out;
	}
	for_each_sgtable_dma_sg(sgt, sg, i) {
		ret = write_desc(dev, sg_dma_address(sg), sg_dma_len(sg));
		if (ret)
			break;
	}
	dma_buf_unmap_attachment(attach, sgt, DMA_TO_DEVICE);
out:
	return ret;
}
