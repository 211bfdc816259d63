// SPDX-License-Identifier: GPL-2.0
#include "picture.h"

/*
 * Red runs over the columns, green over the lines, in one direction or the
 * other, which people see; their lower bits, and which picture it is, are in
 * blue.
 */
static uint32_t directions(unsigned int nr)
{
	return (nr & 1 ? 0xff0000 : 0) | (nr & 2 ? 0x00ff00 : 0);
}

uint32_t picture_pixel(unsigned int nr, unsigned int x, unsigned int y)
{
	uint32_t red = x >> 3, green = y >> 2;
	uint32_t blue = (x & 7) << 5 | (y & 3) << 3 | nr;

	return (red << 16 | green << 8 | blue) ^ directions(nr);
}

void picture_find(uint32_t colour, unsigned int *nr, unsigned int *x,
		  unsigned int *y)
{
	*nr = colour & 7;
	colour ^= directions(*nr);
	*x = (colour >> 16 & 0xff) << 3 | (colour >> 5 & 7);
	*y = (colour >> 8 & 0xff) << 2 | (colour >> 3 & 3);
}
