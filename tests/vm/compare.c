// SPDX-License-Identifier: GPL-2.0
/*
 * The unmodified kernel and ours, side by side: the same program on both, each
 * line measured, and a failure where a kernel does not show what is known of it.
 * Prints '# table | what | result' lines for table.sh.
 *
 * On the unmodified kernel the driver is edu_legacy; here both it and the sample
 * are run.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "sample.h"
#include "see.h"
#include "sys.h"

#include "legacy/edu_legacy.h"

static struct exporter exp;
static struct importer imp;
static struct layout l;
static int dmabuf;
static bool legacy;

static void export_ranges(size_t nr)
{
	exporter_open(&exp);
	layout_scatter(&l, nr, 1, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
}

/* Do we run on a kernel whose core knows the buffer's ranges? */
static bool here(void)
{
	return *fdinfo(dmabuf, "phys_state");
}

static void row(const char *what, const char *result)
{
	printf("# table | %s%s | %s\n", what,
	       strstr(what, "driver") && legacy ? " (scatterlist)" : "",
	       result);
}

static const char *error_name(int ret)
{
	return ret ? strerrorname_np(-ret) : "works";
}

static void expect(const char *what, int result, int base_result)
{
	int should = here() ? 0 : base_result;

	row(what, error_name(result));
	CHECK_EQ(result, should);
}

/* Map and, if that works, do what is mapped for. */
static int use(const struct importer_ops *target)
{
	uint8_t data[5000], got[5000];
	size_t len = l.size < sizeof(data) ? l.size : sizeof(data);
	int ret;

	importer_open(&imp, target);
	ret = importer_map(&imp, dmabuf, 0, l.size);
	if (ret)
		return ret;
	pattern(data, len, 8, 0);
	CHECK_EQ(importer_write(&imp, 0, data, len), 0);
	bar_expect(&exp.bar, &l, 0, data, len);
	bar_check(&exp.bar);
	CHECK_EQ(importer_read(&imp, 0, got, len), 0);
	CHECK(!memcmp(got, data, len), "the device reads wrong");
	CHECK_EQ(importer_unmap(&imp), 0);
	return 0;
}

struct job {
	const char *what;
	const struct importer_ops *target;
	size_t nr;
	int base_result;	/* behind an IOMMU */
};

static void map_and_use(const void *arg)
{
	const struct job *job = arg;

	machine_need(job->target);
	if (!machine.iommu)
		skip("no IOMMU");
	export_ranges(job->nr);
	expect(job->what, use(job->target), job->base_result);
}

static void import_while_revoked(const void *arg)
{
	int ret;

	(void)arg;
	machine_need(&importer_device);
	export_ranges(1);
	importer_open(&imp, &importer_device);
	vfio_set_memory(&exp.dev, false);
	ret = sample_import(imp.node, dmabuf);
	vfio_set_memory(&exp.dev, true);
	if (!ret)
		ret = importer_write(&imp, 0, "x", 1);
	expect("driver imports while the memory is off, uses it when it is on",
	       ret, -ENODEV);
}

static void count_scatterlists(const void *arg)
{
	struct calls calls = { .nr = 0 };
	char text[32];
	unsigned long sum;

	(void)arg;
	machine_need(&importer_device);
	export_ranges(1);
	CHECK(!calls_count(&calls, "__sg_alloc_table"), "no __sg_alloc_table");
	CHECK(!calls_count(&calls, "sg_kmalloc"), "no sg_kmalloc");
	CHECK_EQ(use(&importer_device), 0);
	sum = calls_read(&calls);
	snprintf(text, sizeof(text), "%lu", sum);
	row("allocations of a scatterlist when a driver maps", text);
	CHECK(here() && !legacy ? !sum : sum, "%lu allocations", sum);
}

static long available(void)
{
	char text[4096], *at;

	sys_write("/proc/sys/vm/drop_caches", "3");
	sys_read("/proc/meminfo", text, sizeof(text));
	at = strstr(text, "MemAvailable:");
	return at ? atol(at + 13) * 1024 : 0;
}

/* Map and unmap, often; the old importer has an ioctl for that. */
static void map_often(unsigned int cycles)
{
	struct edu_legacy_cycle arg = { .cycles = cycles };

	if (!legacy) {
		while (cycles--) {
			CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
			CHECK_EQ(importer_unmap(&imp), 0);
		}
		return;
	}
	CHECK_EQ(sample_import(imp.node, dmabuf), 0);
	CHECK_EQ(sys_ioctl(imp.node, EDU_LEGACY_CYCLE, &arg), 0);
	CHECK_EQ(arg.cycles, cycles);
	CHECK_EQ(sample_release(imp.node), 0);
}

/* Enough for the few MiB of free pages that CPUs keep to themselves not to show */
#define CYCLES	5000

/* Behind an IOMMU the unmodified kernel maps one range at most. */
static void lose_memory(const void *arg)
{
	long lost, per_range_milli;
	char text[64];

	(void)arg;
	machine_need(&importer_device);
	if (machine.iommu)
		skip("measured without an IOMMU, where many ranges map");
	export_ranges(1000);
	importer_open(&imp, &importer_device);
	map_often(10);
	lost = available();
	map_often(CYCLES);
	lost -= available();
	per_range_milli = lost / CYCLES;
	snprintf(text, sizeof(text), "%.1f", per_range_milli / 1000.0);
	row("bytes lost per range when a driver maps and unmaps", text);
	CHECK(here() ? per_range_milli < 1000 :
	      per_range_milli > 31000 && per_range_milli < 35000,
	      "%ld bytes lost in %d cycles", lost, CYCLES);
}

static atomic_bool returned;

static void *memory_off(void *arg)
{
	(void)arg;
	vfio_set_memory(&exp.dev, false);
	atomic_store(&returned, true);
	return NULL;
}

/* A driver that unmaps when its user closes it, and not before */
static void never_unmaps(const void *arg)
{
	const unsigned int grace = 1000, patience = 8000;
	uint64_t begin, took;
	pthread_t thread;
	char text[64];

	(void)arg;
	machine_need(&importer_device);
	if (!legacy || !pci_translated(machine.edu_device))
		skip("this needs edu_legacy, behind an IOMMU");
	export_ranges(1);
	importer_open(&imp, &importer_device);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	sys_write("/sys/module/dma_buf/parameters/phys_grace_ms", "1000");
	CHECK_EQ(sys_write("/sys/module/edu_legacy/parameters/stubborn", "1"),
		 0);
	begin = now_ms();
	CHECK(!pthread_create(&thread, NULL, memory_off, NULL), "no thread");
	while (!atomic_load(&returned) && now_ms() - begin < patience)
		sleep_ms(20);
	took = now_ms() - begin;
	if (atomic_load(&returned))
		snprintf(text, sizeof(text), "returns after the grace time");
	else
		snprintf(text, sizeof(text), "hangs");
	CHECK_EQ(importer_unmap(&imp), 0);
	pthread_join(thread, NULL);
	sys_write("/sys/module/edu_legacy/parameters/stubborn", "0");

	row("memory switched off, a driver never unmaps", text);
	CHECK(here() ? took >= grace && took < patience : took >= patience,
	      "it took %llu ms", (unsigned long long)took);
}

int main(void)
{
	static const struct job jobs[] = {
		{ "1 range into an IOMMU domain (IOMMUFD)",
		  &importer_domain, 1, 0 },
		{ "3 ranges into an IOMMU domain (IOMMUFD)",
		  &importer_domain, 3, -EOPNOTSUPP },
		{ "1000 ranges into an IOMMU domain (IOMMUFD)",
		  &importer_domain, 1000, -EOPNOTSUPP },
		{ "1 range, driver behind an IOMMU", &importer_device, 1, 0 },
		{ "3 ranges, driver behind an IOMMU",
		  &importer_device, 3, -EADDRINUSE },
		{ "1000 ranges, driver behind an IOMMU",
		  &importer_device, 1000, -EADDRINUSE },
	};
	static const struct ktap_case cases[] = {
		{ "1 range, domain", map_and_use, &jobs[0], 0 },
		{ "3 ranges, domain", map_and_use, &jobs[1], 0 },
		{ "1000 ranges, domain", map_and_use, &jobs[2], 0 },
		{ "1 range, driver", map_and_use, &jobs[3], 0 },
		{ "3 ranges, driver", map_and_use, &jobs[4], 0 },
		{ "1000 ranges, driver", map_and_use, &jobs[5], 0 },
		{ "import while revoked", import_while_revoked, NULL, 0 },
		{ "scatterlists", count_scatterlists, NULL, 0 },
		{ "lost memory", lose_memory, NULL, 600 },
		{ "a driver never unmaps", never_unmaps, NULL, 0 },
	};
	const char *driver = getenv("EDU_DRIVER");

	legacy = driver && !strcmp(driver, "edu_legacy");
	machine_init();
	return ktap_run(CASES(cases));
}
