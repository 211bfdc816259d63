// SPDX-License-Identifier: GPL-2.0
/*
 * Device memory for drivers that read framebuffers with the CPU.
 *
 * Such drivers ask for one virtual address of the whole buffer, treat what lies
 * there as ordinary memory, and keep the address for as long as the framebuffer
 * is shown. Device memory offers none of that: it is in pieces, it must be read
 * with the functions for I/O memory, and it can be taken back at any time.
 *
 * So vmap gives the address of ordinary memory, and drm_gem_fb_begin_cpu_access(),
 * which a driver calls before it reads, copies the device memory there. The
 * device memory is mapped during the copy only, under the reservation lock.
 * Nothing is left to be unmapped when it is taken back, and a driver that goes
 * on reading sees the last copy.
 *
 * Nothing is ever copied back: that would write all of the buffer for a few
 * pixels, and write over what the device did meanwhile. To begin access for
 * writing is refused.
 */
#include <linux/dma-buf-phys.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <drm/drm_device.h>
#include <drm/drm_gem_shmem_helper.h>

#include "drm_gem_shmem_bounce.h"

/* A revoke waits for one of these at most. */
#define BOUNCE_CHUNK	SZ_16K

static void bounce_invalidate(struct dma_buf_attachment *attach)
{
	/* The lock that a copy holds is held: there is none, and no mapping. */
	dma_resv_assert_held(attach->dmabuf->resv);
}

static const struct dma_buf_attach_ops bounce_attach_ops = {
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = bounce_invalidate,
};

/**
 * drm_gem_shmem_bounce_wanted - whether a dma-buf is to be bounced
 * @dma_buf: what is imported
 *
 * Return: true if nothing but the core can reach the memory for the CPU.
 */
bool drm_gem_shmem_bounce_wanted(const struct dma_buf *dma_buf)
{
	return dma_buf->phys && !dma_buf->ops->vmap;
}

/**
 * drm_gem_shmem_bounce_attach - attach a device to a dma-buf that is to be bounced
 * @dev: DRM device that imports
 * @dma_buf: what it imports; drm_gem_shmem_bounce_wanted() said yes
 *
 * Asks now what would else come out when a framebuffer is shown. Memory that is
 * revoked may be back by then.
 *
 * Context: Takes the reservation lock, may sleep.
 *
 * Return: the attachment, or an ERR_PTR(): -EACCES if the CPU may not access
 * the memory, -ENOMEM, or what dma_buf_dynamic_attach() returns.
 */
struct dma_buf_attachment *
drm_gem_shmem_bounce_attach(struct drm_device *dev, struct dma_buf *dma_buf)
{
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;
	int ret;

	attach = dma_buf_dynamic_attach(dma_buf, dev->dev, &bounce_attach_ops,
					NULL);
	if (IS_ERR(attach))
		return attach;

	dma_resv_lock(dma_buf->resv, NULL);
	ret = dma_buf_phys_map_cpu(attach, &map, 0, dma_buf->size);
	if (!ret)
		dma_buf_phys_unmap(&map);
	dma_resv_unlock(dma_buf->resv);
	if (ret && ret != -ENODEV) {
		dma_buf_detach(dma_buf, attach);
		return ERR_PTR(ret);
	}
	return attach;
}

static int bounce_vmap(struct drm_gem_object *obj, struct iosys_map *vmap)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);
	int ret;

	/* Whoever asks now wants to show what is there now. */
	ret = dma_buf_phys_mappable(obj->import_attach);
	if (ret)
		return ret;

	if (!refcount_inc_not_zero(&shmem->vmap_use_count)) {
		shmem->vaddr = __vmalloc(obj->size, GFP_KERNEL_ACCOUNT |
					 __GFP_ZERO | __GFP_NOWARN);
		if (!shmem->vaddr)
			return -ENOMEM;
		refcount_set(&shmem->vmap_use_count, 1);
	}
	iosys_map_set_vaddr(vmap, shmem->vaddr);
	return 0;
}

static void bounce_vunmap(struct drm_gem_object *obj, struct iosys_map *vmap)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);

	dma_resv_assert_held(obj->resv);

	if (!refcount_dec_and_test(&shmem->vmap_use_count))
		return;
	vfree(shmem->vaddr);
	shmem->vaddr = NULL;
}

static int bounce_copy(struct dma_buf_phys_map *map, void *to)
{
	size_t done = 0;

	while (done < map->len) {
		struct iosys_map from;
		ssize_t n;
		int ret;

		/* A revoke that has begun waits for the lock that is held here. */
		ret = dma_buf_phys_mappable(map->attach);
		if (ret)
			return ret;

		n = dma_buf_phys_access_begin(map, done,
					      min(map->len - done, BOUNCE_CHUNK),
					      &from);
		if (n < 0)
			return n;
		iosys_map_memcpy_from(to + done, &from, 0, n);
		dma_buf_phys_access_end(map);
		done += n;
		cond_resched();
	}
	return 0;
}

static int bounce_begin_cpu_access(struct drm_gem_object *obj,
				   enum dma_data_direction dir)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);
	struct dma_buf_phys_map map;
	int ret;

	if (dir != DMA_FROM_DEVICE)
		return -EOPNOTSUPP;

	dma_resv_lock(obj->resv, NULL);
	/* The exporter may be moving the memory to where it is described. */
	dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_KERNEL, false,
			      MAX_SCHEDULE_TIMEOUT);
	ret = dma_buf_phys_map_cpu(obj->import_attach, &map, 0, obj->size);
	if (!ret) {
		if (shmem->vaddr)
			ret = bounce_copy(&map, shmem->vaddr);
		dma_buf_phys_unmap(&map);
	}
	dma_resv_unlock(obj->resv);
	return ret;
}

const struct drm_gem_object_funcs drm_gem_shmem_bounce_funcs = {
	.free = drm_gem_shmem_object_free,
	.print_info = drm_gem_shmem_object_print_info,
	.vmap = bounce_vmap,
	.vunmap = bounce_vunmap,
	.begin_cpu_access = bounce_begin_cpu_access,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};
