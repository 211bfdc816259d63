// SPDX-License-Identifier: GPL-2.0
/*
 * The layouts that device memory is tested in: one range, many, adjacent ones,
 * odd sizes in no order, and more than 4 GiB.
 */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include "st-dma-buf-phys-pci.h"

#define P	PAGE_SIZE

/**
 * struct phys_pci_layout - ranges of a BAR
 * @name: for people
 * @nr: of @ranges; if 0, @scattered, last one first
 * @scattered: how many ranges
 * @pages: in each of them
 * @touch: each of these touches the one before it, if not 0
 * @ranges: from the begin of the BAR
 */
struct phys_pci_layout {
	const char *name;
	size_t nr;
	size_t scattered;
	size_t pages;
	size_t touch;
	struct phys_vec ranges[5];
};

const struct phys_pci_layout phys_pci_plain = {
	"plain", 3, 0, 0, 0, { { 64 * P, 3 * P }, { 0, P }, { 32 * P, 4 * P } },
};
EXPORT_SYMBOL_IF_KUNIT(phys_pci_plain);

static const struct phys_pci_layout layouts[] = {
	{ "one", 1, 0, 0, 0, { { 3 * P, 16 * P } } },
	{ "one of 2 MiB", 1, 0, 0, 0, { { SZ_2M, SZ_2M } } },
	{ "many", 0, 300, 1 },
	{ "many of three pages", 0, 70, 3 },
	{ "many, some adjacent", 0, 100, 3, 32 },
	{ "adjacent", 4, 0, 0, 0,
	  { { 5 * P, 2 * P }, { 7 * P, P }, { 8 * P, 4 * P }, { 12 * P, P } } },
	{ "some adjacent", 5, 0, 0, 0,
	  { { 5 * P, 2 * P }, { 7 * P, P }, { 64 * P, P }, { 2 * P, P },
	    { 3 * P, 2 * P } } },
	{ "odd sizes", 4, 0, 0, 0,
	  { { 100 * P, 3 * P }, { 7 * P, P }, { 50 * P, 5 * P },
	    { 20 * P, 7 * P } } },
	{ "odd page before 2 MiB", 2, 0, 0, 0, { { P, P }, { SZ_2M, SZ_2M } } },
	{ "odd page between 2 MiB", 3, 0, 0, 0,
	  { { SZ_8M, SZ_2M }, { P, P }, { SZ_4M, SZ_2M } } },
#ifdef CONFIG_64BIT
	{ "more than 4 GiB", 1, 0, 0, 0, { { SZ_2M, SZ_4G + 3 * P } } },
	{ "more than 4 GiB and a page", 2, 0, 0, 0,
	  { { SZ_1G, SZ_4G + SZ_1G + P }, { 0, P } } },
#endif
};

KUNIT_ARRAY_PARAM_DESC(phys_pci, layouts, name);

const void *phys_pci_layouts(struct kunit *test, const void *prev, char *desc)
{
	return phys_pci_gen_params(test, prev, desc);
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_layouts);

static void fill_ranges(const struct phys_pci_layout *layout, phys_addr_t bar,
			struct phys_vec *ranges, size_t nr)
{
	/* A page between them, and room for one that touches the one before */
	size_t stride = (layout->pages + 1) * P +
			(layout->touch ? layout->pages * P : 0);
	size_t i;

	for (i = 0; i < nr; i++) {
		if (layout->nr)
			ranges[i] = layout->ranges[i];
		else
			ranges[i] = (struct phys_vec) {
				stride * (nr - i), layout->pages * P
			};
		ranges[i].paddr += bar;
		if (i && layout->touch && i % layout->touch == 0)
			ranges[i].paddr = ranges[i - 1].paddr + ranges[i - 1].len;
	}
}

void phys_pci_export(struct kunit *test, struct phys_pci_test *t,
		     const struct phys_vec *ranges, size_t nr,
		     struct p2pdma_provider *provider)
{
	struct phys_vec *copy = kunit_kmalloc_array(test, nr, sizeof(*copy),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, ranges, nr * sizeof(*copy));
	t->desc = (struct dma_buf_phys_desc) {
		.ranges = copy,
		.nr_ranges = nr,
		.provider = provider,
		.attrs = provider ? DMA_BUF_PHYS_MMIO : 0,
		.needs = DMA_BUF_IMPORTER_REVOCABLE,
	};
	t->dmabuf = phys_test_export(test, &t->desc);
	t->imp = phys_test_importer(test, t->dmabuf, t->pci->dev);
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_export);

struct phys_pci_test *phys_pci_init(struct kunit *test,
				    const struct phys_pci_layout *layout)
{
	struct phys_pci_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	size_t nr = layout->nr ?: layout->scattered;
	struct phys_vec *ranges;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->pci = pci_test_init(test);
	ranges = kunit_kcalloc(test, nr, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	fill_ranges(layout, t->pci->start, ranges, nr);
	for (i = 0; i < nr; i++) {
		if (ranges[i].paddr + ranges[i].len >
		    t->pci->start + t->pci->len)
			kunit_skip(test, "BAR of %zu MiB is too small",
				   t->pci->len / SZ_1M);
	}
	phys_pci_export(test, t, ranges, nr, t->pci->provider);
	kunit_kfree(test, ranges);
	return t;
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_init);

bool phys_pci_slice(const struct phys_pci_test *t, unsigned int i,
		    size_t *offset, size_t *len)
{
	size_t size = t->dmabuf->size;

	switch (i) {
	case 0:
		*offset = 0;
		*len = size;
		return true;
	case 1:
		*offset = P;
		*len = size - 2 * P;
		return size > 2 * P;
	case 2:
		*offset = 0;
		*len = P;
		return true;
	case 3:
		*offset = size - P;
		*len = P;
		return true;
	default:
		*offset = PAGE_ALIGN(size / 4);
		*len = PAGE_ALIGN(size / 2);
		return *offset + *len <= size;
	}
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_slice);

size_t phys_pci_step(const struct phys_pci_test *t, size_t offset)
{
	size_t left = t->dmabuf->size - offset;

	if (t->dmabuf->size < SZ_1G || left <= SZ_2M || offset < SZ_2M)
		return P;
	/* Sees each alignment in a large page sooner or later */
	return min(SZ_2M - P, left - SZ_2M + P) & PAGE_MASK;
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_step);

int phys_pci_map(struct phys_pci_test *t, size_t offset, size_t len,
		 unsigned long attrs)
{
	int ret = dma_buf_phys_map_device(t->imp->attach, &t->imp->map,
					  t->pci->dev, offset, len,
					  DMA_BIDIRECTIONAL, attrs);

	t->imp->mapped = !ret;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_map);

bool phys_pci_piece_is_right(struct kunit *test, const struct phys_pci_test *t,
			     size_t offset, dma_addr_t addr, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += phys_pci_step(t, offset + i)) {
		phys_addr_t want = phys_test_paddr(&t->desc, offset + i);
		phys_addr_t have = pci_test_reaches(t->pci, addr + i);

		if (have != want) {
			KUNIT_FAIL(test, "byte %#zx is at %pap, not at %pap",
				   offset + i, &have, &want);
			return false;
		}
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_piece_is_right);

void phys_pci_expect_nothing(struct kunit *test, const struct phys_pci_test *t,
			     dma_addr_t addr, size_t len)
{
	struct iommu_domain *domain = pci_test_domain(t->pci);
	size_t i;

	if (t->pci->route != PCI_TEST_IOVA)
		return;
	for (i = 0; i < len; i += phys_pci_step(t, i)) {
		if (iommu_iova_to_phys(domain, addr + i)) {
			KUNIT_FAIL(test, "byte %#zx is still mapped", i);
			return;
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_expect_nothing);

void phys_pci_expect_hole(struct kunit *test, const struct phys_pci_test *t,
			  dma_addr_t from, dma_addr_t to)
{
	KUNIT_ASSERT_GE(test, to, from);
	if (from == to)
		return;
	phys_pci_expect_nothing(test, t, from, P);
	phys_pci_expect_nothing(test, t, ALIGN_DOWN(from + (to - from) / 2, P),
				P);
	phys_pci_expect_nothing(test, t, to - P, P);
}
EXPORT_SYMBOL_IF_KUNIT(phys_pci_expect_hole);

size_t phys_pci_runs(const struct phys_pci_test *t, size_t offset, size_t len)
{
	size_t end = offset + len;
	phys_addr_t next = 0;
	size_t begin = 0;
	size_t n = 0;
	size_t i;

	for (i = 0; i < t->desc.nr_ranges; i++) {
		const struct phys_vec *range = &t->desc.ranges[i];

		if (begin < end && begin + range->len > offset) {
			if (!n || range->paddr != next)
				n++;
			next = range->paddr + range->len;
		}
		begin += range->len;
	}
	return n;
}
