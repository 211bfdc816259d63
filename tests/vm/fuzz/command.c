// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "command.h"

uint64_t ioas_make_flags(struct world *w)
{
	if (one_in(w, 25))
		return rnd(w) >> below(w, 64);
	return (one_in(w, 4) ? IOMMU_IOAS_MAP_READABLE : RW) |
	       (one_in(w, 4) ? IOMMU_IOAS_MAP_FIXED_IOVA : 0);
}

uint64_t ioas_make_iova(struct world *w)
{
	return one_in(w, 8) ? edge(w) : (1ull << 32) + (below(w, 64) << 24);
}

uint64_t ioas_make_size(struct world *w)
{
	return one_in(w, 40) ? 1 + rnd(w) % 0xffff : 0;
}

uint64_t ioas_make_memory(struct world *w)
{
	return one_in(w, 50) ? rnd(w) : 0;
}

bool ioas_exists(uint64_t choice)
{
	return choice % 40;
}

uint32_t ioas_choose(const struct world *w, uint64_t choice)
{
	return ioas_exists(choice) ? w->ioas[(choice >> 32) % IOASES] :
				     choice >> 8;
}

bool ioas_attached(const struct world *w, uint64_t choice)
{
	return w->attached && (choice >> 32) % IOASES == w->attached_to;
}

void *command_place(struct world *w, struct command *cmd, size_t right,
		    uint64_t size, uint64_t memory)
{
	static const int8_t off[] = { -1, -8, 8, 32 };
	size_t readable, given = right;
	bool tail = false;
	void *arg;

	if (size) {
		given = size & 4 ? right + off[size % 4] : size & 0x3f;
		tail = size & 8;
	}
	if (tail)
		cmd->bytes[right] = 1;
	cmd->size = given;
	arg = user_memory(w, cmd, sizeof(*cmd), memory, &readable);

	if (readable < 4)
		w->expect = -EFAULT;
	else if (given < right)
		w->expect = -EINVAL;
	else if (given > right && tail && readable >= given)
		w->expect = -E2BIG;
	else if (readable < given)
		w->expect = given > right ? ANY : -EFAULT;
	else
		w->expect = 0;
	return arg;
}

void area_add(struct world *w, unsigned int ioas, uint64_t iova, uint64_t len)
{
	unsigned int i = w->nr_areas < AREAS ? w->nr_areas++ : iova / PAGE % AREAS;

	w->areas[i] = (struct area){ .ioas = ioas, .iova = iova, .len = len };
}

void areas_forget(struct world *w, unsigned int ioas, uint64_t iova,
		  uint64_t len)
{
	uint64_t last = iova + len - 1 < iova ? UINT64_MAX : iova + len - 1;
	unsigned int i = 0;

	while (i < w->nr_areas) {
		const struct area *a = &w->areas[i];

		if (a->ioas == ioas && a->iova <= last &&
		    a->iova + a->len - 1 >= iova)
			w->areas[i] = w->areas[--w->nr_areas];
		else
			i++;
	}
}
