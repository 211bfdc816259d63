// SPDX-License-Identifier: GPL-2.0
/*
 * Device memory that a driver imports to read it with the CPU: the driver sees a
 * copy, it is as new as the last begin of CPU access, and a revoke ends that.
 */
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_kunit_helpers.h>
#include <linux/dma-fence.h>
#include <linux/gfp.h>
#include <linux/iosys-map.h>

#include "../../../dma-buf/st-dma-buf-phys.h"

#define P	PAGE_SIZE

/**
 * struct bounce_test - a buffer, and a driver that may import it
 * @mem: eight pages
 * @ranges: where the six pages of the buffer lie in them
 * @desc: says so
 * @dmabuf: the buffer
 * @dev: the driver's device
 * @fb: a framebuffer on what was imported
 * @vmap: where the driver reads it
 */
struct bounce_test {
	u8 *mem;
	struct phys_vec ranges[3];
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;
	struct drm_device *dev;
	struct drm_framebuffer fb;
	struct iosys_map vmap;
};

static void free_action(void *mem)
{
	free_pages((unsigned long)mem, 3);
}

static struct drm_gem_object *import(struct bounce_test *t)
{
	return drm_gem_shmem_prime_import_no_map(t->dev, t->dmabuf);
}

static void put_action(void *obj)
{
	drm_gem_object_put(obj);
}

static void import_for_fb(struct kunit *test, struct bounce_test *t)
{
	struct drm_gem_object *obj = import(t);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, put_action, obj));
	t->fb.format = drm_get_format_info(t->dev, DRM_FORMAT_XRGB8888, 0);
	t->fb.dev = t->dev;
	t->fb.obj[0] = obj;
}

/* The driver has its address. */
static void show(struct kunit *test, struct bounce_test *t)
{
	if (!t->fb.obj[0])
		import_for_fb(test, t);
	KUNIT_ASSERT_EQ(test, drm_gem_fb_vmap(&t->fb, &t->vmap, NULL), 0);
}

static void hide(struct bounce_test *t)
{
	drm_gem_fb_vunmap(&t->fb, &t->vmap);
}

static int read_begin(struct bounce_test *t)
{
	int ret = drm_gem_fb_begin_cpu_access(&t->fb, DMA_FROM_DEVICE);

	if (!ret)
		drm_gem_fb_end_cpu_access(&t->fb, DMA_FROM_DEVICE);
	return ret;
}

/* Each page has a byte of its own, which grows with @round. */
static void draw(struct bounce_test *t, u8 round)
{
	size_t i;

	for (i = 0; i < t->dmabuf->size; i += P)
		memset(phys_to_virt(phys_test_paddr(&t->desc, i)),
		       round + i / P, P);
}

static void expect_drawn(struct kunit *test, struct bounce_test *t, u8 round)
{
	const u8 *seen = t->vmap.vaddr;
	size_t i;

	KUNIT_ASSERT_FALSE(test, t->vmap.is_iomem);
	for (i = 0; i < t->dmabuf->size; i++) {
		if (seen[i] == (u8)(round + i / P))
			continue;
		KUNIT_FAIL(test, "%#x at %#zx, round %u", seen[i], i, round);
		return;
	}
}

static void reads_copies(struct kunit *test)
{
	struct bounce_test *t = test->priv;

	draw(t, 1);
	show(test, t);
	KUNIT_EXPECT_NULL(test, memchr_inv(t->vmap.vaddr, 0, t->dmabuf->size));
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	expect_drawn(test, t, 1);

	draw(t, 11);
	expect_drawn(test, t, 1);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	expect_drawn(test, t, 11);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	hide(t);
}

/* Two framebuffers of one object, say */
static void one_copy(struct kunit *test)
{
	struct bounce_test *t = test->priv;
	struct drm_gem_shmem_object *shmem;
	struct iosys_map second;

	draw(t, 1);
	show(test, t);
	shmem = to_drm_gem_shmem_obj(t->fb.obj[0]);
	KUNIT_ASSERT_EQ(test, drm_gem_vmap(&shmem->base, &second), 0);
	KUNIT_EXPECT_PTR_EQ(test, second.vaddr, t->vmap.vaddr);

	drm_gem_vunmap(&shmem->base, &second);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	expect_drawn(test, t, 1);
	hide(t);
	KUNIT_EXPECT_NULL(test, shmem->vaddr);

	/* Nobody looks. */
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
}

static void never_writes(struct kunit *test)
{
	struct bounce_test *t = test->priv;

	draw(t, 1);
	show(test, t);
	KUNIT_EXPECT_EQ(test, drm_gem_fb_begin_cpu_access(&t->fb, DMA_TO_DEVICE),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, drm_gem_fb_begin_cpu_access(&t->fb,
							  DMA_BIDIRECTIONAL),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	memset(t->vmap.vaddr, 0, t->dmabuf->size);
	hide(t);

	show(test, t);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	expect_drawn(test, t, 1);
	hide(t);
}

static void revoked_while_shown(struct kunit *test)
{
	struct bounce_test *t = test->priv;

	draw(t, 1);
	show(test, t);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);

	dma_buf_phys_revoke(t->dmabuf);
	draw(t, 11);
	KUNIT_EXPECT_EQ(test, read_begin(t), -ENODEV);
	expect_drawn(test, t, 1);

	/* It comes back elsewhere. */
	swap(t->ranges[0], t->ranges[2]);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
	draw(t, 21);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	expect_drawn(test, t, 21);
	hide(t);
}

static void begin_thread(void *arg)
{
	struct bounce_test *t = arg;

	t->fb.height = read_begin(t) == -ENODEV;
}

static void revoked_when_imported(struct kunit *test)
{
	struct bounce_test *t = test->priv;

	draw(t, 1);
	dma_buf_phys_revoke(t->dmabuf);
	import_for_fb(test, t);
	KUNIT_EXPECT_EQ(test, drm_gem_fb_vmap(&t->fb, &t->vmap, NULL), -ENODEV);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	show(test, t);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	expect_drawn(test, t, 1);
	hide(t);
}

/* The exporter moves the memory, and a revoke gets in before that is over. */
static void revoked_while_moved(struct kunit *test)
{
	struct bounce_test *t = test->priv;
	struct phys_test_thread *reader, *revoker;
	struct dma_fence *fence;

	draw(t, 1);
	show(test, t);
	KUNIT_EXPECT_EQ(test, read_begin(t), 0);
	draw(t, 11);
	fence = phys_test_fence(test, t->dmabuf);
	dma_resv_lock(t->dmabuf->resv, NULL);
	KUNIT_EXPECT_EQ(test, dma_resv_reserve_fences(t->dmabuf->resv, 1), 0);
	dma_resv_add_fence(t->dmabuf->resv, fence, DMA_RESV_USAGE_KERNEL);
	dma_resv_unlock(t->dmabuf->resv);

	reader = phys_test_run(test, begin_thread, t);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(reader));
	revoker = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));
	dma_fence_signal(fence);
	dma_fence_put(fence);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(reader));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
	KUNIT_EXPECT_EQ_MSG(test, t->fb.height, 1, "it was read");
	expect_drawn(test, t, 1);
	hide(t);
}

static void attribute_forbids(struct kunit *test, struct bounce_test *t,
			      unsigned int attrs)
{
	dma_buf_phys_revoke(t->dmabuf);
	t->desc.attrs = attrs;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR(import(t)), -EACCES);
}

static void refuses_import(struct kunit *test)
{
	struct bounce_test *t = test->priv;

	attribute_forbids(test, t, 0);
	attribute_forbids(test, t, DMA_BUF_PHYS_PRIVATE);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, PTR_ERR(import(t)), -ENODEV);
}

/* More than there can be memory for: nothing is looked at before it is read. */
static void too_large_to_copy(struct kunit *test)
{
	const struct phys_vec range = { 0, 1UL << 39 };
	struct bounce_test *t = test->priv;
	struct dma_buf_phys_desc desc = phys_test_desc(&range, 1);
	struct drm_gem_object *obj;
	struct iosys_map vmap;

	desc.attrs = DMA_BUF_PHYS_CPU;
	t->dmabuf = phys_test_export(test, &desc);
	obj = import(t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_vmap(obj, &vmap), -ENOMEM);
	drm_gem_object_put(obj);
}

static int bounce_init(struct kunit *test)
{
	struct bounce_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	dev = drm_kunit_helper_alloc_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	t->dev = __drm_kunit_helper_alloc_drm_device(test, dev, sizeof(*t->dev),
						     0, DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dev);

	t->mem = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 3);
	KUNIT_ASSERT_NOT_NULL(test, t->mem);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_action, t->mem));
	t->ranges[0] = (struct phys_vec) { virt_to_phys(t->mem) + 5 * P, 3 * P };
	t->ranges[1] = (struct phys_vec) { virt_to_phys(t->mem) + 2 * P, P };
	t->ranges[2] = (struct phys_vec) { virt_to_phys(t->mem), 2 * P };
	t->desc = phys_test_desc(t->ranges, ARRAY_SIZE(t->ranges));
	t->desc.attrs = DMA_BUF_PHYS_CPU;
	t->dmabuf = phys_test_export(test, &t->desc);
	return 0;
}

static struct kunit_case bounce_cases[] = {
	KUNIT_CASE(reads_copies),
	KUNIT_CASE(one_copy),
	KUNIT_CASE(never_writes),
	KUNIT_CASE(revoked_while_shown),
	KUNIT_CASE(revoked_when_imported),
	KUNIT_CASE(revoked_while_moved),
	KUNIT_CASE(refuses_import),
	KUNIT_CASE(too_large_to_copy),
	{}
};

static struct kunit_suite bounce_suite = {
	.name = "drm-gem-shmem-bounce",
	.init = bounce_init,
	.test_cases = bounce_cases,
};

kunit_test_suite(bounce_suite);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests for imports of device memory by SHMEM helpers");
MODULE_LICENSE("GPL");
