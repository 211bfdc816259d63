// SPDX-License-Identifier: GPL-2.0
/* dmabufctl reach: which device can use which device's memory, one pair or all */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "p2p.h"
#include "table.h"
#include "tree.h"

#define PREDICTED "predicted by the rules of Linux 7.3; the kernel decides when it maps"

/* In words, by p2p_route() */
static const char *route_says(const char *route)
{
	if (!strcmp(route, "bus"))
		return "directly through the bridge above both, by PCI bus addresses";
	if (!strcmp(route, "iova"))
		return "through the host bridge and the IOMMU, by IOVAs";
	if (!strcmp(route, "direct"))
		return "through the host bridge, where no IOMMU translates for the device";
	if (!strcmp(route, "none"))
		return "not at all: a driver that maps it gets EREMOTEIO";
	return "not known: what decides is hidden from this user; run this as root";
}

static void hop_text(const struct p2p *p, const struct p2p_hop *hop)
{
	printf("  %s  %s%s%s\n", hop->name, pci_acs_text(&hop->acs),
	       pci_acs_redirects(&hop->acs) ?
	       ": sends requests up to the host bridge" : "",
	       !strcmp(hop->name, p->common) ? "  (above both)" : "");
}

/* The kernel parameter takes those that redirect, with semicolons between. */
static void redirect_text(const struct p2p *p)
{
	const char *before = "'pci=disable_acs_redir=";
	int i;

	printf("it would be direct, and less isolated, with the kernel parameter ");
	for (i = 0; i < p->nr_hops; i++)
		if (pci_acs_redirects(&p->hops[i].acs)) {
			printf("%s%s", before, p->hops[i].name);
			before = ";";
		}
	puts("'");
}

static bool on_vfio(const char *name)
{
	char driver[64];

	pci_driver(name, driver, sizeof(driver));
	return strstr(driver, "vfio");
}

static void pair_text(const char *a, const char *b, const struct p2p *p)
{
	const char *route = p2p_route(p, b);
	struct pci_iommu iommu;
	char *bars = pci_bars_text(a);
	int i;

	printf("%s to the memory of %s (%s):\n%s: %s\n\non the way:\n", b, a,
	       bars, route, route_says(route));
	for (i = 0; i < p->nr_hops; i++)
		hop_text(p, &p->hops[i]);
	if (!*p->common)
		puts("only the host bridge is above both");
	if (*p->host)
		printf("%s\n", p->host);
	pci_read_iommu(a, &iommu);
	printf("IOMMU: %s %s", a, pci_iommu_text(&iommu));
	pci_read_iommu(b, &iommu);
	printf("; %s %s\n", b, pci_iommu_text(&iommu));
	if (p->redirected && *p->common)
		redirect_text(p);
	if (on_vfio(b))
		printf("%s is given to user space: IOMMUFD maps whatever the route is\n",
		       b);
	puts(PREDICTED);
	free(bars);
}

static void device_json(const char *key, const char *name)
{
	json_object(key);
	pci_json_device(name);
	json_end();
}

static void pair_json(const char *a, const char *b, const struct p2p *p)
{
	int i;

	json_object(NULL);
	json_bool("prediction", true);
	device_json("memory", a);
	device_json("importer", b);
	json_text("route", p2p_route(p, b));
	json_text("common", *p->common ? p->common : NULL);
	if (p->way == P2P_HIDDEN && *p->common && !p->redirected)
		json_text("redirected", NULL);
	else
		json_bool("redirected", p->redirected);
	json_text("host", *p->host ? p->host : NULL);
	json_array("hops");
	for (i = 0; i < p->nr_hops; i++) {
		json_object(NULL);
		json_text("device", p->hops[i].name);
		pci_json_acs(&p->hops[i].acs);
		json_end();
	}
	json_end();
	json_end();
}

static int pair(const char *a, const char *b)
{
	char from[PCI_NAME], to[PCI_NAME];
	struct p2p p;

	pci_name(a, from);
	pci_name(b, to);
	if (!pci_has_memory(from))
		fail(CTL_NOT_FOUND,
		     "'dmabufctl reach' lists those that have",
		     "%s has no memory BAR, so there is nothing to reach",
		     from);
	p2p_predict(from, to, &p);
	if (ctl_json)
		pair_json(from, to, &p);
	else
		pair_text(from, to, &p);
	if (p.way == P2P_HIDDEN)
		return CTL_UNKNOWN;
	return p.way == P2P_NONE ? CTL_NO_ROUTE : CTL_OK;
}

/* All that have memory, bridges aside */
static void devices_with_memory(struct pci_list *list)
{
	size_t kept = 0, i;

	pci_all(list);
	for (i = 0; i < list->nr; i++)
		if (!pci_is_bridge(list->names[i]) &&
		    pci_has_memory(list->names[i]))
			memmove(list->names[kept++], list->names[i], PCI_NAME);
	list->nr = kept;
}

static void matrix_text(const struct pci_list *list)
{
	char (*names)[PCI_NAME] = list->names;
	size_t nr = list->nr;
	struct table t;
	struct p2p p;
	size_t a, b;
	char *bars;

	puts("Can the column's device use the memory of the row's device?\n");
	table_begin(&t, nr + 3);
	table_cell(&t, "%s", "");
	table_cell(&t, "MEMORY OF");
	table_cell(&t, "BARS");
	for (b = 0; b < nr; b++)
		table_cell(&t, "%zu", b + 1);
	for (a = 0; a < nr; a++) {
		bars = pci_bars_text(names[a]);
		table_cell(&t, "%zu", a + 1);
		table_cell(&t, "%s", names[a]);
		table_cell(&t, "%s", bars);
		free(bars);
		for (b = 0; b < nr; b++) {
			p2p_predict(names[a], names[b], &p);
			table_cell(&t, "%s", a == b ? "-" :
				   p2p_route(&p, names[b]));
		}
	}
	table_end(&t);
	puts("\nbus: directly through a bridge; none: no route; hidden: run this as root\n"
	     "iova, direct: through the host bridge, with and without an IOMMU");
	puts(PREDICTED);
}

static void matrix_json(const struct pci_list *list)
{
	char (*names)[PCI_NAME] = list->names;
	size_t nr = list->nr;
	struct p2p p;
	size_t a, b;

	json_object(NULL);
	json_bool("prediction", true);
	json_array("devices");
	for (a = 0; a < nr; a++)
		device_json(NULL, names[a]);
	json_end();
	json_array("pairs");
	for (a = 0; a < nr; a++)
		for (b = 0; b < nr; b++) {
			if (a == b)
				continue;
			p2p_predict(names[a], names[b], &p);
			json_object(NULL);
			json_text("memory", names[a]);
			json_text("importer", names[b]);
			json_text("route", p2p_route(&p, names[b]));
			json_end();
		}
	json_end();
	json_end();
}

static int matrix(void)
{
	struct pci_list list;

	devices_with_memory(&list);
	if (ctl_json)
		matrix_json(&list);
	else if (list.nr)
		matrix_text(&list);
	else
		puts("no PCI device here has a memory BAR");
	free(list.names);
	return CTL_OK;
}

int cmd_reach(int argc, char **argv)
{
	static const struct option options[] = {
		{ "tree", no_argument, NULL, 't' },
		{ "sysroot", required_argument, NULL, 's' },
		{}
	};
	bool want_tree = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't':
			want_tree = true;
			break;
		case 's':
			pci_root = optarg;
			break;
		default:
			fail_option();
		}
	}
	if (want_tree && optind == argc)
		return tree();
	if (optind == argc)
		return matrix();
	if (want_tree || optind + 2 != argc)
		fail(CTL_USAGE, "dmabufctl reach [--tree], or dmabufctl reach MEMORY-OF IMPORTER",
		     "reach takes two devices, or none");
	return pair(argv[optind], argv[optind + 1]);
}
