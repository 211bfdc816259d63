/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI devices as sysfs shows them. Some of config space is hidden from users who
 * are not root; what depends on it is then "hidden", and never guessed.
 */
#ifndef PCI_H
#define PCI_H

#include "types.h"

#define PCI_NAME	20
#define PCI_DEPTH	32
#define PCI_BARS	6

/* Look at a copy of another machine's /sys and /proc; "" by default. */
extern const char *pci_root;

/*
 * 0000:01:02.3 or 01:02.3 as the name that sysfs has for it. Fails if that is no
 * PCI address, or if there is no such device.
 */
void pci_name(const char *text, char name[PCI_NAME]);
bool pci_is_name(const char *text);
bool pci_exists(const char *name);

/* The names of all devices, in order; names are to be freed. */
struct pci_list {
	size_t nr;
	char (*names)[PCI_NAME];
};

void pci_all(struct pci_list *list);

/* A file of the device in sysfs; to be freed. */
char *pci_path(const char *name, const char *file);
u32 pci_hex(const char *name, const char *file);
/* vendor:device; static */
const char *pci_id_text(const char *name);
/* "" without one */
void pci_driver(const char *name, char *driver, size_t size);
bool pci_is_bridge(const char *name);

/* Where a device is: itself first, then each bridge up to the root bus */
struct pci_place {
	char host[32];			/* such as pci0000:00 */
	char up[PCI_DEPTH][PCI_NAME];
	int depth;
};

void pci_where(const char *name, struct pci_place *place);

enum pci_answer { PCI_NO, PCI_YES, PCI_HIDDEN };

/* A PCIe capability's type of port (PCI_EXP_TYPE_*); *type is set if PCI_YES */
enum pci_answer pci_port_type(const char *name, unsigned int *type);

struct pci_acs {
	enum pci_answer has;
	u16 cap;			/* if PCI_YES */
	u16 ctrl;
};

void pci_read_acs(const char *name, struct pci_acs *acs);
/* Does it send up what could go straight to a sibling? */
bool pci_acs_redirects(const struct pci_acs *acs);
/* "SV+ RR- CR- ...", "no ACS" or "ACS hidden"; static */
const char *pci_acs_text(const struct pci_acs *acs);

struct pci_bar {
	u64 size;			/* 0: there is none */
	bool io;
};

void pci_bars(const char *name, struct pci_bar bars[PCI_BARS]);
bool pci_has_memory(const char *name);
/* "BAR0 4K, BAR2 16M", "" without memory BARs; to be freed */
char *pci_bars_text(const char *name);

/* What the IOMMU does for drivers of the device */
struct pci_iommu {
	int group;			/* -1: there is no IOMMU in front */
	char type[16];			/* of the group's default domain, "" if unknown */
	enum pci_answer translates;
};

void pci_read_iommu(const char *name, struct pci_iommu *iommu);
/* "group 3, DMA", "no IOMMU"; static */
const char *pci_iommu_text(const struct pci_iommu *iommu);
/* Call fn for each other device in the group. */
void pci_group_others(const char *name,
		      void (*fn)(const char *other, void *arg), void *arg);

/* As members of an object: name, driver and IOMMU of a device; its ACS */
void pci_json_device(const char *name);
void pci_json_acs(const struct pci_acs *acs);

#endif /* PCI_H */
