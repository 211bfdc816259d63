// SPDX-License-Identifier: GPL-2.0
/*
 * Which host bridges let one device's requests through to another: those of AMD's
 * CPUs since Zen, and those that the kernel has a list of. Hardware does not say;
 * this is Linux 7.3's list. An Intel host is known by the first device on its root
 * bus, which is a host bridge at 00.0 or a root port.
 */
#include <dirent.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "p2p.h"

#define AMD_ZEN		0x17
#define VENDOR_INTEL	0x8086
#define VENDOR_GOOGLE	0x1ae0
#define VENDOR_NVIDIA	0x10de

static const struct known_host {
	u16 vendor;
	u16 first, last;
	bool same_only;		/* not from one host bridge to another */
} known_hosts[] = {
	/* Xeon E5, E7 v3 and Core i7 of their time */
	{ VENDOR_INTEL, 0x2f00, 0x2f01, true },
	{ VENDOR_INTEL, 0x3c00, 0x3c01, true },
	/* Skylake-E and what came after it */
	{ VENDOR_INTEL, 0x09a2, 0x09a2, false },
	{ VENDOR_INTEL, 0x2020, 0x2020, false },
	{ VENDOR_INTEL, 0x2030, 0x2033, false },
	/* Its accelerators, where they are the first on their bus */
	{ VENDOR_INTEL, 0x0b25, 0x0b25, false },
	{ VENDOR_INTEL, 0x0cfe, 0x0cfe, false },
	{ VENDOR_INTEL, 0x11fb, 0x11fb, false },
	{ VENDOR_INTEL, 0x1212, 0x1212, false },
	{ VENDOR_INTEL, 0x1216, 0x1216, false },
	{ VENDOR_INTEL, 0x4940, 0x4940, false },
	{ VENDOR_INTEL, 0x4942, 0x4942, false },
	{ VENDOR_INTEL, 0x4944, 0x4944, false },
	{ VENDOR_INTEL, 0x4946, 0x4946, false },
	{ VENDOR_INTEL, 0x4948, 0x4948, false },
	{ VENDOR_GOOGLE, 0x0000, 0xffff, false },
	{ VENDOR_NVIDIA, 0x2f95, 0x2f98, false },
};

/* Value of "key : value" in the first processor's part of cpuinfo */
static void cpuinfo(const char *text, const char *key, char *value, size_t size)
{
	const char *at = text;
	size_t len = strlen(key);

	*value = 0;
	while (at && *at) {
		if (!strncmp(at, key, len) && strchr("\t :", at[len])) {
			at += strcspn(at, ":\n");
			at += strspn(at, ": ");
			snprintf(value, size, "%.*s", (int)strcspn(at, "\n"),
				 at);
			return;
		}
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
}

static bool cpu_lets_through(char *why, size_t size)
{
	static char vendor[32], family[16];
	static bool read;
	char *path, *text;
	bool zen;

	if (!read) {
		path = xprintf("%s/proc/cpuinfo", pci_root);
		text = read_file(path);
		cpuinfo(text, "vendor_id", vendor, sizeof(vendor));
		cpuinfo(text, "cpu family", family, sizeof(family));
		free(text);
		free(path);
		read = true;
	}
	zen = !strcmp(vendor, "AuthenticAMD") && atoi(family) >= AMD_ZEN;
	if (zen)
		snprintf(why, size, "an AMD CPU of family %s, Zen or newer, lets it through",
			 family);
	return zen;
}

/* A root bus, and what stands for its host bridge if that is PCI_YES */
struct root_bus {
	char host[32];
	char first[PCI_NAME];
	enum pci_answer answer;
};

static void find_first(struct root_bus *root)
{
	struct pci_place place;
	struct pci_list all;
	unsigned int type;
	size_t i;

	pci_all(&all);
	for (i = 0; i < all.nr && !*root->first; i++) {
		pci_where(all.names[i], &place);
		if (place.depth == 1 && !strcmp(place.host, root->host))
			memcpy(root->first, all.names[i], PCI_NAME);
	}
	free(all.names);
	if (!*root->first) {
		root->answer = PCI_NO;
	} else if (!strcmp(strrchr(root->first, ':'), ":00.0")) {
		root->answer = PCI_YES;
	} else {
		root->answer = pci_port_type(root->first, &type);
		if (root->answer == PCI_YES && type != PCI_EXP_TYPE_ROOT_PORT)
			root->answer = PCI_NO;
	}
}

/* Kept, as a table of all devices asks for each pair. */
static const struct root_bus *root_bus_of(const struct pci_place *place)
{
	static struct root_bus *known;
	static size_t nr;
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(known[i].host, place->host))
			return &known[i];
	known = xgrow(known, nr, sizeof(*known));
	memset(&known[nr], 0, sizeof(known[nr]));
	memcpy(known[nr].host, place->host, sizeof(known[nr].host));
	find_first(&known[nr]);
	return &known[nr++];
}

static const struct known_host *find_host(u16 vendor, u16 device)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_hosts); i++)
		if (known_hosts[i].vendor == vendor &&
		    known_hosts[i].first <= device &&
		    device <= known_hosts[i].last)
			return &known_hosts[i];
	return NULL;
}

enum pci_answer p2p_host_bridge(const struct pci_place *place, bool same,
				char *why, size_t size)
{
	const struct known_host *host;
	const struct root_bus *root;
	const char *first;

	if (cpu_lets_through(why, size))
		return PCI_YES;
	root = root_bus_of(place);
	if (root->answer != PCI_YES) {
		snprintf(why, size, root->answer == PCI_NO ?
			 "nothing tells what kind of host bridge %s has" :
			 "this user cannot see what kind of host bridge %s has",
			 place->host);
		return root->answer;
	}
	first = root->first;
	host = find_host(pci_hex(first, "vendor"), pci_hex(first, "device"));
	if (host && (same || !host->same_only)) {
		snprintf(why, size,
			 "host bridge %s (%s) is on the kernel's list: it lets it through",
			 first, pci_id_text(first));
		return PCI_YES;
	}
	snprintf(why, size, host ?
		 "host bridge %s (%s) lets it through only between its own ports" :
		 "host bridge %s (%s) is not on the kernel's list, nor is the CPU a Zen",
		 first, pci_id_text(first));
	return PCI_NO;
}
