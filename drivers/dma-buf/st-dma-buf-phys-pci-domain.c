// SPDX-License-Identifier: GPL-2.0
/*
 * Target IOMMU domain with the page tables of the machine's own IOMMU. The
 * domain is never attached: what is in the table is what counts.
 */
#include <linux/iommu.h>

#include "st-dma-buf-phys-pci.h"

#define P	PAGE_SIZE
#define RW	(IOMMU_READ | IOMMU_WRITE)
/* An odd place, so that large pages of a table are reached in the middle */
#define IOVA	(SZ_16M + 3 * P)

static void free_domain(void *domain)
{
	iommu_domain_free(domain);
}

static struct iommu_domain *get_domain(struct kunit *test,
				       struct phys_pci_test *t)
{
	struct iommu_domain *domain;

	if (!device_iommu_mapped(t->pci->dev))
		kunit_skip(test, "no IOMMU in front of the importer");
	domain = iommu_paging_domain_alloc(t->pci->dev);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(domain), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_domain,
							domain), 0);
	return domain;
}

/* The mapping goes before the domain. */
static void unmap_action(void *ctx)
{
	struct phys_test_importer *imp = ctx;

	if (imp->mapped)
		phys_test_unmap(imp);
}

static struct phys_pci_test *
domain_init(struct kunit *test, const struct phys_pci_layout *layout,
	    struct iommu_domain **domain)
{
	struct phys_pci_test *t = phys_pci_init(test, layout);

	*domain = get_domain(test, t);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unmap_action,
							t->imp), 0);
	return t;
}

static int map_slice(struct phys_pci_test *t, struct iommu_domain *domain,
		     unsigned long iova, size_t offset, size_t len)
{
	int ret = dma_buf_phys_map_domain(t->imp->attach, &t->imp->map, domain,
					  iova, offset, len, RW, GFP_KERNEL);

	t->imp->mapped = !ret;
	return ret;
}

static void expect_slice(struct kunit *test, struct phys_pci_test *t,
			 struct iommu_domain *domain, unsigned long iova,
			 size_t offset, size_t len)
{
	phys_addr_t want, have;
	size_t i;

	for (i = 0; i < len; i += phys_pci_step(t, offset + i)) {
		want = phys_test_paddr(&t->desc, offset + i);
		have = iommu_iova_to_phys(domain, iova + i);
		if (have != want) {
			KUNIT_FAIL(test, "byte %#zx is at %pap, not at %pap",
				   offset + i, &have, &want);
			return;
		}
	}
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, iova - 1), 0);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, iova + len), 0);
}

static void expect_nothing(struct kunit *test, struct phys_pci_test *t,
			   struct iommu_domain *domain, unsigned long iova,
			   size_t len)
{
	size_t i;

	for (i = 0; i < len; i += phys_pci_step(t, i)) {
		if (iommu_iova_to_phys(domain, iova + i)) {
			KUNIT_FAIL(test, "byte %#zx is mapped", i);
			return;
		}
	}
}

static void domain_holds_the_slice(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, test->param_value, &domain);
	size_t offset, len;
	unsigned int i;

	for (i = 0; i < PHYS_PCI_SLICES; i++) {
		if (!phys_pci_slice(t, i, &offset, &len))
			continue;
		KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, offset, len),
				0);
		expect_slice(test, t, domain, IOVA, offset, len);
		phys_test_unmap(t->imp);
		expect_nothing(test, t, domain, IOVA, len);
	}
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void revoke_empties_the_domain(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);

	KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), 0);
	dma_buf_phys_revoke(t->dmabuf);
	expect_nothing(test, t, domain, IOVA, 8 * P);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), -ENODEV);
	expect_nothing(test, t, domain, IOVA, 8 * P);

	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), 0);
	expect_slice(test, t, domain, IOVA, 0, 8 * P);
}

static void severed_domain_is_empty(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);

	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), 0);
	phys_test_grace(test, 20);
	dma_buf_phys_revoke(t->dmabuf);
	expect_nothing(test, t, domain, IOVA, 8 * P);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");

	/* What the importer maps there now is not taken away by the unmap. */
	KUNIT_ASSERT_EQ(test, iommu_map(domain, IOVA, t->pci->start, P, RW,
					GFP_KERNEL), 0);
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, IOVA), t->pci->start);
	KUNIT_EXPECT_EQ(test, iommu_unmap(domain, IOVA, P), P);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

static void slices_live_side_by_side(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);
	struct phys_test_importer *first = t->imp;

	KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, 0, 4 * P), 0);
	t->imp = phys_test_importer(test, t->dmabuf, t->pci->dev);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unmap_action,
							t->imp), 0);
	KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA + 4 * P, 4 * P, 4 * P),
			0);
	expect_slice(test, t, domain, IOVA, 0, 8 * P);
	phys_test_unmap(first);
	expect_nothing(test, t, domain, IOVA, 4 * P);
	expect_slice(test, t, domain, IOVA + 4 * P, 4 * P, 4 * P);
}

/* virtio-iommu lets two mappings of one page be. */
static void skip_if_it_does_not_look(struct kunit *test,
				     struct iommu_domain *domain)
{
	KUNIT_ASSERT_EQ(test, iommu_map(domain, SZ_1G, 0, P, RW, GFP_KERNEL),
			0);
	if (!iommu_map(domain, SZ_1G, 0, P, RW, GFP_KERNEL))
		kunit_skip(test, "this IOMMU does not look what is there");
}

/* What is there is in the way of the first, of a later, of the last page. */
static void occupied_iova_unwinds(struct kunit *test)
{
	static const unsigned int pages[] = { 0, 3, 5, 7 };
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);
	phys_addr_t other = t->pci->start + 512 * P;
	unsigned long taken;
	unsigned int i;

	skip_if_it_does_not_look(test, domain);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		taken = IOVA + pages[i] * P;
		KUNIT_ASSERT_EQ(test, iommu_map(domain, taken, other, P, RW,
						GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P),
				-EADDRINUSE);
		KUNIT_EXPECT_EQ(test, iommu_iova_to_phys(domain, taken), other);
		KUNIT_EXPECT_EQ(test, iommu_unmap(domain, taken, P), P);
		expect_nothing(test, t, domain, IOVA, 8 * P);
		phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");

		KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), 0);
		expect_slice(test, t, domain, IOVA, 0, 8 * P);
		phys_test_unmap(t->imp);
	}
}

static void other_mapping_is_left_alone(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);

	skip_if_it_does_not_look(test, domain);
	KUNIT_ASSERT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), 0);
	t->imp = phys_test_importer(test, t->dmabuf, t->pci->dev);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA - P, 0, 8 * P),
			-EADDRINUSE);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA + 7 * P, 0, 8 * P),
			-EADDRINUSE);
	expect_slice(test, t, domain, IOVA, 0, 8 * P);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
}

static void unaligned_is_refused(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);

	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA + 512, 0, P), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA, 512, P), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA, 0, P - 512), -EINVAL);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, -P, 0, 2 * P), -EOVERFLOW);
	expect_nothing(test, t, domain, IOVA, 2 * P);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void private_memory_is_refused(struct kunit *test)
{
	struct iommu_domain *domain;
	struct phys_pci_test *t = domain_init(test, &phys_pci_plain, &domain);

	dma_buf_phys_revoke(t->dmabuf);
	t->desc.attrs |= DMA_BUF_PHYS_PRIVATE;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA, 0, 8 * P), -EACCES);
	expect_nothing(test, t, domain, IOVA, 8 * P);
}

static void identity_domain_is_refused(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct iommu_domain *domain = iommu_get_domain_for_dev(t->pci->dev);

	if (!domain || domain->type != IOMMU_DOMAIN_IDENTITY)
		kunit_skip(test, "the importer has no identity domain (iommu=pt)");
	KUNIT_EXPECT_EQ(test, map_slice(t, domain, IOVA, 0, P), -EOPNOTSUPP);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static struct kunit_case phys_pci_domain_cases[] = {
	KUNIT_CASE_PARAM(domain_holds_the_slice, phys_pci_layouts),
	KUNIT_CASE(revoke_empties_the_domain),
	KUNIT_CASE(severed_domain_is_empty),
	KUNIT_CASE(slices_live_side_by_side),
	KUNIT_CASE(occupied_iova_unwinds),
	KUNIT_CASE(other_mapping_is_left_alone),
	KUNIT_CASE(unaligned_is_refused),
	KUNIT_CASE(private_memory_is_refused),
	KUNIT_CASE(identity_domain_is_refused),
	{}
};

static struct kunit_suite phys_pci_domain_suite = {
	.name = "dma-buf-phys-pci-domain",
	.test_cases = phys_pci_domain_cases,
};

kunit_test_suite(phys_pci_domain_suite);
