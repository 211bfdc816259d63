// SPDX-License-Identifier: GPL-2.0
/*
 * What any machine can show without driving a device: a BAR that VFIO exports
 * and IOMMUFD maps, taken away and given again. Nothing reads or writes it.
 *
 *     try EXPORTER [IMPORTER [BAR]]
 *
 * PCI addresses like 0000:01:00.0 of devices on vfio-pci; one device may be both.
 * The BAR is the largest if none is named.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "layout.h"
#include "pci.h"
#include "see.h"
#include "sys.h"
#include "vfio.h"

static struct parts {
	const char *exporter, *importer;
	unsigned int bar;
	uint64_t len;
} parts;

/* Of one case, which is a process: it ends with it */
static struct {
	struct vfio_dev exp, imp;
	uint32_t ioas;
	uint64_t iova, size;
	int dmabuf;
} t;

static void state_is(const char *state, int mappings)
{
	const char *is = fdinfo(t.dmabuf, "phys_state");
	const char *nr = fdinfo(t.dmabuf, "phys_mappings");

	CHECK(*is, "fdinfo has no phys_state: is this the kernel with the series?");
	CHECK(!strcmp(is, state) && atoi(nr) == mappings,
	      "the buffer is %s with %s mappings, should be %s with %d", is, nr,
	      state, mappings);
}

static int map(void)
{
	return ioas_map_file(t.imp.iommufd, t.ioas, t.dmabuf, 0, t.size,
			     &t.iova);
}

static void export_and_map(const struct vfio_region_dma_range *ranges, size_t nr)
{
	vfio_open(&t.exp, parts.exporter, iommufd_open());
	/* A device is opened once: as its own importer it is the same one. */
	if (strcmp(parts.exporter, parts.importer))
		vfio_open(&t.imp, parts.importer, iommufd_open());
	else
		t.imp = t.exp;
	t.ioas = ioas_alloc(t.imp.iommufd);
	CHECK_EQ(vfio_attach(&t.imp, t.ioas), 0);

	for (size_t i = 0; i < nr; i++)
		t.size += ranges[i].length;
	t.dmabuf = vfio_export(&t.exp, parts.bar, ranges, nr);
	CHECK(t.dmabuf >= 0, "export: %s", ktap_number(t.dmabuf));
	state_is("live", 0);
	CHECK_EQ(map(), 0);
	state_is("live", 1);
}

static void all_of_it(void)
{
	const struct vfio_region_dma_range range = { .length = parts.len };

	export_and_map(&range, 1);
}

static void one(const void *arg)
{
	(void)arg;
	all_of_it();
	CHECK_EQ(ioas_unmap(t.imp.iommufd, t.ioas, t.iova, t.size), 0);
	state_is("live", 0);
}

/* The third page, the first, and the rest from the fifth on */
static void three(const void *arg)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	const struct vfio_region_dma_range ranges[] = {
		{ .offset = 2 * page, .length = page },
		{ .offset = 0, .length = page },
		{ .offset = 4 * page, .length = parts.len - 4 * page },
	};

	(void)arg;
	if (parts.len < 5 * page)
		skip("BAR%u has less than five pages", parts.bar);
	export_and_map(ranges, 3);
	CHECK_EQ(ioas_unmap(t.imp.iommufd, t.ioas, t.iova, t.size), 0);
	state_is("live", 0);
}

static void taken_and_given(const void *arg)
{
	uint64_t begin;

	(void)arg;
	if (sys_exists(sys_path("/sys/bus/pci/devices/%s/physfn", parts.exporter)))
		skip("the command register of a VF does not control its memory");
	all_of_it();
	begin = now_ms();
	vfio_set_memory(&t.exp, false);
	note("taken away in %llu ms",
	     (unsigned long long)(now_ms() - begin));
	state_is("revoked", 0);
	CHECK_EQ(map(), -ENODEV);
	begin = now_ms();
	vfio_set_memory(&t.exp, true);
	note("given again in %llu ms",
	     (unsigned long long)(now_ms() - begin));
	state_is("live", 1);
}

static void reset(const void *arg)
{
	int ret;

	(void)arg;
	all_of_it();
	ret = vfio_reset(&t.exp);
	if (ret)
		skip("%s cannot be reset by itself: %s", parts.exporter,
		     ktap_number(ret));
	/* What a reset leaves off is the exporter's to switch on. */
	vfio_set_memory(&t.exp, true);
	state_is("live", 1);
}

static void closed(const void *arg)
{
	(void)arg;
	if (!strcmp(parts.exporter, parts.importer))
		skip("the importer is the same device");
	all_of_it();
	vfio_close(&t.exp);
	state_is("dead", 0);
	CHECK_EQ(map(), -ENODEV);
}

static void largest_bar(void)
{
	uint64_t start, len;

	for (unsigned int i = 0; i < 6; i++) {
		len = pci_bar(parts.exporter, i, &start);
		if (len > parts.len && !pci_bar_is_io(parts.exporter, i)) {
			parts.bar = i;
			parts.len = len;
		}
	}
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ .name = "a whole BAR is exported and mapped", .run = one },
		{ .name = "three pieces of it, in another order", .run = three },
		{ .name = "taken away and given again", .run = taken_and_given },
		{ .name = "a reset takes it away and gives it again", .run = reset },
		{ .name = "closing the device takes it away for good", .run = closed },
	};
	uint64_t start;

	if (argc < 2 || argc > 4 || strlen(argv[1]) >= PCI_NAME_LEN ||
	    (argc > 2 && strlen(argv[2]) >= PCI_NAME_LEN)) {
		fprintf(stderr, "try EXPORTER [IMPORTER [BAR]], as 0000:01:00.0\n");
		return 2;
	}
	parts.exporter = argv[1];
	parts.importer = argc > 2 ? argv[2] : argv[1];
	largest_bar();
	if (argc > 3) {
		parts.bar = atoi(argv[3]);
		parts.len = pci_bar(parts.exporter, parts.bar, &start);
	}
	if (parts.len < (uint64_t)sysconf(_SC_PAGESIZE)) {
		fprintf(stderr, "%s: no memory BAR of a page or more\n",
			parts.exporter);
		return 2;
	}
	note("BAR%u of %s, %llu KiB, for %s", parts.bar, parts.exporter,
	     (unsigned long long)(parts.len >> 10), parts.importer);
	return ktap_run(CASES(cases));
}
