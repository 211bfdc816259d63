// SPDX-License-Identifier: GPL-2.0
/*
 * Many of everything: what 16 times as much of something costs. Much more than
 * 16 times means that a list is searched or a table copied somewhere.
 *
 * The shortest of some runs counts. There is room for six times what it should
 * be, for caches and a busy machine: what is quadratic takes 16 times that. All of
 * it takes minutes under sanitizers, so its name is not like that of the others.
 */
#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "st-dma-buf-phys.h"
#include "st-dma-buf-phys-mock-domain.h"

#define P	PAGE_SIZE
#define RW	(IOMMU_READ | IOMMU_WRITE)

#define RUNS	10
#define TIMES	16
#define ROOM	6
#define MANY	(TIMES * 625)

/**
 * struct scale_importer - one of many
 * @attach: its attachment, or the one that all have
 * @map: its mapping, if it is mapped
 */
struct scale_importer {
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;
};

/**
 * struct scale_test - what each case starts with
 * @dev: a device that sees memory as the CPU does
 * @td: a domain
 * @imp: importers
 * @desc: ranges
 */
struct scale_test {
	struct device *dev;
	struct test_domain *td;
	struct scale_importer *imp;
	struct dma_buf_phys_desc desc;
};

/* Neither lets go. */
static void told(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops left_ops = {
	.name = "kunit-left",
	.allow_peer2peer = true,
	.core_unmaps = true,
	.invalidate_mappings = told,
};

static const struct dma_buf_attach_ops stubborn_ops = {
	.name = "kunit-stubborn",
	.allow_peer2peer = true,
	.invalidate_mappings = told,
};

static void vfree_action(void *mem)
{
	vfree(mem);
}

static void *scale_alloc(struct kunit *test, size_t n, size_t size)
{
	void *mem = vcalloc(n, size);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, vfree_action, mem));
	return mem;
}

static int scale_init(struct kunit *test)
{
	struct scale_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->dev = phys_test_device(test);
	t->td = test_domain(test);
	t->imp = scale_alloc(test, MANY, sizeof(*t->imp));
	return 0;
}

static void skip_if_too_large(struct kunit *test)
{
	if (BITS_PER_LONG < 64)
		kunit_skip(test, "a buffer cannot be that large");
}

/* Ranges of @len bytes, none of them next to the one before */
static struct dma_buf_phys_desc scale_desc(struct kunit *test, size_t nr,
					   size_t len)
{
	struct phys_vec *ranges = scale_alloc(test, nr, sizeof(*ranges));
	size_t i;

	for (i = 0; i < nr; i++)
		ranges[i] = (struct phys_vec){ 2 * i * len, len };
	return phys_test_desc(ranges, nr);
}

/* In ns, what @fn takes for @n */
static u64 shortest(struct kunit *test, void (*fn)(struct kunit *, size_t),
		    size_t n)
{
	u64 least = U64_MAX;
	int i;

	for (i = 0; i < RUNS; i++) {
		u64 begin = ktime_get_ns();

		fn(test, n);
		least = min(least, ktime_get_ns() - begin);
	}
	return least;
}

static void expect_linear(struct kunit *test,
			  void (*fn)(struct kunit *, size_t), size_t n)
{
	u64 few = shortest(test, fn, n / TIMES);
	u64 many = shortest(test, fn, n);

	kunit_info(test, "%zu: %llu us, %zu: %llu us\n", n / TIMES, few / 1000,
		   n, many / 1000);
	KUNIT_EXPECT_LT(test, many, ROOM * TIMES * few);
}

/* @n importers, or one with @n mappings, each mapping in a place of its own */
static void revoke_importers(struct kunit *test, size_t n,
			     const struct dma_buf_attach_ops *ops, bool single)
{
	static const struct phys_vec range = { 64 * PAGE_SIZE, PAGE_SIZE };
	struct dma_buf_phys_desc desc = phys_test_desc(&range, 1);
	struct scale_test *t = test->priv;
	struct dma_buf *dmabuf;
	size_t i;

	dmabuf = phys_test_try_export(&desc, P);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	for (i = 0; i < n; i++) {
		struct scale_importer *imp = &t->imp[i];

		imp->attach = single && i ? t->imp->attach :
			      dma_buf_dynamic_attach(dmabuf, t->dev, ops, imp);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, imp->attach);
		KUNIT_ASSERT_EQ(test, 0,
				dma_buf_phys_map_domain(imp->attach, &imp->map,
							&t->td->domain, i * P,
							0, P, RW, GFP_KERNEL));
	}
	t->td->flushes = 0;
	dma_buf_phys_revoke(dmabuf);
	KUNIT_EXPECT_EQ(test, t->td->flushes, 1);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));

	for (i = n; i--;) {
		dma_buf_phys_unmap(&t->imp[i].map);
		if (!single || !i)
			dma_buf_detach(dmabuf, t->imp[i].attach);
	}
	dma_buf_put(dmabuf);
}

static void revoke_left(struct kunit *test, size_t n)
{
	revoke_importers(test, n, &left_ops, false);
}

static void revoke_stubborn(struct kunit *test, size_t n)
{
	revoke_importers(test, n, &stubborn_ops, false);
}

static void revoke_mappings(struct kunit *test, size_t n)
{
	revoke_importers(test, n, &left_ops, true);
}

static void importers_that_leave_it_to_the_core(struct kunit *test)
{
	expect_linear(test, revoke_left, MANY);
}

static void importers_that_do_not_let_go(struct kunit *test)
{
	phys_test_grace(test, 0);
	expect_linear(test, revoke_stubborn, MANY);
}

static void mappings_of_one_importer(struct kunit *test)
{
	expect_linear(test, revoke_mappings, MANY);
}

/* The sum of all pieces, and no byte more */
static void map_and_walk(struct kunit *test, const struct dma_buf_phys_desc *desc)
{
	struct scale_test *t = test->priv;
	size_t size = phys_test_size(desc);
	struct dma_buf_attachment *attach;
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	struct dma_buf_phys_map map;
	struct dma_buf *dmabuf;
	size_t sum = 0, n = 0;

	dmabuf = phys_test_try_export(desc, size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	attach = dma_buf_dynamic_attach(dmabuf, t->dev, &left_ops, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	KUNIT_ASSERT_EQ(test, 0,
			dma_buf_phys_map_device(attach, &map, t->dev, 0, size,
						DMA_BIDIRECTIONAL, 0));
	dma_buf_phys_for_each(&map, &walk, piece) {
		if (piece->addr != desc->ranges[n].paddr)
			KUNIT_FAIL_AND_ABORT(test, "piece %zu is elsewhere", n);
		sum += piece->len;
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, desc->nr_ranges);
	KUNIT_EXPECT_EQ(test, sum, size);
	dma_buf_phys_revoke(dmabuf);
	dma_buf_phys_unmap(&map);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
}

static void map_ranges(struct kunit *test, size_t nr)
{
	struct scale_test *t = test->priv;

	t->desc.nr_ranges = nr;
	map_and_walk(test, &t->desc);
}

static void a_million_ranges(struct kunit *test)
{
	struct scale_test *t = test->priv;

	skip_if_too_large(test);
	t->desc = scale_desc(test, 1000000, P);
	expect_linear(test, map_ranges, 1000000);
}

static void too_many_ranges_are_refused(struct kunit *test)
{
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;

	skip_if_too_large(test);
	desc = scale_desc(test, DMA_BUF_PHYS_MAX_RANGES + 1, P);
	dmabuf = phys_test_try_export(&desc, phys_test_size(&desc));
	KUNIT_EXPECT_PTR_EQ(test, dmabuf, ERR_PTR(-EINVAL));
	desc.nr_ranges--;
	phys_test_export(test, &desc);
}

static void a_terabyte(struct kunit *test)
{
	struct dma_buf_phys_desc desc;

	skip_if_too_large(test);
	desc = scale_desc(test, 4096, SZ_256M);
	map_and_walk(test, &desc);
}

static struct kunit_case phys_scale_cases[] = {
	KUNIT_CASE_SLOW(importers_that_leave_it_to_the_core),
	KUNIT_CASE_SLOW(importers_that_do_not_let_go),
	KUNIT_CASE_SLOW(mappings_of_one_importer),
	KUNIT_CASE_SLOW(a_million_ranges),
	KUNIT_CASE(too_many_ranges_are_refused),
	KUNIT_CASE(a_terabyte),
	{}
};

static struct kunit_suite phys_scale_suite = {
	.name = "dma-buf-scale",
	.init = scale_init,
	.test_cases = phys_scale_cases,
};

kunit_test_suite(phys_scale_suite);
