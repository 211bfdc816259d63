/* SPDX-License-Identifier: GPL-2.0 */
/* An exporter with a buffer of three ranges, an importer, and its device at work */
#ifndef VM_PAIR_H
#define VM_PAIR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "importer.h"
#include "machine.h"

struct pair {
	struct exporter exp;
	struct layout l;
	int dmabuf;
	struct importer imp;

	/* the device, writing at all times */
	pthread_t thread;
	atomic_bool stop;
	atomic_uint done;
	long ret;		/* of the last write; valid after pair_join() */
};

/*
 * Skip the case where there is no such importer, or where nothing could stop its
 * device; then open both, export, map, see it work.
 */
void pair_open(struct pair *p, const struct importer_ops *ops);
/* The same for an exporter that is open, whatever its device. */
void pair_import(struct pair *p, const struct importer_ops *ops);

/*
 * Write all the time: the domain target goes on whatever happens, since its
 * device does not know; the device target ends at the first error.
 */
void pair_write(struct pair *p);
/* Stop it, or wait for its first error. */
void pair_stop(struct pair *p);
void pair_join(struct pair *p);

/* Bytes over a range's end by the device; all of the BAR by the CPU. */
void pair_works(struct pair *p, uint64_t seed);
/* What fdinfo says; nothing is mapped unless it is live. */
void pair_state(struct pair *p, const char *state);
/* A map gets -ENODEV. */
void pair_refused(struct pair *p);
/*
 * Nothing lands in the BAR, which the CPU must see; a domain target's device
 * must be writing all the while.
 */
void pair_quiet(struct pair *p);
/* Map again what was revoked; the sample driver does that by itself. */
void pair_again(struct pair *p);

/* Let go of a domain target's device; its address space stays. */
void pair_close_device(struct pair *p);

/* How many dma-bufs the kernel has */
int buffers_left(void);

#endif
