// SPDX-License-Identifier: GPL-2.0
/*
 * The demo's second act: a network card, here soft RoCE, is given a region on
 * three scattered pieces of a BAR. Another one, in another network namespace,
 * writes to them over the wire; the exporter takes the memory back in the middle
 * of that, and gives it again: the region's key is still good.
 *
 * Exit status 0 only if every claim made on the way held.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "ktap.h"
#include "see.h"
#include "stream.h"
#include "suites.h"
#include "sys.h"
#include "tell.h"

#define MIB	(1ul << 20)

static struct bed bed;
static struct region device;

static bool same_as_shadow(void)
{
	return !memcmp(bed.exp.bar.map, bed.exp.bar.shadow, bed.exp.bar.len);
}

static void a_region(void)
{
	int ret;

	chapter("6. Second act: a network card is given memory of the device");
	bed_open_large(&bed, BAR_MOST);
	say("exporter %s: ivshmem, BAR2 of %zu MiB, three pieces of it:",
	    machine.exporter, bed.exp.bar.len >> 20);
	say_layout(&bed.l);
	say("%s in namespace '%s', %s in '%s': soft RoCE, a cable between them",
	    net_near.rdma, net_near.netns, net_far.rdma, net_far.netns);
	ret = region_on(&device, &bed.f.far, bed.dmabuf, 0, bed.l.size, 0,
			ALL_RIGHTS);
	claim(!ret, "%s registers all of it as one memory region, rkey %#x",
	      net_far.rdma, device.rkey);
	say_state(bed.dmabuf);
}

static void over_the_wire(void)
{
	uint32_t len = 4 * MIB;
	uint64_t at = bed.l.ranges[0].length - MIB - 1;
	enum ibv_wc_status status;
	uint64_t begin;

	chapter("7. RDMA, from one network namespace to the device in the other");
	pattern(bed.out.mem, len, 6, 0);
	bar_expect(&bed.exp.bar, &bed.l, at, bed.out.mem, len);
	begin = now_ms();
	status = work_write(&bed.out, 0, &device, at, len);
	claim(status == IBV_WC_SUCCESS && same_as_shadow(),
	      "RDMA WRITE of %lu MiB to %#llx, over a range's end: right, and nothing else changed",
	      len / MIB, (unsigned long long)at);
	say("    %llu ms", (unsigned long long)(now_ms() - begin));
	status = work_read(&bed.in, 0, &device, at, len);
	claim(status == IBV_WC_SUCCESS && !memcmp(bed.in.mem, bed.out.mem, len),
	      "RDMA READ of the same bytes");
}

static enum ibv_wc_status try_again(void)
{
	enum ibv_wc_status status;

	fabric_connect(&bed.f);
	status = work_write(&bed.out, 0, &device, 0, 4096);
	fabric_connect(&bed.f);
	return status;
}

static void take_back(void)
{
	struct stream s = {
		.first = {
			.by = &bed.f.near, .opcode = IBV_WR_RDMA_WRITE,
			.local = &bed.out, .remote = &device, .len = MIB,
		},
	};
	struct region other;
	uint64_t begin;

	chapter("8. The exporter takes it back in the middle of a stream of writes");
	stream_begin(&s);
	sleep_ms(300);
	begin = now_ms();
	vfio_set_memory(&bed.exp.dev, false);
	say("COMMAND.MEM of %s cleared: returned after %llu ms, %u MiB were written",
	    machine.exporter, (unsigned long long)(now_ms() - begin),
	    atomic_load(&s.done));
	say_state(bed.dmabuf);
	claim(!strcmp(fdinfo(bed.dmabuf, "phys_state"), "revoked") &&
	      !atoi(fdinfo(bed.dmabuf, "phys_mappings")),
	      "no mapping is left");
	stream_end(&s);
	claim(s.status == IBV_WC_REM_ACCESS_ERR, "the stream ended with: %s",
	      ibv_wc_status_str(s.status));
	claim(try_again() == IBV_WC_REM_ACCESS_ERR,
	      "a new connection gets no further");
	claim(region_on(&other, &bed.f.far, bed.dmabuf, 0, bed.l.size, 0,
			ALL_RIGHTS) == -ENODEV,
	      "a new region is refused with -ENODEV");
}

static void give_again(void)
{
	chapter("9. The exporter gives it again");
	vfio_set_memory(&bed.exp.dev, true);
	bar_snapshot(&bed.exp.bar);
	memset(bed.out.mem, 0x77, 4096);
	bar_expect(&bed.exp.bar, &bed.l, 0, bed.out.mem, 4096);
	claim(try_again() == IBV_WC_SUCCESS && same_as_shadow(),
	      "rkey %#x is good again: the bytes are where they belong",
	      device.rkey);
	say_state(bed.dmabuf);
	region_drop(&device);
	claim(!atoi(fdinfo(bed.dmabuf, "phys_mappings")) &&
	      !net_objects(&net_far, "mr"),
	      "deregistered: nothing is left of it");
}

int story_main(void)
{
	a_region();
	over_the_wire();
	take_back();
	give_again();
	return tell_end();
}
