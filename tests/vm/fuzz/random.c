// SPDX-License-Identifier: GPL-2.0
#include "fuzz.h"

uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t rnd(struct world *w)
{
	w->random += 0x9e3779b97f4a7c15;
	return mix(w->random);
}

uint64_t below(struct world *w, uint64_t n)
{
	return rnd(w) % n;
}

bool one_in(struct world *w, unsigned int n)
{
	return !below(w, n);
}

/* A choice, or a number without meaning */
uint64_t any(struct world *w)
{
	return rnd(w);
}

/* A BAR that exists, if there is one */
static uint64_t some_bar_size(struct world *w)
{
	const struct device *dev = &w->devices[below(w, DEVICES - 1)];
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (dev->bars[i].size > PAGE)
			return dev->bars[i].size;
	return 16 << 20;
}

/* Where something ends: pages, BARs, buffers, types */
uint64_t edge(struct world *w)
{
	static const uint64_t ends[] = {
		0, PAGE, 2 * PAGE, 1ull << 31, 1ull << 32, 1ull << 40,
		1ull << 47, 1ull << 52, 1ull << 63,
	};
	static const int64_t besides[] = { 0, 0, 0, -1, 1, PAGE, -(int64_t)PAGE };
	uint64_t end;

	switch (below(w, 8)) {
	case 0:
		return rnd(w);
	case 1:
		return rnd(w) & -PAGE;
	case 2:
		return rnd(w) >> below(w, 64);
	case 3:
		end = some_bar_size(w);
		break;
	case 4:
		end = w->nr_slots ? w->slots[below(w, w->nr_slots)].size : PAGE;
		break;
	default:
		end = ends[below(w, sizeof(ends) / sizeof(ends[0]))];
	}
	return end + besides[below(w, sizeof(besides) / sizeof(besides[0]))];
}

/* Mostly page aligned and inside */
uint64_t bar_offset(struct world *w)
{
	if (one_in(w, 20))
		return edge(w);
	return below(w, some_bar_size(w)) & -PAGE;
}

uint64_t bar_length(struct world *w)
{
	if (one_in(w, 20))
		return edge(w);
	return (1 + below(w, one_in(w, 8) ? 256 : 4)) * PAGE;
}
