// SPDX-License-Identifier: GPL-2.0
/* Where a table comes from: what is done with it is in another file. */
#include <linux/dma-buf.h>

static int demo_import(struct demo_bo *bo, struct dma_buf_attachment *attach)
{
	struct sg_table *sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);

	bo->table = sgt;
	bo->vm->funcs->map_sgt(bo->vm, sgt);
	return demo_clear(demo_table(bo));
}

struct sg_table *demo_table(struct demo_bo *bo)
{
	return bo->table;
}
