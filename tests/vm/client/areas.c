// SPDX-License-Identifier: GPL-2.0
/*
 * For LD_PRELOAD: BAR2 may be mapped in two areas that touch each other, VFIO says,
 * as it says of devices with parts that are not for user space. So QEMU exports it as
 * one buffer of two ranges. vfio-pci itself says that of no device in this guest.
 */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vfio.h>

#define BAR	2

struct reply {
	struct vfio_region_info info;
	struct vfio_region_info_cap_sparse_mmap sparse;
	struct vfio_region_sparse_mmap_area areas[2];
};

int ioctl(int fd, unsigned long request, ...)
{
	struct vfio_region_info *info;
	struct reply *reply;
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	ret = syscall(SYS_ioctl, fd, request, arg);
	if (request != VFIO_DEVICE_GET_REGION_INFO || ret)
		return ret;
	info = arg;
	if (info->index != BAR || !(info->flags & VFIO_REGION_INFO_FLAG_MMAP) ||
	    info->flags & VFIO_REGION_INFO_FLAG_CAPS)
		return ret;

	/* Whoever gives too little room is told how much it takes, and asks again. */
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->cap_offset = 0;
	if (info->argsz < sizeof(*reply)) {
		info->argsz = sizeof(*reply);
		return ret;
	}
	reply = arg;
	info->cap_offset = offsetof(struct reply, sparse);
	memset(&reply->sparse, 0, sizeof(reply->sparse));
	reply->sparse.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	reply->sparse.header.version = 1;
	reply->sparse.nr_areas = 2;
	reply->areas[0].offset = 0;
	reply->areas[0].size = info->size / 2;
	reply->areas[1].offset = info->size / 2;
	reply->areas[1].size = info->size / 2;
	return ret;
}
