// SPDX-License-Identifier: GPL-2.0
/* A driver that imports nothing, with a member of the same name. */
#include <linux/dma-buf.h>

void other_sync(struct other_bo *bo)
{
	dma_sync_sgtable_for_device(bo->dev, bo->table, DMA_TO_DEVICE);
}
