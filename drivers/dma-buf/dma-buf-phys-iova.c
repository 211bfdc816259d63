// SPDX-License-Identifier: GPL-2.0
/*
 * Target DMA device, route iova: a device behind an IOMMU gets one contiguous
 * piece of IOVA space for all runs of a slice.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>

#include "dma-buf-phys-priv.h"

static void iova_release(struct dma_buf_phys_map *map)
{
	dma_iova_destroy(map->device.dev, &map->device.iova, map->len,
			 map->device.dir, map->device.attrs);
}

static struct iommu_domain *iova_domain(const struct dma_buf_phys_map *map)
{
	return iommu_get_dma_domain(map->device.dev);
}

/* The IOVA stays allocated: a device that goes on using it hits nothing. */
static void iova_sever(struct dma_buf_phys_map *map,
		       struct iommu_iotlb_gather *gather)
{
	dma_iova_unlink(map->device.dev, &map->device.iova, 0, map->len,
			map->device.dir, map->device.attrs);
}

static void iova_forget(struct dma_buf_phys_map *map)
{
	dma_iova_free(map->device.dev, &map->device.iova);
}

static void iova_start(struct dma_buf_phys_iter *it)
{
	it->cursor.left = it->map->len;
}

static size_t iova_fill(struct dma_buf_phys_iter *it,
			struct dma_buf_phys_piece *pieces, size_t nr)
{
	if (!it->cursor.left)
		return 0;
	pieces->addr = it->map->device.iova.addr;
	pieces->len = it->cursor.left;
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
 * Runs can only be packed into one IOVA range if every inner boundary lies on
 * the IOMMU's granule, which may be larger than a page.
 */
static bool iova_packs(const struct dma_buf_phys_map *map)
{
	unsigned long mask = dma_get_merge_boundary(map->device.dev);
	struct dma_buf_phys_cursor cur;
	struct phys_vec run;
	bool first = true;

	if (mask < PAGE_SIZE)
		return true;

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

/*
 * Returns 0, -EOPNOTSUPP if @map cannot have an IOVA range of its own, -ENOMEM, or
 * what the IOMMU driver says.
 */
int dma_buf_phys_map_iova(struct dma_buf_phys_map *map)
{
	struct dma_buf_phys_cursor cur;
	size_t linked = 0;
	struct phys_vec run;
	int ret;

	dma_buf_phys_cursor_start(&cur, map);
	dma_buf_phys_cursor_next(&cur, map, &run);
	if (!iova_packs(map) ||
	    !dma_iova_try_alloc(map->device.dev, &map->device.iova, run.paddr,
				map->len))
		return -EOPNOTSUPP;

	dma_buf_phys_cursor_start(&cur, map);
	while (dma_buf_phys_cursor_next(&cur, map, &run)) {
		ret = dma_iova_link(map->device.dev, &map->device.iova,
				    run.paddr, linked, run.len,
				    map->device.dir, map->device.attrs);
		if (ret)
			goto err_destroy;
		linked += run.len;
	}

	ret = dma_iova_sync(map->device.dev, &map->device.iova, 0, linked);
	if (ret)
		goto err_destroy;

	map->route = &iova_route;
	return 0;

err_destroy:
	dma_iova_destroy(map->device.dev, &map->device.iova, linked,
			 map->device.dir, map->device.attrs);
	return ret;
}
