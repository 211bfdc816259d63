// SPDX-License-Identifier: GPL-2.0
/*
 * Slices of a buffer, and the pieces that a walk over a mapping gives. The
 * device here sees memory at its physical addresses, so a piece tells exactly
 * which part of which range it came from.
 */
#include <linux/dma-mapping.h>
#include <linux/limits.h>

#include "st-dma-buf-phys.h"

#define P	PAGE_SIZE

struct layout {
	size_t nr_ranges;
	struct phys_vec ranges[4];
};

static const struct layout one = { 1, { { 64 * P, 8 * P } } };
static const struct layout apart = { 3, {
	{ 64 * P, 3 * P }, { 16 * P, P }, { 32 * P, 5 * P },
} };
static const struct layout touching = { 3, {
	{ 64 * P, 3 * P }, { 67 * P, P }, { 68 * P, 5 * P },
} };
/* The last two touch, and the first begins where they end. */
static const struct layout mixed = { 4, {
	{ 64 * P, 2 * P }, { 16 * P, P }, { 60 * P, 3 * P }, { 63 * P, P },
} };
static const struct layout twice = { 2, {
	{ 16 * P, 2 * P }, { 16 * P, 2 * P },
} };

#ifdef CONFIG_64BIT
static const struct layout large = { 2, { { SZ_4G, SZ_8G }, { P, 2 * P } } };
static const struct layout large_touching = { 2, {
	{ SZ_8G, SZ_4G - P }, { SZ_8G + SZ_4G - P, SZ_2G },
} };
#endif

struct walk_case {
	const char *name;
	const struct layout *layout;
	size_t offset;
	size_t len;
	size_t cap;
	size_t nr_pieces;
	struct dma_buf_phys_piece pieces[6];
};

static const struct walk_case walk_cases[] = {
	{ "one range", &one, 0, 8 * P, SIZE_MAX, 1, { { 64 * P, 8 * P } } },
	{ "one range, its begin", &one, 0, P, SIZE_MAX, 1, { { 64 * P, P } } },
	{ "one range, its end", &one, 7 * P, P, SIZE_MAX, 1,
	  { { 71 * P, P } } },
	{ "one range, bytes of it", &one, P + 12, 100, SIZE_MAX, 1,
	  { { 65 * P + 12, 100 } } },
	{ "one range, its last byte", &one, 8 * P - 1, 1, SIZE_MAX, 1,
	  { { 72 * P - 1, 1 } } },
	{ "apart", &apart, 0, 9 * P, SIZE_MAX, 3,
	  { { 64 * P, 3 * P }, { 16 * P, P }, { 32 * P, 5 * P } } },
	{ "apart, from inside to inside", &apart, 2 * P, 4 * P, SIZE_MAX, 3,
	  { { 66 * P, P }, { 16 * P, P }, { 32 * P, 2 * P } } },
	{ "apart, exactly the second", &apart, 3 * P, P, SIZE_MAX, 1,
	  { { 16 * P, P } } },
	{ "apart, begins with the last", &apart, 4 * P, 5 * P, SIZE_MAX, 1,
	  { { 32 * P, 5 * P } } },
	{ "apart, a byte on each side", &apart, 3 * P - 1, P + 2, SIZE_MAX, 3,
	  { { 67 * P - 1, 1 }, { 16 * P, P }, { 32 * P, 1 } } },
	{ "all touch", &touching, 0, 9 * P, SIZE_MAX, 1, { { 64 * P, 9 * P } } },
	{ "all touch, from inside to inside", &touching, 2 * P, 4 * P, SIZE_MAX, 1,
	  { { 66 * P, 4 * P } } },
	{ "some touch", &mixed, 0, 7 * P, SIZE_MAX, 3,
	  { { 64 * P, 2 * P }, { 16 * P, P }, { 60 * P, 4 * P } } },
	{ "some touch, ends before they do", &mixed, P, 4 * P, SIZE_MAX, 3,
	  { { 65 * P, P }, { 16 * P, P }, { 60 * P, 2 * P } } },
	{ "a range twice", &twice, 0, 4 * P, SIZE_MAX, 2,
	  { { 16 * P, 2 * P }, { 16 * P, 2 * P } } },
	{ "cap of the slice", &one, 0, 8 * P, 8 * P, 1, { { 64 * P, 8 * P } } },
	{ "cap divides", &one, 0, 8 * P, 4 * P, 2,
	  { { 64 * P, 4 * P }, { 68 * P, 4 * P } } },
	{ "cap leaves a rest", &one, 0, 8 * P, 3 * P, 3,
	  { { 64 * P, 3 * P }, { 67 * P, 3 * P }, { 70 * P, 2 * P } } },
	{ "cap starts anew with each run", &apart, P, 8 * P, 2 * P, 5,
	  { { 65 * P, 2 * P }, { 16 * P, P }, { 32 * P, 2 * P },
	    { 34 * P, 2 * P }, { 36 * P, P } } },
	{ "cap cuts what was merged", &touching, 0, 9 * P, 4 * P, 3,
	  { { 64 * P, 4 * P }, { 68 * P, 4 * P }, { 72 * P, P } } },
	{ "cap of no whole page", &one, 0, P, P / 2 + 100, 2,
	  { { 64 * P, P / 2 + 100 },
	    { 64 * P + P / 2 + 100, P / 2 - 100 } } },
#ifdef CONFIG_64BIT
	{ "more than 4 GiB", &large, P, SZ_8G - 2 * P, SIZE_MAX, 1,
	  { { SZ_4G + P, SZ_8G - 2 * P } } },
	{ "more than 4 GiB of those that touch", &large_touching, 0,
	  SZ_4G + SZ_2G - P, SIZE_MAX, 1, { { SZ_8G, SZ_4G + SZ_2G - P } } },
	{ "more than 4 GiB, 32 bit lengths", &large, 0, SZ_8G + P, SZ_4G - P, 4,
	  { { SZ_4G, SZ_4G - P }, { SZ_8G - P, SZ_4G - P },
	    { SZ_8G + SZ_4G - 2 * P, 2 * P }, { P, P } } },
	{ "offset beyond 4 GiB", &large, SZ_8G - P, 2 * P, SIZE_MAX, 2,
	  { { SZ_8G + SZ_4G - P, P }, { P, P } } },
#endif
};

KUNIT_ARRAY_PARAM_DESC(walk, walk_cases, name);

static void walk_gives_pieces(struct kunit *test)
{
	const struct walk_case *c = test->param_value;
	struct dma_buf_phys_desc desc = {
		.ranges = c->layout->ranges,
		.nr_ranges = c->layout->nr_ranges,
	};
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp = phys_test_importer(test, dmabuf, dev);
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t n = 0;

	KUNIT_ASSERT_EQ(test, 0,
			dma_buf_phys_map_device(imp->attach, &imp->map, dev,
						c->offset, c->len,
						DMA_BIDIRECTIONAL, 0));
	imp->mapped = true;
	KUNIT_EXPECT_PTR_EQ(test, imp->map.attach, imp->attach);
	KUNIT_EXPECT_EQ(test, imp->map.offset, c->offset);
	KUNIT_EXPECT_EQ(test, imp->map.len, c->len);

	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&imp->map, c->cap),
			c->nr_pieces);
	dma_buf_phys_for_each_max(&imp->map, &walk, piece, c->cap) {
		if (n < c->nr_pieces) {
			KUNIT_EXPECT_EQ(test, piece->addr, c->pieces[n].addr);
			KUNIT_EXPECT_EQ(test, piece->len, c->pieces[n].len);
		}
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, c->nr_pieces);
}

struct slice_case {
	const char *name;
	size_t offset;
	size_t len;
	int ret;
};

/* of a buffer of four pages */
static const struct slice_case slice_cases[] = {
	{ "all", 0, 4 * P, 0 },
	{ "the last byte", 4 * P - 1, 1, 0 },
	{ "up to the end", P, 3 * P, 0 },
	{ "nothing", 0, 0, -EINVAL },
	{ "nothing at the end", 4 * P, 0, -EINVAL },
	{ "a byte too long", 0, 4 * P + 1, -EINVAL },
	{ "a byte too far", P + 1, 3 * P, -EINVAL },
	{ "behind the end", 4 * P, P, -EINVAL },
	{ "far behind the end", SIZE_MAX - 2 * P, P, -EINVAL },
	{ "overflow", SIZE_MAX - P + 1, P, -EOVERFLOW },
	{ "overflow of the length", P, SIZE_MAX, -EOVERFLOW },
};

KUNIT_ARRAY_PARAM_DESC(slice, slice_cases, name);

static void slice_is_checked(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ 16 * P, 3 * P }, { 64 * P, P },
	};
	const struct slice_case *c = test->param_value;
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp = phys_test_importer(test, dmabuf, dev);
	int ret;

	ret = dma_buf_phys_map_device(imp->attach, &imp->map, dev, c->offset,
				      c->len, DMA_BIDIRECTIONAL, 0);
	imp->mapped = !ret;
	KUNIT_EXPECT_EQ(test, ret, c->ret);
	if (ret)
		phys_test_expect_says(test, dmabuf, "phys_mappings:\t0");
	else
		phys_test_expect_says(test, dmabuf, "phys_mappings:\t1");
}

/*
 * The rules of a walk, checked byte range by byte range against the slow way:
 * returns the number of pieces, or 0 with *@why set.
 */
static size_t check_walk(const struct dma_buf_phys_desc *desc,
			 const struct dma_buf_phys_map *map, size_t cap,
			 const char **why)
{
	size_t off = map->offset;
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	dma_addr_t run_end = 0;
	size_t run = 0;
	size_t n = 0;
	size_t i;

	*why = NULL;
	dma_buf_phys_for_each_max(map, &walk, piece, cap) {
		if (!piece->len || piece->len > cap)
			*why = "bad length";
		for (i = 0; i < piece->len; i += P) {
			if (phys_test_paddr(desc, off + i) != piece->addr + i)
				*why = "wrong address";
		}
		/* Touching pieces must be the parts of one that was cut. */
		if (n && piece->addr == run_end) {
			if (run % cap)
				*why = "not merged, or cut too early";
		} else {
			run = 0;
		}
		run += piece->len;
		run_end = piece->addr + piece->len;
		off += piece->len;
		n++;
	}
	if (off != map->offset + map->len)
		*why = "wrong sum";
	return *why ? 0 : n;
}

/* Each slice of whole pages, each cap, of a buffer with all sorts of borders */
static void walk_covers_every_slice(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ 64 * P, 3 * P }, { 67 * P, P }, { 16 * P, P }, { 8 * P, 2 * P },
		{ 10 * P, P }, { 11 * P, P }, { 72 * P, 5 * P },
	};
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp = phys_test_importer(test, dmabuf, dev);
	size_t offset, len, cap, n;
	const char *why;

	for (offset = 0; offset < dmabuf->size; offset += P) {
		for (len = P; len <= dmabuf->size - offset; len += P) {
			KUNIT_ASSERT_EQ(test, 0,
					dma_buf_phys_map_device(imp->attach,
								&imp->map, dev,
								offset, len,
								DMA_TO_DEVICE,
								0));
			imp->mapped = true;
			for (cap = P; cap <= dmabuf->size; cap += P) {
				n = check_walk(&desc, &imp->map, cap, &why);
				KUNIT_ASSERT_NULL_MSG(test, why,
						      "offset %zu len %zu cap %zu: %s",
						      offset, len, cap, why);
				KUNIT_ASSERT_EQ(test, n,
						dma_buf_phys_count(&imp->map,
								   cap));
			}
			phys_test_unmap(imp);
		}
	}
}

struct long_case {
	const char *name;
	size_t nr;
	size_t touch;
};

/* A walk has 32 pieces at hand. */
static const struct long_case long_cases[] = {
	{ "as many as are at hand, less one", 31, 0 },
	{ "as many as are at hand", 32, 0 },
	{ "as many as are at hand, and one", 33, 0 },
	{ "many", 100, 0 },
	{ "many, all touch", 100, 1 },
	{ "many, in pairs", 100, 2 },
	{ "many, some touch", 100, 3 },
	{ "many, two touch where the first 32 end", 100, 32 },
};

KUNIT_ARRAY_PARAM_DESC(long, long_cases, name);

/* One to three pages each; each @touch-th, if any, touches the one before it. */
static size_t long_fill(const struct long_case *c, struct phys_vec *ranges)
{
	size_t pieces = 0;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		ranges[i].paddr = 4 * (c->nr - i) * P;
		ranges[i].len = (1 + i % 3) * P;
		if (i && c->touch && i % c->touch == 0)
			ranges[i].paddr = ranges[i - 1].paddr + ranges[i - 1].len;
		else
			pieces++;
	}
	return pieces;
}

static void long_walk_goes_on(struct kunit *test)
{
	const struct long_case *c = test->param_value;
	struct phys_vec *ranges = kunit_kmalloc_array(test, c->nr, sizeof(*ranges),
						      GFP_KERNEL);
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, c->nr);
	size_t offset, len, cap, nr_pieces;
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp;
	struct dma_buf *dmabuf;
	const char *why;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	nr_pieces = long_fill(c, ranges);
	dmabuf = phys_test_export(test, &desc);
	imp = phys_test_importer(test, dmabuf, dev);
	KUNIT_ASSERT_EQ(test, phys_test_map(imp, dev), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&imp->map, SIZE_MAX), nr_pieces);
	phys_test_unmap(imp);

	for (offset = 0; offset < 60 * P; offset += 13 * P / 2) {
		len = dmabuf->size - offset - offset % (2 * P);
		KUNIT_ASSERT_EQ(test, 0,
				dma_buf_phys_map_device(imp->attach, &imp->map, dev,
							offset, len,
							DMA_TO_DEVICE, 0));
		imp->mapped = true;
		for (cap = P; cap <= 4 * P; cap += P) {
			check_walk(&desc, &imp->map, cap == 4 * P ? SIZE_MAX : cap,
				   &why);
			KUNIT_EXPECT_NULL_MSG(test, why,
					      "offset %zu len %zu cap %zu: %s",
					      offset, len, cap, why);
		}
		phys_test_unmap(imp);
	}
}

/* Whatever room there is, the same pieces come in the same order. */
static void any_room_is_filled(struct kunit *test)
{
	const struct long_case *c = test->param_value;
	struct phys_vec *ranges = kunit_kmalloc_array(test, c->nr, sizeof(*ranges),
						      GFP_KERNEL);
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, c->nr);
	struct dma_buf_phys_piece pieces[8], one;
	struct device *dev = phys_test_device(test);
	struct dma_buf_phys_iter it, slow;
	struct phys_test_importer *imp;
	size_t room, cap, n, i;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	long_fill(c, ranges);
	imp = phys_test_importer(test, phys_test_export(test, &desc), dev);
	KUNIT_ASSERT_EQ(test, phys_test_map(imp, dev), 0);
	for (room = 1; room <= ARRAY_SIZE(pieces); room++) {
		cap = room % 2 ? SIZE_MAX : 2 * P;
		dma_buf_phys_iter_start(&it, &imp->map, cap);
		dma_buf_phys_iter_start(&slow, &imp->map, cap);
		do {
			n = dma_buf_phys_iter_fill(&it, pieces, room);
			KUNIT_ASSERT_LE(test, n, room);
			for (i = 0; i < n; i++) {
				KUNIT_ASSERT_EQ(test, 1,
						dma_buf_phys_iter_fill(&slow, &one, 1));
				KUNIT_EXPECT_MEMEQ(test, &pieces[i], &one,
						   sizeof(one));
			}
		} while (n);
		KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&slow, &one, 1), 0);
	}
}

static void walk_can_be_repeated(struct kunit *test)
{
	static const struct phys_vec ranges[] = {
		{ 16 * P, P }, { 64 * P, P },
	};
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct phys_test_importer *imp = phys_test_importer(test, dmabuf, dev);
	struct dma_buf_phys_iter first, second, copy;
	struct dma_buf_phys_piece piece;

	KUNIT_ASSERT_EQ(test, phys_test_map(imp, dev), 0);

	/* Two at a time know nothing of each other. */
	dma_buf_phys_iter_start(&first, &imp->map, SIZE_MAX);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&first, &piece, 1), 1);
	KUNIT_EXPECT_EQ(test, piece.addr, 16 * P);
	dma_buf_phys_iter_start(&second, &imp->map, SIZE_MAX);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&second, &piece, 1), 1);
	KUNIT_EXPECT_EQ(test, piece.addr, 16 * P);
	copy = first;
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&first, &piece, 1), 1);
	KUNIT_EXPECT_EQ(test, piece.addr, 64 * P);

	/* The end stays the end. */
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&first, &piece, 1), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&first, &piece, 1), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&second, &piece, 1), 1);
	KUNIT_EXPECT_EQ(test, piece.addr, 64 * P);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&copy, &piece, 1), 1);
	KUNIT_EXPECT_EQ(test, piece.addr, 64 * P);
}

static struct kunit_case phys_walk_cases[] = {
	KUNIT_CASE_PARAM(slice_is_checked, slice_gen_params),
	KUNIT_CASE_PARAM(walk_gives_pieces, walk_gen_params),
	KUNIT_CASE(walk_covers_every_slice),
	KUNIT_CASE_PARAM(long_walk_goes_on, long_gen_params),
	KUNIT_CASE_PARAM(any_room_is_filled, long_gen_params),
	KUNIT_CASE(walk_can_be_repeated),
	{}
};

static struct kunit_suite phys_walk_suite = {
	.name = "dma-buf-phys-walk",
	.test_cases = phys_walk_cases,
};

kunit_test_suite(phys_walk_suite);
