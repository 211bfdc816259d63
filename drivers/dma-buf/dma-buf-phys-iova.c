// SPDX-License-Identifier: GPL-2.0
/*
 * Target DMA device, route iova: a device behind an IOMMU gets one range of
 * IOVA space for all runs of a slice. The runs lie in it
 *
 *     packed      one behind the other, where no large page could be used, where
 *                 the importer asks for one piece, or where room is short
 *     in groups   by dma-buf-phys-layout.c, so that large pages can be used, with
 *                 holes between the groups
 *
 * What is one piece is walked and undone without a look at the runs. Groups are
 * computed again for that, so a walk over them needs the description, also when
 * the mapping is being severed at the time.
 */
#include <linux/cleanup.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/iommu-dma.h>
#include <linux/rcupdate.h>

#include "dma-buf-phys-priv.h"

static struct iommu_domain *iova_domain(const struct dma_buf_phys_map *map)
{
	return iommu_get_dma_domain(map->device.dev);
}

static unsigned long iova_pgsizes(const struct dma_buf_phys_map *map)
{
	return iova_domain(map)->pgsize_bitmap;
}

/* Most IOMMUs have a page that is no larger than the CPU's. */
static bool iova_granule_fits(unsigned long pgsizes)
{
	return pgsizes & (2 * PAGE_SIZE - 1);
}

static void iova_unlink(struct dma_buf_phys_map *map, size_t offset, size_t len)
{
	dma_iova_unlink(map->device.dev, &map->device.iova, offset, len,
			map->device.dir, map->device.attrs);
}

/* Where a granule is larger than a page, the slice may begin and end inside one. */
static int iova_link_each(struct dma_buf_phys_map *map,
			  struct phys_vec_slice slice)
{
	size_t linked = 0;
	struct phys_vec run;
	int ret;

	while (phys_vec_slice_next(&slice, &run)) {
		ret = dma_iova_link(map->device.dev, &map->device.iova,
				    run.paddr, linked, run.len,
				    map->device.dir, map->device.attrs);
		if (ret) {
			if (linked)
				iova_unlink(map, 0, linked);
			return ret;
		}
		linked += run.len;
	}
	return 0;
}

/* One behind the other, without a hole */
static int iova_link(struct dma_buf_phys_map *map,
		     const struct phys_vec_slice *slice, size_t offset)
{
	return dma_iova_link_phys_vec(map->device.dev, &map->device.iova,
				      offset, slice, map->device.dir,
				      map->device.attrs, GFP_KERNEL);
}

/* Bytes between the granule that a slice begins in, or its page, and the slice */
static size_t iova_lead(size_t skip, unsigned long pgsizes)
{
	return skip & ((pgsizes & -pgsizes) - 1) & ~PAGE_MASK;
}

/* What a cursor has left, widened to the granules of the IOMMU, within pages */
static struct phys_vec_slice
iova_slice(const struct dma_buf_phys_map *map,
	   const struct dma_buf_phys_cursor *cur, unsigned long pgsizes)
{
	struct phys_vec_slice slice = dma_buf_phys_cursor_slice(cur, map);
	size_t lead = iova_lead(slice.skip, pgsizes);

	slice.skip -= lead;
	slice.len += lead;
	slice.len += iova_lead(-slice.len, pgsizes);
	return slice;
}

static void iova_forget(struct dma_buf_phys_map *map)
{
	dma_iova_free(map->device.dev, &map->device.iova);
}

/*
 * A lazy domain flushes its IOTLB some milliseconds after an unmap. It may as
 * long as the exporter does not take the memory back: a revoke flushes what is
 * left, and so does a detach, whose device may go away.
 */
static bool iova_is_lazy(const struct dma_buf_phys_map *map)
{
	return map->device.dev == map->attach->dev &&
	       iova_domain(map)->type == IOMMU_DOMAIN_DMA_FQ;
}

/* Returns false, and does nothing, if the domain is not lazy. */
static bool iova_release_lazy(struct dma_buf_phys_map *map,
			      void (*sever)(struct dma_buf_phys_map *map,
					    struct iommu_iotlb_gather *gather))
{
	struct iommu_iotlb_gather gather;

	if (!iova_is_lazy(map))
		return false;

	WRITE_ONCE(map->attach->phys_lazy, true);
	dma_iova_gather_init(map->device.dev, &gather, DMA_IOVA_FLUSH_LAZY);
	sever(map, &gather);
	dma_iova_free_lazy(map->device.dev, &map->device.iova, &gather);
	return true;
}

/*
 * The domain to flush for an attachment that unmapped lazily. A device that is
 * gone, or that somebody else has got, was taken out of it, flush included.
 */
static struct iommu_domain *lazy_domain(struct dma_buf_attachment *attach)
{
	struct iommu_domain *domain = NULL;

	if (attach->phys_lazy)
		domain = iommu_get_domain_for_dev(attach->dev);
	attach->phys_lazy = false;
	return domain && domain->type == IOMMU_DOMAIN_DMA_FQ ? domain : NULL;
}

/*
 * Flush what the devices attached to a buffer may still reach of it. Nothing is
 * mapped for them any more. Each domain once, if its devices follow each other.
 */
void dma_buf_phys_flush_lazy(struct dma_buf *dmabuf)
{
	struct iommu_domain *domain, *flushed = NULL;
	struct dma_buf_attachment *attach;

	dma_resv_assert_held(dmabuf->resv);

	list_for_each_entry(attach, &dmabuf->attachments, node) {
		domain = lazy_domain(attach);
		if (!domain || domain == flushed)
			continue;
		iommu_flush_iotlb_all(domain);
		flushed = domain;
	}
}

/* The attachment goes: nobody else knows that its device may need a flush. */
void dma_buf_phys_detach_lazy(struct dma_buf_attachment *attach)
{
	struct iommu_domain *domain = lazy_domain(attach);

	if (domain)
		iommu_flush_iotlb_all(domain);
}

/*
 * One piece, the slice begins at map->device.skip in the IOVA range
 */

/* The IOVA stays allocated: a device that goes on using it hits nothing. */
static void iova_sever(struct dma_buf_phys_map *map,
		       struct iommu_iotlb_gather *gather)
{
	dma_iova_unlink_gather(map->device.dev, &map->device.iova,
			       map->device.skip, map->len, map->device.dir,
			       map->device.attrs, gather);
}

static void iova_release(struct dma_buf_phys_map *map)
{
	if (iova_release_lazy(map, iova_sever))
		return;
	iova_unlink(map, map->device.skip, map->len);
	iova_forget(map);
}

static void iova_start(struct dma_buf_phys_iter *it)
{
	it->cursor.left = it->map->len;
}

static size_t iova_fill(struct dma_buf_phys_iter *it,
			struct dma_buf_phys_piece *pieces, size_t nr)
{
	const struct dma_buf_phys_map *map = it->map;

	if (!it->cursor.left)
		return 0;
	pieces->addr = map->device.iova.addr + map->device.skip;
	pieces->len = map->len;
	it->cursor.left = 0;
	return 1;
}

static const struct dma_buf_phys_route iova_route = {
	.name = "iova",
	.release = iova_release,
	.domain = iova_domain,
	.sever = iova_sever,
	.forget = iova_forget,
	.start = iova_start,
	.fill = iova_fill,
};

/*
 * Groups
 */

static struct dma_buf_phys_layout
iova_layout(const struct dma_buf_phys_map *map)
{
	unsigned long pgsizes = iova_pgsizes(map);
	struct dma_buf_phys_cursor cur;

	dma_buf_phys_cursor_start(&cur, map);
	return (struct dma_buf_phys_layout) {
		.rest = iova_slice(map, &cur, pgsizes),
		.pgsizes = pgsizes,
	};
}

/* The first @n groups */
static void groups_unlink_gather(struct dma_buf_phys_map *map, size_t n,
				 struct iommu_iotlb_gather *gather)
{
	struct dma_buf_phys_layout layout = iova_layout(map);

	while (n-- && dma_buf_phys_layout_next(&layout))
		dma_iova_unlink_gather(map->device.dev, &map->device.iova,
				       layout.offset, layout.group.len,
				       map->device.dir, map->device.attrs,
				       gather);
}

/* The same, with one flush for all of them */
static void groups_unlink(struct dma_buf_phys_map *map, size_t n)
{
	struct iommu_iotlb_gather gather;

	dma_iova_gather_init(map->device.dev, &gather, DMA_IOVA_FLUSH_ALL);
	groups_unlink_gather(map, n, &gather);
	dma_iova_gather_sync(map->device.dev, &gather);
}

static void groups_sever(struct dma_buf_phys_map *map,
			 struct iommu_iotlb_gather *gather)
{
	groups_unlink_gather(map, SIZE_MAX, gather);
}

static void groups_release(struct dma_buf_phys_map *map)
{
	if (iova_release_lazy(map, groups_sever))
		return;
	groups_unlink(map, SIZE_MAX);
	iova_forget(map);
}

/* it->run is where the groups that the iterator went over end in IOVA space. */
static void groups_start(struct dma_buf_phys_iter *it)
{
	guard(rcu)();
	it->cursor.left = it->map->len;
	if (READ_ONCE(it->map->state) != DMA_BUF_PHYS_SEVERED)
		dma_buf_phys_cursor_start(&it->cursor, it->map);
}

static void groups_next(struct dma_buf_phys_iter *it,
			struct dma_buf_phys_piece *piece)
{
	const struct dma_buf_phys_map *map = it->map;
	struct dma_buf_phys_cursor *cur = &it->cursor;
	unsigned long pgsizes = iova_pgsizes(map);
	struct dma_buf_phys_layout layout = {
		.offset = it->run,
		.rest = iova_slice(map, cur, pgsizes),
		.pgsizes = pgsizes,
	};
	size_t lead = cur->skip - layout.rest.skip;
	const struct phys_vec *first = layout.rest.vecs;

	dma_buf_phys_layout_next(&layout);
	it->run = layout.offset + layout.group.len;
	piece->addr = map->device.iova.addr + layout.offset + lead;
	piece->len = min(layout.group.len - lead, cur->left);
	cur->index += layout.rest.vecs - first;
	cur->skip = layout.rest.skip;
	cur->left -= piece->len;
}

/*
 * Who walks a mapping that was severed gets addresses of the same IOVA range,
 * where nothing is any more, in no more pieces than before. There need be no
 * description then; until then, whoever revokes waits for RCU.
 */
static size_t groups_fill(struct dma_buf_phys_iter *it,
			  struct dma_buf_phys_piece *pieces, size_t nr)
{
	struct dma_buf_phys_cursor *cur = &it->cursor;
	size_t n;

	guard(rcu)();
	if (cur->left && READ_ONCE(it->map->state) == DMA_BUF_PHYS_SEVERED) {
		pieces->addr = it->map->device.iova.addr + it->run;
		pieces->len = cur->left;
		cur->left = 0;
		return 1;
	}
	for (n = 0; n < nr && cur->left; n++)
		groups_next(it, &pieces[n]);
	return n;
}

static const struct dma_buf_phys_route groups_route = {
	.name = "iova",
	.release = groups_release,
	.domain = iova_domain,
	.sever = groups_sever,
	.forget = iova_forget,
	.start = groups_start,
	.fill = groups_fill,
};

/*
 * Map
 */

/*
 * Runs can only follow each other in an IOVA range if every inner boundary lies
 * on the IOMMU's granule, which may be larger than a page.
 */
static bool iova_packs(const struct dma_buf_phys_map *map,
		       unsigned long pgsizes)
{
	unsigned long mask = (pgsizes & -pgsizes) - 1;
	struct dma_buf_phys_cursor cur;
	struct phys_vec run;
	bool first = true;

	dma_buf_phys_cursor_start(&cur, map);
	while (dma_buf_phys_cursor_next(&cur, map, &run)) {
		if (!first && run.paddr & mask)
			return false;
		if (cur.left && (run.paddr + run.len) & mask)
			return false;
		first = false;
	}
	return true;
}

/* Without a hole, but for @pad bytes in front of the slice */
static int iova_map_piece(struct dma_buf_phys_map *map,
			  const struct phys_vec_slice *slice, size_t lead,
			  size_t pad, bool granule_fits)
{
	int ret;

	if (!dma_iova_try_alloc(map->device.dev, &map->device.iova,
				slice->vecs->paddr + slice->skip,
				pad + slice->len))
		return -EOPNOTSUPP;

	map->device.skip = pad + lead;
	ret = granule_fits ? iova_link(map, slice, pad) :
			     iova_link_each(map, *slice);
	if (ret)
		goto err_free;
	ret = dma_iova_sync(map->device.dev, &map->device.iova, pad,
			    slice->len);
	if (ret)
		goto err_unlink;
	map->route = &iova_route;
	return 0;

err_unlink:
	iova_unlink(map, pad, slice->len);
err_free:
	iova_forget(map);
	return ret;
}

/*
 * An IOVA range is aligned to its own size at least, so to each page in it. Were
 * it not, that would cost page sizes and nothing else.
 */
static int iova_map_groups(struct dma_buf_phys_map *map, size_t end)
{
	struct dma_buf_phys_layout layout = iova_layout(map);
	size_t n;
	int ret;

	if (end > LONG_MAX ||
	    !dma_iova_try_alloc(map->device.dev, &map->device.iova, 0, end))
		return -EOPNOTSUPP;

	for (n = 0; dma_buf_phys_layout_next(&layout); n++) {
		ret = iova_link(map, &layout.group, layout.offset);
		if (ret)
			goto err_unlink;
	}
	ret = dma_iova_sync(map->device.dev, &map->device.iova, 0, end);
	if (ret)
		goto err_unlink;
	map->route = &groups_route;
	return 0;

err_unlink:
	groups_unlink(map, n);
	iova_forget(map);
	return ret;
}

/* Look at the runs to see which of them can follow each other. */
static int iova_map_scanned(struct dma_buf_phys_map *map,
			    const struct phys_vec_slice *slice, size_t lead,
			    unsigned long pgsizes, bool contiguous)
{
	struct dma_buf_phys_layout layout = {
		.rest = *slice,
		.pgsizes = pgsizes,
		.contiguous = contiguous,
	};

	dma_buf_phys_layout_next(&layout);
	if (!layout.rest.len)
		return iova_map_piece(map, slice, lead, layout.offset, true);

	while (dma_buf_phys_layout_next(&layout))
		;
	return iova_map_groups(map, layout.offset + layout.group.len);
}

/*
 * The largest page that can fit anywhere in the slice tells whether there is
 * anything to scan for; a short mapping of a long run needs no long pad.
 */
static int iova_map_laid_out(struct dma_buf_phys_map *map,
			     const struct phys_vec_slice *slice, size_t lead,
			     unsigned long pgsizes, bool contiguous)
{
	const struct dma_buf_phys *phys = map->attach->dmabuf->phys;
	unsigned long mask;

	mask = pgsizes & (2 * phys->shape.pages.largest - 1);
	mask &= GENMASK(__fls(slice->len), 0);
	mask = mask ? BIT(__fls(mask)) - 1 : 0;

	/* One offset is right for all, as the description was found to be. */
	if (!(phys->shape.pages.apart & mask))
		return iova_map_piece(map, slice, lead,
				      (slice->vecs->paddr + slice->skip) & mask,
				      true);
	return iova_map_scanned(map, slice, lead, pgsizes, contiguous);
}

/*
 * Large pages are for speed: where there is no room for a layout that keeps them,
 * it goes without.
 *
 * Returns 0, -EOPNOTSUPP if @map cannot have an IOVA range of its own, -ENOMEM, or
 * what the IOMMU driver says.
 */
int dma_buf_phys_map_iova(struct dma_buf_phys_map *map, bool contiguous)
{
	struct dma_buf_phys_cursor cur;
	struct phys_vec_slice slice;
	unsigned long pgsizes;
	int ret = -EOPNOTSUPP;
	size_t lead;
	bool fits;

	if (!use_dma_iommu(map->device.dev))
		return -EOPNOTSUPP;

	pgsizes = iova_pgsizes(map);
	dma_buf_phys_cursor_start(&cur, map);
	slice = iova_slice(map, &cur, pgsizes);
	lead = cur.skip - slice.skip;

	fits = iova_granule_fits(pgsizes);
	if (fits)
		ret = iova_map_laid_out(map, &slice, lead, pgsizes, contiguous);
	else if (!iova_packs(map, pgsizes))
		return -EOPNOTSUPP;
	if (ret == -EOPNOTSUPP)
		ret = iova_map_piece(map, &slice, lead, 0, fits);
	return ret;
}
