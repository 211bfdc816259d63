// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter takes its memory back, gives it again, or closes it for good.
 *
 *     LIVE --revoke--> REVOKING --no mapping left--> REVOKED --restore--> LIVE
 *                         |                             '------kill-----> DEAD
 *                         '--grace time over--> sever what has a translation
 *
 * The transition mutex makes each step whole. The state is flipped first, so
 * that no new mapping gets in; then the importers are told, and the grace time
 * begins; then the mappings are waited for. Only the telling is under the
 * reservation lock: an importer may need it to let go.
 *
 * Importers that have nothing to do but to stop leave their mappings to the
 * core, which takes them apart at once: dma-buf-phys-sever.c.
 *
 * One importer must not be able to hold up a device reset. What it has not
 * unmapped when the grace time is over is severed: the translation goes, the
 * importer keeps a mapping that leads nowhere, and its device gets a DMA fault.
 * Without a translation there is nothing to sever, and the only safe thing is to
 * wait on and say for whom.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>

#include <trace/events/dma_buf_phys.h>

#include "dma-buf-phys-priv.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dma_buf."

/* For all waiting of one revoke, for fences and for mappings */
unsigned int dma_buf_phys_grace_ms = 10000;
EXPORT_SYMBOL_IF_KUNIT(dma_buf_phys_grace_ms);
module_param_named(phys_grace_ms, dma_buf_phys_grace_ms, uint, 0644);
MODULE_PARM_DESC(phys_grace_ms,
		 "How long importers may take to let go of revoked memory before their mappings are severed (ms)");

/* When the first line about a slow importer is due, and the further ones */
#define PHYS_FIRST_WARNING	(1 * HZ)
#define PHYS_NEXT_WARNING	(10 * HZ)

/*
 * An importer's callbacks run inside this map, and exporters enter it with their
 * own locks held. So lockdep sees a callback that takes a lock which an exporter
 * may hold the first time it does so, not the first time it deadlocks.
 */
#ifdef CONFIG_LOCKDEP
static struct lockdep_map phys_telling =
	STATIC_LOCKDEP_MAP_INIT("dma_buf_phys_telling", &phys_telling);
#endif

static void phys_tell_revoked(struct dma_buf_phys *phys)
{
	struct dma_buf *dmabuf = phys->dmabuf;

	dma_resv_lock(dmabuf->resv, NULL);
	lock_map_acquire(&phys_telling);
	dma_buf_invalidate_mappings(dmabuf);
	lock_map_release(&phys_telling);
	dma_resv_unlock(dmabuf->resv);
}

static void phys_tell_restored(struct dma_buf_phys *phys)
{
	struct dma_buf *dmabuf = phys->dmabuf;
	struct dma_buf_attachment *attach;

	dma_resv_lock(dmabuf->resv, NULL);
	lock_map_acquire(&phys_telling);
	list_for_each_entry(attach, &dmabuf->attachments, node) {
		if (attach->importer_ops && attach->importer_ops->restored)
			attach->importer_ops->restored(attach);
	}
	lock_map_release(&phys_telling);
	dma_resv_unlock(dmabuf->resv);
}

/* Of the grace time, in jiffies */
static unsigned long phys_time_left(const struct dma_buf_phys *phys)
{
	unsigned long now = jiffies;

	return time_before(now, phys->deadline) ? phys->deadline - now : 0;
}

/*
 * A fence that does not signal in time is no reason to hang: an importer unmaps
 * only when its device is done, so the mappings are what counts.
 */
static void phys_wait_fences(struct dma_buf_phys *phys)
{
	struct dma_buf *dmabuf = phys->dmabuf;

	if (!dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
				   false, phys_time_left(phys)))
		pr_warn_ratelimited("dma-buf: revoke of %s: fences not signalled in time, going by the mappings\n",
				    dmabuf->exp_name);
}

static void phys_name_holder(struct dma_buf_phys *phys)
{
	struct dma_buf_phys_map *map;

	guard(spinlock)(&phys->lock);
	map = list_first_entry_or_null(&phys->maps, struct dma_buf_phys_map,
				       node);
	if (map)
		pr_warn_ratelimited("dma-buf: revoke of %s waits for %s since %lld ms, %u mappings left\n",
				    phys->dmabuf->exp_name,
				    dma_buf_phys_importer_name(map->attach),
				    ktime_ms_delta(ktime_get(), phys->since),
				    phys->nr_maps);
}

static bool phys_try_settle(struct dma_buf_phys *phys)
{
	guard(spinlock)(&phys->lock);
	if (phys->nr_maps)
		return false;
	phys->state = DMA_BUF_PHYS_REVOKED;
	return true;
}

static bool phys_settle_within(struct dma_buf_phys *phys, unsigned long timeout)
{
	return wait_event_timeout(phys->changed, phys_try_settle(phys),
				  timeout);
}

/* Wait until there is no mapping, and see to it that this comes to an end. */
static void phys_drain(struct dma_buf_phys *phys)
{
	unsigned long step = PHYS_FIRST_WARNING;

	if (phys_settle_within(phys, min(phys_time_left(phys), step)))
		return;

	if (phys_time_left(phys)) {
		phys_name_holder(phys);
		if (phys_settle_within(phys, phys_time_left(phys)))
			return;
	}

	dma_buf_phys_sever(phys);
	while (!phys_settle_within(phys, step)) {
		phys_name_holder(phys);
		step = PHYS_NEXT_WARNING;
	}
}

/* The buffer is revoked, so there is no mapping that needs the description. */
static void phys_change(struct dma_buf_phys *phys,
			enum dma_buf_phys_state state,
			const struct dma_buf_phys_desc *desc,
			const struct dma_buf_phys_shape *shape)
{
	guard(rwsem_write)(&phys->describing);
	guard(spinlock)(&phys->lock);
	phys->state = state;
	if (desc) {
		phys->desc = *desc;
		phys->shape = *shape;
		phys->edition++;
	}
}

/* From here on nothing gets in, and the clock of those who are in is running. */
static void phys_begin_revoke(struct dma_buf_phys *phys)
{
	lockdep_assert_held(&phys->transition);

	if (phys->state != DMA_BUF_PHYS_LIVE)
		return;

	trace_dma_buf_phys_revoke(phys->dmabuf, phys->ino);
	phys->deadline = jiffies +
			 msecs_to_jiffies(READ_ONCE(dma_buf_phys_grace_ms));
	scoped_guard(spinlock, &phys->lock) {
		phys->state = DMA_BUF_PHYS_REVOKING;
		phys->since = ktime_get();
	}
	phys_tell_revoked(phys);
}

/* What was unmapped before may be reached until its domain is flushed. */
static void phys_flush_lazy(struct dma_buf *dmabuf)
{
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_phys_flush_lazy(dmabuf);
	dma_resv_unlock(dmabuf->resv);
}

static void phys_finish_revoke(struct dma_buf_phys *phys)
{
	lockdep_assert_held(&phys->transition);

	if (phys->state != DMA_BUF_PHYS_REVOKING)
		return;

	dma_buf_phys_unmap_stopped(phys);
	phys_wait_fences(phys);
	phys_drain(phys);
	phys_flush_lazy(phys->dmabuf);
	trace_dma_buf_phys_revoked(phys->dmabuf, phys->ino);
}

/**
 * dma_buf_phys_revoke_begin - begin to take the memory back
 * @dmabuf: buffer exported with a description
 *
 * Does of dma_buf_phys_revoke() what need not be waited for: no new mapping gets
 * in, importers are told, and their grace time begins. An exporter that takes
 * back many buffers begins with all of them before it revokes the first, so that
 * it waits for all importers at once. Has no effect unless the buffer is live.
 *
 * Context: As dma_buf_phys_revoke(), which is to follow, or dma_buf_phys_kill().
 */
void dma_buf_phys_revoke_begin(struct dma_buf *dmabuf)
{
	struct dma_buf_phys *phys = dmabuf->phys;

	guard(mutex)(&phys->transition);
	phys_begin_revoke(phys);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_revoke_begin, "DMA_BUF");

/**
 * dma_buf_phys_revoke - take the memory back from every importer
 * @dmabuf: buffer exported with a description
 *
 * Tells all importers, unmaps what they leave to the core, waits for their
 * fences and then for their mappings.
 * When it returns, no target reaches the memory, and every attempt to map it
 * gets -ENODEV until dma_buf_phys_restore(). Does nothing if the buffer is
 * revoked already.
 *
 * Takes no longer than the importers' callbacks do, the reservation lock and
 * whatever locks they take included, and the grace time, dma_buf.phys_grace_ms:
 * what is left then is severed. Only for mappings that no IOMMU translates it
 * waits as long as the importer takes. An importer that takes longer than a
 * second is named in the log.
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
	phys_begin_revoke(phys);
	phys_finish_revoke(phys);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_revoke, "DMA_BUF");

/**
 * dma_buf_phys_restore - make a revoked buffer mappable again
 * @dmabuf: buffer exported with a description
 * @desc: what lies behind it now, or NULL for what was there before; the old
 *	array of ranges is not used any more when this returns
 *
 * Importers that have &dma_buf_attach_ops.restored are told, and may have mapped
 * the buffer again when this returns.
 *
 * Context: Sleeps. As dma_buf_phys_revoke(): no importer's callback may take a
 * lock that is held here, and the reservation lock must not be held.
 *
 * Return: 0, also if the buffer is live and @desc is NULL; -ENODEV after
 * dma_buf_phys_kill(); -EINVAL for a new description of a live buffer; -EINVAL
 * or -EOVERFLOW for a bad description.
 */
int dma_buf_phys_restore(struct dma_buf *dmabuf,
			 const struct dma_buf_phys_desc *desc)
{
	struct dma_buf_phys *phys = dmabuf->phys;
	struct dma_buf_phys_shape shape;
	int ret;

	guard(mutex)(&phys->transition);
	if (phys->state == DMA_BUF_PHYS_DEAD)
		return -ENODEV;
	if (phys->state == DMA_BUF_PHYS_LIVE)
		return desc ? -EINVAL : 0;

	if (desc) {
		ret = dma_buf_phys_check_desc(dmabuf, desc, &shape);
		if (ret)
			return ret;
	}

	phys_finish_revoke(phys);
	phys_change(phys, DMA_BUF_PHYS_LIVE, desc, &shape);
	trace_dma_buf_phys_restore(dmabuf, phys->ino);
	phys_tell_restored(phys);
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
	static const struct dma_buf_phys_shape no_shape;
	static const struct dma_buf_phys_desc nothing;
	struct dma_buf_phys *phys = dmabuf->phys;

	guard(mutex)(&phys->transition);
	if (phys->state == DMA_BUF_PHYS_DEAD)
		return;

	phys_begin_revoke(phys);
	phys_finish_revoke(phys);
	phys_change(phys, DMA_BUF_PHYS_DEAD, &nothing, &no_shape);
	trace_dma_buf_phys_kill(dmabuf, phys->ino);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_kill, "DMA_BUF");
