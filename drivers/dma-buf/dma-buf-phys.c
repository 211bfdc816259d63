// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers with a description: what is checked, who is let in, which mappings
 * there are.
 *
 * The exporter owns the array of ranges, the core owns everything else: a copy
 * of the description, the state of the buffer and the list of mappings. A
 * mapping is the importer's object; while it is on the list, the description
 * does not change and the provider does not go away, because revoke and kill
 * wait for the list to drain. A severed mapping is not on the list: it has
 * nothing to do with the description any more.
 *
 * Order of locks, outermost first: the exporter's own (VFIO's memory_lock),
 * the transition mutex, the reservation lock, the importer's own (IOMMUFD's
 * pages->mutex), the rwsem for whoever asks about a description without a
 * mapping, the spinlock here. Mapping and unmapping take the spinlock only, so
 * they may run under any of the importer's locks.
 */
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/pci-p2pdma.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "dma-buf-phys-priv.h"

#define CREATE_TRACE_POINTS
#include <trace/events/dma_buf_phys.h>

static int phys_check_ranges(const struct dma_buf *dmabuf,
			     const struct dma_buf_phys_desc *desc,
			     struct dma_buf_phys_shape *shape)
{
	size_t sum = 0;
	size_t i;

	*shape = (struct dma_buf_phys_shape) {};

	for (i = 0; i < desc->nr_ranges; i++) {
		const struct phys_vec *range = &desc->ranges[i];
		phys_addr_t last;

		if (!range->len || !PAGE_ALIGNED(range->paddr | range->len))
			return -EINVAL;
		if (check_add_overflow(range->paddr, range->len - 1, &last) ||
		    check_add_overflow(sum, range->len, &sum))
			return -EOVERFLOW;
		if (i && range->paddr == range[-1].paddr + range[-1].len)
			shape->touch = true;
		shape->last = max(shape->last, last);
		cond_resched();
	}
	/* A file offset must reach all of it. */
	if (sum > LONG_MAX)
		return -EOVERFLOW;
	return sum == dmabuf->size ? 0 : -EINVAL;
}

/* Unknown ones are refused, and those that contradict each other. */
static bool phys_attrs_are_valid(const struct dma_buf_phys_desc *desc)
{
	unsigned int attrs = desc->attrs;

	if (attrs & ~(DMA_BUF_PHYS_MMIO | DMA_BUF_PHYS_PRIVATE |
		      DMA_BUF_PHYS_CPU | DMA_BUF_PHYS_WC))
		return false;
	if (attrs & DMA_BUF_PHYS_PRIVATE && attrs & DMA_BUF_PHYS_CPU)
		return false;
	if (attrs & DMA_BUF_PHYS_WC && !(attrs & DMA_BUF_PHYS_MMIO))
		return false;
	return !(attrs & DMA_BUF_PHYS_MMIO) == !desc->provider;
}

/*
 * Returns 0 and sets *@shape, -EINVAL or -EOVERFLOW. A bad description is a bug of
 * the exporter, so it gets a line in the log.
 */
int dma_buf_phys_check_desc(const struct dma_buf *dmabuf,
			    const struct dma_buf_phys_desc *desc,
			    struct dma_buf_phys_shape *shape)
{
	int ret = -EINVAL;

	if (desc->ranges && desc->nr_ranges &&
	    desc->nr_ranges <= DMA_BUF_PHYS_MAX_RANGES &&
	    phys_attrs_are_valid(desc))
		ret = phys_check_ranges(dmabuf, desc, shape);
	if (!ret)
		shape->pages = dma_buf_phys_survey(desc, dmabuf->size);
	if (ret)
		pr_err("dma-buf: %s pushed a bad description: %zu ranges, attributes %#x, error %d\n",
		       dmabuf->exp_name, desc->nr_ranges, desc->attrs, ret);
	return ret;
}

/* The buffer is new, nobody else sees it yet. */
int dma_buf_phys_init(struct dma_buf *dmabuf, u64 ino,
		      const struct dma_buf_phys_desc *desc)
{
	struct dma_buf_phys_shape shape;
	struct dma_buf_phys *phys;
	int ret;

	ret = dma_buf_phys_check_desc(dmabuf, desc, &shape);
	if (ret)
		return ret;

	phys = kzalloc_obj(*phys, GFP_KERNEL_ACCOUNT);
	if (!phys)
		return -ENOMEM;

	phys->dmabuf = dmabuf;
	phys->ino = ino;
	mutex_init(&phys->transition);
	init_rwsem(&phys->describing);
	spin_lock_init(&phys->lock);
	INIT_LIST_HEAD(&phys->maps);
	init_waitqueue_head(&phys->changed);
	phys->desc = *desc;
	phys->shape = shape;
	dmabuf->phys = phys;
	return 0;
}

void dma_buf_phys_fini(struct dma_buf *dmabuf)
{
	struct dma_buf_phys *phys = dmabuf->phys;

	if (!phys)
		return;
	/* A mapping needs an attachment, which holds the buffer. */
	WARN_ON(phys->nr_maps || phys->nr_severed);
	mutex_destroy(&phys->transition);
	kfree(phys);
}

const char *dma_buf_phys_importer_name(const struct dma_buf_attachment *attach)
{
	if (attach->importer_ops && attach->importer_ops->name)
		return attach->importer_ops->name;
	return dev_name(attach->dev);
}

/* What an importer can do is known when it attaches, so refuse it there. */
int dma_buf_phys_check_attach(struct dma_buf_attachment *attach)
{
	struct dma_buf_phys *phys = attach->dmabuf->phys;
	int ret;

	if (!phys)
		return 0;

	ret = dma_buf_phys_stats_add(attach);
	if (ret)
		return ret;

	scoped_guard(spinlock, &phys->lock) {
		if (phys->state == DMA_BUF_PHYS_DEAD)
			return -ENODEV;
		if (phys->desc.provider && !attach->peer2peer)
			return -EOPNOTSUPP;
		if (dma_buf_attachment_class(attach) < phys->desc.needs)
			return -EOPNOTSUPP;
	}
	dma_buf_phys_note_route(attach);
	return 0;
}

/*
 * Take a mapping without translation off its buffer. Nothing of the description
 * or the provider may be touched afterwards.
 */
static void phys_drop(struct dma_buf_phys *phys, struct dma_buf_phys_map *map)
{
	guard(spinlock)(&phys->lock);
	WARN_ON_ONCE(map->state != DMA_BUF_PHYS_BUILDING);
	list_del(&map->node);
	if (!--phys->nr_maps && phys->state == DMA_BUF_PHYS_REVOKING)
		wake_up_all(&phys->changed);
}

static int phys_check_mappable(const struct dma_buf_phys *phys)
{
	lockdep_assert_held(&phys->lock);
	if (phys->state != DMA_BUF_PHYS_LIVE)
		return -ENODEV;
	if (phys->desc.attrs & DMA_BUF_PHYS_PRIVATE)
		return -EACCES;
	return 0;
}

/**
 * dma_buf_phys_mappable - ask whether a buffer can be mapped at the moment
 * @attach: attachment of the importer
 *
 * For importers that map later than they attach, and are to refuse a revoked
 * buffer when they attach. After the answer 0 no revoke goes by without a call
 * of the importer's &dma_buf_attach_ops.invalidate_mappings.
 *
 * Context: The reservation lock is held.
 *
 * Return: 0; -ENODEV if the buffer is revoked, or gone for good; -EACCES if the
 * memory is private; -EOPNOTSUPP if the buffer has no description.
 */
int dma_buf_phys_mappable(struct dma_buf_attachment *attach)
{
	struct dma_buf_phys *phys = attach->dmabuf->phys;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!phys)
		return -EOPNOTSUPP;

	guard(spinlock)(&phys->lock);
	return phys_check_mappable(phys);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_mappable, "DMA_BUF");

/* Returns 0, -EINVAL or -EOVERFLOW. */
int dma_buf_phys_check_slice(const struct dma_buf *dmabuf, size_t offset,
			     size_t len)
{
	size_t end;

	if (check_add_overflow(offset, len, &end))
		return -EOVERFLOW;
	return len && end <= dmabuf->size ? 0 : -EINVAL;
}

/**
 * dma_buf_phys_map_begin - check a slice and put its mapping on the buffer
 * @attach: attachment of the importer, to a buffer with a description
 * @map: the importer's mapping
 * @offset: first byte of the slice
 * @len: bytes in the slice
 *
 * After success the caller translates, without any lock of the core, and ends
 * with dma_buf_phys_map_end().
 *
 * Return: 0; -ENODEV if the buffer is not live; -EACCES if it is private;
 * -EINVAL or -EOVERFLOW if the slice is not inside the buffer.
 */
int dma_buf_phys_map_begin(struct dma_buf_attachment *attach,
			   struct dma_buf_phys_map *map,
			   size_t offset, size_t len)
{
	struct dma_buf_phys *phys = attach->dmabuf->phys;
	int ret;

	ret = dma_buf_phys_check_slice(attach->dmabuf, offset, len);
	if (ret)
		return ret;

	map->attach = attach;
	map->offset = offset;
	map->len = len;
	map->route = NULL;

	guard(spinlock)(&phys->lock);
	ret = phys_check_mappable(phys);
	if (ret)
		return ret;
	map->state = DMA_BUF_PHYS_BUILDING;
	list_add_tail(&map->node, &phys->maps);
	phys->nr_maps++;
	return 0;
}

/**
 * dma_buf_phys_map_end - make a translated mapping count, or drop it
 * @map: mapping in state BUILDING
 * @ret: what translating returned; if 0, @map has its route
 *
 * A revoke that began meanwhile does not know how far the importer is, so the
 * mapping is undone here rather than left to its callback: whatever lock the
 * importer holds or forgot to hold, nothing gets past a revoke.
 *
 * Return: @ret, or -ENODEV if the buffer was revoked meanwhile.
 */
int dma_buf_phys_map_end(struct dma_buf_phys_map *map, int ret)
{
	struct dma_buf_phys *phys = map->attach->dmabuf->phys;

	if (!ret) {
		scoped_guard(spinlock, &phys->lock) {
			if (phys->state == DMA_BUF_PHYS_LIVE)
				map->state = DMA_BUF_PHYS_MAPPED;
			else
				ret = -ENODEV;
		}
		if (ret)
			map->route->release(map);
	}
	trace_dma_buf_phys_map(map, ret);
	if (ret)
		phys_drop(phys, map);
	return ret;
}

/*
 * Make the caller the owner of a mapping, unless a revoker is at it. Returns the
 * state that the mapping was found in; *@since is set to when a revoke began that
 * waits for it.
 */
static enum dma_buf_phys_map_state
phys_claim(struct dma_buf_phys *phys, struct dma_buf_phys_map *map,
	   ktime_t *since)
{
	enum dma_buf_phys_map_state found;

	guard(spinlock)(&phys->lock);
	found = map->state;
	if (found == DMA_BUF_PHYS_SEVERED)
		phys->nr_severed--;
	if (found != DMA_BUF_PHYS_SEVERING)
		map->state = DMA_BUF_PHYS_BUILDING;
	*since = phys->state == DMA_BUF_PHYS_REVOKING ? phys->since : 0;
	return found;
}

static void phys_release(struct dma_buf_phys *phys,
			 struct dma_buf_phys_map *map, ktime_t since)
{
	trace_dma_buf_phys_unmap(map, 0);
	map->route->release(map);
	/* A revoke that waits for a mapping is told from everyday unmapping. */
	if (since)
		dma_buf_phys_stats_released(map->attach, since);
	phys_drop(phys, map);
}

/**
 * dma_buf_phys_unmap - undo a mapping
 * @map: mapping made by dma_buf_phys_map_device(), dma_buf_phys_map_domain() or
 *	dma_buf_phys_map_cpu()
 *
 * When it returns, the target does not reach the memory through @map any more,
 * and @map belongs to the importer again. Never fails. A mapping that was
 * severed is unmapped like any other.
 *
 * Context: May sleep. Takes no lock that the reservation lock or a lock of the
 * importer could be inside of, so it may be called under either. For a buffer
 * without description the reservation lock must be held.
 */
void dma_buf_phys_unmap(struct dma_buf_phys_map *map)
{
	struct dma_buf_phys *phys = map->attach->dmabuf->phys;
	enum dma_buf_phys_map_state found;
	ktime_t since;

	might_sleep();

	if (!phys) {
		map->route->release(map);
		return;
	}

	/* Whoever severs a mapping waits for nobody, or for a CPU's copy. */
	wait_event(phys->changed, (found = phys_claim(phys, map, &since)) !=
				  DMA_BUF_PHYS_SEVERING);
	if (found == DMA_BUF_PHYS_MAPPED)
		phys_release(phys, map, since);
	else if (WARN_ON_ONCE(found != DMA_BUF_PHYS_SEVERED))
		return;
	else if (map->route->forget)
		map->route->forget(map);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_unmap, "DMA_BUF");

static const char * const phys_state_names[] = {
	[DMA_BUF_PHYS_LIVE] = "live",
	[DMA_BUF_PHYS_REVOKING] = "revoking",
	[DMA_BUF_PHYS_REVOKED] = "revoked",
	[DMA_BUF_PHYS_DEAD] = "dead",
};

/* For fdinfo and debugfs: everything worth knowing but the addresses. */
void dma_buf_phys_show(struct seq_file *m, struct dma_buf *dmabuf)
{
	struct dma_buf_phys *phys = dmabuf->phys;

	if (!phys)
		return;

	guard(spinlock)(&phys->lock);
	seq_printf(m, "phys_state:\t%s\n", phys_state_names[phys->state]);
	seq_printf(m, "phys_ranges:\t%zu\n", phys->desc.nr_ranges);
	seq_printf(m, "phys_provider:\t%s\n", phys->desc.provider ?
		   dev_name(phys->desc.provider->owner) : "none");
	seq_printf(m, "phys_mappings:\t%u\n", phys->nr_maps);
	seq_printf(m, "phys_severed:\t%u\n", phys->nr_severed);
}
