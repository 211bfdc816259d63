// SPDX-License-Identifier: MIT
/**
 * TEST: dmabuf phys prime
 * Category: Core
 * Description: DRM drivers import a PCI function's memory by PRIME, in any shape, and let go of it
 * Functionality: prime
 * Mega feature: DMABUF
 * Sub-category: DRM
 * Test category: functionality test
 */
#include "phys_drm.h"
#include "phys_vfio.h"

/**
 * SUBTEST: one-range
 * Description: A driver imports a piece of a BAR, and holds it until its handle is closed
 *
 * SUBTEST: many-ranges
 * Description: The same for many pieces, as one buffer
 *
 * SUBTEST: self-import
 * Description: A buffer has one handle in a file, however often it is imported there
 *
 * SUBTEST: two-files
 * Description: Two files of one driver import a buffer each for itself
 *
 * SUBTEST: reexport
 * Description: What a driver exports of what it imported is the buffer itself, good for the next driver
 *
 * SUBTEST: revoked
 * Description: Memory that is taken away is imported for later, or refused until it is there again
 *
 * SUBTEST: revoke-imported
 * Description: Taking the memory away from idle importers returns, and closing them after works
 *
 * SUBTEST: gone
 * Description: The device may be closed while its memory is imported, and that be closed after
 *
 * SUBTEST: leak
 * Description: Importing and closing in any order leaves neither attachments nor buffers behind
 */

IGT_TEST_DESCRIPTION("DRM drivers import a PCI function's memory by PRIME, in any shape, and let go of it");

#define PAGE	0x1000ull
#define MIB	0x100000ull
#define MANY	300

static struct phys_vfio vfio;
static struct vfio_region_dma_range many[MANY];

/* Backwards and with gaps, so that no two are neighbours */
static void make_many(void)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		many[i].offset = (MANY - 1 - i) * 4 * PAGE;
		many[i].length = (1 + i % 3) * PAGE;
	}
}

static int export_one(void)
{
	struct vfio_region_dma_range range = { MIB, MIB };

	return phys_vfio_export(&vfio, &range, 1);
}

static void import_and_close(int drm, int dmabuf)
{
	uint32_t handle;

	igt_assert_eq(phys_dmabuf_attached(dmabuf), 0);
	igt_assert_eq(phys_import(drm, dmabuf, &handle), 0);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 1);
	gem_close(drm, handle);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 0);
}

static void test_one_range(int drm)
{
	int dmabuf = export_one();

	import_and_close(drm, dmabuf);
	close(dmabuf);
}

static void test_many_ranges(int drm)
{
	int dmabuf = phys_vfio_export(&vfio, many, MANY);

	import_and_close(drm, dmabuf);
	close(dmabuf);
}

static void test_self_import(int drm)
{
	uint32_t first, second;
	int dmabuf, again;

	dmabuf = export_one();
	again = dup(dmabuf);
	igt_assert_eq(phys_import(drm, dmabuf, &first), 0);
	igt_assert_eq(phys_import(drm, again, &second), 0);
	igt_assert_eq(second, first);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 1);
	close(again);

	again = phys_reexport(drm, first);
	igt_assert_fd(again);
	igt_assert_eq(phys_import(drm, again, &second), 0);
	igt_assert_eq(second, first);
	close(again);
	gem_close(drm, first);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 0);
	close(dmabuf);
}

static void test_two_files(int drm, int chipset)
{
	uint32_t first, second;
	int other, dmabuf;

	other = __drm_open_driver(chipset);
	igt_assert_fd(other);
	dmabuf = export_one();
	igt_assert_eq(phys_import(drm, dmabuf, &first), 0);
	igt_assert_eq(phys_import(other, dmabuf, &second), 0);
	gem_close(drm, first);
	igt_assert_eq(phys_import(drm, dmabuf, &first), 0);
	/* The other one goes with its file. */
	drm_close_driver(other);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 1);
	gem_close(drm, first);
	close(dmabuf);
}

static void test_reexport(int drm, int chipset)
{
	uint32_t handle, other_handle;
	int dmabuf, again, other;
	uint64_t id;

	other = __drm_open_driver(chipset == DRIVER_VGEM ? DRIVER_VKMS :
							   DRIVER_VGEM);
	igt_require(other >= 0);
	dmabuf = export_one();
	id = phys_dmabuf_id(dmabuf);
	igt_assert_eq(phys_import(drm, dmabuf, &handle), 0);
	close(dmabuf);

	again = phys_reexport(drm, handle);
	igt_assert_fd(again);
	igt_assert_eq_u64(phys_dmabuf_id(again), id);
	igt_assert_eq(phys_import(other, again, &other_handle), 0);
	igt_assert_eq(phys_dmabuf_attached(again), 2);
	gem_close(drm, handle);
	igt_assert_eq(phys_dmabuf_attached(again), 1);
	drm_close_driver(other);
	close(again);
}

static void test_revoked(int drm)
{
	uint32_t handle;
	int dmabuf, ret;

	dmabuf = export_one();
	phys_vfio_set_memory(&vfio, false);
	ret = phys_import(drm, dmabuf, &handle);
	phys_vfio_set_memory(&vfio, true);
	if (!ret)
		gem_close(drm, handle);
	else
		igt_assert_eq(ret, -ENODEV);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 0);
	import_and_close(drm, dmabuf);
	close(dmabuf);
}

static void test_revoke_imported(int drm)
{
	uint32_t handle;
	int dmabuf, i;

	dmabuf = export_one();
	for (i = 0; i < 3; i++) {
		igt_assert_eq(phys_import(drm, dmabuf, &handle), 0);
		phys_vfio_set_memory(&vfio, false);
		if (i == 1)
			gem_close(drm, handle);
		phys_vfio_set_memory(&vfio, true);
		if (i != 1)
			gem_close(drm, handle);
		igt_assert_eq(phys_dmabuf_attached(dmabuf), 0);
	}
	close(dmabuf);
}

/* Closes the device, and opens it again for the tests that follow. */
static void test_gone(int drm)
{
	uint32_t handle;
	int dmabuf;

	dmabuf = export_one();
	igt_assert_eq(phys_import(drm, dmabuf, &handle), 0);
	phys_vfio_close(&vfio);
	phys_vfio_open(&vfio, 16 * MIB);
	gem_close(drm, handle);
	igt_assert_eq(phys_dmabuf_attached(dmabuf), 0);
	close(dmabuf);
}

static void test_leak(int drm)
{
	int buffers = phys_dmabuf_count(), i;
	uint32_t handle;

	for (i = 0; i < 100; i++) {
		int dmabuf = phys_vfio_export(&vfio, many, i % 2 ? MANY : 1);

		igt_assert_eq(phys_import(drm, dmabuf, &handle), 0);
		if (i % 3)
			gem_close(drm, handle);
		close(dmabuf);
		if (!(i % 3))
			gem_close(drm, handle);
	}
	igt_assert_eq(phys_dmabuf_count(), buffers);
}

int igt_main()
{
	const struct phys_importer *importer;
	int drm;

	igt_fixture() {
		phys_vfio_open(&vfio, 16 * MIB);
		make_many();
	}

	igt_describe("Check that a driver imports a piece of a BAR, and holds it until its handle is closed.");
	igt_subtest_with_dynamic("one-range")
		phys_for_each_importer(importer, drm)
			test_one_range(drm);

	igt_describe("Check the same for many pieces, as one buffer.");
	igt_subtest_with_dynamic("many-ranges")
		phys_for_each_importer(importer, drm)
			test_many_ranges(drm);

	igt_describe("Check that a buffer has one handle in a file, however often it is imported there.");
	igt_subtest_with_dynamic("self-import")
		phys_for_each_importer(importer, drm)
			test_self_import(drm);

	igt_describe("Check that two files of one driver import a buffer each for itself.");
	igt_subtest_with_dynamic("two-files")
		phys_for_each_importer(importer, drm)
			test_two_files(drm, importer->chipset);

	igt_describe("Check that what a driver exports of what it imported is the buffer itself, good for the next driver.");
	igt_subtest_with_dynamic("reexport")
		phys_for_each_importer(importer, drm)
			test_reexport(drm, importer->chipset);

	igt_describe("Check that memory that is taken away is imported for later, or refused until it is there again.");
	igt_subtest_with_dynamic("revoked")
		phys_for_each_importer(importer, drm)
			test_revoked(drm);

	igt_describe("Check that taking the memory away from idle importers returns, and closing them after works.");
	igt_subtest_with_dynamic("revoke-imported")
		phys_for_each_importer(importer, drm)
			test_revoke_imported(drm);

	igt_describe("Check that the device may be closed while its memory is imported, and that be closed after.");
	igt_subtest_with_dynamic("gone")
		phys_for_each_importer(importer, drm)
			test_gone(drm);

	igt_describe("Check that importing and closing in any order leaves neither attachments nor buffers behind.");
	igt_subtest_with_dynamic("leak")
		phys_for_each_importer(importer, drm)
			test_leak(drm);

	igt_fixture() {
		phys_vfio_close(&vfio);
	}
}
