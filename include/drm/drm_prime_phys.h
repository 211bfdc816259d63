/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DRM drivers that import dma-bufs by mappings instead of scatterlists.
 */
#ifndef _DRM_PRIME_PHYS_H
#define _DRM_PRIME_PHYS_H

#include <linux/dma-buf-phys.h>
#include <linux/types.h>

struct dma_buf_attachment;

/**
 * struct drm_prime_phys - an imported buffer, or that it is not mapped
 * @map: the whole buffer in the address space of the attached device; valid
 *	while @mapped
 * @mapped: whether @map is mapped
 *
 * Embedded by the driver in what it has for an imported buffer, and zeroed by
 * it. Both members are the helpers' to write and are under the buffer's
 * reservation lock; with the lock held the driver may read them, and walk @map.
 */
struct drm_prime_phys {
	struct dma_buf_phys_map map;
	bool mapped;
};

int drm_prime_phys_map(struct drm_prime_phys *phys,
		       struct dma_buf_attachment *attach);
int drm_prime_phys_map_wait(struct drm_prime_phys *phys,
			    struct dma_buf_attachment *attach, long timeout);
void drm_prime_phys_unmap(struct drm_prime_phys *phys);
void drm_prime_phys_invalidate(struct drm_prime_phys *phys);

int drm_prime_phys_to_dma_addr_array(const struct dma_buf_phys_map *map,
				     dma_addr_t *addrs, size_t max_entries);
size_t drm_prime_phys_contiguous_size(const struct dma_buf_phys_map *map);

#endif /* _DRM_PRIME_PHYS_H */
