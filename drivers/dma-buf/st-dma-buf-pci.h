/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two real PCI functions for the suites that map: one with a BAR to share, one
 * to map it for. Cases are skipped where there are none.
 */
#ifndef _ST_DMA_BUF_PCI_H
#define _ST_DMA_BUF_PCI_H

#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>

enum pci_test_route {
	PCI_TEST_BUS,
	PCI_TEST_IOVA,
	PCI_TEST_DIRECT,
	PCI_TEST_NO_ROUTE,
};

/**
 * struct pci_test - exporter and importer, none of them bound to a driver
 * @exporter: an ivshmem-plain of QEMU
 * @importer: another function
 * @dev: of @importer
 * @provider: of the exporter's BAR
 * @start: of the BAR
 * @len: of the BAR
 * @route: how @dev should reach the BAR, judging by the topology
 */
struct pci_test {
	struct pci_dev *exporter;
	struct pci_dev *importer;
	struct device *dev;
	struct p2pdma_provider *provider;
	phys_addr_t start;
	size_t len;
	enum pci_test_route route;

	/* private: */
	void *group;
	u64 dma_mask;
	u64 coherent_mask;
};

/* For &kunit_suite.init or a case; skips the case if there are no devices. */
struct pci_test *pci_test_find(struct kunit *test);
/* The same, and skips if there is no route between the two. */
struct pci_test *pci_test_init(struct kunit *test);

/* The domain that the DMA API uses for the importer */
struct iommu_domain *pci_test_domain(const struct pci_test *t);

/* What the importer gets to when it uses this DMA address */
phys_addr_t pci_test_reaches(const struct pci_test *t, dma_addr_t addr);

/* An IOVA range of this size that is free now; tells what was not given back */
dma_addr_t pci_test_probe_iova(const struct pci_test *t, size_t size);

#endif /* _ST_DMA_BUF_PCI_H */
