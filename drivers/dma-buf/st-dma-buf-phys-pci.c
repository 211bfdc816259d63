// SPDX-License-Identifier: GPL-2.0
/*
 * Target DMA device on real PCI functions: bus address below one switch, IOVA
 * behind an IOMMU that translates, direct otherwise. Which of them is checked
 * depends on the machine; that it is the right one is checked, too.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>

#include "dma-buf-phys-priv.h"
#include "st-dma-buf-phys-pci.h"

#define P	PAGE_SIZE

static const char * const route_names[] = {
	[PCI_TEST_BUS] = "bus",
	[PCI_TEST_IOVA] = "iova",
	[PCI_TEST_DIRECT] = "direct",
};

static int map_slice(struct phys_pci_test *t, size_t offset, size_t len)
{
	return phys_pci_map(t, offset, len, 0);
}

static void check_slice(struct kunit *test, struct phys_pci_test *t,
			size_t offset, size_t len)
{
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	dma_addr_t first = 0, end = 0;
	size_t off = offset;
	size_t n = 0;

	KUNIT_ASSERT_EQ(test, map_slice(t, offset, len), 0);
	KUNIT_EXPECT_STREQ(test, t->imp->map.route->name,
			   route_names[t->pci->route]);
	dma_buf_phys_for_each(&t->imp->map, &walk, piece) {
		if (!n++) {
			first = piece->addr;
			end = first;
		}
		if (!phys_pci_piece_is_right(test, t, off, piece->addr,
					     piece->len))
			break;
		if (t->pci->route == PCI_TEST_IOVA)
			phys_pci_expect_hole(test, t, end, piece->addr);
		end = piece->addr + piece->len;
		off += piece->len;
	}
	KUNIT_EXPECT_EQ(test, off, offset + len);
	if (t->pci->route == PCI_TEST_IOVA) {
		KUNIT_EXPECT_LE(test, n, phys_pci_runs(t, offset, len));
		/* The neighbours are nobody's. */
		phys_pci_expect_nothing(test, t, first - P, P);
		phys_pci_expect_nothing(test, t, end, P);
	} else {
		KUNIT_EXPECT_EQ(test, n, phys_pci_runs(t, offset, len));
	}
	phys_test_unmap(t->imp);
	phys_pci_expect_nothing(test, t, first, end - first);
}

static void device_reaches_the_slice(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, test->param_value);
	size_t offset, len;
	unsigned int i;

	for (i = 0; i < PHYS_PCI_SLICES; i++) {
		if (phys_pci_slice(t, i, &offset, &len))
			check_slice(test, t, offset, len);
	}
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* What a device that bypasses the DMA API goes by */
static void untranslated_is_known_before(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	bool untranslated = true;
	size_t off = 0;

	KUNIT_ASSERT_EQ(test, map_slice(t, 0, t->dmabuf->size), 0);
	dma_buf_phys_for_each(&t->imp->map, &walk, piece) {
		if (piece->addr != phys_test_paddr(&t->desc, off))
			untranslated = false;
		off += piece->len;
	}
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_EQ(test, untranslated, t->pci->route != PCI_TEST_IOVA);
	KUNIT_EXPECT_EQ(test, untranslated,
			dma_buf_phys_untranslated(t->imp->attach, t->pci->dev));
}

/* The slice by a scatterlist, for importers that know nothing else */
static void old_importer_reaches_the_buffer(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, test->param_value);
	struct scatterlist *sg;
	struct sg_table *sgt;
	size_t off = 0;
	dma_addr_t first;
	unsigned int i;

	dma_resv_lock(t->dmabuf->resv, NULL);
	sgt = dma_buf_phys_map_dma_buf(t->imp->attach, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(sgt), 0);
	first = sg_dma_address(sgt->sgl);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_LE(test, sg_dma_len(sg),
				dma_get_max_seg_size(t->pci->dev));
		if (!phys_pci_piece_is_right(test, t, off, sg_dma_address(sg),
					     sg_dma_len(sg)))
			break;
		off += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, off, t->dmabuf->size);

	dma_resv_lock(t->dmabuf->resv, NULL);
	dma_buf_phys_unmap_dma_buf(t->imp->attach, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
	phys_pci_expect_nothing(test, t, first, t->dmabuf->size);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

static void revoke_takes_the_translation_away(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	dma_addr_t addr;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 8 * P), 0);
	addr = phys_test_first_addr(&t->imp->map);
	dma_buf_phys_revoke(t->dmabuf);
	phys_pci_expect_nothing(test, t, addr, 8 * P);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, 8 * P), -ENODEV);

	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, NULL), 0);
	check_slice(test, t, 0, 8 * P);
}

/*
 * Beyond the sizes that the IOVA allocator keeps in caches the next free range
 * is where the last one was, unless somebody lost that.
 */
static void no_iova_is_lost(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	const struct phys_vec ranges[] = {
		{ t->pci->start + SZ_1M, SZ_1M }, { t->pci->start, SZ_512K },
		{ t->pci->start + SZ_2M + SZ_1M, SZ_1M },
	};
	dma_addr_t before;
	int i;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), t->pci->provider);
	before = pci_test_probe_iova(t->pci, t->dmabuf->size);
	KUNIT_ASSERT_NE(test, before, DMA_MAPPING_ERROR);
	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, map_slice(t, 0, t->dmabuf->size), 0);
		KUNIT_EXPECT_NE(test, before,
				pci_test_probe_iova(t->pci, t->dmabuf->size));
		phys_test_unmap(t->imp);
	}
	KUNIT_EXPECT_EQ(test, before,
			pci_test_probe_iova(t->pci, t->dmabuf->size));
}

/*
 * A device that was not told goes on using its addresses: nothing must be there,
 * and nothing must come to be there, until its driver has let go.
 */
static void severed_iova_stays_taken(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	const struct phys_vec range = { t->pci->start, SZ_2M };
	dma_addr_t before;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	phys_pci_export(test, t, &range, 1, t->pci->provider);
	before = pci_test_probe_iova(t->pci, SZ_2M);
	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, map_slice(t, 0, SZ_2M), 0);
	KUNIT_EXPECT_EQ(test, phys_test_first_addr(&t->imp->map), before);

	phys_test_grace(test, 20);
	dma_buf_phys_revoke(t->dmabuf);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	phys_pci_expect_nothing(test, t, before, SZ_2M);
	KUNIT_EXPECT_NE(test, pci_test_probe_iova(t->pci, SZ_2M), before);

	/* A driver that walks it late gets what it got before. */
	KUNIT_EXPECT_EQ(test, phys_test_first_addr(&t->imp->map), before);

	/* The provider may go before the driver lets go. */
	dma_buf_phys_kill(t->dmabuf);
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_EQ(test, pci_test_probe_iova(t->pci, SZ_2M), before);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

/* The same for a driver that knows scatterlists only */
static void severed_scatterlist_is_unmapped(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct sg_table *sgt;
	dma_addr_t first;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	dma_resv_lock(t->dmabuf->resv, NULL);
	sgt = dma_buf_phys_map_dma_buf(t->imp->attach, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(sgt), 0);
	first = sg_dma_address(sgt->sgl);

	phys_test_grace(test, 20);
	dma_buf_phys_revoke(t->dmabuf);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t1");
	phys_pci_expect_nothing(test, t, first, t->dmabuf->size);
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), first);

	dma_resv_lock(t->dmabuf->resv, NULL);
	dma_buf_phys_unmap_dma_buf(t->imp->attach, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(t->dmabuf->resv);
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
}

/* Without an IOMMU nothing but the driver can keep the device off. */
static void revoke_waits_where_nothing_translates(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct phys_test_thread *revoking;

	if (t->pci->route == PCI_TEST_IOVA)
		kunit_skip(test, "an IOMMU translates for the importer");
	t->imp->lets_go = false;
	KUNIT_ASSERT_EQ(test, map_slice(t, 0, 8 * P), 0);
	phys_test_grace(test, 20);
	revoking = phys_test_revoke(test, t->dmabuf);
	msleep(200);
	KUNIT_EXPECT_TRUE(test, phys_test_goes_on(revoking));
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t1");
	phys_test_expect_says(test, t->dmabuf, "phys_severed:\t0");
	phys_test_unmap(t->imp);
	KUNIT_EXPECT_TRUE(test, phys_test_ends(revoking));
}

/* One range is at an address that no IOMMU page table can hold. */
static void failure_leaves_nothing(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct phys_vec ranges[] = {
		{ t->pci->start + SZ_1M, SZ_512K }, { t->pci->start, SZ_256K },
		{ 0, SZ_256K },
	};
	dma_addr_t before;
	size_t nr;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	/* The third, then the second, then the first */
	for (nr = ARRAY_SIZE(ranges); nr; nr--) {
		ranges[nr - 1].paddr = BIT_ULL(60);
		phys_pci_export(test, t, ranges, nr, t->pci->provider);
		before = pci_test_probe_iova(t->pci, t->dmabuf->size);
		KUNIT_ASSERT_NE(test, before, DMA_MAPPING_ERROR);
		if (!map_slice(t, 0, t->dmabuf->size))
			kunit_skip(test, "this IOMMU takes any address");
		KUNIT_EXPECT_EQ(test, before,
				pci_test_probe_iova(t->pci, t->dmabuf->size));
		phys_pci_expect_nothing(test, t, before, t->dmabuf->size);
		phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
	}
}

/* With 32 bits of addresses there is no room for the second range. */
static void failure_run_by_run_leaves_nothing(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	const struct phys_vec ranges[] = {
		{ t->pci->start, SZ_1M }, { SZ_4G, SZ_4G },
	};
	dma_addr_t before;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), t->pci->provider);
	KUNIT_ASSERT_EQ(test, dma_set_mask(t->pci->dev, DMA_BIT_MASK(32)), 0);
	/* The first time, the IOVA allocator empties its caches. */
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, t->dmabuf->size), -ENOMEM);
	before = pci_test_probe_iova(t->pci, SZ_1M);
	KUNIT_ASSERT_NE(test, before, DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, t->dmabuf->size), -ENOMEM);
	KUNIT_EXPECT_EQ(test, before, pci_test_probe_iova(t->pci, SZ_1M));
	phys_pci_expect_nothing(test, t, before, P);
	phys_test_expect_says(test, t->dmabuf, "phys_mappings:\t0");
}

/* Where there is no room for all in one piece, each run is mapped by itself. */
static void small_room_holds_single_runs(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	const struct phys_vec ranges[] = {
		{ t->pci->start, SZ_512M }, { SZ_8G, SZ_512M },
		{ SZ_16G, SZ_512M },
	};
	const struct dma_buf_phys_piece *piece;
	struct dma_buf_phys_walk walk;
	dma_addr_t addrs[3];
	size_t n = 0;

	if (t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), t->pci->provider);
	KUNIT_ASSERT_EQ(test, dma_set_mask(t->pci->dev, DMA_BIT_MASK(32)), 0);
	if (pci_test_probe_iova(t->pci, t->dmabuf->size) != DMA_MAPPING_ERROR)
		kunit_skip(test, "there is room in one piece");
	if (map_slice(t, 0, t->dmabuf->size))
		kunit_skip(test, "there is no room in three pieces");

	KUNIT_EXPECT_STREQ(test, t->imp->map.route->name, "direct");
	KUNIT_ASSERT_EQ(test, dma_buf_phys_count(&t->imp->map, SIZE_MAX), 3);
	dma_buf_phys_for_each(&t->imp->map, &walk, piece) {
		KUNIT_EXPECT_EQ(test, piece->len, SZ_512M);
		KUNIT_EXPECT_EQ(test, pci_test_reaches(t->pci, piece->addr),
				ranges[n].paddr);
		KUNIT_EXPECT_EQ(test,
				pci_test_reaches(t->pci, piece->addr + SZ_512M - P),
				ranges[n].paddr + SZ_512M - P);
		addrs[n++] = piece->addr;
	}
	phys_test_unmap(t->imp);
	while (n--) {
		phys_pci_expect_nothing(test, t, addrs[n], P);
		phys_pci_expect_nothing(test, t, addrs[n] + SZ_512M - P, P);
	}
}

/* Memory of the system goes the same way, but for the BAR's shortcut. */
static void system_memory_is_reached(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct phys_vec ranges[2];
	void *mem;
	int i;

	for (i = 0; i < 2; i++) {
		mem = kunit_kmalloc(test, P << i, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, mem);
		ranges[i] = (struct phys_vec) { virt_to_phys(mem), P << i };
	}
	phys_pci_export(test, t, ranges, ARRAY_SIZE(ranges), NULL);
	t->pci->route = pci_test_domain(t->pci) ? PCI_TEST_IOVA :
						  PCI_TEST_DIRECT;
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach,
						     t->pci->dev), 0);
	check_slice(test, t, 0, 3 * P);
	check_slice(test, t, P, P);
}

/* What was found when the importer attached was about another memory. */
static void new_memory_goes_its_own_way(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct phys_vec range = { .len = t->dmabuf->size };
	void *mem = kunit_kmalloc(test, range.len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	range.paddr = virt_to_phys(mem);
	t->desc = phys_test_desc(&range, 1);
	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
	t->pci->route = pci_test_domain(t->pci) ? PCI_TEST_IOVA :
						  PCI_TEST_DIRECT;
	check_slice(test, t, 0, range.len);
	dma_buf_phys_kill(t->dmabuf);
}

static void reach_is_known_before(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);
	struct device *elsewhere = phys_test_device(test);
	struct dma_buf_attachment *attach = t->imp->attach;

	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(attach, t->pci->dev), 0);
	/* Also by the device that the BAR belongs to */
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(attach,
						     &t->pci->exporter->dev),
			0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(attach, elsewhere),
			-EREMOTEIO);
	KUNIT_EXPECT_EQ(test, phys_test_map(t->imp, elsewhere), -EREMOTEIO);

	dma_buf_phys_revoke(t->dmabuf);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(attach, t->pci->dev), 0);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(attach, elsewhere),
			-EREMOTEIO);
	dma_buf_phys_kill(t->dmabuf);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(attach, t->pci->dev),
			-ENODEV);
}

/* An Intel CPU model makes QEMU's host bridge one that is not trusted. */
static void no_route_is_refused(struct kunit *test)
{
	struct phys_pci_test t = { .pci = pci_test_find(test) };
	const struct phys_vec range = { t.pci->start, P };

	if (t.pci->route != PCI_TEST_NO_ROUTE)
		kunit_skip(test, "there is a route");
	phys_pci_export(test, &t, &range, 1, t.pci->provider);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t.imp->attach, t.pci->dev),
			-EREMOTEIO);
	KUNIT_EXPECT_EQ(test, map_slice(&t, 0, P), -EREMOTEIO);
	phys_test_expect_says(test, t.dmabuf, "phys_mappings:\t0");
}

static void private_memory_is_refused(struct kunit *test)
{
	struct phys_pci_test *t = phys_pci_init(test, &phys_pci_plain);

	dma_buf_phys_revoke(t->dmabuf);
	t->desc.attrs |= DMA_BUF_PHYS_PRIVATE;
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(t->dmabuf, &t->desc), 0);
	KUNIT_EXPECT_EQ(test, map_slice(t, 0, P), -EACCES);
	KUNIT_EXPECT_EQ(test, dma_buf_phys_reachable(t->imp->attach,
						     t->pci->dev), -EACCES);
}

static struct kunit_case phys_pci_cases[] = {
	KUNIT_CASE_PARAM(device_reaches_the_slice, phys_pci_layouts),
	KUNIT_CASE_PARAM(old_importer_reaches_the_buffer, phys_pci_layouts),
	KUNIT_CASE(untranslated_is_known_before),
	KUNIT_CASE(revoke_takes_the_translation_away),
	KUNIT_CASE(no_iova_is_lost),
	KUNIT_CASE(severed_iova_stays_taken),
	KUNIT_CASE(severed_scatterlist_is_unmapped),
	KUNIT_CASE(revoke_waits_where_nothing_translates),
	KUNIT_CASE(failure_leaves_nothing),
	KUNIT_CASE(failure_run_by_run_leaves_nothing),
	KUNIT_CASE(small_room_holds_single_runs),
	KUNIT_CASE(system_memory_is_reached),
	KUNIT_CASE(new_memory_goes_its_own_way),
	KUNIT_CASE(reach_is_known_before),
	KUNIT_CASE(no_route_is_refused),
	KUNIT_CASE(private_memory_is_refused),
	{}
};

static struct kunit_suite phys_pci_suite = {
	.name = "dma-buf-phys-pci",
	.test_cases = phys_pci_cases,
};

kunit_test_suite(phys_pci_suite);
