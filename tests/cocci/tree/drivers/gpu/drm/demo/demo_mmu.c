// SPDX-License-Identifier: GPL-2.0
/* By a hook, a return value and a member; in a function that only new macros can read. */
#include <linux/dma-buf.h>

static void demo_map_sgt(struct demo_vm *vm, const struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	scoped_guard(mutex, &vm->lock)
		for_each_sgtable_dma_sg(sgt, sg, i)
			demo_pte(vm, sg_dma_address(sg));
}

static const struct demo_funcs demo_funcs = {
	.map_sgt = demo_map_sgt,
};

int demo_clear(struct sg_table *table)
{
	clear_page(sg_virt(table->sgl));
	return 0;
}

void demo_sync(struct demo_bo *bo)
{
	dma_sync_sgtable_for_device(bo->dev, bo->table, DMA_TO_DEVICE);
}

void demo_own(struct demo_bo *bo)
{
	clear_page(sg_virt(bo->own.sgl));
}
