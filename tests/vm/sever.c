// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that never unmaps what the exporter takes back, edu_legacy with its
 * parameter 'stubborn'. It must not keep the exporter's device from being reset,
 * closed or given to somebody else, and its DMA must not reach anything.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "see.h"
#include "sys.h"

#define STUBBORN	"/sys/module/edu_legacy/parameters/stubborn"
#define GRACE		"/sys/module/dma_buf/parameters/phys_grace_ms"
#define GRACE_DEBUGFS	"/sys/kernel/debug/dma_buf/phys_grace_ms"
#define IMPORTERS	"/sys/kernel/debug/dma_buf/phys_importers"

#define GRACE_MS	600u
/* An emulated CPU with KASAN needs some time for itself. */
#define LATE_MS		(GRACE_MS + 5000)

static struct exporter exp;
static struct importer imp;
static struct layout l;
static int dmabuf;

static void set_stubborn(bool on)
{
	CHECK_EQ(sys_write(STUBBORN, on ? "1" : "0"), 0);
}

static void export_and_map(void)
{
	machine_need(&importer_device);
	if (!machine.old_driver)
		skip("the sample driver lets go, this needs EDU_DRIVER=edu_legacy");
	CHECK_EQ(sys_write(GRACE, "600"), 0);
	set_stubborn(true);

	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
	importer_open(&imp, &importer_device);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	CHECK_EQ(importer_write(&imp, 0, "x", 1), 0);
	bar_snapshot(&exp.bar);
}

static void need_translation(void)
{
	if (!pci_translated(machine.edu_device))
		skip("nothing translates for the driver's device");
}

static void check_severed(int nr)
{
	CHECK_EQ(atoi(fdinfo(dmabuf, "phys_mappings")), 0);
	CHECK_EQ(atoi(fdinfo(dmabuf, "phys_severed")), nr);
}

/* Return: how long it took. */
static uint64_t memory_off(void)
{
	uint64_t begin = now_ms();

	vfio_set_memory(&exp.dev, false);
	return now_ms() - begin;
}

static void check_time(uint64_t ms)
{
	CHECK(ms >= GRACE_MS - 50 && ms < LATE_MS, "it took %llu ms",
	      (unsigned long long)ms);
}

/* The driver thinks that it writes. */
static void write_into_the_void(void)
{
	uint8_t data[1024];

	memset(data, 0x77, sizeof(data));
	CHECK_EQ(importer_write(&imp, 0, data, sizeof(data)), 0);
}

/*
 * The kernel limits the rate of these lines, so this is for once in a case;
 * QEMU's amd-iommu does not tell of faults.
 */
static void check_fault(void)
{
	char line[256];
	struct kmsg log;

	kmsg_open(&log);
	write_into_the_void();
	CHECK(sys_exists("/sys/class/iommu/ivhd0") ||
	      kmsg_find(&log, IOMMU_FAULT, 1000, line, sizeof(line)),
	      "the IOMMU reported no fault");
}

static void check_works(void)
{
	uint8_t data[1024], got[1024];

	pattern(data, sizeof(data), 6, 0);
	CHECK_EQ(importer_write(&imp, 0, data, sizeof(data)), 0);
	bar_expect(&exp.bar, &l, 0, data, sizeof(data));
	bar_check(&exp.bar);
	CHECK_EQ(importer_read(&imp, 0, got, sizeof(got)), 0);
	CHECK(!memcmp(data, got, sizeof(data)), "the device reads wrong");
}

/* One line that names the driver, not one for each mapping or second */
static void check_named_once(struct kmsg *log)
{
	char line[256], name[64];

	snprintf(name, sizeof(name), "%s did not let go.*severed",
		 machine.edu_device);
	CHECK(kmsg_find(log, name, 1000, line, sizeof(line)),
	      "nobody was named in the log");
	note("%s", line);
	CHECK(!kmsg_find(log, "dma-buf: revoke", 50, line, sizeof(line)),
	      "one more line: %s", line);
}

static void severed_and_restored(const void *arg)
{
	struct kmsg log;

	(void)arg;
	need_translation();
	export_and_map();
	kmsg_open(&log);
	check_time(memory_off());
	check_named_once(&log);
	check_severed(1);
	check_fault();

	/* The memory is there again; not for the mapping that was severed. */
	vfio_set_memory(&exp.dev, true);
	write_into_the_void();
	bar_check(&exp.bar);

	CHECK_EQ(importer_unmap(&imp), 0);
	check_severed(0);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_works();
}

static void severed_again_and_again(const void *arg)
{
	int i;

	(void)arg;
	need_translation();
	export_and_map();
	for (i = 0; i < 5; i++) {
		check_time(memory_off());
		check_severed(1);
		/* Who has nothing mapped any more is not waited for. */
		CHECK(memory_off() < GRACE_MS, "revoked twice");
		vfio_set_memory(&exp.dev, true);
		CHECK(memory_off() < GRACE_MS, "waits for what is severed");
		vfio_set_memory(&exp.dev, true);
		CHECK_EQ(importer_unmap(&imp), 0);
		CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
		check_works();
	}
}

static void device_is_closed(const void *arg)
{
	struct layout fresh;
	uint64_t begin;
	int old;

	(void)arg;
	need_translation();
	export_and_map();
	fresh = l;
	old = dmabuf;
	begin = now_ms();
	exporter_close(&exp);
	check_time(now_ms() - begin);
	check_severed(1);

	/* Another driver, and back: the provider is a new one. */
	CHECK(pci_bind(machine.exporter, NULL), "cannot unbind");
	CHECK(pci_bind(machine.exporter, "vfio-pci"), "cannot bind");
	exporter_open(&exp);
	bar_snapshot(&exp.bar);
	write_into_the_void();
	bar_check(&exp.bar);

	CHECK_EQ(importer_unmap(&imp), 0);
	check_severed(0);
	close(old);
	dmabuf = exporter_export(&exp, &fresh);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_works();
}

static void counted(const void *arg)
{
	char text[4096], *row;
	unsigned long long released, severed;
	long long worst_us;

	(void)arg;
	need_translation();
	export_and_map();
	memory_off();
	CHECK(sys_read(IMPORTERS, text, sizeof(text)), "%s: %m", IMPORTERS);
	row = strstr(text, machine.edu_device);
	CHECK(row, "no row for %s in:\n%s", machine.edu_device, text);
	CHECK(sscanf(row + strlen(machine.edu_device), "%llu %llu %lld",
		     &released, &severed, &worst_us) == 3, "row: %s", row);
	CHECK(severed >= 1, "severed %llu times", severed);
	CHECK(worst_us >= (GRACE_MS - 50) * 1000, "worst %lld us", worst_us);
}

static void grace_is_one_number(const void *arg)
{
	char text[32];

	(void)arg;
	CHECK_EQ(sys_write(GRACE, "1234"), 0);
	sys_read(GRACE_DEBUGFS, text, sizeof(text));
	CHECK_EQ(atoi(text), 1234);
	CHECK_EQ(sys_write(GRACE_DEBUGFS, "10000"), 0);
	sys_read(GRACE, text, sizeof(text));
	CHECK_EQ(atoi(text), 10000);
}

static atomic_bool returned;

static void *memory_off_thread(void *arg)
{
	(void)arg;
	memory_off();
	atomic_store(&returned, true);
	return NULL;
}

/* The only safe thing: the device could be stopped by nobody but its driver. */
static void waited_for(const void *arg)
{
	char line[256], name[64];
	pthread_t thread;
	struct kmsg log;

	(void)arg;
	if (pci_translated(machine.edu_device))
		skip("an IOMMU translates for the driver's device");
	export_and_map();
	kmsg_open(&log);
	CHECK(!pthread_create(&thread, NULL, memory_off_thread, NULL),
	      "no thread");
	snprintf(name, sizeof(name), "waits for %s", machine.edu_device);
	/* Grace time, then every ten seconds */
	CHECK(kmsg_find(&log, name, 15000, line, sizeof(line)),
	      "nobody was named in the log");
	note("%s", line);
	CHECK(!atomic_load(&returned), "it went on without the driver");
	CHECK(!strcmp(fdinfo(dmabuf, "phys_state"), "revoking"), "state %s",
	      fdinfo(dmabuf, "phys_state"));

	CHECK_EQ(importer_unmap(&imp), 0);
	pthread_join(thread, NULL);
	check_severed(0);
	vfio_set_memory(&exp.dev, true);
	set_stubborn(false);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_works();
}

int main(void)
{
	static const struct ktap_case cases[] = {
		{ "severed, and restored", severed_and_restored, NULL, 0 },
		{ "severed again and again", severed_again_and_again, NULL, 0 },
		{ "device closed, and bound anew", device_is_closed, NULL, 0 },
		{ "counted in debugfs", counted, NULL, 0 },
		{ "grace time is one number", grace_is_one_number, NULL, 0 },
		{ "waited for without translation", waited_for, NULL, 0 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
