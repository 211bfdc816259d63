// SPDX-License-Identifier: GPL-2.0
/*
 * The leaf entries of a page table, read where the hardware reads them, and the
 * fewest that a layout could have. Formats: VT-d second stage and AMD v1.
 */
#include <linux/bitfield.h>
#include <linux/generic_pt/iommu.h>
#include <linux/io.h>

#include "bench.h"

#define TABLE_ADDR	GENMASK_ULL(51, 12)
#define LEVEL_BITS	9

#define VTD_PRESENT	GENMASK_ULL(1, 0)
#define VTD_LARGE	BIT_ULL(7)

#define AMD_PRESENT	BIT_ULL(0)
#define AMD_NEXT_LEVEL	GENMASK_ULL(11, 9)
#define AMD_NEXT_SIZED	7

/**
 * struct format - how to read an entry
 * @is_present: whether there is anything
 * @leaf_lg2: of a leaf, log2 of the bytes that it maps; 0 if it is a table
 */
struct format {
	bool (*is_present)(u64 entry);
	unsigned int (*leaf_lg2)(u64 entry, unsigned int level);
};

static unsigned int item_lg2(unsigned int level)
{
	return PAGE_SHIFT + level * LEVEL_BITS;
}

static bool vtd_is_present(u64 entry)
{
	return entry & VTD_PRESENT;
}

static unsigned int vtd_leaf_lg2(u64 entry, unsigned int level)
{
	return !level || entry & VTD_LARGE ? item_lg2(level) : 0;
}

static bool amd_is_present(u64 entry)
{
	return entry & AMD_PRESENT;
}

/* The lowest 0 of the address tells the size of a leaf that fills several entries. */
static unsigned int amd_leaf_lg2(u64 entry, unsigned int level)
{
	u64 next = FIELD_GET(AMD_NEXT_LEVEL, entry);

	if (next == AMD_NEXT_SIZED)
		return PAGE_SHIFT + 1 + ffz((entry & TABLE_ADDR) >> PAGE_SHIFT);
	return !level || !next ? item_lg2(level) : 0;
}

static const struct format vtd_format = { vtd_is_present, vtd_leaf_lg2 };
static const struct format amd_format = { amd_is_present, amd_leaf_lg2 };

/* Leaves between @first and @last, which are bytes below @table */
static u64 count(const struct format *format, const u64 *table,
		 unsigned int level, u64 first, u64 last)
{
	unsigned int lg2 = item_lg2(level);
	u64 n = 0;
	u64 at;

	for (at = first; at <= last;) {
		u64 entry = table[(at >> lg2) & (BIT(LEVEL_BITS) - 1)];
		u64 end = (at | (BIT_ULL(lg2) - 1)) + 1;
		unsigned int leaf;

		if (format->is_present(entry)) {
			leaf = format->leaf_lg2(entry, level);
			if (leaf) {
				end = (at | (BIT_ULL(leaf) - 1)) + 1;
				n++;
			} else {
				n += count(format, phys_to_virt(entry & TABLE_ADDR),
					   level - 1, at, min(last, end - 1));
			}
		}
		at = end;
	}
	return n;
}

/* Returns 0 for a page table of a format that is not known. */
u64 bench_leaves(struct iommu_domain *domain, dma_addr_t first, dma_addr_t last)
{
	struct pt_iommu *pt = iommupt_from_domain(domain);

	if (!pt)
		return 0;
	if (domain->ops->iova_to_phys == pt_iommu_vtdss_iova_to_phys) {
		struct pt_iommu_vtdss_hw_info info;

		pt_iommu_vtdss_hw_info(container_of(pt, struct pt_iommu_vtdss,
						    iommu), &info);
		return count(&vtd_format, phys_to_virt(info.ssptptr),
			     info.aw + 1, first, last);
	}
	if (domain->ops->iova_to_phys == pt_iommu_amdv1_iova_to_phys) {
		struct pt_iommu_amdv1_hw_info info;

		pt_iommu_amdv1_hw_info(container_of(pt, struct pt_iommu_amdv1,
						    iommu), &info);
		return count(&amd_format, phys_to_virt(info.host_pt_root),
			     info.mode - 1, first, last);
	}
	return 0;
}

/* Each range at an IOVA that is congruent to its address: the largest pages fit. */
u64 bench_least_leaves(const struct bench_case *c,
		       const struct iommu_domain *domain)
{
	u64 n = 0;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		phys_addr_t at = c->ranges[i].paddr;
		phys_addr_t end = at + c->ranges[i].len;

		for (; at < end; n++) {
			unsigned long fits = domain->pgsize_bitmap &
				GENMASK(min(__ffs(at), __fls(end - at)), 0);

			at += BIT(__fls(fits));
		}
	}
	return n;
}
