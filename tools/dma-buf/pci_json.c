// SPDX-License-Identifier: GPL-2.0
#include "json.h"
#include "pci.h"

void pci_json_device(const char *name)
{
	struct pci_iommu iommu;
	char driver[64];

	pci_driver(name, driver, sizeof(driver));
	pci_read_iommu(name, &iommu);
	json_text("device", name);
	json_text("driver", *driver ? driver : NULL);
	if (iommu.group < 0)
		json_text("iommu_group", NULL);
	else
		json_number("iommu_group", iommu.group);
	json_text("domain", *iommu.type ? iommu.type : NULL);
}

void pci_json_acs(const struct pci_acs *acs)
{
	json_text("acs", acs->has == PCI_YES ? "yes" :
		  acs->has == PCI_NO ? "no" : "hidden");
	if (acs->has == PCI_YES) {
		json_unsigned("acs_cap", acs->cap);
		json_unsigned("acs_ctrl", acs->ctrl);
	}
	if (acs->has == PCI_HIDDEN)
		json_text("redirects", NULL);
	else
		json_bool("redirects", pci_acs_redirects(acs));
}
