// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter takes its memory back in every way there is, while the importer's
 * device writes: it faults once the call has returned, no new map gets in, and
 * after the restore everything works again without a new map.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iommufd.h"
#include "ktap.h"
#include "machine.h"
#include "revoker.h"
#include "sample.h"
#include "see.h"
#include "sys.h"

#define STAMP_LEN	256u

/* Longer than any transfer that was under way */
#define SETTLE_MS	350

static struct exporter exp;
static struct importer imp;
static struct layout l;
static int dmabuf;

/*
 * A device that writes stamps all the time, each at another place. It goes on
 * when a write fails for the domain target, whose device does not know; the
 * device target ends at the first error.
 */
static struct {
	pthread_t thread;
	atomic_bool stop;
	atomic_uint done;
	long ret;
} writer;

static void stamp_once(unsigned int nr)
{
	uint8_t data[STAMP_LEN];
	uint64_t at = nr * 2 * STAMP_LEN % (l.size - STAMP_LEN);

	memset(data, 0xa0 + nr % 16, sizeof(data));
	writer.ret = importer_write(&imp, at, data, sizeof(data));
}

static void *keep_stamping(void *arg)
{
	(void)arg;
	while (!atomic_load(&writer.stop) && !writer.ret) {
		stamp_once(atomic_load(&writer.done));
		atomic_fetch_add(&writer.done, 1);
	}
	return NULL;
}

static void writer_start(void)
{
	writer.ret = 0;
	atomic_store(&writer.stop, false);
	atomic_store(&writer.done, 0);
	CHECK(!pthread_create(&writer.thread, NULL, keep_stamping, NULL),
	      "no thread");
	while (!atomic_load(&writer.done))
		sleep_ms(5);
}

static void writer_stop(void)
{
	atomic_store(&writer.stop, true);
	pthread_join(writer.thread, NULL);
}

/* On a kernel whose core does not show states there is nothing to compare. */
static void check_state(const char *state)
{
	const char *is = fdinfo(dmabuf, "phys_state");

	CHECK(!*is || !strcmp(is, state), "state %s, should be %s", is, state);
	CHECK(!strcmp(state, "live") || !atoi(fdinfo(dmabuf, "phys_mappings")),
	      "%s mappings are left", fdinfo(dmabuf, "phys_mappings"));
}

static void check_refused(void)
{
	uint64_t iova;

	if (imp.ops == &importer_domain)
		CHECK_EQ(ioas_map_file(imp.dev.iommufd, imp.ioas, dmabuf, 0,
				       l.size, &iova), -ENODEV);
	else
		CHECK_EQ(importer_write(&imp, 0, "x", 1), -ENODEV);
}

/*
 * Some of the buffer by the device, over a range's end; all of the BAR by the
 * CPU, which does not see the BAR of an exporter in another process.
 */
static void check_works(uint64_t seed)
{
	uint8_t data[IMPORTER_STEP], got[IMPORTER_STEP] = { 0 };
	uint64_t at = 4096 - 1500;

	pattern(data, sizeof(data), seed, at);
	CHECK_EQ(importer_write(&imp, at, data, sizeof(data)), 0);
	if (exp.bar.map) {
		bar_expect(&exp.bar, &l, at, data, sizeof(data));
		bar_check(&exp.bar);
	}
	CHECK_EQ(importer_read(&imp, at, got, sizeof(got)), 0);
	CHECK(!memcmp(got, data, sizeof(data)), "the device reads wrong");
}

/* Who is told maps again: all but a driver that knows scatterlists only. */
static void check_back(void)
{
	check_state("live");
	if (imp.ops == &importer_domain || !machine.old_driver)
		CHECK_EQ(atoi(fdinfo(dmabuf, "phys_mappings")), 1);
}

/*
 * Nothing lands. The BAR is compared when all that was under way has ended; the
 * domain target's device goes on with its old addresses all the while.
 */
static void check_quiet(void)
{
	unsigned int before = atomic_load(&writer.done);

	bar_snapshot(&exp.bar);
	sleep_ms(SETTLE_MS);
	CHECK(imp.ops == &importer_device ||
	      atomic_load(&writer.done) > before,
	      "the device has stopped, this proves nothing");
	bar_check(&exp.bar);
}

struct way {
	const struct revoker *revoker;
	const struct importer_ops *target;
	char name[80];
};

static void prepare(const struct way *way)
{
	machine_need(way->target);
	if (!machine.iommu && way->target == &importer_domain)
		skip("no IOMMU to stop a device that user space drives");
	dmabuf = revoker_export(way->revoker, &exp, &l);
	importer_open(&imp, way->target);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_works(1);
}

/*
 * The writer goes on after the revoke and faults. The kernel limits the rate of
 * these lines, so only the first way is asked for one; QEMU's amd-iommu raises
 * no interrupt for its events.
 */
static void check_faults(const struct revoker *revoker, struct kmsg *log)
{
	unsigned int before = atomic_load(&writer.done);
	char line[256];

	sleep_ms(SETTLE_MS);
	CHECK(atomic_load(&writer.done) > before,
	      "the device has stopped, this proves nothing");
	writer_stop();
	CHECK(revoker != revokers || sys_exists("/sys/class/iommu/ivhd0") ||
	      kmsg_find(log, IOMMU_FAULT, 1000, line, sizeof(line)),
	      "the IOMMU reported no fault");
}

/* Ways after which the exporter still has its device */
static void revoke_and_restore(const struct way *way)
{
	const struct revoker *revoker = way->revoker;
	struct kmsg log;

	kmsg_open(&log);
	writer_start();
	revoker->revoke(&exp);
	if (revoker->restore) {
		check_state("revoked");
		check_refused();
		if (imp.ops == &importer_device) {
			pthread_join(writer.thread, NULL);
			CHECK_EQ(writer.ret, -ENODEV);
		} else {
			check_faults(revoker, &log);
		}
		revoker->restore(&exp);
	} else {
		/* It is mapped again: there was no time without memory. */
		writer_stop();
		CHECK(!writer.ret || writer.ret == -ENODEV, "write: %s",
		      ktap_number(writer.ret));
	}
	check_back();
	CHECK(imp.ops == &importer_domain || sample_info(imp.node).revokes,
	      "it was not told");
	bar_snapshot(&exp.bar);
	check_works(2);
}

/* Ways after which the device is gone from the exporter's hands */
static void revoke_for_good(const struct way *way)
{
	struct layout fresh = l;

	writer_start();
	way->revoker->revoke(&exp);
	check_state("dead");
	if (imp.ops == &importer_device) {
		pthread_join(writer.thread, NULL);
		CHECK_EQ(writer.ret, -ENODEV);
	}
	check_refused();

	/* A new owner of the device sees nothing of the old one's importers. */
	exporter_open(&exp);
	check_state("dead");
	check_refused();
	check_quiet();
	if (imp.ops == &importer_domain)
		writer_stop();
	CHECK_EQ(importer_unmap(&imp), 0);
	close(dmabuf);
	dmabuf = exporter_export(&exp, &fresh);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_works(2);
}

static void revoke_while_writing(const void *arg)
{
	const struct way *way = arg;

	prepare(way);
	if (way->revoker->for_good)
		revoke_for_good(way);
	else
		revoke_and_restore(way);
}

/* Several times, and twice the same */
static void revoke_repeatedly(const void *arg)
{
	const struct way *way = arg;
	int i;

	prepare(way);
	for (i = 0; i < 20; i++) {
		vfio_set_memory(&exp.dev, false);
		vfio_set_memory(&exp.dev, false);
		check_state("revoked");
		check_refused();
		vfio_set_memory(&exp.dev, true);
		vfio_set_memory(&exp.dev, true);
		check_back();
	}
	check_works(3);
}

/* The buffer is born revoked; importers may attach, not map. */
static void import_while_revoked(const void *arg)
{
	const struct way *way = arg;

	machine_need(way->target);
	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	importer_open(&imp, way->target);
	vfio_set_memory(&exp.dev, false);
	dmabuf = exporter_export(&exp, &l);
	check_state("revoked");

	if (imp.ops == &importer_device)
		CHECK_EQ(sample_import(imp.node, dmabuf), 0);
	check_refused();
	vfio_set_memory(&exp.dev, true);
	check_state("live");
	if (imp.ops == &importer_domain)
		CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	check_works(4);
}

static void *write_once(void *arg)
{
	static uint8_t data[IMPORTER_STEP];

	(void)arg;
	memset(data, 0x5a, sizeof(data));
	writer.ret = importer_write(&imp, 0, data, sizeof(data));
	return NULL;
}

/*
 * The driver maps right before its device writes, so a mapping that shows up
 * tells that a transfer has begun. It may land until the revoke returns, not
 * later: here the memory is back long before it would be done.
 */
static void revoke_waits_for_transfer(const void *arg)
{
	uint64_t deadline;

	(void)arg;
	machine_need(&importer_device);
	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
	importer_open(&imp, &importer_device);
	CHECK_EQ(sample_import(imp.node, dmabuf), 0);

	CHECK(!pthread_create(&writer.thread, NULL, write_once, NULL),
	      "no thread");
	deadline = now_ms() + 5000;
	while (!atoi(fdinfo(dmabuf, "phys_mappings"))) {
		CHECK(now_ms() < deadline, "the driver does not map");
		/* A busy CPU keeps QEMU's timers, and so edu, from running. */
		sleep_ms(2);
	}
	vfio_set_memory(&exp.dev, false);
	vfio_set_memory(&exp.dev, true);
	bar_snapshot(&exp.bar);
	sleep_ms(SETTLE_MS);
	bar_check(&exp.bar);
	pthread_join(writer.thread, NULL);
	CHECK(!writer.ret || writer.ret == -ENODEV, "write: %s",
	      ktap_number(writer.ret));
}

/* Without an IOMMU a device cannot be stopped, but nobody is told addresses. */
static void no_address_after_revoke(const void *arg)
{
	uint64_t run = 1, phys, again;

	(void)arg;
	if (machine.iommu)
		skip("there is an IOMMU");
	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
	importer_open(&imp, &importer_domain);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);
	CHECK_EQ(ioas_phys(imp.dev.iommufd, imp.ioas, imp.iova, &run, &phys), 0);
	vfio_set_memory(&exp.dev, false);
	CHECK(ioas_phys(imp.dev.iommufd, imp.ioas, imp.iova, &run, &again) < 0,
	      "IOMMUFD still tells an address");
	run = 1;
	vfio_set_memory(&exp.dev, true);
	CHECK_EQ(ioas_phys(imp.dev.iommufd, imp.ioas, imp.iova, &run, &again),
		 0);
	CHECK_EQ(again, phys);
}

#define TARGETS	2

int main(void)
{
	static const struct importer_ops *targets[TARGETS] = {
		&importer_domain, &importer_device,
	};
	static const struct {
		const char *name;
		void (*run)(const void *arg);
	} more[] = {
		{ "revoked and restored repeatedly", revoke_repeatedly },
		{ "imported while revoked", import_while_revoked },
	};
	enum { MORE = sizeof(more) / sizeof(more[0]) };
	size_t ways = TARGETS * nr_revokers, nr = 0, i;
	struct way way[ways + TARGETS * MORE];
	struct ktap_case cases[ways + TARGETS * MORE + 2];

	machine_init();
	for (i = 0; i < ways; i++, nr++) {
		way[nr].revoker = &revokers[i / TARGETS];
		way[nr].target = targets[i % TARGETS];
		snprintf(way[nr].name, sizeof(way[nr].name),
			 "%s while the device writes, target %s",
			 way[nr].revoker->name, way[nr].target->name);
		cases[nr] = (struct ktap_case){
			way[nr].name, revoke_while_writing, &way[nr], 0,
		};
	}
	for (i = 0; i < TARGETS * MORE; i++, nr++) {
		way[nr].revoker = &revokers[0];
		way[nr].target = targets[i % TARGETS];
		snprintf(way[nr].name, sizeof(way[nr].name), "%s, target %s",
			 more[i / TARGETS].name, way[nr].target->name);
		cases[nr] = (struct ktap_case){
			way[nr].name, more[i / TARGETS].run, &way[nr], 0,
		};
	}
	cases[nr++] = (struct ktap_case){
		"revoke waits for a transfer under way, target device",
		revoke_waits_for_transfer, NULL, 0,
	};
	cases[nr++] = (struct ktap_case){
		"IOMMUFD tells no address of revoked memory",
		no_address_after_revoke, NULL, 0,
	};
	return ktap_run(cases, nr);
}
