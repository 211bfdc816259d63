/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Can a device reach another one's BARs? This predicts what the kernel decides,
 * by the rules of drivers/pci/p2pdma.c and of drivers/dma-buf/dma-buf-phys-device.c.
 */
#ifndef P2P_H
#define P2P_H

#include "pci.h"
#include "types.h"

enum p2p_way {
	P2P_BUS,	/* a bridge below the host bridge connects them */
	P2P_HOST,	/* through the host bridge, which lets that through */
	P2P_NONE,	/* the host bridge is not known to let that through */
	P2P_HIDDEN,	/* what decides is hidden from this user */
};

struct p2p_hop {
	char name[PCI_NAME];
	struct pci_acs acs;
};

struct p2p {
	enum p2p_way way;
	char common[PCI_NAME];		/* lowest bridge above both, "" if none */
	bool redirected;		/* ... but some hop sends requests up */
	struct p2p_hop hops[2 * PCI_DEPTH];
	int nr_hops;			/* from a up to the common one, then down to b */
	char host[192];			/* what was found of host bridge and CPU, or "" */
};

/* Device b uses memory of device a. */
void p2p_predict(const char *a, const char *b, struct p2p *p);

/* How the core will map it: "bus", "iova", "direct", "none" or "hidden" */
const char *p2p_route(const struct p2p *p, const char *b);

/* May the host bridge of a device route between ports? Says why, too. */
enum pci_answer p2p_host_bridge(const struct pci_place *place, bool same,
				char *why, size_t size);

#endif /* P2P_H */
