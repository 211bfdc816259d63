// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the suites for umems.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

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

static struct sg_table *old_map(struct dma_buf_attachment *attach,
				enum dma_data_direction dir)
{
	struct umem_test_old_exporter *exp = attach->dmabuf->priv;
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(&exp->sgt, exp->nr, GFP_KERNEL);
	if (ret)
		return ERR_PTR(ret);
	for_each_sgtable_dma_sg(&exp->sgt, sg, i) {
		sg_dma_address(sg) = exp->ranges[i].paddr;
		sg_dma_len(sg) = exp->ranges[i].len;
	}
	exp->maps++;
	return &exp->sgt;
}

static void old_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct umem_test_old_exporter *exp = attach->dmabuf->priv;

	sg_free_table(sgt);
	exp->maps--;
}

static void old_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops old_ops = {
	.map_dma_buf = old_map,
	.unmap_dma_buf = old_unmap,
	.release = old_release,
};

/* A kernel thread's last reference goes by a worker: wait for it. */
static void old_put(void *dmabuf)
{
	dma_buf_put(dmabuf);
	flush_delayed_fput();
}

struct umem_test_old_exporter *
umem_test_old_exporter(struct kunit *test, const struct phys_vec *ranges,
		       size_t nr, size_t size)
{
	struct umem_test_old_exporter *exp = kunit_kzalloc(test, sizeof(*exp),
							   GFP_KERNEL);
	struct dma_buf_export_info info = {
		.exp_name = "kunit-old",
		.owner = THIS_MODULE,
		.ops = &old_ops,
		.size = size,
		.flags = O_RDWR,
		.priv = exp,
	};

	KUNIT_ASSERT_NOT_NULL(test, exp);
	exp->ranges = ranges;
	exp->nr = nr;
	exp->dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(exp->dmabuf), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, old_put,
							exp->dmabuf), 0);
	return exp;
}

MODULE_DESCRIPTION("KUnit suites for RDMA memory regions on dma-bufs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
