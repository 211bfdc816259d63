/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An IOMMU domain whose page table is an xarray. It can be made to refuse, and to
 * stop in the middle.
 */
#ifndef _ST_DMA_BUF_PHYS_MOCK_DOMAIN_H
#define _ST_DMA_BUF_PHYS_MOCK_DOMAIN_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/iommu.h>
#include <linux/xarray.h>

/**
 * struct test_domain - a paging domain in memory
 * @domain: what the core sees
 * @pages: physical address of each page, by the number of its IOVA page
 * @prot: of the last map
 * @syncs: calls of iotlb_sync_map
 * @unmaps: calls of unmap_pages
 * @flushes: calls of iotlb_sync
 * @fail_iova: map of this IOVA fails with -ENOMEM
 * @sync_ret: what iotlb_sync_map answers
 * @stops: whether map and unmap wait for @go
 * @flush_stops: whether iotlb_sync does
 * @stopped: completed when they do
 * @go: lets them go on
 */
struct test_domain {
	struct iommu_domain domain;
	struct xarray pages;
	int prot;
	unsigned int syncs;
	unsigned int unmaps;
	unsigned int flushes;
	unsigned long fail_iova;
	int sync_ret;
	bool stops;
	bool flush_stops;
	struct completion stopped;
	struct completion go;
};

/* With pages of PAGE_SIZE; goes away when the case ends */
struct test_domain *test_domain(struct kunit *test);

/* Wait until something has stopped, and let it go on. */
bool test_domain_stopped(struct test_domain *td);
void test_domain_go_on(struct test_domain *td);

#endif /* _ST_DMA_BUF_PHYS_MOCK_DOMAIN_H */
