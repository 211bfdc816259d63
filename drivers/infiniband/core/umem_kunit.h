/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites for umems share: an RDMA device that is nothing but a DMA
 * device, and umems for it. All of it goes away when the case ends.
 */
#ifndef _UMEM_KUNIT_H
#define _UMEM_KUNIT_H

#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>

struct ib_device *umem_test_device(struct kunit *test, struct device *dma_dev);

/* The four ways to import a dma-buf; may fail. The result is the caller's. */
struct ib_umem_dmabuf *
umem_test_get(struct ib_device *ibdev, struct dma_buf *dmabuf,
	      unsigned long offset, size_t len,
	      const struct dma_buf_attach_ops *ops);
struct ib_umem_dmabuf *umem_test_get_pinned(struct ib_device *ibdev,
					    struct dma_buf *dmabuf,
					    unsigned long offset, size_t len);
struct ib_umem_dmabuf *
umem_test_get_pinned_for(struct ib_device *ibdev, struct device *dma_dev,
			 struct dma_buf *dmabuf, unsigned long offset,
			 size_t len);
/* Calls @revoke with @priv when the memory is taken back. */
struct ib_umem_dmabuf *
umem_test_get_revocable(struct ib_device *ibdev, struct dma_buf *dmabuf,
			unsigned long offset, size_t len,
			void (*revoke)(void *priv), void *priv);

#endif /* _UMEM_KUNIT_H */
