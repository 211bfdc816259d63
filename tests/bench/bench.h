/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of phys_bench.ko share. It is exporter and importer at once and
 * measures what mapping costs in instructions, allocations, page table entries
 * and flushes. Nothing touches the memory that is mapped, so most of it does not
 * exist: only the route from its provider to the importer is real.
 */
#ifndef _PHYS_BENCH_H
#define _PHYS_BENCH_H

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/pci.h>
#ifdef BENCH_DESCRIBED
#include <linux/dma-buf-phys.h>
#endif

struct bench_importer;
struct p2pdma_provider;

/**
 * struct bench_machine - the devices that there are
 * @exporter: an ivshmem, whose BAR has @provider
 * @importer: whose default domain, if any, is mapped into
 * @spare: attached to @domain
 * @provider: of the exporter's BAR
 * @domain: of nobody but the bench; NULL without an IOMMU
 * @route: from @provider to @importer: bus, iova or direct
 */
struct bench_machine {
	struct pci_dev *exporter;
	struct pci_dev *importer;
	struct pci_dev *spare;
	struct p2pdma_provider *provider;
	struct iommu_domain *domain;
	const char *route;
};

/* machine.c */
extern struct bench_machine machine;
int bench_find_machine(void);

/**
 * struct bench_case - one layout, and what a way to map it keeps meanwhile
 * @layout: its name
 * @ranges: none touches another
 * @nr: entries in @ranges
 * @size: of all ranges together
 * @dmabuf: the buffer
 * @attach: of the importer
 * @sgt: if mapped by a scatterlist
 * @iova: if mapped by the two-step DMA API
 * @addrs: a DMA address for each range, if they were mapped one by one
 * @map: if mapped by the core
 * @many: how many attachments of the buffer there are to be
 * @importers: these
 * @sum: what walking adds up, so that it cannot be left out
 */
struct bench_case {
	char layout[16];
	struct phys_vec *ranges;
	size_t nr;
	size_t size;

	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct dma_iova_state iova;
	dma_addr_t *addrs;
#ifdef BENCH_DESCRIBED
	struct dma_buf_phys_map map;
#endif
	size_t many;
	struct bench_importer *importers;
	u64 sum;
};

/* layouts.c */
int bench_layout(struct bench_case *c, const char *name, size_t nr);
void bench_layout_free(struct bench_case *c);

/* The most that a way has */
#define BENCH_STEPS	5

/**
 * struct bench_step - one thing to be measured
 * @name: line of the table
 * @run: returns 0 or an errno; only the first step may fail
 */
struct bench_step {
	const char *name;
	int (*run)(struct bench_case *c);
};

/**
 * struct bench_way - a way to map a buffer, or many
 * @name: column of the table
 * @route: what it is for; NULL for all that the DMA API does
 * @begin: what is done once, for any number of repetitions
 * @steps: one after the other, the last undo the first
 * @unlocked: the steps do not want the reservation lock to be held
 * @span: after the first step, first and last byte of what was mapped; NULL
 *	where no page table is written
 * @end: undo @begin
 */
struct bench_way {
	const char *name;
	const char *route;
	int (*begin)(struct bench_case *c);
	struct bench_step steps[BENCH_STEPS];
	bool unlocked;
	void (*span)(struct bench_case *c, dma_addr_t *first, dma_addr_t *last);
	void (*end)(struct bench_case *c);
};

extern const struct bench_way bench_sgt;
extern const struct bench_way bench_floor_iova;
extern const struct bench_way bench_floor_direct;
extern const struct bench_way bench_floor_bus;
extern const struct bench_way bench_floor_domain;
extern const struct bench_way bench_bridge;
extern const struct bench_way bench_ours;
extern const struct bench_way bench_ours_domain;
extern const struct bench_way bench_batch_iova;
extern const struct bench_way bench_batch_domain;
extern const struct bench_way bench_parts_iova;
extern const struct bench_way bench_holes;
extern const struct bench_way bench_gather;
extern const struct bench_way bench_many_sgt;
extern const struct bench_way bench_many_ours;
extern const struct bench_way bench_many_left;

/* What several ways begin and end with */
int bench_nothing(struct bench_case *c);
int bench_alloc_addrs(struct bench_case *c);
void bench_free_addrs(struct bench_case *c);
int bench_domain_unmap(struct bench_case *c);
void bench_domain_span(struct bench_case *c, dma_addr_t *first,
		       dma_addr_t *last);
void bench_iova_span(struct bench_case *c, dma_addr_t *first, dma_addr_t *last);

/* Where the bench's own domain is mapped; nothing else is in there. */
#define BENCH_DOMAIN_IOVA	SZ_512G

/* domain.c: iommu_map_nosync() and iommu_sync_map(), which are not exported */
int bench_domain_init(void);

/**
 * struct bench_counts - what one step did
 * @bytes: allocated, page tables aside
 * @allocs: how many allocations that were
 * @tables: pages for page tables
 * @atomic: of them those whose allocation could not sleep
 * @flushes: of the IOMMU's caches
 */
struct bench_counts {
	u64 bytes;
	u64 allocs;
	u64 tables;
	u64 atomic;
	u64 flushes;
};

/**
 * struct bench_result - what came out for one way
 * @ret: errno of the first step
 * @time: least of each step
 * @counts: of each step
 * @leaves: entries that mapped the buffer; 0 if there is no page table
 */
struct bench_result {
	int ret;
	u64 time[BENCH_STEPS];
	struct bench_counts counts[BENCH_STEPS];
	u64 leaves;
};

/* measure.c */
void bench_calibrate(void);
void bench_time(struct bench_case *c, const struct bench_way *way,
		struct bench_result *r);

/* count.c */
int bench_count_begin(struct iommu_domain *domain);
void bench_count(struct bench_case *c, const struct bench_way *way,
		 struct iommu_domain *domain, struct bench_result *r);
void bench_count_end(void);

/* leaves.c */
u64 bench_leaves(struct iommu_domain *domain, dma_addr_t first,
		 dma_addr_t last);
u64 bench_least_leaves(const struct bench_case *c,
		       const struct iommu_domain *domain);

#endif /* _PHYS_BENCH_H */
