/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites for described buffers share: a buffer, an importer, a device
 * to import for, and a second thread. All of it goes away when the case ends.
 */
#ifndef _ST_DMA_BUF_PHYS_H
#define _ST_DMA_BUF_PHYS_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/dma-buf-phys.h>
#include <linux/pci-p2pdma.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

/* Long enough to see that something does not happen */
#define PHYS_TEST_SOON		msecs_to_jiffies(50)
/* Long enough for all that does happen, on a slow emulator too */
#define PHYS_TEST_LATE		msecs_to_jiffies(20000)

static inline struct dma_buf_phys_desc
phys_test_desc(const struct phys_vec *ranges, size_t nr_ranges)
{
	return (struct dma_buf_phys_desc) {
		.ranges = ranges, .nr_ranges = nr_ranges,
	};
}

/* A device without DMA engine, which sees memory as the CPU does */
struct device *phys_test_device(struct kunit *test);

/* A page, if there is no description */
size_t phys_test_size(const struct dma_buf_phys_desc *desc);
/* May fail; the result is the caller's to put. */
struct dma_buf *phys_test_try_export(const struct dma_buf_phys_desc *desc,
				     size_t size);
/* Fails the case if that is an error; puts the buffer when the case ends. */
struct dma_buf *phys_test_own(struct kunit *test, struct dma_buf *dmabuf);
struct dma_buf *phys_test_export(struct kunit *test,
				 const struct dma_buf_phys_desc *desc);

/* Detaches when the case ends, or earlier by phys_test_detach(). */
struct dma_buf_attachment *
phys_test_attach(struct kunit *test, struct dma_buf *dmabuf, struct device *dev,
		 const struct dma_buf_attach_ops *ops, void *priv);
void phys_test_detach(struct kunit *test, struct dma_buf_attachment *attach);

/**
 * struct phys_test_importer - an importer with one mapping
 * @attach: its attachment
 * @map: its mapping
 * @mapped: whether @map is mapped
 * @lets_go: whether it unmaps when it is told to
 * @comes_back: whether it maps again, for the attached device, when it can
 * @told: how often it was told to let go
 * @told_back: how often it was told that it can map again
 */
struct phys_test_importer {
	struct dma_buf_attachment *attach;
	struct dma_buf_phys_map map;
	bool mapped;
	bool lets_go;
	bool comes_back;
	unsigned int told;
	unsigned int told_back;
};

extern const struct dma_buf_attach_ops phys_test_importer_ops;

struct phys_test_importer *phys_test_importer(struct kunit *test,
					      struct dma_buf *dmabuf,
					      struct device *dev);
int phys_test_map(struct phys_test_importer *imp, struct device *dev);
void phys_test_unmap(struct phys_test_importer *imp);

/* Set dma_buf.phys_grace_ms until the case ends. */
void phys_test_grace(struct kunit *test, unsigned int ms);

/* What an importer's device is still at; the caller's to signal and to put */
struct dma_fence *phys_test_fence(struct kunit *test, struct dma_buf *dmabuf);

/* What fdinfo says about a buffer, and one of its lines */
const char *phys_test_fdinfo(struct kunit *test, struct dma_buf *dmabuf);
void phys_test_expect_says(struct kunit *test, struct dma_buf *dmabuf,
			   const char *line);

/**
 * struct phys_test_thread - something that goes on beside the case
 * @fn: what it does
 * @arg: for @fn
 * @work: runs it
 * @done: completed when @fn returned
 */
struct phys_test_thread {
	void (*fn)(void *arg);
	void *arg;
	struct work_struct work;
	struct completion done;
};

struct phys_test_thread *phys_test_run(struct kunit *test, void (*fn)(void *),
				       void *arg);
struct phys_test_thread *phys_test_revoke(struct kunit *test,
					  struct dma_buf *dmabuf);
bool phys_test_ends(struct phys_test_thread *thread);
bool phys_test_goes_on(struct phys_test_thread *thread);

/* Where byte @offset of a buffer is, found the slow way */
phys_addr_t phys_test_paddr(const struct dma_buf_phys_desc *desc,
			    size_t offset);

/* Where a device finds the first byte of a mapping */
static inline dma_addr_t
phys_test_first_addr(const struct dma_buf_phys_map *map)
{
	struct dma_buf_phys_piece piece;
	struct dma_buf_phys_iter it;

	dma_buf_phys_iter_start(&it, map, SIZE_MAX);
	return dma_buf_phys_iter_fill(&it, &piece, 1) ? piece.addr :
							DMA_MAPPING_ERROR;
}

#endif /* _ST_DMA_BUF_PHYS_H */
