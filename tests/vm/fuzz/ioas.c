// SPDX-License-Identifier: GPL-2.0
/* IOMMUFD: address spaces, what is copied between them, and who uses them */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "iommufd.h"
#include "judge.h"
#include "sys.h"

enum { UNMAP_AREA, UNMAP_HOW, UNMAP_IOAS, UNMAP_IOVA, UNMAP_LENGTH, UNMAP_SIZE,
	UNMAP_MEMORY };

/* An area that is mapped, all there are, or any range */
static struct area choose_unmap(const struct world *w, const uint64_t *a,
				uint64_t *ioas, bool *mapped)
{
	unsigned int how = a[UNMAP_HOW] % 16;
	struct area area = {
		.iova = a[UNMAP_IOVA],
		.len = a[UNMAP_LENGTH],
	};

	*ioas = a[UNMAP_IOAS];
	*mapped = how > 2 && w->nr_areas;
	if (*mapped) {
		area = w->areas[a[UNMAP_AREA] % w->nr_areas];
		*ioas = (uint64_t)area.ioas << 32 | 1;
	} else if (!how) {
		area.iova = 0;
		area.len = UINT64_MAX;
	}
	area.ioas = (*ioas >> 32) % IOASES;
	return area;
}

static int expect_unmap(const struct area *area, uint64_t ioas, bool mapped)
{
	uint64_t last;

	if (!ioas_exists(ioas))
		return -ENOENT;
	if (mapped || (!area->iova && area->len == UINT64_MAX))
		return 0;
	if (area->iova == UINT64_MAX || area->len == UINT64_MAX)
		return -EOVERFLOW;
	if (!area->len)
		return -EINVAL;
	if (__builtin_add_overflow(area->iova, area->len - 1, &last))
		return -EOVERFLOW;
	return ANY;
}

static long run_unmap(struct world *w, const uint64_t *a)
{
	struct command cmd;
	struct area area;
	uint64_t ioas;
	bool mapped;
	void *arg;

	area = choose_unmap(w, a, &ioas, &mapped);
	memset(&cmd, 0, sizeof(cmd));
	cmd.unmap.ioas_id = ioas_choose(w, ioas);
	cmd.unmap.iova = area.iova;
	cmd.unmap.length = area.len;
	judge_actual(cmd.unmap.ioas_id, area.iova, area.len, mapped);

	arg = command_place(w, &cmd, sizeof(cmd.unmap), a[UNMAP_SIZE],
			    a[UNMAP_MEMORY]);
	if (!w->expect) {
		w->expect = expect_unmap(&area, ioas, mapped);
		if (ioas_exists(ioas))
			areas_forget(w, area.ioas, area.iova, area.len);
	}
	w->feature = mapped | ioas_attached(w, ioas) << 1;
	return sys_ioctl(w->iommufd, IOMMU_IOAS_UNMAP, arg);
}

/* A kernel with IOMMUFD's own tests takes the IOVA for something else then. */
#define TEST_FLAG	(1ull << 16)

enum { COPY_AREA, COPY_HOW, COPY_FROM, COPY_IOVA, COPY_LENGTH, COPY_TO,
	COPY_FLAGS, COPY_TO_IOVA, COPY_SIZE, COPY_MEMORY };

static int expect_copy(const struct iommu_ioas_copy *copy, uint64_t from,
		       uint64_t to, bool whole)
{
	uint64_t last;

	if (copy->flags & ~FLAGS_KNOWN)
		return -EOPNOTSUPP;
	if (copy->length == UINT64_MAX || copy->src_iova == UINT64_MAX ||
	    copy->dst_iova == UINT64_MAX)
		return -EOVERFLOW;
	if (!(copy->flags & RW))
		return -EINVAL;
	if (!ioas_exists(from))
		return -ENOENT;
	if (!copy->length)
		return -EINVAL;
	if (__builtin_add_overflow(copy->src_iova, copy->length - 1, &last))
		return -EOVERFLOW;
	if (whole && !ioas_exists(to))
		return -ENOENT;
	return ANY;
}

static long run_copy(struct world *w, const uint64_t *a)
{
	uint64_t from = a[COPY_FROM];
	struct command cmd;
	bool whole = a[COPY_HOW] % 16 > 1 && w->nr_areas;
	const struct area *area = &w->areas[a[COPY_AREA] % AREAS];
	void *arg;
	long ret;

	memset(&cmd, 0, sizeof(cmd));
	cmd.copy.src_iova = a[COPY_IOVA];
	cmd.copy.length = a[COPY_LENGTH];
	if (whole) {
		area = &w->areas[a[COPY_AREA] % w->nr_areas];
		from = (uint64_t)area->ioas << 32 | 1;
		cmd.copy.src_iova = area->iova;
		cmd.copy.length = area->len;
	}
	cmd.copy.src_ioas_id = ioas_choose(w, from);
	cmd.copy.dst_ioas_id = ioas_choose(w, a[COPY_TO]);
	cmd.copy.dst_iova = a[COPY_TO_IOVA];
	cmd.copy.flags = a[COPY_FLAGS] & ~TEST_FLAG;
	judge_actual(cmd.copy.src_iova, cmd.copy.length, cmd.copy.src_ioas_id,
		     cmd.copy.dst_ioas_id);

	arg = command_place(w, &cmd, sizeof(cmd.copy), a[COPY_SIZE],
			    a[COPY_MEMORY]);
	if (!w->expect)
		w->expect = expect_copy(&cmd.copy, from, a[COPY_TO], whole);
	w->feature = whole | ioas_attached(w, a[COPY_TO]) << 1;
	ret = sys_ioctl(w->iommufd, IOMMU_IOAS_COPY, arg);
	if (!ret)
		area_add(w, (a[COPY_TO] >> 32) % IOASES,
			 ((struct iommu_ioas_copy *)arg)->dst_iova,
			 cmd.copy.length);
	return ret;
}

/* One address space goes, with all that is mapped there, another one comes. */
static long run_renew(struct world *w, const uint64_t *a)
{
	unsigned int nr = a[0] % IOASES;
	struct iommu_destroy cmd = {
		.size = sizeof(cmd),
		.id = w->ioas[nr],
	};
	long ret;

	w->expect = w->attached && w->attached_to == nr ? -EBUSY : 0;
	ret = sys_ioctl(w->iommufd, IOMMU_DESTROY, &cmd);
	if (!ret) {
		areas_forget(w, nr, 0, UINT64_MAX);
		w->ioas[nr] = ioas_alloc(w->iommufd);
	}
	return ret;
}

/* All that is mapped in an address space goes into the device's domain. */
static long run_attach(struct world *w, const uint64_t *a)
{
	struct device *dev = &w->devices[w->peer ? 0 : 2];
	unsigned int nr = a[0] % IOASES;
	long ret;

	w->feature = w->attached;
	if (!dev->open)
		w->expect = -EBADF;
	ret = vfio_attach(&dev->vfio, w->ioas[nr]);
	if (!ret) {
		w->attached = true;
		w->attached_to = nr;
	}
	return ret;
}

static long run_detach(struct world *w, const uint64_t *a)
{
	struct device *dev = &w->devices[w->peer ? 0 : 2];
	struct vfio_device_detach_iommufd_pt arg = { .argsz = sizeof(arg) };
	long ret;

	(void)a;
	w->expect = dev->open ? 0 : -EBADF;
	ret = sys_ioctl(dev->vfio.fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
	if (!ret)
		w->attached = false;
	return ret;
}

const struct op ioas_ops[] = {
	{
		.name = "unmap", .weight = 150, .run = run_unmap,
		.args = {
			[UNMAP_AREA] = { "area", any },
			[UNMAP_HOW] = { "how", any },
			[UNMAP_IOAS] = { "ioas", any },
			[UNMAP_IOVA] = { "iova", ioas_make_iova },
			[UNMAP_LENGTH] = { "length", bar_length },
			[UNMAP_SIZE] = { "size", ioas_make_size },
			[UNMAP_MEMORY] = { "memory", ioas_make_memory },
		},
		.errnos = { EFAULT, EINVAL, E2BIG, EOVERFLOW, ENOENT },
		.least = 500,
	}, {
		.name = "copy", .weight = 50, .run = run_copy,
		.args = {
			[COPY_AREA] = { "area", any },
			[COPY_HOW] = { "how", any },
			[COPY_FROM] = { "from", any },
			[COPY_IOVA] = { "iova", ioas_make_iova },
			[COPY_LENGTH] = { "length", bar_length },
			[COPY_TO] = { "to", any },
			[COPY_FLAGS] = { "flags", ioas_make_flags },
			[COPY_TO_IOVA] = { "to_iova", ioas_make_iova },
			[COPY_SIZE] = { "size", ioas_make_size },
			[COPY_MEMORY] = { "memory", ioas_make_memory },
		},
		.errnos = { EFAULT, EINVAL, E2BIG, EOPNOTSUPP, EOVERFLOW,
			    ENOENT, EPERM, EEXIST, ENOSPC, ENOMEM, EADDRINUSE },
		.least = 200,
	}, {
		.name = "renew_ioas", .weight = 5, .run = run_renew,
		.args = { { "ioas", any } },
		.errnos = { EBUSY }, .least = 300,
	}, {
		.name = "attach", .weight = 4, .run = run_attach,
		.args = { { "ioas", any } },
		.errnos = { EBADF, EINVAL, EADDRINUSE, ENOMEM },
		.least = 100,
	}, {
		.name = "detach", .weight = 1, .run = run_detach,
		.errnos = { EBADF },
	},
	{ .name = NULL }
};
