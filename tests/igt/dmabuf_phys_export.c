// SPDX-License-Identifier: MIT
/**
 * TEST: dmabuf phys export
 * Category: Core
 * Description: Memory of a PCI function as dma-bufs: what VFIO exports and what it refuses
 * Functionality: prime
 * Mega feature: DMABUF
 * Sub-category: VFIO
 * Test category: functionality test
 */
#include <dirent.h>
#include <fcntl.h>

#include "phys_drm.h"
#include "phys_vfio.h"

/**
 * SUBTEST: size
 * Description: The buffer is as large as its ranges are together
 *
 * SUBTEST: errors
 * Description: What makes no sense is refused with the documented error
 *
 * SUBTEST: no-mmap
 * Description: Nobody maps device memory through the dma-buf itself
 *
 * SUBTEST: leak
 * Description: Exporting and closing leaves neither files nor buffers behind
 */

IGT_TEST_DESCRIPTION("Memory of a PCI function as dma-bufs: what VFIO exports and what it refuses");

#define PAGE	0x1000ull
#define MIB	0x100000ull

static struct phys_vfio vfio;

static void test_size(void)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 8 * PAGE, PAGE }, { 2 * PAGE, 3 * PAGE }, { 16 * PAGE, PAGE },
	};
	int fd;

	fd = phys_vfio_export(&vfio, ranges, ARRAY_SIZE(ranges));
	igt_assert_eq_u64(lseek(fd, 0, SEEK_END), 5 * PAGE);
	close(fd);
}

struct refusal {
	const char *name;
	struct vfio_region_dma_range ranges[2];
	unsigned int nr;
	int error;
};

static const struct refusal refusals[] = {
	{ "no-range", {}, 0, -EINVAL },
	{ "empty-range", { { 0, PAGE }, { 0, 0 } }, 2, -EINVAL },
	{ "offset-in-page", { { 0x800, PAGE } }, 1, -EINVAL },
	{ "length-in-page", { { 0, 0x800 } }, 1, -EINVAL },
	{ "behind-the-bar", { { ~0ull << 40, PAGE } }, 1, -EINVAL },
	{ "length-overflows", { { PAGE, -PAGE } }, 1, -EINVAL },
	{ "end-overflows", { { -PAGE, PAGE } }, 1, -EOVERFLOW },
};

static void test_errors(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		igt_dynamic(refusals[i].name) {
			ret = __phys_vfio_export(&vfio, refusals[i].ranges,
						 refusals[i].nr);
			igt_assert_eq(ret, refusals[i].error);
		}
	}
	igt_dynamic("more-than-the-bar") {
		struct vfio_region_dma_range twice[] = {
			{ 0, vfio.size }, { 0, PAGE },
		};

		igt_assert_eq(__phys_vfio_export(&vfio, twice, 2), -EINVAL);
	}
	igt_dynamic("no-such-region") {
		struct vfio_region_dma_range range = { 0, PAGE };
		unsigned int region = vfio.region;

		vfio.region = VFIO_PCI_CONFIG_REGION_INDEX;
		ret = __phys_vfio_export(&vfio, &range, 1);
		vfio.region = region;
		igt_assert_eq(ret, -ENODEV);
	}
}

static void test_no_mmap(void)
{
	struct vfio_region_dma_range range = { 0, PAGE };
	void *map;
	int fd;

	fd = phys_vfio_export(&vfio, &range, 1);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	igt_assert(map == MAP_FAILED);
	igt_assert_eq(errno, EINVAL);
	close(fd);
}

static int open_files(void)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	igt_assert(dir);
	while ((entry = readdir(dir)))
		n++;
	closedir(dir);
	return n;
}

static void test_leak(void)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 8 * PAGE, PAGE }, { 2 * PAGE, 3 * PAGE },
	};
	int files = open_files(), buffers = phys_dmabuf_count(), i;

	for (i = 0; i < 500; i++) {
		int fd = phys_vfio_export(&vfio, ranges, ARRAY_SIZE(ranges));

		if (!i)
			igt_assert_eq(phys_dmabuf_count(), buffers + 1);
		close(fd);
	}
	for (i = 0; i < (int)ARRAY_SIZE(refusals); i++)
		__phys_vfio_export(&vfio, refusals[i].ranges, refusals[i].nr);
	igt_assert_eq(open_files(), files);
	igt_assert_eq(phys_dmabuf_count(), buffers);
}

int igt_main()
{
	igt_fixture() {
		phys_vfio_open(&vfio, 16 * MIB);
	}

	igt_describe("Check that the buffer is as large as its ranges are together.");
	igt_subtest("size")
		test_size();

	igt_describe("Check that what makes no sense is refused with the documented error.");
	igt_subtest_with_dynamic("errors")
		test_errors();

	igt_describe("Check that nobody maps device memory through the dma-buf itself.");
	igt_subtest("no-mmap")
		test_no_mmap();

	igt_describe("Check that exporting and closing leaves neither files nor buffers behind.");
	igt_subtest("leak")
		test_leak();

	igt_fixture() {
		phys_vfio_close(&vfio);
	}
}
