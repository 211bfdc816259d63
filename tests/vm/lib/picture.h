/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test picture. No two pixels of it have one colour: each says where it
 * belongs, and in which picture, so that a wrong line, offset or pitch shows.
 * Guest and host have this in common.
 */
#ifndef VM_PICTURE_H
#define VM_PICTURE_H

#include <stdint.h>

/* What fits into 24 bits of colour */
#define PICTURE_WIDTH	2048u
#define PICTURE_HEIGHT	1024u
#define PICTURES	8u

/* Colour of a pixel, 0x00RRGGBB; nr: which picture, below PICTURES */
uint32_t picture_pixel(unsigned int nr, unsigned int x, unsigned int y);

/* The other way round: every colour is a pixel of some picture. */
void picture_find(uint32_t colour, unsigned int *nr, unsigned int *x,
		  unsigned int *y);

#endif
