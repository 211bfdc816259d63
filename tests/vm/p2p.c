// SPDX-License-Identifier: GPL-2.0
/*
 * The main job: pieces of a BAR as one dma-buf, written and read by another
 * device, byte-exact, and nothing beside them touched.
 *
 *     p2p            1 and 3 ranges, by both targets
 *     p2p NR...      so many ranges
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ktap.h"
#include "machine.h"

struct job {
	const struct importer_ops *target;
	size_t nr;
	char name[64];
};

static void main_job(const void *arg)
{
	const struct job *job = arg;
	struct exporter exp;
	struct importer imp;
	struct layout l;
	uint8_t *out, *in;
	int dmabuf;

	machine_need(job->target);
	exporter_open(&exp);
	layout_scatter(&l, job->nr, job->nr > 100 ? 1 : 2, 0, exp.bar.len);
	dmabuf = exporter_export(&exp, &l);
	importer_open(&imp, job->target);
	CHECK_EQ(importer_map(&imp, dmabuf, 0, l.size), 0);

	out = malloc(l.size);
	in = calloc(1, l.size);
	CHECK(out && in, "no memory");

	/* The device writes, the CPU reads: all of the BAR. */
	pattern(out, l.size, 1, 0);
	CHECK_EQ(importer_write(&imp, 0, out, l.size), 0);
	bar_expect(&exp.bar, &l, 0, out, l.size);
	bar_check(&exp.bar);

	/* The CPU writes, the device reads. */
	pattern(out, l.size, 2, 0);
	bar_write(&exp.bar, &l, 0, out, l.size);
	CHECK_EQ(importer_read(&imp, 0, in, l.size), 0);
	CHECK(!memcmp(in, out, l.size), "the device read something else");
	bar_check(&exp.bar);

	CHECK_EQ(importer_unmap(&imp), 0);
	note("%zu ranges, %llu bytes each way", l.nr,
	     (unsigned long long)l.size);
}

int main(int argc, char **argv)
{
	static const struct importer_ops *targets[] = {
		&importer_domain, &importer_device,
	};
	static char *usual[] = { "1", "3" };
	char **counts = argc > 1 ? argv + 1 : usual;
	int nr = argc > 1 ? argc - 1 : 2;
	struct ktap_case cases[2 * nr];
	struct job jobs[2 * nr];
	int i;

	machine_init();
	for (i = 0; i < 2 * nr; i++) {
		jobs[i].target = targets[i / nr];
		jobs[i].nr = atoi(counts[i % nr]);
		snprintf(jobs[i].name, sizeof(jobs[i].name),
			 "main job, %zu range%s, target %s", jobs[i].nr,
			 jobs[i].nr > 1 ? "s" : "", targets[i / nr]->name);
		cases[i] = (struct ktap_case){
			.name = jobs[i].name,
			.run = main_job,
			.arg = &jobs[i],
			/* 100 ms for each transfer */
			.seconds = 60 + jobs[i].nr,
		};
	}
	return ktap_run(cases, 2 * nr);
}
