// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation fails once, on real PCI functions: the route that the
 * machine has to the importer, its IOMMU's page tables, scatterlists. After
 * each failure no IOVA, no page table entry and no mapping may be left.
 *
 * Taking the memory back has no way to fail: the same is done to unmap, revoke,
 * sever and kill.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>

#include "dma-buf-phys-priv.h"
#include "st-dma-buf-phys-fail.h"
#include "st-dma-buf-phys-pci.h"

#define P	PAGE_SIZE
#define RW	(IOMMU_READ | IOMMU_WRITE)

/* Where a table of 2 MiB begins: the mappings fill several of them. */
#define IOVA	SZ_32M

/**
 * struct pci_fail_test - what a case works on
 * @t: a buffer in a BAR, and an importer of it
 * @domain: to map into; NULL: the buffer is mapped for the device
 * @free: IOVA that an allocation of this size gets as long as none is lost
 * @probe: the size
 * @sgt: what an old importer got
 * @release: how the memory is taken back
 */
struct pci_fail_test {
	struct phys_pci_test *t;
	struct iommu_domain *domain;
	dma_addr_t free;
	size_t probe;
	struct sg_table *sgt;
	const struct release_case *release;
};

/*
 * Not as aligned as the IOVA, so mapped by small pages: each range needs a page
 * table of its own.
 */
static struct pci_fail_test *pci_fail_test(struct kunit *test)
{
	struct pci_fail_test *ft = kunit_kzalloc(test, sizeof(*ft), GFP_KERNEL);
	phys_addr_t bar;

	KUNIT_ASSERT_NOT_NULL(test, ft);
	ft->t = phys_pci_init(test, &phys_pci_plain);
	if (ft->t->pci->len < SZ_16M)
		kunit_skip(test, "BAR of %zu MiB is too small",
			   ft->t->pci->len / SZ_1M);
	bar = ft->t->pci->start;
	phys_pci_export(test, ft->t,
			(const struct phys_vec[]) {
				{ bar + SZ_8M + P, SZ_2M }, { bar + P, SZ_2M },
				{ bar + SZ_4M + P, SZ_2M },
			}, 3, ft->t->pci->provider);
	ft->probe = ft->t->dmabuf->size;
	test->priv = ft;
	return ft;
}

static bool is_translated(const struct pci_fail_test *ft)
{
	return ft->t->pci->route == PCI_TEST_IOVA;
}

/*
 * To be called when nothing is mapped. The DMA API looks for IOVA space below
 * 4 GiB first; the first time that it finds none, it gives that up for good.
 */
static void remember_iova(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	if (!is_translated(ft))
		return;
	phys_fail_arm(1);
	pci_test_probe_iova(ft->t->pci, ft->probe);
	phys_fail_disarm();
	ft->free = pci_test_probe_iova(ft->t->pci, ft->probe);
	KUNIT_ASSERT_NE(test, ft->free, DMA_MAPPING_ERROR);
}

static void expect_empty(struct kunit *test, struct iommu_domain *domain,
			 unsigned long iova, size_t len)
{
	struct pci_fail_test *ft = test->priv;
	size_t off;

	for (off = 0; off < len; off += phys_pci_step(ft->t, off)) {
		if (iommu_iova_to_phys(domain, iova + off)) {
			KUNIT_FAIL(test, "byte %#zx is still mapped", off);
			return;
		}
	}
}

/* What all cases have in common: nothing is left of a mapping. */
static void check_nothing(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	phys_test_expect_says(test, ft->t->dmabuf, "phys_mappings:\t0");
	phys_test_expect_says(test, ft->t->dmabuf, "phys_severed:\t0");
	if (!is_translated(ft))
		return;
	KUNIT_EXPECT_EQ(test, ft->free,
			pci_test_probe_iova(ft->t->pci, ft->probe));
	expect_empty(test, pci_test_domain(ft->t->pci), ft->free, ft->probe);
}

static int try_map_device(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	return phys_test_map(ft->t->imp, ft->t->pci->dev);
}

static void undo_map(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	phys_test_unmap(ft->t->imp);
}

static const struct phys_fail_op map_device_op = {
	.try = try_map_device,
	.undo = undo_map,
	.check = check_nothing,
};

/* Without IOVA space the runs are mapped one by one, so not each try fails. */
static void map_device_is_undone(struct kunit *test)
{
	struct pci_fail_test *ft = pci_fail_test(test);
	struct phys_fail_sweep sweep;

	remember_iova(test);
	sweep = phys_fail_sweep(test, &map_device_op);
	switch (ft->t->pci->route) {
	case PCI_TEST_BUS:
		KUNIT_EXPECT_EQ(test, sweep.points, 0);
		break;
	case PCI_TEST_IOVA:
		/* The page tables of two ranges and more */
		KUNIT_EXPECT_GE(test, sweep.failures, 2);
		KUNIT_EXPECT_GT(test, sweep.points, sweep.failures);
		break;
	default:
		KUNIT_EXPECT_EQ(test, sweep.failures,
				dma_need_unmap(ft->t->pci->dev));
	}
}

/* No room for all ranges in one piece, from the beginning */
static void map_run_by_run_is_undone(struct kunit *test)
{
	struct pci_fail_test *ft = pci_fail_test(test);
	const struct phys_vec ranges[] = {
		{ ft->t->pci->start, SZ_512M }, { SZ_8G + P, SZ_4M },
		{ SZ_16G, SZ_512M },
	};
	struct phys_fail_sweep sweep;

	if (!is_translated(ft))
		kunit_skip(test, "no IOMMU translates for the importer");
	phys_pci_export(test, ft->t, ranges, ARRAY_SIZE(ranges),
			ft->t->pci->provider);
	KUNIT_ASSERT_EQ(test, dma_set_mask(ft->t->pci->dev, DMA_BIT_MASK(32)),
			0);
	/* The first time, the IOVA allocator empties its caches. */
	if (!try_map_device(test))
		undo_map(test);
	/* Each range has a place of its own; the first one's is the highest. */
	ft->probe = SZ_512M;
	remember_iova(test);
	sweep = phys_fail_sweep(test, &map_device_op);
	KUNIT_EXPECT_STREQ(test, ft->t->imp->map.route->name, "direct");
	/* The array, and at least one IOVA that comes out of no cache */
	KUNIT_EXPECT_GE(test, sweep.failures, 2);
}

/* A new one for each try: page tables that were there would not be allocated. */
static void new_domain(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	ft->domain = iommu_paging_domain_alloc(ft->t->pci->dev);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(ft->domain), 0);
}

static int try_map_domain(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;
	struct phys_test_importer *imp = ft->t->imp;
	int ret = dma_buf_phys_map_domain(imp->attach, &imp->map, ft->domain,
					  IOVA, 0, ft->t->dmabuf->size, RW,
					  GFP_KERNEL);

	imp->mapped = !ret;
	return ret;
}

static void check_domain(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	check_nothing(test);
	expect_empty(test, ft->domain, IOVA, ft->t->dmabuf->size);
	iommu_domain_free(ft->domain);
}

static struct pci_fail_test *domain_test(struct kunit *test)
{
	struct pci_fail_test *ft = pci_fail_test(test);

	if (!device_iommu_mapped(ft->t->pci->dev))
		kunit_skip(test, "no IOMMU in front of the importer");
	remember_iova(test);
	return ft;
}

static void map_domain_is_undone(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.prepare = new_domain,
		.try = try_map_domain,
		.undo = undo_map,
		.check = check_domain,
	};

	domain_test(test);
	/* The upper levels, and the page tables of three ranges */
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &op).failures, 3);
}

static int try_map_sgt(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	dma_resv_lock(ft->t->dmabuf->resv, NULL);
	ft->sgt = dma_buf_phys_map_dma_buf(ft->t->imp->attach,
					   DMA_BIDIRECTIONAL);
	dma_resv_unlock(ft->t->dmabuf->resv);
	return PTR_ERR_OR_ZERO(ft->sgt);
}

static void undo_map_sgt(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	dma_resv_lock(ft->t->dmabuf->resv, NULL);
	dma_buf_phys_unmap_dma_buf(ft->t->imp->attach, ft->sgt,
				   DMA_BIDIRECTIONAL);
	dma_resv_unlock(ft->t->dmabuf->resv);
}

/*
 * With page tables to allocate, and with so many ranges that the scatterlist is
 * a chain where each is an entry
 */
static void old_importers_map_is_undone(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.try = try_map_sgt,
		.undo = undo_map_sgt,
		.check = check_nothing,
	};
	const size_t nr = 2 * SG_MAX_SINGLE_ALLOC;
	struct pci_fail_test *ft = pci_fail_test(test);
	struct phys_vec *ranges;
	size_t i;

	remember_iova(test);
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &op).failures,
			is_translated(ft) ? 4 : 2);

	ranges = kunit_kcalloc(test, nr, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	for (i = 0; i < nr; i++)
		ranges[i] = (struct phys_vec) { ft->t->pci->start + 2 * i * P,
						P };
	phys_pci_export(test, ft->t, ranges, nr, ft->t->pci->provider);
	ft->probe = ft->t->dmabuf->size;
	remember_iova(test);
	/* What goes along with the table, and the table */
	KUNIT_EXPECT_GE(test, phys_fail_sweep(test, &op).failures,
			is_translated(ft) ? 2 : 3);
}

/*
 * Taking the memory back
 */
static void release_unmap(struct pci_fail_test *ft)
{
	phys_test_unmap(ft->t->imp);
}

static void release_revoke(struct pci_fail_test *ft)
{
	dma_buf_phys_revoke(ft->t->dmabuf);
}

static void release_kill(struct pci_fail_test *ft)
{
	dma_buf_phys_kill(ft->t->dmabuf);
}

/**
 * struct release_case - a way to take the memory back
 * @name: for people
 * @release: which cannot fail
 * @domain: it is mapped into a domain, not for the device
 * @severs: the importer does not let go, so that its mapping is severed
 * @severed: it is severed before
 */
struct release_case {
	const char *name;
	void (*release)(struct pci_fail_test *ft);
	bool domain;
	bool severs;
	bool severed;
};

static const struct release_case release_cases[] = {
	{ "unmap, device", release_unmap },
	{ "unmap, domain", release_unmap, .domain = true },
	{ "revoke, device", release_revoke },
	{ "revoke, domain", release_revoke, .domain = true },
	{ "kill, device", release_kill },
	{ "kill, domain", release_kill, .domain = true },
	{ "revoke severs, device", release_revoke, .severs = true },
	{ "revoke severs, domain", release_revoke, .domain = true,
	  .severs = true },
	{ "unmap of a severed one, device", release_unmap, .severed = true },
	{ "unmap of a severed one, domain", release_unmap, .domain = true,
	  .severed = true },
};

KUNIT_ARRAY_PARAM_DESC(release, release_cases, name);

static void release_prepare(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;
	const struct release_case *c = ft->release;

	if (c->release == release_kill)
		phys_pci_export(test, ft->t, ft->t->desc.ranges,
				ft->t->desc.nr_ranges, ft->t->pci->provider);
	ft->t->imp->lets_go = !c->severs && !c->severed;
	if (c->domain)
		new_domain(test);
	KUNIT_ASSERT_EQ(test, 0, c->domain ? try_map_domain(test) :
					     try_map_device(test));
	phys_test_expect_says(test, ft->t->dmabuf, "phys_mappings:\t1");
	if (c->severed)
		dma_buf_phys_revoke(ft->t->dmabuf);
}

static int release_try(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	ft->release->release(ft);
	return 0;
}

/* A severed mapping leads nowhere, and its place is taken until it is unmapped. */
static void check_severed(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;
	struct pci_test *pci = ft->t->pci;

	phys_test_expect_says(test, ft->t->dmabuf, "phys_mappings:\t0");
	phys_test_expect_says(test, ft->t->dmabuf, "phys_severed:\t1");
	if (ft->domain) {
		expect_empty(test, ft->domain, IOVA, ft->t->dmabuf->size);
	} else {
		expect_empty(test, pci_test_domain(pci), ft->free, ft->probe);
		KUNIT_EXPECT_NE(test, ft->free,
				pci_test_probe_iova(pci, ft->probe));
	}
}

static void release_check(struct kunit *test)
{
	struct pci_fail_test *ft = test->priv;

	if (ft->release->severs) {
		check_severed(test);
		phys_test_unmap(ft->t->imp);
	}
	check_nothing(test);
	if (ft->domain) {
		expect_empty(test, ft->domain, IOVA, ft->t->dmabuf->size);
		iommu_domain_free(ft->domain);
	}
	if (ft->release->release != release_kill)
		KUNIT_EXPECT_EQ(test, dma_buf_phys_restore(ft->t->dmabuf, NULL),
				0);
}

static void taking_back_cannot_fail(struct kunit *test)
{
	static const struct phys_fail_op op = {
		.prepare = release_prepare,
		.try = release_try,
		.check = release_check,
	};
	const struct release_case *c = test->param_value;
	struct pci_fail_test *ft = c->domain ? domain_test(test) :
					       pci_fail_test(test);
	struct phys_fail_sweep sweep;

	ft->release = c;
	if (c->severs || c->severed) {
		if (!c->domain && !is_translated(ft))
			kunit_skip(test, "no translation to take away");
		phys_test_grace(test, 0);
	}
	remember_iova(test);
	sweep = phys_fail_sweep(test, &op);
	if (c->severs)
		KUNIT_EXPECT_EQ(test, sweep.points, 0);
}

static struct kunit_case pci_fail_cases[] = {
	KUNIT_CASE(map_device_is_undone),
	KUNIT_CASE(map_run_by_run_is_undone),
	KUNIT_CASE(map_domain_is_undone),
	KUNIT_CASE(old_importers_map_is_undone),
	KUNIT_CASE_PARAM(taking_back_cannot_fail, release_gen_params),
	{}
};

static struct kunit_suite pci_fail_suite = {
	.name = "dma-buf-phys-fail-pci",
	.init = phys_fail_init,
	.test_cases = pci_fail_cases,
};

kunit_test_suite(pci_fail_suite);
