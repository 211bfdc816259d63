/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dma-bufs that can be seen: debugfs has all of them and who imports each,
 * /proc/PID/fdinfo has those that some process has open, and who that is.
 */
#ifndef BUFFERS_H
#define BUFFERS_H

#include "types.h"

struct holder {
	int pid;
	int fd;
	char comm[32];
};

struct buffer {
	u64 ino;
	u64 size;
	u64 count;		/* references to its file */
	char exporter[64];
	char name[64];		/* "" if it has none */

	/* Only if its exporter described it: */
	bool described;
	char state[16];
	char provider[32];	/* PCI address, "none" */
	u64 ranges;
	u64 mappings;	/* live ones */
	u64 severed;

	/* Only from debugfs: */
	bool importers_known;
	size_t nr_importers;
	char (*importers)[64];

	size_t nr_holders;
	struct holder *holders;
};

struct buffers {
	size_t nr;
	struct buffer *all;
	int debugfs_error;	/* errno why debugfs was not read, 0 if it was */
	unsigned int hidden;	/* processes that this user may not look into */
};

#define BUFINFO	"/sys/kernel/debug/dma_buf/bufinfo"

void buffers_read(struct buffers *bufs);
void buffers_free(struct buffers *bufs);
/* NULL if it is not among them */
struct buffer *buffers_find(struct buffers *bufs, u64 ino);

/*
 * What a process has open as fd. Return: false and errno; EBADF if it has no such
 * fd, EINVAL if that is no dma-buf.
 */
bool buffer_of_fd(int pid, int fd, struct buffer *buf);

/* All of it as an object of JSON */
void buffer_json(const char *key, const struct buffer *buf);

/* What could not be seen and why, NULL if nothing was hidden; to be freed */
char *buffers_unseen(const struct buffers *bufs);

#endif /* BUFFERS_H */
