/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An endpoint on each side and a reliable connection between them, in one
 * process. What fails here fails the test.
 */
#ifndef RDMA_FABRIC_H
#define RDMA_FABRIC_H

#include <infiniband/verbs.h>

#include "net.h"

struct endpoint {
	const struct net_side *side;
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	union ibv_gid gid;
	int gid_index;
};

struct fabric {
	struct endpoint near, far;
};

/* Open both devices and connect them; the end of the process closes them. */
void fabric_open(struct fabric *f);
/* A new connection: one whose request failed carries nothing any more. */
void fabric_connect(struct fabric *f);

#endif
