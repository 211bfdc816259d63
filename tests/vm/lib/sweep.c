// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "inject.h"
#include "ktap.h"
#include "see.h"
#include "sweep.h"

/*
 * Sweeps of one thing in a round. What each loses once shows by its number, and
 * in every round: other parts of the kernel allocate as well, now and then.
 */
#define SWEEPS		12
#define ROUNDS		4
/* No sweep is that long: it would go on for ever. */
#define TRIES_MOST	3000u

/* Of all tries of a sweep */
struct tally {
	unsigned int points;	/* allocations that failed */
	unsigned int failures;	/* tries that failed for it */
};

static const int *buffer;
static long buffers;		/* before the first try */

static int mappings(void)
{
	return *buffer < 0 ? 0 : atoi(fdinfo(*buffer, "phys_mappings"));
}

static void check_success(const struct sweep *sweep, bool reached, int maps)
{
	const char *state = *buffer < 0 ? "live" :
					  fdinfo(*buffer, "phys_state");
	const char *should = sweep->state ?: "live";

	CHECK(!strcmp(state, should), "%s, should be %s", state, should);
	CHECK(maps == sweep->maps ||
	      (sweep->may_map_none && reached && !maps),
	      "%d mappings more", maps);
}

/*
 * IOMMUFD's own doors for tests answer what the thing behind them would: that an
 * object is not there, that there is no room, that the user's memory is not.
 */
static bool is_door(const struct sweep *sweep, int result)
{
	return sweep->target == &importer_domain &&
	       (result == -ENOENT || result == -EINVAL || result == -EFAULT);
}

static void check_failure(const struct sweep *sweep, int result, bool reached,
			  int maps)
{
	CHECK(reached, "failed with all it wants: %s", ktap_number(result));
	CHECK(!sweep->never_fails || is_door(sweep, result),
	      "this must not fail: %s", ktap_number(result));
	CHECK(result == -ENOMEM || is_door(sweep, result), "failed with %s",
	      ktap_number(result));
	CHECK_EQ(maps, 0);
	CHECK_EQ(count_dmabufs(), buffers);
}

/* Return: whether the nth allocation was reached. */
static bool try_once(const struct sweep *sweep, unsigned int nth, bool use,
		     struct tally *tally)
{
	int before = mappings(), maps;
	bool reached;
	int result;

	inject_arm(nth);
	result = sweep->try();
	reached = inject_disarm();

	maps = mappings() - before;
	tally->points += reached;
	tally->failures += result < 0 || (sweep->may_map_none && !maps);
	if (result < 0) {
		check_failure(sweep, result, reached, maps);
		return true;
	}
	check_success(sweep, reached, maps);
	if (use && !reached)
		sweep->use(result);
	sweep->undo(result);
	CHECK_EQ(mappings(), before);
	return reached;
}

static struct tally sweep_once(const struct sweep *sweep, bool use)
{
	struct tally tally = { 0, 0 };
	unsigned int nth = 1;

	while (try_once(sweep, nth++, use, &tally))
		CHECK(nth < TRIES_MOST, "there is no end to it");
	return tally;
}

/*
 * Return: the sweep with most failures. One in which something is allocated only
 * once misses the next allocation.
 */
static struct tally sweep_round(const struct sweep *sweep)
{
	struct tally most = { 0, 0 }, tally;
	int i;

	for (i = 0; i < SWEEPS; i++) {
		tally = sweep_once(sweep, false);
		if (tally.failures >= most.failures)
			most = tally;
	}
	return most;
}

void sweep_run(const struct sweep *sweep, const int *dmabuf)
{
	const char *growth = NULL;
	struct counts before;
	struct tally tally;
	int round;

	buffer = dmabuf;
	buffers = count_dmabufs();
	sweep_once(sweep, true);

	for (round = 0; round < ROUNDS; round++) {
		counts_take(&before);
		tally = sweep_round(sweep);
		growth = counts_growth(&before, SWEEPS / 2);
		if (!growth)
			break;
		note("%d sweeps leave %s", SWEEPS, growth);
	}
	note("%s: %u allocations, %u tries failed", sweep->name, tally.points,
	     tally.failures);
	CHECK(tally.failures >= sweep->failures,
	      "%u tries failed, should be %u at least", tally.failures,
	      sweep->failures);
	CHECK(!growth, "each round leaves something");
}
