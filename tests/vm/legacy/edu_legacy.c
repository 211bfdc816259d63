// SPDX-License-Identifier: GPL-2.0
/*
 * The sample importer as it would have been written without physical ranges: a
 * scatterlist from dma_buf_map_attachment(), walked by its DMA addresses. Same
 * device, same node, same ioctls, and one more.
 *
 * It builds for the unmodified kernel, to show what that does, and for ours,
 * to test how old importers are served there. Locks as in the sample: the
 * reservation lock is held while the device works on the buffer.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

/* The device is the sample's: engine, node, probe and remove. */
#include "edu-device.c"
#include "edu-dma-buf.h"
#include "edu_legacy.h"

/* As some real drivers do: what is mapped stays mapped until user space lets go */
static bool stubborn;
module_param(stubborn, bool, 0644);
MODULE_PARM_DESC(stubborn, "do not unmap when the exporter takes the memory back");

/**
 * struct edu_buffer - an imported buffer
 * @dmabuf: the buffer, of which this has a reference
 * @attach: edu->lock
 * @sgt: reservation lock; NULL if not mapped
 * @maps: reservation lock; how often it was mapped
 * @revokes: reservation lock; how often the exporter took the memory back
 */
struct edu_buffer {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	u64 maps;
	u64 revokes;
};

static int legacy_map(struct edu_buffer *buf)
{
	struct sg_table *sgt;

	if (buf->sgt)
		return 0;

	sgt = dma_buf_map_attachment(buf->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	buf->sgt = sgt;
	buf->maps++;
	return 0;
}

static void legacy_unmap(struct edu_buffer *buf)
{
	if (buf->sgt)
		dma_buf_unmap_attachment(buf->attach, buf->sgt,
					 DMA_BIDIRECTIONAL);
	buf->sgt = NULL;
}

static void legacy_invalidate_mappings(struct dma_buf_attachment *attach)
{
	struct edu_buffer *buf = attach->importer_priv;

	if (!stubborn)
		legacy_unmap(buf);
	buf->revokes++;
}

static const struct dma_buf_attach_ops legacy_attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = legacy_invalidate_mappings,
};

static struct edu_buffer *legacy_import_buffer(struct device *dev, int fd)
{
	struct edu_buffer *buf;
	int ret;

	buf = kzalloc_obj(*buf);
	if (!buf)
		return ERR_PTR(-ENOMEM);

	buf->dmabuf = dma_buf_get(fd);
	if (IS_ERR(buf->dmabuf)) {
		ret = PTR_ERR(buf->dmabuf);
		goto err_free;
	}

	buf->attach = dma_buf_dynamic_attach(buf->dmabuf, dev,
					     &legacy_attach_ops, buf);
	if (IS_ERR(buf->attach)) {
		ret = PTR_ERR(buf->attach);
		goto err_put;
	}
	return buf;

err_put:
	dma_buf_put(buf->dmabuf);
err_free:
	kfree(buf);
	return ERR_PTR(ret);
}

void edu_release_buffer(struct edu_buffer *buf)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	legacy_unmap(buf);
	dma_resv_unlock(buf->dmabuf->resv);

	dma_buf_detach(buf->dmabuf, buf->attach);
	dma_buf_put(buf->dmabuf);
	kfree(buf);
}

static size_t legacy_find(const struct edu_buffer *buf, size_t offset,
			  dma_addr_t *addr)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(buf->sgt, sg, i) {
		if (offset < sg_dma_len(sg)) {
			*addr = sg_dma_address(sg) + offset;
			return sg_dma_len(sg) - offset;
		}
		offset -= sg_dma_len(sg);
	}
	return 0;
}

static int legacy_begin_access(struct edu_buffer *buf, size_t offset,
			       size_t *len, dma_addr_t *addr)
{
	struct dma_resv *resv = buf->dmabuf->resv;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;

	ret = legacy_map(buf);
	if (ret) {
		dma_resv_unlock(resv);
		return ret;
	}

	dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, false,
			      MAX_SCHEDULE_TIMEOUT);
	*len = min(*len, legacy_find(buf, offset, addr));
	return 0;
}

static int legacy_read_chunk(struct edu *edu, struct edu_buffer *buf,
			     size_t offset, size_t *len)
{
	dma_addr_t addr;
	int ret;

	ret = legacy_begin_access(buf, offset, len, &addr);
	if (ret)
		return ret;
	if (*len)
		ret = edu_load(edu, addr, *len);
	dma_resv_unlock(buf->dmabuf->resv);

	if (!ret && *len)
		ret = edu_store(edu, edu->bounce_addr, *len);
	return ret;
}

static int legacy_write_chunk(struct edu *edu, struct edu_buffer *buf,
			      size_t offset, size_t *len)
{
	dma_addr_t addr;
	int ret;

	if (*len) {
		ret = edu_load(edu, edu->bounce_addr, *len);
		if (ret)
			return ret;
	}

	ret = legacy_begin_access(buf, offset, len, &addr);
	if (ret)
		return ret;
	if (*len)
		ret = edu_store(edu, addr, *len);
	dma_resv_unlock(buf->dmabuf->resv);
	return ret;
}

static int legacy_check_copy(const struct edu_file *ef,
			     const struct edu_dma_buf_copy *copy)
{
	u64 end;

	if (!ef->edu->pdev)
		return -ENODEV;
	if (check_add_overflow(copy->offset, copy->len, &end))
		return -EOVERFLOW;
	if (!ef->buf || end > ef->buf->dmabuf->size)
		return -EINVAL;
	return 0;
}

static int legacy_copy_chunk(struct edu_file *ef,
			     const struct edu_dma_buf_copy *copy, bool write,
			     void *data, size_t *len)
{
	struct edu *edu = ef->edu;
	int ret;

	ACQUIRE(mutex_intr, lock)(&edu->lock);
	ret = ACQUIRE_ERR(mutex_intr, &lock);
	if (ret)
		return ret;

	ret = legacy_check_copy(ef, copy);
	if (ret)
		return ret;

	if (write) {
		memcpy(edu->bounce, data, *len);
		return legacy_write_chunk(edu, ef->buf, copy->offset, len);
	}
	ret = legacy_read_chunk(edu, ef->buf, copy->offset, len);
	if (!ret)
		memcpy(data, edu->bounce, *len);
	return ret;
}

static int legacy_copy(struct edu_file *ef, void __user *arg, bool write)
{
	void *data __free(kfree) = kmalloc(EDU_MAX_TRANSFER, GFP_KERNEL);
	struct edu_dma_buf_copy copy;
	size_t len;
	int ret;

	if (!data)
		return -ENOMEM;
	if (copy_from_user(&copy, arg, sizeof(copy)))
		return -EFAULT;

	scoped_guard(mutex, &ef->edu->lock)
		ret = legacy_check_copy(ef, &copy);
	if (ret)
		return ret;

	do {
		void __user *user = u64_to_user_ptr(copy.user);

		if (signal_pending(current))
			return -EINTR;
		len = min(copy.len, EDU_MAX_TRANSFER);
		if (write && copy_from_user(data, user, len))
			return -EFAULT;
		ret = legacy_copy_chunk(ef, &copy, write, data, &len);
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

static int legacy_import(struct edu_file *ef, void __user *arg)
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

	buf = legacy_import_buffer(&ef->edu->pdev->dev, import.fd);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	ef->buf = buf;
	return 0;
}

static int legacy_let_go(struct edu_file *ef)
{
	guard(mutex)(&ef->edu->lock);
	if (!ef->edu->pdev)
		return -ENODEV;
	if (!ef->buf)
		return -EINVAL;

	edu_file_release_buffer(ef);
	return 0;
}

static int legacy_info(struct edu_file *ef, void __user *arg)
{
	struct edu_dma_buf_info info = {};
	struct edu_buffer *buf;

	scoped_guard(mutex, &ef->edu->lock) {
		if (!ef->edu->pdev)
			return -ENODEV;
		buf = ef->buf;
		if (!buf)
			break;

		dma_resv_lock(buf->dmabuf->resv, NULL);
		info.size = buf->dmabuf->size;
		info.state = buf->sgt ? EDU_DMA_BUF_MAPPED : EDU_DMA_BUF_ATTACHED;
		info.pieces = buf->sgt ? buf->sgt->nents : 0;
		info.maps = buf->maps;
		info.revokes = buf->revokes;
		dma_resv_unlock(buf->dmabuf->resv);
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int legacy_one_cycle(struct edu_buffer *buf)
{
	int ret;

	ret = dma_resv_lock_interruptible(buf->dmabuf->resv, NULL);
	if (ret)
		return ret;
	legacy_unmap(buf);
	ret = legacy_map(buf);
	if (!ret)
		legacy_unmap(buf);
	dma_resv_unlock(buf->dmabuf->resv);
	return ret;
}

/* Ends at the first cycle that fails; tells how many there were before it. */
static int legacy_cycle(struct edu_file *ef, void __user *arg)
{
	struct edu_legacy_cycle cycle;
	int ret = 0;
	u32 i;

	if (copy_from_user(&cycle, arg, sizeof(cycle)))
		return -EFAULT;

	scoped_guard(mutex, &ef->edu->lock) {
		if (!ef->edu->pdev)
			return -ENODEV;
		if (!ef->buf)
			return -EINVAL;
		for (i = 0; i < cycle.cycles && !ret; i++) {
			cond_resched();
			ret = signal_pending(current) ? -EINTR :
							legacy_one_cycle(ef->buf);
		}
	}
	cycle.cycles = ret ? i - 1 : i;
	return copy_to_user(arg, &cycle, sizeof(cycle)) ? -EFAULT : ret;
}

long edu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct edu_file *ef = file->private_data;
	void __user *ptr = (void __user *)arg;

	switch (cmd) {
	case EDU_DMA_BUF_IMPORT:
		return legacy_import(ef, ptr);
	case EDU_DMA_BUF_RELEASE:
		return legacy_let_go(ef);
	case EDU_DMA_BUF_READ:
		return legacy_copy(ef, ptr, false);
	case EDU_DMA_BUF_WRITE:
		return legacy_copy(ef, ptr, true);
	case EDU_DMA_BUF_INFO:
		return legacy_info(ef, ptr);
	case EDU_LEGACY_CYCLE:
		return legacy_cycle(ef, ptr);
	default:
		return -ENOTTY;
	}
}
