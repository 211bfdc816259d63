// SPDX-License-Identifier: GPL-2.0
/*
 * dma_buf_phys_vec_to_sgt() and dma_buf_free_sgt() on real PCI functions:
 * several ranges, what is freed, and what a failure leaves behind.
 */
#include <linux/dma-buf.h>
#include <linux/dma-buf-mapping.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "st-dma-buf-pci.h"

#define P	PAGE_SIZE

/* No IOMMU page table can hold this address. */
#define NOWHERE	BIT_ULL(60)

struct mapping_test {
	struct pci_test *pci;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
};

/* The suite calls the helper itself. */
static struct sg_table *no_map(struct dma_buf_attachment *attach,
			       enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void no_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		     enum dma_data_direction dir)
{
}

static void no_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops mapping_ops = {
	.map_dma_buf = no_map,
	.unmap_dma_buf = no_unmap,
	.release = no_release,
};

static void put_buffer(void *ctx)
{
	struct mapping_test *t = ctx;

	if (t->attach)
		dma_buf_detach(t->dmabuf, t->attach);
	dma_buf_put(t->dmabuf);
	flush_delayed_fput();
}

static int mapping_init(struct kunit *test)
{
	struct dma_buf_export_info info = {
		.exp_name = "kunit-mapping",
		.owner = THIS_MODULE,
		.ops = &mapping_ops,
		.size = P,
		.flags = O_RDWR,
	};
	struct mapping_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	info.priv = t;
	t->pci = pci_test_init(test);
	t->dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dmabuf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_buffer, t),
			0);
	t->attach = dma_buf_attach(t->dmabuf, t->pci->dev);
	if (IS_ERR(t->attach)) {
		t->attach = NULL;
		KUNIT_FAIL_AND_ABORT(test, "cannot attach");
	}
	test->priv = t;
	return 0;
}

static struct sg_table *map_ranges(struct mapping_test *t,
				   struct phys_vec *ranges, size_t nr)
{
	struct sg_table *sgt;
	size_t size = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		size += ranges[i].len;
	dma_resv_lock(t->dmabuf->resv, NULL);
	sgt = dma_buf_phys_vec_to_sgt(t->attach, t->pci->provider, ranges, nr,
				      size, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
	return sgt;
}

static void unmap_ranges(struct mapping_test *t, struct sg_table *sgt)
{
	dma_resv_lock(t->dmabuf->resv, NULL);
	dma_buf_free_sgt(t->attach, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
}

static void each_range_has_its_own_iova(struct kunit *test)
{
	struct mapping_test *t = test->priv;
	phys_addr_t bar = t->pci->start;
	struct phys_vec ranges[] = {
		{ bar + 64 * P, 3 * P }, { bar, P }, { bar + 32 * P, 4 * P },
	};
	struct iommu_domain *domain;
	struct sg_table *sgt;
	dma_addr_t addr;
	size_t i, off;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	domain = pci_test_domain(t->pci);
	sgt = map_ranges(t, ranges, ARRAY_SIZE(ranges));
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(sgt), 0);
	KUNIT_EXPECT_EQ(test, sgt->nents, 1);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), 8 * P);
	addr = sg_dma_address(sgt->sgl);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		for (off = 0; off < ranges[i].len; off += P, addr += P)
			KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, addr),
					ranges[i].paddr + off);
	}

	addr = sg_dma_address(sgt->sgl);
	unmap_ranges(t, sgt);
	for (off = 0; off < 8 * P; off += P)
		KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, addr + off),
				0);
}

/*
 * A table longer than SG_MAX_SINGLE_ALLOC begins with a page of its own. With
 * a reference to it, one can see the other one go.
 */
static void scatterlist_is_freed(struct kunit *test)
{
	const size_t nr = 2 * SG_MAX_SINGLE_ALLOC;
	struct mapping_test *t = test->priv;
	struct phys_vec *ranges;
	struct sg_table *sgt;
	struct page *page;
	size_t i;

	if (t->pci->route == PCI_TEST_IOVA)
		kunit_skip(test, "an IOMMU makes one entry of all ranges");
	ranges = kunit_kcalloc(test, nr, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	for (i = 0; i < nr; i++)
		ranges[i] = (struct phys_vec) { t->pci->start + 2 * i * P, P };
	sgt = map_ranges(t, ranges, nr);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(sgt), 0);
	KUNIT_EXPECT_EQ(test, sgt->nents, nr);
	page = virt_to_page(sgt->sgl);
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	unmap_ranges(t, sgt);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

/*
 * With 32 bit there is room for some 256 MiB, so what is lost is missing soon.
 * Returns whether the failure could be made at all.
 */
static bool fail_often(struct kunit *test, struct phys_vec *ranges, size_t nr)
{
	struct mapping_test *t = test->priv;
	struct sg_table *sgt;
	int i;

	KUNIT_ASSERT_EQ(test, dma_set_mask(t->pci->dev, DMA_BIT_MASK(32)), 0);
	KUNIT_ASSERT_NE(test, pci_test_probe_iova(t->pci, SZ_256M),
			DMA_MAPPING_ERROR);
	for (i = 0; i < 32; i++) {
		sgt = map_ranges(t, ranges, nr);
		if (!IS_ERR(sgt)) {
			unmap_ranges(t, sgt);
			return false;
		}
	}
	return true;
}

struct fail_case {
	const char *name;
	size_t nr;
	struct phys_vec ranges[2];	/* from the begin of the BAR */
};

static const struct fail_case fail_cases[] = {
	{ "the first range cannot be linked", 1, { { NOWHERE, SZ_256M } } },
	{ "the second range cannot be linked", 2,
	  { { 0, SZ_128M }, { NOWHERE, SZ_128M } } },
	/* More than there is in one piece, so each range by itself */
	{ "the second range cannot be mapped", 2,
	  { { 0, SZ_256M }, { SZ_256M, SZ_4G + SZ_1G } } },
};

KUNIT_ARRAY_PARAM_DESC(fail, fail_cases, name);

static void failure_frees_the_iova(struct kunit *test)
{
	const struct fail_case *c = test->param_value;
	struct mapping_test *t = test->priv;
	struct phys_vec ranges[2];
	size_t i;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	for (i = 0; i < c->nr; i++) {
		ranges[i] = c->ranges[i];
		ranges[i].paddr += t->pci->start;
	}
	if (!fail_often(test, ranges, c->nr))
		kunit_skip(test, "this IOMMU takes any address");
	KUNIT_EXPECT_NE(test, pci_test_probe_iova(t->pci, SZ_256M),
			DMA_MAPPING_ERROR);
}

static struct kunit_case mapping_cases[] = {
	KUNIT_CASE(each_range_has_its_own_iova),
	KUNIT_CASE(scatterlist_is_freed),
	KUNIT_CASE_PARAM(failure_frees_the_iova, fail_gen_params),
	{}
};

static struct kunit_suite mapping_suite = {
	.name = "dma-buf-mapping",
	.init = mapping_init,
	.test_cases = mapping_cases,
};

kunit_test_suite(mapping_suite);
