// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for a number of rounds: devices write through both targets
 * all the time, buffers are attached, mapped, copied, unmapped, and two exporters
 * take their memory back. One is phys_probe, which looks whether anything lands
 * after revoke has returned; the other is VFIO, which is reset, closed and bound
 * anew while its buffers are in use.
 *
 *     stress [ROUNDS [SEED]]
 *
 * What each thread does follows from the seed, which is printed; how they meet
 * does so too in a guest with --icount.
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
#include "probe.h"
#include "sample.h"
#include "see.h"
#include "sys.h"

#define STAMP_LEN	256u

static unsigned int rounds = 100;
static unsigned int first_seed = 1;
static atomic_bool stop;

static int probe;
static int probe_buf;
static struct importer domain;
static struct importer device;

/* A thread that does one thing after the other */
struct worker {
	const char *name;
	long (*work)(struct worker *worker);
	pthread_t thread;
	unsigned int seed;
	unsigned int done, refused;
};

static unsigned int pick(struct worker *worker, unsigned int n)
{
	return rand_r(&worker->seed) / 7 % n;
}

static uint64_t pick_stamp(struct worker *worker)
{
	return pick(worker, PHYS_PROBE_SIZE / STAMP_LEN) * STAMP_LEN;
}

/* A device in user space: nobody tells it, it writes whatever happens. */
static long stamp_domain(struct worker *worker)
{
	uint8_t data[STAMP_LEN];

	memset(data, worker->done, sizeof(data));
	importer_write(&domain, pick_stamp(worker), data, sizeof(data));
	return 0;
}

/* A driver: it is told, and its user too. It is attached anew at times. */
static long stamp_device(struct worker *worker)
{
	uint8_t data[STAMP_LEN];

	if (!pick(worker, 8)) {
		CHECK_EQ(sample_release(device.node), 0);
		CHECK_EQ(sample_import(device.node, probe_buf), 0);
	}
	memset(data, ~worker->done, sizeof(data));
	return sample_write(device.node, pick_stamp(worker), data,
			    sizeof(data));
}

/* Slices of the buffer into the address space of the device that writes */
static long map_slices(struct worker *worker)
{
	uint64_t start = pick(worker, PHYS_PROBE_SIZE / 4096) * 4096;
	uint64_t len = (1 + pick(worker, (PHYS_PROBE_SIZE - start) / 4096)) *
		       4096;
	int iommufd = domain.dev.iommufd;
	uint64_t iova, copy;
	long ret;

	ret = ioas_map_file(iommufd, domain.ioas, probe_buf, start, len, &iova);
	if (ret)
		return ret;
	if (!pick(worker, 2)) {
		CHECK_EQ(ioas_copy(iommufd, domain.ioas, iova, len, domain.ioas,
				   &copy), 0);
		CHECK_EQ(ioas_unmap(iommufd, domain.ioas, copy, len), 0);
	}
	CHECK_EQ(ioas_unmap(iommufd, domain.ioas, iova, len), 0);
	return 0;
}

/* Of the other exporter: the buffer stays mapped while its device goes away. */
static long vfio_buffer(struct worker *worker, struct exporter *exp, int node)
{
	struct layout l;
	uint64_t iova;
	long ret;
	int fd;

	layout_scatter(&l, 1 + pick(worker, 20), 1, 0, exp->bar.len);
	fd = exporter_export(exp, &l);
	CHECK_EQ(sample_import(node, fd), 0);
	ret = sample_write(node, 0, NULL, 0);
	if (!ret)
		ret = ioas_map_file(domain.dev.iommufd, domain.ioas, fd, 0,
				    l.size, &iova);
	switch (pick(worker, 4)) {
	case 0:
		vfio_set_memory(&exp->dev, false);
		usleep(pick(worker, 2000));
		vfio_set_memory(&exp->dev, true);
		break;
	case 1:
		vfio_reset(&exp->dev);
		break;
	case 2:
		exporter_close(exp);
		CHECK(pci_bind(machine.exporter, NULL), "cannot unbind");
		CHECK(pci_bind(machine.exporter, "vfio-pci"), "cannot bind");
		exporter_open(exp);
		break;
	}
	if (!ret)
		CHECK_EQ(ioas_unmap(domain.dev.iommufd, domain.ioas, iova,
				    l.size), 0);
	CHECK_EQ(sample_release(node), 0);
	close(fd);
	free(l.ranges);
	return ret;
}

static long use_vfio(struct worker *worker)
{
	static struct exporter exp;
	static int node = -1;

	if (node < 0) {
		exporter_open(&exp);
		node = sample_open(machine.edu_device);
	}
	return vfio_buffer(worker, &exp, node);
}

static long look(struct worker *worker)
{
	static const char * const files[] = {
		"/sys/kernel/debug/dma_buf/bufinfo",
		"/sys/kernel/debug/dma_buf/phys_importers",
	};
	char *text = sys_slurp(files[pick(worker, 2)]);

	free(text);
	usleep(pick(worker, 20000));
	return strcmp(fdinfo(probe_buf, "phys_state"), "live") ? -ENODEV : 0;
}

static struct worker workers[] = {
	{ .name = "device in user space", .work = stamp_domain },
	{ .name = "device of a driver", .work = stamp_device },
	{ .name = "slices", .work = map_slices },
	{ .name = "VFIO", .work = use_vfio },
	{ .name = "look", .work = look },
};
#define WORKERS	(sizeof(workers) / sizeof(workers[0]))

static void *work(void *arg)
{
	struct worker *worker = arg;
	long ret;

	while (!atomic_load(&stop)) {
		ret = worker->work(worker);
		CHECK(!ret || ret == -ENODEV, "%s: %s", worker->name,
		      ktap_number(ret));
		worker->refused += !!ret;
		worker->done++;
	}
	return NULL;
}

/* Long enough at times for a transfer that has begun to be done */
static void revoke_and_look(unsigned int *seed)
{
	unsigned int i;
	uint32_t late;

	for (i = 0; i < rounds; i++) {
		usleep(rand_r(seed) % 150000);
		probe_revoke(probe);
		usleep(rand_r(seed) % 4 ? rand_r(seed) % 5000 : 120000);
		late = probe_restore(probe);
		CHECK(!late, "round %u: %u bytes landed after revoke", i, late);
	}
}

static void stress(const void *arg)
{
	unsigned int seed = first_seed;
	size_t i;

	(void)arg;
	machine_need(&importer_device);
	if (!machine.iommu)
		skip("no IOMMU to stop a device that user space drives");
	probe = probe_open();
	probe_buf = probe_export(probe);
	importer_open(&domain, &importer_domain);
	importer_open(&device, &importer_device);
	CHECK_EQ(importer_map(&domain, probe_buf, 0, PHYS_PROBE_SIZE), 0);
	CHECK_EQ(sample_import(device.node, probe_buf), 0);

	note("seed %u, %u rounds", first_seed, rounds);
	for (i = 0; i < WORKERS; i++) {
		workers[i].seed = first_seed + i;
		CHECK(!pthread_create(&workers[i].thread, NULL, work,
				      &workers[i]), "no thread");
	}
	revoke_and_look(&seed);
	atomic_store(&stop, true);
	for (i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		note("%s: %u times, refused %u times", workers[i].name,
		     workers[i].done, workers[i].refused);
		CHECK(workers[i].done > workers[i].refused, "%s: never worked",
		      workers[i].name);
	}
	CHECK(workers[1].refused && workers[2].refused,
	      "nobody was ever refused");
}

/* The probe sees what it is there to see: writes while the memory is given. */
static void probe_sees(const void *arg)
{
	uint8_t data[STAMP_LEN];
	uint8_t got[STAMP_LEN];

	(void)arg;
	machine_need(&importer_device);
	probe = probe_open();
	probe_buf = probe_export(probe);
	importer_open(&device, &importer_device);
	CHECK_EQ(importer_map(&device, probe_buf, 0, PHYS_PROBE_SIZE), 0);
	probe_revoke(probe);
	CHECK_EQ(probe_restore(probe), 0);
	memset(data, 0x3c, sizeof(data));
	CHECK_EQ(importer_write(&device, 4096 - 100, data, sizeof(data)), 0);
	CHECK_EQ(probe_restore(probe), sizeof(data));
	CHECK_EQ(importer_read(&device, 4096 - 100, got, sizeof(got)), 0);
	CHECK(!memcmp(data, got, sizeof(data)), "the device reads wrong");
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "the probe sees a write", probe_sees, NULL, 0 },
		{ "nothing lands after a revoke", stress, NULL, 600 },
	};

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (argc > 2)
		first_seed = atoi(argv[2]);
	machine_init();
	return ktap_run(CASES(cases));
}
