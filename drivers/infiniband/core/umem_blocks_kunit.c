// SPDX-License-Identifier: GPL-2.0
/*
 * Page sizes and blocks of umems, against references that look at each page.
 *
 * The memory described is not there, and the importer sees memory as the CPU
 * does, so DMA addresses of any size and alignment can be had. The same is
 * asked of all three kinds of memory: a buffer with a description, a buffer of
 * an exporter that knows scatterlists only, and an SGL as that of virtual
 * addresses.
 */
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <rdma/iter.h>

#include "../../dma-buf/st-dma-buf-phys-old.h"
#include "umem_kunit.h"

#define P	PAGE_SIZE

/**
 * struct blocks_layout - what lies behind a buffer
 * @name: for people
 * @nr: of @ranges
 * @ranges: in buffer order
 */
struct blocks_layout {
	const char *name;
	size_t nr;
	struct phys_vec ranges[8];
};

static const struct blocks_layout layouts[] = {
	{ "one page", 1, { { 37 * P, P } } },
	{ "odd sizes", 4,
	  { { 100 * P, 3 * P }, { 7 * P, P }, { 50 * P, 5 * P },
	    { 20 * P, 7 * P } } },
	{ "adjacent", 3,
	  { { SZ_2M - P, P }, { SZ_2M, SZ_64K }, { SZ_2M + SZ_64K, P } } },
	{ "64 KiB pages", 3,
	  { { SZ_16M, SZ_64K }, { SZ_1M, SZ_128K }, { SZ_8M, SZ_64K } } },
	{ "2 MiB pages", 3,
	  { { SZ_512M, SZ_2M }, { SZ_16M, SZ_4M }, { SZ_256M, SZ_2M } } },
	{ "2 MiB pages, odd ends", 3,
	  { { SZ_4M - 3 * P, 3 * P }, { SZ_16M, SZ_4M }, { SZ_32M, 5 * P } } },
	{ "1 GiB", 1, { { SZ_1G, SZ_1G } } },
#ifdef CONFIG_64BIT
	{ "1 GiB pages", 2, { { SZ_16G, SZ_1G }, { SZ_4G, SZ_2G } } },
	{ "1 GiB pages, odd ends", 3,
	  { { SZ_8G - SZ_2M, SZ_2M }, { SZ_16G, SZ_1G }, { SZ_4G, 7 * P } } },
	{ "more than 4 GiB", 1, { { SZ_16G + SZ_2M, SZ_4G + 3 * P } } },
	{ "more than 4 GiB and a page", 2,
	  { { SZ_32G, SZ_4G + SZ_1G }, { SZ_2G, P } } },
#endif
};

KUNIT_ARRAY_PARAM_DESC(blocks, layouts, name);

/* What drivers ask for, and what is hard to get right */
static const unsigned long bitmaps[] = {
	SZ_4K,
	SZ_4K | SZ_2M | SZ_1G,
	SZ_64K | SZ_2M,
	GENMASK(30, 12),
	GENMASK(30, 6),
	GENMASK(BITS_PER_LONG - 1, 6),
};

/**
 * struct blocks_case - a memory region
 * @desc: the buffer that it lies in
 * @size: of the buffer
 * @offset: first byte in the buffer
 * @len: bytes
 * @iova: address that the hardware knows it by
 */
struct blocks_case {
	struct dma_buf_phys_desc desc;
	size_t size;
	size_t offset;
	size_t len;
	u64 iova;
};

static struct blocks_case blocks_case(const struct phys_vec *ranges, size_t nr)
{
	struct blocks_case c = { .desc = phys_test_desc(ranges, nr) };

	c.size = phys_test_size(&c.desc);
	return c;
}

static dma_addr_t dma_at(const struct blocks_case *c, size_t off)
{
	return phys_test_paddr(&c->desc, c->offset + off);
}

/*
 * Where to look after byte @off of the region: at the next page, but for the
 * middle of large ranges, of which there is nothing new to be learned.
 */
static size_t next_look(const struct blocks_case *c, size_t off)
{
	const struct phys_vec *range = c->desc.ranges;
	size_t at = c->offset + off;
	size_t left;

	while (at >= range->len)
		at -= range++->len;
	left = range->len - at;
	if (at > 64 * P && left > 64 * P)
		return off + left - 64 * P;
	return ALIGN(c->offset + off + 1, P) - c->offset;
}

/*
 * Whether hardware whose pages have this size would get each byte right: low
 * bits pass, and what is in one page of the region is in one page of memory.
 */
static bool fits(const struct blocks_case *c, unsigned long pgsz)
{
	u64 page, before = 0;
	dma_addr_t base, base_before = 0;
	size_t off;

	for (off = 0; off < c->len; off = next_look(c, off)) {
		if ((dma_at(c, off) ^ (c->iova + off)) & (pgsz - 1))
			return false;
		page = ALIGN_DOWN(c->iova + off, pgsz);
		base = ALIGN_DOWN(dma_at(c, off), pgsz);
		if (off && page == before && base != base_before)
			return false;
		before = page;
		base_before = base;
	}
	return true;
}

/* The largest that fits, but none larger than one that holds all */
static unsigned long best_size(const struct blocks_case *c,
			       unsigned long bitmap)
{
	u64 last = c->iova + c->len - 1;
	unsigned long best = 0;
	unsigned long pgsz;
	unsigned int bit;

	for_each_set_bit(bit, &bitmap, BITS_PER_LONG) {
		pgsz = BIT(bit);
		if (!fits(c, pgsz))
			break;
		best = pgsz;
		if (ALIGN_DOWN(c->iova, pgsz) == ALIGN_DOWN(last, pgsz))
			break;
	}
	return best;
}

static bool expect_blocks(struct kunit *test, const struct blocks_case *c,
			  struct ib_umem *umem, unsigned long pgsz)
{
	struct ib_block_iter biter;
	dma_addr_t want, have;
	size_t off = 0;
	size_t n = 0;

	rdma_umem_for_each_dma_block(umem, &biter, pgsz) {
		if (off >= c->len) {
			KUNIT_FAIL(test, "more than %zu blocks of %#lx", n,
				   pgsz);
			return false;
		}
		want = ALIGN_DOWN(dma_at(c, off), pgsz);
		have = rdma_block_iter_dma_address(&biter);
		if (have != want) {
			KUNIT_FAIL(test, "block %zu of %#lx is at %pad, not at %pad",
				   n, pgsz, &have, &want);
			return false;
		}
		n++;
		off = ALIGN_DOWN(c->iova + off, pgsz) + pgsz - c->iova;
	}
	KUNIT_EXPECT_GE_MSG(test, off, c->len, "%zu blocks of %#lx", n, pgsz);
	KUNIT_EXPECT_EQ(test, n, ib_umem_num_dma_blocks(umem, pgsz));
	return off >= c->len;
}

/* All page sizes of a region at one iova; false if something was wrong */
static bool check_iova(struct kunit *test, const struct blocks_case *c,
		       struct ib_umem *umem)
{
	unsigned long want, have;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bitmaps); i++) {
		want = best_size(c, bitmaps[i]);
		have = ib_umem_find_best_pgsz(umem, bitmaps[i], c->iova);
		if (have != want) {
			KUNIT_FAIL(test, "[%#zx, +%#zx) at %#llx: page size %#lx of %#lx, not %#lx",
				   c->offset, c->len, c->iova, have,
				   bitmaps[i], want);
			return false;
		}
		/* Millions of blocks are walked once, not for each case. */
		if (!want || (c->len / want > SZ_256K && (i || c->offset)))
			continue;
		if (!expect_blocks(test, c, umem, want)) {
			KUNIT_FAIL(test, "[%#zx, +%#zx) at %#llx", c->offset,
				   c->len, c->iova);
			return false;
		}
	}
	return true;
}

static bool is_one_piece(const struct blocks_case *c)
{
	size_t off;

	for (off = 0; off < c->len; off = next_look(c, off))
		if (dma_at(c, off) != dma_at(c, 0) + off)
			return false;
	return true;
}

/* A region at all iovas that are worth it */
static bool check_region(struct kunit *test, struct blocks_case *c,
			 struct ib_umem *umem)
{
	dma_addr_t first = dma_at(c, 0);
	const u64 iovas[] = {
		first, first + P, first + SZ_64K, first + SZ_2M, first + SZ_1G,
		first & ~PAGE_MASK, (first & (SZ_2M - 1)) + 0x7f1200000000,
		first + 64,
	};
	size_t i;

	KUNIT_EXPECT_EQ(test, ib_umem_start_dma_addr(umem), first);
	KUNIT_EXPECT_EQ(test, ib_umem_dma_offset(umem, SZ_2M),
			first & (SZ_2M - 1));
	KUNIT_EXPECT_EQ(test, ib_umem_is_contiguous(umem), is_one_piece(c));
	for (i = 0; i < ARRAY_SIZE(iovas); i++) {
		c->iova = iovas[i];
		if (c->len >= SZ_1G && i % 4)
			continue;
		if (!check_iova(test, c, umem))
			return false;
	}
	return true;
}

/* Regions that begin and end at, or inside of, ranges and pages */
static bool next_region(struct blocks_case *c, unsigned int i)
{
	size_t first = c->desc.ranges[0].len;

	switch (i) {
	case 0:
		c->offset = 0;
		c->len = c->size;
		return true;
	case 1:
		c->offset = 0x180;
		c->len = c->size - 0x180 - 0x40;
		return true;
	case 2:
		c->offset = first / 2 + 0x40;
		c->len = c->size - c->offset - 0x40;
		return true;
	case 3:
		c->offset = first - 1;
		c->len = min(c->size - c->offset, P + 2);
		return true;
	case 4:
		c->offset = c->size - P;
		c->len = 64;
		return true;
	default:
		return false;
	}
}

static void expect_regions(struct kunit *test, struct ib_device *ibdev,
			   struct dma_buf *dmabuf, struct blocks_case *c)
{
	struct ib_umem_dmabuf *umem_dmabuf;
	bool right = true;
	unsigned int i;

	for (i = 0; right && next_region(c, i); i++) {
		umem_dmabuf = umem_test_get_pinned(ibdev, dmabuf, c->offset,
						   c->len);
		KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(umem_dmabuf), 0);
		right = check_region(test, c, &umem_dmabuf->umem);
		ib_umem_release(&umem_dmabuf->umem);
	}
}

static void described_buffer(struct kunit *test)
{
	const struct blocks_layout *layout = test->param_value;
	struct ib_device *ibdev = umem_test_device(test, phys_test_device(test));
	struct blocks_case c = blocks_case(layout->ranges, layout->nr);

	expect_regions(test, ibdev, phys_test_export(test, &c.desc), &c);
}

/* As entries of an SGL, whose lengths have 32 bits */
static struct phys_vec *as_entries(struct kunit *test,
				   const struct blocks_case *c, size_t *nr)
{
	struct phys_vec *entries;
	size_t i, off, n = 0;

	entries = kunit_kcalloc(test, c->desc.nr_ranges + c->size / SZ_1G,
				sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);
	for (i = 0; i < c->desc.nr_ranges; i++) {
		const struct phys_vec *range = &c->desc.ranges[i];

		for (off = 0; off < range->len; off += SZ_1G)
			entries[n++] = (struct phys_vec) {
				range->paddr + off,
				min_t(size_t, range->len - off, SZ_1G),
			};
	}
	*nr = n;
	return entries;
}

static void old_exporters_buffer(struct kunit *test)
{
	const struct blocks_layout *layout = test->param_value;
	struct ib_device *ibdev = umem_test_device(test, phys_test_device(test));
	struct blocks_case c = blocks_case(layout->ranges, layout->nr);
	struct phys_test_old *exp;
	struct phys_vec *entries;
	size_t nr;

	entries = as_entries(test, &c, &nr);
	exp = phys_test_old(test, entries, nr, c.size);
	expect_regions(test, ibdev, exp->dmabuf, &c);
	KUNIT_EXPECT_EQ(test, exp->maps, 0);
}

static void free_table(void *sgt)
{
	sg_free_table(sgt);
}

/* As pinning virtual addresses leaves it: all of the buffer */
static struct ib_umem *sgl_umem(struct kunit *test, const struct blocks_case *c)
{
	struct ib_umem *umem = kunit_kzalloc(test, sizeof(*umem), GFP_KERNEL);
	struct phys_vec *entries;
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;
	size_t nr;

	KUNIT_ASSERT_NOT_NULL(test, umem);
	entries = as_entries(test, c, &nr);
	sgt = &umem->sgt_append.sgt;
	KUNIT_ASSERT_EQ(test, sg_alloc_table(sgt, nr, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_table, sgt),
			0);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		sg_dma_address(sg) = entries[i].paddr;
		sg_dma_len(sg) = entries[i].len;
	}
	return umem;
}

static void virtual_addresses(struct kunit *test)
{
	const struct blocks_layout *layout = test->param_value;
	struct blocks_case c = blocks_case(layout->ranges, layout->nr);
	struct ib_umem *umem = sgl_umem(test, &c);
	unsigned int i;

	for (i = 0; next_region(&c, i); i++) {
		/* Only the pages of the region would be pinned. */
		if (c.offset >= P || c.size - c.offset - c.len >= P)
			continue;
		umem->address = 0x7f0000000000 + c.offset;
		umem->length = c.len;
		if (!check_region(test, &c, umem))
			return;
	}
}

/* A few ranges, of which some go on where the last one ended */
static size_t random_ranges(struct rnd_state *rnd, struct phys_vec *ranges)
{
	size_t nr = 1 + prandom_u32_state(rnd) % 8;
	phys_addr_t next = SZ_1M;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (prandom_u32_state(rnd) % 4)
			next = (phys_addr_t)(prandom_u32_state(rnd) % 512)
			       << (12 + prandom_u32_state(rnd) % 10);
		ranges[i].paddr = next;
		ranges[i].len = (1 + prandom_u32_state(rnd) % 20) * P;
		if (prandom_u32_state(rnd) % 2)
			ranges[i].len <<= prandom_u32_state(rnd) % 6;
		next += ranges[i].len;
	}
	return nr;
}

static void random_buffers(struct kunit *test)
{
	struct ib_device *ibdev = umem_test_device(test, phys_test_device(test));
	struct ib_umem_dmabuf *umem_dmabuf;
	struct phys_vec ranges[8];
	struct dma_buf *dmabuf;
	struct blocks_case c;
	struct rnd_state rnd;
	bool right = true;
	size_t nr;
	int i;

	prandom_seed_state(&rnd, 4);
	for (i = 0; right && i < 300; i++) {
		nr = random_ranges(&rnd, ranges);
		c = blocks_case(ranges, nr);
		c.offset = prandom_u32_state(&rnd) % c.size;
		c.len = 1 + prandom_u32_state(&rnd) % (c.size - c.offset);
		dmabuf = phys_test_try_export(&c.desc, c.size);
		KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(dmabuf), 0);
		umem_dmabuf = umem_test_get_pinned(ibdev, dmabuf, c.offset,
						   c.len);
		dma_buf_put(dmabuf);
		KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(umem_dmabuf), 0);
		right = check_region(test, &c, &umem_dmabuf->umem);
		ib_umem_release(&umem_dmabuf->umem);
	}
	KUNIT_EXPECT_TRUE_MSG(test, right, "buffer %d", i);
}

/* The last address must exist. */
static void iova_that_overflows(struct kunit *test)
{
	static const struct phys_vec range = { SZ_1M, 2 * P };
	struct ib_device *ibdev = umem_test_device(test, phys_test_device(test));
	struct dma_buf_phys_desc desc = phys_test_desc(&range, 1);
	struct ib_umem_dmabuf *umem_dmabuf;
	struct ib_umem *umem;

	umem_dmabuf = umem_test_get_pinned(ibdev, phys_test_export(test, &desc),
					   0, 2 * P);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(umem_dmabuf), 0);
	umem = &umem_dmabuf->umem;
	KUNIT_EXPECT_EQ(test, ib_umem_find_best_pgsz(umem, SZ_4K, -P), 0);
	KUNIT_EXPECT_EQ(test, ib_umem_find_best_pgsz(umem, SZ_4K, -2 * P),
			SZ_4K);
	ib_umem_release(umem);
}

/* The walk of lists that are no umem's */
static void plain_list(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ SZ_2M, 3 * P }, { SZ_1M, P }, { SZ_1M + P, P },
	};
	struct blocks_case c = blocks_case(ranges, ARRAY_SIZE(ranges));
	struct ib_umem *umem = sgl_umem(test, &c);
	struct scatterlist *sgl = umem->sgt_append.sgt.sgl;
	struct ib_block_iter biter;
	size_t off = 0;

	rdma_for_each_block(sgl, &biter, ARRAY_SIZE(ranges), P) {
		KUNIT_EXPECT_EQ(test, rdma_block_iter_dma_address(&biter),
				dma_at(&c, off));
		off += P;
	}
	KUNIT_EXPECT_EQ(test, off, c.size);

	off = 0;
	rdma_for_each_block(sgl, &biter, 1, P)
		off += P;
	KUNIT_EXPECT_EQ(test, off, 3 * P);

	rdma_for_each_block(NULL, &biter, 0, P)
		KUNIT_FAIL(test, "a block of nothing");
}

static struct kunit_case umem_blocks_cases[] = {
	KUNIT_CASE_PARAM(described_buffer, blocks_gen_params),
	KUNIT_CASE_PARAM(old_exporters_buffer, blocks_gen_params),
	KUNIT_CASE_PARAM(virtual_addresses, blocks_gen_params),
	KUNIT_CASE(random_buffers),
	KUNIT_CASE(iova_that_overflows),
	KUNIT_CASE(plain_list),
	{}
};

static struct kunit_suite umem_blocks_suite = {
	.name = "rdma-umem-blocks",
	.test_cases = umem_blocks_cases,
};

kunit_test_suite(umem_blocks_suite);
