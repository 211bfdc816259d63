// SPDX-License-Identifier: GPL-2.0
/*
 * Importers without scatterlists, exporters with them: what the helpers make of
 * the tables. No hardware is needed, the exporters make up addresses.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include "drm_prime_phys_test.h"

#define P	PAGE_SIZE

/**
 * struct old_exporter - an exporter with a scatterlist of addresses
 * @ranges: what it hands out, entry by entry
 * @nr: of @ranges
 * @maps: how many mappings there are
 * @moving: if not NULL, a move that begins with a map
 * @sgt: the one mapping
 */
struct old_exporter {
	struct phys_vec ranges[3];
	unsigned int nr;
	unsigned int maps;
	struct dma_fence *moving;
	struct sg_table sgt;
};

static struct sg_table *old_map(struct dma_buf_attachment *attach,
				enum dma_data_direction dir)
{
	struct old_exporter *exp = attach->dmabuf->priv;
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
	if (exp->moving)
		prime_test_add_locked(attach->dmabuf, exp->moving,
				      DMA_RESV_USAGE_KERNEL);
	exp->maps++;
	return &exp->sgt;
}

static void old_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct old_exporter *exp = attach->dmabuf->priv;

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

static struct prime_test *old_test(struct kunit *test, struct old_exporter *exp,
				   size_t size)
{
	struct prime_test *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);
	struct dma_buf_export_info info = {
		.exp_name = "kunit-old",
		.owner = THIS_MODULE,
		.ops = &old_ops,
		.size = size,
		.flags = O_RDWR,
		.priv = exp,
	};

	KUNIT_ASSERT_NOT_NULL(test, pt);
	prime_test_import(test, pt, phys_test_own(test, dma_buf_export(&info)),
			  phys_test_device(test));
	return pt;
}

/* Entries that touch each other are one piece, however many they are. */
static void old_exporters_pages(struct kunit *test)
{
	struct old_exporter *exp = kunit_kzalloc(test, sizeof(*exp), GFP_KERNEL);
	static const unsigned int pages[] = { 64, 65, 66, 67, 16, 17, 18 };
	struct prime_test *pt;
	dma_addr_t *addrs;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, exp);
	exp->nr = 3;
	exp->ranges[0] = (struct phys_vec) { 64 * P, 3 * P };
	exp->ranges[1] = (struct phys_vec) { 67 * P, P };
	exp->ranges[2] = (struct phys_vec) { 16 * P, 3 * P };
	pt = old_test(test, exp, 7 * P);
	addrs = prime_test_array(test, 7);

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, exp->maps, 1);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 6),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, addrs[0], PRIME_TEST_CANARY);
	KUNIT_ASSERT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 7), 0);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, addrs[i], pages[i] * P);
	KUNIT_EXPECT_EQ(test, addrs[7], PRIME_TEST_CANARY);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_contiguous_size(&pt->phys.map),
			4 * P);
	prime_test_unmap(pt);
	KUNIT_EXPECT_EQ(test, exp->maps, 0);
}

/* It may end within a page, but a piece may not begin there. */
static void old_exporters_odd_pages(struct kunit *test)
{
	struct old_exporter *exp = kunit_kzalloc(test, sizeof(*exp), GFP_KERNEL);
	struct prime_test *pt;
	dma_addr_t *addrs;

	KUNIT_ASSERT_NOT_NULL(test, exp);
	exp->nr = 2;
	exp->ranges[0] = (struct phys_vec) { 64 * P, P };
	exp->ranges[1] = (struct phys_vec) { 16 * P, P + 100 };
	pt = old_test(test, exp, 2 * P + 100);
	addrs = prime_test_array(test, 3);

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 2),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 3), 0);
	KUNIT_EXPECT_EQ(test, addrs[2], 17 * P);
	KUNIT_EXPECT_EQ(test, addrs[3], PRIME_TEST_CANARY);
	prime_test_unmap(pt);

	/* As many bytes, but the second piece is in the middle of a page. */
	exp->ranges[0].len = P + 100;
	exp->ranges[1].len = P;
	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 3),
			-EINVAL);
	prime_test_unmap(pt);

	exp->ranges[0] = (struct phys_vec) { 64 * P + 8, P };
	exp->ranges[1].len = P + 100;
	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 3),
			-EINVAL);
}

/* Its map begins a move, of which nobody could know before. */
static void old_exporters_move_is_waited_for(struct kunit *test)
{
	struct old_exporter *exp = kunit_kzalloc(test, sizeof(*exp), GFP_KERNEL);
	struct phys_test_thread *thread;
	struct prime_test *pt;

	KUNIT_ASSERT_NOT_NULL(test, exp);
	exp->nr = 1;
	exp->ranges[0] = (struct phys_vec) { 64 * P, P };
	exp->moving = prime_test_fence(test);
	pt = old_test(test, exp, P);

	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, 0), -EBUSY);
	KUNIT_EXPECT_FALSE(test, pt->phys.mapped);
	KUNIT_EXPECT_EQ(test, exp->maps, 0);

	thread = prime_test_mapper(test, pt);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(thread));
	KUNIT_EXPECT_EQ(test, exp->maps, 1);
	dma_fence_signal(exp->moving);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(thread));
	KUNIT_EXPECT_EQ(test, pt->ret, 0);
	KUNIT_EXPECT_TRUE(test, pt->phys.mapped);
}

static struct kunit_case prime_phys_old_cases[] = {
	KUNIT_CASE(old_exporters_pages),
	KUNIT_CASE(old_exporters_odd_pages),
	KUNIT_CASE(old_exporters_move_is_waited_for),
	{}
};

static struct kunit_suite prime_phys_old_suite = {
	.name = "drm-prime-phys-old",
	.test_cases = prime_phys_old_cases,
};

kunit_test_suite(prime_phys_old_suite);
