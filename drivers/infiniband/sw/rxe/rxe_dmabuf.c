// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory regions on dma-bufs.
 *
 * rxe accesses memory with the CPU, so such a region is a mapping of its slice
 * of the buffer for the CPU, and data is copied through windows into that. What
 * lies behind can be a device: there are no pages, and copying is all that can
 * be done.
 *
 * The exporter can take the memory back at any time, and waits for the copies
 * that are under way, of one packet per queue pair. After that the region keeps
 * its keys and stays valid, but each copy fails, until the exporter lets the
 * memory be mapped again, which the next copy then does.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-buf-phys.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/overflow.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "rxe.h"
#include "rxe_loc.h"

/**
 * struct rxe_dmabuf - the slice of a buffer that a memory region is made of
 * @attach: holds the buffer, too
 * @offset: first byte of the slice in the buffer
 * @len: bytes in the slice
 * @lock: read by whoever copies; nests inside the reservation lock
 * @map: as @mapped; the slice
 * @mapped: reservation lock and @lock to write, either to read
 */
struct rxe_dmabuf {
	struct dma_buf_attachment *attach;
	size_t offset;
	size_t len;
	struct rw_semaphore lock;
	struct dma_buf_phys_map map;
	bool mapped;
};

static int rxe_dmabuf_map(struct rxe_dmabuf *buf)
{
	struct dma_resv *resv = buf->attach->dmabuf->resv;
	long left;
	int err;

	dma_resv_assert_held(resv);

	if (buf->mapped)
		return 0;

	/*
	 * The exporter may still be moving the memory into its place. To take
	 * it back it needs the lock, so that is not held for long.
	 */
	left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true, HZ);
	if (left <= 0)
		return left ?: -ETIMEDOUT;

	guard(rwsem_write)(&buf->lock);
	err = dma_buf_phys_map_cpu(buf->attach, &buf->map, buf->offset,
				   buf->len);
	buf->mapped = !err;
	return err;
}

static void rxe_dmabuf_unmap(struct rxe_dmabuf *buf)
{
	guard(rwsem_write)(&buf->lock);
	if (buf->mapped)
		dma_buf_phys_unmap(&buf->map);
	buf->mapped = false;
}

/* May come before dma_buf_dynamic_attach() has returned. */
static void rxe_dmabuf_invalidate(struct dma_buf_attachment *attach)
{
	rxe_dmabuf_unmap(attach->importer_priv);
}

static const struct dma_buf_attach_ops rxe_dmabuf_attach_ops = {
	.name = "rxe",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = rxe_dmabuf_invalidate,
};

static int rxe_dmabuf_lock_and_map(struct rxe_dmabuf *buf)
{
	struct dma_resv *resv = buf->attach->dmabuf->resv;
	int err;

	dma_resv_lock(resv, NULL);
	err = rxe_dmabuf_map(buf);
	dma_resv_unlock(resv);
	return err;
}

/* The CPU stands for the device, so @dev is there for its name only. */
static struct rxe_dmabuf *rxe_dmabuf_import(struct device *dev, int fd,
					    size_t offset, size_t len)
{
	struct rxe_dmabuf *buf;
	struct dma_buf *dmabuf;
	int err;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);

	buf = kzalloc_obj(*buf);
	if (!buf) {
		err = -ENOMEM;
		goto err_put;
	}
	buf->offset = offset;
	buf->len = len;
	init_rwsem(&buf->lock);

	buf->attach = dma_buf_dynamic_attach(dmabuf, dev,
					     &rxe_dmabuf_attach_ops, buf);
	if (IS_ERR(buf->attach)) {
		err = PTR_ERR(buf->attach);
		goto err_free;
	}

	/* What can never be mapped is refused now, not when it is accessed. */
	err = rxe_dmabuf_lock_and_map(buf);
	if (err)
		goto err_detach;
	return buf;

err_detach:
	dma_buf_detach(dmabuf, buf->attach);
err_free:
	kfree(buf);
err_put:
	dma_buf_put(dmabuf);
	return ERR_PTR(err);
}

/**
 * rxe_dmabuf_release - let go of the buffer of a memory region
 * @buf: what rxe_mr.dmabuf points to; NULL if the region is another kind
 *
 * Context: Sleeps. Nobody uses the region any more.
 */
void rxe_dmabuf_release(struct rxe_dmabuf *buf)
{
	struct dma_buf *dmabuf;

	if (!buf)
		return;

	dmabuf = buf->attach->dmabuf;
	dma_resv_lock(dmabuf->resv, NULL);
	rxe_dmabuf_unmap(buf);
	dma_resv_unlock(dmabuf->resv);

	dma_buf_detach(dmabuf, buf->attach);
	dma_buf_put(dmabuf);
	kfree(buf);
}

/* Returns with the lock read and the buffer mapped, or an error. */
static int rxe_dmabuf_begin_copy(struct rxe_dmabuf *buf)
{
	int err;

	down_read(&buf->lock);
	while (!buf->mapped) {
		up_read(&buf->lock);
		err = rxe_dmabuf_lock_and_map(buf);
		if (err)
			return err;
		down_read(&buf->lock);
	}
	return 0;
}

static int rxe_dmabuf_copy(struct rxe_dmabuf *buf, size_t offset, void *addr,
			   size_t len, enum rxe_mr_copy_dir dir)
{
	struct iosys_map vaddr;
	ssize_t bytes;

	while (len) {
		bytes = dma_buf_phys_access_begin(&buf->map, offset, len,
						  &vaddr);
		if (bytes < 0)
			return bytes;

		if (dir == RXE_TO_MR_OBJ)
			iosys_map_memcpy_to(&vaddr, 0, addr, bytes);
		else
			iosys_map_memcpy_from(addr, &vaddr, 0, bytes);
		dma_buf_phys_access_end(&buf->map);

		offset += bytes;
		addr += bytes;
		len -= bytes;
	}
	return 0;
}

/**
 * rxe_dmabuf_mr_copy - copy from or to a memory region on a dma-buf
 * @mr: the region
 * @iova: where in the region; range checked
 * @addr: where else
 * @length: bytes to copy
 * @dir: from or to the region
 *
 * Context: May sleep, for the first access to a part of the region.
 *
 * Return: 0, or -EFAULT if the memory cannot be accessed, as its exporter has
 * taken it back for one. Some of it may have been copied then.
 */
int rxe_dmabuf_mr_copy(struct rxe_mr *mr, u64 iova, void *addr,
		       unsigned int length, enum rxe_mr_copy_dir dir)
{
	struct rxe_dmabuf *buf = mr->dmabuf;
	int err;

	err = rxe_dmabuf_begin_copy(buf);
	if (!err) {
		err = rxe_dmabuf_copy(buf, iova - mr->ibmr.iova, addr, length,
				      dir);
		up_read(&buf->lock);
	}
	if (err) {
		rxe_dbg_mr(mr, "dma-buf is not accessible, err = %d\n", err);
		return -EFAULT;
	}
	return 0;
}

static struct rxe_mr *rxe_dmabuf_alloc_mr(struct ib_pd *ibpd)
{
	struct rxe_dev *rxe = to_rdev(ibpd->device);
	struct rxe_mr *mr;
	int err;

	mr = kzalloc_obj(*mr);
	if (!mr)
		return ERR_PTR(-ENOMEM);

	err = rxe_add_to_pool(&rxe->mr_pool, mr);
	if (err) {
		kfree(mr);
		return ERR_PTR(err);
	}

	rxe_get(to_rpd(ibpd));
	mr->ibmr.pd = ibpd;
	mr->ibmr.device = ibpd->device;
	return mr;
}

/**
 * rxe_reg_user_mr_dmabuf - &ib_device_ops.reg_user_mr_dmabuf
 * @ibpd: protection domain
 * @offset: first byte of the region in the buffer
 * @length: bytes in the region
 * @iova: address of the first byte in work requests
 * @fd: file descriptor of the buffer
 * @access: IB_ACCESS_LOCAL_WRITE, IB_ACCESS_REMOTE_*, and optional ones.
 *	IB_ACCESS_REMOTE_ATOMIC is accepted, as it is from those who ask for all
 *	that there is, but grants nothing.
 * @dmah: not supported
 * @attrs: not used
 *
 * Return: the region, or
 * -EINVAL if the slice is empty or not inside the buffer, or @fd is no dma-buf;
 * -EBADF if @fd is not open;
 * -EOPNOTSUPP for other @access, or if the exporter has no way to let the CPU
 * access the memory;
 * -EACCES if it forbids that;
 * -ENODEV if it has taken the memory back;
 * -ENOMEM.
 */
struct ib_mr *rxe_reg_user_mr_dmabuf(struct ib_pd *ibpd, u64 offset, u64 length,
				     u64 iova, int fd, int access,
				     struct ib_dmah *dmah,
				     struct uverbs_attr_bundle *attrs)
{
	struct rxe_dev *rxe = to_rdev(ibpd->device);
	struct rxe_dmabuf *buf;
	struct rxe_mr *mr;
	u64 end, last;

	if (dmah || access & ~RXE_ACCESS_SUPPORTED_DMABUF)
		return ERR_PTR(-EOPNOTSUPP);
	if (!length || check_add_overflow(offset, length, &end) ||
	    check_add_overflow(iova, length - 1, &last))
		return ERR_PTR(-EINVAL);

	buf = rxe_dmabuf_import(&rxe->ib_dev.dev, fd, offset, length);
	if (IS_ERR(buf))
		return ERR_CAST(buf);

	mr = rxe_dmabuf_alloc_mr(ibpd);
	if (IS_ERR(mr)) {
		rxe_dmabuf_release(buf);
		return ERR_CAST(mr);
	}

	rxe_mr_init(access, mr);
	mr->dmabuf = buf;
	mr->ibmr.type = IB_MR_TYPE_USER;
	mr->ibmr.iova = iova;
	mr->ibmr.length = length;
	mr->state = RXE_MR_STATE_VALID;

	rxe_finalize(mr);
	return &mr->ibmr;
}
