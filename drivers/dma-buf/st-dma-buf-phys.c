// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the suites for described buffers. The memory described is not
 * there: the core never touches it, it only computes with its addresses.
 */
#include <kunit/device.h>
#include <kunit/visibility.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "dma-buf-phys-priv.h"
#include "st-dma-buf-phys.h"

struct device *phys_test_device(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "importer");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	return dev;
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_device);

size_t phys_test_size(const struct dma_buf_phys_desc *desc)
{
	size_t size = 0;
	size_t i;

	if (!desc)
		return PAGE_SIZE;
	for (i = 0; i < desc->nr_ranges; i++)
		size += desc->ranges[i].len;
	return size;
}

phys_addr_t phys_test_paddr(const struct dma_buf_phys_desc *desc,
			    size_t offset)
{
	size_t i;

	for (i = 0; i < desc->nr_ranges; i++) {
		if (offset < desc->ranges[i].len)
			return desc->ranges[i].paddr + offset;
		offset -= desc->ranges[i].len;
	}
	return PHYS_ADDR_MAX;
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_paddr);

static void phys_test_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops phys_test_ops = {
	.map_dma_buf = dma_buf_phys_map_dma_buf,
	.unmap_dma_buf = dma_buf_phys_unmap_dma_buf,
	.release = phys_test_release,
};

struct dma_buf *phys_test_try_export(const struct dma_buf_phys_desc *desc,
				     size_t size)
{
	struct dma_buf_export_info info = {
		.exp_name = "kunit",
		.owner = THIS_MODULE,
		.ops = &phys_test_ops,
		.size = size,
		.flags = O_RDWR,
		/* Must not be NULL, and nobody looks at it. */
		.priv = phys_test_release,
		.phys = desc,
	};

	return dma_buf_export(&info);
}

/* A kernel thread's last reference goes by a worker: wait for it. */
static void put_action(void *dmabuf)
{
	dma_buf_put(dmabuf);
	flush_delayed_fput();
}

struct dma_buf *phys_test_own(struct kunit *test, struct dma_buf *dmabuf)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_action, dmabuf));
	return dmabuf;
}

struct dma_buf *phys_test_export(struct kunit *test,
				 const struct dma_buf_phys_desc *desc)
{
	return phys_test_own(test, phys_test_try_export(desc,
							phys_test_size(desc)));
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_export);

static void detach_action(void *ctx)
{
	struct dma_buf_attachment *attach = ctx;

	dma_buf_detach(attach->dmabuf, attach);
}

struct dma_buf_attachment *
phys_test_attach(struct kunit *test, struct dma_buf *dmabuf, struct device *dev,
		 const struct dma_buf_attach_ops *ops, void *priv)
{
	struct dma_buf_attachment *attach =
		dma_buf_dynamic_attach(dmabuf, dev, ops, priv);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, detach_action,
							   attach));
	return attach;
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_attach);

void phys_test_detach(struct kunit *test, struct dma_buf_attachment *attach)
{
	kunit_release_action(test, detach_action, attach);
}

static void importer_told(struct dma_buf_attachment *attach)
{
	struct phys_test_importer *imp = attach->importer_priv;

	imp->told++;
	if (imp->lets_go && imp->mapped)
		phys_test_unmap(imp);
}

static void importer_told_back(struct dma_buf_attachment *attach)
{
	struct phys_test_importer *imp = attach->importer_priv;

	imp->told_back++;
	if (imp->comes_back)
		phys_test_map(imp, attach->dev);
}

const struct dma_buf_attach_ops phys_test_importer_ops = {
	.name = "kunit-importer",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = importer_told,
	.restored = importer_told_back,
};

static void importer_action(void *ctx)
{
	struct phys_test_importer *imp = ctx;

	if (imp->mapped)
		phys_test_unmap(imp);
}

struct phys_test_importer *phys_test_importer(struct kunit *test,
					      struct dma_buf *dmabuf,
					      struct device *dev)
{
	struct phys_test_importer *imp =
		kunit_kzalloc(test, sizeof(*imp), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, imp);
	imp->lets_go = true;
	imp->attach = phys_test_attach(test, dmabuf, dev,
				       &phys_test_importer_ops, imp);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, importer_action, imp));
	return imp;
}

int phys_test_map(struct phys_test_importer *imp, struct device *dev)
{
	int ret = dma_buf_phys_map_device(imp->attach, &imp->map, dev, 0,
					  imp->attach->dmabuf->size,
					  DMA_BIDIRECTIONAL, 0);

	imp->mapped = !ret;
	return ret;
}

void phys_test_unmap(struct phys_test_importer *imp)
{
	imp->mapped = false;
	dma_buf_phys_unmap(&imp->map);
}

static void grace_action(void *ms)
{
	WRITE_ONCE(dma_buf_phys_grace_ms, (unsigned long)ms);
}

void phys_test_grace(struct kunit *test, unsigned int ms)
{
	unsigned long before = dma_buf_phys_grace_ms;

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, grace_action,
					       (void *)before), 0);
	WRITE_ONCE(dma_buf_phys_grace_ms, ms);
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_grace);

static const char *fence_name(struct dma_fence *fence)
{
	return "kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

struct dma_fence *phys_test_fence(struct kunit *test, struct dma_buf *dmabuf)
{
	struct dma_fence *fence = kzalloc_obj(*fence);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, NULL, dma_fence_context_alloc(1), 1);
	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!ret)
		dma_resv_add_fence(dmabuf->resv, fence,
				   DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(dmabuf->resv);
	KUNIT_EXPECT_EQ(test, ret, 0);
	return fence;
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_fence);

const char *phys_test_fdinfo(struct kunit *test, struct dma_buf *dmabuf)
{
	struct seq_file m = { .size = SZ_1K };

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	dmabuf->file->f_op->show_fdinfo(&m, dmabuf->file);
	KUNIT_ASSERT_FALSE(test, seq_has_overflowed(&m));
	return m.buf;
}

static bool phys_test_says(struct kunit *test, struct dma_buf *dmabuf,
			   const char *line)
{
	const char *info = phys_test_fdinfo(test, dmabuf);
	size_t len = strlen(line);

	while (info) {
		if (!strncmp(info, line, len) && info[len] == '\n')
			return true;
		info = strchr(info, '\n');
		if (info)
			info++;
	}
	return false;
}

void phys_test_expect_says(struct kunit *test, struct dma_buf *dmabuf,
			   const char *line)
{
	KUNIT_EXPECT_TRUE_MSG(test, phys_test_says(test, dmabuf, line),
			      "'%s' is not in fdinfo:\n%s", line,
			      phys_test_fdinfo(test, dmabuf));
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_expect_says);

static void thread_work(struct work_struct *work)
{
	struct phys_test_thread *thread =
		container_of(work, struct phys_test_thread, work);

	thread->fn(thread->arg);
	complete_all(&thread->done);
}

static void thread_action(void *ctx)
{
	struct phys_test_thread *thread = ctx;

	flush_work(&thread->work);
}

struct phys_test_thread *phys_test_run(struct kunit *test, void (*fn)(void *),
				       void *arg)
{
	struct phys_test_thread *thread =
		kunit_kzalloc(test, sizeof(*thread), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, thread);
	thread->fn = fn;
	thread->arg = arg;
	init_completion(&thread->done);
	INIT_WORK(&thread->work, thread_work);
	queue_work(system_dfl_wq, &thread->work);
	/* Should it fail, what the thread uses must not go away before it. */
	if (kunit_add_action(test, thread_action, thread)) {
		flush_work(&thread->work);
		KUNIT_FAIL_AND_ABORT(test, "no memory for an action");
	}
	return thread;
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_run);

static void do_revoke(void *dmabuf)
{
	dma_buf_phys_revoke(dmabuf);
}

struct phys_test_thread *phys_test_revoke(struct kunit *test,
					  struct dma_buf *dmabuf)
{
	return phys_test_run(test, do_revoke, dmabuf);
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_revoke);

bool phys_test_ends(struct phys_test_thread *thread)
{
	return wait_for_completion_timeout(&thread->done, PHYS_TEST_LATE);
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_ends);

bool phys_test_goes_on(struct phys_test_thread *thread)
{
	return !wait_for_completion_timeout(&thread->done, PHYS_TEST_SOON);
}
EXPORT_SYMBOL_IF_KUNIT(phys_test_goes_on);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
