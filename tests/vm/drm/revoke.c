// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter takes its memory back while it is on the screen. QEMU has let go
 * of it when the call returns; the screen keeps what it shows, or is blank; when
 * the memory is given again, it is shown again.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canvas.h"
#include "counts.h"
#include "ktap.h"
#include "revoker.h"
#include "screen.h"
#include "see.h"
#include "suites.h"
#include "sys.h"

#define STORM_MS	8000

static struct card gpu;
static struct canvas canvas;
static struct shape shapes[2];
static uint32_t handle, fbs[2];

static void check_state(const char *state)
{
	const char *is = fdinfo(canvas.dmabuf, "phys_state");

	CHECK(!strcmp(is, state), "state %s, should be %s", is, state);
	CHECK(!strcmp(state, "live") || !canvas_mappings(&canvas),
	      "%d mappings are left", canvas_mappings(&canvas));
}

static void draw_both(unsigned int nr)
{
	canvas_draw(&canvas, &shapes[0], nr);
	canvas_draw(&canvas, &shapes[1], nr + 1);
}

/* Two pictures in one buffer, the first is shown. */
static void open_all(void)
{
	screen_need();
	card_open(&gpu, GPU);
	shapes[0] = card_tight(&gpu);
	shapes[1] = shapes[0];
	shapes[1].offset = shape_end(&shapes[0]);
	canvas_open(&canvas, shape_end(&shapes[1]), 5);
	draw_both(1);
	handle = canvas_import(&canvas, &gpu);
	fbs[0] = frame_add(&gpu, handle, &shapes[0]);
	fbs[1] = frame_add(&gpu, handle, &shapes[1]);
	CHECK_EQ(screen_backings(), 0);
	CHECK_EQ(card_show(&gpu, fbs[0], 0, 0), 0);
	screen_shows(&gpu, 1);
	CHECK(screen_backings(), "QEMU shows what it has not");
}

static void check_refused(unsigned int shown)
{
	CHECK_EQ(card_flush(&gpu, fbs[0]), -ENODEV);
	CHECK_EQ(card_show(&gpu, fbs[0], 0, 0), -ENODEV);
	CHECK_EQ(card_flip(&gpu, fbs[1]), -ENODEV);
	CHECK_EQ(screen_backings(), 0);
	screen_sane(&gpu, shown, shown);
}

/* New pictures in both, and both come to be seen. */
static void check_works(unsigned int nr)
{
	draw_both(nr);
	CHECK_EQ(card_flush(&gpu, fbs[0]), 0);
	screen_shows(&gpu, nr);
	CHECK_EQ(card_flip(&gpu, fbs[1]), 0);
	screen_shows(&gpu, nr + 1);
	CHECK_EQ(card_show(&gpu, fbs[0], 0, 0), 0);
	screen_shows(&gpu, nr);
}

static void by_vfio(const void *arg)
{
	const struct revoker *revoker = arg;
	long buffers = count_dmabufs();
	uint64_t begin;

	open_all();
	if (revoker->require)
		revoker->require(&canvas.exp);
	begin = now_ms();
	revoker->revoke(&canvas.exp);
	CHECK(now_ms() - begin < REVOKE_MS, "it took %llu ms",
	      (unsigned long long)(now_ms() - begin));
	if (revoker->restore || revoker->for_good) {
		CHECK_EQ(screen_backings(), 0);
		check_state(revoker->for_good ? "dead" : "revoked");
		screen_sane(&gpu, 1, 1);
		check_refused(1);
	}
	if (!revoker->for_good) {
		if (revoker->restore)
			revoker->restore(&canvas.exp);
		check_state("live");
		screen_sane(&gpu, 1, 1);
		check_works(3);
	}
	CHECK_EQ(card_remove(&gpu, fbs[1]), 0);
	CHECK_EQ(card_drop(&gpu, handle), 0);
	CHECK_EQ(card_remove(&gpu, fbs[0]), 0);
	close(canvas.dmabuf);
	canvas_settles(buffers);
	CHECK_EQ(screen_backings(), 0);
}

/* The device is a child's that has nothing else; the screen is ours. */
static void exporter_killed(const void *arg)
{
	long buffers = count_dmabufs();
	int pid;

	(void)arg;
	open_all();
	pid = ktap_fork();
	if (!pid)
		for (;;)
			pause();
	exporter_close(&canvas.exp);
	check_state("live");
	CHECK_EQ(card_flush(&gpu, fbs[0]), 0);
	screen_shows(&gpu, 1);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid, "waitpid: %m");
	check_state("dead");
	check_refused(1);
	card_close(&gpu);
	close(canvas.dmabuf);
	canvas_settles(buffers);
}

/* Where the screen is off, or shows something else */
static void not_shown(const void *arg)
{
	struct shape shape;
	uint32_t own, fb;
	void *map;

	(void)arg;
	open_all();
	CHECK_EQ(card_off(&gpu), 0);
	canvas_revoke(&canvas);
	CHECK_EQ(screen_backings(), 0);
	CHECK_EQ(card_show(&gpu, fbs[1], 0, 0), -ENODEV);
	canvas_restore(&canvas);
	CHECK_EQ(card_show(&gpu, fbs[1], 0, 0), 0);
	screen_shows(&gpu, 2);

	shape = card_tight(&gpu);
	CHECK_EQ(card_dumb(&gpu, &shape, &own, &map), 0);
	fb = frame_add(&gpu, own, &shape);
	memory_draw(map, &shape, 7);
	CHECK_EQ(card_flip(&gpu, fb), 0);
	canvas_revoke(&canvas);
	CHECK_EQ(screen_backings(), 1);
	screen_shows(&gpu, 7);
	CHECK_EQ(card_flip(&gpu, fbs[0]), -ENODEV);
	screen_shows(&gpu, 7);
	canvas_restore(&canvas);
	CHECK_EQ(card_flip(&gpu, fbs[0]), 0);
	check_works(4);
}

/* What goes away while it is revoked is gone, and never comes back. */
static void closed_while_revoked(const void *arg)
{
	long buffers = count_dmabufs();

	(void)arg;
	open_all();
	canvas_revoke(&canvas);
	CHECK_EQ(card_remove(&gpu, fbs[0]), 0);
	CHECK_EQ(card_drop(&gpu, handle), 0);
	close(canvas.dmabuf);
	CHECK_EQ(count_dmabufs(), buffers + 1);
	CHECK_EQ(card_remove(&gpu, fbs[1]), 0);
	canvas_settles(buffers);
	canvas_restore(&canvas);
	CHECK_EQ(screen_backings(), 0);
}

/*
 * A storm: one thread draws all the time, the other takes and gives.
 */
static atomic_bool stop;
static unsigned int done, refused;

static void *keep_flushing(void *arg)
{
	unsigned int i = 0, shown = 0;
	int ret;

	(void)arg;
	while (!atomic_load(&stop)) {
		i++;
		if (i % 4) {
			ret = card_flush(&gpu, fbs[shown]);
		} else {
			ret = card_flip(&gpu, fbs[!shown]);
			shown ^= !ret;
		}
		CHECK(!ret || ret == -ENODEV, "flush %u: %s", i,
		      ktap_number(ret));
		done += !ret;
		refused += ret == -ENODEV;
	}
	return NULL;
}

static void storm(const void *arg)
{
	unsigned int complaints;
	unsigned int seed = 1, rounds = 0;
	uint64_t deadline;
	pthread_t thread;

	(void)arg;
	open_all();
	complaints = screen_complaints();
	CHECK(!pthread_create(&thread, NULL, keep_flushing, NULL), "no thread");
	deadline = now_ms() + STORM_MS;
	while (now_ms() < deadline) {
		usleep(rand_r(&seed) % 20000);
		canvas_revoke(&canvas);
		if (++rounds % 5 == 0)
			CHECK_EQ(screen_backings(), 0);
		if (rounds % 5 == 1)
			screen_sane(&gpu, 1, 2);
		usleep(rand_r(&seed) % 3000);
		canvas_restore(&canvas);
		if (rounds % 5 == 2)
			screen_sane(&gpu, 1, 2);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	note("%u revokes; %u times drawn, %u times refused", rounds, done,
	     refused);
	CHECK(rounds > 20 && done > 20 && refused,
	      "that was no storm");
	CHECK_EQ(card_show(&gpu, fbs[0], 0, 0), 0);
	check_works(5);
	/* Nothing was transferred from what was detached. */
	CHECK_EQ(screen_complaints(), complaints);
}

int revoke_suite(void)
{
	struct ktap_case cases[nr_revokers + 4];
	char names[nr_revokers][80];
	size_t nr = 0, i;

	for (i = 0; i < nr_revokers; i++) {
		if (revokers[i].in_child || revokers[i].nvme)
			continue;
		snprintf(names[i], sizeof(names[i]), "%s while it is shown",
			 revokers[i].name);
		cases[nr++] = (struct ktap_case) {
			names[i], by_vfio, &revokers[i], 0 };
	}
	cases[nr++] = (struct ktap_case) {
		"exporter killed while it is shown", exporter_killed, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"revoked while something else is shown", not_shown, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"closed while revoked", closed_while_revoked, NULL, 0 };
	cases[nr++] = (struct ktap_case) {
		"a storm of revokes while it is drawn", storm, NULL, 0 };
	return ktap_run(cases, nr);
}
