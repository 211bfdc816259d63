// SPDX-License-Identifier: GPL-2.0
/*
 * Export, attach, map, unmap, look, all while the exporter takes its memory and
 * gives it again, on several CPUs. Whoever loses gets -ENODEV; nothing else.
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
#include "sample.h"
#include "see.h"
#include "sys.h"

#define ROUNDS	200

static struct exporter exp;
static struct layout l;
static int dmabuf;
static atomic_bool stop;

/* One racer: a thread that tries the same thing again and again */
struct racer {
	const char *name;
	long (*try)(struct racer *racer);
	struct importer imp;
	pthread_t thread;
	unsigned int won, lost;
};

static long try_domain(struct racer *racer)
{
	struct importer *imp = &racer->imp;
	long ret;

	ret = importer_map(imp, dmabuf, 0, l.size);
	if (!ret)
		CHECK_EQ(importer_unmap(imp), 0);
	return ret;
}

static long try_device(struct racer *racer)
{
	int node = racer->imp.node;
	long ret;

	CHECK_EQ(sample_import(node, dmabuf), 0);
	ret = sample_write(node, 0, NULL, 0);
	CHECK_EQ(sample_release(node), 0);
	return ret;
}

/* A buffer of its own for each round, mapped at once */
static long try_export(struct racer *racer)
{
	struct importer *imp = &racer->imp;
	uint64_t iova;
	long ret;
	int fd;

	fd = exporter_export(&exp, &l);
	ret = ioas_map_file(imp->dev.iommufd, imp->ioas, fd, 0, l.size, &iova);
	if (!ret)
		CHECK_EQ(ioas_unmap(imp->dev.iommufd, imp->ioas, iova, l.size),
			 0);
	close(fd);
	return ret;
}

static long try_look(struct racer *racer)
{
	char path[64], text[2048];

	(void)racer;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dmabuf);
	CHECK(sys_read(path, text, sizeof(text)), "%s: %m", path);
	return strstr(text, "live") ? 0 : -ENODEV;
}

static void *race(void *arg)
{
	struct racer *racer = arg;

	while (!atomic_load(&stop)) {
		long ret = racer->try(racer);

		CHECK(!ret || ret == -ENODEV, "%s: %s", racer->name,
		      ktap_number(ret));
		*(ret ? &racer->lost : &racer->won) += 1;
	}
	return NULL;
}

/* Memory is off and on for about as long as a map takes, more or less. */
static void toggle(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		vfio_set_memory(&exp.dev, false);
		usleep(i % 7 * 150);
		vfio_set_memory(&exp.dev, true);
		usleep(i % 11 * 300);
	}
}

static void run_racers(struct racer *racers, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		CHECK(!pthread_create(&racers[i].thread, NULL, race,
				      &racers[i]), "no thread");
	toggle();
	atomic_store(&stop, true);
	for (i = 0; i < nr; i++) {
		pthread_join(racers[i].thread, NULL);
		note("%s: %u times done, %u times revoked", racers[i].name,
		     racers[i].won, racers[i].lost);
		CHECK(racers[i].won && racers[i].lost,
		      "%s: this was no race", racers[i].name);
	}
}

/* After all that, the buffer works. */
static void check_works(struct importer *imp)
{
	uint8_t data[1024], got[1024];

	pattern(data, sizeof(data), 5, 0);
	CHECK_EQ(importer_map(imp, dmabuf, 0, l.size), 0);
	CHECK_EQ(importer_write(imp, 0, data, sizeof(data)), 0);
	bar_expect(&exp.bar, &l, 0, data, sizeof(data));
	bar_check(&exp.bar);
	CHECK_EQ(importer_read(imp, 0, got, sizeof(got)), 0);
	CHECK(!memcmp(got, data, sizeof(data)), "the device reads wrong");
	CHECK_EQ(importer_unmap(imp), 0);
}

static void race_all(const void *arg)
{
	static struct racer racers[4];
	const size_t nr_ranges = *(const size_t *)arg;
	struct racer *racer = racers;

	exporter_open(&exp);
	layout_scatter(&l, nr_ranges, 1, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);

	*racer = (struct racer){ .name = "domain", .try = try_domain };
	importer_open(&racer->imp, &importer_domain);
	racer++;
	*racer = (struct racer){ .name = "export", .try = try_export };
	racer->imp = racers[0].imp;
	racer++;
	*racer++ = (struct racer){ .name = "look", .try = try_look };
	if (!machine.no_device) {
		*racer = (struct racer){ .name = "device", .try = try_device };
		importer_open(&racer->imp, &importer_device);
		racer++;
	}

	run_racers(racers, racer - racers);
	check_works(&racers[0].imp);
	if (!machine.no_device)
		check_works(&racers[3].imp);
}

int main(void)
{
	static const size_t few = 3, many = 100;
	static const struct ktap_case cases[] = {
		{ "map and revoke race, 3 ranges", race_all, &few, 300 },
		{ "map and revoke race, 100 ranges", race_all, &many, 300 },
	};

	machine_init();
	return ktap_run(CASES(cases));
}
