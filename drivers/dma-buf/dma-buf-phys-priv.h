/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the phys-range core share with each other and with
 * dma-buf.c. Nobody else includes this: it is where physical addresses live.
 */
#ifndef _DMA_BUF_PHYS_PRIV_H
#define _DMA_BUF_PHYS_PRIV_H

#include <linux/dma-buf-phys.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/phys-vec.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct dentry;
struct iommu_iotlb_gather;
struct seq_file;

/* Life of a buffer. Only LIVE lets new mappings in. */
enum dma_buf_phys_state {
	DMA_BUF_PHYS_LIVE,
	DMA_BUF_PHYS_REVOKING,
	DMA_BUF_PHYS_REVOKED,
	DMA_BUF_PHYS_DEAD,
};

/*
 * Life of a mapping. BUILDING has one owner, the importer's thread that maps or
 * unmaps. SEVERING belongs to a revoker that takes the translation away itself;
 * SEVERED is the importer's again, who is to unmap what does not reach anything
 * any more.
 */
enum dma_buf_phys_map_state {
	DMA_BUF_PHYS_BUILDING,
	DMA_BUF_PHYS_MAPPED,
	DMA_BUF_PHYS_SEVERING,
	DMA_BUF_PHYS_SEVERED,
};

/**
 * struct dma_buf_phys_pages - what is known of a description for any IOMMU
 * @largest: largest power of two of which an aligned one fits in a run
 * @apart: bits in which (address - offset in the buffer) differs between runs; if
 *	the low ones are 0, one offset between address and IOVA serves all pages
 *	of so many bits
 */
struct dma_buf_phys_pages {
	unsigned long largest;
	phys_addr_t apart;
};

/**
 * struct dma_buf_phys_shape - what is known of the ranges of a description
 * @touch: some range begins where the one before it ends
 * @last: last byte of the range that lies highest
 * @pages: what large pages it can have
 */
struct dma_buf_phys_shape {
	bool touch;
	phys_addr_t last;
	struct dma_buf_phys_pages pages;
};

/**
 * struct dma_buf_phys - what the core keeps for a buffer with a description
 * @dmabuf: the buffer, which owns this
 * @ino: inode number of the buffer's file, for traces
 * @transition: serialises revoke, restore and kill
 * @describing: taken to look at @desc without a mapping; fair, so that nobody
 *	who asks over and over keeps it from being changed
 * @lock: guards the members below, is never held while translating
 * @state: @lock to read, @transition and @lock to write
 * @desc: @lock, @describing or a mapping in @maps to read; to write, @transition,
 *	@describing and @lock, and there must be no mapping
 * @shape: of @desc, and guarded like it
 * @edition: of @desc, counts the new ones; guarded like it
 * @maps: @lock; every mapping that needs the description, the half-built ones
 *	too
 * @nr_maps: @lock; how many there are
 * @nr_severed: @lock; mappings that were severed and not unmapped yet
 * @since: @transition and @lock to write; when the last revoke began
 * @deadline: @transition; when its grace time ends, in jiffies
 * @changed: woken when @nr_maps becomes 0 during a revoke, and when mappings were
 *	severed
 */
struct dma_buf_phys {
	struct dma_buf *dmabuf;
	u64 ino;
	struct mutex transition;	/* outside the reservation lock */
	struct rw_semaphore describing;	/* nothing but the spinlock inside */
	spinlock_t lock;		/* leaf */
	enum dma_buf_phys_state state;
	struct dma_buf_phys_desc desc;
	struct dma_buf_phys_shape shape;
	unsigned int edition;
	struct list_head maps;
	unsigned int nr_maps;
	unsigned int nr_severed;
	ktime_t since;
	unsigned long deadline;
	wait_queue_head_t changed;
};

/**
 * struct dma_buf_phys_route - one way to translate ranges for a target
 * @name: for people, in traces
 * @release: undo the translation; cannot fail
 * @domain: what is to be flushed after @sever; NULL if that is nothing
 * @sever: take the translation away and keep what the importer counts on, so
 *	that nothing else comes to lie there; cannot fail. The flush is gathered
 *	and the caller's to do. NULL where the target has no translation that
 *	could be taken away
 * @forget: give back what @sever kept, without the description; NULL if that
 *	is nothing
 * @start: put a fresh iterator before the first piece; NULL where there is
 *	nothing to walk
 * @fill: write the next pieces into an array, at most @nr, and return how many;
 *	0 at the end. A piece is as long as it can be
 */
struct dma_buf_phys_route {
	const char *name;
	void (*release)(struct dma_buf_phys_map *map);
	struct iommu_domain *(*domain)(const struct dma_buf_phys_map *map);
	void (*sever)(struct dma_buf_phys_map *map,
		      struct iommu_iotlb_gather *gather);
	void (*forget)(struct dma_buf_phys_map *map);
	void (*start)(struct dma_buf_phys_iter *it);
	size_t (*fill)(struct dma_buf_phys_iter *it,
		       struct dma_buf_phys_piece *pieces, size_t nr);
};

/* dma-buf-phys.c, called by dma-buf.c */
int dma_buf_phys_init(struct dma_buf *dmabuf, u64 ino,
		      const struct dma_buf_phys_desc *desc);
void dma_buf_phys_fini(struct dma_buf *dmabuf);
int dma_buf_phys_check_attach(struct dma_buf_attachment *attach);
void dma_buf_phys_show(struct seq_file *m, struct dma_buf *dmabuf);

/* dma-buf-phys.c, called by the targets and by revoke */
int dma_buf_phys_check_desc(const struct dma_buf *dmabuf,
			    const struct dma_buf_phys_desc *desc,
			    struct dma_buf_phys_shape *shape);
int dma_buf_phys_check_slice(const struct dma_buf *dmabuf, size_t offset,
			     size_t len);
const char *dma_buf_phys_importer_name(const struct dma_buf_attachment *attach);
int dma_buf_phys_map_begin(struct dma_buf_attachment *attach,
			   struct dma_buf_phys_map *map,
			   size_t offset, size_t len);
int dma_buf_phys_map_end(struct dma_buf_phys_map *map, int ret);

/* The physical runs of a slice, adjacent ranges merged */
void dma_buf_phys_cursor_start(struct dma_buf_phys_cursor *cur,
			       const struct dma_buf_phys_map *map);
bool dma_buf_phys_cursor_next(struct dma_buf_phys_cursor *cur,
			      const struct dma_buf_phys_map *map,
			      struct phys_vec *run);
size_t dma_buf_phys_count_runs(const struct dma_buf_phys_map *map);

/* What a cursor has left */
static inline struct phys_vec_slice
dma_buf_phys_cursor_slice(const struct dma_buf_phys_cursor *cur,
			  const struct dma_buf_phys_map *map)
{
	return (struct phys_vec_slice) {
		.vecs = map->attach->dmabuf->phys->desc.ranges + cur->index,
		.skip = cur->skip,
		.len = cur->left,
	};
}

/* dma-buf-phys-device.c */
void dma_buf_phys_note_route(struct dma_buf_attachment *attach);

/**
 * struct dma_buf_phys_layout - walks the groups that runs go to IOVA space in
 * @group: the runs of the current group, which follow each other there
 * @offset: where the group begins, in bytes from the begin of the IOVA range,
 *	which is aligned to every page that fits in it
 * @rest: the slice, then what is behind the current group
 * @pgsizes: of the IOMMU, as &iommu_domain.pgsize_bitmap; all boundaries between
 *	runs are on the smallest
 * @contiguous: one group, whatever pages that costs
 */
struct dma_buf_phys_layout {
	/* output */
	struct phys_vec_slice group;
	size_t offset;

	/* input, used up */
	struct phys_vec_slice rest;
	unsigned long pgsizes;
	bool contiguous;
};

/* dma-buf-phys-layout.c */
bool dma_buf_phys_layout_next(struct dma_buf_phys_layout *layout);
struct dma_buf_phys_pages
dma_buf_phys_survey(const struct dma_buf_phys_desc *desc, size_t size);

/* dma-buf-phys-iova.c */
#ifdef CONFIG_IOMMU_DMA
int dma_buf_phys_map_iova(struct dma_buf_phys_map *map, bool contiguous);
void dma_buf_phys_flush_lazy(struct dma_buf *dmabuf);
void dma_buf_phys_detach_lazy(struct dma_buf_attachment *attach);
#else
static inline int dma_buf_phys_map_iova(struct dma_buf_phys_map *map,
					bool contiguous)
{
	return -EOPNOTSUPP;
}

static inline void dma_buf_phys_flush_lazy(struct dma_buf *dmabuf)
{
}

static inline void dma_buf_phys_detach_lazy(struct dma_buf_attachment *attach)
{
}
#endif

/* dma-buf-phys-stats.c */
void dma_buf_phys_init_debugfs(struct dentry *dir);
int dma_buf_phys_stats_add(const struct dma_buf_attachment *attach);
void dma_buf_phys_stats_released(const struct dma_buf_attachment *attach,
				 ktime_t since);
void dma_buf_phys_stats_severed(const struct dma_buf_attachment *attach,
				ktime_t since, unsigned int nr_maps);

/* dma-buf-phys-revoke.c */
extern unsigned int dma_buf_phys_grace_ms;

/* dma-buf-phys-sever.c */
void dma_buf_phys_unmap_stopped(struct dma_buf_phys *phys);
void dma_buf_phys_sever(struct dma_buf_phys *phys);

/* dma-buf-phys-sgt.c */
int dma_buf_phys_map_legacy(struct dma_buf_attachment *attach,
			    struct dma_buf_phys_map *map,
			    struct device *dma_dev, size_t offset, size_t len,
			    enum dma_data_direction dir, unsigned long attrs);

#endif /* _DMA_BUF_PHYS_PRIV_H */
