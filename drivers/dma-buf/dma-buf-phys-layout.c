// SPDX-License-Identifier: GPL-2.0
/*
 * Where the runs of a slice go in IOVA space, so that an IOMMU can use its large
 * pages for them.
 *
 * A run is adjacent ranges merged. Its demand is the largest page of the IOMMU
 * of which an aligned one fits in it: if the IOVA of the run is congruent to its
 * physical address modulo that page, the run needs as few leaves as it ever can.
 * A group is runs that follow each other in IOVA space and have their demands
 * met by that. Groups are made as long as they get, from the front; a run that
 * does not fit in begins the next one, behind a hole.
 *
 * As pages are powers of two, demands agree if each pair of them does modulo the
 * smaller page; so a new one need be compared with the largest so far only. Each
 * part of a group is a group, so there is no way to have fewer of them. A hole
 * is smaller than the largest page of the group behind it, which is no longer
 * than the group itself: holes at most double the length.
 *
 * The layout follows from the ranges and the page sizes alone. It is not stored
 * but computed again by whoever walks it.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "dma-buf-phys-priv.h"

/*
 * The largest page of which an aligned one fits, or the smallest there is. One
 * of at most half the length fits wherever the run begins, so this looks at two
 * pages or fewer.
 */
static unsigned long layout_page(const struct phys_vec *run,
				 unsigned long pgsizes)
{
	unsigned long smallest = pgsizes & -pgsizes;
	unsigned long page;

	pgsizes &= GENMASK(ilog2(run->len), 0);
	while (pgsizes) {
		page = BIT(__fls(pgsizes));
		if ((-run->paddr & (page - 1)) <= run->len - page)
			return page;
		pgsizes ^= page;
	}
	return smallest;
}

/**
 * dma_buf_phys_layout_next - step to the next group
 * @layout: its rest, page sizes and whether it is to be contiguous were set by
 *	the caller, all else was 0; its group and offset tell the result
 *
 * Return: true if there is a group, false at the end.
 */
bool dma_buf_phys_layout_next(struct dma_buf_phys_layout *layout)
{
	size_t end = layout->offset + layout->group.len;
	unsigned long page = 1, fits;
	phys_addr_t base = 0, wanted;
	struct phys_vec_slice ahead;
	struct phys_vec run;
	size_t len = 0;

	if (!layout->rest.len)
		return false;

	layout->group = layout->rest;
	ahead = layout->rest;
	while (phys_vec_slice_next(&ahead, &run)) {
		fits = layout_page(&run, layout->pgsizes);
		/* Where the group would begin, were it for this run only */
		wanted = run.paddr - len;
		if ((wanted ^ base) & (min(page, fits) - 1) &&
		    !layout->contiguous)
			break;
		if (fits > page) {
			page = fits;
			base = wanted;
		}
		len += run.len;
		layout->rest = ahead;
	}
	layout->group.len = len;
	layout->offset = end + ((base - end) & (page - 1));
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(dma_buf_phys_layout_next);

/**
 * dma_buf_phys_survey - see what pages there can be, whatever the IOMMU has
 * @desc: a good description
 * @size: sum of its ranges
 *
 * Looks at each run, once, so that mapping need not where the answer is simple.
 *
 * Return: what was found.
 */
struct dma_buf_phys_pages
dma_buf_phys_survey(const struct dma_buf_phys_desc *desc, size_t size)
{
	struct phys_vec_slice slice = { .vecs = desc->ranges, .len = size };
	phys_addr_t base = desc->ranges->paddr;
	struct dma_buf_phys_pages pages = {};
	struct phys_vec run;
	size_t len = 0;

	while (phys_vec_slice_next(&slice, &run)) {
		pages.largest = max(pages.largest,
				    layout_page(&run, ULONG_MAX));
		pages.apart |= (run.paddr - len) ^ base;
		len += run.len;
	}
	return pages;
}
EXPORT_SYMBOL_IF_KUNIT(dma_buf_phys_survey);
