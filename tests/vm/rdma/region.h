/* SPDX-License-Identifier: GPL-2.0 */
/* Memory regions: of ordinary memory, or on a slice of a dma-buf */
#ifndef RDMA_REGION_H
#define RDMA_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "fabric.h"

#define ALL_RIGHTS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | \
			 IBV_ACCESS_REMOTE_WRITE)

/**
 * struct region - memory that a device may reach
 * @endpoint: whose it is
 * @iova: where it begins, for a work request
 * @len: in bytes
 * @lkey: names it to its own endpoint
 * @rkey: names it to the other one
 * @mem: for the CPU; NULL if it is on a dma-buf
 * @mr: libibverbs' word for it; NULL if it is on a dma-buf
 * @handle: the kernel's word for it
 */
struct region {
	struct endpoint *endpoint;
	uint64_t iova;
	size_t len;
	uint32_t lkey;
	uint32_t rkey;
	uint8_t *mem;
	struct ibv_mr *mr;
	uint32_t handle;
};

/* Fresh memory; fails the test. */
void region_alloc(struct region *r, struct endpoint *e, size_t len, int access);
/* Return: 0 or -errno. */
int region_on(struct region *r, struct endpoint *e, int dmabuf, uint64_t offset,
	      uint64_t len, uint64_t iova, int access);
/* Have all of it fetched in advance. Return: 0 or -errno. */
int region_advise(struct region *r, uint32_t flags);
/* Fails the test. */
void region_drop(struct region *r);

#endif
