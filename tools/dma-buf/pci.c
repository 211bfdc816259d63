// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "pci.h"

/* Flags in sysfs's 'resource', as they have always been */
#define FLAG_IO		0x100

#define CLASS_BRIDGE	0x06

const char *pci_root = "";

/* dddd:bb:dd.f; domains may have more digits than four. */
bool pci_is_name(const char *text)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t domain = strspn(text, digits);
	unsigned int bus, slot, fn;
	int end = 0;

	return domain >= 4 && domain <= 8 &&
	       strspn(text + domain, ":.0123456789abcdefABCDEF") == 8 &&
	       sscanf(text + domain, ":%2x:%2x.%1x%n", &bus, &slot, &fn,
		      &end) == 3 && end == 8 && !text[domain + end] &&
	       slot < 32 && fn < 8;
}

void pci_name(const char *text, char name[PCI_NAME])
{
	char *whole = xprintf("0000:%s", text);
	size_t i;

	if (!pci_is_name(text) && !pci_is_name(whole))
		fail(CTL_USAGE, "such as 0000:01:00.0, or 01:00.0",
		     "'%s' is not a PCI address", text);
	snprintf(name, PCI_NAME, "%s", pci_is_name(text) ? text : whole);
	free(whole);
	for (i = 0; name[i]; i++)
		name[i] = tolower((unsigned char)name[i]);
	if (!pci_exists(name))
		fail(CTL_NOT_FOUND, "'dmabufctl reach --tree' shows all that there are",
		     "there is no PCI device %s", name);
}

char *pci_path(const char *name, const char *file)
{
	return xprintf("%s/sys/bus/pci/devices/%s%s%s", pci_root, name,
		       *file ? "/" : "", file);
}

bool pci_exists(const char *name)
{
	char *path;
	bool is;

	if (!pci_is_name(name))
		return false;
	path = pci_path(name, "");
	is = !access(path, F_OK);
	free(path);
	return is;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

void pci_all(struct pci_list *list)
{
	char *path = xprintf("%s/sys/bus/pci/devices", pci_root);
	struct dirent *entry;
	DIR *dir;

	list->names = NULL;
	list->nr = 0;
	dir = opendir(path);
	if (!dir)
		fail(denied_or(CTL_NOT_FOUND), NULL, "there is no PCI: %s: %s",
		     path, strerror(errno));
	free(path);
	while ((entry = readdir(dir))) {
		if (!pci_is_name(entry->d_name))
			continue;
		list->names = xgrow(list->names, list->nr, PCI_NAME);
		snprintf(list->names[list->nr++], PCI_NAME, "%.*s",
			 PCI_NAME - 1, entry->d_name);
	}
	closedir(dir);
	if (list->nr)
		qsort(list->names, list->nr, PCI_NAME, by_name);
}

u32 pci_hex(const char *name, const char *file)
{
	char *path = pci_path(name, file);
	char *text = read_file(path);
	u32 value = text ? strtoul(text, NULL, 16) : 0;

	free(text);
	free(path);
	return value;
}

const char *pci_id_text(const char *name)
{
	static char texts[2][16];
	static unsigned int next;
	char *text = texts[next++ % 2];

	snprintf(text, sizeof(texts[0]), "%04x:%04x",
		 pci_hex(name, "vendor") & 0xffff,
		 pci_hex(name, "device") & 0xffff);
	return text;
}

void pci_driver(const char *name, char *driver, size_t size)
{
	char *path = pci_path(name, "driver");

	link_name(path, driver, size);
	free(path);
}

bool pci_is_bridge(const char *name)
{
	return pci_hex(name, "class") >> 16 == CLASS_BRIDGE;
}

/*
 * The path of a device in sysfs names each bridge above it. A host bridge may be
 * below a PCI device, too: what is above the last one is another world.
 */
void pci_where(const char *name, struct pci_place *place)
{
	char *path = pci_path(name, "");
	char *real = realpath(path, NULL);
	char *part, *save = NULL;
	unsigned int domain, bus;
	int i;

	memset(place, 0, sizeof(*place));
	free(path);
	if (!real)
		fail(denied_or(CTL_NOT_FOUND), NULL,
		     "cannot find where %s is: %s", name, strerror(errno));
	for (part = strtok_r(real, "/", &save); part;
	     part = strtok_r(NULL, "/", &save)) {
		if (sscanf(part, "pci%8x:%2x", &domain, &bus) == 2) {
			snprintf(place->host, sizeof(place->host), "%s", part);
			place->depth = 0;
		} else if (pci_is_name(part) && place->depth < PCI_DEPTH) {
			snprintf(place->up[place->depth++], PCI_NAME, "%s",
				 part);
		}
	}
	free(real);
	/* From the device up */
	for (i = 0; i < place->depth / 2; i++) {
		char copy[PCI_NAME];

		memcpy(copy, place->up[i], PCI_NAME);
		memcpy(place->up[i], place->up[place->depth - 1 - i], PCI_NAME);
		memcpy(place->up[place->depth - 1 - i], copy, PCI_NAME);
	}
}

void pci_bars(const char *name, struct pci_bar bars[PCI_BARS])
{
	unsigned long long start, last, flags;
	char *path = pci_path(name, "resource");
	char *text = read_file(path), *line = text;
	int i;

	memset(bars, 0, PCI_BARS * sizeof(*bars));
	for (i = 0; i < PCI_BARS && line; i++) {
		if (sscanf(line, "%llx %llx %llx", &start, &last, &flags) != 3)
			break;
		bars[i].size = last ? last - start + 1 : 0;
		bars[i].io = flags & FLAG_IO;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	free(text);
	free(path);
}

bool pci_has_memory(const char *name)
{
	struct pci_bar bars[PCI_BARS];
	int i;

	pci_bars(name, bars);
	for (i = 0; i < PCI_BARS; i++)
		if (bars[i].size && !bars[i].io)
			return true;
	return false;
}

char *pci_bars_text(const char *name)
{
	char *text = xprintf("%s", "");
	struct pci_bar bars[PCI_BARS];
	int i;

	pci_bars(name, bars);
	for (i = 0; i < PCI_BARS; i++)
		if (bars[i].size && !bars[i].io)
			xappend(&text, "BAR%d %s", i, size_text(bars[i].size));
	return text;
}
