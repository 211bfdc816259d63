// SPDX-License-Identifier: GPL-2.0
/*
 * Importers that leave it to the core to unmap what is revoked: what that costs
 * an IOMMU domain, and whose the mappings are when.
 */
#include "st-dma-buf-phys.h"
#include "st-dma-buf-phys-mock-domain.h"

#define P	PAGE_SIZE
#define RW	(IOMMU_READ | IOMMU_WRITE)

/* More than change their state under one hold of the core's spinlock */
#define MANY	300

static const struct phys_vec left_ranges[] = {
	{ 64 * P, 3 * P }, { 16 * P, P },
};

/**
 * struct left_test - what each case starts with
 * @dmabuf: a buffer of four pages
 * @dev: a device that sees memory as the CPU does
 * @attach: of an importer that leaves its mappings to the core
 * @told: how often it was told to let go
 * @maps: its mappings
 * @nr: how many of them are mapped
 * @td: domains
 */
struct left_test {
	struct dma_buf *dmabuf;
	struct device *dev;
	struct dma_buf_attachment *attach;
	unsigned int told;
	struct dma_buf_phys_map maps[MANY];
	unsigned int nr;
	struct test_domain *td[2];
};

static void left_told(struct dma_buf_attachment *attach)
{
	struct left_test *t = attach->importer_priv;

	t->told++;
}

static const struct dma_buf_attach_ops left_ops = {
	.name = "kunit-left",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.core_unmaps = true,
	.invalidate_mappings = left_told,
};

static void unmap_all(void *ctx)
{
	struct left_test *t = ctx;

	while (t->nr)
		dma_buf_phys_unmap(&t->maps[--t->nr]);
}

static int left_init(struct kunit *test)
{
	struct dma_buf_phys_desc desc =
		phys_test_desc(left_ranges, ARRAY_SIZE(left_ranges));
	struct left_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->td[0] = test_domain(test);
	t->td[1] = test_domain(test);
	t->dmabuf = phys_test_export(test, &desc);
	t->dev = phys_test_device(test);
	t->attach = phys_test_attach(test, t->dmabuf, t->dev, &left_ops, t);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, unmap_all, t), 0);
	return 0;
}

/* The next mapping, in a place of its own */
static int map_next(struct left_test *t, struct test_domain *td)
{
	int ret = dma_buf_phys_map_domain(t->attach, &t->maps[t->nr],
					  &td->domain, t->nr * SZ_1M, 0,
					  t->dmabuf->size, RW, GFP_KERNEL);

	if (!ret)
		t->nr++;
	return ret;
}

/* Nobody waits for the grace time. */
static void revoke_at_once(struct kunit *test)
{
	struct left_test *t = test->priv;
	unsigned long begin = jiffies;

	phys_test_grace(test, 10000);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_LT(test, jiffies - begin, msecs_to_jiffies(900));
	KUNIT_EXPECT_EQ(test, t->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void many_mappings_one_flush(struct kunit *test)
{
	struct left_test *t = test->priv;
	struct test_domain *td = t->td[0];

	while (t->nr < MANY)
		KUNIT_ASSERT_EQ(test, map_next(t, td), 0);
	revoke_at_once(test);
	KUNIT_EXPECT_TRUE(test, xa_empty(&td->pages));
	KUNIT_EXPECT_EQ(test, td->unmaps, MANY);
	KUNIT_EXPECT_EQ(test, td->flushes, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t300");

	/* What is gone already is not taken away twice. */
	unmap_all(t);
	KUNIT_EXPECT_EQ(test, td->unmaps, MANY);
	KUNIT_EXPECT_EQ(test, td->flushes, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

/* However they were mapped, one after the other */
static void one_flush_for_each_domain(struct kunit *test)
{
	struct left_test *t = test->priv;

	while (t->nr < MANY)
		KUNIT_ASSERT_EQ(test, map_next(t, t->td[t->nr % 2]), 0);
	revoke_at_once(test);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[0]->pages));
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[1]->pages));
	KUNIT_EXPECT_EQ(test, t->td[0]->flushes, 1);
	KUNIT_EXPECT_EQ(test, t->td[1]->flushes, 1);
}

/* The domain may be freed, and the IOVA be used again, as soon as it returns. */
static void unmap_waits_for_the_flush(struct kunit *test)
{
	struct left_test *t = test->priv;
	struct phys_test_thread *revoking, *unmapping;

	KUNIT_ASSERT_EQ(test, map_next(t, t->td[0]), 0);
	KUNIT_ASSERT_EQ(test, map_next(t, t->td[0]), 0);
	t->td[0]->flush_stops = true;
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td[0]));
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[0]->pages));

	unmapping = phys_test_run(test, unmap_all, t);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));

	test_domain_go_on(t->td[0]);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_EQ(test, t->td[0]->unmaps, 2);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

/* The importer says that its device has stopped: there is nothing more to do. */
static void untranslated_is_left_as_well(struct kunit *test)
{
	struct left_test *t = test->priv;
	int ret = dma_buf_phys_map_device(t->attach, &t->maps[0], t->dev, 0,
					  t->dmabuf->size, DMA_BIDIRECTIONAL, 0);

	KUNIT_ASSERT_EQ(test, ret, 0);
	t->nr = 1;
	revoke_at_once(test);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
}

static void maps_again_after_restore(struct kunit *test)
{
	struct left_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, map_next(t, t->td[0]), 0);
	revoke_at_once(test);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[0]->pages));

	unmap_all(t);
	KUNIT_ASSERT_EQ(test, map_next(t, t->td[0]), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&t->td[0]->domain, 0), 64 * P);
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[0]->pages));
	KUNIT_EXPECT_EQ(test, t->td[0]->flushes, 2);
}

/* What its importer is unmapping already is left alone, however long it takes. */
static void unmap_under_way_is_not_taken(struct kunit *test)
{
	struct left_test *t = test->priv;
	struct phys_test_thread *revoking, *unmapping;

	KUNIT_ASSERT_EQ(test, map_next(t, t->td[0]), 0);
	KUNIT_ASSERT_EQ(test, map_next(t, t->td[1]), 0);
	t->td[1]->stops = true;
	unmapping = phys_test_run(test, unmap_all, t);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td[1]));

	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[0]->pages));

	test_domain_go_on(t->td[1]);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_EQ(test, t->td[0]->unmaps, 1);
	KUNIT_EXPECT_EQ(test, t->td[1]->unmaps, 1);
}

/* What nobody has left to the core has its grace time all the same. */
static void others_have_their_time(struct kunit *test)
{
	struct left_test *t = test->priv;
	struct phys_test_importer *slow =
		phys_test_importer(test, t->dmabuf, t->dev);
	struct phys_test_thread *revoking;

	slow->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_test_map(slow, t->dev), 0);
	KUNIT_ASSERT_EQ(test, map_next(t, t->td[0]), 0);
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td[0]->pages));

	phys_test_unmap(slow);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
}

static struct kunit_case phys_left_cases[] = {
	KUNIT_CASE(many_mappings_one_flush),
	KUNIT_CASE(one_flush_for_each_domain),
	KUNIT_CASE(unmap_waits_for_the_flush),
	KUNIT_CASE(untranslated_is_left_as_well),
	KUNIT_CASE(maps_again_after_restore),
	KUNIT_CASE(unmap_under_way_is_not_taken),
	KUNIT_CASE(others_have_their_time),
	{}
};

static struct kunit_suite phys_left_suite = {
	.name = "dma-buf-phys-left",
	.init = left_init,
	.test_cases = phys_left_cases,
};

kunit_test_suite(phys_left_suite);
