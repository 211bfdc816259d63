// SPDX-License-Identifier: GPL-2.0
/*
 * Target DMA device: three routes, decided by where the memory and the device
 * are.
 *
 *     bus     both below one switch: the PCI bus address, nothing to map
 *     iova    behind an IOMMU: dma-buf-phys-iova.c
 *     direct  no translation, or no room for all of it at once: each run
 *             is mapped by itself
 *
 * Nothing is allocated per run, but on the direct route of a device that has
 * to be told about each unmap.
 */
#include <linux/cleanup.h>
#include <linux/dma-map-ops.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>
#include <linux/unroll.h>

#include "dma-buf-phys-priv.h"

/* What an importer may ask of the DMA API; the rest follows from the memory. */
#define PHYS_DMA_ATTRS_ALLOWED \
	(DMA_ATTR_WEAK_ORDERING | DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED)

static_assert(!(PHYS_DMA_ATTRS_ALLOWED & DMA_BUF_PHYS_MAP_CONTIGUOUS));

static const struct dma_buf_phys_desc *
map_desc(const struct dma_buf_phys_map *map)
{
	return &map->attach->dmabuf->phys->desc;
}

/* For routes whose pieces are the physical runs, one by one */
static void runs_start(struct dma_buf_phys_iter *it)
{
	dma_buf_phys_cursor_start(&it->cursor, it->map);
}

/* Whether the DMA API may number memory in another way than the CPU does */
static bool device_translates(struct device *dev)
{
	return get_dma_ops(dev) || dma_get_merge_boundary(dev) ||
	       dev->dma_range_map;
}

/*
 * Bus addresses
 */
static void bus_release(struct dma_buf_phys_map *map)
{
}

static size_t bus_fill(struct dma_buf_phys_iter *it,
		       struct dma_buf_phys_piece *pieces, size_t nr)
{
	struct p2pdma_provider *provider = map_desc(it->map)->provider;
	struct phys_vec run;
	size_t n;

	for (n = 0; n < nr; n++) {
		if (!dma_buf_phys_cursor_next(&it->cursor, it->map, &run))
			break;
		pieces[n].addr = pci_p2pdma_bus_addr_map(provider, run.paddr);
		pieces[n].len = run.len;
	}
	return n;
}

static const struct dma_buf_phys_route bus_route = {
	.name = "bus",
	.release = bus_release,
	.start = runs_start,
	.fill = bus_fill,
};

/*
 * Most often the pieces are the ranges as they are described. Then a walk costs
 * a dozen instructions for each, the importer's own included.
 */
static bool bus_is_plain(const struct dma_buf_phys_map *map)
{
	const struct dma_buf *dmabuf = map->attach->dmabuf;

	return map->len == dmabuf->size && !dmabuf->phys->shape.touch;
}

static void bus_start_plain(struct dma_buf_phys_iter *it)
{
}

static size_t bus_fill_plain(struct dma_buf_phys_iter *it,
			     struct dma_buf_phys_piece *pieces, size_t nr)
{
	const struct dma_buf_phys_desc *desc = map_desc(it->map);
	const struct phys_vec *range = &desc->ranges[it->cursor.index];
	struct p2pdma_provider *provider = desc->provider;
	size_t i;

	nr = min(nr, desc->nr_ranges - it->cursor.index);
	it->cursor.index += nr;

	unrolled_count(16)
	for (i = 0; i < nr; i++) {
		pieces[i].addr = pci_p2pdma_bus_addr_map(provider,
							 range[i].paddr);
		pieces[i].len = range[i].len;
	}
	return nr;
}

static const struct dma_buf_phys_route bus_plain_route = {
	.name = "bus",
	.release = bus_release,
	.start = bus_start_plain,
	.fill = bus_fill_plain,
};

/*
 * Run by run
 */

/*
 * The DMA API warns about a device that has too few address bits. Which device
 * is to use a buffer is a user's choice here, so that is asked before; a device
 * whose bus numbers memory in another way than the CPU is left to the API.
 */
static u64 direct_limit(struct device *dev)
{
	return min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

static bool direct_reaches(struct device *dev, phys_addr_t last)
{
	return device_translates(dev) || last <= direct_limit(dev);
}

static bool direct_map_run(const struct dma_buf_phys_map *map,
			   const struct phys_vec *run, dma_addr_t *addr)
{
	*addr = dma_map_phys(map->device.dev, run->paddr, run->len,
			     map->device.dir, map->device.attrs);
	return !dma_mapping_error(map->device.dev, *addr);
}

/* Unmap the first @n runs; without an array nothing has to be told. */
static void direct_unmap(struct dma_buf_phys_map *map, size_t n)
{
	struct dma_buf_phys_cursor cur;
	struct phys_vec run;
	size_t i;

	if (!map->device.addrs)
		return;

	dma_buf_phys_cursor_start(&cur, map);
	for (i = 0; i < n && dma_buf_phys_cursor_next(&cur, map, &run); i++)
		dma_unmap_phys(map->device.dev, map->device.addrs[i], run.len,
			       map->device.dir, map->device.attrs);
	kvfree(map->device.addrs);
}

static void direct_release(struct dma_buf_phys_map *map)
{
	direct_unmap(map, SIZE_MAX);
}

/*
 * Where the DMA API keeps nothing per mapping, asking again is a computation
 * with the same result as the first time.
 */
static size_t direct_fill(struct dma_buf_phys_iter *it,
			  struct dma_buf_phys_piece *pieces, size_t nr)
{
	const struct dma_buf_phys_map *map = it->map;
	struct phys_vec run;
	size_t n;

	for (n = 0; n < nr; n++) {
		if (!dma_buf_phys_cursor_next(&it->cursor, map, &run))
			break;
		if (map->device.addrs)
			pieces[n].addr = map->device.addrs[it->run++];
		else
			direct_map_run(map, &run, &pieces[n].addr);
		pieces[n].len = run.len;
	}
	return n;
}

static const struct dma_buf_phys_route direct_route = {
	.name = "direct",
	.release = direct_release,
	.start = runs_start,
	.fill = direct_fill,
};

static int direct_alloc_addrs(struct dma_buf_phys_map *map)
{
	map->device.addrs = kvmalloc_array(dma_buf_phys_count_runs(map),
					   sizeof(*map->device.addrs),
					   GFP_KERNEL_ACCOUNT);
	return map->device.addrs ? 0 : -ENOMEM;
}

/* An IOMMU has run out of space; without one the device cannot get there. */
static int direct_error(struct device *dma_dev)
{
	return dma_get_merge_boundary(dma_dev) ? -ENOMEM : -EREMOTEIO;
}

static int direct_map_runs(struct dma_buf_phys_map *map)
{
	struct dma_buf_phys_cursor cur;
	struct phys_vec run;
	dma_addr_t addr;
	size_t n = 0;

	dma_buf_phys_cursor_start(&cur, map);
	while (dma_buf_phys_cursor_next(&cur, map, &run)) {
		if (!direct_reaches(map->device.dev, run.paddr + run.len - 1) ||
		    !direct_map_run(map, &run, &addr)) {
			direct_unmap(map, n);
			return direct_error(map->device.dev);
		}
		if (map->device.addrs)
			map->device.addrs[n] = addr;
		n++;
	}
	return 0;
}

/*
 * Where the DMA API neither translates nor keeps anything, its answer depends on
 * where memory ends only. So if the highest range is in reach, what it says about
 * one run it says about all of them.
 */
static bool direct_is_uniform(const struct dma_buf_phys_map *map)
{
	struct device *dev = map->device.dev;

	return !device_translates(dev) &&
	       map->attach->dmabuf->phys->shape.last <= direct_limit(dev);
}

static int direct_map_one(struct dma_buf_phys_map *map)
{
	struct dma_buf_phys_cursor cur;
	struct phys_vec run;
	dma_addr_t addr;

	dma_buf_phys_cursor_start(&cur, map);
	dma_buf_phys_cursor_next(&cur, map, &run);
	return direct_map_run(map, &run, &addr) ? 0 : -EREMOTEIO;
}

static int direct_map(struct dma_buf_phys_map *map)
{
	int ret;

	map->device.addrs = NULL;
	if (dma_need_unmap(map->device.dev)) {
		ret = direct_alloc_addrs(map);
		if (ret)
			return ret;
		ret = direct_map_runs(map);
	} else if (direct_is_uniform(map)) {
		ret = direct_map_one(map);
	} else {
		ret = direct_map_runs(map);
	}
	map->route = ret ? NULL : &direct_route;
	return ret;
}

/*
 * The way to a device, before the DMA API is asked: bus_route, or direct_route
 * for all that goes through the host bridge.
 */
static const struct dma_buf_phys_route *
phys_find_route(const struct dma_buf_phys_desc *desc, struct device *dma_dev)
{
	if (!desc->provider)
		return &direct_route;

	switch (pci_p2pdma_map_type(desc->provider, dma_dev)) {
	case PCI_P2PDMA_MAP_BUS_ADDR:
		return &bus_route;
	case PCI_P2PDMA_MAP_THRU_HOST_BRIDGE:
		return &direct_route;
	default:
		return NULL;
	}
}

/*
 * An importer attaches for the device that it maps for, most often, so what the
 * topology says about that one is remembered. A new description may be about
 * another BAR.
 */
void dma_buf_phys_note_route(struct dma_buf_attachment *attach)
{
	struct dma_buf_phys *phys = attach->dmabuf->phys;

	guard(rwsem_read)(&phys->describing);
	attach->phys_route = phys_find_route(&phys->desc, attach->dev);
	attach->phys_edition = phys->edition;
}

static const struct dma_buf_phys_route *
phys_map_route(const struct dma_buf_phys_map *map)
{
	const struct dma_buf_attachment *attach = map->attach;
	const struct dma_buf_phys *phys = attach->dmabuf->phys;

	if (map->device.dev == attach->dev &&
	    attach->phys_edition == phys->edition)
		return attach->phys_route;
	return phys_find_route(&phys->desc, map->device.dev);
}

/*
 * Device memory has no cache to look after. For system memory nobody would
 * call the sync functions, so the device must be coherent and bounce buffers
 * must stay out of it.
 */
static int phys_map_device(struct dma_buf_phys_map *map, bool contiguous)
{
	const struct dma_buf_phys_desc *desc = map_desc(map);
	const struct dma_buf_phys_route *route;
	int ret;

	route = phys_map_route(map);
	if (!route)
		return -EREMOTEIO;
	if (route == &bus_route) {
		map->route = bus_is_plain(map) ? &bus_plain_route : &bus_route;
		return 0;
	}

	map->device.attrs |= desc->attrs & DMA_BUF_PHYS_MMIO ?
			     DMA_ATTR_MMIO : DMA_ATTR_REQUIRE_COHERENT;

	ret = dma_buf_phys_map_iova(map, contiguous);
	return ret == -EOPNOTSUPP ? direct_map(map) : ret;
}

/**
 * dma_buf_phys_map_device - map a slice for a DMA device
 * @attach: attachment of the importer
 * @map: the importer's mapping, unused so far
 * @dma_dev: device whose DMA engine will use it; need not be the attached one
 * @offset: first byte of the slice
 * @len: bytes in the slice
 * @dir: direction of the DMA
 * @attrs: DMA_ATTR_WEAK_ORDERING, DMA_ATTR_NO_WARN, DMA_ATTR_PRIVILEGED and
 *	DMA_BUF_PHYS_MAP_CONTIGUOUS, or 0
 *
 * The result is walked with dma_buf_phys_for_each() and undone by
 * dma_buf_phys_unmap(). Fences are not waited for. For a buffer without
 * description, the core maps through the exporter's &dma_buf_ops.map_dma_buf,
 * for the attached device only.
 *
 * Context: May sleep. Hold the reservation lock, or a lock that the importer's
 * &dma_buf_attach_ops.invalidate_mappings takes too; for a buffer without
 * description, the reservation lock.
 *
 * Return: 0; -ENODEV if the buffer is revoked; -EREMOTEIO if @dma_dev cannot
 * reach the memory; -EACCES if the memory is private; -EINVAL if the slice is
 * not inside the buffer, or @dir or @attrs are bad; -EOVERFLOW if
 * @offset + @len overflows; -EOPNOTSUPP if a buffer without description is to
 * be mapped for another device than the attached one, or a device is not
 * coherent with system memory; -ENOMEM; or what the IOMMU driver says.
 */
int dma_buf_phys_map_device(struct dma_buf_attachment *attach,
			    struct dma_buf_phys_map *map,
			    struct device *dma_dev, size_t offset, size_t len,
			    enum dma_data_direction dir, unsigned long attrs)
{
	bool contiguous = attrs & DMA_BUF_PHYS_MAP_CONTIGUOUS;
	int ret;

	might_sleep();

	attrs &= ~DMA_BUF_PHYS_MAP_CONTIGUOUS;
	if (!valid_dma_direction(dir) || dir == DMA_NONE ||
	    attrs & ~PHYS_DMA_ATTRS_ALLOWED)
		return -EINVAL;

	if (!attach->dmabuf->phys)
		return dma_buf_phys_map_legacy(attach, map, dma_dev, offset,
					       len, dir, attrs);

	ret = dma_buf_phys_map_begin(attach, map, offset, len);
	if (ret)
		return ret;

	map->device.dev = dma_dev;
	map->device.dir = dir;
	map->device.attrs = attrs;
	return dma_buf_phys_map_end(map, phys_map_device(map, contiguous));
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_map_device, "DMA_BUF");

/**
 * dma_buf_phys_reachable - ask whether a device can ever use a buffer
 * @attach: attachment of the importer
 * @dma_dev: device whose DMA engine would use it
 *
 * To be asked when an importer attaches, so that a buffer out of reach is
 * refused there and not when it is needed. The answer holds for a buffer that
 * is revoked at the time, too.
 *
 * Context: May sleep.
 *
 * Return: 0; -EREMOTEIO if there is no route; -EACCES if the memory is private;
 * -ENODEV if the buffer is gone for good; -EOPNOTSUPP if the buffer has no
 * description and @dma_dev is not the attached device.
 */
int dma_buf_phys_reachable(struct dma_buf_attachment *attach,
			   struct device *dma_dev)
{
	struct dma_buf_phys *phys = attach->dmabuf->phys;

	might_sleep();

	if (!phys)
		return dma_dev == attach->dev ? 0 : -EOPNOTSUPP;

	guard(rwsem_read)(&phys->describing);
	/* A dead buffer has nothing left to reach. */
	if (!phys->desc.nr_ranges)
		return -ENODEV;
	if (phys->desc.attrs & DMA_BUF_PHYS_PRIVATE)
		return -EACCES;
	return phys_find_route(&phys->desc, dma_dev) ? 0 : -EREMOTEIO;
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_reachable, "DMA_BUF");

/**
 * dma_buf_phys_untranslated - ask whether a device gets the CPU's addresses
 * @attach: attachment of the importer
 * @dma_dev: device whose DMA engine would use the buffer
 *
 * For a device that takes guest physical addresses whatever the DMA API says, as
 * a virtio device does that has not negotiated VIRTIO_F_ACCESS_PLATFORM. It can
 * use what dma_buf_phys_map_device() yields only if nothing translates.
 *
 * Context: May sleep.
 *
 * Return: whether the DMA addresses of a mapping are those that the CPU has for
 * the memory; false if the buffer is gone for good.
 */
bool dma_buf_phys_untranslated(struct dma_buf_attachment *attach,
			       struct device *dma_dev)
{
	struct dma_buf_phys *phys = attach->dmabuf->phys;

	might_sleep();

	if (!phys)
		return !device_translates(dma_dev);

	guard(rwsem_read)(&phys->describing);
	if (!phys->desc.nr_ranges)
		return false;
	if (phys_find_route(&phys->desc, dma_dev) == &bus_route)
		return !phys->desc.provider->bus_offset;
	return !device_translates(dma_dev);
}
EXPORT_SYMBOL_NS_GPL(dma_buf_phys_untranslated, "DMA_BUF");
