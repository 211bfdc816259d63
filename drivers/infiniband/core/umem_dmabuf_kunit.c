// SPDX-License-Identifier: GPL-2.0
/*
 * Umems of dma-bufs: who gets one, what the RDMA device reaches, and what
 * becomes of it when the memory is taken back.
 *
 * The memory is the BAR of one PCI function, and the RDMA device's DMA device
 * is another one. Neither has a driver and no DMA is started: that the blocks
 * lead to the right place is seen in the page tables of the machine's IOMMU.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <rdma/iter.h>

#include "../../dma-buf/st-dma-buf-phys-fail.h"
#include "../../dma-buf/st-dma-buf-phys-old.h"
#include "../../dma-buf/st-dma-buf-phys-pci.h"
#include "umem_kunit.h"

#define P	PAGE_SIZE

/**
 * struct umem_test - a buffer in a BAR, and an RDMA device to import it for
 * @t: the buffer, with an importer that is not used
 * @ibdev: the device
 * @umem_dmabuf: what was imported; released when the case ends
 * @told: how often the callback came
 */
struct umem_test {
	struct phys_pci_test *t;
	struct ib_device *ibdev;
	struct ib_umem_dmabuf *umem_dmabuf;
	unsigned int told;
};

static void release_umem(struct umem_test *ut)
{
	if (!IS_ERR_OR_NULL(ut->umem_dmabuf))
		ib_umem_release(&ut->umem_dmabuf->umem);
	ut->umem_dmabuf = NULL;
}

static void release_action(void *ut)
{
	release_umem(ut);
}

static struct umem_test *umem_test(struct kunit *test,
				   const struct phys_pci_layout *layout)
{
	struct umem_test *ut = kunit_kzalloc(test, sizeof(*ut), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ut);
	ut->t = phys_pci_init(test, layout);
	ut->ibdev = umem_test_device(test, ut->t->pci->dev);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_action,
							ut), 0);
	test->priv = ut;
	return ut;
}

static void count_revoke(void *priv)
{
	struct umem_test *ut = priv;

	ut->told++;
}

static int get_revocable(struct umem_test *ut, unsigned long offset, size_t len)
{
	ut->umem_dmabuf = umem_test_get_revocable(ut->ibdev, ut->t->dmabuf,
						  offset, len, count_revoke,
						  ut);
	return PTR_ERR_OR_ZERO(ut->umem_dmabuf);
}

/* As a driver that faults pages in: unmaps when told, maps when it needs to */
static void dynamic_told(struct dma_buf_attachment *attach)
{
	struct ib_umem_dmabuf *umem_dmabuf = attach->importer_priv;
	struct umem_test *ut = umem_dmabuf->private;

	ut->told++;
	ib_umem_dmabuf_unmap_pages(umem_dmabuf);
}

static const struct dma_buf_attach_ops dynamic_ops = {
	.name = "kunit-umem",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = dynamic_told,
};

static int get_dynamic(struct umem_test *ut, unsigned long offset, size_t len)
{
	ut->umem_dmabuf = umem_test_get(ut->ibdev, ut->t->dmabuf, offset, len,
					&dynamic_ops);
	if (IS_ERR(ut->umem_dmabuf))
		return PTR_ERR(ut->umem_dmabuf);
	ut->umem_dmabuf->private = ut;
	return 0;
}

static int map_pages(struct umem_test *ut)
{
	int ret;

	ib_umem_dmabuf_revoke_lock(ut->umem_dmabuf);
	ret = ib_umem_dmabuf_map_pages(ut->umem_dmabuf);
	ib_umem_dmabuf_revoke_unlock(ut->umem_dmabuf);
	return ret;
}

/* What the hardware reaches at each page of a block */
static bool block_is_right(struct kunit *test, size_t off, dma_addr_t addr,
			   size_t len)
{
	struct umem_test *ut = test->priv;
	size_t offset = ut->umem_dmabuf->umem.address + off;
	phys_addr_t want, have;
	size_t i;

	for (i = 0; i < len; i += phys_pci_step(ut->t, offset + i)) {
		want = phys_test_paddr(&ut->t->desc, offset + i);
		have = pci_test_reaches(ut->t->pci, addr + i);
		if (have != want) {
			KUNIT_FAIL(test, "byte %#zx is at %pap, not at %pap",
				   off + i, &have, &want);
			return false;
		}
	}
	return true;
}

/* @umem registered at an iova with the low bits of the memory's address */
static void expect_reached(struct kunit *test, unsigned long bitmap)
{
	struct umem_test *ut = test->priv;
	struct ib_umem *umem = &ut->umem_dmabuf->umem;
	struct ib_block_iter biter;
	unsigned long pgsz, skip;
	size_t off = 0;
	size_t n = 0;
	size_t len;

	pgsz = ib_umem_find_best_pgoff(umem, bitmap, U64_MAX);
	KUNIT_ASSERT_NE(test, pgsz, 0);
	skip = ib_umem_dma_offset(umem, pgsz);
	rdma_umem_for_each_dma_block(umem, &biter, pgsz) {
		KUNIT_ASSERT_LT(test, off, umem->length);
		len = min(pgsz - skip, umem->length - off);
		if (!block_is_right(test, off,
				    rdma_block_iter_dma_address(&biter) + skip,
				    len))
			return;
		skip = 0;
		off += len;
		n++;
	}
	KUNIT_EXPECT_EQ(test, off, umem->length);
	KUNIT_EXPECT_EQ(test, n, ib_umem_num_dma_blocks(umem, pgsz));
}

static void expect_no_blocks(struct kunit *test)
{
	struct umem_test *ut = test->priv;
	struct ib_block_iter biter;

	rdma_umem_for_each_dma_block(&ut->umem_dmabuf->umem, &biter, P) {
		KUNIT_FAIL(test, "a block of memory that is not there");
		return;
	}
}

static void device_reaches_the_region(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, test->param_value);
	size_t offset, len;
	unsigned int i;

	for (i = 0; i < PHYS_PCI_SLICES; i++) {
		if (!phys_pci_slice(ut->t, i, &offset, &len))
			continue;
		/* And neither from, nor to the end of a page */
		KUNIT_ASSERT_EQ(test, get_revocable(ut, offset + 0x80,
						    len - 0x100), 0);
		expect_reached(test, SZ_4K);
		expect_reached(test, SZ_4K | SZ_2M | SZ_1G);
		expect_reached(test, GENMASK(30, 12));
		release_umem(ut);
		phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
	}
}

/* Go on with a buffer that lets in who cannot give its memory back. */
static void let_pinned_in(struct kunit *test)
{
	struct phys_pci_test *t = ((struct umem_test *)test->priv)->t;

	dma_buf_phys_revoke(t->dmabuf);
	t->desc.needs = DMA_BUF_IMPORTER_PINNED;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
}

/* mlx5 maps for a function that is not its RDMA device's. */
static void another_device_is_mapped_for(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	let_pinned_in(test);
	ut->ibdev->dma_device = phys_test_device(test);
	ut->umem_dmabuf = umem_test_get_pinned_for(ut->ibdev, ut->t->pci->dev,
						   ut->t->dmabuf, 0, 8 * P);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(ut->umem_dmabuf), 0);
	expect_reached(test, SZ_4K);
}

static void pinned_umem_is_refused(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	ut->umem_dmabuf = umem_test_get_pinned(ut->ibdev, ut->t->dmabuf, 0, P);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ut->umem_dmabuf), -EOPNOTSUPP);
}

/* What was let in and does not let go loses its translation, no more. */
static void pinned_umem_is_severed(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);
	dma_addr_t first;

	if (ut->t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	let_pinned_in(test);
	ut->umem_dmabuf = umem_test_get_pinned(ut->ibdev, ut->t->dmabuf, 0,
					       8 * P);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(ut->umem_dmabuf), 0);

	phys_test_grace(test, 20);
	dma_buf_phys_revoke(ut->t->dmabuf);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_severed:\t1");
	first = ib_umem_start_dma_addr(&ut->umem_dmabuf->umem);
	KUNIT_EXPECT_EQ(test, pci_test_reaches(ut->t->pci, first), 0);
	release_umem(ut);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_severed:\t0");
}

static void bad_regions_are_refused(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	KUNIT_EXPECT_EQ(test, get_revocable(ut, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, 0, 8 * P + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, 8 * P, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, P, 8 * P), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, P, -P), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, P, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, 8 * P - 1, 1), 0);
}

static void bad_descriptors_are_refused(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	ut->umem_dmabuf = ib_umem_dmabuf_get_pinned(ut->ibdev, 0, P, -1, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ut->umem_dmabuf), -EBADF);
}

static void device_without_route_is_refused(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	ut->ibdev->dma_device = phys_test_device(test);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, 0, P), -EREMOTEIO);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
}

static void private_memory_is_refused(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	dma_buf_phys_revoke(ut->t->dmabuf);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, 0, P), -ENODEV);
	ut->t->desc.attrs |= DMA_BUF_PHYS_PRIVATE;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(ut->t->dmabuf,
						   &ut->t->desc), 0);
	KUNIT_EXPECT_EQ(test, get_revocable(ut, 0, P), -EACCES);
}

/* There are no pages behind it that the CPU could read. */
static void nothing_is_copied_from_it(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);
	u8 byte;

	KUNIT_ASSERT_EQ(test, get_revocable(ut, 0, 8 * P), 0);
	KUNIT_EXPECT_EQ(test, ib_umem_copy_from(&byte, &ut->umem_dmabuf->umem,
						P, 1), -EINVAL);
}

static void revoke_is_final(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	KUNIT_ASSERT_EQ(test, get_revocable(ut, P, 4 * P), 0);
	KUNIT_EXPECT_EQ(test, ut->told, 0);
	dma_buf_phys_revoke(ut->t->dmabuf);
	KUNIT_EXPECT_EQ(test, ut->told, 1);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
	phys_test_expect_says(test, ut->t->dmabuf, "phys_severed:\t0");
	expect_no_blocks(test);
	KUNIT_EXPECT_EQ(test, map_pages(ut), -EINVAL);

	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(ut->t->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, map_pages(ut), -EINVAL);
	expect_no_blocks(test);

	/* Neither the next revoke nor the release tells again. */
	dma_buf_phys_revoke(ut->t->dmabuf);
	release_umem(ut);
	KUNIT_EXPECT_EQ(test, ut->told, 1);
}

static void release_revokes(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	KUNIT_ASSERT_EQ(test, get_revocable(ut, P, 4 * P), 0);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t1");
	release_umem(ut);
	KUNIT_EXPECT_EQ(test, ut->told, 1);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
}

/* A driver revokes by itself, when its MR is deregistered. */
static void driver_revokes(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);

	KUNIT_ASSERT_EQ(test, get_revocable(ut, P, 4 * P), 0);
	ib_umem_dmabuf_revoke(ut->umem_dmabuf);
	ib_umem_dmabuf_revoke(ut->umem_dmabuf);
	KUNIT_EXPECT_EQ(test, ut->told, 1);
	expect_no_blocks(test);
	phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
	dma_buf_phys_revoke(ut->t->dmabuf);
	KUNIT_EXPECT_EQ(test, ut->told, 1);
}

static void dynamic_umem_maps_again(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);
	int i;

	KUNIT_ASSERT_EQ(test, get_dynamic(ut, P, 6 * P), 0);
	expect_no_blocks(test);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, map_pages(ut), 0);
		KUNIT_ASSERT_EQ(test, map_pages(ut), 0);
		phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t1");
		expect_reached(test, GENMASK(30, 12));

		dma_buf_phys_revoke(ut->t->dmabuf);
		KUNIT_EXPECT_EQ(test, ut->told, i + 1);
		phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
		KUNIT_EXPECT_EQ(test, map_pages(ut), -ENODEV);
		expect_no_blocks(test);
		KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(ut->t->dmabuf, NULL),
				0);
	}
}

/* The memory may be elsewhere afterwards. */
static void dynamic_umem_follows_the_memory(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);
	const struct phys_vec moved[] = {
		{ ut->t->pci->start + 96 * P, 5 * P },
		{ ut->t->pci->start + 16 * P, 3 * P },
	};

	KUNIT_ASSERT_EQ(test, get_dynamic(ut, P, 6 * P), 0);
	KUNIT_ASSERT_EQ(test, map_pages(ut), 0);
	dma_buf_phys_revoke(ut->t->dmabuf);
	ut->t->desc.ranges = moved;
	ut->t->desc.nr_ranges = ARRAY_SIZE(moved);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(ut->t->dmabuf,
						   &ut->t->desc), 0);
	KUNIT_ASSERT_EQ(test, map_pages(ut), 0);
	expect_reached(test, SZ_4K);
	/* The description lies on the stack. */
	release_umem(ut);
	dma_buf_phys_kill(ut->t->dmabuf);
}

static const char *fence_name(struct dma_fence *fence)
{
	return "kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

/* The caller's to signal and to put */
static struct dma_fence *add_fence(struct kunit *test, struct dma_buf *dmabuf,
				   enum dma_resv_usage usage)
{
	struct dma_fence *fence = kzalloc_obj(*fence);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, NULL, dma_fence_context_alloc(1), 1);
	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!ret)
		dma_resv_add_fence(dmabuf->resv, fence, usage);
	dma_resv_unlock(dmabuf->resv);
	KUNIT_EXPECT_EQ(test, ret, 0);
	return fence;
}

static void do_map(void *ctx)
{
	struct umem_test *ut = ctx;

	ut->told = map_pages(ut) ? 100 : 1;
}

static void map_waits_for_the_exporter(struct kunit *test)
{
	struct umem_test *ut = umem_test(test, &phys_pci_plain);
	struct phys_test_thread *thread;
	struct dma_fence *moving, *using;

	KUNIT_ASSERT_EQ(test, get_dynamic(ut, 0, 8 * P), 0);
	moving = add_fence(test, ut->t->dmabuf, DMA_RESV_USAGE_KERNEL);
	using = add_fence(test, ut->t->dmabuf, DMA_RESV_USAGE_READ);

	thread = phys_test_run(test, do_map, ut);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(thread));
	dma_fence_signal(moving);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(thread));
	KUNIT_EXPECT_EQ(test, ut->told, 1);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(using));

	dma_fence_signal(using);
	dma_fence_put(moving);
	dma_fence_put(using);
}

/* What the exporter made is looked at, and neither cut nor kept. */
static void old_exporters_table_stays_as_it_is(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ 64 * P, 3 * P }, { 16 * P, P }, { 32 * P, 4 * P },
	};
	struct phys_test_old *exp =
		phys_test_old(test, ranges, 3, 8 * P);
	struct ib_device *ibdev = umem_test_device(test, phys_test_device(test));
	struct ib_umem_dmabuf *umem_dmabuf;
	struct ib_block_iter biter;
	struct scatterlist *sg;
	unsigned int i = 0;

	umem_dmabuf = umem_test_get_pinned(ibdev, exp->dmabuf, P + 1, 4 * P);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(umem_dmabuf), 0);
	KUNIT_EXPECT_EQ(test, exp->maps, 1);
	for_each_sgtable_dma_sg(&exp->sgt, sg, i) {
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), ranges[i].paddr);
		KUNIT_EXPECT_EQ(test, sg_dma_len(sg), ranges[i].len);
	}
	KUNIT_EXPECT_EQ(test, ib_umem_find_best_pgsz(&umem_dmabuf->umem, SZ_4K,
						     1), SZ_4K);
	i = 0;
	rdma_umem_for_each_dma_block(&umem_dmabuf->umem, &biter, SZ_4K)
		i++;
	KUNIT_EXPECT_EQ(test, i, 5);
	ib_umem_release(&umem_dmabuf->umem);
	KUNIT_EXPECT_EQ(test, exp->maps, 0);
}

/* Some buffers do not end with a page. */
static void old_exporters_odd_buffer(struct kunit *test)
{
	static const struct phys_vec range = { 64 * P, P + 100 };
	struct phys_test_old *exp =
		phys_test_old(test, &range, 1, P + 100);
	struct ib_device *ibdev = umem_test_device(test, phys_test_device(test));
	struct ib_umem_dmabuf *umem_dmabuf;
	struct ib_block_iter biter;
	unsigned int n = 0;

	umem_dmabuf = umem_test_get_pinned(ibdev, exp->dmabuf, 0, P + 100);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(umem_dmabuf), 0);
	KUNIT_EXPECT_EQ(test, ib_umem_find_best_pgsz(&umem_dmabuf->umem, SZ_4K,
						     0), SZ_4K);
	rdma_umem_for_each_dma_block(&umem_dmabuf->umem, &biter, SZ_4K)
		KUNIT_EXPECT_EQ(test, rdma_block_iter_dma_address(&biter),
				(64 + n++) * P);
	KUNIT_EXPECT_EQ(test, n, 2);
	ib_umem_release(&umem_dmabuf->umem);
}

static int try_get(struct kunit *test)
{
	return get_revocable(test->priv, P, 6 * P);
}

static void undo_get(struct kunit *test)
{
	release_umem(test->priv);
}

static void check_get(struct kunit *test)
{
	struct umem_test *ut = test->priv;

	phys_test_expect_says(test, ut->t->dmabuf, "phys_mappings:\t0");
	/* Only this case and its importer are left. */
	KUNIT_EXPECT_TRUE(test, list_is_singular(&ut->t->dmabuf->attachments));
}

static const struct phys_fail_op get_op = {
	.try = try_get,
	.undo = undo_get,
	.check = check_get,
};

static void each_allocation_fails(struct kunit *test)
{
	struct phys_fail_sweep sweep;

	phys_fail_init(test);
	umem_test(test, &phys_pci_plain);
	sweep = phys_fail_sweep(test, &get_op);
	/* The umem and its attachment at least */
	KUNIT_EXPECT_GE(test, sweep.failures, 2);
}

static struct kunit_case umem_dmabuf_cases[] = {
	KUNIT_CASE_PARAM(device_reaches_the_region, phys_pci_layouts),
	KUNIT_CASE(another_device_is_mapped_for),
	KUNIT_CASE(pinned_umem_is_refused),
	KUNIT_CASE(pinned_umem_is_severed),
	KUNIT_CASE(bad_regions_are_refused),
	KUNIT_CASE(bad_descriptors_are_refused),
	KUNIT_CASE(device_without_route_is_refused),
	KUNIT_CASE(private_memory_is_refused),
	KUNIT_CASE(nothing_is_copied_from_it),
	KUNIT_CASE(revoke_is_final),
	KUNIT_CASE(release_revokes),
	KUNIT_CASE(driver_revokes),
	KUNIT_CASE(dynamic_umem_maps_again),
	KUNIT_CASE(dynamic_umem_follows_the_memory),
	KUNIT_CASE(map_waits_for_the_exporter),
	KUNIT_CASE(old_exporters_table_stays_as_it_is),
	KUNIT_CASE(old_exporters_odd_buffer),
	KUNIT_CASE(each_allocation_fails),
	{}
};

static struct kunit_suite umem_dmabuf_suite = {
	.name = "rdma-umem-dmabuf",
	.test_cases = umem_dmabuf_cases,
};

kunit_test_suite(umem_dmabuf_suite);
