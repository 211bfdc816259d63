// SPDX-License-Identifier: GPL-2.0
/*
 * Finds PCI functions to test with. No driver is bound for it: they are looked
 * at by config space and page tables only, and no DMA is ever started. What a
 * driver would have as managed resource is put into a group that is released
 * at the end; who binds a driver meanwhile gets -EBUSY.
 */
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include "st-dma-buf-pci.h"

#define IVSHMEM_BAR	2

static bool is_ivshmem(struct pci_dev *pdev)
{
	return pdev->vendor == PCI_VENDOR_ID_REDHAT_QUMRANET &&
	       pdev->device == 0x1110 && !pdev->dev.driver &&
	       pci_resource_flags(pdev, IVSHMEM_BAR) & IORESOURCE_MEM &&
	       pci_resource_len(pdev, IVSHMEM_BAR);
}

/* The one with the largest BAR, referenced */
static struct pci_dev *find_exporter(void)
{
	struct pci_dev *pdev = NULL;
	struct pci_dev *best = NULL;

	for_each_pci_dev(pdev) {
		if (!is_ivshmem(pdev) ||
		    (best && pci_resource_len(best, IVSHMEM_BAR) >=
			     pci_resource_len(pdev, IVSHMEM_BAR)))
			continue;
		pci_dev_put(best);
		best = pci_dev_get(pdev);
	}
	return best;
}

/* Not a part of the chipset, nor the IOMMU itself */
static struct pci_dev *find_importer(struct pci_dev *exporter)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (pdev != exporter && !pdev->dev.driver &&
		    pdev->hdr_type == PCI_HEADER_TYPE_NORMAL &&
		    pdev->class >> 16 != PCI_BASE_CLASS_BRIDGE &&
		    !pdev->multifunction &&
		    device_iommu_mapped(&pdev->dev) ==
			    device_iommu_mapped(&exporter->dev))
			return pdev;
	}
	return NULL;
}

static bool below_one_bridge(struct pci_dev *a, struct pci_dev *b)
{
	struct pci_dev *bridge;

	for (a = pci_upstream_bridge(a); a; a = pci_upstream_bridge(a))
		for (bridge = pci_upstream_bridge(b); bridge;
		     bridge = pci_upstream_bridge(bridge))
			if (a == bridge)
				return true;
	return false;
}

struct iommu_domain *pci_test_domain(const struct pci_test *t)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(t->dev);

	return domain && iommu_is_dma_domain(domain) ? domain : NULL;
}

phys_addr_t pci_test_reaches(const struct pci_test *t, dma_addr_t addr)
{
	switch (t->route) {
	case PCI_TEST_BUS:
		return addr - t->provider->bus_offset;
	case PCI_TEST_IOVA:
		return iommu_iova_to_phys(pci_test_domain(t), addr);
	default:
		return addr;
	}
}
EXPORT_SYMBOL_IF_KUNIT(pci_test_reaches);

dma_addr_t pci_test_probe_iova(const struct pci_test *t, size_t size)
{
	struct dma_iova_state state;
	dma_addr_t addr;

	if (!dma_iova_try_alloc(t->dev, &state, 0, size))
		return DMA_MAPPING_ERROR;
	addr = state.addr;
	dma_iova_free(t->dev, &state);
	return addr;
}

static void put_pci_dev(void *pdev)
{
	pci_dev_put(pdev);
}

static void release_group(void *ctx)
{
	struct pci_test *t = ctx;

	devres_release_group(&t->exporter->dev, t->group);
}

static void restore_masks(void *ctx)
{
	struct pci_test *t = ctx;

	dma_set_mask(t->dev, t->dma_mask);
	dma_set_coherent_mask(t->dev, t->coherent_mask);
}

static void add_provider(struct kunit *test, struct pci_test *t)
{
	int ret;

	t->group = devres_open_group(&t->exporter->dev, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->group);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_group, t),
			0);
	ret = pcim_p2pdma_init(t->exporter);
	devres_close_group(&t->exporter->dev, t->group);
	KUNIT_ASSERT_EQ(test, ret, 0);
	t->provider = pcim_p2pdma_provider(t->exporter, IVSHMEM_BAR);
	KUNIT_ASSERT_NOT_NULL(test, t->provider);
	t->start = pci_resource_start(t->exporter, IVSHMEM_BAR);
	t->len = pci_resource_len(t->exporter, IVSHMEM_BAR);
}

struct pci_test *pci_test_find(struct kunit *test)
{
	struct pci_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->exporter = find_exporter();
	if (!t->exporter)
		kunit_skip(test, "no unbound ivshmem device (1af4:1110)");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_pci_dev,
							t->exporter), 0);
	t->importer = find_importer(t->exporter);
	if (!t->importer)
		kunit_skip(test, "no second unbound PCI function");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_pci_dev,
							t->importer), 0);
	t->dev = &t->importer->dev;
	add_provider(test, t);

	t->dma_mask = dma_get_mask(t->dev);
	t->coherent_mask = t->dev->coherent_dma_mask;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, restore_masks, t),
			0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(t->dev,
							DMA_BIT_MASK(64)), 0);

	if (pci_p2pdma_distance(t->exporter, t->dev, false) < 0)
		t->route = PCI_TEST_NO_ROUTE;
	else if (below_one_bridge(t->exporter, t->importer))
		t->route = PCI_TEST_BUS;
	else if (pci_test_domain(t))
		t->route = PCI_TEST_IOVA;
	else
		t->route = PCI_TEST_DIRECT;
	return t;
}

struct pci_test *pci_test_init(struct kunit *test)
{
	struct pci_test *t = pci_test_find(test);

	if (t->route == PCI_TEST_NO_ROUTE)
		kunit_skip(test, "no peer to peer route between %s and %s",
			   pci_name(t->exporter), pci_name(t->importer));
	return t;
}
