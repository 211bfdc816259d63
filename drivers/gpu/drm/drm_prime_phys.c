// SPDX-License-Identifier: GPL-2.0
/*
 * What DRM drivers have in common when they import a dma-buf: one mapping of
 * the whole buffer for the attached device, kept until the exporter takes the
 * memory back.
 *
 * The driver owns all state, nothing is allocated here. The reservation lock of
 * the buffer, which for an imported GEM object is the object's own, guards it:
 * the driver's &dma_buf_attach_ops.invalidate_mappings runs under it, so what
 * was found mapped stays mapped as long as the lock is held.
 */
#include <linux/dma-buf.h>
#include <linux/dma-buf-phys.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <drm/drm_prime_phys.h>

/**
 * drm_prime_phys_map - map an imported buffer
 * @phys: the driver's state for the buffer
 * @attach: attachment of the driver
 *
 * Maps all of the buffer for the attached device, in both directions. Does
 * nothing if it is mapped already.
 *
 * The exporter may still be moving the buffer: this is for drivers whose GPU
 * waits for the fences of &DMA_RESV_USAGE_KERNEL before it uses the addresses.
 *
 * Context: Sleeps. The reservation lock is held.
 *
 * Return: 0, or what dma_buf_phys_map_device() returns; -ENODEV is for a
 * buffer that is revoked and may come back.
 */
int drm_prime_phys_map(struct drm_prime_phys *phys,
		       struct dma_buf_attachment *attach)
{
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (phys->mapped)
		return 0;

	ret = dma_buf_phys_map_device(attach, &phys->map, attach->dev, 0,
				      attach->dmabuf->size, DMA_BIDIRECTIONAL,
				      0);
	phys->mapped = !ret;
	return ret;
}
EXPORT_SYMBOL_GPL(drm_prime_phys_map);

/* Returns 0, -EBUSY or -ERESTARTSYS. */
static int phys_wait_exporter(struct dma_buf_attachment *attach, long timeout)
{
	long ret = dma_resv_wait_timeout(attach->dmabuf->resv,
					 DMA_RESV_USAGE_KERNEL, true, timeout);

	if (ret < 0)
		return ret;
	return ret ? 0 : -EBUSY;
}

/**
 * drm_prime_phys_map_wait - map an imported buffer when the exporter is done
 * @phys: the driver's state for the buffer
 * @attach: attachment of the driver
 * @timeout: how long to wait in jiffies; 0 to look only, or
 *	MAX_SCHEDULE_TIMEOUT
 *
 * As drm_prime_phys_map(), for drivers whose device does not know of fences.
 * The wait comes after the map, as an exporter without description may begin
 * to move the buffer when it is mapped. After an error the buffer is mapped if
 * it was before, as the device may be using it.
 *
 * Context: Sleeps. The reservation lock is held.
 *
 * Return: 0; -EBUSY if the exporter's fences have not signalled in time;
 * -ERESTARTSYS if a signal came; or what drm_prime_phys_map() returns.
 */
int drm_prime_phys_map_wait(struct drm_prime_phys *phys,
			    struct dma_buf_attachment *attach, long timeout)
{
	bool was_mapped = phys->mapped;
	int ret;

	ret = drm_prime_phys_map(phys, attach);
	if (ret)
		return ret;

	ret = phys_wait_exporter(attach, timeout);
	if (ret && !was_mapped)
		drm_prime_phys_unmap(phys);
	return ret;
}
EXPORT_SYMBOL_GPL(drm_prime_phys_map_wait);

/**
 * drm_prime_phys_unmap - undo drm_prime_phys_map()
 * @phys: the driver's state for the buffer
 *
 * The device must be done with the buffer. Does nothing if it is not mapped.
 *
 * Context: Sleeps. The reservation lock is held.
 */
void drm_prime_phys_unmap(struct drm_prime_phys *phys)
{
	if (!phys->mapped)
		return;

	dma_resv_assert_held(phys->map.attach->dmabuf->resv);
	dma_buf_phys_unmap(&phys->map);
	phys->mapped = false;
}
EXPORT_SYMBOL_GPL(drm_prime_phys_unmap);

/**
 * drm_prime_phys_invalidate - unmap a buffer that the device may be working on
 * @phys: the driver's state for the buffer
 *
 * For &dma_buf_attach_ops.invalidate_mappings of drivers that put a fence into
 * the reservation object for every job: waits for all fences and unmaps. The
 * driver sees to it before that no job begins any more, and that those under
 * way end in bounded time. Does nothing if the buffer is not mapped.
 *
 * Context: Sleeps. The reservation lock is held, under which no fence can be
 * added.
 */
void drm_prime_phys_invalidate(struct drm_prime_phys *phys)
{
	if (!phys->mapped)
		return;

	dma_resv_wait_timeout(phys->map.attach->dmabuf->resv,
			      DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	drm_prime_phys_unmap(phys);
}
EXPORT_SYMBOL_GPL(drm_prime_phys_invalidate);

/**
 * drm_prime_phys_to_dma_addr_array - the DMA address of each page of a mapping
 * @map: mapping made by dma_buf_phys_map_device()
 * @addrs: array to fill, as &ttm_tt.dma_address
 * @max_entries: entries in @addrs
 *
 * What is in @addrs behind the end of the mapping stays as it is.
 *
 * Context: Any. The mapping must stay mapped meanwhile.
 *
 * Return: 0; -EINVAL if @addrs is too short, or if a piece of the mapping does
 * not begin with a page.
 */
int drm_prime_phys_to_dma_addr_array(const struct dma_buf_phys_map *map,
				     dma_addr_t *addrs, size_t max_entries)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t pos = 0;
	size_t off;

	if (DIV_ROUND_UP(map->len, PAGE_SIZE) > max_entries)
		return -EINVAL;

	dma_buf_phys_for_each(map, &walk, piece) {
		if (!PAGE_ALIGNED(piece->addr | pos))
			return -EINVAL;
		for (off = 0; off < piece->len; off += PAGE_SIZE)
			addrs[(pos + off) >> PAGE_SHIFT] = piece->addr + off;
		pos += piece->len;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(drm_prime_phys_to_dma_addr_array);

/**
 * drm_prime_phys_contiguous_size - how much of a mapping is in one piece
 * @map: mapping made by dma_buf_phys_map_device()
 *
 * For devices that take one address for a whole buffer: they can use the
 * mapping if this is all of it. It is more often if they map with
 * DMA_BUF_PHYS_MAP_CONTIGUOUS.
 *
 * Context: Any. The mapping must stay mapped meanwhile.
 *
 * Return: bytes from the begin of @map that follow each other in the device's
 * address space.
 */
size_t drm_prime_phys_contiguous_size(const struct dma_buf_phys_map *map)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	dma_addr_t next = 0;
	size_t size = 0;

	dma_buf_phys_for_each(map, &walk, piece) {
		if (size && piece->addr != next)
			break;
		next = piece->addr + piece->len;
		size += piece->len;
	}
	return size;
}
EXPORT_SYMBOL_GPL(drm_prime_phys_contiguous_size);
