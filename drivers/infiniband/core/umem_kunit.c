// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the suites for umems.
 */
#include <linux/fdtable.h>
#include <linux/module.h>

#include "umem_kunit.h"

struct ib_device *umem_test_device(struct kunit *test, struct device *dma_dev)
{
	struct ib_device *ibdev = kunit_kzalloc(test, sizeof(*ibdev),
						GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ibdev);
	ibdev->dma_device = dma_dev;
	return ibdev;
}

/* A negative errno, or a descriptor to be closed */
static int install(struct dma_buf *dmabuf)
{
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

struct ib_umem_dmabuf *
umem_test_get(struct ib_device *ibdev, struct dma_buf *dmabuf,
	      unsigned long offset, size_t len,
	      const struct dma_buf_attach_ops *ops)
{
	struct ib_umem_dmabuf *umem_dmabuf;
	int fd = install(dmabuf);

	if (fd < 0)
		return ERR_PTR(fd);
	umem_dmabuf = ib_umem_dmabuf_get(ibdev, offset, len, fd, 0, ops);
	close_fd(fd);
	return umem_dmabuf;
}

struct ib_umem_dmabuf *umem_test_get_pinned(struct ib_device *ibdev,
					    struct dma_buf *dmabuf,
					    unsigned long offset, size_t len)
{
	return umem_test_get_pinned_for(ibdev, ibdev->dma_device, dmabuf,
					offset, len);
}

struct ib_umem_dmabuf *
umem_test_get_pinned_for(struct ib_device *ibdev, struct device *dma_dev,
			 struct dma_buf *dmabuf, unsigned long offset,
			 size_t len)
{
	struct ib_umem_dmabuf *umem_dmabuf;
	int fd = install(dmabuf);

	if (fd < 0)
		return ERR_PTR(fd);
	umem_dmabuf = ib_umem_dmabuf_get_pinned_with_dma_device(ibdev, dma_dev,
								offset, len,
								fd, 0);
	close_fd(fd);
	return umem_dmabuf;
}

struct ib_umem_dmabuf *
umem_test_get_revocable(struct ib_device *ibdev, struct dma_buf *dmabuf,
			unsigned long offset, size_t len,
			void (*revoke)(void *priv), void *priv)
{
	struct ib_umem_dmabuf *umem_dmabuf;
	int fd = install(dmabuf);

	if (fd < 0)
		return ERR_PTR(fd);
	umem_dmabuf = ib_umem_dmabuf_get_pinned_revocable_and_lock(ibdev,
								   offset, len,
								   fd, 0);
	close_fd(fd);
	if (IS_ERR(umem_dmabuf))
		return umem_dmabuf;
	ib_umem_dmabuf_set_revoke_locked(umem_dmabuf, revoke, priv);
	ib_umem_dmabuf_revoke_unlock(umem_dmabuf);
	return umem_dmabuf;
}

MODULE_DESCRIPTION("KUnit suites for RDMA memory regions on dma-bufs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
