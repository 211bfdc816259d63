// SPDX-License-Identifier: GPL-2.0
/*
 * The main job as a story: three scattered pieces of a BAR become one dma-buf,
 * two other devices map it, write and read; the exporter takes it back while
 * DMA runs, and gives it again.
 *
 * Exit status 0 only if every claim made on the way held.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "see.h"
#include "sys.h"
#include "tell.h"

static struct exporter exporter;
static struct importer domain, device;
static struct layout layout;
static int dmabuf;

/* Two edu do 100 ms a transfer; this much shows all there is to show. */
#define STORE_LEN	2048

static bool same_as_shadow(void)
{
	return !memcmp(exporter.bar.map, exporter.bar.shadow, exporter.bar.len);
}

static void export_pieces(void)
{
	chapter("1. One dma-buf of three scattered pieces");
	exporter_open(&exporter);
	layout_scatter(&layout, 3, 2, 0, exporter.bar.len);
	dmabuf = exporter_export(&exporter, &layout);
	say("exporter %s: ivshmem, BAR2 of %zu MiB, in user space by vfio-pci",
	    machine.exporter, exporter.bar.len >> 20);
	say_layout(&layout);
	say_state(dmabuf);
}

static void map_twice(void)
{
	int ret;

	chapter("2. Two devices map it, none gets a physical address");
	importer_open(&domain, &importer_domain);
	ret = importer_map(&domain, dmabuf, 0, layout.size);
	claim(!ret, "domain: %s, edu in user space; IOMMUFD maps at IOVA %#llx",
	      machine.edu_domain, (unsigned long long)domain.iova);

	importer_open(&device, &importer_device);
	ret = importer_map(&device, dmabuf, 0, layout.size);
	claim(!ret, "device: %s, edu in the kernel; its driver gets %u DMA piece",
	      machine.edu_device, sample_info(device.node).pieces);
	claim(atoi(fdinfo(dmabuf, "phys_mappings")) == 2, "both are counted");
	say_state(dmabuf);
}

/* from writes all of the buffer, the CPU looks, to reads it. */
static void pass_on(struct importer *from, struct importer *to, uint64_t seed)
{
	uint8_t *out = malloc(layout.size), *in = calloc(1, layout.size);
	int ret;

	CHECK(out && in, "no memory");
	pattern(out, layout.size, seed, 0);
	bar_expect(&exporter.bar, &layout, 0, out, layout.size);

	ret = importer_write(from, 0, out, layout.size);
	claim(!ret && same_as_shadow(),
	      "%s writes %llu bytes: right, and nothing else in %zu MiB changed",
	      from->ops->name, (unsigned long long)layout.size,
	      exporter.bar.len >> 20);
	ret = importer_read(to, 0, in, layout.size);
	claim(!ret && !memcmp(in, out, layout.size),
	      "%s reads the same %llu bytes", to->ops->name,
	      (unsigned long long)layout.size);
	free(out);
	free(in);
}

static void *keep_writing(void *arg)
{
	static char data[STORE_LEN];
	static long ret;

	(void)arg;
	while (!(ret = importer_write(&device, 0, data, sizeof(data))))
		;
	return &ret;
}

static void take_back(void)
{
	char line[256] = "none";
	pthread_t writer;
	uint64_t begin, iova;
	struct kmsg log;
	bool fault;
	void *ret;

	kmsg_open(&log);
	chapter("3. The exporter takes it back while both devices write");
	CHECK(!pthread_create(&writer, NULL, keep_writing, NULL), "no thread");
	sleep_ms(150);
	edu_start_store(&domain.edu, domain.iova, STORE_LEN);
	begin = now_ms();
	vfio_set_memory(&exporter.dev, false);
	say("COMMAND.MEM of %s cleared: returned after %llu ms",
	    machine.exporter, (unsigned long long)(now_ms() - begin));
	say_state(dmabuf);
	edu_wait(&domain.edu);
	edu_store(&domain.edu, domain.iova, STORE_LEN);
	fault = kmsg_find(&log, IOMMU_FAULT, 1000, line, sizeof(line));
	claim(fault, "the device in user space still writes to %#llx and faults:",
	      (unsigned long long)domain.iova);
	say("    %s", line);
	claim(!strcmp(fdinfo(dmabuf, "phys_state"), "revoked") &&
	      !atoi(fdinfo(dmabuf, "phys_mappings")),
	      "no mapping is left");

	pthread_join(writer, &ret);
	claim(*(long *)ret == -ENODEV, "device: its writes now end with %s",
	      ktap_number(*(long *)ret));
	claim(ioas_map_file(domain.dev.iommufd, domain.ioas, dmabuf, 0,
			    layout.size, &iova) == -ENODEV,
	      "domain: a new map is refused with -ENODEV");
}

static void give_again(void)
{
	chapter("4. The exporter gives it again: both importers are told");
	vfio_set_memory(&exporter.dev, true);
	bar_snapshot(&exporter.bar);
	say_state(dmabuf);
	claim(!strcmp(fdinfo(dmabuf, "phys_state"), "live") &&
	      atoi(fdinfo(dmabuf, "phys_mappings")) == 2,
	      "both have mapped it again by themselves");
	pass_on(&domain, &device, 3);
	claim(sample_info(device.node).maps == 2,
	      "device: that was its second map");
}

static void say_goodbye(void)
{
	chapter("5. The exporter goes away");
	exporter_close(&exporter);
	say_state(dmabuf);
	claim(!strcmp(fdinfo(dmabuf, "phys_state"), "dead") &&
	      !atoi(fdinfo(dmabuf, "phys_mappings")),
	      "the dma-buf fd is still open, its memory is out of reach for good");
}

int main(void)
{
	struct utsname os;

	uname(&os);
	printf("phys-range dma-bufs on Linux %s\n", os.release);
	machine_init();
	CHECK(machine.iommu && !machine.no_device,
	      "the demo wants an IOMMU and the sample driver: %s",
	      machine.no_device ?: "no IOMMU");

	export_pieces();
	map_twice();
	chapter("   Peer to peer, both ways");
	pass_on(&domain, &device, 1);
	pass_on(&device, &domain, 2);
	take_back();
	give_again();
	say_goodbye();

	return tell_end();
}
