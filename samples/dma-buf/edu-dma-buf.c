// SPDX-License-Identifier: GPL-2.0
/*
 * A dma-buf importer, from import to release.
 *
 * A file imports a buffer and copies to and from it with the device's DMA
 * engine. The buffer is mapped when a copy needs it and stays mapped until the
 * exporter takes the memory back, or the file lets go of it. After a revoke
 * copies get -ENODEV, until the exporter restores the buffer; what was mapped is
 * mapped again then.
 *
 * The reservation lock of the buffer guards the mapping. It is held while the
 * device works on the buffer, so edu_invalidate_mappings(), which runs under
 * it, finds no DMA to wait for and just unmaps. That costs a revoker one
 * transfer at most: 100 ms, or the timeouts of a dead device. A driver that
 * queues work for its device cannot hold the lock until it is done: it would
 * add a fence to the reservation object (DMA_RESV_USAGE_BOOKKEEP) with each
 * job, and unmap when the last of them has signalled.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-buf-phys.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu.h"
#include "edu-dma-buf.h"

/**
 * struct edu_buffer - an imported buffer
 * @dmabuf: the buffer, of which this has a reference
 * @attach: edu->lock
 * @map: reservation lock; the whole buffer in the device's address space
 * @mapped: reservation lock; whether @map is mapped
 * @taken: reservation lock; whether the exporter took it while it was mapped, and
 *	it was not mapped again since
 * @maps: reservation lock; how often it was
 * @revokes: reservation lock; how often the exporter took the memory back
 */
struct edu_buffer {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;
	bool mapped;
	bool taken;
	u64 maps;
	u64 revokes;
};

static int edu_map(struct edu_buffer *buf)
{
	int ret;

	dma_resv_assert_held(buf->dmabuf->resv);

	if (buf->mapped)
		return 0;

	ret = dma_buf_phys_map_device(buf->attach, &buf->map, buf->attach->dev,
				      0, buf->dmabuf->size, DMA_BIDIRECTIONAL,
				      0);
	if (ret)
		return ret;

	buf->mapped = true;
	buf->taken = false;
	buf->maps++;
	return 0;
}

static void edu_unmap(struct edu_buffer *buf)
{
	dma_resv_assert_held(buf->dmabuf->resv);

	if (buf->mapped)
		dma_buf_phys_unmap(&buf->map);
	buf->mapped = false;
}

/* May come before dma_buf_dynamic_attach() has returned. */
static void edu_invalidate_mappings(struct dma_buf_attachment *attach)
{
	struct edu_buffer *buf = attach->importer_priv;

	buf->taken |= buf->mapped;
	edu_unmap(buf);
	buf->revokes++;
}

/* If this fails, the next copy tries again and tells why. */
static void edu_restored(struct dma_buf_attachment *attach)
{
	struct edu_buffer *buf = attach->importer_priv;

	if (buf->taken)
		edu_map(buf);
}

static const struct dma_buf_attach_ops edu_attach_ops = {
	.name = "edu",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = edu_invalidate_mappings,
	.restored = edu_restored,
};

/*
 * A buffer which the device can never reach is refused here. One which is
 * revoked at the time is not: it may be back when it is needed.
 */
static struct edu_buffer *edu_import_buffer(struct device *dev, int fd)
{
	struct edu_buffer *buf;
	int ret;

	buf = kzalloc_obj(*buf, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);

	buf->dmabuf = dma_buf_get(fd);
	if (IS_ERR(buf->dmabuf)) {
		ret = PTR_ERR(buf->dmabuf);
		goto err_free;
	}

	buf->attach = dma_buf_dynamic_attach(buf->dmabuf, dev, &edu_attach_ops,
					     buf);
	if (IS_ERR(buf->attach)) {
		ret = PTR_ERR(buf->attach);
		goto err_put;
	}

	ret = dma_buf_phys_reachable(buf->attach, dev);
	if (ret)
		goto err_detach;
	return buf;

err_detach:
	dma_buf_detach(buf->dmabuf, buf->attach);
err_put:
	dma_buf_put(buf->dmabuf);
err_free:
	kfree(buf);
	return ERR_PTR(ret);
}

/**
 * edu_release_buffer - let go of an imported buffer
 * @buf: the buffer, which is freed
 *
 * Context: Sleeps. edu->lock is held, so no copy is under way.
 */
void edu_release_buffer(struct edu_buffer *buf)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	edu_unmap(buf);
	/* Until it is detached it may be told that it can map again. */
	buf->taken = false;
	dma_resv_unlock(buf->dmabuf->resv);

	dma_buf_detach(buf->dmabuf, buf->attach);
	dma_buf_put(buf->dmabuf);
	kfree(buf);
}

/*
 * Find the DMA address of a byte, and how many bytes there are from it to the
 * end of its piece. Hardware with tables of its own has them filled by such a
 * walk, once, when the buffer is mapped.
 */
static size_t edu_find(const struct edu_buffer *buf, size_t offset,
		       dma_addr_t *addr)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;

	dma_buf_phys_for_each(&buf->map, &walk, piece) {
		if (offset < piece->len) {
			*addr = piece->addr + offset;
			return piece->len - offset;
		}
		offset -= piece->len;
	}
	return 0;
}

/*
 * Get hold of the buffer for one transfer. On success, the reservation lock is
 * held until edu_end_access(), and *@len is cut to what lies in one piece from
 * *@addr on.
 */
static int edu_begin_access(struct edu_buffer *buf, size_t offset, size_t *len,
			    dma_addr_t *addr)
{
	struct dma_resv *resv = buf->dmabuf->resv;
	long left;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;

	ret = edu_map(buf);
	if (ret) {
		dma_resv_unlock(resv);
		return ret;
	}

	/*
	 * The exporter may still be moving the memory into its place. A revoke
	 * needs the lock, so it is not held for longer than that is worth.
	 */
	left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true, HZ);
	if (left <= 0) {
		dma_resv_unlock(resv);
		return left ?: -ETIMEDOUT;
	}

	*len = min(*len, edu_find(buf, offset, addr));
	return 0;
}

static void edu_end_access(struct edu_buffer *buf)
{
	dma_resv_unlock(buf->dmabuf->resv);
}

/* From the buffer by way of the device to the bounce memory */
static int edu_read_chunk(struct edu *edu, struct edu_buffer *buf,
			  size_t offset, size_t *len)
{
	dma_addr_t addr;
	int ret;

	ret = edu_begin_access(buf, offset, len, &addr);
	if (ret)
		return ret;
	if (*len)
		ret = edu_load(edu, addr, *len);
	edu_end_access(buf);

	if (!ret && *len)
		ret = edu_store(edu, edu->bounce_addr, *len);
	return ret;
}

/* From the bounce memory by way of the device to the buffer */
static int edu_write_chunk(struct edu *edu, struct edu_buffer *buf,
			   size_t offset, size_t *len)
{
	dma_addr_t addr;
	int ret;

	if (*len) {
		ret = edu_load(edu, edu->bounce_addr, *len);
		if (ret)
			return ret;
	}

	ret = edu_begin_access(buf, offset, len, &addr);
	if (ret)
		return ret;
	if (*len)
		ret = edu_store(edu, addr, *len);
	edu_end_access(buf);
	return ret;
}

/* Asked for each chunk: another thread may change the file's buffer between. */
static int edu_check_copy(const struct edu_file *ef,
			  const struct edu_dma_buf_copy *copy)
{
	u64 end;

	lockdep_assert_held(&ef->edu->lock);

	if (!ef->edu->pdev)
		return -ENODEV;
	if (check_add_overflow(copy->offset, copy->len, &end))
		return -EOVERFLOW;
	if (!ef->buf || end > ef->buf->dmabuf->size)
		return -EINVAL;
	return 0;
}

/* Copies *@len bytes or less, between the buffer and @data. */
static int edu_copy_chunk(struct edu_file *ef,
			  const struct edu_dma_buf_copy *copy, bool write,
			  void *data, size_t *len)
{
	struct edu *edu = ef->edu;
	int ret;

	ACQUIRE(mutex_intr, lock)(&edu->lock);
	ret = ACQUIRE_ERR(mutex_intr, &lock);
	if (ret)
		return ret;

	ret = edu_check_copy(ef, copy);
	if (ret)
		return ret;

	if (write) {
		memcpy(edu->bounce, data, *len);
		return edu_write_chunk(edu, ef->buf, copy->offset, len);
	}
	ret = edu_read_chunk(edu, ef->buf, copy->offset, len);
	if (!ret)
		memcpy(data, edu->bounce, *len);
	return ret;
}

/*
 * The user's memory is touched without a lock: a page fault can take as long as
 * a user likes.
 */
static int edu_copy(struct edu_file *ef, void __user *arg, bool write)
{
	void *data __free(kfree) = kmalloc(EDU_MAX_TRANSFER, GFP_KERNEL);
	struct edu_dma_buf_copy copy;
	size_t len;
	int ret;

	if (!data)
		return -ENOMEM;
	if (copy_from_user(&copy, arg, sizeof(copy)))
		return -EFAULT;

	/* A wrong ask is told before the user's memory is looked at. */
	scoped_guard(mutex, &ef->edu->lock)
		ret = edu_check_copy(ef, &copy);
	if (ret)
		return ret;

	do {
		void __user *user = u64_to_user_ptr(copy.user);

		if (signal_pending(current))
			return -EINTR;
		len = min(copy.len, EDU_MAX_TRANSFER);
		if (write && copy_from_user(data, user, len))
			return -EFAULT;
		ret = edu_copy_chunk(ef, &copy, write, data, &len);
		if (ret)
			return ret;
		if (!write && copy_to_user(user, data, len))
			return -EFAULT;

		copy.offset += len;
		copy.user += len;
		copy.len -= len;
	} while (copy.len);
	return 0;
}

static int edu_import(struct edu_file *ef, void __user *arg)
{
	struct edu_dma_buf_import import;
	struct edu_buffer *buf;

	if (copy_from_user(&import, arg, sizeof(import)))
		return -EFAULT;
	if (import.flags)
		return -EINVAL;

	guard(mutex)(&ef->edu->lock);
	if (!ef->edu->pdev)
		return -ENODEV;
	if (ef->buf)
		return -EBUSY;

	buf = edu_import_buffer(&ef->edu->pdev->dev, import.fd);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	ef->buf = buf;
	return 0;
}

static int edu_let_go(struct edu_file *ef)
{
	guard(mutex)(&ef->edu->lock);
	if (!ef->edu->pdev)
		return -ENODEV;
	if (!ef->buf)
		return -EINVAL;

	edu_release_buffer(ef->buf);
	ef->buf = NULL;
	return 0;
}

static void edu_fill_info(struct edu_buffer *buf, struct edu_dma_buf_info *info)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	info->size = buf->dmabuf->size;
	info->state = EDU_DMA_BUF_ATTACHED;
	if (buf->mapped) {
		info->state = EDU_DMA_BUF_MAPPED;
		info->pieces = dma_buf_phys_count(&buf->map, SIZE_MAX);
	}
	info->maps = buf->maps;
	info->revokes = buf->revokes;
	dma_resv_unlock(buf->dmabuf->resv);
}

static int edu_info(struct edu_file *ef, void __user *arg)
{
	struct edu_dma_buf_info info = {};

	scoped_guard(mutex, &ef->edu->lock) {
		if (!ef->edu->pdev)
			return -ENODEV;
		if (ef->buf)
			edu_fill_info(ef->buf, &info);
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/**
 * edu_ioctl - &file_operations.unlocked_ioctl of the device's node
 * @file: an open file
 * @cmd: EDU_DMA_BUF_*
 * @arg: as @cmd says
 *
 * Return: 0; -ENODEV if the driver was unbound or the buffer is revoked;
 * -EINTR; -ETIMEDOUT if the device does not answer; or as dma-buf-phys.h says.
 */
long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct edu_file *ef = file->private_data;
	void __user *ptr = (void __user *)arg;

	switch (cmd) {
	case EDU_DMA_BUF_IMPORT:
		return edu_import(ef, ptr);
	case EDU_DMA_BUF_RELEASE:
		return edu_let_go(ef);
	case EDU_DMA_BUF_READ:
		return edu_copy(ef, ptr, false);
	case EDU_DMA_BUF_WRITE:
		return edu_copy(ef, ptr, true);
	case EDU_DMA_BUF_INFO:
		return edu_info(ef, ptr);
	default:
		return -ENOTTY;
	}
}
