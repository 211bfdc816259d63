/* SPDX-License-Identifier: GPL-2.0 */
/* IOMMUFD's verbs, one address space at a time. Errors are negative errnos. */
#ifndef VM_IOMMUFD_H
#define VM_IOMMUFD_H

#include <stddef.h>
#include <stdint.h>

/* What fails here fails the test. */
int iommufd_open(void);
uint32_t ioas_alloc(int iommufd);

int ioas_map_user(int iommufd, uint32_t ioas, void *va, size_t len,
		  uint64_t *iova);
/* *iova is a result; ioas_map_file_at() puts it where the caller wants. */
int ioas_map_file(int iommufd, uint32_t ioas, int fd, uint64_t start,
		  uint64_t len, uint64_t *iova);
int ioas_map_file_at(int iommufd, uint32_t ioas, int fd, uint64_t start,
		     uint64_t len, uint64_t iova);
int ioas_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len);
int ioas_copy(int iommufd, uint32_t from, uint64_t iova, uint64_t len,
	      uint32_t to, uint64_t *to_iova);

/* Another domain of an address space, as a device of it needs; *hwpt: its ID */
int hwpt_alloc(int iommufd, uint32_t dev, uint32_t ioas, uint32_t *hwpt);
/* Any object; fails the test. */
void iommufd_destroy(int iommufd, uint32_t id);

/* Without an IOMMU: where iova is, and for how many of *len bytes */
int ioas_phys(int iommufd, uint32_t ioas, uint64_t iova, uint64_t *len,
	      uint64_t *phys);

#endif
