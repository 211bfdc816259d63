// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz [--seed S] [--cases N] [--processes 1|2] [--seconds T]: see fuzz.h.
 *
 * Without --processes there is a run of one process, whose calls depend on the
 * seed only, and one of two: a fifth as many cases in the first, and as many as
 * there is time for in the second. T is the limit for each run.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "judge.h"
#include "ktap.h"
#include "left.h"
#include "machine.h"
#include "sys.h"

/* A run is made of parts; everything is closed after each. */
#define PARTS		4
#define HANGS_AFTER	40
/*
 * Milliseconds that a call may take. All importers here let go at once; a revoke
 * gives one that does not ten seconds. Two processes race in real time, and a
 * kernel that checks itself is slow: there only what hangs shows.
 */
#define SLOW_MS		5000
#define SLOW_RACE_MS	30000
/* Bytes by which a part may leave more behind than the one before */
#define CHARGED_MOST	2048
#define SLAB_MOST_KIB	128

static uint64_t seed = 1, cases = 20000, seconds = 3600;

static void run_part(struct world *w, unsigned int part, bool two)
{
	uint64_t deadline = now_ms() + seconds * 1000 / PARTS;

	world_open(w);
	w->random = seed + part;
	if (two)
		peer_start(w);
	engine_run(w, mix(seed + part), cases / PARTS / (two ? 5 : 1),
		   deadline);
	peer_stop(w);
	world_close(w);
}

static long least_growth(const long *values)
{
	long least = values[1] - values[0];
	unsigned int i;

	for (i = 2; i < PARTS; i++)
		if (values[i] - values[i - 1] < least)
			least = values[i] - values[i - 1];
	return least;
}

/* What leaks does so in each part, so the least counts: the rest is noise. */
static void fuzz(bool two, bool charged)
{
	static struct world w = { .socket = -1 };
	long bytes[PARTS], slab[PARTS];
	unsigned int part;

	judge_enter(LANE_MAIN);
	for (part = 0; part < PARTS; part++) {
		struct left left;

		run_part(&w, part, two);
		left = left_now();
		note("part %u: %ld bytes charged, %ld KiB of slabs", part,
		     left.charged, left.slab);
		CHECK(!left.buffers, "%ld dma-bufs are left", left.buffers);
		bytes[part] = left.charged;
		slab[part] = left.slab;
	}
	if (!left_counts())
		return;
	CHECK(!charged || least_growth(bytes) < CHARGED_MOST,
	      "each part leaves %ld bytes", least_growth(bytes));
	CHECK(least_growth(slab) < SLAB_MOST_KIB, "each part leaves %ld KiB",
	      least_growth(slab));
}

/* Watches the processes that call; one of them may never come back. */
static void fuzz_and_watch(const void *arg)
{
	bool two = arg, charged = left_enter();
	uint64_t begin = now_ms();
	int pid, status;

	if (!charged)
		note("no memory cgroup, so small leaks are not seen");
	engine_init();
	judge_init(two || !left_counts() ? SLOW_RACE_MS : SLOW_MS);
	pid = ktap_fork();
	if (!pid) {
		fuzz(two, charged);
		fflush(stdout);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		judge_watch(HANGS_AFTER);
		sleep_ms(100);
	}
	if (status || judge_failed()) {
		note("again: fuzz --seed %llu --cases %llu --processes %d",
		     (unsigned long long)seed, (unsigned long long)cases,
		     two + 1);
		CHECK(0, "failed, wait status %#x", status);
	}
	note("seed %llu: %llu cases in %llu ms", (unsigned long long)seed,
	     (unsigned long long)judge_cases(),
	     (unsigned long long)(now_ms() - begin));
	judge_report();
}

/*
 * A reference that nobody put would keep the driver, but a buffer that outlives
 * its device may not.
 */
static void let_go(const void *arg)
{
	static struct exporter exp;
	struct layout l;

	(void)arg;
	exporter_open(&exp);
	layout_scatter(&l, 3, 1, 0, exp.bar.len);
	exporter_export(&exp, &l);
	exporter_close(&exp);
	CHECK(pci_bind(machine.exporter, NULL), "unbind");
	CHECK(pci_bind(machine.exporter, "vfio-pci"), "bind");
	CHECK(pci_bind(machine.edu_domain, NULL), "unbind");
	CHECK(pci_bind(machine.edu_domain, "vfio-pci"), "bind");
}

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "cases", required_argument, NULL, 'c' },
	{ "processes", required_argument, NULL, 'p' },
	{ "seconds", required_argument, NULL, 't' },
	{}
};

int main(int argc, char **argv)
{
	static const struct ktap_case all[] = {
		{ "one process", fuzz_and_watch, NULL, 3600 },
		{ "two processes", fuzz_and_watch, "two", 3600 },
		{ "the drivers can be unbound", let_go, NULL, 60 },
	};
	struct ktap_case some[] = { all[0], all[2] };
	int option, processes = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			cases = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			processes = atoi(optarg);
			break;
		case 't':
			seconds = strtoull(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	machine_init();
	if (!processes)
		return ktap_run(CASES(all));
	some[0] = all[processes - 1];
	return ktap_run(CASES(some));
}
