// SPDX-License-Identifier: GPL-2.0
/*
 * ibv_reg_dmabuf_mr() needs an entry in the provider, and that for rxe has none
 * in rdma-core 44, so the kernel is asked as libibverbs would ask it.
 */
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <string.h>
#include <sys/mman.h>

#include "ktap.h"
#include "region.h"
#include "sys.h"

#define ATTRS_MOST	9

struct command {
	struct ib_uverbs_ioctl_hdr hdr;
	struct ib_uverbs_attr attrs[ATTRS_MOST];
};

static void add(struct command *c, uint16_t id, uint16_t len, uint64_t data)
{
	c->attrs[c->hdr.num_attrs++] = (struct ib_uverbs_attr) {
		.attr_id = id,
		.len = len,
		.flags = UVERBS_ATTR_F_MANDATORY,
		.data = data,
	};
}

static int call(struct endpoint *e, struct command *c, uint16_t method)
{
	c->hdr.object_id = UVERBS_OBJECT_MR;
	c->hdr.method_id = method;
	c->hdr.driver_id = RDMA_DRIVER_RXE;
	c->hdr.length = sizeof(c->hdr) +
			c->hdr.num_attrs * sizeof(c->attrs[0]);
	return sys_ioctl(e->context->cmd_fd, RDMA_VERBS_IOCTL, c);
}

/* The kernel takes small values in place of a pointer to them. */
int region_on(struct region *r, struct endpoint *e, int dmabuf, uint64_t offset,
	      uint64_t len, uint64_t iova, int access)
{
	struct command c = { 0 };
	int ret;

	memset(r, 0, sizeof(*r));
	r->endpoint = e;
	r->iova = iova;
	r->len = len;
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_HANDLE, 0, 0);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_PD_HANDLE, 0, e->pd->handle);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_OFFSET, sizeof(offset), offset);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_LENGTH, sizeof(len), len);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_IOVA, sizeof(iova), iova);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_FD, sizeof(uint32_t),
	    (uint32_t)dmabuf);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_ACCESS_FLAGS, sizeof(uint32_t),
	    (uint32_t)access);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_RESP_LKEY, sizeof(r->lkey),
	    (uintptr_t)&r->lkey);
	add(&c, UVERBS_ATTR_REG_DMABUF_MR_RESP_RKEY, sizeof(r->rkey),
	    (uintptr_t)&r->rkey);
	ret = call(e, &c, UVERBS_METHOD_REG_DMABUF_MR);
	if (!ret)
		r->handle = c.attrs[0].data;
	return ret;
}

void region_alloc(struct region *r, struct endpoint *e, size_t len, int access)
{
	memset(r, 0, sizeof(*r));
	r->mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(r->mem != MAP_FAILED, "no memory of %zu bytes", len);
	r->mr = ibv_reg_mr(e->pd, r->mem, len, access);
	CHECK(r->mr, "no region of %zu bytes: %m", len);
	r->endpoint = e;
	r->iova = (uintptr_t)r->mem;
	r->len = len;
	r->lkey = r->mr->lkey;
	r->rkey = r->mr->rkey;
}

int region_advise(struct region *r, uint32_t flags)
{
	struct ibv_sge sge = { r->iova, r->len, r->lkey };
	struct command c = { 0 };

	add(&c, UVERBS_ATTR_ADVISE_MR_PD_HANDLE, 0, r->endpoint->pd->handle);
	add(&c, UVERBS_ATTR_ADVISE_MR_ADVICE, sizeof(uint32_t),
	    IB_UVERBS_ADVISE_MR_ADVICE_PREFETCH);
	add(&c, UVERBS_ATTR_ADVISE_MR_FLAGS, sizeof(flags), flags);
	add(&c, UVERBS_ATTR_ADVISE_MR_SGE_LIST, sizeof(sge), (uintptr_t)&sge);
	return call(r->endpoint, &c, UVERBS_METHOD_ADVISE_MR);
}

void region_drop(struct region *r)
{
	struct command c = { 0 };

	if (r->mr) {
		CHECK_EQ(ibv_dereg_mr(r->mr), 0);
		munmap(r->mem, r->len);
	} else {
		add(&c, UVERBS_ATTR_DESTROY_MR_HANDLE, 0, r->handle);
		CHECK_EQ(call(r->endpoint, &c, UVERBS_METHOD_MR_DESTROY), 0);
	}
	memset(r, 0, sizeof(*r));
}
