// SPDX-License-Identifier: GPL-2.0
/* IOMMU_IOAS_MAP_FILE: a slice of a buffer into an address space */
#include <errno.h>

#include "command.h"
#include "judge.h"
#include "sys.h"

enum { MAP_FD, MAP_IOAS, MAP_FLAGS, MAP_SLICE, MAP_START, MAP_LENGTH, MAP_IOVA,
	MAP_SIZE, MAP_MEMORY };

static void choose_slice(struct iommu_ioas_map_file *map, const uint64_t *a,
			 uint64_t size)
{
	map->start = a[MAP_START];
	map->length = a[MAP_LENGTH];
	if (!size || a[MAP_SLICE] % 16 == 0)
		return;
	map->start = 0;
	map->length = size;
	if (a[MAP_SLICE] % 2) {
		map->start = a[MAP_START] % size & -PAGE;
		map->length = a[MAP_LENGTH] % (size - map->start) & -PAGE;
		if (!map->length)
			map->length = size - map->start;
	}
}

static int expect_slice(const struct world *w, const struct slot *slot,
			const struct iommu_ioas_map_file *map, bool attached)
{
	uint64_t last;

	if (!map->length)
		return -EINVAL;
	if (__builtin_add_overflow(map->start, map->length - 1, &last))
		return -EOVERFLOW;
	if (slot->kind == FD_NONE)
		return -EBADF;
	if (slot->kind == FD_OTHER)
		return ANY;
	if (slot->size <= last)
		return -EINVAL;
	if (slot->kind == FD_LEGACY)
		return -EOPNOTSUPP;
	switch (slot_state(w, slot)) {
	case UNKNOWN:
		return ANY;
	case LIVE:
		break;
	default:
		return -ENODEV;
	}
	if (map->flags & IOMMU_IOAS_MAP_FIXED_IOVA)
		return ANY;
	if ((map->start | map->length) % PAGE)
		return attached ? -EINVAL : ANY;
	return 0;
}

static int expect_map(const struct world *w, const struct slot *slot,
		      const struct iommu_ioas_map_file *map, uint64_t ioas)
{
	if (map->flags & ~FLAGS_KNOWN)
		return -EOPNOTSUPP;
	if (map->iova == UINT64_MAX || map->length == UINT64_MAX)
		return -EOVERFLOW;
	if (!(map->flags & RW))
		return -EINVAL;
	if (!ioas_exists(ioas))
		return -ENOENT;
	return expect_slice(w, slot, map, ioas_attached(w, ioas));
}

static long run_map(struct world *w, const uint64_t *a)
{
	struct slot *slot = slot_choose(w, a[MAP_FD]);
	struct command cmd = {
		.map = {
			.flags = a[MAP_FLAGS],
			.ioas_id = ioas_choose(w, a[MAP_IOAS]),
			.fd = slot->fd,
			.iova = a[MAP_IOVA],
		},
	};
	struct iommu_ioas_map_file *arg;
	long ret;

	choose_slice(&cmd.map, a, slot->size);
	judge_actual(slot->fd, cmd.map.start, cmd.map.length, slot->size);
	arg = command_place(w, &cmd, sizeof(cmd.map), a[MAP_SIZE],
			    a[MAP_MEMORY]);
	if (!w->expect)
		w->expect = expect_map(w, slot, &cmd.map, a[MAP_IOAS]);
	w->feature = slot_state(w, slot) | slot->kind << 2 |
		     ioas_attached(w, a[MAP_IOAS]) << 4;
	ret = sys_ioctl(w->iommufd, IOMMU_IOAS_MAP_FILE, arg);
	if (!ret)
		area_add(w, (a[MAP_IOAS] >> 32) % IOASES, arg->iova,
			 cmd.map.length);
	return ret;
}

const struct op map_ops[] = {
	{
		.name = "map_file", .weight = 250, .run = run_map,
		.args = {
			[MAP_FD] = { "fd", any },
			[MAP_IOAS] = { "ioas", any },
			[MAP_FLAGS] = { "flags", ioas_make_flags },
			[MAP_SLICE] = { "slice", any },
			[MAP_START] = { "start", bar_offset },
			[MAP_LENGTH] = { "length", bar_length },
			[MAP_IOVA] = { "iova", ioas_make_iova },
			[MAP_SIZE] = { "size", ioas_make_size },
			[MAP_MEMORY] = { "memory", ioas_make_memory },
		},
		.errnos = { EFAULT, EINVAL, E2BIG, EOPNOTSUPP, EOVERFLOW,
			    ENOENT, EBADF, ENODEV, EEXIST, ENOSPC, ENOMEM,
			    EADDRINUSE },
		.least = 250,
	},
	{ .name = NULL }
};
