// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever the kernel allocates on the way of a dma-buf from its exporter into
 * an address space fails once: each thing is done again and again, and each
 * time another allocation fails, until one try gets through without. A try works
 * or ends in ENOMEM; either way nothing is left of it, and what takes memory
 * back never fails.
 *
 *   failnth [device]: all, or only what the kernel driver of the device does
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counts.h"
#include "inject.h"
#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "sweep.h"
#include "sys.h"

#define PAGE		4096ull
#define MIB		(1ull << 20)

/* What of the exporter's BAR is used and compared */
#define BAR_LEN		(4 * MIB)

static struct exporter exp;
static struct importer imp;
static struct layout l;
static int dmabuf = -1;
static uint64_t iova;		/* in the other address space */
static uint32_t other;		/* another address space, or another domain */

/**
 * struct op - what is swept
 * @sweep: how it is tried
 * @ranges: how many the buffer has
 * @prepare: brings about the state that it is tried in; NULL: nothing to do
 * @iommu: it needs one
 */
struct op {
	struct sweep sweep;
	size_t ranges;
	void (*prepare)(void);
	bool iommu;
};

/*
 * A few large ranges, none as aligned as its IOVA: small pages, and several page
 * tables. Nor are they of a size that the IOVA allocator keeps.
 */
static void make_layout(size_t ranges)
{
	static const struct vfio_region_dma_range large[] = {
		{ 2 * MIB + PAGE, MIB }, { PAGE, MIB },
		{ MIB + 2 * PAGE, MIB - PAGE },
	};

	if (ranges <= sizeof(large) / sizeof(large[0]))
		layout_set(&l, large, ranges);
	else
		layout_scatter(&l, ranges, 1, 0, BAR_LEN);
}

/* Over a range's end, by the device; all of the BAR that is ours, by the CPU */
static void use_mapping(int result)
{
	uint8_t data[IMPORTER_STEP], got[IMPORTER_STEP] = { 0 };
	uint64_t at = l.nr > 1 ? l.ranges[0].length - 1500 : 0;
	static uint64_t seed;

	(void)result;
	pattern(data, sizeof(data), ++seed, at);
	CHECK_EQ(importer_write(&imp, at, data, sizeof(data)), 0);
	bar_expect(&exp.bar, &l, at, data, sizeof(data));
	bar_check(&exp.bar);
	CHECK_EQ(importer_read(&imp, at, got, sizeof(got)), 0);
	CHECK(!memcmp(got, data, sizeof(data)), "the device reads wrong");
}

/*
 * Export: what comes out is mapped and used, too.
 */
static int try_export(void)
{
	return exporter_try(&exp, &l);
}

static void undo_export(int fd)
{
	close(fd);
}

static void use_export(int fd)
{
	CHECK_EQ(importer_map(&imp, fd, 0, l.size), 0);
	use_mapping(fd);
	CHECK_EQ(importer_unmap(&imp), 0);
}

/*
 * Map for the importer, whichever it is: import and map, or IOMMU_IOAS_MAP_FILE
 */
static int try_map(void)
{
	return importer_map(&imp, dmabuf, 0, l.size);
}

static void undo_map(int result)
{
	(void)result;
	CHECK_EQ(importer_unmap(&imp), 0);
}

static void prepare_map(void)
{
	CHECK_EQ(try_map(), 0);
}

/* Not importer_unmap(), which takes it for done. */
static int try_unmap(void)
{
	return imp.ops->unmap(&imp);
}

static void undo_unmap(int result)
{
	(void)result;
	CHECK_EQ(try_map(), 0);
}

static void use_nothing(int result)
{
	(void)result;
}

/*
 * A second domain for the address space: before the map, after it, and a second
 * address space with one, into which the mapping is copied.
 */
static void prepare_two_domains(void)
{
	CHECK_EQ(hwpt_alloc(imp.dev.iommufd, imp.dev.id, imp.ioas, &other), 0);
}

/* The device's other domain has the same in it. */
static void use_two_domains(int result)
{
	use_mapping(result);
	CHECK_EQ(vfio_attach(&imp.dev, other), 0);
	use_mapping(result);
	CHECK_EQ(vfio_attach(&imp.dev, imp.ioas), 0);
}

static int try_domain(void)
{
	return hwpt_alloc(imp.dev.iommufd, imp.dev.id, imp.ioas, &other);
}

static void undo_domain(int result)
{
	(void)result;
	iommufd_destroy(imp.dev.iommufd, other);
}

static uint32_t copy_hwpt;

static void prepare_copy(void)
{
	uint64_t bounce;

	prepare_map();
	other = ioas_alloc(imp.dev.iommufd);
	CHECK_EQ(hwpt_alloc(imp.dev.iommufd, imp.dev.id, other, &copy_hwpt), 0);
	/* The device's own memory, to be there at the same place */
	CHECK_EQ(ioas_copy(imp.dev.iommufd, imp.ioas, imp.bounce_addr, PAGE,
			   other, &bounce), 0);
	CHECK_EQ(bounce, imp.bounce_addr);
}

static int try_copy(void)
{
	return ioas_copy(imp.dev.iommufd, imp.ioas, imp.iova, l.size, other,
			 &iova);
}

static void undo_copy(int result)
{
	(void)result;
	CHECK_EQ(ioas_unmap(imp.dev.iommufd, other, iova, l.size), 0);
}

static void use_copy(int result)
{
	uint64_t original = imp.iova;

	CHECK_EQ(vfio_attach(&imp.dev, copy_hwpt), 0);
	imp.iova = iova;
	use_mapping(result);
	imp.iova = original;
	CHECK_EQ(vfio_attach(&imp.dev, imp.ioas), 0);
}

/*
 * A device that comes later: its domain is filled with all there is.
 */
static void prepare_attach(void)
{
	prepare_map();
	CHECK_EQ(vfio_detach(&imp.dev), 0);
}

static int try_attach(void)
{
	return vfio_attach(&imp.dev, imp.ioas);
}

static void undo_attach(int result)
{
	(void)result;
	CHECK_EQ(vfio_detach(&imp.dev), 0);
}

/*
 * The driver's two steps by themselves
 */
static int try_import(void)
{
	return sample_import(imp.node, dmabuf);
}

static void undo_import(int result)
{
	(void)result;
	CHECK_EQ(sample_release(imp.node), 0);
}

static void use_import(int result)
{
	imp.size = l.size;
	use_mapping(result);
	/* Only imported again, as each try leaves it */
	CHECK_EQ(sample_release(imp.node), 0);
	CHECK_EQ(try_import(), 0);
}

static void prepare_import(void)
{
	CHECK_EQ(try_import(), 0);
	imp.size = l.size;
}

/* The driver maps when it is to copy; nothing is copied here. */
static int try_first_copy(void)
{
	return sample_write(imp.node, 0, NULL, 0);
}

static void undo_first_copy(int result)
{
	undo_import(result);
	CHECK_EQ(try_import(), 0);
}

/*
 * The exporter takes its memory and gives it again. Neither can fail, but with
 * no memory for page tables what was mapped is not mapped again.
 */
static int try_revoke(void)
{
	vfio_set_memory(&exp.dev, false);
	return 0;
}

static void undo_revoke(int result)
{
	(void)result;
	vfio_set_memory(&exp.dev, true);
	/* Drivers of the old kind do not come back by themselves. */
	if (imp.ops == &importer_device)
		CHECK_EQ(try_first_copy(), 0);
}

static void prepare_revoke(void)
{
	if (imp.ops == &importer_domain && machine.iommu)
		prepare_two_domains();
	prepare_map();
}

static void prepare_restore(void)
{
	prepare_revoke();
	vfio_set_memory(&exp.dev, false);
}

static int try_restore(void)
{
	vfio_set_memory(&exp.dev, true);
	return 0;
}

/* The driver remaps what was mapped: see to it that it was. */
static void undo_restore(int result)
{
	(void)result;
	if (imp.ops == &importer_device)
		CHECK_EQ(try_first_copy(), 0);
	vfio_set_memory(&exp.dev, false);
}

/* In a process of its own, which takes all it opened with it. */
static void sweep_often(const struct op *op)
{
	exporter_open_on(&exp, machine.exporter, EXPORTER_BAR, BAR_LEN);
	make_layout(op->ranges);
	importer_open(&imp, op->sweep.target);
	if (op->sweep.try != try_export)
		dmabuf = exporter_export(&exp, &l);
	if (op->prepare)
		op->prepare();
	sweep_run(&op->sweep, &dmabuf);
}

static void run_op(const void *arg)
{
	const struct op *op = arg;
	long before;
	int pid;

	machine_need(op->sweep.target);
	if (op->iommu && !machine.iommu)
		skip("no IOMMU");
	if (op->sweep.may_map_none && op->sweep.target == &importer_device &&
	    machine.old_driver)
		skip("a driver of the old kind does not map again by itself");
	before = count_dmabufs();
	pid = ktap_fork();
	if (!pid) {
		sweep_often(op);
		_exit(0);
	}
	ktap_join(pid);
	CHECK_EQ(count_dmabufs(), before);
}

/*
 * After all of them. Some page tables of a driver's own domain stay where they
 * are for its next mapping.
 */
#define PAGES_SLACK	8
#define SETTLE_MS	5000

static long pages_before;

static void no_page_table_left(const void *arg)
{
	uint64_t deadline = now_ms() + SETTLE_MS;
	long more;

	(void)arg;
	while ((more = count_iommu_pages() - pages_before) > PAGES_SLACK) {
		CHECK(now_ms() < deadline, "%ld pages of IOMMU page tables",
		      more);
		sleep_ms(100);
	}
	note("%ld pages of IOMMU page tables more than at first", more);
}

static const struct op ops[] = {
	{ .sweep = { .name = "export of 1 range", .target = &importer_domain,
		     .try = try_export, .undo = undo_export, .use = use_export,
		     .failures = 5 },
	  .ranges = 1 },
	{ .sweep = { .name = "export of 3 ranges", .target = &importer_domain,
		     .try = try_export, .undo = undo_export, .use = use_export,
		     .failures = 5 },
	  .ranges = 3 },
	{ .sweep = { .name = "export of 500 ranges",
		     .target = &importer_domain, .try = try_export,
		     /* Both arrays are had from vmalloc then. */
		     .undo = undo_export, .use = use_export, .failures = 3 },
	  .ranges = 500 },
	{ .sweep = { .name = "map into a domain", .target = &importer_domain,
		     .try = try_map, .undo = undo_map, .use = use_mapping,
		     .maps = 1, .failures = 4 },
	  .ranges = 3 },
	{ .sweep = { .name = "map of 500 ranges into a domain",
		     .target = &importer_domain, .try = try_map,
		     .undo = undo_map, .use = use_mapping, .maps = 1,
		     .failures = 4 },
	  .ranges = 500 },
	{ .sweep = { .name = "map into two domains",
		     .target = &importer_domain, .try = try_map,
		     .undo = undo_map, .use = use_two_domains, .maps = 2,
		     .failures = 6 },
	  .ranges = 3, .prepare = prepare_two_domains, .iommu = true },
	{ .sweep = { .name = "a second domain", .target = &importer_domain,
		     .try = try_domain, .undo = undo_domain,
		     .use = use_two_domains, .maps = 1, .failures = 4 },
	  .ranges = 3, .prepare = prepare_map, .iommu = true },
	{ .sweep = { .name = "copy to another address space",
		     .target = &importer_domain, .try = try_copy,
		     .undo = undo_copy, .use = use_copy, .maps = 1,
		     .failures = 2 },
	  .ranges = 3, .prepare = prepare_copy, .iommu = true },
	{ .sweep = { .name = "attach after the map",
		     .target = &importer_domain, .try = try_attach,
		     .undo = undo_attach, .use = use_mapping, .maps = 1,
		     .failures = 4 },
	  .ranges = 3, .prepare = prepare_attach },
	{ .sweep = { .name = "unmap from a domain", .target = &importer_domain,
		     .try = try_unmap, .undo = undo_unmap, .use = use_nothing,
		     .maps = -1, .never_fails = true },
	  .ranges = 3, .prepare = prepare_map },
	{ .sweep = { .name = "restore, two domains",
		     .target = &importer_domain, .try = try_restore,
		     .undo = undo_restore, .use = use_mapping, .maps = 2,
		     .never_fails = true, .may_map_none = true,
		     .failures = 1 },
	  .ranges = 3, .prepare = prepare_restore, .iommu = true },
	{ .sweep = { .name = "revoke, two domains", .target = &importer_domain,
		     .try = try_revoke, .undo = undo_revoke,
		     .use = use_nothing, .state = "revoked", .maps = -2,
		     .never_fails = true },
	  .ranges = 3, .prepare = prepare_revoke, .iommu = true },
	{ .sweep = { .name = "import by a driver", .target = &importer_device,
		     .try = try_import, .undo = undo_import, .use = use_import,
		     .failures = 2 },
	  .ranges = 3 },
	{ .sweep = { .name = "map by a driver", .target = &importer_device,
		     .try = try_first_copy, .undo = undo_first_copy,
		     .use = use_mapping, .maps = 1, .failures = 1 },
	  .ranges = 3, .prepare = prepare_import },
	{ .sweep = { .name = "map of 500 ranges by a driver",
		     .target = &importer_device, .try = try_first_copy,
		     .undo = undo_first_copy, .use = use_mapping, .maps = 1,
		     .failures = 1 },
	  .ranges = 500, .prepare = prepare_import },
	{ .sweep = { .name = "unmap by a driver", .target = &importer_device,
		     .try = try_unmap, .undo = undo_unmap, .use = use_nothing,
		     .maps = -1, .never_fails = true },
	  .ranges = 3, .prepare = prepare_map },
	{ .sweep = { .name = "restore, target device",
		     .target = &importer_device, .try = try_restore,
		     .undo = undo_restore, .use = use_mapping, .maps = 1,
		     .never_fails = true, .may_map_none = true },
	  .ranges = 3, .prepare = prepare_restore },
	{ .sweep = { .name = "revoke, target device",
		     .target = &importer_device, .try = try_revoke,
		     .undo = undo_revoke, .use = use_nothing,
		     .state = "revoked", .maps = -1, .never_fails = true },
	  .ranges = 3, .prepare = prepare_revoke },
};

#define NR_OPS	(sizeof(ops) / sizeof(ops[0]))

int main(int argc, char **argv)
{
	bool only_device = argc > 1 && !strcmp(argv[1], "device");
	static struct counts warm_up;
	struct ktap_case cases[NR_OPS + 1];
	size_t nr = 0, i;
	int status;

	machine_init();
	if (!inject_init()) {
		printf("KTAP version 1\n1..0 # SKIP no fault injection in this kernel\n");
		return 4;
	}
	for (i = 0; i < NR_OPS; i++)
		if (!only_device || ops[i].sweep.target == &importer_device)
			cases[nr++] = (struct ktap_case){
				ops[i].sweep.name, run_op, &ops[i], 300,
			};
	cases[nr++] = (struct ktap_case){
		"no page table is left", no_page_table_left, NULL, 0,
	};
	counts_take(&warm_up);
	/* What binding the drivers has made, all CPUs have told it by then. */
	sleep_ms(2000);
	pages_before = count_iommu_pages();
	status = ktap_run(cases, nr);
	inject_exit();
	return status;
}
