// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter takes its memory back, gives it again, or closes it for good.
 *
 *     LIVE --revoke--> REVOKING --no mapping left--> REVOKED --restore--> LIVE
 *                                                       '------kill-----> DEAD
 *
 * The transition mutex makes each step whole. The state is flipped first, so
 * that no new mapping gets in; then the importers are told; then the mappings
 * are waited for. Only the telling is under the reservation lock: an importer
 * may need it to let go.
 */
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>

#include <trace/events/dma_buf_phys.h>

#include "dma-buf-phys-priv.h"

/* How long fences are waited for before the mappings are */
#define PHYS_FENCE_BUDGET	(10 * HZ)
/* When the first line about a slow importer is due, and the further ones */
#define PHYS_FIRST_WARNING	(1 * HZ)
#define PHYS_NEXT_WARNING	(10 * HZ)

/*
 * An importer's callback runs inside this map, and revokers wait on it with
 * their own locks held. So lockdep sees a callback that takes a lock which a
 * revoker may hold the first time it does so, not the first time it deadlocks.
 */
#ifdef CONFIG_LOCKDEP
static struct lockdep_map phys_letting_go =
	STATIC_LOCKDEP_MAP_INIT("dma_buf_phys_letting_go", &phys_letting_go);
#endif

static void phys_tell_importers(struct dma_buf_phys *phys)
{
	struct dma_buf *dmabuf = phys->dmabuf;

	dma_resv_lock(dmabuf->resv, NULL);
	lock_map_acquire(&phys_letting_go);
	dma_buf_invalidate_mappings(dmabuf);
	lock_map_release(&phys_letting_go);
	dma_resv_unlock(dmabuf->resv);
}

/*
 * A fence that does not signal in time is no reason to hang: an importer unmaps
 * only when its device is done, so the mappings are what counts.
 */
static void phys_wait_fences(struct dma_buf_phys *phys)
{
	struct dma_buf *dmabuf = phys->dmabuf;

	if (!dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
				   false, PHYS_FENCE_BUDGET))
		pr_warn("dma-buf: revoke of %s: fences not signalled after %u s, waiting for the mappings\n",
			dmabuf->exp_name, PHYS_FENCE_BUDGET / HZ);
}

static void phys_name_holder(struct dma_buf_phys *phys, unsigned long since)
{
	struct dma_buf_phys_map *map;

	guard(spinlock)(&phys->lock);
	map = list_first_entry_or_null(&phys->maps, struct dma_buf_phys_map,
				       node);
	if (map)
		pr_warn("dma-buf: revoke of %s waits for %s since %u s, %u mappings left\n",
			phys->dmabuf->exp_name,
			dma_buf_phys_importer_name(map->attach),
			jiffies_to_msecs(jiffies - since) / 1000,
			phys->nr_maps);
}

static bool phys_try_settle(struct dma_buf_phys *phys,
			    enum dma_buf_phys_state state,
			    const struct dma_buf_phys_desc *desc)
{
	guard(spinlock)(&phys->lock);
	if (phys->nr_maps)
		return false;
	phys->state = state;
	if (desc)
		phys->desc = *desc;
	return true;
}

/* Wait until nobody uses the description, then change state and description. */
static void phys_settle(struct dma_buf_phys *phys,
			enum dma_buf_phys_state state,
			const struct dma_buf_phys_desc *desc)
{
	unsigned long timeout = PHYS_FIRST_WARNING;
	unsigned long since = jiffies;

	while (!wait_event_timeout(phys->idle,
				   phys_try_settle(phys, state, desc),
				   timeout)) {
		phys_name_holder(phys, since);
		timeout = PHYS_NEXT_WARNING;
	}
}

static void phys_take_back(struct dma_buf_phys *phys)
{
	lockdep_assert_held(&phys->transition);

	if (phys->state != DMA_BUF_PHYS_LIVE)
		return;

	trace_dma_buf_phys_revoke(phys->dmabuf, phys->ino);
	scoped_guard(spinlock, &phys->lock)
		phys->state = DMA_BUF_PHYS_REVOKING;
	phys_tell_importers(phys);
	phys_wait_fences(phys);
	phys_settle(phys, DMA_BUF_PHYS_REVOKED, NULL);
	trace_dma_buf_phys_revoked(phys->dmabuf, phys->ino);
}

/**
 * dma_buf_phys_revoke - take the memory back from every importer
 * @dmabuf: buffer exported with a description
 *
 * Tells all importers, waits for their fences and then for their mappings.
 * When it returns, no target reaches the memory, and every attempt to map it
 * gets -ENODEV until dma_buf_phys_restore(). Does nothing if the buffer is
 * revoked already. An importer that takes longer than a second is named in the
 * log.
 *
 * Context: Sleeps. The exporter may hold locks of its own, which no importer's
 * &dma_buf_attach_ops.invalidate_mappings may take; it must not hold the
 * reservation lock. What keeps @dmabuf from going away is a reference, or a
 * lock that the exporter's &dma_buf_ops.release takes.
 */
void dma_buf_phys_revoke(struct dma_buf *dmabuf)
{
	struct dma_buf_phys *phys = dmabuf->phys;

	guard(mutex)(&phys->transition);
	phys_take_back(phys);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_revoke, "DMA_BUF");

/**
 * dma_buf_phys_restore - make a revoked buffer mappable again
 * @dmabuf: buffer exported with a description
 * @desc: what lies behind it now, or NULL for what was there before; the old
 *	array of ranges is not used any more when this returns
 *
 * Context: Sleeps. The reservation lock must not be held.
 *
 * Return: 0, also if the buffer is live and @desc is NULL; -ENODEV after
 * dma_buf_phys_kill(); -EINVAL for a new description of a live buffer; -EINVAL
 * or -EOVERFLOW for a bad description.
 */
int dma_buf_phys_restore(struct dma_buf *dmabuf,
			 const struct dma_buf_phys_desc *desc)
{
	struct dma_buf_phys *phys = dmabuf->phys;
	int ret;

	guard(mutex)(&phys->transition);
	if (phys->state == DMA_BUF_PHYS_DEAD)
		return -ENODEV;
	if (phys->state == DMA_BUF_PHYS_LIVE)
		return desc ? -EINVAL : 0;

	if (desc) {
		ret = dma_buf_phys_check_desc(dmabuf, desc);
		if (ret)
			return ret;
	}

	phys_settle(phys, DMA_BUF_PHYS_LIVE, desc);
	trace_dma_buf_phys_restore(dmabuf, phys->ino);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_restore, "DMA_BUF");

/**
 * dma_buf_phys_kill - revoke a buffer for good
 * @dmabuf: buffer exported with a description
 *
 * When it returns, nobody touches the ranges or the provider any more, so the
 * exporter may free both and its device may go away. The buffer itself lives on
 * until its last reference is dropped; every map and attach gets -ENODEV.
 *
 * Context: As dma_buf_phys_revoke().
 */
void dma_buf_phys_kill(struct dma_buf *dmabuf)
{
	static const struct dma_buf_phys_desc nothing;
	struct dma_buf_phys *phys = dmabuf->phys;

	guard(mutex)(&phys->transition);
	if (phys->state == DMA_BUF_PHYS_DEAD)
		return;

	phys_take_back(phys);
	phys_settle(phys, DMA_BUF_PHYS_DEAD, &nothing);
	trace_dma_buf_phys_kill(dmabuf, phys->ino);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_kill, "DMA_BUF");
