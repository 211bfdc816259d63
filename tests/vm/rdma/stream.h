/* SPDX-License-Identifier: GPL-2.0 */
/* One request after the other, several at a time, until one fails */
#ifndef RDMA_STREAM_H
#define RDMA_STREAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "work.h"

/**
 * struct stream - requests without an end
 * @first: what is asked again and again; each time with other bytes if its local
 *	region is memory
 * @receiver: who has to make room first, if they are sends; in @room
 * @room: where they arrive
 * @thread, @stop: its own
 * @done: requests that were answered well
 * @status: of the first that failed by itself, valid after stream_end()
 * @received: the same of the receiver's end
 */
struct stream {
	struct work first;
	struct endpoint *receiver;
	const struct region *room;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint done;
	enum ibv_wc_status status;
	enum ibv_wc_status received;
};

/* Returns when it is under way: the caller fills in what comes before @thread. */
void stream_begin(struct stream *s);
/* Wait for its first failure. */
void stream_end(struct stream *s);
/* End it if it does not by itself. */
void stream_stop(struct stream *s);

#endif
