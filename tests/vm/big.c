// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of more than 4 GiB, where lengths of 32 bits end. Wants a BAR of 8 GiB
 * (scripts/vm --bar 8G); its memory is sparse, so only a few places are looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "see.h"

#define PAGE	4096ull
#define MB	(1ull << 20)
#define GB	(1ull << 30)
#define LEN	3000u		/* over a page boundary, in one transfer */

static struct exporter exp;
static struct importer imp;
static struct layout l;

/* Bytes of the BAR around the place that is written must stay as they are. */
static void check_place(uint64_t offset, uint64_t seed)
{
	uint8_t data[LEN], got[LEN], *at;
	uint64_t run;

	at = exp.bar.map + layout_to_bar(&l, offset, &run);
	CHECK(run >= LEN, "the place is cut by a range's end");
	memset(at - PAGE, 0x11, PAGE);
	memset(at, 0x22, LEN);
	memset(at + LEN, 0x33, PAGE);

	pattern(data, LEN, seed, offset);
	CHECK_EQ(importer_write(&imp, offset, data, LEN), 0);
	CHECK(!memcmp(at, data, LEN), "wrong bytes at %#llx",
	      (unsigned long long)offset);
	for (unsigned int i = 0; i < PAGE; i++)
		CHECK(at[(int)i - (int)PAGE] == 0x11 && at[LEN + i] == 0x33,
		      "bytes beside %#llx changed", (unsigned long long)offset);
	memset(got, 0, LEN);
	CHECK_EQ(importer_read(&imp, offset, got, LEN), 0);
	CHECK(!memcmp(got, data, LEN), "the device reads wrong at %#llx",
	      (unsigned long long)offset);
}

/* What lies one multiple of 4 GiB away would be hit by a cut length or offset. */
static void check_places(void)
{
	static const uint64_t places[] = {
		0x3000 + 0x1234, 4 * GB - 1000, 4 * GB + 0x3000 - 500,
		4 * GB + 17 * MB, 5 * GB - 123,
	};

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		check_place(places[i], 100 + i);
	/* The last write must not have overwritten an earlier one. */
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t data[LEN];
		uint64_t run;

		pattern(data, LEN, 100 + i, places[i]);
		CHECK(!memcmp(exp.bar.map + layout_to_bar(&l, places[i], &run),
			      data, LEN), "%#llx was overwritten",
		      (unsigned long long)places[i]);
	}
}

static void more_than_4g(const void *arg)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 7 * GB + 5 * PAGE, 3 * PAGE },
		{ 1 * GB, 5 * GB + 2 * MB },
		{ 64 * MB, PAGE },
	};
	const struct importer_ops *target = arg;
	unsigned int pieces;
	int dmabuf;

	machine_need(target);
	exporter_open(&exp);
	if (exp.map_len < 8 * GB)
		skip("no BAR of 8 GiB");
	layout_set(&l, ranges, 3);
	dmabuf = exporter_export(&exp, &l);
	if (!*fdinfo(dmabuf, "phys_state"))
		skip("this kernel maps one range at most");
	importer_open(&imp, target);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	if (target == &importer_device) {
		pieces = sample_info(imp.node).pieces;
		note("%llu bytes in %u pieces", (unsigned long long)l.size,
		     pieces);
		CHECK_EQ(pieces, pci_translated(machine.edu_device) ? 1 : 3);
	}
	check_places();
	CHECK_EQ(importer_unmap(&imp), 0);
}

/* How many pieces a driver gets of one such range; the same on both kernels */
static void count_pieces(const void *arg)
{
	static const struct vfio_region_dma_range range = { 1 * GB, 5 * GB };
	unsigned int pieces;
	int dmabuf;

	(void)arg;
	machine_need(&importer_device);
	exporter_open(&exp);
	if (exp.map_len < 8 * GB)
		skip("no BAR of 8 GiB");
	layout_set(&l, &range, 1);
	dmabuf = exporter_export(&exp, &l);
	importer_open(&imp, &importer_device);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	pieces = sample_info(imp.node).pieces;
	note("table | pieces that a driver gets of a range of 5 GiB | %u",
	     pieces);
	CHECK_EQ(pieces, *fdinfo(dmabuf, "phys_state") ? 1 : 2);
	check_place(4 * GB + 17 * MB, 200);
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "a range of more than 4 GiB, target domain", more_than_4g,
		  &importer_domain, 0 },
		{ "a range of more than 4 GiB, target device", more_than_4g,
		  &importer_device, 0 },
		{ "pieces of a range of 5 GiB", count_pieces, NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
