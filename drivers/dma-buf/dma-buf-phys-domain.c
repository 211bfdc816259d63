// SPDX-License-Identifier: GPL-2.0
/*
 * Target IOMMU domain: the importer chooses the IOVA, the core writes the page
 * table. There is nothing to walk afterwards, and nothing is allocated but the
 * page table.
 *
 * The domain outlives the mapping: an importer unmaps before it frees it.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/overflow.h>
#include <linux/phys-vec.h>

#include "dma-buf-phys-priv.h"

static void domain_release(struct dma_buf_phys_map *map)
{
	size_t unmapped;

	unmapped = iommu_unmap(map->domain.domain, map->domain.iova, map->len);
	WARN_ON_ONCE(unmapped != map->len);
}

static struct iommu_domain *domain_of(const struct dma_buf_phys_map *map)
{
	return map->domain.domain;
}

static void domain_sever(struct dma_buf_phys_map *map,
			 struct iommu_iotlb_gather *gather)
{
	size_t unmapped;

	unmapped = iommu_unmap_fast(map->domain.domain, map->domain.iova,
				    map->len, gather);
	WARN_ON_ONCE(unmapped != map->len);
}

/* Where it was mapped is the importer's to know, so nothing is kept. */
static const struct dma_buf_phys_route domain_route = {
	.name = "domain",
	.release = domain_release,
	.domain = domain_of,
	.sever = domain_sever,
};

/* The least that the domain can map, less one */
static unsigned long domain_page_mask(const struct iommu_domain *domain)
{
	return BIT(__ffs(domain->pgsize_bitmap)) - 1;
}

/* Ranges are of whole pages; those of the domain may be larger. */
static bool domain_fits(struct phys_vec_slice slice, unsigned long mask)
{
	struct phys_vec run;

	if (mask < PAGE_SIZE)
		return true;
	while (phys_vec_slice_next(&slice, &run))
		if ((run.paddr | run.len) & mask)
			return false;
	return true;
}

static int phys_map_domain(struct dma_buf_phys_map *map, int prot, gfp_t gfp)
{
	const struct dma_buf_phys_desc *desc =
		&map->attach->dmabuf->phys->desc;
	struct iommu_domain *domain = map->domain.domain;
	unsigned long iova = map->domain.iova;
	struct dma_buf_phys_cursor cur;
	struct phys_vec_slice slice;
	int ret;

	dma_buf_phys_cursor_start(&cur, map);
	slice = dma_buf_phys_cursor_slice(&cur, map);
	if (!domain_fits(slice, domain_page_mask(domain)))
		return -EINVAL;

	prot |= desc->attrs & DMA_BUF_PHYS_MMIO ? IOMMU_MMIO : IOMMU_CACHE;
	ret = iommu_map_phys_vec_nosync(domain, iova, &slice, prot, gfp);
	if (ret)
		return ret;
	ret = iommu_sync_map(domain, iova, map->len);
	if (ret) {
		iommu_unmap(domain, iova, map->len);
		return ret;
	}

	map->route = &domain_route;
	return 0;
}

/**
 * dma_buf_phys_map_domain - map a slice into an IOMMU domain
 * @attach: attachment of the importer
 * @map: the importer's mapping, unused so far
 * @domain: paging domain; must stay until dma_buf_phys_unmap()
 * @iova: where in the domain, unused so far
 * @offset: first byte of the slice
 * @len: bytes in the slice
 * @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_NOEXEC, IOMMU_PRIV; how the memory is
 *	cached is added by the core
 * @gfp: for page tables, so that the right one is charged
 *
 * @iova, @offset and @len must be multiples of the domain's smallest page.
 *
 * Context: Sleeps if @gfp allows it. Hold the reservation lock, or a lock that
 * the importer's &dma_buf_attach_ops.invalidate_mappings takes too.
 *
 * Return: 0; -ENODEV if the buffer is revoked; -EOPNOTSUPP if it has no
 * description, or @domain does not translate; -EACCES if the memory is private;
 * -EINVAL if the slice is not inside the buffer, something is not aligned for
 * @domain, or @prot is bad; -EOVERFLOW if a sum overflows; -ENOMEM; or what the
 * IOMMU driver says, -EADDRINUSE if there is something at @iova.
 */
int dma_buf_phys_map_domain(struct dma_buf_attachment *attach,
			    struct dma_buf_phys_map *map,
			    struct iommu_domain *domain, unsigned long iova,
			    size_t offset, size_t len, int prot, gfp_t gfp)
{
	unsigned long last;
	int ret;

	if (!attach->dmabuf->phys ||
	    !(domain->type & __IOMMU_DOMAIN_PAGING) || !domain->pgsize_bitmap)
		return -EOPNOTSUPP;
	if (!(prot & (IOMMU_READ | IOMMU_WRITE)) ||
	    prot & ~(IOMMU_READ | IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_PRIV) ||
	    (iova | offset | len) & domain_page_mask(domain))
		return -EINVAL;
	if (len && check_add_overflow(iova, len - 1, &last))
		return -EOVERFLOW;

	ret = dma_buf_phys_map_begin(attach, map, offset, len);
	if (ret)
		return ret;

	map->domain.domain = domain;
	map->domain.iova = iova;
	return dma_buf_phys_map_end(map, phys_map_domain(map, prot, gfp));
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_map_domain, "DMA_BUF");
