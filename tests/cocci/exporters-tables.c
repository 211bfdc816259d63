// SPDX-License-Identifier: GPL-2.0
/* Two tables without pages, and a resource that goes into no table. */
#include <linux/dma-buf.h>

static int bar_table(struct device *dev, struct sg_table *sgt, phys_addr_t phys)
{
	dma_addr_t addr = dma_map_resource(dev, phys, SZ_4K, DMA_BIDIRECTIONAL, 0);

	if (dma_mapping_error(dev, addr))
		return -EIO;
	sg_set_page(sgt->sgl, NULL, SZ_4K, 0);
	sg_dma_address(sgt->sgl) = addr;
	sg_dma_len(sgt->sgl) = SZ_4K;
	return 0;
}

static struct sg_table *ranges_table(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct buffer *buffer = attach->dmabuf->priv;

	return dma_buf_phys_vec_to_sgt(attach, buffer->provider, buffer->ranges, 2, SZ_8K, dir);
}

static int fifo_address(struct chan *chan)
{
	chan->addr = dma_map_resource(chan->dev, chan->phys, SZ_4K, DMA_TO_DEVICE, 0);
	return dma_mapping_error(chan->dev, chan->addr);
}
