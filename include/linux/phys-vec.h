/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking arrays of physical ranges.
 */
#ifndef _LINUX_PHYS_VEC_H
#define _LINUX_PHYS_VEC_H

#include <linux/minmax.h>
#include <linux/types.h>

/**
 * struct phys_vec_slice - some of the bytes of an array of physical ranges
 * @vecs: the ranges that the slice lies in; none may be empty
 * @skip: bytes of the first range in front of the slice, less than its length
 * @len: bytes in the slice; it may end inside a range
 *
 * A slice is a value: what walks it takes its runs off a copy.
 */
struct phys_vec_slice {
	const struct phys_vec *vecs;
	size_t skip;
	size_t len;
};

/**
 * phys_vec_slice_next - take the first run off a slice
 * @slice: what is left of a slice; becomes what is left after the run
 * @run: where to put the run: ranges that touch each other are one
 *
 * Return: false if nothing is left.
 */
static inline bool phys_vec_slice_next(struct phys_vec_slice *slice,
				       struct phys_vec *run)
{
	size_t len;

	if (!slice->len)
		return false;

	run->paddr = slice->vecs->paddr + slice->skip;
	run->len = 0;
	do {
		len = min(slice->vecs->len - slice->skip, slice->len);
		run->len += len;
		slice->len -= len;
		slice->skip = 0;
		slice->vecs++;
	} while (slice->len && slice->vecs->paddr == run->paddr + run->len);
	return true;
}

#endif /* _LINUX_PHYS_VEC_H */
