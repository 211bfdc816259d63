// SPDX-License-Identifier: GPL-2.0
/*
 * Importers without scatterlists: that the addresses lead to the memory, and
 * what becomes of a mapping when the exporter takes the memory back.
 *
 * The memory is the BAR of one PCI function, and another one, without driver,
 * plays the GPU. No DMA is started: where an address leads is seen in the page
 * tables of the machine's IOMMU.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "drm_prime_phys_test.h"

#define P	PAGE_SIZE

static void prime_told(struct dma_buf_attachment *attach)
{
	struct prime_test *pt = attach->importer_priv;

	pt->told++;
	if (!pt->holds_on)
		drm_prime_phys_invalidate(&pt->phys);
}

static const struct dma_buf_attach_ops prime_ops = {
	.name = "kunit-prime",
	.importer_class = DMA_BUF_IMPORTER_DYNAMIC,
	.allow_peer2peer = true,
	.invalidate_mappings = prime_told,
};

int prime_test_map(struct prime_test *pt)
{
	int ret;

	dma_resv_lock(pt->dmabuf->resv, NULL);
	ret = drm_prime_phys_map(&pt->phys, pt->attach);
	dma_resv_unlock(pt->dmabuf->resv);
	return ret;
}

int prime_test_map_wait(struct prime_test *pt, long timeout)
{
	int ret;

	dma_resv_lock(pt->dmabuf->resv, NULL);
	ret = drm_prime_phys_map_wait(&pt->phys, pt->attach, timeout);
	dma_resv_unlock(pt->dmabuf->resv);
	return ret;
}

static void do_map_wait(void *ctx)
{
	struct prime_test *pt = ctx;

	pt->ret = prime_test_map_wait(pt, PHYS_TEST_LATE);
}

struct phys_test_thread *prime_test_mapper(struct kunit *test,
					   struct prime_test *pt)
{
	return phys_test_run(test, do_map_wait, pt);
}

void prime_test_unmap(struct prime_test *pt)
{
	dma_resv_lock(pt->dmabuf->resv, NULL);
	drm_prime_phys_unmap(&pt->phys);
	dma_resv_unlock(pt->dmabuf->resv);
}

static void unmap_action(void *pt)
{
	prime_test_unmap(pt);
}

void prime_test_import(struct kunit *test, struct prime_test *pt,
		       struct dma_buf *dmabuf, struct device *dev)
{
	pt->dmabuf = dmabuf;
	pt->attach = phys_test_attach(test, dmabuf, dev, &prime_ops, pt);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unmap_action, pt),
			0);
}

struct prime_test *prime_test(struct kunit *test,
			      const struct phys_pci_layout *layout)
{
	struct prime_test *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	pt->t = phys_pci_init(test, layout);
	prime_test_import(test, pt, pt->t->dmabuf, pt->t->pci->dev);
	return pt;
}

void prime_test_expect_mappings(struct kunit *test, struct prime_test *pt,
				unsigned int n)
{
	char line[32];

	snprintf(line, sizeof(line), "phys_mappings:\t%u", n);
	phys_test_expect_says(test, pt->dmabuf, line);
	KUNIT_EXPECT_EQ(test, pt->phys.mapped, n != 0);
}

static void free_array(void *addrs)
{
	kvfree(addrs);
}

dma_addr_t *prime_test_array(struct kunit *test, size_t nr)
{
	dma_addr_t *addrs = kvmalloc_array(nr + 1, sizeof(*addrs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, addrs);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_array,
							addrs), 0);
	addrs[0] = PRIME_TEST_CANARY;
	addrs[nr] = PRIME_TEST_CANARY;
	return addrs;
}

void prime_test_free_array(struct kunit *test, dma_addr_t *addrs)
{
	kunit_release_action(test, free_array, addrs);
}

void prime_test_expect_reached(struct kunit *test, struct prime_test *pt,
			       const struct dma_buf_phys_map *map)
{
	size_t nr = map->len / P;
	dma_addr_t *addrs = prime_test_array(test, nr);
	phys_addr_t want, have;
	size_t off;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			drm_prime_phys_to_dma_addr_array(map, addrs, nr - 1));
	KUNIT_EXPECT_EQ(test, addrs[0], PRIME_TEST_CANARY);
	KUNIT_ASSERT_EQ(test, 0,
			drm_prime_phys_to_dma_addr_array(map, addrs, nr));
	KUNIT_EXPECT_EQ(test, addrs[nr], PRIME_TEST_CANARY);

	for (off = 0; off < map->len;
	     off += phys_pci_step(pt->t, map->offset + off)) {
		want = phys_test_paddr(&pt->t->desc, map->offset + off);
		have = pci_test_reaches(pt->t->pci, addrs[off / P]);
		if (have != want) {
			KUNIT_FAIL(test, "byte %#zx is at %pap, not at %pap",
				   off, &have, &want);
			break;
		}
	}
	prime_test_free_array(test, addrs);
}

/* An IOMMU makes one piece of everything, others have the memory as it is. */
static size_t contiguous(struct prime_test *pt,
			 const struct dma_buf_phys_map *map)
{
	phys_addr_t first = phys_test_paddr(&pt->t->desc, map->offset);
	size_t off;

	if (pt->t->pci->route == PCI_TEST_IOVA)
		return map->len;
	for (off = P; off < map->len; off += P)
		if (phys_test_paddr(&pt->t->desc, map->offset + off) !=
		    first + off)
			break;
	return off;
}

static void device_reaches_each_page(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, test->param_value);
	struct dma_buf_phys_map slice;
	size_t offset, len;
	unsigned int i;

	for (i = 0; i < PHYS_PCI_SLICES; i++) {
		if (!phys_pci_slice(pt->t, i, &offset, &len))
			continue;
		KUNIT_ASSERT_EQ(test, 0,
				dma_buf_phys_map_device(pt->attach, &slice,
							pt->attach->dev, offset,
							len, DMA_BIDIRECTIONAL,
							DMA_BUF_PHYS_MAP_CONTIGUOUS));
		prime_test_expect_reached(test, pt, &slice);
		KUNIT_EXPECT_EQ(test, drm_prime_phys_contiguous_size(&slice),
				contiguous(pt, &slice));
		dma_buf_phys_unmap(&slice);
	}

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, pt->phys.map.len, pt->dmabuf->size);
	prime_test_expect_reached(test, pt, &pt->phys.map);
}

/* Whoever has more entries than pages keeps what is in them. */
static void long_array_keeps_its_end(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	dma_addr_t *addrs = prime_test_array(test, 8);

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, drm_prime_phys_to_dma_addr_array(&pt->phys.map,
							       addrs, SIZE_MAX),
			0);
	KUNIT_EXPECT_EQ(test, addrs[8], PRIME_TEST_CANARY);
}

static void second_map_is_the_first(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);

	prime_test_unmap(pt);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), 0);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, 0), 0);
	prime_test_expect_mappings(test, pt, 1);
	prime_test_unmap(pt);
	prime_test_expect_mappings(test, pt, 0);
	prime_test_unmap(pt);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), 0);
	prime_test_expect_mappings(test, pt, 1);
}

static void device_without_route_is_refused(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);

	prime_test_import(test, pt, pt->dmabuf, phys_test_device(test));
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), -EREMOTEIO);
	prime_test_expect_mappings(test, pt, 0);
}

static void revoked_buffer_is_not_mapped(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);

	dma_buf_phys_revoke(pt->dmabuf);
	KUNIT_EXPECT_EQ(test, pt->told, 1);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), -ENODEV);
	KUNIT_EXPECT_EQ(test, prime_test_map_wait(pt, MAX_SCHEDULE_TIMEOUT), -ENODEV);
	prime_test_expect_mappings(test, pt, 0);
	KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(pt->dmabuf, NULL), 0);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), 0);
	prime_test_expect_reached(test, pt, &pt->phys.map);
}

/* And the memory may be elsewhere when it comes back. */
static void revoke_unmaps(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	const struct phys_vec moved[] = {
		{ pt->t->pci->start + 96 * P, 5 * P },
		{ pt->t->pci->start + 16 * P, 3 * P },
	};
	int i;

	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	for (i = 0; i < 3; i++) {
		dma_buf_phys_revoke(pt->dmabuf);
		KUNIT_EXPECT_EQ(test, pt->told, i + 1);
		prime_test_expect_mappings(test, pt, 0);
		phys_test_expect_says(test, pt->dmabuf, "phys_severed:\t0");
		KUNIT_EXPECT_EQ(test, prime_test_map(pt), -ENODEV);

		pt->t->desc.ranges = moved;
		pt->t->desc.nr_ranges = ARRAY_SIZE(moved);
		KUNIT_ASSERT_EQ(test, dma_buf_phys_restore(pt->dmabuf,
							   &pt->t->desc), 0);
		KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
		prime_test_expect_reached(test, pt, &pt->phys.map);
	}
	/* The description lies on the stack. */
	dma_buf_phys_kill(pt->dmabuf);
	KUNIT_EXPECT_EQ(test, prime_test_map(pt), -ENODEV);
}

/* A driver that forgot to invalidate finds its mapping gone, and unmaps it. */
static void severed_mapping_is_unmapped(struct kunit *test)
{
	struct prime_test *pt = prime_test(test, &phys_pci_plain);
	dma_addr_t addr;

	if (pt->t->pci->route != PCI_TEST_IOVA)
		kunit_skip(test, "no IOMMU translates for the importer");
	pt->holds_on = true;
	KUNIT_ASSERT_EQ(test, prime_test_map(pt), 0);
	addr = phys_test_first_addr(&pt->phys.map);

	phys_test_grace(test, 20);
	dma_buf_phys_revoke(pt->dmabuf);
	phys_test_expect_says(test, pt->dmabuf, "phys_severed:\t1");
	KUNIT_EXPECT_EQ(test, pci_test_reaches(pt->t->pci, addr), 0);
	prime_test_unmap(pt);
	phys_test_expect_says(test, pt->dmabuf, "phys_severed:\t0");
	prime_test_expect_mappings(test, pt, 0);
}

static struct kunit_case prime_phys_cases[] = {
	KUNIT_CASE_PARAM(device_reaches_each_page, phys_pci_layouts),
	KUNIT_CASE(long_array_keeps_its_end),
	KUNIT_CASE(second_map_is_the_first),
	KUNIT_CASE(device_without_route_is_refused),
	KUNIT_CASE(revoked_buffer_is_not_mapped),
	KUNIT_CASE(revoke_unmaps),
	KUNIT_CASE(severed_mapping_is_unmapped),
	{}
};

static struct kunit_suite prime_phys_suite = {
	.name = "drm-prime-phys-pci",
	.test_cases = prime_phys_cases,
};

kunit_test_suite(prime_phys_suite);

MODULE_DESCRIPTION("KUnit suites for DRM importers without scatterlists");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
