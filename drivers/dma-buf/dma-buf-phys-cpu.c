// SPDX-License-Identifier: GPL-2.0
/*
 * Target CPU: for importers that are software, a NIC in soft RoCE for one.
 *
 * To map is only to note where each physical run of the slice begins. A run gets
 * a virtual address when it is first accessed, so that a large BAR costs nothing
 * as long as nobody looks at it.
 *
 * An importer accesses the memory through windows that it opens and shuts. While
 * one is open its thread cannot sleep, so all of them are shut soon when a
 * revoke wants to sever the mapping, and a CPU never touches an address that is
 * gone.
 *
 * An exporter without a description can offer vmap instead. Its memory then is
 * one run, which has its address from the beginning.
 */
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "dma-buf-phys-priv.h"

/**
 * struct phys_cpu_run - a physical run of the slice
 * @start: its first byte in the slice
 * @phys: where it is
 * @vaddr: NULL until it is accessed; &dma_buf_phys_cpu.mapping and
 *	&dma_buf_phys_cpu.windows to write, either to read
 */
struct phys_cpu_run {
	size_t start;
	struct phys_vec phys;
	struct iosys_map vaddr;
};

/**
 * struct dma_buf_phys_cpu - what the core keeps for a mapping of the CPU
 * @mapping: held by whoever gives or takes virtual addresses
 * @windows: read by whoever has a window open
 * @severed: @mapping and @windows to write, either to read; nothing can be
 *	accessed any more
 * @nr_runs: entries in @runs
 * @runs: the slice, in order
 */
struct dma_buf_phys_cpu {
	struct mutex mapping;	/* windows is inside */
	rwlock_t windows;
	bool severed;
	size_t nr_runs;
	struct phys_cpu_run runs[] __counted_by(nr_runs);
};

static struct dma_buf_phys_cpu *cpu_alloc(size_t nr_runs)
{
	struct dma_buf_phys_cpu *cpu;

	cpu = kvzalloc_flex(*cpu, runs, nr_runs,
			    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!cpu)
		return NULL;
	cpu->nr_runs = nr_runs;
	mutex_init(&cpu->mapping);
	rwlock_init(&cpu->windows);
	return cpu;
}

static void cpu_free(struct dma_buf_phys_cpu *cpu)
{
	mutex_destroy(&cpu->mapping);
	kvfree(cpu);
}

/*
 * Memory with a description
 */
static void run_map(struct phys_cpu_run *run, unsigned int attrs,
		    struct iosys_map *vaddr)
{
	phys_addr_t paddr = run->phys.paddr;
	size_t len = run->phys.len;

	if (!(attrs & DMA_BUF_PHYS_MMIO))
		iosys_map_set_vaddr(vaddr, memremap(paddr, len, MEMREMAP_WB));
	else if (attrs & DMA_BUF_PHYS_WC)
		iosys_map_set_vaddr_iomem(vaddr, ioremap_wc(paddr, len));
	else
		iosys_map_set_vaddr_iomem(vaddr, ioremap(paddr, len));
}

static void run_unmap(struct phys_cpu_run *run)
{
	if (iosys_map_is_null(&run->vaddr))
		return;
	if (run->vaddr.is_iomem)
		iounmap(run->vaddr.vaddr_iomem);
	else
		memunmap(run->vaddr.vaddr);
	iosys_map_clear(&run->vaddr);
}

static void cpu_unmap_runs(struct dma_buf_phys_cpu *cpu)
{
	size_t i;

	for (i = 0; i < cpu->nr_runs; i++)
		run_unmap(&cpu->runs[i]);
}

static void cpu_release(struct dma_buf_phys_map *map)
{
	cpu_unmap_runs(map->cpu);
	cpu_free(map->cpu);
}

static void cpu_sever(struct dma_buf_phys_map *map,
		      struct iommu_iotlb_gather *gather)
{
	struct dma_buf_phys_cpu *cpu = map->cpu;

	guard(mutex)(&cpu->mapping);
	write_lock(&cpu->windows);
	cpu->severed = true;
	write_unlock(&cpu->windows);
	/* Every window is shut, and none opens again. */
	cpu_unmap_runs(cpu);
}

static void cpu_forget(struct dma_buf_phys_map *map)
{
	cpu_free(map->cpu);
}

static const struct dma_buf_phys_route cpu_route = {
	.name = "cpu",
	.release = cpu_release,
	.sever = cpu_sever,
	.forget = cpu_forget,
};

static int phys_map_cpu(struct dma_buf_phys_map *map)
{
	struct dma_buf_phys_cursor cur;
	struct dma_buf_phys_cpu *cpu;
	size_t start = 0;
	size_t i;

	if (!(map->attach->dmabuf->phys->desc.attrs & DMA_BUF_PHYS_CPU))
		return -EACCES;

	cpu = cpu_alloc(dma_buf_phys_count_runs(map));
	if (!cpu)
		return -ENOMEM;

	dma_buf_phys_cursor_start(&cur, map);
	for (i = 0; i < cpu->nr_runs; i++) {
		dma_buf_phys_cursor_next(&cur, map, &cpu->runs[i].phys);
		cpu->runs[i].start = start;
		start += cpu->runs[i].phys.len;
	}
	map->cpu = cpu;
	map->route = &cpu_route;
	return 0;
}

/*
 * Memory without
 */
static void vmap_release(struct dma_buf_phys_map *map)
{
	struct dma_buf *dmabuf = map->attach->dmabuf;
	struct iosys_map whole = dmabuf->vmap_ptr;

	dma_buf_vunmap(dmabuf, &whole);
	cpu_free(map->cpu);
}

static const struct dma_buf_phys_route vmap_route = {
	.name = "vmap",
	.release = vmap_release,
};

static int phys_map_vmap(struct dma_buf_attachment *attach,
			 struct dma_buf_phys_map *map,
			 size_t offset, size_t len)
{
	struct dma_buf *dmabuf = attach->dmabuf;
	struct phys_cpu_run *run;
	int ret;

	dma_resv_assert_held(dmabuf->resv);

	if (!dmabuf->ops->vmap)
		return -EOPNOTSUPP;
	ret = dma_buf_phys_check_slice(dmabuf, offset, len);
	if (ret)
		return ret;

	map->cpu = cpu_alloc(1);
	if (!map->cpu)
		return -ENOMEM;
	run = map->cpu->runs;
	run->phys.len = len;
	ret = dma_buf_vmap(dmabuf, &run->vaddr);
	if (ret) {
		cpu_free(map->cpu);
		return ret;
	}
	iosys_map_incr(&run->vaddr, offset);

	map->attach = attach;
	map->offset = offset;
	map->len = len;
	map->route = &vmap_route;
	return 0;
}

/**
 * dma_buf_phys_map_cpu - map a slice for the CPU
 * @attach: attachment of the importer
 * @map: the importer's mapping, unused so far
 * @offset: first byte of the slice, of any alignment
 * @len: bytes in the slice
 *
 * The result is accessed with dma_buf_phys_access_begin() and undone by
 * dma_buf_phys_unmap(). Fences are not waited for. For a buffer without
 * description, the core asks the exporter's &dma_buf_ops.vmap; caches are not
 * maintained then, so it is for devices that are coherent with the CPU.
 *
 * Context: May sleep. Hold the reservation lock, or a lock that the importer's
 * &dma_buf_attach_ops.invalidate_mappings takes too; for a buffer without
 * description, the reservation lock.
 *
 * Return: 0; -ENODEV if the buffer is revoked; -EACCES if the memory is private
 * or the CPU may not access it; -EINVAL if the slice is not inside the buffer;
 * -EOVERFLOW if @offset + @len overflows; -EOPNOTSUPP if the buffer has neither
 * a description nor vmap; -ENOMEM; or what the exporter's vmap returns.
 */
int dma_buf_phys_map_cpu(struct dma_buf_attachment *attach,
			 struct dma_buf_phys_map *map,
			 size_t offset, size_t len)
{
	int ret;

	might_sleep();

	if (!attach->dmabuf->phys)
		return phys_map_vmap(attach, map, offset, len);

	ret = dma_buf_phys_map_begin(attach, map, offset, len);
	if (ret)
		return ret;
	return dma_buf_phys_map_end(map, phys_map_cpu(map));
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_map_cpu, "DMA_BUF");

/* The last run that begins at @offset or before */
static struct phys_cpu_run *cpu_find_run(struct dma_buf_phys_cpu *cpu,
					 size_t offset)
{
	size_t low = 0, high = cpu->nr_runs;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (cpu->runs[mid].start <= offset)
			low = mid;
		else
			high = mid;
	}
	return &cpu->runs[low];
}

/* Until it is severed the mapping is on its buffer, so the attributes stay. */
static int cpu_map_run(struct dma_buf_phys_map *map, struct phys_cpu_run *run)
{
	struct dma_buf_phys_cpu *cpu = map->cpu;
	struct iosys_map vaddr;

	guard(mutex)(&cpu->mapping);
	if (cpu->severed)
		return -ENODEV;
	if (iosys_map_is_set(&run->vaddr))
		return 0;

	run_map(run, map->attach->dmabuf->phys->desc.attrs, &vaddr);
	if (iosys_map_is_null(&vaddr))
		return -ENOMEM;
	write_lock(&cpu->windows);
	run->vaddr = vaddr;
	write_unlock(&cpu->windows);
	return 0;
}

/**
 * dma_buf_phys_access_begin - open a window into a mapping for the CPU
 * @map: mapping made by dma_buf_phys_map_cpu()
 * @offset: first byte to access, in the slice
 * @len: bytes to access, at least 1
 * @vaddr: where to access them, of the caller
 *
 * A window ends where a physical run does: call again for what is left. Shut it
 * with dma_buf_phys_access_end() as soon as the bytes are copied, as it holds up
 * a revoke.
 *
 * Context: May sleep: the first access to a run maps it. The caller may not
 * sleep from then on until dma_buf_phys_access_end(). What keeps @map from being
 * unmapped meanwhile is a lock of the importer.
 *
 * Return: how many bytes the window has, from 1 to @len; -ENODEV if the mapping
 * was severed; -EINVAL if @offset and @len are not inside the slice; -ENOMEM.
 */
ssize_t dma_buf_phys_access_begin(struct dma_buf_phys_map *map, size_t offset,
				  size_t len, struct iosys_map *vaddr)
{
	struct dma_buf_phys_cpu *cpu = map->cpu;
	struct phys_cpu_run *run;
	int ret;

	might_sleep();

	if (!len || offset >= map->len || len > map->len - offset)
		return -EINVAL;

	run = cpu_find_run(cpu, offset);
	read_lock(&cpu->windows);
	while (cpu->severed || iosys_map_is_null(&run->vaddr)) {
		read_unlock(&cpu->windows);
		ret = cpu_map_run(map, run);
		if (ret)
			return ret;
		read_lock(&cpu->windows);
	}

	*vaddr = run->vaddr;
	iosys_map_incr(vaddr, offset - run->start);
	return min(len, run->start + run->phys.len - offset);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_access_begin, "DMA_BUF");

/**
 * dma_buf_phys_access_end - shut a window into a mapping for the CPU
 * @map: mapping that dma_buf_phys_access_begin() opened a window into
 *
 * What was written through the window is on its way to the memory then: neither
 * a revoke nor what the importer tells others about it comes before.
 *
 * Context: Any, as dma_buf_phys_access_begin() left it.
 */
void dma_buf_phys_access_end(struct dma_buf_phys_map *map)
{
	/* A CPU may keep back what it combines. */
	wmb();
	read_unlock(&map->cpu->windows);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_access_end, "DMA_BUF");
