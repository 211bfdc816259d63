// SPDX-License-Identifier: GPL-2.0
/* A member that tells whether it is mapped: left alone. */
#include <linux/dma-buf.h>

int engine_import(struct engine *engine, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i, err;

	engine->sgt = dma_buf_map_attachment(engine->attach, dir);
	if (IS_ERR(engine->sgt)) {
		err = PTR_ERR(engine->sgt);
		engine->sgt = NULL;
		return err;
	}
	for_each_sgtable_dma_sg(engine->sgt, sg, i)
		write_desc(engine, sg_dma_address(sg), sg_dma_len(sg));
	return 0;
}

void engine_release(struct engine *engine, enum dma_data_direction dir)
{
	dma_buf_unmap_attachment(engine->attach, engine->sgt, dir);
}
