/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical ranges behind a dma-buf: described by the exporter, mapped by the
 * core, never seen by an importer.
 */
#ifndef _LINUX_DMA_BUF_PHYS_H
#define _LINUX_DMA_BUF_PHYS_H

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/types.h>

struct dma_buf_phys_cpu;
struct dma_buf_phys_route;
struct iommu_domain;
struct iosys_map;
struct p2pdma_provider;
struct sg_table;

/**
 * DOC: words
 *
 * range
 *	One &struct phys_vec: ``paddr`` and ``len`` in bytes.
 * description
 *	The exporter's ranges, their provider and attributes. It is pushed when
 *	the buffer is exported and stays valid until release, restore with a new
 *	description, or kill.
 * provider
 *	The &struct p2pdma_provider of the BAR that the ranges lie in, or NULL
 *	for system memory.
 * target
 *	The address space that ranges are mapped into: a DMA device, an
 *	IOMMU domain or the CPU.
 * mapping
 *	&struct dma_buf_phys_map: one slice of one buffer in one target. The
 *	importer embeds it in an object of its own.
 * slice
 *	``offset`` and ``len`` in bytes inside the buffer, in buffer order.
 * revoke
 *	The exporter takes the memory back: when it returns, no target reaches
 *	the memory. *restore* gives it again; *kill* is for good.
 * sever
 *	The core takes the translation of a mapping away itself, because its
 *	importer left that to it or did not unmap in time.
 *
 * "last" is inclusive, "end" is exclusive, "len" is in bytes.
 */

/**
 * DOC: errors
 *
 * Every function of this interface means the same by the same errno:
 *
 * ==============  ========================================================
 * -ENODEV         the buffer is revoked, or gone for good
 * -EOPNOTSUPP     this exporter and this importer or target do not go
 *                 together
 * -EREMOTEIO      the target has no peer to peer route to the memory
 * -EINVAL         wrong ask: a slice outside the buffer, a bad alignment,
 *                 an unknown flag
 * -EOVERFLOW      a sum does not fit its type
 * -EACCES         an attribute of the memory forbids this target
 * -ENOMEM         no memory, no IOVA space, or no page table
 * ==============  ========================================================
 */

/*
 * Attributes of the described memory; unknown ones are refused.
 *
 * DMA_BUF_PHYS_MMIO: device memory of the provider; system memory if not set
 * DMA_BUF_PHYS_PRIVATE: private (TEE) memory, which no host device may reach
 * DMA_BUF_PHYS_CPU: the CPU may access the memory; not if it is private
 * DMA_BUF_PHYS_WC: device memory that may be accessed write-combined, as reading
 *	it has no side effects
 */
#define DMA_BUF_PHYS_MMIO	BIT(0)
#define DMA_BUF_PHYS_PRIVATE	BIT(1)
#define DMA_BUF_PHYS_CPU	BIT(2)
#define DMA_BUF_PHYS_WC		BIT(3)

/* So that what one call has to do is bounded */
#define DMA_BUF_PHYS_MAX_RANGES	BIT(20)

/**
 * struct dma_buf_phys_desc - what lies behind a buffer, told by its exporter
 * @ranges: physical ranges in buffer order, each page aligned and of whole
 *	pages; they may touch each other. The array stays the exporter's and
 *	must not change while the description is valid.
 * @nr_ranges: entries in @ranges, at least one and at most
 *	DMA_BUF_PHYS_MAX_RANGES; their lengths add up to &dma_buf.size exactly
 * @provider: the BAR that all ranges lie in, NULL for system memory
 * @attrs: DMA_BUF_PHYS_* bits
 * @needs: the least that an importer must be able to do to be let in
 *
 * The core copies the structure, not the array.
 */
struct dma_buf_phys_desc {
	const struct phys_vec *ranges;
	size_t nr_ranges;
	struct p2pdma_provider *provider;
	unsigned int attrs;
	enum dma_buf_importer_class needs;
};

/* Exporter: &dma_buf_export_info.phys begins a description, these change it. */
void dma_buf_phys_revoke_begin(struct dma_buf *dmabuf);
void dma_buf_phys_revoke(struct dma_buf *dmabuf);
int dma_buf_phys_restore(struct dma_buf *dmabuf,
			 const struct dma_buf_phys_desc *desc);
void dma_buf_phys_kill(struct dma_buf *dmabuf);

/*
 * For the exporter's &dma_buf_ops, so that importers which know scatterlists
 * only are served too.
 */
struct sg_table *dma_buf_phys_map_dma_buf(struct dma_buf_attachment *attach,
					  enum dma_data_direction dir);
void dma_buf_phys_unmap_dma_buf(struct dma_buf_attachment *attach,
				struct sg_table *sgt,
				enum dma_data_direction dir);

/**
 * struct dma_buf_phys_map - one slice of one buffer in one target
 * @attach: the attachment it was mapped through
 * @offset: first byte of the slice in the buffer
 * @len: bytes in the slice
 *
 * Owned by the importer, who embeds it and may read the members above while the
 * mapping is mapped; the rest is the core's. It needs no initialisation and
 * must not move or go away before dma_buf_phys_unmap().
 */
struct dma_buf_phys_map {
	struct dma_buf_attachment *attach;
	size_t offset;
	size_t len;

	/* private: internal; node and state are under the core's spinlock */
	struct list_head node;
	const struct dma_buf_phys_route *route;
	u8 state;
	union {
		struct {
			struct device *dev;
			struct dma_iova_state iova;
			size_t skip;
			dma_addr_t *addrs;
			unsigned long attrs;
			enum dma_data_direction dir;
		} device;
		struct {
			struct iommu_domain *domain;
			unsigned long iova;
		} domain;
		struct dma_buf_phys_cpu *cpu;
		struct {
			struct sg_table *sgt;
			enum dma_data_direction dir;
		} legacy;
	};
};

/*
 * For the attrs of dma_buf_phys_map_device(): one piece, behind an IOMMU that has
 * pages as small as the ranges. It may cost large pages, so it is for devices that
 * take one address for all, or whose own page tables get shorter by it.
 */
#define DMA_BUF_PHYS_MAP_CONTIGUOUS	BIT(BITS_PER_LONG - 1)

/* Importer: map a slice into a target, walk the result, unmap. */
int dma_buf_phys_reachable(struct dma_buf_attachment *attach,
			   struct device *dma_dev);
bool dma_buf_phys_untranslated(struct dma_buf_attachment *attach,
			       struct device *dma_dev);
int dma_buf_phys_mappable(struct dma_buf_attachment *attach);
int dma_buf_phys_map_device(struct dma_buf_attachment *attach,
			    struct dma_buf_phys_map *map,
			    struct device *dma_dev, size_t offset, size_t len,
			    enum dma_data_direction dir, unsigned long attrs);
int dma_buf_phys_map_domain(struct dma_buf_attachment *attach,
			    struct dma_buf_phys_map *map,
			    struct iommu_domain *domain, unsigned long iova,
			    size_t offset, size_t len, int prot, gfp_t gfp);
int dma_buf_phys_map_cpu(struct dma_buf_attachment *attach,
			 struct dma_buf_phys_map *map,
			 size_t offset, size_t len);
void dma_buf_phys_unmap(struct dma_buf_phys_map *map);

/* Importer: access what is mapped for the CPU, in windows. */
ssize_t dma_buf_phys_access_begin(struct dma_buf_phys_map *map, size_t offset,
				  size_t len, struct iosys_map *vaddr);
void dma_buf_phys_access_end(struct dma_buf_phys_map *map);

/**
 * struct dma_buf_phys_piece - a part of a mapping that is in one piece
 * @addr: DMA address, in the address space of the device
 * @len: bytes
 */
struct dma_buf_phys_piece {
	dma_addr_t addr;
	size_t len;
};

/**
 * struct dma_buf_phys_iter - a place between two pieces of a mapping
 *
 * Lives on the caller's stack and may be copied.
 */
struct dma_buf_phys_iter {
	/* private: */
	const struct dma_buf_phys_map *map;
	size_t cap;
	size_t (*fill)(struct dma_buf_phys_iter *it,
		       struct dma_buf_phys_piece *pieces, size_t nr);
	struct dma_buf_phys_piece rest;
	struct dma_buf_phys_cursor {
		size_t index;
		size_t skip;
		size_t left;
	} cursor;
	size_t run;
	void *pos;
};

void dma_buf_phys_iter_start(struct dma_buf_phys_iter *it,
			     const struct dma_buf_phys_map *map, size_t cap);
size_t dma_buf_phys_count(const struct dma_buf_phys_map *map, size_t cap);

/**
 * dma_buf_phys_iter_fill - go over the next pieces, for who cannot have a loop
 * @it: iterator
 * @pieces: array to write them to
 * @nr: entries in @pieces, at least one
 *
 * Context: Any. The mapping must stay mapped.
 * Return: how many pieces were written, 0 if there is none left.
 */
static inline size_t dma_buf_phys_iter_fill(struct dma_buf_phys_iter *it,
					    struct dma_buf_phys_piece *pieces,
					    size_t nr)
{
	return it->fill(it, pieces, nr);
}

/**
 * struct dma_buf_phys_walk - an iterator and the pieces in front of it: a step
 *	to the next is one in an array. Lives on the caller's stack.
 */
struct dma_buf_phys_walk {
	/* private: */
	struct dma_buf_phys_iter it;
	const struct dma_buf_phys_piece *end;
	struct dma_buf_phys_piece pieces[32];
};

static inline const struct dma_buf_phys_piece *
dma_buf_phys_walk_start(struct dma_buf_phys_walk *walk,
			const struct dma_buf_phys_map *map, size_t cap)
{
	dma_buf_phys_iter_start(&walk->it, map, cap);
	walk->end = walk->pieces;
	return walk->end;
}

static inline const struct dma_buf_phys_piece *
dma_buf_phys_walk_on(struct dma_buf_phys_walk *walk)
{
	size_t nr = dma_buf_phys_iter_fill(&walk->it, walk->pieces,
					   ARRAY_SIZE(walk->pieces));

	walk->end = walk->pieces + nr;
	return nr ? walk->pieces : NULL;
}

/**
 * dma_buf_phys_for_each_max - walk a mapping in pieces of a limited length
 * @map: mapping made by dma_buf_phys_map_device()
 * @walk: &struct dma_buf_phys_walk of the caller
 * @piece: &struct dma_buf_phys_piece, set to each piece in turn; const
 * @cap: most bytes in a piece, for hardware or wire formats with short length
 *	fields; a piece that is cut ends at a multiple of @cap from its start
 */
#define dma_buf_phys_for_each_max(map, walk, piece, cap)		\
	for (piece = dma_buf_phys_walk_start(walk, map, cap);		\
	     piece != (walk)->end || (piece = dma_buf_phys_walk_on(walk)); \
	     piece++)

/**
 * dma_buf_phys_for_each - walk a mapping in the longest pieces there are
 * @map: mapping made by dma_buf_phys_map_device()
 * @walk: &struct dma_buf_phys_walk of the caller
 * @piece: &struct dma_buf_phys_piece, set to each piece in turn; const
 */
#define dma_buf_phys_for_each(map, walk, piece)				\
	dma_buf_phys_for_each_max(map, walk, piece, SIZE_MAX)

#endif /* _LINUX_DMA_BUF_PHYS_H */
