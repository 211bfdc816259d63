/* SPDX-License-Identifier: GPL-2.0 */
/* An exporter that knows scatterlists only, for suites of new importers */
#ifndef _ST_DMA_BUF_PHYS_OLD_H
#define _ST_DMA_BUF_PHYS_OLD_H

#include <linux/scatterlist.h>

#include "st-dma-buf-phys.h"

struct dma_fence;

/**
 * struct phys_test_old - a buffer without description
 * @dmabuf: the buffer
 * @ranges: the addresses that its table has, each entry less than 4 GiB; the
 *	caller's, who may change them between maps
 * @nr: entries in @ranges
 * @ret: what a map answers instead, if not 0
 * @moving: a move that begins with a map, or NULL
 * @maps: maps without unmap
 * @sgt: the table, of which there is one
 */
struct phys_test_old {
	struct dma_buf *dmabuf;
	const struct phys_vec *ranges;
	size_t nr;
	int ret;
	struct dma_fence *moving;
	int maps;
	struct sg_table sgt;
};

/* Goes away when the case ends. */
struct phys_test_old *phys_test_old(struct kunit *test,
				    const struct phys_vec *ranges, size_t nr,
				    size_t size);

#endif /* _ST_DMA_BUF_PHYS_OLD_H */
