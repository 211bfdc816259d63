/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two network namespaces joined by a cable, a soft RoCE device in each. There is
 * one per guest; it stays when the program ends.
 */
#ifndef RDMA_NET_H
#define RDMA_NET_H

struct net_side {
	const char *netns;
	const char *netdev;
	const char *rdma;	/* name of the RDMA device */
	const char *address;
};

extern const struct net_side net_near, net_far;

/*
 * Build them unless they are there. Return: NULL, or what this guest lacks. What
 * goes wrong beyond that ends the program.
 */
const char *net_up(void);

/* How many objects of a kind ("mr", "qp"...) a side's device has */
int net_objects(const struct net_side *side, const char *kind);

#endif
