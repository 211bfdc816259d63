// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sys.h"

struct machine machine;

static void bail_out(const char *why)
{
	printf("KTAP version 1\nBail out! %s\n", why);
	exit(1);
}

static void unbind(const char *name)
{
	/* Ports have no part in this, and their driver is no hindrance. */
	if (strtoul(sys_slurp(sys_path("/sys/bus/pci/devices/%s/class", name)),
		    NULL, 16) >> 8 != 0x0604)
		pci_bind(name, NULL);
}

/*
 * Devices of one IOMMU group can only be reached by user space together, so
 * what a kernel driver has of the exporter's group must be let go of.
 */
static void free_group(const char *name)
{
	pci_group_others(name, unbind);
}

/*
 * The sample driver, or what EDU_DRIVER says: edu_legacy, its twin that knows
 * scatterlists only, a module.
 */
static const char *edu_driver(void)
{
	const char *driver = getenv("EDU_DRIVER") ?: "dma_buf_edu";
	int module;

	machine.old_driver = !strcmp(driver, "edu_legacy");
	if (!machine.old_driver)
		return driver;
	module = open("/tmp/edu_legacy.ko", O_RDONLY | O_CLOEXEC);
	if (module < 0 ||
	    (syscall(SYS_finit_module, module, "", 0) && errno != EEXIST))
		bail_out("edu_legacy.ko does not load");
	close(module);
	return driver;
}

void machine_init(void)
{
	if (!pci_find(PCI_IVSHMEM, 0, machine.exporter) ||
	    !pci_find(PCI_EDU, 0, machine.edu_domain) ||
	    !pci_find(PCI_EDU, 1, machine.edu_device))
		bail_out("no ivshmem, or not two edu");

	machine.iommu = pci_group(machine.exporter) >= 0;
	if (machine.iommu) {
		free_group(machine.exporter);
		free_group(machine.edu_domain);
	}
	if (pci_same_root_port(machine.exporter, machine.edu_device) &&
	    pci_translated(machine.edu_device))
		machine.no_device = "bus addresses get through QEMU's switch only where no IOMMU translates";
	else if (!pci_bind(machine.edu_device, edu_driver()))
		machine.no_device = "no driver for edu in this kernel";

	if (!pci_bind(machine.exporter, "vfio-pci") ||
	    !pci_bind(machine.edu_domain, "vfio-pci"))
		bail_out("vfio-pci does not take the devices");
}

void machine_need(const struct importer_ops *ops)
{
	if (ops == &importer_device && machine.no_device)
		skip("%s", machine.no_device);
}

void exporter_open_on(struct exporter *exp, const char *name,
		      unsigned int region, size_t most)
{
	void *map;

	vfio_open(&exp->dev, name, iommufd_open());
	exp->region = region;
	map = vfio_map_bar(&exp->dev, region, &exp->map_len);
	bar_init(&exp->bar, map, exp->map_len < most ? exp->map_len : most);
}

void exporter_close(struct exporter *exp)
{
	munmap(exp->bar.map, exp->map_len);
	exp->bar.map = NULL;
	vfio_close(&exp->dev);
}

void exporter_open(struct exporter *exp)
{
	exporter_open_on(exp, machine.exporter, EXPORTER_BAR, BAR_MOST);
}

int exporter_try(struct exporter *exp, const struct layout *l)
{
	return vfio_export(&exp->dev, exp->region, l->ranges, l->nr);
}

int exporter_export(struct exporter *exp, const struct layout *l)
{
	int fd = exporter_try(exp, l);

	CHECK(fd >= 0, "export of %zu ranges: %s", l->nr, ktap_number(fd));
	return fd;
}
