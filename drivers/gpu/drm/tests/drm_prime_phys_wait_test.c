// SPDX-License-Identifier: GPL-2.0
/*
 * Importers without scatterlists: what they wait for, and what does not wait
 * for them. Exporters' moves, jobs of the GPU, signals, and a revoke between.
 */
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "drm_prime_phys_test.h"

static const char *fence_name(struct dma_fence *fence)
{
	return "kunit";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

int prime_test_add_locked(struct dma_buf *dmabuf, struct dma_fence *fence,
			  enum dma_resv_usage usage)
{
	int ret = dma_resv_reserve_fences(dmabuf->resv, 1);

	if (!ret)
		dma_resv_add_fence(dmabuf->resv, fence, usage);
	return ret;
}

static void end_fence(void *ctx)
{
	struct dma_fence *fence = ctx;

	if (!dma_fence_is_signaled(fence))
		dma_fence_signal(fence);
	dma_fence_put(fence);
}

struct dma_fence *prime_test_fence(struct kunit *test)
{
	struct dma_fence *fence = kzalloc_obj(*fence);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, NULL, dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_fence, fence),
			0);
	return fence;
}

static struct dma_fence *add_fence(struct kunit *test, struct prime_test *pt,
				   enum dma_resv_usage usage)
{
	struct dma_fence *fence = prime_test_fence(test);
	int ret;

	dma_resv_lock(pt->dmabuf->resv, NULL);
	ret = prime_test_add_locked(pt->dmabuf, fence, usage);
	dma_resv_unlock(pt->dmabuf->resv);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return fence;
}

static void map_waits_for_the_exporter(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct dma_fence *moving = add_fence(test, pt, DMA_RESV_USAGE_KERNEL);
	struct phys_test_thread *thread;

	/* What other importers are at is not waited for. */
	add_fence(test, pt, DMA_RESV_USAGE_WRITE);
	thread = prime_test_mapper(test, pt);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(thread));
	dma_fence_signal(moving);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(thread));
	KUNIT_EXPECT_EQ(test, pt->ret, 0);
	prime_test_expect_mappings(test, pt, 1);
}

/* A GPU waits by itself. Whoever waits for a fence enables its signaling. */
static void map_alone_does_not_wait(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct dma_fence *moving = add_fence(test, pt, DMA_RESV_USAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, prime_test_map(pt), 0);
	prime_test_expect_mappings(test, pt, 1);
	KUNIT_EXPECT_FALSE(test, test_bit(DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT,
					  &moving->flags));
}

static void wait_ends_in_time(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct dma_fence *moving = add_fence(test, pt, DMA_RESV_USAGE_KERNEL);

	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, 0), -EBUSY);
	prime_test_expect_mappings(test, pt, 0);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, PHYS_TEST_SOON), -EBUSY);
	prime_test_expect_mappings(test, pt, 0);
	dma_fence_signal(moving);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, 0), 0);
	prime_test_expect_mappings(test, pt, 1);
}

/* The device may be using it, whatever the exporter began meanwhile. */
static void failed_wait_keeps_what_was_mapped(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct dma_fence *moving;

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	moving = add_fence(test, pt, DMA_RESV_USAGE_KERNEL);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, 0), -EBUSY);
	prime_test_expect_mappings(test, pt, 1);
	prime_test_expect_reached(test, pt, &pt->phys.map);
	dma_fence_signal(moving);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, 0), 0);
	prime_test_expect_mappings(test, pt, 1);
}

static void send_signal(void *task)
{
	msleep(50);
	send_sig(SIGUSR1, task, 1);
}

static void wait_ends_with_a_signal(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct dma_fence *moving = add_fence(test, pt, DMA_RESV_USAGE_KERNEL);
	struct phys_test_thread *thread;

	allow_signal(SIGUSR1);
	thread = phys_test_run(test, send_signal, current);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, PHYS_TEST_LATE), -ERESTARTSYS);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(thread));
	prime_test_expect_mappings(test, pt, 0);

	/* The signal is still there, but there is nothing to wait for. */
	dma_fence_signal(moving);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, PHYS_TEST_LATE), 0);
	flush_signals(current);
	disallow_signal(SIGUSR1);
	prime_test_expect_mappings(test, pt, 1);
}

/* The lock is held all the time that map waits, so the revoke comes after. */
static void revoke_during_map(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct dma_fence *moving = add_fence(test, pt, DMA_RESV_USAGE_KERNEL);
	struct phys_test_thread *mapper, *revoker;

	mapper = prime_test_mapper(test, pt);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(mapper));
	revoker = phys_test_revoke(test, pt->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));
	KUNIT_EXPECT_EQ(test, pt->told, 0);

	dma_fence_signal(moving);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(mapper));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
	KUNIT_EXPECT_EQ(test, pt->ret, 0);
	KUNIT_EXPECT_EQ(test, pt->told, 1);
	prime_test_expect_mappings(test, pt, 0);
	phys_test_expect_says(test, pt->dmabuf, "phys_state:\trevoked");
}

static void invalidate_waits_for_jobs(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct phys_test_thread *revoker;
	struct dma_fence *job;

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	job = add_fence(test, pt, DMA_RESV_USAGE_BOOKKEEP);
	revoker = phys_test_revoke(test, pt->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));
	KUNIT_EXPECT_EQ(test, pt->told, 1);
	prime_test_expect_mappings(test, pt, 1);
	dma_fence_signal(job);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
	prime_test_expect_mappings(test, pt, 0);
}

static void storm(void *ctx)
{
	struct prime_test *pt = ctx;

	while (!READ_ONCE(pt->stop)) {
		pt->ret = prime_test_map_wait(pt, MAX_SCHEDULE_TIMEOUT);
		if (pt->ret && pt->ret != -ENODEV)
			break;
		cond_resched();
	}
}

static void revoke_storm(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	struct phys_test_thread *mapper = phys_test_run(test, storm, pt);
	int i;

	for (i = 0; i < 200; i++) {
		dma_buf_phys_revoke(pt->dmabuf);
		prime_test_expect_mappings(test, pt, 0);
		KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(pt->dmabuf, NULL),
				0);
	}
	WRITE_ONCE(pt->stop, true);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(mapper));
	KUNIT_EXPECT_EQ(test, pt->told, 200);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), 0);
	prime_test_expect_reached(test, pt, &pt->phys.map);
}

static struct kunit_case prime_phys_wait_cases[] = {
	KUNIT_CASE(map_waits_for_the_exporter),
	KUNIT_CASE(map_alone_does_not_wait),
	KUNIT_CASE(wait_ends_in_time),
	KUNIT_CASE(failed_wait_keeps_what_was_mapped),
	KUNIT_CASE(wait_ends_with_a_signal),
	KUNIT_CASE(revoke_during_map),
	KUNIT_CASE(invalidate_waits_for_jobs),
	KUNIT_CASE(revoke_storm),
	{}
};

static struct kunit_suite prime_phys_wait_suite = {
	.name = "drm-prime-phys-pci-wait",
	.test_cases = prime_phys_wait_cases,
};

kunit_test_suite(prime_phys_wait_suite);
