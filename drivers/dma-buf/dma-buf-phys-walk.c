// SPDX-License-Identifier: GPL-2.0
/*
 * Two walks over a mapping: the core's, over the physical runs of a slice, and
 * the importer's, over the pieces of DMA address space that came of them.
 *
 * Both keep their place in caller-owned state, so neither allocates nor fails.
 * They need the description to stay as it is, which it does as long as the
 * mapping is on its buffer.
 */
#include <linux/export.h>
#include <linux/minmax.h>

#include "dma-buf-phys-priv.h"

/* Find the range that the slice begins in. */
void dma_buf_phys_cursor_start(struct dma_buf_phys_cursor *cur,
			       const struct dma_buf_phys_map *map)
{
	const struct phys_vec *ranges =
		map->attach->dmabuf->phys->desc.ranges;

	cur->index = 0;
	cur->skip = map->offset;
	cur->left = map->len;
	while (cur->skip >= ranges[cur->index].len)
		cur->skip -= ranges[cur->index++].len;
}

/* Returns false at the end of the slice. */
bool dma_buf_phys_cursor_next(struct dma_buf_phys_cursor *cur,
			      const struct dma_buf_phys_map *map,
			      struct phys_vec *run)
{
	struct phys_vec_slice rest = dma_buf_phys_cursor_slice(cur, map);
	const struct phys_vec *first = rest.vecs;

	if (!phys_vec_slice_next(&rest, run))
		return false;

	cur->index += rest.vecs - first;
	cur->skip = rest.skip;
	cur->left = rest.len;
	return true;
}

size_t dma_buf_phys_count_runs(const struct dma_buf_phys_map *map)
{
	struct dma_buf_phys_cursor cur;
	struct phys_vec run;
	size_t n = 0;

	dma_buf_phys_cursor_start(&cur, map);
	while (dma_buf_phys_cursor_next(&cur, map, &run))
		n++;
	return n;
}

/* Each piece of a route gives as many as the cap makes of it. */
static size_t iter_fill_cut(struct dma_buf_phys_iter *it,
			    struct dma_buf_phys_piece *pieces, size_t nr)
{
	size_t n;

	for (n = 0; n < nr; n++) {
		if (!it->rest.len && !it->map->route->fill(it, &it->rest, 1))
			break;
		pieces[n].addr = it->rest.addr;
		pieces[n].len = min(it->rest.len, it->cap);
		it->rest.addr += pieces[n].len;
		it->rest.len -= pieces[n].len;
	}
	return n;
}

/**
 * dma_buf_phys_iter_start - begin to walk a mapping
 * @it: iterator, of the caller
 * @map: mapping made by dma_buf_phys_map_device()
 * @cap: most bytes in a piece, not 0; SIZE_MAX for no limit
 *
 * Context: Any. The mapping must stay mapped for the whole walk.
 */
void dma_buf_phys_iter_start(struct dma_buf_phys_iter *it,
			     const struct dma_buf_phys_map *map, size_t cap)
{
	*it = (struct dma_buf_phys_iter) {
		.map = map,
		.cap = cap,
		.fill = cap == SIZE_MAX ? map->route->fill : iter_fill_cut,
	};
	map->route->start(it);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_iter_start, "DMA_BUF");

/**
 * dma_buf_phys_count - how many pieces a walk will meet
 * @map: mapping made by dma_buf_phys_map_device()
 * @cap: most bytes in a piece, not 0; SIZE_MAX for no limit
 *
 * For importers that size a table before they fill it.
 *
 * Context: Any. The mapping must stay mapped.
 *
 * Return: the number of pieces, at least 1.
 */
size_t dma_buf_phys_count(const struct dma_buf_phys_map *map, size_t cap)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t n = 0;

	dma_buf_phys_for_each_max(map, &walk, piece, cap)
		n++;
	return n;
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_count, "DMA_BUF");
