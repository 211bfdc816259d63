// SPDX-License-Identifier: GPL-2.0
/*
 * Importers without scatterlists, exporters with them: what the helpers make of
 * the tables. No hardware is needed, the exporters make up addresses.
 */
#include "../../../dma-buf/st-dma-buf-phys-old.h"
#include "drm_prime_phys_test.h"

#define P	PAGE_SIZE

static struct prime_test *old_test(struct kunit *test,
				   struct phys_test_old *exp)
{
	struct prime_test *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	prime_test_import(test, pt, exp->dmabuf, phys_test_device(test));
	return pt;
}

/* Entries that touch each other are one piece, however many they are. */
static void old_exporters_pages(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ 64 * P, 3 * P }, { 67 * P, P }, { 16 * P, 3 * P },
	};
	static const unsigned int pages[] = { 64, 65, 66, 67, 16, 17, 18 };
	struct phys_test_old *exp = phys_test_old(test, ranges, 3, 7 * P);
	struct prime_test *pt = old_test(test, exp);
	dma_addr_t *addrs;
	int i;

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
	struct phys_vec ranges[] = { { 64 * P, P }, { 16 * P, P + 100 } };
	struct phys_test_old *exp = phys_test_old(test, ranges, 2, 2 * P + 100);
	struct prime_test *pt = old_test(test, exp);
	dma_addr_t *addrs;

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
	ranges[0].len = P + 100;
	ranges[1].len = P;
	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 3),
			-EINVAL);
	prime_test_unmap(pt);

	ranges[0] = (struct phys_vec) { 64 * P + 8, P };
	ranges[1].len = P + 100;
	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, 3),
			-EINVAL);
	prime_test_unmap(pt);
}

/* Its map begins a move, of which nobody could know before. */
static void old_exporters_move_is_waited_for(struct kunit *test)
{
	static const struct phys_vec range = { 64 * P, P };
	struct phys_test_old *exp = phys_test_old(test, &range, 1, P);
	struct prime_test *pt = old_test(test, exp);
	struct phys_test_thread *thread;

	exp->moving = prime_test_fence(test);
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
