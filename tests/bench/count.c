// SPDX-License-Identifier: GPL-2.0
/*
 * What a step allocates and flushes, by probes: of allocations at the
 * tracepoints of the allocators, of flushes at the operations of the IOMMU
 * driver. Probes cost time, so nothing is timed meanwhile.
 */
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include <trace/events/kmem.h>

#include "bench.h"

static struct bench_counts counts;
static struct task_struct *counted;

/* Not what an interrupt or another task does meanwhile */
static bool is_counted(void)
{
	return current == counted && in_task();
}

static void add(size_t bytes)
{
	counts.bytes += bytes;
	counts.allocs++;
}

static void on_kmalloc(void *data, unsigned long call_site, const void *ptr,
		       size_t bytes_req, size_t bytes_alloc, gfp_t gfp, int node)
{
	/* A large one comes by as pages, too. */
	if (is_counted() && bytes_alloc <= KMALLOC_MAX_CACHE_SIZE)
		add(bytes_alloc);
}

static void on_kmem_cache_alloc(void *data, unsigned long call_site,
				const void *ptr, struct kmem_cache *s,
				gfp_t gfp, int node)
{
	if (is_counted())
		add(kmem_cache_size(s));
}

/*
 * A page table is a zeroed folio. A slab cache that grows does not try hard, and
 * is not what the step asked for.
 */
static void on_mm_page_alloc(void *data, struct page *page, unsigned int order,
			     gfp_t gfp, int migratetype)
{
	if (!is_counted() || gfp & __GFP_NORETRY)
		return;
	if ((gfp & (__GFP_COMP | __GFP_ZERO)) != (__GFP_COMP | __GFP_ZERO)) {
		add(PAGE_SIZE << order);
		return;
	}
	counts.tables++;
	if (!gfpflags_allow_blocking(gfp))
		counts.atomic++;
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ "kmalloc", on_kmalloc },
	{ "kmem_cache_alloc", on_kmem_cache_alloc },
	{ "mm_page_alloc", on_mm_page_alloc },
};

static void find_tracepoint(struct tracepoint *tp, void *data)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
	}
}

static int on_flush(struct kprobe *p, struct pt_regs *regs)
{
	if (is_counted())
		counts.flushes++;
	return 0;
}

static struct kprobe flushes[] = {
	{ .pre_handler = on_flush },
	{ .pre_handler = on_flush },
	{ .pre_handler = on_flush },
};

/* For each operation of the driver that flushes */
static int watch_flushes(struct iommu_domain *domain)
{
	const void *ops[ARRAY_SIZE(flushes)] = {
		domain->ops->iotlb_sync, domain->ops->iotlb_sync_map,
		domain->ops->flush_iotlb_all,
	};
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(flushes); i++) {
		flushes[i] = (struct kprobe) {
			.addr = (kprobe_opcode_t *)ops[i],
			.pre_handler = on_flush,
		};
		if (!ops[i])
			continue;
		ret = register_kprobe(&flushes[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static void unwatch_flushes(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flushes); i++) {
		if (flushes[i].addr)
			unregister_kprobe(&flushes[i]);
		flushes[i].addr = NULL;
	}
}

int bench_count_begin(struct iommu_domain *domain)
{
	size_t i;
	int ret;

	counted = current;
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tp)
			return -ENOENT;
		ret = tracepoint_probe_register(probes[i].tp, probes[i].probe,
						NULL);
		if (ret)
			return ret;
	}
	return domain ? watch_flushes(domain) : 0;
}

static void count_once(struct bench_case *c, const struct bench_way *way,
		       struct iommu_domain *domain, struct bench_result *r)
{
	dma_addr_t first, last;
	int i;

	for (i = 0; i < BENCH_STEPS && way->steps[i].run; i++) {
		counts = (struct bench_counts) {};
		r->ret = way->steps[i].run(c);
		r->counts[i] = counts;
		if (r->ret)
			return;
		if (i || !domain || !way->span)
			continue;
		way->span(c, &first, &last);
		r->leaves = bench_leaves(domain, first, last);
	}
}

void bench_count(struct bench_case *c, const struct bench_way *way,
		 struct iommu_domain *domain, struct bench_result *r)
{
	r->ret = way->begin(c);
	if (r->ret)
		return;
	if (!way->unlocked)
		dma_resv_lock(c->dmabuf->resv, NULL);
	count_once(c, way, domain, r);
	if (!way->unlocked)
		dma_resv_unlock(c->dmabuf->resv);
	way->end(c);
}

void bench_count_end(void)
{
	size_t i;

	unwatch_flushes();
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		tracepoint_probe_unregister(probes[i].tp, probes[i].probe, NULL);
	tracepoint_synchronize_unregister();
}
