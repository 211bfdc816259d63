// SPDX-License-Identifier: GPL-2.0
/*
 * Scatterlists, both ways: what an importer of the old kind gets from a
 * described buffer, and how a buffer of an old exporter is walked.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "st-dma-buf-phys-old.h"

#define P	PAGE_SIZE

/*
 * Old importer, described buffer
 */
static struct sg_table *map_sgt(struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;

	dma_resv_lock(attach->dmabuf->resv, NULL);
	sgt = dma_buf_phys_map_dma_buf(attach, DMA_BIDIRECTIONAL);
	dma_resv_unlock(attach->dmabuf->resv);
	return sgt;
}

static void unmap_sgt(struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	dma_resv_lock(attach->dmabuf->resv, NULL);
	dma_buf_phys_unmap_dma_buf(attach, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(attach->dmabuf->resv);
}

struct sgt_case {
	const char *name;
	size_t max_seg;
	size_t nr_ranges;
	struct phys_vec ranges[3];
	unsigned int nents;
	struct phys_vec entries[4];
};

static const struct sgt_case sgt_cases[] = {
	{ "one range", SZ_64K, 1, { { 64 * P, 8 * P } },
	  1, { { 64 * P, 8 * P } } },
	{ "apart", SZ_64K, 3, { { 64 * P, 3 * P }, { P, P }, { 9 * P, P } },
	  3, { { 64 * P, 3 * P }, { P, P }, { 9 * P, P } } },
	{ "two of three touch", SZ_64K, 3,
	  { { 64 * P, 3 * P }, { 67 * P, P }, { 9 * P, P } },
	  2, { { 64 * P, 4 * P }, { 9 * P, P } } },
	{ "short segments", 2 * P, 2, { { 64 * P, 5 * P }, { P, P } },
	  4, { { 64 * P, 2 * P }, { 66 * P, 2 * P }, { 68 * P, P },
	       { P, P } } },
	{ "segments of no whole page", 3 * P - 1, 1, { { 64 * P, 5 * P } },
	  3, { { 64 * P, 2 * P }, { 66 * P, 2 * P }, { 68 * P, P } } },
#ifdef CONFIG_64BIT
	{ "more than 4 GiB", UINT_MAX, 1, { { SZ_4G, SZ_4G + P } },
	  2, { { SZ_4G, SZ_4G - P }, { SZ_8G - P, 2 * P } } },
#endif
};

KUNIT_ARRAY_PARAM_DESC(sgt, sgt_cases, name);

static void old_importer_gets_a_table(struct kunit *test)
{
	const struct sgt_case *c = test->param_value;
	struct dma_buf_phys_desc desc = {
		.ranges = c->ranges, .nr_ranges = c->nr_ranges,
	};
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach =
		phys_test_attach(test, dmabuf, dev, NULL, NULL);
	struct device_dma_parameters parms = { .max_segment_size = c->max_seg };
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;

	dev->dma_parms = &parms;
	sgt = map_sgt(attach);
	dev->dma_parms = NULL;
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	/* No pages, and whoever looks for them can tell. */
	KUNIT_EXPECT_EQ(test, sgt->orig_nents, 0);
	KUNIT_EXPECT_EQ(test, sgt->nents, c->nents);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
		if (i >= c->nents)
			continue;
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), c->entries[i].paddr);
		KUNIT_EXPECT_EQ(test, sg_dma_len(sg), c->entries[i].len);
	}
	phys_test_expect_says(test, dmabuf, "phys_mappings:\t1");
	unmap_sgt(attach, sgt);
	phys_test_expect_says(test, dmabuf, "phys_mappings:\t0");
}

/* By the door that importers use, which may wrap the table. */
static void old_importer_maps_and_unmaps(struct kunit *test)
{
	static const struct phys_vec ranges[] = { { P, P }, { 64 * P, P } };
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach =
		phys_test_attach(test, dmabuf, dev, NULL, NULL);
	struct sg_table *sgt;

	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, 2);
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), P);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
	phys_test_expect_says(test, dmabuf, "phys_mappings:\t0");
}

/*
 * A table longer than SG_MAX_SINGLE_ALLOC begins with a page of its own. With
 * a reference to it, one can see the other one go.
 */
static void table_is_freed(struct kunit *test)
{
	const size_t nr = 2 * SG_MAX_SINGLE_ALLOC;
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;
	struct phys_vec *ranges;
	struct sg_table *sgt;
	struct page *page;
	size_t i;

	ranges = kunit_kcalloc(test, nr, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	for (i = 0; i < nr; i++)
		ranges[i] = (struct phys_vec) { 2 * i * P, P };
	desc = (struct dma_buf_phys_desc) { .ranges = ranges, .nr_ranges = nr };
	dmabuf = phys_test_export(test, &desc);
	attach = phys_test_attach(test, dmabuf, dev, NULL, NULL);

	sgt = map_sgt(attach);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, nr);
	page = virt_to_page(sgt->sgl);
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	unmap_sgt(attach, sgt);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

static void revoked_buffer_gives_no_table(struct kunit *test)
{
	static const struct phys_vec ranges[] = { { P, P } };
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach =
		phys_test_attach(test, dmabuf, dev, NULL, NULL);

	dma_buf_phys_revoke(dmabuf);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(map_sgt(attach)), -ENODEV);
}

/* It cannot be told; what it has is waited for all the same. */
static void revoke_waits_for_the_old_importer(struct kunit *test)
{
	static const struct phys_vec ranges[] = { { P, P } };
	struct dma_buf_phys_desc desc = phys_test_desc(ranges, ARRAY_SIZE(ranges));
	struct dma_buf *dmabuf = phys_test_export(test, &desc);
	struct device *dev = phys_test_device(test);
	struct dma_buf_attachment *attach =
		phys_test_attach(test, dmabuf, dev, NULL, NULL);
	struct phys_test_thread *revoker;
	struct sg_table *sgt;

	sgt = map_sgt(attach);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	revoker = phys_test_revoke(test, dmabuf);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoker));
	unmap_sgt(attach, sgt);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoker));
}

/*
 * New importer, old exporter
 */
static const struct phys_vec old_entries[] = {
	{ 64 * P, 3 * P }, { 16 * P, P }, { 32 * P, 4 * P },
};

struct old_test {
	struct phys_test_old *exp;
	struct device *dev;
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;
};

static struct old_test *old_init(struct kunit *test)
{
	struct old_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->exp = phys_test_old(test, old_entries, ARRAY_SIZE(old_entries),
			       8 * P);
	t->dev = phys_test_device(test);
	t->attach = phys_test_attach(test, t->exp->dmabuf, t->dev,
				     &phys_test_importer_ops, NULL);
	return t;
}

static int old_map_slice(struct old_test *t, struct device *dev, size_t offset,
			 size_t len, unsigned long attrs)
{
	int ret;

	dma_resv_lock(t->attach->dmabuf->resv, NULL);
	ret = dma_buf_phys_map_device(t->attach, &t->map, dev, offset, len,
				      DMA_BIDIRECTIONAL, attrs);
	dma_resv_unlock(t->attach->dmabuf->resv);
	return ret;
}

static void old_unmap_slice(struct old_test *t)
{
	dma_resv_lock(t->attach->dmabuf->resv, NULL);
	dma_buf_phys_unmap(&t->map);
	dma_resv_unlock(t->attach->dmabuf->resv);
}

/* Each slice of whole pages, against the table that the exporter made */
static void old_buffer_is_walked(struct kunit *test)
{
	struct dma_buf_phys_desc desc = phys_test_desc(old_entries, ARRAY_SIZE(old_entries));
	struct old_test *t = old_init(test);
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t offset, len, off, i;

	for (offset = 0; offset < 8 * P; offset += P) {
		for (len = P; len <= 8 * P - offset; len += P) {
			KUNIT_ASSERT_EQ(test, old_map_slice(t, t->dev, offset,
							    len, 0), 0);
			off = offset;
			dma_buf_phys_for_each_max(&t->map, &walk, piece, 2 * P) {
				KUNIT_EXPECT_LE(test, piece->len, 2 * P);
				for (i = 0; i < piece->len; i += P)
					KUNIT_EXPECT_EQ(test, piece->addr + i,
							phys_test_paddr(&desc,
									off + i));
				off += piece->len;
			}
			KUNIT_EXPECT_EQ(test, off, offset + len);
			old_unmap_slice(t);
			KUNIT_ASSERT_EQ(test, t->exp->maps, 0);
		}
	}
}

static void old_buffer_counts_its_entries(struct kunit *test)
{
	struct old_test *t = old_init(test);

	KUNIT_ASSERT_EQ(test, old_map_slice(t, t->dev, 2 * P, 4 * P, 0), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->map, SIZE_MAX), 3);
	old_unmap_slice(t);
}

static void old_buffer_checks_the_slice(struct kunit *test)
{
	struct old_test *t = old_init(test);

	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, P, 8 * P, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, 8 * P, P, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, -P, 2 * P, 0),
			-EOVERFLOW);
	KUNIT_EXPECT_EQ(test, t->exp->maps, 0);
}

static void old_buffer_is_for_the_attached_device(struct kunit *test)
{
	struct old_test *t = old_init(test);
	struct device *other = kunit_device_register(test, "other");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->attach, t->dev), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->attach, other),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, old_map_slice(t, other, 0, P, 0), -EOPNOTSUPP);
	/* The exporter's callback has no way to be asked for attributes. */
	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, 0, P,
					    DMA_ATTR_WEAK_ORDERING),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, t->exp->maps, 0);
}

static void old_buffer_is_not_known_to_be_mappable(struct kunit *test)
{
	struct old_test *t = old_init(test);

	dma_resv_lock(t->attach->dmabuf->resv, NULL);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_mappable(t->attach), -EOPNOTSUPP);
	dma_resv_unlock(t->attach->dmabuf->resv);
}

static void old_exporters_error_is_passed_on(struct kunit *test)
{
	struct old_test *t = old_init(test);

	t->exp->ret = -EBUSY;
	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, 0, P, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, t->exp->maps, 0);
}

/* A walk must not run out of a table that is too short. */
static void old_exporter_that_maps_too_little_is_refused(struct kunit *test)
{
	struct old_test *t = old_init(test);

	t->exp->nr = 2;
	KUNIT_EXPECT_EQ(test, old_map_slice(t, t->dev, 0, P, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, t->exp->maps, 0);
}

static struct kunit_case phys_sgt_cases[] = {
	KUNIT_CASE_PARAM(old_importer_gets_a_table, sgt_gen_params),
	KUNIT_CASE(old_importer_maps_and_unmaps),
	KUNIT_CASE(table_is_freed),
	KUNIT_CASE(revoked_buffer_gives_no_table),
	KUNIT_CASE(revoke_waits_for_the_old_importer),
	KUNIT_CASE(old_buffer_is_walked),
	KUNIT_CASE(old_buffer_counts_its_entries),
	KUNIT_CASE(old_buffer_checks_the_slice),
	KUNIT_CASE(old_buffer_is_for_the_attached_device),
	KUNIT_CASE(old_buffer_is_not_known_to_be_mappable),
	KUNIT_CASE(old_exporters_error_is_passed_on),
	KUNIT_CASE(old_exporter_that_maps_too_little_is_refused),
	{}
};

static struct kunit_suite phys_sgt_suite = {
	.name = "dma-buf-phys-sgt",
	.test_cases = phys_sgt_cases,
};

kunit_test_suite(phys_sgt_suite);
