// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of an importer that does not let go: its mappings are severed
 * when the grace time is over, if there is a translation to take away.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>

#include "st-dma-buf-phys.h"
#include "st-dma-buf-phys-mock-domain.h"

#define P	PAGE_SIZE
#define RW	(IOMMU_READ | IOMMU_WRITE)

static const struct phys_vec sever_ranges[] = {
	{ 64 * P, 3 * P }, { 16 * P, P },
};

/**
 * struct sever_test - what each case starts with
 * @dmabuf: a buffer of four pages
 * @dev: a device that sees memory as the CPU does
 * @td: a domain
 * @imp: an importer that does not let go, mapped into @td at 0
 */
struct sever_test {
	struct dma_buf *dmabuf;
	struct device *dev;
	struct test_domain *td;
	struct phys_test_importer *imp;
};

static int map_domain(struct sever_test *t, struct phys_test_importer *imp,
		      unsigned long iova)
{
	int ret = dma_buf_phys_map_domain(imp->attach, &imp->map,
					  &t->td->domain, iova, 0,
					  t->dmabuf->size, RW, GFP_KERNEL);

	imp->mapped = !ret;
	return ret;
}

static struct phys_test_importer *stubborn_importer(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *imp =
		phys_test_importer(test, t->dmabuf, t->dev);

	imp->lets_go = false;
	return imp;
}

static int sever_init(struct kunit *test)
{
	struct dma_buf_phys_desc desc =
		phys_test_desc(sever_ranges, ARRAY_SIZE(sever_ranges));
	struct sever_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->td = test_domain(test);
	t->dmabuf = phys_test_export(test, &desc);
	t->dev = phys_test_device(test);
	t->imp = stubborn_importer(test);
	KUNIT_ASSERT_EQ(test, map_domain(t, t->imp, 0), 0);
	return 0;
}

static void do_unmap(void *imp)
{
	phys_test_unmap(imp);
}

static void domain_is_emptied(struct kunit *test)
{
	struct sever_test *t = test->priv;

	phys_test_grace(test, 50);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");

	/* What is gone already is not taken away twice. */
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_EQ(test, t->td->unmaps, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

static void grace_time_is_given(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_thread *revoking;

	phys_test_grace(test, 10000);
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	/* Also when the first line about it has been written */
	msleep(1200);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	KUNIT_EXPECT_EQ(test, t->td->unmaps, 0);

	phys_test_unmap(t->imp);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

/* So that an exporter of many buffers waits for all of their importers at once */
static void grace_time_begins_when_told(struct kunit *test)
{
	struct sever_test *t = test->priv;
	unsigned long begin;

	phys_test_grace(test, 1500);
	dma_buf_phys_revoke_begin(t->dmabuf);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoking");
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	KUNIT_EXPECT_TRUE(test, t->imp->mapped);
	msleep(1600);

	begin = jiffies;
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_LT(test, jiffies - begin, msecs_to_jiffies(1000));
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
}

/* What was begun is finished by whatever comes next. */
static void restore_finishes_what_was_begun(struct kunit *test)
{
	struct sever_test *t = test->priv;

	phys_test_grace(test, 50);
	dma_buf_phys_revoke_begin(t->dmabuf);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tlive");
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));

	phys_test_unmap(t->imp);
	KUNIT_ASSERT_EQ(test, map_domain(t, t->imp, 0), 0);
	dma_buf_phys_revoke_begin(t->dmabuf);
	dma_buf_phys_revoke_begin(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->imp->told, 2);
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->imp->told, 2);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tdead");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
}

/* Who lets go when it is told to needs no grace time. */
static void no_grace_time_spares_the_good(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *good =
		phys_test_importer(test, t->dmabuf, t->dev);

	KUNIT_ASSERT_EQ(test, map_domain(t, good, SZ_1M), 0);
	phys_test_grace(test, 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_FALSE(test, good->mapped);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	KUNIT_EXPECT_EQ(test, t->td->unmaps, 2);
}

/* Where there is nothing to take away, going on would not be safe. */
static void without_translation_it_waits(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *direct = stubborn_importer(test);
	struct phys_test_thread *revoking;

	KUNIT_ASSERT_EQ(test, phys_test_map(direct, t->dev), 0);
	phys_test_grace(test, 50);
	revoking = phys_test_revoke(test, t->dmabuf);
	msleep(500);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoking");
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
	/* That is no reason to leave the other one in place. */
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));

	phys_test_unmap(direct);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
}

static void every_mapping_of_every_importer(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *imp[5];
	int i;

	for (i = 0; i < ARRAY_SIZE(imp); i++) {
		imp[i] = stubborn_importer(test);
		/* Some of them twice, by the same attachment */
		if (i % 2) {
			phys_test_detach(test, imp[i]->attach);
			imp[i]->attach = imp[0]->attach;
		}
		KUNIT_ASSERT_EQ(test, map_domain(t, imp[i], (i + 1) * SZ_1M),
				0);
	}
	phys_test_grace(test, 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->td->flushes, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t6");
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));

	/* Each is still its importer's, in any order. */
	for (i = ARRAY_SIZE(imp); i--;)
		phys_test_unmap(imp[i]);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_EQ(test, t->td->unmaps, 6);
}

/* The revoker still needs the mapping, and the domain it is in. */
static void unmap_waits_while_it_is_severed(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_thread *revoking, *unmapping;

	phys_test_grace(test, 0);
	t->td->stops = true;
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td));

	unmapping = phys_test_run(test, do_unmap, t->imp);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));

	test_domain_go_on(t->td);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_EQ(test, t->td->unmaps, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* An unmap that came first is left alone, however long it takes. */
static void unmap_under_way_is_not_severed(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_thread *revoking, *unmapping;

	phys_test_grace(test, 0);
	t->td->stops = true;
	unmapping = phys_test_run(test, do_unmap, t->imp);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td));
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");

	test_domain_go_on(t->td);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_EQ(test, t->td->unmaps, 1);
}

static void severed_mapping_outlives_a_restore(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *other = stubborn_importer(test);

	phys_test_grace(test, 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));

	/* In the same place: it is the importers' affair who is where. */
	KUNIT_ASSERT_EQ(test, map_domain(t, other, 0), 0);
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&t->td->domain, 0), 64 * P);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");

	/* Nothing of the first time makes the second one end early. */
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
}

static void severed_mapping_outlives_the_ranges(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *imp;
	struct dma_buf_phys_desc desc;
	struct phys_vec *ranges;
	struct dma_buf *dmabuf;
	int ret;

	ranges = kunit_kzalloc(test, sizeof(sever_ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	memcpy(ranges, sever_ranges, sizeof(sever_ranges));
	desc = phys_test_desc(ranges, ARRAY_SIZE(sever_ranges));
	dmabuf = phys_test_export(test, &desc);
	imp = phys_test_importer(test, dmabuf, t->dev);
	imp->lets_go = false;
	ret = dma_buf_phys_map_domain(imp->attach, &imp->map, &t->td->domain,
				      SZ_1M, 0, dmabuf->size, RW, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, ret, 0);
	imp->mapped = true;

	phys_test_grace(test, 0);
	dma_buf_phys_kill(dmabuf);
	kunit_kfree(test, ranges);
	phys_test_expect_says(test, dmabuf, "phys_state:\tdead");
	phys_test_expect_says(test, dmabuf, "phys_severed:\t1");
	phys_test_unmap(imp);
	phys_test_expect_says(test, dmabuf, "phys_severed:\t0");
}

static void nobody_maps_meanwhile(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct phys_test_importer *other = stubborn_importer(test);
	struct phys_test_thread *revoking;

	phys_test_grace(test, 0);
	t->td->stops = true;
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td));
	KUNIT_EXPECT_EQ(test, map_domain(t, other, SZ_1M), -ENODEV);
	test_domain_go_on(t->td);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_EQ(test, map_domain(t, other, SZ_1M), -ENODEV);
}

/* One time for all of it, not one for the fences and one for the mappings */
static void fences_have_no_time_of_their_own(struct kunit *test)
{
	struct sever_test *t = test->priv;
	struct dma_fence *fence = phys_test_fence(test, t->dmabuf);
	unsigned long begin;

	phys_test_grace(test, 1500);
	begin = jiffies;
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_LT(test, jiffies - begin, msecs_to_jiffies(2900));
	KUNIT_EXPECT_GE(test, jiffies - begin, msecs_to_jiffies(1400));
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static struct kunit_case phys_sever_cases[] = {
	KUNIT_CASE(domain_is_emptied),
	KUNIT_CASE(grace_time_is_given),
	KUNIT_CASE(grace_time_begins_when_told),
	KUNIT_CASE(restore_finishes_what_was_begun),
	KUNIT_CASE(no_grace_time_spares_the_good),
	KUNIT_CASE(without_translation_it_waits),
	KUNIT_CASE(every_mapping_of_every_importer),
	KUNIT_CASE(unmap_waits_while_it_is_severed),
	KUNIT_CASE(unmap_under_way_is_not_severed),
	KUNIT_CASE(severed_mapping_outlives_a_restore),
	KUNIT_CASE(severed_mapping_outlives_the_ranges),
	KUNIT_CASE(nobody_maps_meanwhile),
	KUNIT_CASE(fences_have_no_time_of_their_own),
	{}
};

static struct kunit_suite phys_sever_suite = {
	.name = "dma-buf-phys-sever",
	.init = sever_init,
	.test_cases = phys_sever_cases,
};

kunit_test_suite(phys_sever_suite);
