/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers of device memory: layouts of a real BAR, and slices of them.
 */
#ifndef _ST_DMA_BUF_PHYS_PCI_H
#define _ST_DMA_BUF_PHYS_PCI_H

#include "st-dma-buf-pci.h"
#include "st-dma-buf-phys.h"

struct phys_pci_layout;

const void *phys_pci_layouts(struct kunit *test, const void *prev, char *desc);

/**
 * struct phys_pci_test - a buffer in the BAR of one function, for another one
 * @pci: the two
 * @desc: of @dmabuf
 * @dmabuf: the buffer
 * @imp: an importer of it, attached for the second function
 */
struct phys_pci_test {
	struct pci_test *pci;
	struct dma_buf_phys_desc desc;
	struct dma_buf *dmabuf;
	struct phys_test_importer *imp;
};

/* Skips the case if the BAR is too small for @layout. */
struct phys_pci_test *phys_pci_init(struct kunit *test,
				    const struct phys_pci_layout *layout);

/* Go on with a buffer of a copy of these ranges; no @provider: system memory */
void phys_pci_export(struct kunit *test, struct phys_pci_test *t,
		     const struct phys_vec *ranges, size_t nr,
		     struct p2pdma_provider *provider);

/* A plain layout of eight pages in three ranges, for cases without parameter */
extern const struct phys_pci_layout phys_pci_plain;

/*
 * The slices that are worth it: all, from inside the first range to inside the
 * last, one page of each end, and the middle.
 */
#define PHYS_PCI_SLICES	5
bool phys_pci_slice(const struct phys_pci_test *t, unsigned int i,
		    size_t *offset, size_t *len);

/* Steps through a slice: each page, or of a huge one some and its borders. */
size_t phys_pci_step(const struct phys_pci_test *t, size_t offset);

/* How many runs of adjacent memory a slice has */
size_t phys_pci_runs(const struct phys_pci_test *t, size_t offset, size_t len);

int phys_pci_map(struct phys_pci_test *t, size_t offset, size_t len,
		 unsigned long attrs);

/* Each page of a piece; false at the first that is wrong */
bool phys_pci_piece_is_right(struct kunit *test, const struct phys_pci_test *t,
			     size_t offset, dma_addr_t addr, size_t len);

/* Behind an IOMMU nothing is where @addr was. */
void phys_pci_expect_nothing(struct kunit *test, const struct phys_pci_test *t,
			     dma_addr_t addr, size_t len);

/* Nothing at the begin, in the middle and at the end of a hole, if there is one */
void phys_pci_expect_hole(struct kunit *test, const struct phys_pci_test *t,
			  dma_addr_t from, dma_addr_t to);

#endif /* _ST_DMA_BUF_PHYS_PCI_H */
