// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "ktap.h"
#include "sys.h"
#include "work.h"

/* Until a request counts as lost: longer than all its retries */
#define WAIT_MS		30000

/* Polls without a pause: what is on its way is mostly there by then. */
#define POLLS		200

/* libibverbs 44 takes this one by its newer calls only. */
static void post_atomic_write(const struct work *w)
{
	struct ibv_qp_ex *qp = ibv_qp_to_qp_ex(w->by->qp);

	ibv_wr_start(qp);
	qp->wr_flags = IBV_SEND_SIGNALED;
	ibv_wr_atomic_write(qp, w->remote->rkey, w->remote->iova + w->remote_at,
			    &w->operand);
	CHECK_EQ(ibv_wr_complete(qp), 0);
}

void work_post(const struct work *w)
{
	struct ibv_sge sge = {
		.addr = w->local->iova + w->at,
		.length = w->len,
		.lkey = w->local->lkey,
	};
	struct ibv_send_wr *bad, wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = w->opcode,
		.send_flags = IBV_SEND_SIGNALED,
	};
	uint64_t remote_addr = w->remote ? w->remote->iova + w->remote_at : 0;

	switch (w->opcode) {
	case IBV_WR_ATOMIC_WRITE:
		post_atomic_write(w);
		return;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		wr.wr.atomic.remote_addr = remote_addr;
		wr.wr.atomic.rkey = w->remote->rkey;
		wr.wr.atomic.compare_add =
			w->opcode == IBV_WR_ATOMIC_CMP_AND_SWP ? w->compare :
								 w->operand;
		wr.wr.atomic.swap = w->operand;
		break;
	case IBV_WR_SEND:
		break;
	default:
		wr.wr.rdma.remote_addr = remote_addr;
		wr.wr.rdma.rkey = w->remote->rkey;
		break;
	}
	CHECK_EQ(ibv_post_send(w->by->qp, &wr, &bad), 0);
}

struct ibv_wc work_wait(struct endpoint *e)
{
	uint64_t deadline = now_ms() + WAIT_MS;
	struct ibv_wc wc;
	unsigned int polls = 0;
	int n;

	while (!(n = ibv_poll_cq(e->cq, 1, &wc))) {
		if (++polls < POLLS)
			continue;
		CHECK(now_ms() < deadline, "%s: nothing completes",
		      e->side->rdma);
		usleep(100);
	}
	CHECK(n > 0, "%s: cannot poll", e->side->rdma);
	return wc;
}

enum ibv_wc_status work_do(const struct work *w)
{
	work_post(w);
	return work_wait(w->by).status;
}

void work_receive(struct endpoint *e, const struct region *r, uint64_t at,
		  uint32_t len)
{
	struct ibv_sge sge = {
		.addr = r->iova + at,
		.length = len,
		.lkey = r->lkey,
	};
	struct ibv_recv_wr *bad, wr = { .sg_list = &sge, .num_sge = 1 };

	CHECK_EQ(ibv_post_recv(e->qp, &wr, &bad), 0);
}

enum ibv_wc_status work_write(const struct region *from, uint64_t from_at,
			      const struct region *to, uint64_t to_at,
			      uint32_t len)
{
	return work_do(&(struct work) {
		.by = from->endpoint,
		.opcode = IBV_WR_RDMA_WRITE,
		.local = from,
		.at = from_at,
		.remote = to,
		.remote_at = to_at,
		.len = len,
	});
}

enum ibv_wc_status work_read(const struct region *to, uint64_t to_at,
			     const struct region *from, uint64_t from_at,
			     uint32_t len)
{
	return work_do(&(struct work) {
		.by = to->endpoint,
		.opcode = IBV_WR_RDMA_READ,
		.local = to,
		.at = to_at,
		.remote = from,
		.remote_at = from_at,
		.len = len,
	});
}
