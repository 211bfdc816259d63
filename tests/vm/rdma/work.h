/* SPDX-License-Identifier: GPL-2.0 */
/* Work requests: posted, and waited for */
#ifndef RDMA_WORK_H
#define RDMA_WORK_H

#include "region.h"

/**
 * struct work - one request
 * @by: who posts it
 * @opcode: what it is
 * @local: the poster's region
 * @at: offset in it
 * @remote: the region of the other; NULL for a send
 * @remote_at: offset in it
 * @len: bytes
 * @compare, @operand: of an atomic
 */
struct work {
	struct endpoint *by;
	enum ibv_wr_opcode opcode;
	const struct region *local;
	uint64_t at;
	const struct region *remote;
	uint64_t remote_at;
	uint32_t len;
	uint64_t compare, operand;
};

/* Fails the test if it cannot be posted. */
void work_post(const struct work *w);
/* The next completion of this endpoint; fails the test if none comes. */
struct ibv_wc work_wait(struct endpoint *e);
/* Both. Return: its status. */
enum ibv_wc_status work_do(const struct work *w);

/* Room for one message */
void work_receive(struct endpoint *e, const struct region *r, uint64_t at,
		  uint32_t len);

/* near's memory to far's region, and back */
enum ibv_wc_status work_write(const struct region *from, uint64_t from_at,
			      const struct region *to, uint64_t to_at,
			      uint32_t len);
enum ibv_wc_status work_read(const struct region *to, uint64_t to_at,
			     const struct region *from, uint64_t from_at,
			     uint32_t len);

/* Statuses have names, and both are shown if they differ. */
#define CHECK_STATUS(is, should)					\
	do {								\
		enum ibv_wc_status is_ = (is), should_ = (should);	\
									\
		CHECK(is_ == should_, "%s: %s, should be %s", #is,	\
		      ibv_wc_status_str(is_),				\
		      ibv_wc_status_str(should_));			\
	} while (0)

#define CHECK_WORKS(is)	CHECK_STATUS(is, IBV_WC_SUCCESS)

#endif
