// SPDX-License-Identifier: GPL-2.0
/*
 * Translations that the core takes away itself: of importers that leave it to
 * the core, as soon as they were told; of those that do not let go, when the
 * grace time is over.
 *
 * All mappings in one IOMMU domain are taken away together and cost it one
 * flush, as far as its driver can gather what is to be flushed. They are
 * SEVERING until that is done. Meanwhile an unmap of them waits, so neither a
 * mapping nor what it is mapped into goes away, and no address in it is used for
 * something else.
 *
 * There may be many of them, so the spinlock is held for a few at a time.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/list_sort.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sort.h>

#include <trace/events/dma_buf_phys.h>

#include "dma-buf-phys-priv.h"

/* So many mappings change their state under one hold of the spinlock. */
#define PHYS_AT_ONCE	64

static bool left_to_core(const struct dma_buf_phys_map *map)
{
	const struct dma_buf_attach_ops *ops = map->attach->importer_ops;

	return ops && ops->core_unmaps;
}

static bool can_be_severed(const struct dma_buf_phys_map *map)
{
	return map->route->sever;
}

static struct iommu_domain *map_domain(const struct dma_buf_phys_map *map)
{
	return map->route->domain ? map->route->domain(map) : NULL;
}

/*
 * What is being built or undone at the moment is not touched: its owner is
 * inside the core, finds the buffer revoked, and drops it. Returns false when
 * nothing is left of @rest.
 */
static bool phys_take_some(struct dma_buf_phys *phys, struct list_head *rest,
			   struct list_head *taken,
			   bool (*wanted)(const struct dma_buf_phys_map *map))
{
	struct dma_buf_phys_map *map;
	unsigned int i;

	guard(spinlock)(&phys->lock);
	for (i = 0; i < PHYS_AT_ONCE; i++) {
		map = list_first_entry_or_null(rest, struct dma_buf_phys_map,
					       node);
		if (!map)
			return false;
		if (map->state == DMA_BUF_PHYS_MAPPED && wanted(map)) {
			map->state = DMA_BUF_PHYS_SEVERING;
			list_move_tail(&map->node, taken);
		} else {
			list_move_tail(&map->node, &phys->maps);
		}
	}
	return true;
}

/* Each mapping is looked at once. Whoever unmaps one of @rest takes it off. */
static void phys_take(struct dma_buf_phys *phys, struct list_head *taken,
		      bool (*wanted)(const struct dma_buf_phys_map *map))
{
	LIST_HEAD(rest);

	lockdep_assert_held(&phys->transition);

	scoped_guard(spinlock, &phys->lock)
		list_splice_init(&phys->maps, &rest);
	while (phys_take_some(phys, &rest, taken, wanted))
		cond_resched();
}

/* The mappings are their importer's again, who may be waiting to free them. */
static bool phys_give_back_some(struct dma_buf_phys *phys,
				struct list_head *severed)
{
	struct dma_buf_phys_map *map;
	unsigned int i;

	guard(spinlock)(&phys->lock);
	for (i = 0; i < PHYS_AT_ONCE; i++) {
		map = list_first_entry_or_null(severed, struct dma_buf_phys_map,
					       node);
		if (!map)
			return false;
		list_del(&map->node);
		map->state = DMA_BUF_PHYS_SEVERED;
		phys->nr_maps--;
		phys->nr_severed++;
	}
	return true;
}

/* All of @severed were in @domain, or have none. */
static void phys_flush(struct dma_buf_phys *phys, struct iommu_domain *domain,
		       struct iommu_iotlb_gather *gather,
		       struct list_head *severed)
{
	if (domain)
		iommu_iotlb_sync(domain, gather);
	while (phys_give_back_some(phys, severed))
		cond_resched();
	wake_up_all(&phys->changed);
}

/* Where nothing can be severed, the importer is one that has stopped. */
static void phys_untranslate(struct dma_buf_phys_map *map,
			     struct iommu_iotlb_gather *gather)
{
	if (map->route->sever)
		map->route->sever(map, gather);
	else
		map->route->release(map);
}

static int cmp_domain(void *unused, const struct list_head *a,
		      const struct list_head *b)
{
	return cmp_int(map_domain(list_entry(a, struct dma_buf_phys_map, node)),
		       map_domain(list_entry(b, struct dma_buf_phys_map, node)));
}

static void phys_sever_taken(struct dma_buf_phys *phys, struct list_head *taken)
{
	struct iommu_domain *domain = NULL;
	struct iommu_iotlb_gather gather;
	struct dma_buf_phys_map *map, *tmp;
	bool walked = false;
	LIST_HEAD(severed);

	iommu_iotlb_gather_init(&gather);
	list_sort(NULL, taken, cmp_domain);
	list_for_each_entry_safe(map, tmp, taken, node) {
		if (map_domain(map) != domain) {
			phys_flush(phys, domain, &gather, &severed);
			domain = map_domain(map);
		}
		phys_untranslate(map, &gather);
		if (map->route->fill)
			walked = true;
		list_move_tail(&map->node, &severed);
		cond_resched();
	}
	phys_flush(phys, domain, &gather, &severed);
	/* Who walks a mapping that was just severed may still be at the ranges. */
	if (walked)
		synchronize_rcu();
}

/* The importers' devices have stopped; to them, this is an unmap. */
void dma_buf_phys_unmap_stopped(struct dma_buf_phys *phys)
{
	struct dma_buf_phys_map *map;
	LIST_HEAD(taken);

	phys_take(phys, &taken, left_to_core);
	list_for_each_entry(map, &taken, node) {
		trace_dma_buf_phys_unmap(map, 0);
		dma_buf_phys_stats_released(map->attach, phys->since);
		cond_resched();
	}
	phys_sever_taken(phys, &taken);
}

static int cmp_importer(void *unused, const struct list_head *a,
			const struct list_head *b)
{
	return cmp_int(list_entry(a, struct dma_buf_phys_map, node)->attach,
		       list_entry(b, struct dma_buf_phys_map, node)->attach);
}

/* @n mappings were found with one importer. */
static void phys_blame(struct dma_buf_phys *phys,
		       const struct dma_buf_attachment *attach, unsigned int n)
{
	pr_warn_ratelimited("dma-buf: revoke of %s: %s did not let go of %u mappings in %lld ms, severed\n",
			    phys->dmabuf->exp_name,
			    dma_buf_phys_importer_name(attach), n,
			    ktime_ms_delta(ktime_get(), phys->since));
	dma_buf_phys_stats_severed(attach, phys->since, n);
}

/* While they are not given back, so that their importers cannot detach. */
static void phys_blame_importers(struct dma_buf_phys *phys,
				 struct list_head *taken)
{
	struct dma_buf_phys_map *map;
	unsigned int n = 0;

	list_sort(NULL, taken, cmp_importer);
	list_for_each_entry(map, taken, node) {
		trace_dma_buf_phys_sever(map, 0);
		n++;
		if (list_is_last(&map->node, taken) ||
		    list_next_entry(map, node)->attach != map->attach) {
			phys_blame(phys, map->attach, n);
			n = 0;
		}
		cond_resched();
	}
}

/* The grace time is over. What has no translation is waited for. */
void dma_buf_phys_sever(struct dma_buf_phys *phys)
{
	LIST_HEAD(taken);

	phys_take(phys, &taken, can_be_severed);
	phys_blame_importers(phys, &taken);
	phys_sever_taken(phys, &taken);
}
