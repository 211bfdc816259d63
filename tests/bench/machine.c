// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI functions of the bench. None has a driver: they are looked at by
 * config space and page tables only, and no DMA is ever started.
 */
#include <linux/iommu.h>
#include <linux/pci-p2pdma.h>

#include "bench.h"

#define IVSHMEM_BAR	2

struct bench_machine machine;

static struct pci_dev *find_free(unsigned int vendor, unsigned int device,
				 struct pci_dev *from)
{
	struct pci_dev *pdev = from;

	while ((pdev = pci_get_device(vendor, device, pdev))) {
		if (!pdev->dev.driver)
			return pdev;
	}
	return NULL;
}

static bool below_one_switch(struct pci_dev *a, struct pci_dev *b)
{
	struct pci_dev *up_a = pci_upstream_bridge(a);
	struct pci_dev *up_b = pci_upstream_bridge(b);

	up_a = up_a ? pci_upstream_bridge(up_a) : NULL;
	up_b = up_b ? pci_upstream_bridge(up_b) : NULL;
	return up_a && up_a == up_b;
}

/* A domain that only the bench maps into, for a device that nobody else uses */
static int add_domain(void)
{
	struct device *dev = &machine.spare->dev;
	struct iommu_domain *domain;
	int ret;

	if (!device_iommu_mapped(dev))
		return 0;
	domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = iommu_attach_device(domain, dev);
	/* Below a switch it shares its group. */
	if (ret) {
		iommu_domain_free(domain);
		return ret == -EINVAL ? 0 : ret;
	}
	machine.domain = domain;
	return 0;
}

int bench_find_machine(void)
{
	struct iommu_domain *domain;
	struct device *dev;
	int ret;

	machine.exporter = find_free(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110,
				     NULL);
	if (!machine.exporter)
		return -ENODEV;
	/* Looking on puts what it begins with. */
	machine.spare = find_free(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110,
				  pci_dev_get(machine.exporter));
	machine.importer = find_free(PCI_VENDOR_ID_REDHAT, 0x0005, NULL);
	if (!machine.spare || !machine.importer)
		return -ENODEV;

	ret = pcim_p2pdma_init(machine.exporter);
	if (ret)
		return ret;
	machine.provider = pcim_p2pdma_provider(machine.exporter, IVSHMEM_BAR);
	if (!machine.provider)
		return -ENODEV;

	dev = &machine.importer->dev;
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	/* Else scatterlists are cut up, as for a device that says nothing. */
	dma_set_max_seg_size(dev, UINT_MAX);

	domain = iommu_get_domain_for_dev(dev);
	if (below_one_switch(machine.exporter, machine.importer))
		machine.route = "bus";
	else if (domain && domain->type & __IOMMU_DOMAIN_DMA_API)
		machine.route = "iova";
	else
		machine.route = "direct";
	return add_domain();
}
