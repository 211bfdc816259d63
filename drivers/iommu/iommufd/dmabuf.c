// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas that are backed by a dma-buf.
 *
 * The memory is its exporter's, and the dma-buf core writes it into an
 * iommu_domain without telling where it is. So there are no PFNs here and none
 * of the storage tiers of pages.c: nothing is pinned, accounted or read back
 * from a domain, and in-kernel access is refused.
 *
 * iopt_pages_dmabuf::maps has an entry for each domain that an area is filled
 * into. The exporter can revoke the memory at any time. The dma-buf core empties
 * the domains then, the entries stay, and when the exporter restores the memory
 * they tell what to fill again. All of this is locked by the pages->mutex, which
 * nests inside the dma-buf's reservation lock.
 *
 * An area is filled in all of its domains or in none, as
 * iopt_pages_dmabuf::revoked tells. Filling can fail, unfilling and revoking
 * cannot.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf-phys.h>
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "io_pagetable.h"

struct iopt_dmabuf_map {
	struct dma_buf_phys_map phys;
	bool mapped;
	struct iopt_area *area;
	struct iommu_domain *domain;
	struct list_head elm;
};

/*
 * A no-IOMMU domain is filled, too, though no hardware walks it:
 * IOMMU_IOAS_NOIOMMU_GET_PA reads it back for CAP_SYS_RAWIO, who then lets a
 * device use what it says. Revoking empties the domain, it cannot stop such a
 * device. This is the one exception from dma-buf's rules that nobody is told a
 * physical address and that nothing reaches revoked memory.
 */
static int iopt_dmabuf_map(struct iopt_dmabuf_map *map,
			   struct iopt_pages *pages,
			   struct dma_buf_attachment *attach)
{
	struct iopt_area *area = map->area;
	unsigned long iova = iopt_area_iova(area);
	unsigned long offset =
		pages->dmabuf.start + iopt_area_start_byte(area, iova);
	int rc;

	rc = dma_buf_phys_map_domain(attach, &map->phys, map->domain, iova,
				     offset, iopt_area_length(area),
				     area->iommu_prot & ~IOMMU_CACHE,
				     GFP_KERNEL_ACCOUNT);
	map->mapped = !rc;
	return rc;
}

static void iopt_dmabuf_unmap(struct iopt_dmabuf_map *map)
{
	if (map->mapped)
		dma_buf_phys_unmap(&map->phys);
	map->mapped = false;
}

static void iopt_dmabuf_empty(struct iopt_pages *pages)
{
	struct iopt_dmabuf_map *map;

	lockdep_assert_held(&pages->mutex);

	pages->dmabuf.revoked = true;
	list_for_each_entry(map, &pages->dmabuf.maps, elm)
		iopt_dmabuf_unmap(map);
}

/* There is no device to stop, and the core unmaps. */
static void iopt_revoke_notify(struct dma_buf_attachment *attach)
{
	struct iopt_pages *pages = attach->importer_priv;

	guard(mutex)(&pages->mutex);
	pages->dmabuf.revoked = true;
}

static int iopt_dmabuf_refill(struct iopt_pages *pages,
			      struct dma_buf_attachment *attach)
{
	struct iopt_dmabuf_map *map;
	int rc;

	list_for_each_entry(map, &pages->dmabuf.maps, elm) {
		/* What the revoke left of it */
		iopt_dmabuf_unmap(map);
		rc = iommufd_should_fail() ? -ENOMEM :
					     iopt_dmabuf_map(map, pages, attach);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * Whoever owns the exporter's device is running, whoever made the areas pays for
 * the page tables. If that is refused, the areas stay as empty as they were, up
 * to the next time; all that can be done about it is to say so.
 */
static void iopt_restore_notify(struct dma_buf_attachment *attach)
{
	struct iopt_pages *pages = attach->importer_priv;
	struct mem_cgroup *memcg;
	struct mem_cgroup *old;
	int rc;

	guard(mutex)(&pages->mutex);
	/* Attached, and maybe mapped, between the restore and this call */
	if (!pages->dmabuf.revoked)
		return;

	memcg = get_mem_cgroup_from_mm(pages->source_mm);
	old = set_active_memcg(memcg);
	rc = iopt_dmabuf_refill(pages, attach);
	set_active_memcg(old);
	mem_cgroup_put(memcg);

	if (!rc) {
		pages->dmabuf.revoked = false;
		return;
	}
	iopt_dmabuf_empty(pages);
	pr_warn_ratelimited("iommufd: a restored dma-buf could not be mapped again: %d\n",
			    rc);
}

static const struct dma_buf_attach_ops iopt_dmabuf_attach_revoke_ops = {
	.name = "iommufd",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.core_unmaps = true,
	.invalidate_mappings = iopt_revoke_notify,
	.restored = iopt_restore_notify,
};

static int iopt_attach_dmabuf(struct iopt_pages *pages, struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	int rc;

	attach = dma_buf_dynamic_attach(dmabuf, iommufd_global_device(),
					&iopt_dmabuf_attach_revoke_ops, pages);
	if (IS_ERR(attach))
		return PTR_ERR(attach);

	dma_resv_lock(dmabuf->resv, NULL);
	/*
	 * Lock ordering requires the mutex to be taken inside the reservation,
	 * make sure lockdep sees this.
	 */
	if (IS_ENABLED(CONFIG_LOCKDEP)) {
		mutex_lock(&pages->mutex);
		mutex_unlock(&pages->mutex);
	}

	rc = dma_buf_pin(attach);
	if (rc)
		goto err_detach;

	/* There may be no domain yet, so mapping would be too late to ask. */
	rc = dma_buf_phys_mappable(attach);
	if (rc)
		goto err_unpin;

	dma_resv_unlock(dmabuf->resv);

	/* On success iopt_release_dmabuf() will detach and put the dmabuf. */
	pages->dmabuf.attach = attach;
	return 0;

err_unpin:
	dma_buf_unpin(attach);
err_detach:
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	return rc;
}

struct iopt_pages *iopt_alloc_dmabuf_pages(struct dma_buf *dmabuf,
					   unsigned long start_byte,
					   unsigned long start,
					   unsigned long length, bool writable)
{
	static struct lock_class_key pages_dmabuf_mutex_key;
	struct iopt_pages *pages;
	int rc;

	if (dmabuf->size <= (start + length - 1))
		return ERR_PTR(-EINVAL);

	/* Other exporters can map for a device, but not into a domain. */
	if (!dmabuf->phys)
		return ERR_PTR(-EOPNOTSUPP);

	pages = iopt_alloc_pages(start_byte, length, writable);
	if (IS_ERR(pages))
		return pages;

	/*
	 * The mmap_lock can be held when obtaining the dmabuf reservation lock
	 * which creates a locking cycle with the pages mutex which is held
	 * while obtaining the mmap_lock. This locking path is not present for
	 * IOPT_ADDRESS_DMABUF so split the lock class.
	 */
	lockdep_set_class(&pages->mutex, &pages_dmabuf_mutex_key);

	/* dmabuf does not use pinned page accounting. */
	pages->account_mode = IOPT_PAGES_ACCOUNT_NONE;
	pages->type = IOPT_ADDRESS_DMABUF;
	pages->dmabuf.start = start - start_byte;
	INIT_LIST_HEAD(&pages->dmabuf.maps);

	rc = iopt_attach_dmabuf(pages, dmabuf);
	if (rc) {
		iopt_put_pages(pages);
		return ERR_PTR(rc);
	}

	return pages;
}

void iopt_release_dmabuf(struct iopt_pages *pages)
{
	struct dma_buf_attachment *attach = pages->dmabuf.attach;
	struct dma_buf *dmabuf;

	/* iopt_attach_dmabuf() failed */
	if (!attach)
		return;

	dmabuf = attach->dmabuf;
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_unpin(attach);
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	WARN_ON(!list_empty(&pages->dmabuf.maps));
}

/**
 * iopt_dmabuf_fill_domain() - Map an area's slice of the dma-buf into a domain
 * @area: IOVA area to use
 * @pages: page supplier for the area (area->pages may be NULL)
 * @domain: Domain to map into
 *
 * Revoked memory cannot be mapped now. The area is left empty until it is
 * restored, and that is success.
 *
 * Return: 0, or what dma_buf_phys_map_domain() returns, but for -ENODEV.
 */
int iopt_dmabuf_fill_domain(struct iopt_area *area, struct iopt_pages *pages,
			    struct iommu_domain *domain)
{
	struct iopt_dmabuf_map *map;
	int rc = 0;

	lockdep_assert_held(&pages->mutex);

	if (iommufd_should_fail())
		return -ENOMEM;

	map = kzalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	map->area = area;
	map->domain = domain;

	if (!pages->dmabuf.revoked)
		rc = iopt_dmabuf_map(map, pages, pages->dmabuf.attach);
	if (rc == -ENODEV) {
		/* The exporter has begun, iopt_revoke_notify() is to come. */
		pages->dmabuf.revoked = true;
	} else if (rc) {
		kfree(map);
		return rc;
	}
	list_add_tail(&map->elm, &pages->dmabuf.maps);
	return 0;
}

/**
 * iopt_dmabuf_unfill_domain() - Unmap an area from a domain
 * @area: IOVA area to use
 * @pages: page supplier for the area (area->pages may be NULL)
 * @domain: Domain to unmap from
 */
void iopt_dmabuf_unfill_domain(struct iopt_area *area, struct iopt_pages *pages,
			       struct iommu_domain *domain)
{
	struct iopt_dmabuf_map *map;

	lockdep_assert_held(&pages->mutex);

	list_for_each_entry(map, &pages->dmabuf.maps, elm) {
		if (map->area == area && map->domain == domain) {
			iopt_dmabuf_unmap(map);
			list_del(&map->elm);
			kfree(map);
			return;
		}
	}
	WARN_ON(true);
}

/**
 * iopt_dmabuf_fill_domains() - Map an area into all domains of its io_pagetable
 * @area: IOVA area to use
 * @pages: page supplier for the area (area->pages is NULL)
 *
 * On failure all domains are left unchanged.
 *
 * Return: as iopt_dmabuf_fill_domain().
 */
int iopt_dmabuf_fill_domains(struct iopt_area *area, struct iopt_pages *pages)
{
	struct iommu_domain *domain;
	unsigned long unfill_index;
	unsigned long index;
	int rc;

	xa_for_each(&area->iopt->domains, index, domain) {
		rc = iopt_dmabuf_fill_domain(area, pages, domain);
		if (rc)
			goto err_unfill;
	}
	return 0;

err_unfill:
	xa_for_each(&area->iopt->domains, unfill_index, domain) {
		if (unfill_index == index)
			break;
		iopt_dmabuf_unfill_domain(area, pages, domain);
	}
	return rc;
}
