// SPDX-License-Identifier: GPL-2.0
/* Tables that were never imported. */
#include <linux/dma-buf.h>

void own(struct engine *engine, struct page **pages)
{
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	sgt = drm_prime_pages_to_sg(engine->drm, pages, 2);
	for_each_sgtable_sg(sgt, sg, i)
		clear_page(page_address(sg_page(sg)));
	for_each_sgtable_dma_sg(&engine->own, sg, i)
		write_desc(engine, sg_dma_address(sg), sg_dma_len(sg));
}
