/* SPDX-License-Identifier: GPL-2.0 */
/* The dma_buf_phys trace events, from a tracefs instance of this program's own */
#ifndef TRACE_H
#define TRACE_H

#include "types.h"

enum trace_kind {
	TRACE_MAP,
	TRACE_UNMAP,
	TRACE_SEVER,
	TRACE_REVOKE,		/* begins */
	TRACE_REVOKED,		/* is over */
	TRACE_RESTORE,
	TRACE_KILL,
	TRACE_KINDS,
};

extern const char * const trace_names[TRACE_KINDS];

struct trace_event {
	enum trace_kind kind;
	u64 ns;			/* of the kernel's monotonic clock */
	char task[40];			/* comm-pid */
	u64 ino;

	/* map, unmap, sever */
	char importer[64];
	char route[16];
	u64 offset, len;
	int ret;			/* map: 0 or -errno */

	/* the others */
	char exporter[64];
	u64 size;
};

/*
 * Starts, for so many seconds or (0) until a signal. The instance goes away with
 * this program. Exits on errors.
 */
void trace_begin(u64 seconds);
/* Waits for the next event. Return: false if it is over. */
bool trace_next(struct trace_event *event);
/* How many the kernel had no room for */
u64 trace_lost(void);

/* One line of trace_pipe; false if it is not an event of ours */
bool trace_parse(const char *line, struct trace_event *event);

#endif /* TRACE_H */
