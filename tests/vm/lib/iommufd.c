// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/iommufd.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "sys.h"

#define RW	(IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

int iommufd_open(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "/dev/iommu: %m");
	return fd;
}

uint32_t ioas_alloc(int iommufd)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };

	CHECK_EQ(sys_ioctl(iommufd, IOMMU_IOAS_ALLOC, &cmd), 0);
	return cmd.out_ioas_id;
}

int ioas_map_user(int iommufd, uint32_t ioas, void *va, size_t len,
		  uint64_t *iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = RW,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = len,
	};
	int ret = sys_ioctl(iommufd, IOMMU_IOAS_MAP, &cmd);

	*iova = cmd.iova;
	return ret;
}

int ioas_map_file(int iommufd, uint32_t ioas, int fd, uint64_t start,
		  uint64_t len, uint64_t *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = RW,
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = len,
	};
	int ret = sys_ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &cmd);

	*iova = cmd.iova;
	return ret;
}

int ioas_map_file_at(int iommufd, uint32_t ioas, int fd, uint64_t start,
		     uint64_t len, uint64_t iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = RW | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = len,
		.iova = iova,
	};

	return sys_ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &cmd);
}

int ioas_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = len,
	};

	return sys_ioctl(iommufd, IOMMU_IOAS_UNMAP, &cmd);
}

int ioas_copy(int iommufd, uint32_t from, uint64_t iova, uint64_t len,
	      uint32_t to, uint64_t *to_iova)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = RW,
		.dst_ioas_id = to,
		.src_ioas_id = from,
		.length = len,
		.src_iova = iova,
	};
	int ret = sys_ioctl(iommufd, IOMMU_IOAS_COPY, &cmd);

	*to_iova = cmd.dst_iova;
	return ret;
}

int hwpt_alloc(int iommufd, uint32_t dev, uint32_t ioas, uint32_t *hwpt)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = dev,
		.pt_id = ioas,
	};
	int ret = sys_ioctl(iommufd, IOMMU_HWPT_ALLOC, &cmd);

	*hwpt = cmd.out_hwpt_id;
	return ret;
}

void iommufd_destroy(int iommufd, uint32_t id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	CHECK_EQ(sys_ioctl(iommufd, IOMMU_DESTROY, &cmd), 0);
}

int ioas_phys(int iommufd, uint32_t ioas, uint64_t iova, uint64_t *len,
	      uint64_t *phys)
{
	struct iommu_ioas_noiommu_get_pa cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = *len,
	};
	int ret = sys_ioctl(iommufd, IOMMU_IOAS_NOIOMMU_GET_PA, &cmd);

	*len = cmd.length;
	*phys = cmd.out_phys;
	return ret;
}
