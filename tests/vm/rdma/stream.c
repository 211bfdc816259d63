// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "ktap.h"
#include "stream.h"
#include "sys.h"

/* Requests under way at a time, so that one is always being carried out */
#define AT_A_TIME	4u

static void post_next(struct stream *s, unsigned int nr)
{
	const struct region *local = s->first.local;

	if (s->receiver)
		work_receive(s->receiver, s->room, 0, s->first.len);
	if (local->mem)
		memset(local->mem + s->first.at, nr, s->first.len);
	work_post(&s->first);
}

/*
 * The first that failed by itself. rxe flushes older requests before it, which
 * were sent and not acknowledged yet.
 */
static void note_status(enum ibv_wc_status *first, enum ibv_wc_status status)
{
	if (*first == IBV_WC_SUCCESS || *first == IBV_WC_WR_FLUSH_ERR)
		*first = status;
}

static void *work_on(void *arg)
{
	struct stream *s = arg;
	unsigned int posted = 0, answered = 0;
	bool failed = false;

	do {
		while (!failed && !atomic_load(&s->stop) &&
		       posted < answered + AT_A_TIME)
			post_next(s, posted++);
		if (answered == posted)
			break;
		answered++;
		note_status(&s->status, work_wait(s->first.by).status);
		if (s->receiver && !failed)
			s->received = work_wait(s->receiver).status;
		failed = s->status != IBV_WC_SUCCESS ||
			 s->received != IBV_WC_SUCCESS;
		if (!failed)
			atomic_fetch_add(&s->done, 1);
	} while (1);
	return NULL;
}

void stream_begin(struct stream *s)
{
	uint64_t deadline = now_ms() + 20000;

	s->status = IBV_WC_SUCCESS;
	s->received = IBV_WC_SUCCESS;
	atomic_store(&s->stop, false);
	atomic_store(&s->done, 0);
	CHECK(!pthread_create(&s->thread, NULL, work_on, s), "no thread");
	while (!atomic_load(&s->done)) {
		CHECK(now_ms() < deadline && s->status == IBV_WC_SUCCESS,
		      "the stream does not begin: %s",
		      ibv_wc_status_str(s->status));
		sleep_ms(1);
	}
}

void stream_end(struct stream *s)
{
	pthread_join(s->thread, NULL);
}

void stream_stop(struct stream *s)
{
	atomic_store(&s->stop, true);
	stream_end(s);
}
