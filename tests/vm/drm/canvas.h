/* SPDX-License-Identifier: GPL-2.0 */
/* Pieces of the exporter's BAR to draw pictures into */
#ifndef DRM_CANVAS_H
#define DRM_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "card.h"
#include "machine.h"

/**
 * struct canvas - a buffer in a BAR
 * @exp: whose BAR it is
 * @l: which pieces of it
 * @dmabuf: the buffer
 */
struct canvas {
	struct exporter exp;
	struct layout l;
	int dmabuf;
};

/*
 * Room for size bytes in that many pieces, scattered and in no order; two to six
 * of them end in the middle of a line of usual length. Fails the test.
 */
void canvas_open(struct canvas *c, uint64_t size, unsigned int pieces);
/* The CPU draws that picture, by the BAR. */
void canvas_draw(struct canvas *c, const struct shape *shape, unsigned int nr);
/* How many the core counts */
int canvas_mappings(const struct canvas *c);

/* Long before the core would help itself */
#define REVOKE_MS	5000

/*
 * The exporter takes the memory, in time, and nobody has it mapped any more; it
 * gives it again. Fails the test.
 */
void canvas_revoke(struct canvas *c);
void canvas_restore(struct canvas *c);

/* A framebuffer's room, in bytes from the buffer's begin */
uint64_t shape_end(const struct shape *shape);

/* The same in memory that lies in one piece */
void memory_draw(void *map, const struct shape *shape, unsigned int nr);

/*
 * As many buffers as there were: one that was on the screen is let go of by a
 * thread of the kernel, a little late. Fails the test.
 */
void canvas_settles(long buffers);

/* Does the kernel describe buffers: is it ours? */
bool canvas_described(const struct canvas *c);
/*
 * Import: skips the case where an unmodified kernel says EOPNOTSUPP, fails the
 * test for any other error.
 */
uint32_t canvas_import(const struct canvas *c, struct card *card);
/* A framebuffer on it that can be shown; fails the test. */
uint32_t frame_add(struct card *card, uint32_t handle,
		   const struct shape *shape);

#endif
