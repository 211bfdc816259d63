/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which pieces of a BAR make a buffer, and what every byte of the BAR should
 * be: a shadow of the whole BAR goes along with each write.
 */
#ifndef VM_LAYOUT_H
#define VM_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/vfio.h>

struct layout {
	struct vfio_region_dma_range *ranges;
	size_t nr;
	uint64_t size;		/* of the buffer */
};

/*
 * nr ranges of 1 to most pages, no two of them adjacent, in no order, all over
 * [start, start + len) of the BAR. The same for the same arguments.
 */
void layout_scatter(struct layout *l, size_t nr, unsigned int most,
		    uint64_t start, uint64_t len);
/* nr ranges of one page each, in order, without gaps */
void layout_adjacent(struct layout *l, size_t nr, uint64_t start);
/* As the caller says; the array is copied. */
void layout_set(struct layout *l, const struct vfio_region_dma_range *ranges,
		size_t nr);
void layout_free(struct layout *l);

/* Where in the BAR byte offset of the buffer is; *run: bytes until the range ends */
uint64_t layout_to_bar(const struct layout *l, uint64_t offset, uint64_t *run);

/* The BAR as a test sees it, and its shadow */
struct bar {
	uint8_t *map;
	uint8_t *shadow;
	size_t len;
};

/* Fill all of it with a pattern. */
void bar_init(struct bar *bar, void *map, size_t len);
/* The CPU writes to the buffer: to the BAR and to the shadow. */
void bar_write(struct bar *bar, const struct layout *l, uint64_t offset,
	       const void *data, size_t len);
/* A device wrote to the buffer: only the shadow is told. */
void bar_expect(struct bar *bar, const struct layout *l, uint64_t offset,
		const void *data, size_t len);
/* Every byte of the BAR, those outside of the buffer too; fails the test. */
void bar_check(const struct bar *bar);
/* Take the shadow from what the BAR is now. */
void bar_snapshot(struct bar *bar);

/* Bytes that depend on seed and position */
void pattern(void *data, size_t len, uint64_t seed, uint64_t offset);

#endif
