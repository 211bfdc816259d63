// SPDX-License-Identifier: GPL-2.0
/* All PCI devices, each below the bridge that it hangs on */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "p2p.h"
#include "tree.h"

struct node {
	char name[PCI_NAME];
	struct pci_place place;
};

static struct {
	struct node *nodes;
	size_t nr;
} all;

static void read_all(void)
{
	struct pci_list list;
	size_t i;

	pci_all(&list);
	all.nr = list.nr;
	all.nodes = xcalloc(all.nr + 1, sizeof(*all.nodes));
	for (i = 0; i < all.nr; i++) {
		memcpy(all.nodes[i].name, list.names[i], PCI_NAME);
		pci_where(list.names[i], &all.nodes[i].place);
	}
	free(list.names);
}

/* Is it right below parent, or on the host bridge itself (NULL)? */
static bool hangs_on(const struct node *node, const char *host,
		     const struct node *parent)
{
	if (strcmp(node->place.host, host))
		return false;
	if (!parent)
		return node->place.depth == 1;
	return node->place.depth > 1 &&
	       !strcmp(node->place.up[1], parent->name);
}

static const char *kind_text(const char *name)
{
	unsigned int type = 0;

	if (!pci_is_bridge(name))
		return "";
	switch (pci_port_type(name, &type)) {
	case PCI_HIDDEN:
		return "bridge, its kind is hidden";
	case PCI_NO:
		return "bridge";
	case PCI_YES:
		break;
	}
	switch (type) {
	case PCI_EXP_TYPE_ROOT_PORT:
		return "root port";
	case PCI_EXP_TYPE_UPSTREAM:
		return "upstream port";
	case PCI_EXP_TYPE_DOWNSTREAM:
		return "downstream port";
	default:
		return "bridge";
	}
}

static void node_text(const struct node *node)
{
	const char *kind = kind_text(node->name);
	struct pci_iommu iommu;
	struct pci_acs acs;
	char driver[64], *bars = pci_bars_text(node->name);

	pci_driver(node->name, driver, sizeof(driver));
	pci_read_acs(node->name, &acs);
	pci_read_iommu(node->name, &iommu);
	printf("%s  %s", node->name, pci_id_text(node->name));
	if (*kind)
		printf("  %s", kind);
	if (*kind || acs.has == PCI_YES)
		printf("  %s", pci_acs_text(&acs));
	if (*bars)
		printf("  %s", bars);
	printf("  %s  %s\n", pci_iommu_text(&iommu),
	       *driver ? driver : "no driver");
	free(bars);
}

static void branch_text(const char *host, const struct node *parent,
			const char *indent)
{
	size_t i, last = all.nr;
	char *deeper;

	for (i = 0; i < all.nr; i++)
		if (hangs_on(&all.nodes[i], host, parent))
			last = i;
	for (i = 0; i < all.nr; i++) {
		if (!hangs_on(&all.nodes[i], host, parent))
			continue;
		printf("%s%s", indent, i == last ? "`- " : "|- ");
		node_text(&all.nodes[i]);
		deeper = xprintf("%s%s", indent, i == last ? "   " : "|  ");
		branch_text(host, &all.nodes[i], deeper);
		free(deeper);
	}
}

static void node_json(const struct node *node)
{
	const char *kind = kind_text(node->name);
	struct pci_bar bars[PCI_BARS];
	struct pci_acs acs;
	int i;

	pci_read_acs(node->name, &acs);
	pci_bars(node->name, bars);
	json_object(NULL);
	pci_json_device(node->name);
	json_text("id", pci_id_text(node->name));
	json_text("host", node->place.host);
	json_text("below", node->place.depth > 1 ? node->place.up[1] : NULL);
	json_text("kind", *kind ? kind : "device");
	pci_json_acs(&acs);
	json_array("bars");
	for (i = 0; i < PCI_BARS; i++) {
		if (!bars[i].size || bars[i].io)
			continue;
		json_object(NULL);
		json_number("bar", i);
		json_unsigned("size", bars[i].size);
		json_end();
	}
	json_end();
	json_end();
}

/* The first of all that are on a host bridge stands for it. */
static bool first_on_host(size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(all.nodes[i].place.host, all.nodes[nr].place.host))
			return false;
	return true;
}

static void host_text(const struct pci_place *place)
{
	char why[192];

	p2p_host_bridge(place, true, why, sizeof(why));
	printf("%s  from port to port: %s\n", place->host, why);
	branch_text(place->host, NULL, "");
}

int tree(void)
{
	size_t i;

	read_all();
	if (ctl_json) {
		json_object(NULL);
		json_array("devices");
		for (i = 0; i < all.nr; i++)
			node_json(&all.nodes[i]);
		json_end();
		json_end();
	} else {
		for (i = 0; i < all.nr; i++)
			if (first_on_host(i))
				host_text(&all.nodes[i].place);
	}
	free(all.nodes);
	return CTL_OK;
}
