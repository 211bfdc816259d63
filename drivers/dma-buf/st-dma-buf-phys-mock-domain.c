// SPDX-License-Identifier: GPL-2.0
/* The domain that the suites map into where there is no IOMMU */
#include "st-dma-buf-phys.h"
#include "st-dma-buf-phys-mock-domain.h"

#define P	PAGE_SIZE

static struct test_domain *to_test_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct test_domain, domain);
}

static void stop_here(struct test_domain *td)
{
	complete(&td->stopped);
	wait_for_completion_timeout(&td->go, PHYS_TEST_LATE);
}

static int test_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct test_domain *td = to_test_domain(domain);
	int ret;

	if (td->stops)
		stop_here(td);
	td->prot = prot;
	for (; pgcount; pgcount--) {
		if (iova == td->fail_iova)
			return -ENOMEM;
		ret = xa_insert(&td->pages, iova / P,
				xa_mk_value(paddr / P), gfp);
		if (ret)
			return ret == -EBUSY ? -EADDRINUSE : ret;
		iova += pgsize;
		paddr += pgsize;
		*mapped += pgsize;
	}
	return 0;
}

/* As real ones, it stops at the first page that is not there. */
static size_t test_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	struct test_domain *td = to_test_domain(domain);
	size_t unmapped = 0;

	td->unmaps++;
	if (td->stops)
		stop_here(td);
	while (pgcount-- && xa_erase(&td->pages, (iova + unmapped) / P))
		unmapped += pgsize;
	return unmapped;
}

static void test_flush(struct iommu_domain *domain,
		       struct iommu_iotlb_gather *gather)
{
	struct test_domain *td = to_test_domain(domain);

	td->flushes++;
	if (td->flush_stops)
		stop_here(td);
}

static int test_sync_map(struct iommu_domain *domain, unsigned long iova,
			 size_t size)
{
	struct test_domain *td = to_test_domain(domain);

	td->syncs++;
	return td->sync_ret;
}

static phys_addr_t test_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	void *page = xa_load(&to_test_domain(domain)->pages, iova / P);

	return page ? xa_to_value(page) * P + iova % P : 0;
}

static const struct iommu_domain_ops test_domain_ops = {
	.map_pages = test_map_pages,
	.unmap_pages = test_unmap_pages,
	.iotlb_sync = test_flush,
	.iotlb_sync_map = test_sync_map,
	.iova_to_phys = test_iova_to_phys,
};

static void td_action(void *ctx)
{
	struct test_domain *td = ctx;

	xa_destroy(&td->pages);
}

struct test_domain *test_domain(struct kunit *test)
{
	struct test_domain *td = kunit_kzalloc(test, sizeof(*td), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, td);
	xa_init(&td->pages);
	init_completion(&td->stopped);
	init_completion(&td->go);
	td->fail_iova = ULONG_MAX;
	td->domain.type = IOMMU_DOMAIN_UNMANAGED;
	td->domain.ops = &test_domain_ops;
	td->domain.pgsize_bitmap = P;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, td_action, td),
			0);
	return td;
}

bool test_domain_stopped(struct test_domain *td)
{
	return wait_for_completion_timeout(&td->stopped, PHYS_TEST_LATE);
}

void test_domain_go_on(struct test_domain *td)
{
	td->stops = false;
	td->flush_stops = false;
	complete_all(&td->go);
}
