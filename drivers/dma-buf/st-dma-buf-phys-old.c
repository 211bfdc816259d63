// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter that knows scatterlists only. Its addresses are made up: nobody
 * but the test looks at them.
 */
#include <kunit/visibility.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fcntl.h>
#include <linux/module.h>

#include "st-dma-buf-phys-old.h"

static int old_begin_move(struct phys_test_old *old)
{
	int ret;

	if (!old->moving)
		return 0;
	ret = dma_resv_reserve_fences(old->dmabuf->resv, 1);
	if (!ret)
		dma_resv_add_fence(old->dmabuf->resv, old->moving,
				   DMA_RESV_USAGE_KERNEL);
	return ret;
}

static struct sg_table *old_map(struct dma_buf_attachment *attach,
				enum dma_data_direction dir)
{
	struct phys_test_old *old = attach->dmabuf->priv;
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = old->ret ?: old_begin_move(old);
	if (!ret)
		ret = sg_alloc_table(&old->sgt, old->nr, GFP_KERNEL);
	if (ret)
		return ERR_PTR(ret);
	for_each_sgtable_dma_sg(&old->sgt, sg, i) {
		sg_dma_address(sg) = old->ranges[i].paddr;
		sg_dma_len(sg) = old->ranges[i].len;
	}
	old->maps++;
	return &old->sgt;
}

static void old_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct phys_test_old *old = attach->dmabuf->priv;

	sg_free_table(sgt);
	old->maps--;
}

static void old_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops old_ops = {
	.map_dma_buf = old_map,
	.unmap_dma_buf = old_unmap,
	.release = old_release,
};

struct phys_test_old *phys_test_old(struct kunit *test,
				    const struct phys_vec *ranges, size_t nr,
				    size_t size)
{
	struct phys_test_old *old = kunit_kzalloc(test, sizeof(*old),
						  GFP_KERNEL);
	struct dma_buf_export_info info = {
		.exp_name = "kunit-old",
		.owner = THIS_MODULE,
		.ops = &old_ops,
		.size = size,
		.flags = O_RDWR,
		.priv = old,
	};

	KUNIT_ASSERT_NOT_NULL(test, old);
	old->ranges = ranges;
	old->nr = nr;
	old->dmabuf = phys_test_own(test, dma_buf_export(&info));
	return old;
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_old);
