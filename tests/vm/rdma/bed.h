/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What most cases stand on: near has ordinary memory, far has a buffer in a BAR,
 * three ranges of it in no order, which the CPU sees as well.
 */
#ifndef RDMA_BED_H
#define RDMA_BED_H

#include "machine.h"
#include "region.h"
#include "work.h"

/* Bytes of the BAR that are used and compared, unless a case wants all of it */
#define BED_BAR		(1ul << 20)

struct bed {
	struct fabric f;
	struct exporter exp;
	struct layout l;
	int dmabuf;
	struct region out, in;	/* near's, as long as the buffer */
};

/* Nine pages, all in all */
void bed_open(struct bed *b);
/* So many bytes of the BAR, ranges that fill most of it */
void bed_open_large(struct bed *b, size_t bar_len);

/* A region of far's on all of the buffer, at IOVA 0; fails the test. */
void bed_region(struct bed *b, struct region *r);
void bed_slice(struct bed *b, struct region *r, uint64_t offset, uint64_t len,
	       uint64_t iova, int access);

/*
 * Other bytes each time: near writes them to a region that begins at that offset
 * of the buffer, and reads them again. The CPU looks only if asked to.
 */
void bed_pass(struct bed *b, const struct region *r, uint64_t offset,
	      uint64_t at, uint32_t len);
/* The same, and all of the BAR by the CPU */
void bed_works(struct bed *b, const struct region *r);

#endif
