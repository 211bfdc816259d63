/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of mapping arrays of physical ranges: what one walk of the table leaves
 * behind must be what a map for each run leaves behind.
 */
#ifndef __GENERIC_PT_KUNIT_PHYS_VEC_H
#define __GENERIC_PT_KUNIT_PHYS_VEC_H

#include <linux/phys-vec.h>

/* More than the entries of a table */
#define PHYS_VEC_MAX 1200

/* Where arrays are mapped: aligned to whatever page may be in them */
static pt_vaddr_t phys_vec_va(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;

	return pt_top_range(priv->common).va + SZ_1G;
}

static struct phys_vec *phys_vec_alloc(struct kunit *test)
{
	struct phys_vec *vecs;

	vecs = kunit_kcalloc(test, PHYS_VEC_MAX, sizeof(*vecs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vecs);
	return vecs;
}

static int map_phys_vec(struct kunit *test, pt_vaddr_t va,
			const struct phys_vec_slice *slice)
{
	struct kunit_iommu_priv *priv = test->priv;

	return iommu_map_phys_vec_nosync(&priv->domain, va, slice,
					 IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
}

static void check_phys_vec(struct kunit *test, pt_vaddr_t va,
			   struct phys_vec_slice slice)
{
	struct phys_vec run;

	while (phys_vec_slice_next(&slice, &run)) {
		check_iova(test, va, run.paddr, run.len);
		va += run.len;
	}
}

static void get_valids(struct kunit *test, struct count_valids *valids)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct pt_range range = pt_top_range(priv->common);

	memset(valids, 0, sizeof(*valids));
	KUNIT_ASSERT_NO_ERRNO(test,
			      pt_walk_range(&range, __count_valids, valids));
}

/*
 * One page or many, some that touch the range in front, some that could be
 * mapped with large pages. Returns their sum.
 */
static size_t phys_vec_randomize(struct kunit *test, struct phys_vec *vecs,
				 unsigned int nr)
{
	struct kunit_iommu_priv *priv = test->priv;
	unsigned int pgsz_lg2 = priv->smallest_pgsz_lg2;
	pt_vaddr_t va = phys_vec_va(test);
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i != nr; i++) {
		pt_oaddr_t paddr = 1 + get_random_u32_below(SZ_64K);
		size_t pages = 1;

		paddr <<= pgsz_lg2;
		if (!get_random_u32_below(4))
			pages += get_random_u32_below(20);
		if (!get_random_u32_below(100))
			pages += get_random_u32_below(2000);

		if (i && !get_random_u32_below(4))
			paddr = vecs[i - 1].paddr + vecs[i - 1].len;
		else if (!get_random_u32_below(3))
			paddr = log2_set_mod(paddr,
					     log2_mod(va + sum, pgsz_lg2 + 9),
					     pgsz_lg2 + 9);

		vecs[i].paddr = paddr;
		vecs[i].len = pages << pgsz_lg2;
		sum += vecs[i].len;
	}
	return sum;
}

/* The same leaves as from a map for each run, and nothing left after unmap */
static void check_like_single(struct kunit *test, pt_vaddr_t va,
			      const struct phys_vec_slice *slice)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct phys_vec_slice rest = *slice;
	struct count_valids *single, *batch;
	struct phys_vec run;
	pt_vaddr_t at = va;

	single = kunit_kmalloc(test, sizeof(*single), GFP_KERNEL);
	batch = kunit_kmalloc(test, sizeof(*batch), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, single);
	KUNIT_ASSERT_NOT_NULL(test, batch);

	while (phys_vec_slice_next(&rest, &run)) {
		KUNIT_ASSERT_NO_ERRNO(test,
				      iommu_map(&priv->domain, at, run.paddr,
						run.len,
						IOMMU_READ | IOMMU_WRITE,
						GFP_KERNEL));
		at += run.len;
	}
	get_valids(test, single);
	do_unmap(test, va, slice->len);

	KUNIT_ASSERT_NO_ERRNO(test, map_phys_vec(test, va, slice));
	check_phys_vec(test, va, *slice);
	get_valids(test, batch);
	KUNIT_EXPECT_MEMEQ(test, batch, single, sizeof(*single));
	do_unmap(test, va, slice->len);
	KUNIT_ASSERT_EQ(test, count_valids(test), 0);

	kunit_kfree(test, batch);
	kunit_kfree(test, single);
}

static void test_phys_vec_random(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct phys_vec *vecs = phys_vec_alloc(test);
	struct phys_vec_slice slice = { .vecs = vecs };
	unsigned int iter;

	for (iter = 0; iter != 30; iter++) {
		unsigned int nr = 1 + get_random_u32_below(PHYS_VEC_MAX);

		slice.len = phys_vec_randomize(test, vecs, nr);
		check_like_single(test,
				  phys_vec_va(test) +
					  priv->smallest_pgsz * (iter % 7),
				  &slice);
		cond_resched();
	}
}

/* Begins and ends inside of ranges */
static void test_phys_vec_slice(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct phys_vec *vecs = phys_vec_alloc(test);
	struct phys_vec_slice slice = { .vecs = vecs };
	pt_vaddr_t pgsz = priv->smallest_pgsz;
	pt_vaddr_t va = phys_vec_va(test);
	size_t sum;

	sum = phys_vec_randomize(test, vecs, 20);
	slice.skip = vecs[0].len;
	vecs[0].len += pgsz;
	sum += pgsz;
	for (slice.len = pgsz; slice.len <= min(sum - slice.skip, 64 * pgsz);
	     slice.len += pgsz)
		check_like_single(test, va, &slice);
}

/* Ranges that touch each other get the page that they are together. */
static void test_phys_vec_touching(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct phys_vec *vecs = phys_vec_alloc(test);
	struct phys_vec_slice slice = { .vecs = vecs };
	pt_vaddr_t larger = priv->safe_pgsize_bitmap & ~priv->smallest_pgsz;
	unsigned int i;

	KUNIT_ASSERT_NE(test, larger, 0);
	larger = log2_to_int(vaffs(larger));
	slice.len = larger;
	for (i = 0; i != larger / priv->smallest_pgsz; i++) {
		vecs[i].paddr = larger + i * priv->smallest_pgsz;
		vecs[i].len = priv->smallest_pgsz;
	}

	KUNIT_ASSERT_NO_ERRNO(test,
			      map_phys_vec(test, phys_vec_va(test), &slice));
	KUNIT_EXPECT_EQ(test, count_valids_single(test, larger), 1);
	check_phys_vec(test, phys_vec_va(test), slice);
	do_unmap(test, phys_vec_va(test), larger);
}

/* What an error leaves behind: what was there before. */
static void test_phys_vec_error(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t pgsz = priv->smallest_pgsz;
	pt_vaddr_t va = phys_vec_va(test);
	struct phys_vec vecs[] = {
		{ .paddr = 8 * pgsz, .len = 2 * pgsz },
		{ .paddr = 4 * pgsz, .len = pgsz },
		{ .paddr = 2 * pgsz, .len = pgsz },
		{ .paddr = 16 * pgsz, .len = 3 * pgsz },
	};
	struct phys_vec_slice slice = { .vecs = vecs, .len = 7 * pgsz };
	pt_vaddr_t used;

	for (used = va; used != va + slice.len; used += pgsz) {
		do_map(test, used, 32 * pgsz, pgsz);
		KUNIT_EXPECT_EQ(test, map_phys_vec(test, va, &slice),
				-EADDRINUSE);
		KUNIT_EXPECT_EQ(test, count_valids(test), 1);
		check_iova(test, used, 32 * pgsz, pgsz);
		do_unmap(test, used, pgsz);
	}

	vecs[1].paddr += pgsz / 2;
	KUNIT_EXPECT_EQ(test, map_phys_vec(test, va, &slice), -ENXIO);
	KUNIT_EXPECT_EQ(test, count_valids(test), 0);

	vecs[1].paddr -= pgsz / 2;
	vecs[1].len -= pgsz / 2;
	slice.len -= pgsz / 2;
	KUNIT_EXPECT_EQ(test, map_phys_vec(test, va, &slice), -ENXIO);
	KUNIT_EXPECT_EQ(test, count_valids(test), 0);

	slice.len = 0;
	KUNIT_EXPECT_EQ(test, map_phys_vec(test, va, &slice), -EINVAL);
	KUNIT_EXPECT_EQ(test, count_valids(test), 0);
}

/* An address that the table cannot store, behind one that it can */
static void test_phys_vec_oa_limit(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	pt_vaddr_t pgsz = priv->smallest_pgsz;
	struct phys_vec vecs[] = {
		{ .paddr = 8 * pgsz, .len = pgsz },
		{ .paddr = 0, .len = pgsz },
	};
	const struct phys_vec_slice slice = { .vecs = vecs, .len = 2 * pgsz };

	if (priv->common->max_oasz_lg2 >= BITS_PER_TYPE(phys_addr_t))
		kunit_skip(test, "every physical address can be stored");

	vecs[1].paddr = (phys_addr_t)1 << priv->common->max_oasz_lg2;
	KUNIT_EXPECT_EQ(test, map_phys_vec(test, phys_vec_va(test), &slice),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, count_valids(test), 0);
}

/* The table grows at the top for what lies beyond. */
static void test_phys_vec_grow(struct kunit *test)
{
	struct kunit_iommu_priv *priv = test->priv;
	struct pt_range top_range = pt_top_range(priv->common);
	pt_vaddr_t pgsz = priv->smallest_pgsz;
	const struct phys_vec vecs[] = {
		{ .paddr = 8 * pgsz, .len = pgsz },
		{ .paddr = 32 * pgsz, .len = pgsz },
	};
	const struct phys_vec_slice slice = { .vecs = vecs, .len = 2 * pgsz };
	pt_vaddr_t va = top_range.last_va + 1 - pgsz;

	if (!pt_feature(priv->common, PT_FEAT_DYNAMIC_TOP) ||
	    priv->common->max_vasz_lg2 <= top_range.max_vasz_lg2 || IS_32BIT)
		kunit_skip(test, "no growth possible");

	KUNIT_ASSERT_NO_ERRNO(test, map_phys_vec(test, va, &slice));
	KUNIT_EXPECT_GT(test, pt_top_range(priv->common).top_level,
			top_range.top_level);
	check_phys_vec(test, va, slice);
	do_unmap(test, va, slice.len);
}

#endif
