// SPDX-License-Identifier: GPL-2.0
/*
 * Target IOMMU domain, with a page table that can refuse, and that can stop in
 * the middle, so that a revoke meets a mapping half built.
 */
#include "st-dma-buf-phys.h"
#include "st-dma-buf-phys-mock-domain.h"

#define P	PAGE_SIZE
#define RW	(IOMMU_READ | IOMMU_WRITE)

static const struct phys_vec domain_ranges[] = {
	{ 64 * P, 3 * P }, { 16 * P, P }, { 32 * P, 4 * P },
};

/**
 * struct domain_test - what each case starts with
 * @desc: of @dmabuf
 * @dmabuf: a buffer of eight pages
 * @imp: an importer of it
 * @td: a domain
 */
struct domain_test {
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;
	struct phys_test_importer *imp;
	struct test_domain *td;
};

static int domain_init(struct kunit *test)
{
	struct domain_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->td = test_domain(test);
	t->desc = phys_test_desc(domain_ranges, ARRAY_SIZE(domain_ranges));
	t->dmabuf = phys_test_export(test, &t->desc);
	t->imp = phys_test_importer(test, t->dmabuf, phys_test_device(test));
	test->priv = t;
	return 0;
}

static int map_slice(struct domain_test *t, unsigned long iova, size_t offset,
		     size_t len)
{
	int ret = dma_buf_phys_map_domain(t->imp->attach, &t->imp->map,
					  &t->td->domain, iova, offset, len,
					  RW, GFP_KERNEL);

	t->imp->mapped = !ret;
	return ret;
}

/* [iova, iova + len) is the slice at @offset, and nothing else is there. */
static void expect_slice(struct kunit *test, unsigned long iova, size_t offset,
			 size_t len)
{
	struct domain_test *t = test->priv;
	unsigned long index, n = 0;
	void *page;
	size_t i;

	for (i = 0; i < len; i += P)
		KUNIT_EXPECT_EQ(test,
				iommu_iova_to_phys(&t->td->domain, iova + i),
				phys_test_paddr(&t->desc, offset + i));
	xa_for_each(&t->td->pages, index, page)
		n++;
	KUNIT_EXPECT_EQ(test, n, len / P);
}

static void maps_the_slice_and_nothing_else(struct kunit *test)
{
	struct domain_test *t = test->priv;
	size_t offset, len;

	for (offset = 0; offset < t->dmabuf->size; offset += P) {
		for (len = P; len <= t->dmabuf->size - offset; len += P) {
			KUNIT_ASSERT_EQ(test, map_slice(t, SZ_1M, offset, len),
					0);
			expect_slice(test, SZ_1M, offset, len);
			phys_test_unmap(t->imp);
			KUNIT_ASSERT_TRUE(test, xa_empty(&t->td->pages));
		}
	}
}

static void syncs_once(struct kunit *test)
{
	struct domain_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 0, t->dmabuf->size), 0);
	KUNIT_EXPECT_EQ(test, t->td->syncs, 1);
}

static void iova_may_end_at_the_last_byte(struct kunit *test)
{
	struct domain_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, map_slice(t, -8 * P, 0, 8 * P), 0);
	expect_slice(test, -8 * P, 0, 8 * P);
}

static void iova_must_not_overflow(struct kunit *test)
{
	struct domain_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, map_slice(t, -7 * P, 0, 8 * P), -EOVERFLOW);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
}

static void memory_decides_how_it_is_cached(struct kunit *test)
{
	/* A domain does not care where the BAR is. */
	static struct p2pdma_provider provider;
	struct domain_test *t = test->priv;
	struct dma_buf_phys_desc desc = t->desc;

	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 0, P), 0);
	KUNIT_EXPECT_EQ(test, t->td->prot, RW | IOMMU_CACHE);

	/* Now the buffer is in a BAR. */
	dma_buf_phys_revoke(t->dmabuf);
	desc.attrs = DMA_BUF_PHYS_MMIO;
	desc.provider = &provider;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), 0);
	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 0, P), 0);
	KUNIT_EXPECT_EQ(test, t->td->prot, RW | IOMMU_MMIO);
}

struct prot_case {
	const char *name;
	int prot;
	int ret;
};

static const struct prot_case prot_cases[] = {
	{ "read", IOMMU_READ, 0 },
	{ "write", IOMMU_WRITE, 0 },
	{ "read, no execution", IOMMU_READ | IOMMU_NOEXEC, 0 },
	{ "privileged", RW | IOMMU_PRIV, 0 },
	{ "nothing", 0, -EINVAL },
	{ "neither read nor write", IOMMU_PRIV, -EINVAL },
	{ "cached, as the importer thinks", RW | IOMMU_CACHE, -EINVAL },
	{ "device, as the importer thinks", RW | IOMMU_MMIO, -EINVAL },
	{ "unknown bit", RW | BIT(30), -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(prot, prot_cases, name);

static void prot_is_checked_and_passed_on(struct kunit *test)
{
	const struct prot_case *c = test->param_value;
	struct domain_test *t = test->priv;
	int ret;

	ret = dma_buf_phys_map_domain(t->imp->attach, &t->imp->map,
				      &t->td->domain, 0, 0, P, c->prot,
				      GFP_KERNEL);
	t->imp->mapped = !ret;
	KUNIT_EXPECT_EQ(test, ret, c->ret);
	KUNIT_EXPECT_EQ(test, t->td->prot,
			c->ret ? 0 : c->prot | IOMMU_CACHE);
}

struct align_case {
	const char *name;
	unsigned long iova;
	size_t offset;
	size_t len;
};

/* for a domain whose smallest page is four of the CPU's */
static const struct align_case align_cases[] = {
	{ "iova", 2 * P, 8 * P, 4 * P },
	{ "iova within a page", 512, 8 * P, 4 * P },
	{ "offset", 0, P, 4 * P },
	{ "offset, of memory that is aligned", 0, 3 * P, 4 * P },
	{ "length", 0, 8 * P, 3 * P },
	{ "length within a page", 0, 8 * P, 512 },
	{ "range", 0, 0, 4 * P },
	{ "later range", 0, 8 * P, 8 * P },
};

KUNIT_ARRAY_PARAM_DESC(align, align_cases, name);

static void unaligned_for_the_domain_is_refused(struct kunit *test)
{
	/* Of these the second is aligned, and is at an aligned offset. */
	static const struct phys_vec ranges[] = {
		{ 33 * P, 8 * P }, { 64 * P, 4 * P }, { 80 * P, 2 * P },
		{ 96 * P, 6 * P },
	};
	const struct align_case *c = test->param_value;
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct domain_test *t = test->priv;

	t->dmabuf = phys_test_export(test, &desc);
	t->imp = phys_test_importer(test, t->dmabuf, t->imp->attach->dev);
	t->td->domain.pgsize_bitmap = 4 * P;
	KUNIT_EXPECT_EQ(test, map_slice(t, c->iova, c->offset, c->len),
			-EINVAL);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void aligned_for_the_domain_is_mapped(struct kunit *test)
{
	/* Touching ranges count as one, whatever their own alignment. */
	static const struct phys_vec ranges[] = {
		{ 64 * P, 3 * P }, { 67 * P, P }, { 32 * P, 4 * P },
	};
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct domain_test *t = test->priv;

	t->dmabuf = phys_test_export(test, &desc);
	t->imp = phys_test_importer(test, t->dmabuf, t->imp->attach->dev);
	t->td->domain.pgsize_bitmap = 4 * P;
	KUNIT_ASSERT_EQ(test, map_slice(t, 16 * P, 0, 8 * P), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&t->td->domain, 16 * P),
			64 * P);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&t->td->domain, 20 * P),
			32 * P);
}

static void slice_is_checked(struct kunit *test)
{
	struct domain_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, 9 * P), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 8 * P, P), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, -P, P), -EOVERFLOW);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
}

static void domain_without_translation_is_refused(struct kunit *test)
{
	struct domain_test *t = test->priv;

	t->td->domain.type = IOMMU_DOMAIN_IDENTITY;
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, P), -EOPNOTSUPP);
	t->td->domain.type = IOMMU_DOMAIN_BLOCKED;
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, P), -EOPNOTSUPP);
	t->td->domain.type = IOMMU_DOMAIN_UNMANAGED;
	t->td->domain.pgsize_bitmap = 0;
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, P), -EOPNOTSUPP);
}

static void buffer_without_description_is_refused(struct kunit *test)
{
	struct domain_test *t = test->priv;
	struct dma_buf *dmabuf = phys_test_export(test, NULL);

	t->imp = phys_test_importer(test, dmabuf, t->imp->attach->dev);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, P), -EOPNOTSUPP);
}

static void private_memory_is_refused(struct kunit *test)
{
	struct domain_test *t = test->priv;
	struct dma_buf_phys_desc desc = t->desc;

	desc.attrs = DMA_BUF_PHYS_PRIVATE;
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &desc), 0);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, P), -EACCES);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
}

static void occupied_iova_unwinds(struct kunit *test)
{
	struct domain_test *t = test->priv;

	/* The sixth page: two ranges and a page of the third are mapped. */
	KUNIT_ASSERT_EQ(test, iommu_map(&t->td->domain, 5 * P, 99 * P, P, RW,
					GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, 8 * P), -EADDRINUSE);

	/* What was there before is all there is. */
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(&t->td->domain, 5 * P),
			99 * P);
	xa_erase(&t->td->pages, 5);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	/* Once the place is free, it works. */
	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 0, 8 * P), 0);
	expect_slice(test, 0, 0, 8 * P);
}

static void failure_at_any_page_unwinds(struct kunit *test)
{
	struct domain_test *t = test->priv;
	unsigned long iova;

	for (iova = SZ_1M; iova < SZ_1M + 8 * P; iova += P) {
		t->td->fail_iova = iova;
		KUNIT_EXPECT_EQ(test, map_slice(t, SZ_1M, 0, 8 * P), -ENOMEM);
		KUNIT_ASSERT_TRUE(test, xa_empty(&t->td->pages));
		phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	}
}

static void failing_sync_unwinds(struct kunit *test)
{
	struct domain_test *t = test->priv;

	t->td->sync_ret = -EIO;
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 0, 8 * P), -EIO);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

struct mapper {
	struct domain_test *t;
	int ret;
};

static void do_map(void *arg)
{
	struct mapper *mapper = arg;

	mapper->ret = map_slice(mapper->t, SZ_1M, 0, 8 * P);
}

static void do_unmap(void *imp)
{
	phys_test_unmap(imp);
}

/* The importer cannot unmap what it has not got yet, so the core does. */
static void revoke_while_mapping(struct kunit *test)
{
	struct domain_test *t = test->priv;
	struct phys_test_thread *mapping, *revoking;
	struct mapper *mapper;

	mapper = kunit_kzalloc(test, sizeof(*mapper), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mapper);
	mapper->t = t;
	t->td->stops = true;
	mapping = phys_test_run(test, do_map, mapper);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");

	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	KUNIT_EXPECT_EQ(test, t->imp->told, 1);
	phys_test_expect_says(test, t->dmabuf, "phys_state:\trevoking");

	test_domain_go_on(t->td);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(mapping));
	KUNIT_EXPECT_EQ(test, mapper->ret, -ENODEV);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* A map that fails while it is revoked has nothing to undo any more. */
static void revoke_while_mapping_fails(struct kunit *test)
{
	struct domain_test *t = test->priv;
	struct phys_test_thread *mapping, *revoking;
	struct mapper *mapper;

	mapper = kunit_kzalloc(test, sizeof(*mapper), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mapper);
	mapper->t = t;
	t->td->stops = true;
	t->td->fail_iova = SZ_1M + 5 * P;
	mapping = phys_test_run(test, do_map, mapper);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td));
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));

	test_domain_go_on(t->td);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(mapping));
	KUNIT_EXPECT_EQ(test, mapper->ret, -ENOMEM);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
}

/* The unmap has begun by itself; the revoke must see its end. */
static void revoke_while_unmapping(struct kunit *test)
{
	struct domain_test *t = test->priv;
	struct phys_test_thread *unmapping, *revoking;

	KUNIT_ASSERT_EQ(test, map_slice(t, SZ_1M, 0, 8 * P), 0);
	t->td->stops = true;
	unmapping = phys_test_run(test, do_unmap, t->imp);
	KUNIT_EXPECT_TRUE(test, test_domain_stopped(t->td));

	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	KUNIT_EXPECT_FALSE(test, xa_empty(&t->td->pages));

	test_domain_go_on(t->td);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(unmapping));
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
}

/* Not even for the time until somebody looks at the state again */
static void revoking_buffer_is_not_translated(struct kunit *test)
{
	struct domain_test *t = test->priv;
	struct phys_test_importer *holder = t->imp;
	struct phys_test_thread *revoking;

	holder->lets_go = false;
	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 0, P), 0);
	t->imp = phys_test_importer(test, t->dmabuf, holder->attach->dev);
	revoking = phys_test_revoke(test, t->dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));

	KUNIT_EXPECT_EQ(test, map_slice(t, SZ_1M, 0, 8 * P), -ENODEV);
	KUNIT_EXPECT_EQ(test, t->td->syncs, 1);
	phys_test_unmap(holder);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
}

static void revoke_empties_the_domain(struct kunit *test)
{
	struct domain_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, map_slice(t, SZ_1M, 0, 8 * P), 0);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));
	KUNIT_EXPECT_EQ(test, map_slice(t, SZ_1M, 0, 8 * P), -ENODEV);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->td->pages));

	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_ASSERT_EQ(test, map_slice(t, SZ_1M, 0, 8 * P), 0);
	expect_slice(test, SZ_1M, 0, 8 * P);
}

static struct kunit_case phys_domain_cases[] = {
	KUNIT_CASE(maps_the_slice_and_nothing_else),
	KUNIT_CASE(syncs_once),
	KUNIT_CASE(iova_may_end_at_the_last_byte),
	KUNIT_CASE(iova_must_not_overflow),
	KUNIT_CASE(memory_decides_how_it_is_cached),
	KUNIT_CASE_PARAM(prot_is_checked_and_passed_on, prot_gen_params),
	KUNIT_CASE_PARAM(unaligned_for_the_domain_is_refused, align_gen_params),
	KUNIT_CASE(aligned_for_the_domain_is_mapped),
	KUNIT_CASE(slice_is_checked),
	KUNIT_CASE(domain_without_translation_is_refused),
	KUNIT_CASE(buffer_without_description_is_refused),
	KUNIT_CASE(private_memory_is_refused),
	KUNIT_CASE(occupied_iova_unwinds),
	KUNIT_CASE(failure_at_any_page_unwinds),
	KUNIT_CASE(failing_sync_unwinds),
	KUNIT_CASE(revoke_while_mapping),
	KUNIT_CASE(revoke_while_mapping_fails),
	KUNIT_CASE(revoke_while_unmapping),
	KUNIT_CASE(revoking_buffer_is_not_translated),
	KUNIT_CASE(revoke_empties_the_domain),
	{}
};

static struct kunit_suite phys_domain_suite = {
	.name = "dma-buf-phys-domain",
	.init = domain_init,
	.test_cases = phys_domain_cases,
};

kunit_test_suite(phys_domain_suite);
