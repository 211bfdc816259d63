/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites for importers without scatterlists share: a driver that
 * imported a buffer, arrays to be filled, and fences.
 */
#ifndef _DRM_PRIME_PHYS_TEST_H
#define _DRM_PRIME_PHYS_TEST_H

#include <linux/dma-fence.h>
#include <linux/dma-resv.h>

#include <drm/drm_prime_phys.h>

#include "../../../dma-buf/st-dma-buf-phys-pci.h"

/**
 * struct prime_test - a driver's side of an imported buffer
 * @t: the buffer in a BAR, with an importer that is not used; NULL if the
 *	exporter is an old one
 * @dmabuf: the buffer
 * @attach: the driver's attachment
 * @phys: the driver's state
 * @told: how often the exporter took the memory back
 * @holds_on: whether the driver does not let go then
 * @ret: what a map in another thread returned
 * @stop: ends the thread of storm()
 */
struct prime_test {
	struct phys_pci_test *t;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct drm_prime_phys phys;
	unsigned int told;
	bool holds_on;
	int ret;
	bool stop;
};

/* A buffer in a BAR, imported; skips the case if there are no devices. */
struct prime_test *prime_test(struct kunit *test,
			      const struct phys_pci_layout *layout);
/* Attach @pt to a buffer; unmaps and detaches when the case ends. */
void prime_test_import(struct kunit *test, struct prime_test *pt,
		       struct dma_buf *dmabuf, struct device *dev);

/* The helpers, with the reservation lock */
int prime_test_map(struct prime_test *pt);
int prime_test_map_wait(struct prime_test *pt, long timeout);
void prime_test_unmap(struct prime_test *pt);
/* The same in another thread, which leaves the result in @ret of @pt */
struct phys_test_thread *prime_test_mapper(struct kunit *test,
					   struct prime_test *pt);

/* How many mappings there are, and whether the helpers know */
void prime_test_expect_mappings(struct kunit *test, struct prime_test *pt,
				unsigned int n);
/* What the device reaches at each page, by an array of just the right size */
void prime_test_expect_reached(struct kunit *test, struct prime_test *pt,
			       const struct dma_buf_phys_map *map);

/* What the helpers must not write */
#define PRIME_TEST_CANARY	((dma_addr_t)0x5a5a5a5a5a5a5a5aULL)

/* Of @nr entries that may be written, and one that may not */
dma_addr_t *prime_test_array(struct kunit *test, size_t nr);
void prime_test_free_array(struct kunit *test, dma_addr_t *addrs);

/* Signals when the case ends, if not before */
struct dma_fence *prime_test_fence(struct kunit *test);
/* The reservation lock is held. Returns 0 or -ENOMEM. */
int prime_test_add_locked(struct dma_buf *dmabuf, struct dma_fence *fence,
			  enum dma_resv_usage usage);

#endif /* _DRM_PRIME_PHYS_TEST_H */
