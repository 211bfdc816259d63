// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "p2p.h"

static void add_hop(struct p2p *p, const char *name)
{
	struct p2p_hop *hop = &p->hops[p->nr_hops++];

	snprintf(hop->name, sizeof(hop->name), "%s", name);
	pci_read_acs(name, &hop->acs);
	p->redirected |= pci_acs_redirects(&hop->acs);
}

/* Index of the lowest bridge of a that is above b, too, or is b; -1: none */
static int find_common(const struct pci_place *a, const struct pci_place *b,
		       int *in_b)
{
	int i, j;

	for (i = 0; i < a->depth; i++)
		for (j = 0; j < b->depth; j++)
			if (!strcmp(a->up[i], b->up[j])) {
				*in_b = j;
				return i;
			}
	return -1;
}

/*
 * Each on the way counts, the devices themselves and the common bridge, too:
 * whichever redirects makes all of it go up to the host bridge.
 */
static void add_hops(struct p2p *p, const struct pci_place *a,
		     const struct pci_place *b)
{
	int in_a, in_b = b->depth - 1, i;

	in_a = find_common(a, b, &in_b);
	if (in_a >= 0)
		snprintf(p->common, sizeof(p->common), "%s", a->up[in_a]);
	for (i = 0; i < (in_a < 0 ? a->depth : in_a + 1); i++)
		add_hop(p, a->up[i]);
	for (i = in_a < 0 ? in_b : in_b - 1; i >= 0; i--)
		add_hop(p, b->up[i]);
}

static bool acs_hidden(const struct p2p *p)
{
	int i;

	for (i = 0; i < p->nr_hops; i++)
		if (p->hops[i].acs.has == PCI_HIDDEN)
			return true;
	return false;
}

/* Both host bridges, if there are two */
static enum pci_answer through_host(struct p2p *p, const struct pci_place *a,
				    const struct pci_place *b)
{
	bool same = !strcmp(a->host, b->host);
	enum pci_answer one, other;
	char why[sizeof(p->host)];

	one = p2p_host_bridge(a, same, p->host, sizeof(p->host));
	if (same || one != PCI_YES)
		return one;
	other = p2p_host_bridge(b, same, why, sizeof(why));
	if (other != PCI_YES)
		memcpy(p->host, why, sizeof(why));
	return other;
}

void p2p_predict(const char *a, const char *b, struct p2p *p)
{
	struct pci_place from, to;
	enum pci_answer host;

	memset(p, 0, sizeof(*p));
	pci_where(a, &from);
	pci_where(b, &to);
	add_hops(p, &from, &to);

	if (*p->common && !p->redirected && !acs_hidden(p)) {
		p->way = P2P_BUS;
		return;
	}
	host = through_host(p, &from, &to);
	if (*p->common && !p->redirected)
		p->way = P2P_HIDDEN;
	else
		p->way = host == PCI_YES ? P2P_HOST :
			 host == PCI_NO ? P2P_NONE : P2P_HIDDEN;
}

const char *p2p_route(const struct p2p *p, const char *b)
{
	struct pci_iommu iommu;

	switch (p->way) {
	case P2P_BUS:
		return "bus";
	case P2P_NONE:
		return "none";
	case P2P_HIDDEN:
		return "hidden";
	case P2P_HOST:
		break;
	}
	pci_read_iommu(b, &iommu);
	return iommu.translates == PCI_YES ? "iova" :
	       iommu.translates == PCI_NO ? "direct" : "hidden";
}
