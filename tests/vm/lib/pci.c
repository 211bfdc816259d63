// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "pci.h"
#include "sys.h"

#define DEVICES	"/sys/bus/pci/devices"

static unsigned long sysfs_hex(const char *name, const char *attr)
{
	char text[32];

	sys_read(sys_path(DEVICES "/%s/%s", name, attr), text, sizeof(text));
	return strtoul(text, NULL, 16);
}

bool pci_find(uint32_t id, unsigned int nth, char name[PCI_NAME_LEN])
{
	struct dirent **entries;
	bool found = false;
	int n, i;

	n = scandir(DEVICES, &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		const char *entry = entries[i]->d_name;

		if (!found && strlen(entry) < PCI_NAME_LEN &&
		    sysfs_hex(entry, "vendor") == id >> 16 &&
		    sysfs_hex(entry, "device") == (id & 0xffff) && !nth--) {
			strcpy(name, entry);
			found = true;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

bool pci_bind(const char *name, const char *driver)
{
	char link[512] = "";

	if (readlink(sys_path(DEVICES "/%s/driver", name), link,
		     sizeof(link) - 1) > 0) {
		if (driver && !strcmp(strrchr(link, '/') + 1, driver))
			return true;
		sys_write(sys_path(DEVICES "/%s/driver/unbind", name), name);
	}
	sys_write(sys_path(DEVICES "/%s/driver_override", name), driver ?: "\n");
	if (!driver)
		return true;
	sys_write("/sys/bus/pci/drivers_probe", name);
	return sys_exists(sys_path(DEVICES "/%s/driver", name));
}

int pci_group(const char *name)
{
	char link[512] = "", made_by[32];

	sys_read(sys_path(DEVICES "/%s/iommu_group/name", name), made_by,
		 sizeof(made_by));
	if (!strncmp(made_by, "vfio-noiommu", 12))
		return -1;
	if (readlink(sys_path(DEVICES "/%s/iommu_group", name), link,
		     sizeof(link) - 1) < 0)
		return -1;
	return atoi(strrchr(link, '/') + 1);
}

void pci_group_others(const char *name, void (*fn)(const char *other))
{
	struct dirent **entries;
	int n, i;

	n = scandir(sys_path(DEVICES "/%s/iommu_group/devices", name), &entries,
		    NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' &&
		    strcmp(entries[i]->d_name, name))
			fn(entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* IORESOURCE_IO, which is no user interface but has never changed */
#define FLAG_IO	0x100

static uint64_t bar_resource(const char *name, unsigned int nr, uint64_t *start,
			     bool *io)
{
	unsigned long long first = 0, last = 0, flags;
	char text[2048], *line;

	sys_read(sys_path(DEVICES "/%s/resource", name), text, sizeof(text));
	line = text;
	while (nr-- && line)
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (!line || sscanf(line, "%llx %llx %llx", &first, &last, &flags) != 3 ||
	    !last)
		return 0;
	*start = first;
	*io = flags & FLAG_IO;
	return last - first + 1;
}

uint64_t pci_bar(const char *name, unsigned int nr, uint64_t *start)
{
	bool io;

	return bar_resource(name, nr, start, &io);
}

bool pci_bar_is_io(const char *name, unsigned int nr)
{
	uint64_t start;
	bool io;

	return bar_resource(name, nr, &start, &io) && io;
}

bool pci_same_root_port(const char *one, const char *other)
{
	char a[PATH_MAX], b[PATH_MAX];
	size_t len;

	if (!realpath(sys_path(DEVICES "/%s", one), a) ||
	    !realpath(sys_path(DEVICES "/%s", other), b))
		return false;
	/* /sys/devices/pci0000:00/0000:00:01.0/... */
	len = strlen("/sys/devices/pci0000:00/0000:00:01.0/");
	return strlen(a) > len && !strncmp(a, b, len);
}

bool pci_translated(const char *name)
{
	char type[32];

	if (pci_group(name) < 0)
		return false;
	sys_read(sys_path(DEVICES "/%s/iommu_group/type", name), type,
		 sizeof(type));
	return strncmp(type, "identity", 8);
}
