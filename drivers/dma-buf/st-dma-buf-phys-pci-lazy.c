// SPDX-License-Identifier: GPL-2.0
/*
 * A lazy IOMMU domain, iommu.strict=0: unmapping does not wait for the IOTLB, but
 * neither revoke nor detach leaves anything in it.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "st-dma-buf-phys-pci.h"

/* The domain's own operations, and what the case at hand asks of them */
static const struct iommu_domain_ops *lazy_real;
static struct task_struct *lazy_task;
static unsigned int lazy_flushes;

static void lazy_count(void)
{
	/* The flush queue's timer may interrupt the case. */
	if (in_task() && current == lazy_task)
		lazy_flushes++;
}

static void lazy_flush_iotlb_all(struct iommu_domain *domain)
{
	lazy_count();
	lazy_real->flush_iotlb_all(domain);
}

static void lazy_iotlb_sync(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather)
{
	lazy_count();
	lazy_real->iotlb_sync(domain, gather);
}

static void lazy_stop(void *domain)
{
	((struct iommu_domain *)domain)->ops = lazy_real;
	lazy_task = NULL;
}

static struct phys_pci_test *lazy_init(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct iommu_domain *domain;
	static struct iommu_domain_ops ops;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	domain = pci_test_domain(t->pci);
	if (domain->type != IOMMU_DOMAIN_DMA_FQ)
		kunit_skip(test, "the domain is strict");

	lazy_real = domain->ops;
	ops = *lazy_real;
	ops.flush_iotlb_all = lazy_flush_iotlb_all;
	ops.iotlb_sync = lazy_iotlb_sync;
	domain->ops = &ops;
	lazy_task = current;
	lazy_flushes = 0;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, lazy_stop, domain),
			0);
	return t;
}

static void map_and_unmap(struct kunit *test, struct phys_pci_test *t)
{
	KUNIT_ASSERT_EQ(test, phys_pci_map(t, 0, t->dmabuf->size, 0), 0);
	lazy_flushes = 0;
	phys_test_unmap(t->imp);
}

/* The same for an attachment of another importer, which is the caller's */
static struct dma_buf_attachment *
attach_map_and_unmap(struct kunit *test, struct phys_pci_test *t,
		     struct device *dev)
{
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;

	attach = dma_buf_dynamic_attach(t->dmabuf, dev, &phys_test_importer_ops,
					t->imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	KUNIT_ASSERT_EQ(test, 0,
			dma_buf_phys_map_device(attach, &map, t->pci->dev, 0,
						t->dmabuf->size,
						DMA_BIDIRECTIONAL, 0));
	lazy_flushes = 0;
	dma_buf_phys_unmap(&map);
	return attach;
}

static void unmap_leaves_the_flush(struct kunit *test)
{
	struct phys_pci_test *t = lazy_init(test);

	map_and_unmap(test, t);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 0);
	KUNIT_EXPECT_TRUE(test, t->imp->attach->phys_lazy);
}

static void revoke_flushes_what_was_left(struct kunit *test)
{
	struct phys_pci_test *t = lazy_init(test);

	map_and_unmap(test, t);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 1);

	/* Nothing has come since. */
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 1);
}

/* Two importers of one device, one of which lets go only when it is told */
static void revoke_flushes_a_domain_once(struct kunit *test)
{
	struct phys_pci_test *t = lazy_init(test);
	struct phys_test_importer *other;

	other = phys_test_importer(test, t->dmabuf, t->pci->dev);
	other->lets_go = true;
	KUNIT_ASSERT_EQ(test, phys_test_map(other, t->pci->dev), 0);
	map_and_unmap(test, t);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_FALSE(test, other->mapped);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 1);
}

static void detach_flushes_what_was_left(struct kunit *test)
{
	struct phys_pci_test *t = lazy_init(test);
	struct dma_buf_attachment *attach;

	attach = attach_map_and_unmap(test, t, t->pci->dev);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 0);
	dma_buf_detach(t->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 1);
}

/* For another device than the attached one nobody would know. */
static void other_device_is_flushed_at_once(struct kunit *test)
{
	struct phys_pci_test *t = lazy_init(test);
	struct dma_buf_attachment *attach;

	attach = attach_map_and_unmap(test, t, t->pci->provider->owner);
	KUNIT_EXPECT_EQ(test, lazy_flushes, 1);
	KUNIT_EXPECT_FALSE(test, attach->phys_lazy);
	dma_buf_detach(t->dmabuf, attach);
}

static struct kunit_case phys_pci_lazy_cases[] = {
	KUNIT_CASE(unmap_leaves_the_flush),
	KUNIT_CASE(revoke_flushes_what_was_left),
	KUNIT_CASE(revoke_flushes_a_domain_once),
	KUNIT_CASE(detach_flushes_what_was_left),
	KUNIT_CASE(other_device_is_flushed_at_once),
	{}
};

static struct kunit_suite phys_pci_lazy_suite = {
	.name = "dma-buf-phys-pci-lazy",
	.test_cases = phys_pci_lazy_cases,
};

kunit_test_suite(phys_pci_lazy_suite);
