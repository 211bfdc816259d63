// SPDX-License-Identifier: GPL-2.0
/* A table that is a member of a structure in another file. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>

#include "phys_map-member.h"

int engine_import(struct engine *engine, enum dma_data_direction dir)
{
	size_t sum = 0;
	struct scatterlist *sg;
	int i, err;

	engine->sgt = dma_buf_map_attachment_unlocked(engine->attach, dir);
	if (IS_ERR(engine->sgt)) {
		err = PTR_ERR(engine->sgt);
		return err;
	}
	for_each_sgtable_dma_sg(engine->sgt, sg, i)
		sum += sg_dma_len(sg);
	return sum ? 0 : -EINVAL;
}

void engine_release(struct engine *engine, enum dma_data_direction dir)
{
	dma_buf_unmap_attachment_unlocked(engine->attach, engine->sgt, dir);
}
