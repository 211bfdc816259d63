// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffers.h"
#include "bufinfo.h"
#include "ctl.h"
#include "procs.h"

struct buffer *buffers_find(struct buffers *bufs, u64 ino)
{
	size_t i;

	for (i = 0; i < bufs->nr; i++)
		if (bufs->all[i].ino == ino)
			return &bufs->all[i];
	return NULL;
}

static struct buffer *add_buffer(struct buffers *bufs, const struct buffer *buf)
{
	bufs->all = xgrow(bufs->all, bufs->nr, sizeof(*bufs->all));
	bufs->all[bufs->nr] = *buf;
	return &bufs->all[bufs->nr++];
}

static void found_in_debugfs(const struct buffer *buf, void *arg)
{
	add_buffer(arg, buf);
}

/*
 * The same buffer may be open in many processes, and may have been made after
 * debugfs was read.
 */
static void found_in_proc(const struct holder *holder, const struct buffer *buf,
			  void *arg)
{
	struct buffers *bufs = arg;
	struct buffer *known = buffers_find(bufs, buf->ino);

	if (!known)
		known = add_buffer(bufs, buf);
	known->holders = xgrow(known->holders, known->nr_holders,
			       sizeof(*known->holders));
	known->holders[known->nr_holders++] = *holder;
}

static int by_ino(const void *a, const void *b)
{
	const struct buffer *one = a, *other = b;

	return (one->ino > other->ino) - (one->ino < other->ino);
}

void buffers_read(struct buffers *bufs)
{
	char *text;

	memset(bufs, 0, sizeof(*bufs));
	text = read_file(BUFINFO);
	if (text)
		bufinfo_parse(text, found_in_debugfs, bufs);
	else
		bufs->debugfs_error = errno;
	free(text);
	bufs->hidden = procs_walk(found_in_proc, bufs);
	if (bufs->nr)
		qsort(bufs->all, bufs->nr, sizeof(*bufs->all), by_ino);
}

void buffers_free(struct buffers *bufs)
{
	size_t i;

	for (i = 0; i < bufs->nr; i++) {
		free(bufs->all[i].importers);
		free(bufs->all[i].holders);
	}
	free(bufs->all);
	memset(bufs, 0, sizeof(*bufs));
}

static const char *debugfs_reason(int error)
{
	if (error == EACCES || error == EPERM)
		return "only root may read it";
	if (error == ENOENT)
		return "debugfs is not mounted, or the kernel has none";
	return strerror(error);
}

char *buffers_unseen(const struct buffers *bufs)
{
	char *debugfs, *procs, *all;

	if (!bufs->debugfs_error && !bufs->hidden)
		return NULL;
	debugfs = bufs->debugfs_error ?
		xprintf("importers, and buffers that no process has open: %s: %s",
			BUFINFO, debugfs_reason(bufs->debugfs_error)) :
		xprintf("%s", "");
	procs = bufs->hidden ?
		xprintf("what others have open, in %u process%s: only they and root may look",
			bufs->hidden, bufs->hidden > 1 ? "es" : "") :
		xprintf("%s", "");
	all = xprintf("%s%s%s", debugfs, *debugfs && *procs ? "; " : "", procs);
	free(debugfs);
	free(procs);
	return all;
}
