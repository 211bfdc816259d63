// SPDX-License-Identifier: GPL-2.0
/* IOMMU groups and the types of their default domains */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "pci.h"

/* The group that VFIO makes up for a device without an IOMMU is called so. */
#define NOIOMMU_GROUP	"vfio-noiommu"

static void first_line(const char *name, const char *file, char *to,
		       size_t size)
{
	char *path = pci_path(name, file);
	char *text = read_file(path);

	*to = 0;
	if (text) {
		text[strcspn(text, "\n")] = 0;
		copy_text(to, size, text);
	}
	free(text);
	free(path);
}

void pci_read_iommu(const char *name, struct pci_iommu *iommu)
{
	char *path = pci_path(name, "iommu_group");
	char number[32], made_by[32];

	memset(iommu, 0, sizeof(*iommu));
	link_name(path, number, sizeof(number));
	free(path);
	first_line(name, "iommu_group/name", made_by, sizeof(made_by));
	if (!isdigit((unsigned char)*number) ||
	    !strncmp(made_by, NOIOMMU_GROUP, strlen(NOIOMMU_GROUP))) {
		iommu->group = -1;
		iommu->translates = PCI_NO;
		return;
	}
	iommu->group = atoi(number);
	first_line(name, "iommu_group/type", iommu->type, sizeof(iommu->type));
	if (!strncmp(iommu->type, "DMA", 3))
		iommu->translates = PCI_YES;
	else if (!strcmp(iommu->type, "identity"))
		iommu->translates = PCI_NO;
	else
		iommu->translates = PCI_HIDDEN;
}

const char *pci_iommu_text(const struct pci_iommu *iommu)
{
	static char texts[4][48];
	static unsigned int next;
	char *text = texts[next++ % 4];

	if (iommu->group < 0)
		return "no IOMMU";
	snprintf(text, sizeof(texts[0]), "group %d, %s", iommu->group,
		 *iommu->type ? iommu->type : "type hidden");
	return text;
}

void pci_group_others(const char *name,
		      void (*fn)(const char *other, void *arg), void *arg)
{
	char *path = pci_path(name, "iommu_group/devices");
	struct dirent *entry;
	DIR *dir = opendir(path);

	free(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (pci_is_name(entry->d_name) && strcmp(entry->d_name, name))
			fn(entry->d_name, arg);
	closedir(dir);
}
