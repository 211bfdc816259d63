/* SPDX-License-Identifier: GPL-2.0 */
/* PCI devices in sysfs: finding them, and which driver has them */
#ifndef VM_PCI_H
#define VM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_NAME_LEN	16

#define PCI_IVSHMEM	0x1af41110
#define PCI_EDU		0x123411e8
#define PCI_NVME	0x1b360010

/* The nth device with this vendor:device, in the order of addresses */
bool pci_find(uint32_t id, unsigned int nth, char name[PCI_NAME_LEN]);

/* Give it to a driver, or to none (NULL). Return: false if it does not bind. */
bool pci_bind(const char *name, const char *driver);

/*
 * IOMMU group, -1 without an IOMMU: the group that VFIO then makes up for a
 * device does not count.
 */
int pci_group(const char *name);
/* Call fn for all the others in its group. */
void pci_group_others(const char *name, void (*fn)(const char *other));

/* Are both below one root port, so that a switch connects them? */
bool pci_same_root_port(const char *one, const char *other);

/* Does an IOMMU translate what the device's driver maps? */
bool pci_translated(const char *name);

/* Where BAR nr lies, as only root may know. Return: its length. */
uint64_t pci_bar(const char *name, unsigned int nr, uint64_t *start);
/* Is it for port I/O? */
bool pci_bar_is_io(const char *name, unsigned int nr);

#endif
