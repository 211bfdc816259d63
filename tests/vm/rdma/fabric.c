// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <string.h>

#include "fabric.h"
#include "ktap.h"
#include "sys.h"

#define DEPTH		64
#define SGES		4

/*
 * 4.096 us * 2^20: 4.3 s until a packet counts as lost. The cable loses none, and
 * an emulated CPU is slow: when rxe sends again what is only late, it drops an
 * error that is answered meanwhile, and the request never completes.
 */
#define ACK_TIMEOUT	20
#define RETRIES		7
#define RNR_FOR_EVER	7
#define RNR_TIMER	1	/* 10 us */

/* The kernel fills the table when the address has come up. */
static int find_gid(struct endpoint *e)
{
	uint64_t deadline = now_ms() + 10000;
	union ibv_gid gid = { 0 };
	int i;

	gid.raw[10] = gid.raw[11] = 0xff;
	inet_pton(AF_INET, e->side->address, &gid.raw[12]);
	for (;;) {
		for (i = 0; !ibv_query_gid(e->context, 1, i, &e->gid); i++)
			if (!memcmp(&e->gid, &gid, sizeof(gid)))
				return i;
		CHECK(now_ms() < deadline, "%s has no GID", e->side->rdma);
		sleep_ms(10);
	}
}

static struct ibv_context *open_device(const char *name)
{
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int i;

	list = ibv_get_device_list(NULL);
	CHECK(list, "no list of devices: %m");
	for (i = 0; list[i]; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			context = ibv_open_device(list[i]);
	CHECK(context, "%s does not open: %m", name);
	ibv_free_device_list(list);
	return context;
}

static void endpoint_open(struct endpoint *e, const struct net_side *side)
{
	memset(e, 0, sizeof(*e));
	e->side = side;
	e->context = open_device(side->rdma);
	e->pd = ibv_alloc_pd(e->context);
	e->cq = ibv_create_cq(e->context, 4 * DEPTH, NULL, NULL, 0);
	CHECK(e->pd && e->cq, "%s: %m", side->rdma);
	e->gid_index = find_gid(e);
}

static void make_qp(struct endpoint *e)
{
	struct ibv_qp_init_attr_ex init = {
		.comp_mask = IBV_QP_INIT_ATTR_PD |
			     IBV_QP_INIT_ATTR_SEND_OPS_FLAGS,
		.send_ops_flags = IBV_QP_EX_WITH_ATOMIC_WRITE,
		.pd = e->pd,
		.send_cq = e->cq,
		.recv_cq = e->cq,
		.cap = {
			.max_send_wr = DEPTH,
			.max_recv_wr = DEPTH,
			.max_send_sge = SGES,
			.max_recv_sge = SGES,
		},
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = IBV_ACCESS_REMOTE_READ |
				   IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_REMOTE_ATOMIC,
	};

	e->qp = ibv_create_qp_ex(e->context, &init);
	CHECK(e->qp, "%s: no QP: %m", e->side->rdma);
	CHECK_EQ(ibv_modify_qp(e->qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX |
			       IBV_QP_PORT | IBV_QP_ACCESS_FLAGS), 0);
}

static void connect_qp(struct endpoint *e, const struct endpoint *peer)
{
	struct ibv_port_attr port;
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.dest_qp_num = peer->qp->qp_num,
		.max_dest_rd_atomic = 16,
		.min_rnr_timer = RNR_TIMER,
		.ah_attr = {
			.is_global = 1,
			.grh.dgid = peer->gid,
			.grh.sgid_index = e->gid_index,
			.grh.hop_limit = 64,
			.port_num = 1,
		},
	};

	CHECK_EQ(ibv_query_port(e->context, 1, &port), 0);
	attr.path_mtu = port.active_mtu;
	CHECK_EQ(ibv_modify_qp(e->qp, &attr, IBV_QP_STATE | IBV_QP_AV |
			       IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
			       IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			       IBV_QP_MIN_RNR_TIMER), 0);
	attr = (struct ibv_qp_attr) {
		.qp_state = IBV_QPS_RTS,
		.timeout = ACK_TIMEOUT,
		.retry_cnt = RETRIES,
		.rnr_retry = RNR_FOR_EVER,
		.max_rd_atomic = 16,
	};
	CHECK_EQ(ibv_modify_qp(e->qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT |
			       IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
			       IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC), 0);
}

static void drop_qp(struct endpoint *e)
{
	struct ibv_wc wc;

	if (!e->qp)
		return;
	CHECK_EQ(ibv_destroy_qp(e->qp), 0);
	e->qp = NULL;
	/* What the old one had under way is nobody's any more. */
	while (ibv_poll_cq(e->cq, 1, &wc) > 0)
		;
}

void fabric_connect(struct fabric *f)
{
	drop_qp(&f->near);
	drop_qp(&f->far);
	make_qp(&f->near);
	make_qp(&f->far);
	connect_qp(&f->near, &f->far);
	connect_qp(&f->far, &f->near);
}

void fabric_open(struct fabric *f)
{
	endpoint_open(&f->near, &net_near);
	endpoint_open(&f->far, &net_far);
	fabric_connect(f);
}
