// SPDX-License-Identifier: GPL-2.0
/*
 * The states of a buffer: what revoke, restore and kill do to mappings that
 * are there, that come, and that go meanwhile.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/mutex.h>
#include <linux/random.h>

#include "st-dma-buf-phys.h"

#define P	PAGE_SIZE

static const struct phys_vec revoke_ranges[] = {
	{ 16 * P, 2 * P }, { 64 * P, P },
};

struct revoke_test {
	struct dma_buf *dmabuf;
	struct device *dev;
	struct phys_test_importer *imp;
};

static int revoke_init(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(revoke_ranges, ARRAY_SIZE(revoke_ranges));
	struct revoke_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->dmabuf = phys_test_export(test, &desc);
	t->dev = phys_test_device(test);
	t->imp = phys_test_importer(test, t->dmabuf, t->dev);
	test->priv = t;
	return 0;
}

static void do_kill(void *dmabuf)
{
	dma_buf_phys_kill(dmabuf);
}

static void revoke_makes_importers_unmap(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_importer *other =
		phys_test_importer(test, t->dmabuf, t->dev);

	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	dma_buf_phys_revoke(t->dmabuf);

	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	KUNIT_EXPECT_FALSE(test, t->imp->mapped);
	/* Who has nothing mapped is told too. */
	KUNIT_EXPECT_EQ(test, other->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
}

static void revoke_refuses_maps(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, t->dev), -ENODEV);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	/* Whether it could be reached is another question. */
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach, t->dev),
			0);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void revoke_twice_tells_once(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	dma_buf_phys_revoke(t->dmabuf);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
}

static void revoke_waits_for_late_unmap(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_importer *other =
		phys_test_importer(test, t->dmabuf, t->dev);
	struct phys_test_thread *revoker;

	t->imp->lets_go = false;
	other->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	KUNIT_ASSERT_EQ(test, phys_test_map(other, t->dev), 0);

	revoker = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoking");
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);

	phys_test_unmap(t->imp);
	/* The flag first: a map that comes now is too late. */
	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, t->dev), -ENODEV);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));

	phys_test_unmap(other);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
}

/* Not when the next line about a slow importer is due */
static void revoke_ends_with_the_last_unmap(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_thread *revoker;

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	revoker = phys_test_revoke(test, t->dmabuf);
	/* The first line is due after one second, the second after eleven. */
	msleep(1200);
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&revoker->done,
							    6 * HZ));
}

struct greedy_importer {
	struct phys_test_importer imp;
	struct device *dev;
	int ret;
};

static void greedy_told(struct dma_buf_attachment *attach)
{
	struct greedy_importer *greedy = attach->importer_priv;

	phys_test_unmap(&greedy->imp);
	greedy->ret = phys_test_map(&greedy->imp, greedy->dev);
	if (greedy->imp.mapped)
		phys_test_unmap(&greedy->imp);
}

static const struct dma_buf_attach_ops greedy_ops = {
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.invalidate_mappings = greedy_told,
};

/* Who is told is too late to map again. */
static void revoke_refuses_maps_before_it_tells(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct greedy_importer *greedy =
		kunit_kzalloc(test, sizeof(*greedy), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, greedy);
	greedy->dev = t->dev;
	greedy->imp.attach = phys_test_attach(test, t->dmabuf, t->dev,
					      &greedy_ops, greedy);
	KUNIT_ASSERT_EQ(test, phys_test_map(&greedy->imp, t->dev), 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, greedy->ret, -ENODEV);
}

static void revoke_twice_at_a_time_waits_twice(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_thread *one, *two;

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	one = phys_test_revoke(test, t->dmabuf);
	two = phys_test_revoke(test, t->dmabuf);
	/* Neither may say that it is done while the mapping is there. */
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(one));
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(two));
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(one));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(two));
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
}

/* An importer's device may still be at work when its callback has returned. */
static void revoke_waits_for_fences(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_thread *revoker;
	struct dma_fence *fence = phys_test_fence(test, t->dmabuf);

	revoker = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));
	dma_fence_signal(fence);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
	dma_fence_put(fence);
}

/* The importer may need the reservation lock to let go. */
static void revoke_waits_without_the_reservation_lock(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_thread *revoker;
	bool locked;

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	revoker = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));

	locked = dma_resv_trylock(t->dmabuf->resv);
	KUNIT_EXPECT_TRUE(test, locked);
	phys_test_unmap(t->imp);
	if (locked)
		dma_resv_unlock(t->dmabuf->resv);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
}

static int ask_mappable(struct dma_buf_attachment *attach)
{
	int ret;

	dma_resv_lock(attach->dmabuf->resv, NULL);
	ret = dma_buf_phys_mappable(attach);
	dma_resv_unlock(attach->dmabuf->resv);
	return ret;
}

static void mappable_follows_the_state(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(revoke_ranges, ARRAY_SIZE(revoke_ranges));
	struct revoke_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, ask_mappable(t->imp->attach), 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, ask_mappable(t->imp->attach), -ENODEV);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, ask_mappable(t->imp->attach), 0);

	dma_buf_phys_revoke(t->dmabuf);
	desc.attrs = DMA_BUF_PHYS_PRIVATE;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), 0);
	KUNIT_EXPECT_EQ(test, ask_mappable(t->imp->attach), -EACCES);
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, ask_mappable(t->imp->attach), -ENODEV);
}

static void restore_gives_the_old_ranges(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tlive");
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	KUNIT_EXPECT_EQ(test, phys_test_first_addr(&t->imp->map), 16 * P);
}

static void restore_gives_new_ranges(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct dma_buf_phys_desc desc;
	struct phys_vec *old, *new;
	struct phys_test_importer *imp;
	struct dma_buf *dmabuf;

	old = kunit_kcalloc(test, 1, sizeof(*old), GFP_KERNEL);
	new = kunit_kcalloc(test, 2, sizeof(*new), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, old);
	KUNIT_ASSERT_NOT_NULL(test, new);
	old[0] = (struct phys_vec) { 16 * P, 2 * P };
	new[0] = (struct phys_vec) { 128 * P, P };
	new[1] = (struct phys_vec) { 32 * P, P };

	desc = (struct dma_buf_phys_desc) { .ranges = old, .nr_ranges = 1 };
	dmabuf = phys_test_export(test, &desc);
	imp = phys_test_importer(test, dmabuf, t->dev);
	dma_buf_phys_revoke(dmabuf);

	desc = (struct dma_buf_phys_desc) { .ranges = new, .nr_ranges = 2 };
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(dmabuf, &desc), 0);
	/* Neither the old array nor the description is looked at any more. */
	kunit_kfree(test, old);
	memset(&desc, 0, sizeof(desc));

	KUNIT_ASSERT_EQ(test, phys_test_map(imp, t->dev), 0);
	KUNIT_EXPECT_EQ(test, phys_test_first_addr(&imp->map), 128 * P);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&imp->map, SIZE_MAX), 2);
	phys_test_expect_says(test, dmabuf, "phys_ranges:\t2");
}

static void restore_tells_importers(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_importer *other =
		phys_test_importer(test, t->dmabuf, t->dev);

	t->imp->comes_back = true;
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_FALSE(test, t->imp->mapped);
	KUNIT_EXPECT_EQ(test, t->imp->told_back, 0);

	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, t->imp->told_back, 1);
	KUNIT_EXPECT_EQ(test, other->told_back, 1);
	/* It was live when it told. */
	KUNIT_EXPECT_TRUE(test, t->imp->mapped);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");

	/* Nothing is new about this one. */
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, t->imp->told_back, 1);
}

static void restore_of_a_dead_buffer_tells_nobody(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), -ENODEV);
	KUNIT_EXPECT_EQ(test, t->imp->told_back, 0);
}

static void restore_of_a_bad_description_changes_nothing(struct kunit *test)
{
	static const struct phys_vec bad[] = { { 16 * P, 2 * P } };
	struct dma_buf_phys_desc desc = phys_test_desc(bad, ARRAY_SIZE(bad));
	struct revoke_test *t = test->priv;

	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->imp->told_back, 0);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoked");
	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, t->dev), -ENODEV);

	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 2);
}

static void restore_of_a_live_buffer(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(revoke_ranges, ARRAY_SIZE(revoke_ranges));
	struct revoke_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->imp->told, 0);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tlive");
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
}

static void kill_is_for_good(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	KUNIT_EXPECT_FALSE(test, t->imp->mapped);

	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, t->dev), -ENODEV);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach, t->dev),
			-ENODEV);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), -ENODEV);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tdead");
}

static void kill_twice_tells_once(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	dma_buf_phys_kill(t->dmabuf);
	dma_buf_phys_kill(t->dmabuf);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tdead");
}

static void kill_of_a_revoked_buffer_tells_nobody(struct kunit *test)
{
	struct revoke_test *t = test->priv;

	dma_buf_phys_revoke(t->dmabuf);
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tdead");
}

static void kill_waits_for_mappings(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_thread *killer;

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_test_map(t->imp, t->dev), 0);
	killer = phys_test_run(test, do_kill, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(killer));
	/* The ranges are still what the importer's walk goes by. */
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 2);
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(killer));
	phys_test_expect_says(test, t->dmabuf, "phys_state:\tdead");
}

static void kill_lets_go_of_the_ranges(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct dma_buf_phys_desc desc = { .nr_ranges = 1 };
	struct phys_test_importer *imp;
	struct phys_vec *ranges;
	struct dma_buf *dmabuf;

	ranges = kunit_kcalloc(test, 1, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	ranges[0] = (struct phys_vec) { 16 * P, P };
	desc.ranges = ranges;
	dmabuf = phys_test_export(test, &desc);
	imp = phys_test_importer(test, dmabuf, t->dev);
	KUNIT_ASSERT_EQ(test, phys_test_map(imp, t->dev), 0);

	dma_buf_phys_kill(dmabuf);
	/* Who reads them after this is seen by KASAN. */
	kunit_kfree(test, ranges);
	KUNIT_EXPECT_EQ(test, phys_test_map(imp, t->dev), -ENODEV);
	phys_test_expect_says(test, dmabuf, "phys_ranges:\t0");
}

/**
 * struct storm - importers that map and unmap against a revoker
 * @dev: what they map for
 * @stop: the case is over
 * @using: how many are between map and unmap
 * @maps: how often a map worked
 * @refused: how often it did not, because of a revoke
 * @wrong: how often it did not for another reason
 */
struct storm {
	struct device *dev;
	bool stop;
	atomic_t using;
	atomic_t maps;
	atomic_t refused;
	atomic_t wrong;
};

/* As drivers do: the callback and the one who maps share a mutex. */
struct storm_importer {
	struct storm *storm;
	struct dma_buf_attachment *attach;
	struct mutex lock;	/* guards map and mapped */
	struct dma_buf_phys_map map;
	bool mapped;
};

static void storm_unmap(struct storm_importer *imp)
{
	lockdep_assert_held(&imp->lock);
	if (!imp->mapped)
		return;
	imp->mapped = false;
	atomic_dec(&imp->storm->using);
	dma_buf_phys_unmap(&imp->map);
}

static void storm_told(struct dma_buf_attachment *attach)
{
	struct storm_importer *imp = attach->importer_priv;

	mutex_lock(&imp->lock);
	storm_unmap(imp);
	mutex_unlock(&imp->lock);
}

static const struct dma_buf_attach_ops storm_ops = {
	.name = "kunit-storm",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.invalidate_mappings = storm_told,
};

static void storm_importer_run(void *arg)
{
	struct storm_importer *imp = arg;
	struct storm *storm = imp->storm;
	int ret;

	while (!READ_ONCE(storm->stop)) {
		mutex_lock(&imp->lock);
		ret = dma_buf_phys_map_device(imp->attach, &imp->map,
					      storm->dev, 0, P, DMA_TO_DEVICE,
					      0);
		if (!ret) {
			imp->mapped = true;
			atomic_inc(&storm->using);
			atomic_inc(&storm->maps);
		} else {
			atomic_inc(ret == -ENODEV ? &storm->refused :
						    &storm->wrong);
		}
		mutex_unlock(&imp->lock);
		cond_resched();

		/* Half of the time a revoke finds it mapped. */
		if (get_random_u32_below(2))
			usleep_range(20, 50);
		mutex_lock(&imp->lock);
		storm_unmap(imp);
		mutex_unlock(&imp->lock);
	}
}

static void revoke_against_busy_importers(struct kunit *test)
{
	struct revoke_test *t = test->priv;
	struct phys_test_thread *threads[3];
	struct storm_importer *imps;
	struct storm *storm;
	unsigned int left_over = 0;
	unsigned int round;
	int i;

	storm = kunit_kzalloc(test, sizeof(*storm), GFP_KERNEL);
	imps = kunit_kcalloc(test, ARRAY_SIZE(threads), sizeof(*imps),
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, storm);
	KUNIT_ASSERT_NOT_NULL(test, imps);
	storm->dev = t->dev;
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		imps[i].storm = storm;
		mutex_init(&imps[i].lock);
		imps[i].attach = phys_test_attach(test, t->dmabuf, t->dev,
						  &storm_ops, &imps[i]);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = phys_test_run(test, storm_importer_run, &imps[i]);

	for (round = 0; round < 300; round++) {
		usleep_range(50, 150);
		dma_buf_phys_revoke(t->dmabuf);
		left_over += atomic_read(&storm->using);
		usleep_range(20, 50);
		left_over += atomic_read(&storm->using);
		if (dma_buf_phys_restore(t->dmabuf, NULL))
			atomic_inc(&storm->wrong);
	}
	WRITE_ONCE(storm->stop, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_TRUE(test, phys_test_ends(threads[i]));

	KUNIT_EXPECT_EQ(test, left_over, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&storm->wrong), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&storm->maps), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&storm->refused), 0);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static struct kunit_case phys_revoke_cases[] = {
	KUNIT_CASE(revoke_makes_importers_unmap),
	KUNIT_CASE(revoke_refuses_maps),
	KUNIT_CASE(revoke_twice_tells_once),
	KUNIT_CASE(revoke_waits_for_late_unmap),
	KUNIT_CASE(revoke_ends_with_the_last_unmap),
	KUNIT_CASE(revoke_refuses_maps_before_it_tells),
	KUNIT_CASE(revoke_twice_at_a_time_waits_twice),
	KUNIT_CASE(revoke_waits_for_fences),
	KUNIT_CASE(revoke_waits_without_the_reservation_lock),
	KUNIT_CASE(mappable_follows_the_state),
	KUNIT_CASE(restore_gives_the_old_ranges),
	KUNIT_CASE(restore_gives_new_ranges),
	KUNIT_CASE(restore_tells_importers),
	KUNIT_CASE(restore_of_a_dead_buffer_tells_nobody),
	KUNIT_CASE(restore_of_a_bad_description_changes_nothing),
	KUNIT_CASE(restore_of_a_live_buffer),
	KUNIT_CASE(kill_is_for_good),
	KUNIT_CASE(kill_twice_tells_once),
	KUNIT_CASE(kill_of_a_revoked_buffer_tells_nobody),
	KUNIT_CASE(kill_waits_for_mappings),
	KUNIT_CASE(kill_lets_go_of_the_ranges),
	KUNIT_CASE(revoke_against_busy_importers),
	{}
};

static struct kunit_suite phys_revoke_suite = {
	.name = "dma-buf-phys-revoke",
	.init = revoke_init,
	.test_cases = phys_revoke_cases,
};

kunit_test_suite(phys_revoke_suite);
