// SPDX-License-Identifier: GPL-2.0
/*
 * Where runs go in IOVA space, against the slow way to find out: each page size
 * is tried for each run, each way to cut runs into groups is compared, and what
 * an IOMMU makes of the result is counted leaf by leaf.
 */
#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "dma-buf-phys-priv.h"
#include "st-dma-buf-phys.h"

#define MAX_RUNS	12
#define MAX_VECS	(3 * MAX_RUNS)

/**
 * struct layout_pages - what pages an IOMMU has
 * @name: for people
 * @sizes: one bit each
 */
struct layout_pages {
	const char *name;
	unsigned long sizes;
};

static const struct layout_pages pages[] = {
	{ "4K, 2M, 1G", SZ_4K | SZ_2M | SZ_1G },
	{ "4K only", SZ_4K },
	{ "all powers of two from 4K", ~(SZ_4K - 1UL) },
	{ "4K, 64K, 2M, 32M, 1G", SZ_4K | SZ_64K | SZ_2M | SZ_32M | SZ_1G },
	{ "16K, 32M", SZ_16K | SZ_32M },
	{ "64K, 512M", SZ_64K | SZ_512M },
};

KUNIT_ARRAY_PARAM_DESC(pages, pages, name);

static unsigned long smallest(unsigned long pgsizes)
{
	return BIT(__ffs(pgsizes));
}

/**
 * struct layout_runs - runs of a slice, as the oracle sees them
 * @nr: of them
 * @runs: adjacent ranges merged
 * @at: where a run begins in the slice
 * @page: largest one that fits
 */
struct layout_runs {
	size_t nr;
	struct phys_vec runs[MAX_RUNS];
	size_t at[MAX_RUNS];
	unsigned long page[MAX_RUNS];
};

static bool page_fits(const struct phys_vec *run, u64 page)
{
	u64 begin = run->paddr;

	if (begin % page) {
		begin -= begin % page;
		if (begin + page < begin)
			return false;
		begin += page;
	}
	return begin - run->paddr < run->len &&
	       run->len - (begin - run->paddr) >= page;
}

static unsigned long slow_page(const struct phys_vec *run,
			       unsigned long pgsizes)
{
	unsigned long best = smallest(pgsizes);
	int bit;

	for (bit = 0; bit < BITS_PER_LONG; bit++) {
		if (pgsizes & BIT(bit) && page_fits(run, BIT(bit)))
			best = BIT(bit);
	}
	return best;
}

static void find_runs(struct kunit *test, const struct phys_vec_slice *slice,
		      unsigned long pgsizes, struct layout_runs *r)
{
	const struct phys_vec *vec = slice->vecs;
	size_t skip = slice->skip;
	size_t off, len, i;

	r->nr = 0;
	for (off = 0; off < slice->len; off += len) {
		phys_addr_t paddr = vec->paddr + skip;
		struct phys_vec *last = r->nr ? &r->runs[r->nr - 1] : NULL;

		len = min(vec->len - skip, slice->len - off);
		if (last && last->paddr + last->len == paddr) {
			last->len += len;
		} else {
			KUNIT_ASSERT_LT(test, r->nr, MAX_RUNS);
			r->at[r->nr] = off;
			r->runs[r->nr++] = (struct phys_vec) { paddr, len };
		}
		vec++;
		skip = 0;
	}
	for (i = 0; i < r->nr; i++)
		r->page[i] = slow_page(&r->runs[i], pgsizes);
}

/* Whether one offset between address and IOVA is right for both runs */
static bool agree(const struct layout_runs *r, size_t i, size_t j)
{
	u64 apart = (r->runs[i].paddr - r->at[i]) -
		    (r->runs[j].paddr - r->at[j]);

	return !(apart % min(r->page[i], r->page[j]));
}

static bool one_group_serves(const struct layout_runs *r, size_t first,
			     size_t last)
{
	size_t i, j;

	for (i = first; i <= last; i++) {
		for (j = first; j < i; j++) {
			if (!agree(r, i, j))
				return false;
		}
	}
	return true;
}

/* Of all the ways to cut the runs */
static size_t fewest_groups(const struct layout_runs *r)
{
	size_t fewest[MAX_RUNS + 1] = {};
	size_t first, end;

	for (end = 1; end <= r->nr; end++) {
		fewest[end] = end;
		for (first = 0; first < end; first++) {
			if (one_group_serves(r, first, end - 1))
				fewest[end] = min(fewest[end],
						  fewest[first] + 1);
		}
	}
	return fewest[r->nr];
}

/* What an IOMMU needs, taking the largest leaf it can each time */
static u64 count_leaves(u64 iova, u64 paddr, u64 len, unsigned long pgsizes)
{
	unsigned long fit;
	u64 n = 0;
	u64 leaf;

	while (len) {
		fit = pgsizes & GENMASK(ilog2(len), 0);
		if (iova | paddr)
			fit &= GENMASK(__ffs64(iova | paddr), 0);
		if (!fit)
			return 0;
		leaf = BIT(__fls(fit));
		iova += leaf;
		paddr += leaf;
		len -= leaf;
		n++;
	}
	return n;
}

/**
 * struct layout_result - what a layout came to
 * @runs: how many
 * @groups: how many they are laid out in
 * @end: where it ends in IOVA space
 * @leaves: that an IOMMU needs for it
 * @least: that any layout needs
 */
struct layout_result {
	size_t runs;
	size_t groups;
	size_t end;
	u64 leaves;
	u64 least;
};

/* The runs of one group, one by one */
static size_t check_group(struct kunit *test,
			  const struct dma_buf_phys_layout *layout,
			  const struct layout_runs *r, size_t first,
			  struct layout_result *result)
{
	u64 begin = layout->offset;
	u64 end = begin + layout->group.len;
	size_t i;

	for (i = first; i < r->nr && begin < end; i++) {
		const struct phys_vec *run = &r->runs[i];

		if (!layout->contiguous)
			KUNIT_ASSERT_EQ(test, begin % r->page[i],
					run->paddr % r->page[i]);
		result->leaves += count_leaves(begin, run->paddr, run->len,
					       layout->pgsizes);
		result->least += count_leaves(run->paddr, run->paddr, run->len,
					      layout->pgsizes);
		begin += run->len;
	}
	/* A group has whole runs. */
	KUNIT_ASSERT_EQ(test, begin, end);
	return i;
}

static void check_layout(struct kunit *test, const struct phys_vec_slice *slice,
			 unsigned long pgsizes, bool contiguous,
			 struct layout_result *result)
{
	struct dma_buf_phys_layout layout = {
		.rest = *slice, .pgsizes = pgsizes, .contiguous = contiguous,
	};
	struct layout_runs *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	size_t run = 0;
	size_t sum = 0;

	KUNIT_ASSERT_NOT_NULL(test, r);
	find_runs(test, slice, pgsizes, r);
	memset(result, 0, sizeof(*result));
	result->runs = r->nr;
	while (dma_buf_phys_layout_next(&layout)) {
		/* Only what is not congruent is kept apart. */
		if (result->groups)
			KUNIT_ASSERT_GT(test, layout.offset, result->end);
		run = check_group(test, &layout, r, run, result);
		result->end = layout.offset + layout.group.len;
		sum += layout.group.len;
		result->groups++;
	}
	KUNIT_ASSERT_FALSE(test, dma_buf_phys_layout_next(&layout));
	KUNIT_ASSERT_EQ(test, run, r->nr);
	KUNIT_ASSERT_EQ(test, sum, slice->len);
	KUNIT_ASSERT_LT(test, result->end, 2 * sum);
	KUNIT_ASSERT_EQ(test, result->groups,
			contiguous ? 1 : fewest_groups(r));
	if (!contiguous)
		KUNIT_ASSERT_EQ(test, result->leaves, result->least);
	kunit_kfree(test, r);
}

/**
 * struct layout_case - a slice that is worth a name
 * @name: for people
 * @nr: of @ranges
 * @ranges: behind the slice, which is all of them
 * @groups: that come of it where there are pages of 4K, 2M and 1G
 * @offset: where the first of them begins
 * @end: where the last one ends
 */
struct layout_case {
	const char *name;
	size_t nr;
	struct phys_vec ranges[5];
	size_t groups;
	size_t offset;
	size_t end;
};

static const struct layout_case cases[] = {
	{ "one page", 1, { { SZ_2M + SZ_4K, SZ_4K } }, 1, 0, SZ_4K },
	{ "scattered pages", 3,
	  { { 5 * SZ_4K, SZ_4K }, { 0, SZ_4K }, { 9 * SZ_4K, SZ_4K } },
	  1, 0, 3 * SZ_4K },
	{ "4M", 1, { { SZ_4M, SZ_4M } }, 1, 0, SZ_4M },
	{ "4M from 1M on", 1, { { SZ_1M, SZ_4M } }, 1, SZ_1M, SZ_4M + SZ_1M },
	{ "2M from 1M on", 1, { { SZ_1M, SZ_2M } }, 1, 0, SZ_2M },
	{ "odd page, 4M", 2, { { SZ_4K, SZ_4K }, { SZ_4M, SZ_4M } },
	  1, SZ_2M - SZ_4K, SZ_4M + SZ_2M },
	{ "4M, odd page", 2, { { SZ_4M, SZ_4M }, { SZ_4K, SZ_4K } },
	  1, 0, SZ_4M + SZ_4K },
	{ "2M, odd page, 2M", 3,
	  { { SZ_4M, SZ_2M }, { SZ_4K, SZ_4K }, { SZ_8M, SZ_2M } },
	  2, 0, 3 * SZ_2M },
	{ "2M, odd page twice, 2M", 4,
	  { { SZ_4M, SZ_2M }, { SZ_4K, SZ_4K }, { SZ_4K, SZ_4K },
	    { SZ_8M, SZ_2M } }, 2, 0, 3 * SZ_2M },
	{ "touching ones that make 2M", 3,
	  { { 3 * SZ_1M, SZ_1M }, { SZ_4M, SZ_1M }, { SZ_4M + SZ_1M, SZ_1M } },
	  1, SZ_1M, SZ_4M },
	{ "2M before 1G, the odd page in front", 3,
	  { { SZ_4K, SZ_4K }, { SZ_1G - SZ_2M, SZ_2M }, { SZ_2G, SZ_1G } },
	  1, SZ_1G - SZ_2M - SZ_4K, SZ_2G },
	{ "1G behind 2M that is in its way", 3,
	  { { SZ_2M, SZ_2M }, { SZ_4K, SZ_4K }, { SZ_1G, SZ_1G } },
	  2, 0, SZ_2G },
};

KUNIT_ARRAY_PARAM_DESC(layout, cases, name);

static size_t sum_of(const struct phys_vec *vecs, size_t nr)
{
	size_t sum = 0;

	while (nr--)
		sum += vecs++->len;
	return sum;
}

static void layout_is_known(struct kunit *test)
{
	const struct layout_case *c = test->param_value;
	const struct phys_vec_slice slice = {
		.vecs = c->ranges, .len = sum_of(c->ranges, c->nr),
	};
	struct dma_buf_phys_layout layout = {
		.rest = slice, .pgsizes = pages[0].sizes,
	};
	struct layout_result result;

	check_layout(test, &slice, pages[0].sizes, false, &result);
	KUNIT_EXPECT_EQ(test, result.groups, c->groups);
	KUNIT_EXPECT_EQ(test, result.end, c->end);
	KUNIT_ASSERT_TRUE(test, dma_buf_phys_layout_next(&layout));
	KUNIT_EXPECT_EQ(test, layout.offset, c->offset);
}

static u64 some(struct rnd_state *rnd, u64 limit)
{
	return prandom_u32_state(rnd) % limit;
}

/*
 * Ranges on the smallest page, of all sizes, some on a large page or touching
 * the one before, but never so many runs that the oracle has no room for them.
 */
static size_t some_vecs(struct rnd_state *rnd, unsigned long pgsizes,
			struct phys_vec *vecs)
{
	const u64 granule = smallest(pgsizes);
	size_t runs = 0;
	size_t n;

	for (n = 0; n < MAX_VECS; n++) {
		u64 unit = granule << some(rnd, 12);
		u64 paddr = some(rnd, SZ_1M) * granule;

		vecs[n].len = unit * (1 + some(rnd, 9)) +
			      granule * some(rnd, 2);
		if (n && some(rnd, 3)) {
			paddr = vecs[n - 1].paddr + vecs[n - 1].len;
		} else {
			if (some(rnd, 2))
				paddr -= paddr % unit;
			if (runs++ == MAX_RUNS)
				break;
		}
		vecs[n].paddr = paddr;
	}
	return 1 + some(rnd, n);
}

static void layout_is_the_best(struct kunit *test)
{
	const struct layout_pages *p = test->param_value;
	struct phys_vec *vecs = kunit_kcalloc(test, MAX_VECS, sizeof(*vecs),
					      GFP_KERNEL);
	u64 runs = 0, groups = 0, length = 0, room = 0;
	struct layout_result result, again;
	struct rnd_state rnd;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, vecs);
	prandom_seed_state(&rnd, p->sizes);
	for (i = 0; i < 200; i++) {
		size_t nr = some_vecs(&rnd, p->sizes, vecs);
		u64 granule = smallest(p->sizes);
		struct phys_vec_slice slice = { .vecs = vecs };
		u64 sum;

		slice.skip = granule * some(&rnd, vecs->len / granule);
		sum = sum_of(vecs, nr) - slice.skip;
		slice.len = granule * (1 + some(&rnd, sum / granule));

		check_layout(test, &slice, p->sizes, false, &result);
		check_layout(test, &slice, p->sizes, false, &again);
		KUNIT_ASSERT_EQ(test, 0, memcmp(&result, &again,
						sizeof(result)));
		check_layout(test, &slice, p->sizes, true, &again);
		runs += result.runs;
		groups += result.groups;
		length += slice.len;
		room += result.end;
	}
	kunit_info(test, "%llu runs in %llu groups, %llu%% of their length",
		   runs, groups, 100 * room / length);
}

/* The last bytes that a range may have */
static void layout_ends_with_the_address_space(struct kunit *test)
{
	const phys_addr_t top = (phys_addr_t)0 - SZ_4G;
	const struct phys_vec vecs[] = {
		{ SZ_4K, SZ_4K }, { top + SZ_1G + SZ_4K, SZ_2G + SZ_1G - SZ_4K },
		{ 0, SZ_2M }, { (phys_addr_t)0 - SZ_4K, SZ_4K },
		{ (phys_addr_t)0 - SZ_2M + SZ_4K, SZ_2M - SZ_4K },
		{ (phys_addr_t)0 - SZ_1M - SZ_4K, SZ_1M },
	};
	const struct phys_vec_slice slice = {
		.vecs = vecs, .len = sum_of(vecs, ARRAY_SIZE(vecs)),
	};
	struct layout_result result;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		if (smallest(pages[i].sizes) == SZ_4K)
			check_layout(test, &slice, pages[i].sizes, false,
				     &result);
	}
}

static unsigned long largest(const struct phys_vec *vecs, size_t len)
{
	const struct dma_buf_phys_desc desc = { .ranges = vecs };

	return dma_buf_phys_survey(&desc, len).largest;
}

#ifdef CONFIG_64BIT
/* No buffer is longer; its layout must fit in a size_t. */
static void longest_layout_does_not_overflow(struct kunit *test)
{
	const size_t most = LONG_MAX & PAGE_MASK;
	const struct phys_vec vecs[] = {
		{ SZ_4K, SZ_4K }, { BIT_ULL(61), BIT_ULL(61) },
		{ SZ_4K, SZ_4K }, { BIT_ULL(62), most - BIT_ULL(61) - SZ_8K },
	};
	struct dma_buf_phys_layout layout = {
		.rest = { .vecs = vecs, .len = most }, .pgsizes = ~0xfffUL,
	};
	size_t end = 0;
	size_t sum = 0;

	while (dma_buf_phys_layout_next(&layout)) {
		KUNIT_ASSERT_GE(test, layout.offset, end);
		KUNIT_ASSERT_GT(test, layout.offset + layout.group.len,
				layout.offset);
		end = layout.offset + layout.group.len;
		sum += layout.group.len;
	}
	KUNIT_EXPECT_EQ(test, sum, most);
	KUNIT_EXPECT_GT(test, end, most);
	KUNIT_EXPECT_EQ(test, BIT(62), largest(vecs, most));
}
#endif

/* One piece: as good as its largest page allows */
static void contiguous_keeps_the_largest(struct kunit *test)
{
	static const struct phys_vec vecs[] = {
		{ SZ_4M, SZ_2M }, { SZ_4K, SZ_4K }, { SZ_1G, SZ_1G },
		{ SZ_4K, SZ_4K }, { SZ_8M, SZ_2M },
	};
	const struct phys_vec_slice slice = {
		.vecs = vecs, .len = sum_of(vecs, ARRAY_SIZE(vecs)),
	};
	struct layout_result result;

	check_layout(test, &slice, pages[0].sizes, true, &result);
	KUNIT_EXPECT_EQ(test, result.groups, 1);
	/* 1G is one leaf, each 2M is 512. */
	KUNIT_EXPECT_EQ(test, result.leaves, 1 + 2 + 2 * 512);
	KUNIT_EXPECT_EQ(test, result.least, 1 + 2 + 2);
}

static void largest_page_is_known(struct kunit *test)
{
	static const struct phys_vec vecs[] = {
		{ SZ_4M + SZ_4K, SZ_1M }, { SZ_4M + SZ_4K + SZ_1M, SZ_1M },
		{ 0, SZ_4K },
	};

	KUNIT_EXPECT_EQ(test, SZ_4K, largest(vecs + 2, SZ_4K));
	KUNIT_EXPECT_EQ(test, SZ_512K, largest(vecs, SZ_1M));
	/* Touching ranges hold what none of them does. */
	KUNIT_EXPECT_EQ(test, SZ_1M, largest(vecs, SZ_2M + SZ_4K));
}

/* What mapping goes by instead of a walk */
static void one_offset_for_all_is_known(struct kunit *test)
{
	static const struct phys_vec vecs[] = {
		{ SZ_8M + SZ_4K, SZ_64K }, { SZ_4M + SZ_4K + SZ_64K, SZ_64K },
		{ SZ_4K + 2 * SZ_64K, SZ_4K }, { 0, SZ_4K },
	};
	const struct dma_buf_phys_desc desc = { .ranges = vecs };

	KUNIT_EXPECT_EQ(test, 0, dma_buf_phys_survey(&desc, SZ_64K).apart);
	/* 4 MiB is what two of them differ by, 8 MiB the two others. */
	KUNIT_EXPECT_EQ(test, SZ_4M, dma_buf_phys_survey(&desc, 2 * SZ_64K)
				     .apart & (SZ_8M - 1));
	KUNIT_EXPECT_EQ(test, SZ_4M, dma_buf_phys_survey(&desc, 2 * SZ_64K +
							 SZ_4K).apart &
				     (SZ_8M - 1));
	KUNIT_EXPECT_NE(test, 0, dma_buf_phys_survey(&desc, 2 * SZ_64K +
						     SZ_8K).apart & SZ_8K);
}

static struct kunit_case phys_layout_cases[] = {
	KUNIT_CASE_PARAM(layout_is_known, layout_gen_params),
	KUNIT_CASE_PARAM(layout_is_the_best, pages_gen_params),
	KUNIT_CASE(layout_ends_with_the_address_space),
#ifdef CONFIG_64BIT
	KUNIT_CASE(longest_layout_does_not_overflow),
#endif
	KUNIT_CASE(contiguous_keeps_the_largest),
	KUNIT_CASE(largest_page_is_known),
	KUNIT_CASE(one_offset_for_all_is_known),
	{}
};

static struct kunit_suite phys_layout_suite = {
	.name = "dma-buf-phys-layout",
	.test_cases = phys_layout_cases,
};

kunit_test_suite(phys_layout_suite);
