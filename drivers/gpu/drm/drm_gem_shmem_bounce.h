/* SPDX-License-Identifier: GPL-2.0 */
/* SHMEM imports of device memory: drm_gem_shmem_bounce.c */
#ifndef _DRM_GEM_SHMEM_BOUNCE_H
#define _DRM_GEM_SHMEM_BOUNCE_H

#include <linux/types.h>

struct dma_buf;
struct dma_buf_attachment;
struct drm_device;
struct drm_gem_object;
struct drm_gem_object_funcs;

/* Objects of imports that are bounced have these. */
extern const struct drm_gem_object_funcs drm_gem_shmem_bounce_funcs;

bool drm_gem_shmem_bounce_wanted(const struct dma_buf *dma_buf);
struct dma_buf_attachment *
drm_gem_shmem_bounce_attach(struct drm_device *dev, struct dma_buf *dma_buf);

#endif /* _DRM_GEM_SHMEM_BOUNCE_H */
