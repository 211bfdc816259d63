// SPDX-License-Identifier: GPL-2.0
/*
 * Large pages behind an IOMMU, on real PCI functions: where the runs of a buffer
 * come to lie in IOVA space, what is in the holes between them, and that all of
 * it goes away.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>

#include "dma-buf-phys-priv.h"
#include "st-dma-buf-phys-pci.h"

#define P	PAGE_SIZE

static struct phys_pci_test *init(struct kunit *test,
				  const struct phys_pci_layout *layout)
{
	struct phys_pci_test *t = phys_pci_init(test, layout);

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	return t;
}

/* Two runs that want 2 MiB pages and cannot both have them without a hole */
static struct phys_pci_test *init_with_hole(struct kunit *test)
{
	struct phys_pci_test *t = init(test, &phys_pci_plain);
	const struct phys_vec ranges[] = {
		{ t->pci->start + SZ_8M, SZ_2M }, { t->pci->start + P, P },
		{ t->pci->start + SZ_4M, SZ_2M },
	};

	if (!(pci_test_domain(t->pci)->pgsize_bitmap & SZ_2M))
		kunit_skip(test, "this IOMMU has no pages of 2 MiB");
	if (t->pci->len < SZ_8M + SZ_2M)
		kunit_skip(test, "the BAR is too small");
	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), t->pci->provider);
	return t;
}

/* How far the memory goes on from a byte of the buffer, up to @len */
static size_t run_length(const struct phys_pci_test *t, size_t offset,
			 size_t len)
{
	size_t n;

	for (n = P; n < len; n += P) {
		if (phys_test_paddr(&t->desc, offset + n) !=
		    phys_test_paddr(&t->desc, offset) + n)
			break;
	}
	return n;
}

/* The larger pages of the IOMMU that fit in a run must be usable for it. */
static void expect_congruent(struct kunit *test, const struct phys_pci_test *t,
			     phys_addr_t paddr, size_t len, dma_addr_t addr)
{
	unsigned long pgsizes = pci_test_domain(t->pci)->pgsize_bitmap;
	int bit;

	for (bit = PAGE_SHIFT; bit < BITS_PER_LONG - 1; bit++) {
		if (pgsizes & BIT(bit) &&
		    ALIGN(paddr, BIT(bit)) + BIT(bit) <= paddr + len)
			KUNIT_EXPECT_EQ(test, (addr ^ paddr) & (BIT(bit) - 1),
					0);
	}
}

static void page_sizes_are_kept(struct kunit *test)
{
	struct phys_pci_test *t = init(test, test->param_value);
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t off = 0;
	size_t i, len;

	if (t->dmabuf->size >= SZ_1G)
		kunit_skip(test, "would take too long, page by page");
	KUNIT_ASSERT_EQ(test, phys_pci_map(t, 0, t->dmabuf->size, 0), 0);
	dma_buf_phys_for_each(&t->imp->map, &walk, piece) {
		for (i = 0; i < piece->len; i += len) {
			len = run_length(t, off + i, piece->len - i);
			expect_congruent(test, t,
					 phys_test_paddr(&t->desc, off + i),
					 len, piece->addr + i);
		}
		off += piece->len;
	}
	phys_test_unmap(t->imp);
}

static void contiguous_is_one_piece(struct kunit *test)
{
	struct phys_pci_test *t = init(test, test->param_value);
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t offset, len;
	unsigned int i;

	for (i = 0; i < PHYS_PCI_SLICES; i++) {
		if (!phys_pci_slice(t, i, &offset, &len))
			continue;
		KUNIT_ASSERT_EQ(test, 0,
				phys_pci_map(t, offset, len,
					     DMA_BUF_PHYS_MAP_CONTIGUOUS));
		KUNIT_EXPECT_EQ(test, 1,
				dma_buf_phys_count(&t->imp->map, SIZE_MAX));
		dma_buf_phys_for_each(&t->imp->map, &walk, piece)
			phys_pci_piece_is_right(test, t, offset, piece->addr,
						piece->len);
		phys_test_unmap(t->imp);
	}
}

/* One byte of the first page to one of the last: the edges are whole pages. */
static void bytes_keep_page_sizes(struct kunit *test)
{
	struct phys_pci_test *t = init_with_hole(test);
	size_t len = t->dmabuf->size - 24;
	struct dma_buf_phys_piece piece[3];
	struct dma_buf_phys_iter it;

	KUNIT_ASSERT_EQ(test, phys_pci_map(t, 12, len, 0), 0);
	dma_buf_phys_iter_start(&it, &t->imp->map, SIZE_MAX);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_iter_fill(&it, piece, 3), 2);
	KUNIT_EXPECT_EQ(test, piece[0].len, SZ_2M + P - 12);
	KUNIT_EXPECT_EQ(test, piece[1].len, SZ_2M - 12);
	KUNIT_EXPECT_EQ(test, piece[0].addr % SZ_2M, 12);
	KUNIT_EXPECT_EQ(test, piece[1].addr % SZ_2M, 0);
	phys_pci_piece_is_right(test, t, 12, piece[0].addr, piece[0].len);
	phys_pci_piece_is_right(test, t, 12 + piece[0].len, piece[1].addr,
				piece[1].len);
	phys_test_unmap(t->imp);
	phys_pci_expect_nothing(test, t, piece[0].addr - 12, 3 * SZ_2M);
}

/* As many of a scatterlist's users cannot have pieces, it has one. */
static void old_importer_gets_one_piece(struct kunit *test)
{
	struct phys_pci_test *t = init_with_hole(test);
	struct scatterlist *sg;
	struct sg_table *sgt;
	dma_addr_t next = 0;
	unsigned int i;

	dma_resv_lock(t->dmabuf->resv, NULL);
	sgt = dma_buf_phys_map_dma_buf(t->imp->attach, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(sgt), 0);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (i)
			KUNIT_EXPECT_EQ(test, sg_dma_address(sg), next);
		next = sg_dma_address(sg) + sg_dma_len(sg);
	}

	dma_resv_lock(t->dmabuf->resv, NULL);
	dma_buf_phys_unmap_dma_buf(t->imp->attach, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
}

/* Who is still at a mapping that was severed is led nowhere, for all of it. */
static void severed_groups_lead_nowhere(struct kunit *test)
{
	struct phys_pci_test *t = init_with_hole(test);
	struct dma_buf_phys_piece piece, rest;
	struct dma_buf_phys_iter it;
	dma_addr_t before;

	before = pci_test_probe_iova(t->pci, 3 * SZ_2M);
	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, phys_pci_map(t, 0, t->dmabuf->size, 0), 0);
	dma_buf_phys_iter_start(&it, &t->imp->map, SIZE_MAX);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_iter_fill(&it, &piece, 1), 1);
	KUNIT_EXPECT_EQ(test, piece.addr, before);
	KUNIT_EXPECT_EQ(test, piece.len, SZ_2M + P);

	phys_test_grace(test, 20);
	dma_buf_phys_revoke(t->dmabuf);
	phys_pci_expect_nothing(test, t, before, 3 * SZ_2M);
	dma_buf_phys_kill(t->dmabuf);

	/* The rest of the walk, and a new one, without a description */
	KUNIT_ASSERT_EQ(test, dma_buf_phys_iter_fill(&it, &rest, 1), 1);
	KUNIT_EXPECT_EQ(test, rest.len, SZ_2M);
	KUNIT_EXPECT_GE(test, rest.addr, before);
	KUNIT_EXPECT_LE(test, rest.addr + rest.len, before + 3 * SZ_2M);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_iter_fill(&it, &rest, 1), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 1);

	KUNIT_EXPECT_NE(test, pci_test_probe_iova(t->pci, 3 * SZ_2M), before);
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_EQ(test, pci_test_probe_iova(t->pci, 3 * SZ_2M), before);
}

static void groups_give_all_back(struct kunit *test)
{
	struct phys_pci_test *t = init_with_hole(test);
	dma_addr_t before = pci_test_probe_iova(t->pci, 3 * SZ_2M);
	int i;

	KUNIT_ASSERT_NE(test, before, DMA_MAPPING_ERROR);
	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, 0, phys_pci_map(t, 0, t->dmabuf->size,
						      0));
		KUNIT_EXPECT_NE(test, before,
				pci_test_probe_iova(t->pci, 3 * SZ_2M));
		phys_test_unmap(t->imp);
		phys_pci_expect_nothing(test, t, before, 3 * SZ_2M);
	}
	KUNIT_EXPECT_EQ(test, before, pci_test_probe_iova(t->pci, 3 * SZ_2M));
}

/* The second group cannot be mapped, at an address that no page table holds. */
static void failure_between_groups_leaves_nothing(struct kunit *test)
{
	struct phys_pci_test *t = init_with_hole(test);
	dma_addr_t before = pci_test_probe_iova(t->pci, 3 * SZ_2M);
	const struct phys_vec ranges[] = {
		t->desc.ranges[0], t->desc.ranges[1], { BIT_ULL(60), SZ_2M },
	};

	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), t->pci->provider);
	if (!phys_pci_map(t, 0, t->dmabuf->size, 0))
		kunit_skip(test, "this IOMMU takes any address");
	phys_pci_expect_nothing(test, t, before, 3 * SZ_2M);
	KUNIT_EXPECT_EQ(test, before, pci_test_probe_iova(t->pci, 3 * SZ_2M));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* Exactly 1 GiB has room where 1 GiB with a hole has not. */
static void small_room_costs_page_sizes_only(struct kunit *test)
{
	struct phys_pci_test *t = init_with_hole(test);
	const struct phys_vec ranges[] = {
		{ SZ_4G, SZ_512M }, { t->pci->start + P, P },
		{ SZ_8G, SZ_512M - P },
	};
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	size_t off = 0;

	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), t->pci->provider);
	KUNIT_ASSERT_EQ(test, dma_set_mask(t->pci->dev, DMA_BIT_MASK(32)), 0);
	if (pci_test_probe_iova(t->pci, SZ_1G) == DMA_MAPPING_ERROR)
		kunit_skip(test, "there is no room for 1 GiB");
	if (pci_test_probe_iova(t->pci, SZ_2G) != DMA_MAPPING_ERROR)
		kunit_skip(test, "there is room for more");
	KUNIT_ASSERT_EQ(test, phys_pci_map(t, 0, t->dmabuf->size, 0), 0);
	KUNIT_EXPECT_STREQ(test, t->imp->map.route->name, "iova");
	KUNIT_EXPECT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 1);
	dma_buf_phys_for_each(&t->imp->map, &walk, piece) {
		phys_pci_piece_is_right(test, t, off, piece->addr, piece->len);
		off += piece->len;
	}
	phys_test_unmap(t->imp);
}

static struct kunit_case phys_pci_iova_cases[] = {
	KUNIT_CASE_PARAM(page_sizes_are_kept, phys_pci_layouts),
	KUNIT_CASE_PARAM(contiguous_is_one_piece, phys_pci_layouts),
	KUNIT_CASE(bytes_keep_page_sizes),
	KUNIT_CASE(old_importer_gets_one_piece),
	KUNIT_CASE(severed_groups_lead_nowhere),
	KUNIT_CASE(groups_give_all_back),
	KUNIT_CASE(failure_between_groups_leaves_nothing),
	KUNIT_CASE(small_room_costs_page_sizes_only),
	{}
};

static struct kunit_suite phys_pci_iova_suite = {
	.name = "dma-buf-phys-pci-iova",
	.test_cases = phys_pci_iova_cases,
};

kunit_test_suite(phys_pci_iova_suite);
