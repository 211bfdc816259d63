// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Framebuffers of imported memory, on a host that has no blob resources.
 *
 * All that such a host can show is a 2D resource, which has a format and a size.
 * An imported buffer has neither, but its framebuffers have. So each of them is
 * a resource of its own:
 *
 *     created     when the framebuffer is added: it is as wide as the pitch, and
 *                 what is shown is the left part of it
 *     attached    to all of the buffer, when it is to be shown
 *     transferred what changed, at the framebuffer's offset in the buffer
 *     detached    when the exporter takes its memory back, until it is shown
 *                 again; meanwhile the host has the last copy
 *
 * The buffer's reservation lock guards &virtio_gpu_object_import.fbs and whether
 * a resource is attached. A transfer and a scan-out are queued under it: the host
 * refuses them for a resource that is detached.
 */
#include <linux/dma-resv.h>

#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_rect.h>

#include "virtgpu_drv.h"

static struct virtio_gpu_object *fb_object(struct virtio_gpu_framebuffer *vgfb)
{
	return gem_to_virtio_gpu_obj(vgfb->base.obj[0]);
}

static struct virtio_gpu_device *fb_device(struct virtio_gpu_framebuffer *vgfb)
{
	return vgfb->base.dev->dev_private;
}

/**
 * virtio_gpu_fb_has_resource - whether a framebuffer is a resource of its own
 * @vgfb: the framebuffer
 *
 * Return: true for imported memory without blob resources; false if the resource
 * is that of the object.
 */
bool virtio_gpu_fb_has_resource(struct virtio_gpu_framebuffer *vgfb)
{
	return drm_gem_is_imported(vgfb->base.obj[0]) &&
	       !fb_object(vgfb)->guest_blob;
}

/**
 * virtio_gpu_fb_resource - what the host shows for a framebuffer
 * @vgfb: the framebuffer
 *
 * Return: its own resource, or that of its object.
 */
struct virtio_gpu_resource *
virtio_gpu_fb_resource(struct virtio_gpu_framebuffer *vgfb)
{
	return virtio_gpu_fb_has_resource(vgfb) ? &vgfb->res :
						  &fb_object(vgfb)->res;
}

static void fb_cmd_create(struct virtio_gpu_framebuffer *vgfb,
			  struct virtio_gpu_fence *fence)
{
	struct drm_framebuffer *fb = &vgfb->base;
	struct virtio_gpu_object_params params = {
		.format = virtio_gpu_translate_format(fb->format->format),
		.width = fb->pitches[0] / fb->format->cpp[0],
		.height = fb->height,
	};

	virtio_gpu_cmd_create_resource(fb_device(vgfb), &vgfb->res, &params,
				       NULL, fence);
}

/**
 * virtio_gpu_fb_create_resource - make a framebuffer a resource of its own
 * @vgfb: the framebuffer, new
 *
 * Context: Sleeps; waits for the host.
 *
 * Return: 0; -EINVAL if the pitch is not a multiple of the pixel size; -ENODEV if
 * the device is being removed; -ENOMEM, of the host, too; or what else it says.
 */
int virtio_gpu_fb_create_resource(struct virtio_gpu_framebuffer *vgfb)
{
	struct virtio_gpu_object *bo = fb_object(vgfb);
	struct virtio_gpu_device *vgdev = fb_device(vgfb);
	struct virtio_gpu_fence *fence;
	int ret;

	if (vgfb->base.pitches[0] % vgfb->base.format->cpp[0])
		return -EINVAL;

	fence = virtio_gpu_fence_alloc(vgdev, vgdev->fence_drv.context, 0,
				       GFP_KERNEL);
	if (!fence)
		return -ENOMEM;
	ret = virtio_gpu_resource_id_get(vgdev, &vgfb->res.id);
	if (ret)
		goto out_put;

	fb_cmd_create(vgfb, fence);
	virtio_gpu_notify(vgdev);
	ret = virtio_gpu_fence_wait(vgdev, fence);
	if (ret) {
		vgfb->res.created = false;
		virtio_gpu_resource_id_put(vgdev, vgfb->res.id);
		goto out_put;
	}

	dma_resv_lock(bo->base.base.resv, NULL);
	list_add_tail(&vgfb->node, &to_virtio_gpu_import(bo)->fbs);
	dma_resv_unlock(bo->base.base.resv);
out_put:
	dma_fence_put(&fence->f);
	return ret;
}

/**
 * virtio_gpu_fb_destroy - &drm_framebuffer_funcs.destroy
 * @fb: the framebuffer
 *
 * Context: Sleeps; waits until the host has let go of imported memory.
 */
void virtio_gpu_fb_destroy(struct drm_framebuffer *fb)
{
	struct virtio_gpu_framebuffer *vgfb = to_virtio_gpu_framebuffer(fb);
	struct virtio_gpu_device *vgdev = fb_device(vgfb);

	if (vgfb->res.created) {
		dma_resv_lock(fb->obj[0]->resv, NULL);
		list_del(&vgfb->node);
		virtio_gpu_resource_detach_fenced(vgdev, &vgfb->res);
		dma_resv_unlock(fb->obj[0]->resv);

		virtio_gpu_cmd_unref_fb(vgdev, &vgfb->res);
		virtio_gpu_notify(vgdev);
		virtio_gpu_resource_id_put(vgdev, vgfb->res.id);
	}
	drm_gem_fb_destroy(fb);
}

/**
 * virtio_gpu_fb_attach - let the host have the memory of a framebuffer
 * @vgfb: a framebuffer that is a resource of its own
 *
 * Does nothing if the host has it.
 *
 * Context: Sleeps; waits for the host. The reservation lock is held.
 *
 * Return: 0; what virtgpu_dma_buf_map() returns; -ENOMEM; or what the host says.
 */
int virtio_gpu_fb_attach(struct virtio_gpu_framebuffer *vgfb)
{
	struct virtio_gpu_device *vgdev = fb_device(vgfb);
	struct virtio_gpu_mem_entry *ents;
	struct virtio_gpu_fence *fence;
	unsigned int nents;
	int ret;

	dma_resv_assert_held(vgfb->base.obj[0]->resv);

	if (vgfb->res.attached)
		return 0;

	fence = virtio_gpu_fence_alloc(vgdev, vgdev->fence_drv.context, 0,
				       GFP_KERNEL);
	if (!fence)
		return -ENOMEM;
	ret = virtgpu_dma_buf_map(fb_object(vgfb), &ents, &nents);
	if (ret)
		goto out_put;

	virtio_gpu_resource_attach(vgdev, &vgfb->res, ents, nents, fence);
	virtio_gpu_notify(vgdev);
	ret = virtio_gpu_fence_wait(vgdev, fence);
	/* What was refused is not attached; else it is up to the device's reset. */
	if (ret)
		vgfb->res.attached = false;
out_put:
	dma_fence_put(&fence->f);
	return ret;
}

/**
 * virtio_gpu_fb_begin_update - copy a part of a framebuffer to the host
 * @vgfb: a framebuffer that is a resource of its own
 * @rect: what to copy, inside the framebuffer
 *
 * If this returns true the reservation lock is held until
 * virtio_gpu_fb_end_update(), and the resource stays attached: the host demands
 * that of what is to be scanned out.
 *
 * Context: Sleeps.
 *
 * Return: whether the copy was queued; false if the memory was taken back.
 */
bool virtio_gpu_fb_begin_update(struct virtio_gpu_framebuffer *vgfb,
				const struct drm_rect *rect)
{
	struct drm_framebuffer *fb = &vgfb->base;
	struct virtio_gpu_object_array *objs;
	u64 offset;

	objs = virtio_gpu_array_alloc(1);
	if (!objs)
		return false;
	virtio_gpu_array_add_obj(objs, fb->obj[0]);

	dma_resv_lock(fb->obj[0]->resv, NULL);
	if (!vgfb->res.attached) {
		dma_resv_unlock(fb->obj[0]->resv);
		virtio_gpu_array_put_free(objs);
		return false;
	}

	offset = fb->offsets[0] + (u64)rect->y1 * fb->pitches[0] +
		 (u64)rect->x1 * fb->format->cpp[0];
	virtio_gpu_cmd_transfer_to_host_2d(fb_device(vgfb), &vgfb->res, offset,
					   drm_rect_width(rect),
					   drm_rect_height(rect),
					   rect->x1, rect->y1, objs, NULL);
	return true;
}

/**
 * virtio_gpu_fb_end_update - end virtio_gpu_fb_begin_update()
 * @vgfb: the framebuffer
 */
void virtio_gpu_fb_end_update(struct virtio_gpu_framebuffer *vgfb)
{
	dma_resv_unlock(vgfb->base.obj[0]->resv);
}

/**
 * virtio_gpu_fb_detach_all - take the memory of an import back from the host
 * @import: the import
 *
 * Context: Sleeps; waits for the host. The reservation lock is held.
 */
void virtio_gpu_fb_detach_all(struct virtio_gpu_object_import *import)
{
	struct virtio_gpu_framebuffer *vgfb;

	dma_resv_assert_held(import->base.base.base.resv);

	list_for_each_entry(vgfb, &import->fbs, node)
		virtio_gpu_resource_detach_fenced(fb_device(vgfb), &vgfb->res);
}

/**
 * virtio_gpu_fb_restore_all - create resources on a host that has forgotten them
 * @import: the import whose framebuffers they are
 *
 * They are attached when they are shown again.
 *
 * Context: Sleeps. The reservation lock is held.
 */
void virtio_gpu_fb_restore_all(struct virtio_gpu_object_import *import)
{
	struct virtio_gpu_framebuffer *vgfb;

	dma_resv_assert_held(import->base.base.base.resv);

	list_for_each_entry(vgfb, &import->fbs, node) {
		vgfb->res.attached = false;
		fb_cmd_create(vgfb, NULL);
	}
}
