// SPDX-License-Identifier: GPL-2.0
/*
 * Scatterlists, both ways, until nobody needs them:
 *
 *     an old importer of a described buffer gets an sg_table built from a
 *     mapping of its own;
 *     a new importer of a buffer without description walks the DMA addresses
 *     of the exporter's sg_table.
 *
 * An sg_table made here has DMA addresses only. Its orig_nents is 0, by which
 * importers can tell that there are no pages behind it.
 */
#include <linux/device.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "dma-buf-phys-priv.h"

/*
 * Old importer, described buffer
 */
struct phys_sgt {
	struct sg_table sgt;
	struct dma_buf_phys_map map;
};

/* sg_dma_len() has 32 bits, and a device may have less. */
static size_t sgt_piece_cap(struct device *dev)
{
	return ALIGN_DOWN(max_t(size_t, dma_get_max_seg_size(dev), PAGE_SIZE),
			  PAGE_SIZE);
}

static int sgt_fill(struct phys_sgt *ps, size_t cap)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	struct scatterlist *sg;
	size_t n;
	int ret;

	n = dma_buf_phys_count(&ps->map, cap);
	if (n > INT_MAX)
		return -EOVERFLOW;

	ret = sg_alloc_table(&ps->sgt, n, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	sg = ps->sgt.sgl;
	dma_buf_phys_for_each_max(&ps->map, &walk, piece, cap) {
		sg_dma_address(sg) = piece->addr;
		sg_dma_len(sg) = piece->len;
		sg = sg_next(sg);
	}
	ps->sgt.orig_nents = 0;
	return 0;
}

/**
 * dma_buf_phys_map_dma_buf - serve an importer that wants a scatterlist
 * @attach: the importer's attachment
 * @dir: direction of the DMA
 *
 * For &dma_buf_ops.map_dma_buf of an exporter with a description.
 *
 * Context: Sleeps. The reservation lock is held.
 *
 * Return: an sg_table with DMA addresses and no pages, or an ERR_PTR() of what
 * dma_buf_phys_map_device() returns.
 */
struct sg_table *dma_buf_phys_map_dma_buf(struct dma_buf_attachment *attach,
					  enum dma_data_direction dir)
{
	struct phys_sgt *ps;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	ps = kzalloc_obj(*ps, GFP_KERNEL_ACCOUNT);
	if (!ps)
		return ERR_PTR(-ENOMEM);

	ret = dma_buf_phys_map_device(attach, &ps->map, attach->dev, 0,
				      attach->dmabuf->size, dir,
				      DMA_BUF_PHYS_MAP_CONTIGUOUS);
	if (ret)
		goto err_free;

	ret = sgt_fill(ps, sgt_piece_cap(attach->dev));
	if (ret)
		goto err_unmap;
	return &ps->sgt;

err_unmap:
	dma_buf_phys_unmap(&ps->map);
err_free:
	kfree(ps);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_map_dma_buf, "DMA_BUF");

/**
 * dma_buf_phys_unmap_dma_buf - undo dma_buf_phys_map_dma_buf()
 * @attach: the importer's attachment
 * @sgt: what dma_buf_phys_map_dma_buf() returned
 * @dir: direction of the DMA
 *
 * For &dma_buf_ops.unmap_dma_buf of an exporter with a description.
 *
 * Context: Sleeps. The reservation lock is held.
 */
void dma_buf_phys_unmap_dma_buf(struct dma_buf_attachment *attach,
				struct sg_table *sgt,
				enum dma_data_direction dir)
{
	struct phys_sgt *ps = container_of(sgt, struct phys_sgt, sgt);

	dma_resv_assert_held(attach->dmabuf->resv);

	dma_buf_phys_unmap(&ps->map);
	/* It is what sg_free_table() goes by. */
	sgt->orig_nents = sgt->nents;
	sg_free_table(sgt);
	kfree(ps);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_unmap_dma_buf, "DMA_BUF");

/*
 * New importer, buffer without description
 */
static void legacy_release(struct dma_buf_phys_map *map)
{
	dma_buf_unmap_attachment(map->attach, map->legacy.sgt, map->legacy.dir);
}

/* Go to the entry that the slice begins in. */
static void legacy_start(struct dma_buf_phys_iter *it)
{
	struct scatterlist *sg = it->map->legacy.sgt->sgl;

	it->cursor.skip = it->map->offset;
	it->cursor.left = it->map->len;
	while (it->cursor.skip >= sg_dma_len(sg)) {
		it->cursor.skip -= sg_dma_len(sg);
		sg = sg_next(sg);
	}
	it->pos = sg;
}

static size_t legacy_fill(struct dma_buf_phys_iter *it,
			  struct dma_buf_phys_piece *pieces, size_t nr)
{
	struct dma_buf_phys_cursor *cur = &it->cursor;
	struct scatterlist *sg = it->pos;
	size_t n;

	for (n = 0; n < nr && cur->left; n++) {
		pieces[n].addr = sg_dma_address(sg) + cur->skip;
		pieces[n].len = min(sg_dma_len(sg) - cur->skip, cur->left);
		cur->left -= pieces[n].len;
		cur->skip = 0;
		sg = sg_next(sg);
	}
	it->pos = sg;
	return n;
}

static const struct dma_buf_phys_route legacy_route = {
	.name = "legacy",
	.release = legacy_release,
	.start = legacy_start,
	.fill = legacy_fill,
};

/* What the exporter mapped must cover the buffer, or the walk would run out. */
static bool legacy_covers(struct sg_table *sgt, size_t size)
{
	struct scatterlist *sg;
	size_t sum = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		sum += sg_dma_len(sg);
	return sum >= size;
}

int dma_buf_phys_map_legacy(struct dma_buf_attachment *attach,
			    struct dma_buf_phys_map *map,
			    struct device *dma_dev, size_t offset, size_t len,
			    enum dma_data_direction dir, unsigned long attrs)
{
	struct sg_table *sgt;
	int ret;

	if (dma_dev != attach->dev || attrs)
		return -EOPNOTSUPP;
	ret = dma_buf_phys_check_slice(attach->dmabuf, offset, len);
	if (ret)
		return ret;

	sgt = dma_buf_map_attachment(attach, dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	if (!legacy_covers(sgt, attach->dmabuf->size)) {
		dma_buf_unmap_attachment(attach, sgt, dir);
		return -EINVAL;
	}

	map->attach = attach;
	map->offset = offset;
	map->len = len;
	map->route = &legacy_route;
	map->legacy.sgt = sgt;
	map->legacy.dir = dir;
	return 0;
}
