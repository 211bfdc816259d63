// SPDX-License-Identifier: GPL-2.0
/*
 * Time by the counter of the CPU. Under qemu -icount that advances by the same
 * power of two with each instruction, so there it counts instructions.
 */
#include <asm/tsc.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "bench.h"

#define LONG_STEP	20000

static unsigned int ticks = 1;
module_param(ticks, uint, 0444);
MODULE_PARM_DESC(ticks, "of the counter for an instruction, 1 if it does not count these");

/* Ticks of a step that does nothing */
static u64 overhead;

int bench_nothing(struct bench_case *c)
{
	return 0;
}

/* Out of line, so that all are called alike */
static noinline u64 time_of(int (*step)(struct bench_case *c),
			    struct bench_case *c, int *ret)
{
	u64 start = rdtsc();

	*ret = step(c);
	return rdtsc() - start;
}

void bench_calibrate(void)
{
	int i, ret;

	overhead = U64_MAX;
	for (i = 0; i < 20; i++)
		overhead = min(overhead, time_of(bench_nothing, NULL, &ret));
}

static void take(u64 *best, u64 time)
{
	time -= min(time, overhead);
	*best = min(*best, time / ticks);
}

/* The more ranges, the less a single interrupt counts. */
static unsigned int reps(const struct bench_case *c)
{
	size_t n = max(c->nr, c->many);

	return n <= 256 ? 9 : n <= 4096 ? 5 : 1;
}

/*
 * What takes long begins behind a timer interrupt, so that as few of them as can
 * be are in the figure, and always as many.
 */
static void wait_for_tick(void)
{
	unsigned long now = jiffies;

	while (READ_ONCE(jiffies) == now)
		cpu_relax();
}

/* @time: of the last time, and of this */
static int time_once(struct bench_case *c, const struct bench_way *way,
		     u64 time[BENCH_STEPS])
{
	int i, ret;

	for (i = 0; i < BENCH_STEPS && way->steps[i].run; i++) {
		if (time[i] > LONG_STEP * ticks)
			wait_for_tick();
		time[i] = time_of(way->steps[i].run, c, &ret);
		if (ret)
			return ret;
	}
	return 0;
}

/* The least of each step; the first time is a rehearsal. */
void bench_time(struct bench_case *c, const struct bench_way *way,
		struct bench_result *r)
{
	u64 time[BENCH_STEPS] = {};
	unsigned int rep;
	int i;

	memset64(r->time, U64_MAX, BENCH_STEPS);
	r->ret = way->begin(c);
	if (r->ret)
		return;
	for (rep = 0; rep <= reps(c) && !r->ret; rep++) {
		if (!way->unlocked)
			dma_resv_lock(c->dmabuf->resv, NULL);
		r->ret = time_once(c, way, time);
		if (!way->unlocked)
			dma_resv_unlock(c->dmabuf->resv);
		for (i = 0; rep && i < BENCH_STEPS; i++)
			take(&r->time[i], time[i]);
		cond_resched();
	}
	way->end(c);
}
