// SPDX-License-Identifier: GPL-2.0
/*
 * Many attachments to one buffer, each with a mapping in the same domain, and the
 * exporter takes the memory back. On the unmodified kernel that is what its VFIO
 * does: tell the importers, wait for their fences.
 */
#include <linux/dma-resv.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"
#include "sgt.h"

/**
 * struct bench_importer - one of many
 * @attach: its attachment
 * @sgt: NULL if it is not mapped, or not by a scatterlist
 * @map: if mapped by the core
 * @mapped: whether @map is
 */
struct bench_importer {
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
#ifdef BENCH_DESCRIBED
	struct dma_buf_phys_map map;
	bool mapped;
#endif
};

static int many_begin(struct bench_case *c)
{
	c->importers = kvcalloc(c->many, sizeof(*c->importers), GFP_KERNEL);
	return c->importers ? 0 : -ENOMEM;
}

static void many_end(struct bench_case *c)
{
	kvfree(c->importers);
}

static void detach_first(struct bench_case *c, size_t n)
{
	while (n--) {
		dma_buf_detach(c->dmabuf, c->importers[n].attach);
		cond_resched();
	}
	dma_buf_put(c->dmabuf);
}

static int many_attach(struct bench_case *c,
		       const struct dma_buf_attach_ops *ops)
{
	size_t i;

	for (i = 0; i < c->many; i++) {
		struct bench_importer *imp = &c->importers[i];

		memset(imp, 0, sizeof(*imp));
		imp->attach = dma_buf_dynamic_attach(c->dmabuf,
						     &machine.importer->dev,
						     ops, imp);
		if (IS_ERR(imp->attach)) {
			detach_first(c, i);
			return PTR_ERR(imp->attach);
		}
		cond_resched();
	}
	return 0;
}

static int many_detach(struct bench_case *c)
{
	detach_first(c, c->many);
	return 0;
}

static void sgt_invalidate(struct dma_buf_attachment *attach)
{
	struct bench_importer *imp = attach->importer_priv;

	if (imp->sgt)
		dma_buf_unmap_attachment(attach, imp->sgt, DMA_BIDIRECTIONAL);
	imp->sgt = NULL;
}

static const struct dma_buf_attach_ops sgt_attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = sgt_invalidate,
};

static int sgt_attach(struct bench_case *c)
{
	int ret = bench_sgt_export(c);

	return ret ?: many_attach(c, &sgt_attach_ops);
}

static int sgt_map(struct bench_case *c)
{
	size_t i;

	dma_resv_lock(c->dmabuf->resv, NULL);
	for (i = 0; i < c->many; i++) {
		struct bench_importer *imp = &c->importers[i];

		imp->sgt = dma_buf_map_attachment(imp->attach,
						  DMA_BIDIRECTIONAL);
		if (IS_ERR(imp->sgt))
			imp->sgt = NULL;
	}
	dma_resv_unlock(c->dmabuf->resv);
	return 0;
}

static int sgt_revoke(struct bench_case *c)
{
	dma_resv_lock(c->dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(c->dmabuf);
	dma_resv_wait_timeout(c->dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	dma_resv_unlock(c->dmabuf->resv);
	return 0;
}

const struct bench_way bench_many_sgt = {
	.name = "sgt",
	.route = "many",
	.begin = many_begin,
	.steps = {
		{ "attach", sgt_attach }, { "map", sgt_map },
		{ "revoke", sgt_revoke }, { "unmap", bench_nothing },
		{ "detach", many_detach },
	},
	.unlocked = true,
	.end = many_end,
};

#ifdef BENCH_DESCRIBED
static void ours_invalidate(struct dma_buf_attachment *attach)
{
	struct bench_importer *imp = attach->importer_priv;

	if (imp->mapped)
		dma_buf_phys_unmap(&imp->map);
	imp->mapped = false;
}

static const struct dma_buf_attach_ops ours_attach_ops = {
	.name = "bench",
	.allow_peer2peer = true,
	.invalidate_mappings = ours_invalidate,
};

static int ours_attach(struct bench_case *c)
{
	int ret = bench_described_export(c);

	return ret ?: many_attach(c, &ours_attach_ops);
}

static int ours_map(struct bench_case *c)
{
	size_t i;

	dma_resv_lock(c->dmabuf->resv, NULL);
	for (i = 0; i < c->many; i++) {
		struct bench_importer *imp = &c->importers[i];

		imp->mapped = !dma_buf_phys_map_device(imp->attach, &imp->map,
						       &machine.importer->dev,
						       0, c->size,
						       DMA_BIDIRECTIONAL, 0);
	}
	dma_resv_unlock(c->dmabuf->resv);
	return 0;
}

static int ours_revoke(struct bench_case *c)
{
	dma_buf_phys_revoke(c->dmabuf);
	return 0;
}

/* What a revoke left of them */
static int ours_unmap(struct bench_case *c)
{
	size_t i;

	dma_resv_lock(c->dmabuf->resv, NULL);
	for (i = 0; i < c->many; i++)
		ours_invalidate(c->importers[i].attach);
	dma_resv_unlock(c->dmabuf->resv);
	return 0;
}

const struct bench_way bench_many_ours = {
	.name = "ours",
	.route = "many",
	.begin = many_begin,
	.steps = {
		{ "attach", ours_attach }, { "map", ours_map },
		{ "revoke", ours_revoke }, { "unmap", ours_unmap },
		{ "detach", many_detach },
	},
	.unlocked = true,
	.end = many_end,
};
#endif

#ifdef BENCH_CORE_UNMAPS
static void left_invalidate(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops left_attach_ops = {
	.name = "bench",
	.allow_peer2peer = true,
	.core_unmaps = true,
	.invalidate_mappings = left_invalidate,
};

static int left_attach(struct bench_case *c)
{
	int ret = bench_described_export(c);

	return ret ?: many_attach(c, &left_attach_ops);
}

/* Importers that leave it to the core to unmap */
const struct bench_way bench_many_left = {
	.name = "left",
	.route = "many",
	.begin = many_begin,
	.steps = {
		{ "attach", left_attach }, { "map", ours_map },
		{ "revoke", ours_revoke }, { "unmap", ours_unmap },
		{ "detach", many_detach },
	},
	.unlocked = true,
	.end = many_end,
};
#endif
