// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (c) 2025, NVIDIA CORPORATION & AFFILIATES.
 */
/*
 * Regions of a VFIO PCI device as dma-bufs.
 *
 * A buffer describes its ranges once, when it is exported, and the dma-buf core
 * maps them. What is left to do here is to revoke and restore the buffers of a
 * device as its memory goes and comes, and to kill them when it is closed.
 *
 * All of that happens under memory_lock, which also guards the list of buffers.
 * The release of a buffer takes it before anything else, so whoever holds it
 * may use every buffer on the list, also one whose last reference is gone.
 *
 * A buffer on the list holds a registration of the device, so that the driver
 * stays bound and the provider alive. A killed buffer does not, but as its
 * release needs memory_lock, it holds the structure of the device to its end.
 */
#include <linux/dma-buf-phys.h>
#include <linux/overflow.h>
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

MODULE_IMPORT_NS("DMA_BUF");

struct vfio_pci_dma_buf {
	struct dma_buf *dmabuf;
	struct vfio_pci_core_device *vdev;
	struct list_head dmabufs_elm;	/* memory_lock */
	u32 nr_ranges;
	struct phys_vec ranges[] __counted_by(nr_ranges);
};

static void vfio_pci_dma_buf_unlist(struct vfio_pci_dma_buf *priv)
{
	lockdep_assert_held_write(&priv->vdev->memory_lock);

	list_del_init(&priv->dmabufs_elm);
	vfio_device_put_registration(&priv->vdev->vdev);
}

static void vfio_pci_dma_buf_release(struct dma_buf *dmabuf)
{
	struct vfio_pci_dma_buf *priv = dmabuf->priv;
	struct vfio_pci_core_device *vdev = priv->vdev;

	down_write(&vdev->memory_lock);
	if (!list_empty(&priv->dmabufs_elm))
		vfio_pci_dma_buf_unlist(priv);
	up_write(&vdev->memory_lock);

	vfio_put_device(&vdev->vdev);
	kvfree(priv);
}

static const struct dma_buf_ops vfio_pci_dmabuf_ops = {
	.map_dma_buf = dma_buf_phys_map_dma_buf,
	.unmap_dma_buf = dma_buf_phys_unmap_dma_buf,
	.release = vfio_pci_dma_buf_release,
};

/**
 * vfio_pci_core_fill_phys_vec - turn slices of a region into physical ranges
 * @phys_vec: the result, @nr_ranges entries
 * @dma_ranges: slices, as offsets into the region
 * @nr_ranges: how many there are
 * @start: physical address of the region
 * @len: bytes in the region
 *
 * For &vfio_pci_device_ops.get_dmabuf_phys of variant drivers.
 *
 * Context: Any.
 *
 * Return: 0; -EINVAL if a slice is empty or not inside the region; -EOVERFLOW
 * if its end has no address.
 */
int vfio_pci_core_fill_phys_vec(struct phys_vec *phys_vec,
				struct vfio_region_dma_range *dma_ranges,
				size_t nr_ranges, phys_addr_t start,
				phys_addr_t len)
{
	phys_addr_t end;
	size_t i;

	for (i = 0; i < nr_ranges; i++) {
		if (!dma_ranges[i].length)
			return -EINVAL;
		if (check_add_overflow(start, dma_ranges[i].offset,
				       &phys_vec[i].paddr) ||
		    check_add_overflow(phys_vec[i].paddr,
				       dma_ranges[i].length, &end))
			return -EOVERFLOW;
		if (end > start + len)
			return -EINVAL;
		phys_vec[i].len = dma_ranges[i].length;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_fill_phys_vec);

/**
 * vfio_pci_core_get_dmabuf_phys - physical ranges and provider of a BAR
 * @vdev: the device
 * @provider: the BAR's provider
 * @region_index: number of the BAR
 * @phys_vec: the ranges, @nr_ranges entries
 * @dma_ranges: slices, as offsets into the BAR
 * @nr_ranges: how many there are
 *
 * &vfio_pci_device_ops.get_dmabuf_phys for regions that are BARs.
 *
 * Context: May sleep. The device is open.
 *
 * Return: 0; -ENODEV if there is no such BAR or it is not the driver's; -EINVAL
 * for an I/O BAR; or what vfio_pci_core_fill_phys_vec() returns.
 */
int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *vdev,
				  struct p2pdma_provider **provider,
				  unsigned int region_index,
				  struct phys_vec *phys_vec,
				  struct vfio_region_dma_range *dma_ranges,
				  size_t nr_ranges)
{
	struct pci_dev *pdev = vdev->pdev;

	if (IS_ERR(vfio_pci_core_get_iomap(vdev, region_index)))
		return -ENODEV;

	*provider = pcim_p2pdma_provider(pdev, region_index);
	if (!*provider)
		return -EINVAL;

	return vfio_pci_core_fill_phys_vec(phys_vec, dma_ranges, nr_ranges,
					   pci_resource_start(pdev, region_index),
					   pci_resource_len(pdev, region_index));
}
EXPORT_SYMBOL_GPL(vfio_pci_core_get_dmabuf_phys);

/* As userspace sees it: a variant driver has regions without a BAR. */
static int vfio_pci_dma_buf_region_size(struct vfio_pci_core_device *vdev,
					u32 index, u64 *size)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};
	struct vfio_info_cap caps = {};
	int ret;

	if (index >= VFIO_PCI_ROM_REGION_INDEX)
		return -ENODEV;

	ret = vdev->vdev.ops->get_region_info_caps(&vdev->vdev, &info, &caps);
	kfree(caps.buf);
	if (ret)
		return ret;
	if (!info.size)
		return -ENODEV;

	*size = info.size;
	return 0;
}

static struct vfio_region_dma_range *
vfio_pci_dma_buf_get_ranges(const struct vfio_region_dma_range __user *arg,
			    u32 nr_ranges)
{
	struct vfio_region_dma_range *dma_ranges;

	dma_ranges = kvmalloc_objs(*dma_ranges, nr_ranges,
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!dma_ranges)
		return ERR_PTR(-ENOMEM);

	if (copy_from_user(dma_ranges, arg,
			   array_size(nr_ranges, sizeof(*dma_ranges)))) {
		kvfree(dma_ranges);
		return ERR_PTR(-EFAULT);
	}
	return dma_ranges;
}

/*
 * Returns the size of the buffer. It may have a part of the region twice, but in
 * all no more than the region: that bounds what mapping it costs the kernel.
 */
static loff_t
vfio_pci_dma_buf_size(const struct vfio_region_dma_range *dma_ranges,
		      u32 nr_ranges, u64 region_size)
{
	loff_t size = 0;
	u32 i;

	for (i = 0; i < nr_ranges; i++) {
		if (!dma_ranges[i].length ||
		    !PAGE_ALIGNED(dma_ranges[i].offset) ||
		    !PAGE_ALIGNED(dma_ranges[i].length) ||
		    check_add_overflow(size, dma_ranges[i].length, &size))
			return -EINVAL;
	}
	return size <= region_size ? size : -EINVAL;
}

static struct vfio_pci_dma_buf *
vfio_pci_dma_buf_alloc(struct vfio_pci_core_device *vdev, u32 nr_ranges)
{
	struct vfio_pci_dma_buf *priv;

	priv = kvzalloc_flex(*priv, ranges, nr_ranges,
			     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!priv)
		return ERR_PTR(-ENOMEM);

	if (!vfio_device_try_get_registration(&vdev->vdev)) {
		kvfree(priv);
		return ERR_PTR(-ENODEV);
	}
	get_device(&vdev->vdev.device);
	priv->vdev = vdev;
	priv->nr_ranges = nr_ranges;
	return priv;
}

/* The device is open, so neither reference is its last. */
static void vfio_pci_dma_buf_free(struct vfio_pci_dma_buf *priv)
{
	vfio_device_put_registration(&priv->vdev->vdev);
	vfio_put_device(&priv->vdev->vdev);
	kvfree(priv);
}

/*
 * A BAR is there for the CPU, too. Other memory of a variant driver may be
 * mapped in another way than a BAR would be: leave it to devices.
 */
static unsigned int vfio_pci_dma_buf_attrs(struct vfio_pci_core_device *vdev,
					   u32 index,
					   const struct phys_vec *range)
{
	const struct resource *bar = &vdev->pdev->resource[index];
	unsigned int attrs = DMA_BUF_PHYS_MMIO;

	if (range->paddr < bar->start || range->paddr > bar->end)
		return attrs;
	attrs |= DMA_BUF_PHYS_CPU;
	if (bar->flags & IORESOURCE_PREFETCH)
		attrs |= DMA_BUF_PHYS_WC;
	return attrs;
}

static struct dma_buf *
vfio_pci_dma_buf_export(struct vfio_pci_core_device *vdev,
			const struct vfio_device_feature_dma_buf *arg,
			struct vfio_region_dma_range *dma_ranges,
			u64 region_size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct dma_buf_phys_desc desc = {
		.nr_ranges = arg->nr_ranges,
		.needs = DMA_BUF_IMPORTER_REVOCABLE,
	};
	struct vfio_pci_dma_buf *priv;
	loff_t size;
	int ret;

	size = vfio_pci_dma_buf_size(dma_ranges, arg->nr_ranges, region_size);
	if (size < 0)
		return ERR_PTR(size);

	priv = vfio_pci_dma_buf_alloc(vdev, arg->nr_ranges);
	if (IS_ERR(priv))
		return ERR_CAST(priv);

	ret = vdev->pci_ops->get_dmabuf_phys(vdev, &desc.provider,
					     arg->region_index, priv->ranges,
					     dma_ranges, arg->nr_ranges);
	if (ret)
		goto err_free;

	desc.ranges = priv->ranges;
	desc.attrs = vfio_pci_dma_buf_attrs(vdev, arg->region_index,
					    priv->ranges);
	exp_info.ops = &vfio_pci_dmabuf_ops;
	/* The last reference to the device calls back into its driver. */
	exp_info.owner = vdev->vdev.dev->driver->owner;
	exp_info.size = size;
	exp_info.flags = arg->open_flags;
	exp_info.priv = priv;
	exp_info.phys = &desc;

	priv->dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(priv->dmabuf)) {
		ret = PTR_ERR(priv->dmabuf);
		goto err_free;
	}

	/* From here on it is the release that frees. */
	down_write(&vdev->memory_lock);
	list_add_tail(&priv->dmabufs_elm, &vdev->dmabufs);
	if (vdev->pm_runtime_engaged || !__vfio_pci_memory_enabled(vdev))
		dma_buf_phys_revoke(priv->dmabuf);
	up_write(&vdev->memory_lock);
	return priv->dmabuf;

err_free:
	vfio_pci_dma_buf_free(priv);
	return ERR_PTR(ret);
}

int vfio_pci_core_feature_dma_buf(struct vfio_pci_core_device *vdev, u32 flags,
				  struct vfio_device_feature_dma_buf __user *arg,
				  size_t argsz)
{
	struct vfio_device_feature_dma_buf get_dma_buf;
	struct vfio_region_dma_range *dma_ranges;
	struct dma_buf *dmabuf;
	u64 region_size;
	int ret;

	if (!vdev->pci_ops || !vdev->pci_ops->get_dmabuf_phys)
		return -EOPNOTSUPP;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(get_dma_buf));
	if (ret != 1)
		return ret;

	if (copy_from_user(&get_dma_buf, arg, sizeof(get_dma_buf)))
		return -EFAULT;

	if (!get_dma_buf.nr_ranges || get_dma_buf.flags)
		return -EINVAL;

	ret = vfio_pci_dma_buf_region_size(vdev, get_dma_buf.region_index,
					   &region_size);
	if (ret)
		return ret;

	/* Bounds the array. */
	if (get_dma_buf.nr_ranges > region_size >> PAGE_SHIFT ||
	    get_dma_buf.nr_ranges > DMA_BUF_PHYS_MAX_RANGES)
		return -EINVAL;

	dma_ranges = vfio_pci_dma_buf_get_ranges(arg->dma_ranges,
						 get_dma_buf.nr_ranges);
	if (IS_ERR(dma_ranges))
		return PTR_ERR(dma_ranges);

	dmabuf = vfio_pci_dma_buf_export(vdev, &get_dma_buf, dma_ranges,
					 region_size);
	kvfree(dma_ranges);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	ret = dma_buf_fd(dmabuf, get_dma_buf.open_flags);
	if (ret < 0)
		dma_buf_put(dmabuf);
	return ret;
}

/* However many buffers there are, their importers have one grace time. */
static void vfio_pci_dma_buf_revoke_begin(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dma_buf *priv;

	lockdep_assert_held_write(&vdev->memory_lock);

	list_for_each_entry(priv, &vdev->dmabufs, dmabufs_elm)
		dma_buf_phys_revoke_begin(priv->dmabuf);
}

/*
 * Take the memory from all importers, or give it to them again. The end of a
 * reset or a write to config space does not end low power.
 */
void vfio_pci_dma_buf_move(struct vfio_pci_core_device *vdev, bool revoked)
{
	struct vfio_pci_dma_buf *priv;

	lockdep_assert_held_write(&vdev->memory_lock);

	if (!revoked && vdev->pm_runtime_engaged)
		return;

	if (revoked)
		vfio_pci_dma_buf_revoke_begin(vdev);

	list_for_each_entry(priv, &vdev->dmabufs, dmabufs_elm) {
		if (revoked)
			dma_buf_phys_revoke(priv->dmabuf);
		else
			dma_buf_phys_restore(priv->dmabuf, NULL);
	}
}

/* The device is being closed. Its buffers stay, but never work again. */
void vfio_pci_dma_buf_cleanup(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dma_buf *priv, *tmp;

	down_write(&vdev->memory_lock);
	vfio_pci_dma_buf_revoke_begin(vdev);
	list_for_each_entry_safe(priv, tmp, &vdev->dmabufs, dmabufs_elm) {
		dma_buf_phys_kill(priv->dmabuf);
		vfio_pci_dma_buf_unlist(priv);
	}
	up_write(&vdev->memory_lock);
}
