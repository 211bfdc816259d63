// SPDX-License-Identifier: GPL-2.0
/* A member whose pages are used, by a loop without braces: left alone. */
#include <linux/dma-buf.h>

int engine_import(struct engine *engine, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i, err;

	engine->sgt = dma_buf_map_attachment(engine->attach, dir);
	if (IS_ERR(engine->sgt)) {
		err = PTR_ERR(engine->sgt);
		return err;
	}
	for_each_sgtable_dma_sg(engine->sgt, sg, i)
		write_desc(engine, page_to_pfn(sg_page(sg)), sg_dma_len(sg));
	return 0;
}
