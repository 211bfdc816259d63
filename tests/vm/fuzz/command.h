/* SPDX-License-Identifier: GPL-2.0 */
/* What the calls of IOMMUFD have in common */
#ifndef VM_FUZZ_COMMAND_H
#define VM_FUZZ_COMMAND_H

#include <linux/iommufd.h>

#include "fuzz.h"

#define RW		(IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)
#define FLAGS_KNOWN	(RW | IOMMU_IOAS_MAP_FIXED_IOVA)

/* A command, and what newer ones may have behind */
struct command {
	union {
		uint32_t size;
		struct iommu_ioas_map_file map;
		struct iommu_ioas_unmap unmap;
		struct iommu_ioas_copy copy;
		char bytes[128];
	};
};

/*
 * Give the command its size, right or wrong, and put it where it is told.
 * w->expect becomes what the size or the memory will be refused for, or 0.
 */
void *command_place(struct world *w, struct command *cmd, size_t right,
		    uint64_t size, uint64_t memory);

/* Arguments: size and memory are 0 for what they should be. */
uint64_t ioas_make_flags(struct world *w);
uint64_t ioas_make_iova(struct world *w);
uint64_t ioas_make_size(struct world *w);
uint64_t ioas_make_memory(struct world *w);

/* The address space that an argument chooses */
bool ioas_exists(uint64_t choice);
uint32_t ioas_choose(const struct world *w, uint64_t choice);
bool ioas_attached(const struct world *w, uint64_t choice);

/* What is mapped, as far as it is known */
void area_add(struct world *w, unsigned int ioas, uint64_t iova, uint64_t len);
/* Whatever a call may have unmapped */
void areas_forget(struct world *w, unsigned int ioas, uint64_t iova,
		  uint64_t len);

#endif
