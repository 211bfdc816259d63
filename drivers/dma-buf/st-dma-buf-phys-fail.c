// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation fails once, as far as it goes without hardware: export,
 * attach, the direct route with an array of addresses, a new importer of an old
 * exporter. What was lost without a trace is for kmemleak to find.
 *
 * Needs fault injection, and that it does not spare allocations which may sleep:
 *
 *   echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
 *   echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
 *   echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
 */
#include <kunit/device.h>
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "st-dma-buf-phys-fail.h"

#define P	PAGE_SIZE

/* No sweep here is that long: it would go on for ever. */
#define POINTS_MOST	1000
#define PASSES		4

#ifdef CONFIG_FAULT_INJECTION
void phys_fail_arm(unsigned int nth)
{
	WRITE_ONCE(current->fail_nth, nth);
}

bool phys_fail_disarm(void)
{
	bool reached = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return reached;
}
#else
void phys_fail_arm(unsigned int nth)
{
}

bool phys_fail_disarm(void)
{
	return false;
}
#endif

int phys_fail_init(struct kunit *test)
{
	struct page *page;
	void *mem;

	phys_fail_arm(1);
	mem = kmalloc(P / 2, GFP_KERNEL);
	if (!phys_fail_disarm() || mem) {
		kfree(mem);
		kunit_skip(test, "failslab is not there, or spares allocations that may sleep");
	}
	phys_fail_arm(1);
	page = alloc_page(GFP_KERNEL);
	if (!phys_fail_disarm() || page) {
		if (page)
			__free_page(page);
		kunit_skip(test, "fail_page_alloc is not there, or spares single pages");
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(phys_fail_init);

static struct phys_fail_sweep sweep_once(struct kunit *test,
					 const struct phys_fail_op *op)
{
	struct phys_fail_sweep sweep = {};
	bool reached = true;
	int ret = 0;

	while (reached && sweep.points < POINTS_MOST) {
		if (op->prepare)
			op->prepare(test);
		phys_fail_arm(sweep.points + 1);
		ret = op->try(test);
		reached = phys_fail_disarm();
		if (!ret && op->undo)
			op->undo(test);
		op->check(test);

		sweep.points += reached;
		if (!ret)
			continue;
		sweep.failures++;
		KUNIT_EXPECT_EQ_MSG(test, ret, -ENOMEM, "at allocation %u",
				    sweep.points);
	}
	KUNIT_EXPECT_FALSE_MSG(test, reached, "there is no end to it");
	KUNIT_EXPECT_EQ_MSG(test, ret, 0, "with all the memory it wants");
	return sweep;
}

/* When something is allocated only once, a pass misses what comes after it. */
struct phys_fail_sweep phys_fail_sweep(struct kunit *test,
				       const struct phys_fail_op *op)
{
	struct phys_fail_sweep most = {};
	struct phys_fail_sweep sweep;
	int i;

	for (i = 0; i < PASSES; i++) {
		sweep = sweep_once(test, op);
		most.points = max(most.points, sweep.points);
		most.failures = max(most.failures, sweep.failures);
	}
	kunit_info(test, "%u allocations, %u failures", most.points,
		   most.failures);
	return most;
}
EXPORT_SYMBOL_IF_KUNIT(phys_fail_sweep);

static const struct phys_vec fail_ranges[] = {
	{ 64 * P, 3 * P }, { 16 * P, P }, { 32 * P, 4 * P },
};

/**
 * struct fail_test - what a case works on
 * @desc: of three ranges
 * @dmabuf: a buffer
 * @imp: an importer of it
 * @dev: a device that @imp maps it for
 * @attach: an attachment to it
 * @map: a mapping of @attach
 * @sgts: tables that the exporter has not got back
 */
struct fail_test {
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;
	struct phys_test_importer *imp;
	struct device *dev;
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;
	int sgts;
};

static struct fail_test *fail_test(struct kunit *test)
{
	struct fail_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->desc = phys_test_desc(fail_ranges, ARRAY_SIZE(fail_ranges));
	test->priv = t;
	return t;
}

static int try_export(struct kunit *test)
{
	struct fail_test *t = test->priv;

	t->dmabuf = phys_test_try_export(&t->desc, 8 * P);
	return PTR_ERR_OR_ZERO(t->dmabuf);
}

static void undo_export(struct kunit *test)
{
	struct fail_test *t = test->priv;

	dma_buf_put(t->dmabuf);
}

/* A kernel thread's last reference goes by a worker. */
static void check_export(struct kunit *test)
{
	flush_delayed_fput();
}

static void export_is_undone(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.try = try_export,
		.undo = undo_export,
		.check = check_export,
	};

	fail_test(test);
	/* At least the file, its inode, the buffer and what the core keeps */
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &op).failures, 4);
}

/* The first that attaches by this name is remembered for the statistics. */
static const struct dma_buf_attach_ops fail_importer_ops = {
	.name = "kunit-fail",
};

static int try_attach(struct kunit *test)
{
	struct fail_test *t = test->priv;

	t->attach = dma_buf_dynamic_attach(t->dmabuf, t->dev,
					   &fail_importer_ops, NULL);
	return PTR_ERR_OR_ZERO(t->attach);
}

static void undo_attach(struct kunit *test)
{
	struct fail_test *t = test->priv;

	dma_buf_detach(t->dmabuf, t->attach);
}

static void check_attach(struct kunit *test)
{
	struct fail_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, list_empty(&t->dmabuf->attachments));
}

static void attach_is_undone(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.try = try_attach,
		.undo = undo_attach,
		.check = check_attach,
	};
	struct fail_test *t = fail_test(test);

	t->dmabuf = phys_test_export(test, &t->desc);
	t->dev = phys_test_device(test);
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &op).failures, 1);
}

static int try_map(struct kunit *test)
{
	struct fail_test *t = test->priv;

	return phys_test_map(t->imp, t->dev);
}

static void undo_map(struct kunit *test)
{
	struct fail_test *t = test->priv;

	phys_test_unmap(t->imp);
}

static void check_map(struct kunit *test)
{
	struct fail_test *t = test->priv;

	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static const struct phys_fail_op map_op = {
	.try = try_map,
	.undo = undo_map,
	.check = check_map,
};

/* A device whose mask nobody set: the DMA API wants to be told of unmaps. */
static void map_with_addresses_is_undone(struct kunit *test)
{
	struct fail_test *t = fail_test(test);

	t->dmabuf = phys_test_export(test, &t->desc);
	t->dev = kunit_device_register(test, "unset");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dev);
	if (!dma_need_unmap(t->dev))
		kunit_skip(test, "the DMA API never wants to know of an unmap");
	t->imp = phys_test_importer(test, t->dmabuf, t->dev);
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &map_op).failures, 1);
}

/* Refused before anything is allocated */
static void map_while_revoked_allocates_nothing(struct kunit *test)
{
	struct fail_test *t = fail_test(test);

	t->dmabuf = phys_test_export(test, &t->desc);
	t->dev = phys_test_device(test);
	t->imp = phys_test_importer(test, t->dmabuf, t->dev);
	dma_buf_phys_revoke(t->dmabuf);
	phys_fail_arm(1);
	KUNIT_EXPECT_EQ(test, try_map(test), -ENODEV);
	KUNIT_EXPECT_FALSE(test, phys_fail_disarm());
	check_map(test);
}

/*
 * New importer, old exporter: the table is the exporter's
 */
static struct sg_table *old_map(struct dma_buf_attachment *attach,
				enum dma_data_direction dir)
{
	struct fail_test *t = attach->dmabuf->priv;
	struct sg_table *sgt = kzalloc_obj(*sgt);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (ret) {
		kfree(sgt);
		return ERR_PTR(ret);
	}
	sg_dma_address(sgt->sgl) = P;
	sg_dma_len(sgt->sgl) = attach->dmabuf->size;
	t->sgts++;
	return sgt;
}

static void old_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct fail_test *t = attach->dmabuf->priv;

	t->sgts--;
	sg_free_table(sgt);
	kfree(sgt);
}

static void old_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops old_ops = {
	.map_dma_buf = old_map,
	.unmap_dma_buf = old_unmap,
	.release = old_release,
};

static void old_put(void *dmabuf)
{
	dma_buf_put(dmabuf);
	flush_delayed_fput();
}

static int try_old_map(struct kunit *test)
{
	struct fail_test *t = test->priv;
	int ret;

	dma_resv_lock(t->dmabuf->resv, NULL);
	ret = dma_buf_phys_map_device(t->attach, &t->map, t->dev, 0, P,
				      DMA_BIDIRECTIONAL, 0);
	dma_resv_unlock(t->dmabuf->resv);
	return ret;
}

static void undo_old_map(struct kunit *test)
{
	struct fail_test *t = test->priv;

	dma_resv_lock(t->dmabuf->resv, NULL);
	dma_buf_phys_unmap(&t->map);
	dma_resv_unlock(t->dmabuf->resv);
}

static void check_old_map(struct kunit *test)
{
	struct fail_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, t->sgts, 0);
}

static void map_of_an_old_exporter_is_undone(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.try = try_old_map,
		.undo = undo_old_map,
		.check = check_old_map,
	};
	struct dma_buf_export_info info = {
		.exp_name = "kunit-old",
		.owner = THIS_MODULE,
		.ops = &old_ops,
		.size = 2 * P,
		.flags = O_RDWR,
	};
	struct fail_test *t = fail_test(test);

	info.priv = t;
	t->dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dmabuf);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, old_put,
							   t->dmabuf));
	t->dev = phys_test_device(test);
	t->attach = phys_test_attach(test, t->dmabuf, t->dev,
				     &fail_importer_ops, NULL);
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &op).failures, 2);
}

static struct kunit_case phys_fail_cases[] = {
	KUNIT_CASE(export_is_undone),
	KUNIT_CASE(attach_is_undone),
	KUNIT_CASE(map_with_addresses_is_undone),
	KUNIT_CASE(map_while_revoked_allocates_nothing),
	KUNIT_CASE(map_of_an_old_exporter_is_undone),
	{}
};

static struct kunit_suite phys_fail_suite = {
	.name = "dma-buf-phys-fail",
	.init = phys_fail_init,
	.test_cases = phys_fail_cases,
};

kunit_test_suite(phys_fail_suite);
