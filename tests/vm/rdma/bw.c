// SPDX-License-Identifier: GPL-2.0
/*
 * How fast a region on a BAR is, compared to one of ordinary memory: in one run,
 * one after the other, so that the ratio means something where the numbers, of an
 * emulated CPU, do not.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bed.h"
#include "ktap.h"
#include "suites.h"

/* Under way at a time where bandwidth is measured */
#define AT_A_TIME	8u

static struct bed bed;
static uint32_t size = 65536;
static unsigned int iters = 200;

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Return: how long iters requests take, so many at a time. */
static double measure(enum ibv_wr_opcode opcode, const struct region *remote,
		      unsigned int at_a_time, uint32_t len)
{
	const struct work w = {
		.by = &bed.f.near, .opcode = opcode, .local = &bed.out,
		.remote = remote, .len = len,
	};
	unsigned int posted = 0, done;
	double begin = seconds();

	for (done = 0; done < iters; done++) {
		while (posted < iters && posted < done + at_a_time) {
			work_post(&w);
			posted++;
		}
		CHECK_WORKS(work_wait(w.by).status);
	}
	return seconds() - begin;
}

static void compare(const char *name, enum ibv_wr_opcode opcode,
		    const struct region *memory, const struct region *device)
{
	double mib = (double)size * iters / (1 << 20);
	double m, d;

	/* The first ones make caches, mappings and ARP entries. */
	measure(opcode, memory, 1, 1);
	measure(opcode, device, 1, 1);
	m = mib / measure(opcode, memory, AT_A_TIME, size);
	d = mib / measure(opcode, device, AT_A_TIME, size);
	printf("%-6s %8u B  %9.1f MiB/s  %9.1f MiB/s  %6.2f\n", name, size, m,
	       d, d / m);
	m = measure(opcode, memory, 1, 1) / iters * 1e6;
	d = measure(opcode, device, 1, 1) / iters * 1e6;
	printf("%-6s %8u B  %9.1f us     %9.1f us     %6.2f\n", name, 1, m, d,
	       m / d);
}

int bw_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "iters", required_argument, NULL, 'n' },
		{ 0 },
	};
	struct region memory, device;
	int option;

	while ((option = getopt_long(argc, argv, "s:n:", options, NULL)) != -1)
		switch (option) {
		case 's':
			size = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			iters = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	bed_open_large(&bed, BAR_MOST);
	if (!size || size > bed.l.size || !iters) {
		fprintf(stderr, "rdmabuf bw: 1 to %llu bytes, at least once\n",
			(unsigned long long)bed.l.size);
		return 2;
	}
	region_alloc(&memory, &bed.f.far, bed.l.size, ALL_RIGHTS);
	bed_region(&bed, &device);
	printf("%u of each       ordinary memory   a device's BAR    ratio\n",
	       iters);
	compare("write", IBV_WR_RDMA_WRITE, &memory, &device);
	compare("read", IBV_WR_RDMA_READ, &memory, &device);
	return 0;
}
