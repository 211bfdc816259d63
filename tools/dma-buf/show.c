// SPDX-License-Identifier: GPL-2.0
/* dmabufctl show: all that is known of one dma-buf */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffers.h"
#include "ctl.h"
#include "json.h"
#include "pci.h"

/* PID:FD as the inode number of the buffer that is open there */
static u64 ino_of_fd(const char *text)
{
	u64 pid, fd;
	struct buffer buf;
	char *left;

	left = strndup(text, strcspn(text, ":"));
	if (!left || !parse_number(left, &pid) ||
	    !parse_number(strchr(text, ':') + 1, &fd) ||
	    pid > INT_MAX || fd > INT_MAX)
		fail(CTL_USAGE, "such as: dmabufctl show 1234:5",
		     "'%s' is not PID:FD", text);
	free(left);
	if (buffer_of_fd(pid, fd, &buf))
		return buf.ino;
	switch (errno) {
	case ESRCH:
		fail(CTL_NOT_FOUND, NULL, "there is no process %d",
		     (int)pid);
	case EBADF:
		fail(CTL_NOT_FOUND, "ls -l /proc/PID/fd shows what it has open",
		     "process %d has no fd %d open", (int)pid, (int)fd);
	case EINVAL:
		fail(CTL_NOT_FOUND, "ls -l /proc/PID/fd shows what it is",
		     "fd %d of process %d is no dma-buf", (int)fd, (int)pid);
	default:
		fail(denied_or(CTL_FAILED),
		     "run this as the user of that process, or as root",
		     "cannot look into process %d: %s", (int)pid,
		     strerror(errno));
	}
}

static const char *state_says(const struct buffer *buf)
{
	if (!strcmp(buf->state, "live"))
		return "can be mapped";
	if (!strcmp(buf->state, "revoking"))
		return "being revoked: its exporter waits for importers to let go";
	if (!strcmp(buf->state, "revoked"))
		return "revoked by its exporter: nobody reaches it until it is restored";
	if (!strcmp(buf->state, "dead"))
		return "its exporter is gone, it can never be mapped again";
	return "a state that this program does not know";
}

static void text_described(const struct buffer *buf)
{
	char driver[64];

	printf("state      %s: %s\n", buf->state, state_says(buf));
	printf("ranges     %llu\n", buf->ranges);
	printf("provider   %s", buf->provider);
	if (pci_exists(buf->provider)) {
		pci_driver(buf->provider, driver, sizeof(driver));
		printf(" (%s, %s)", pci_id_text(buf->provider),
		       *driver ? driver : "no driver");
	}
	printf("\nmappings   %llu live, %llu severed and not yet unmapped by importers\n",
	       buf->mappings, buf->severed);
}

static void text_importers(const struct buffer *buf)
{
	char driver[64];
	size_t i;

	if (!buf->importers_known)
		puts("importers  not known: only debugfs tells, and only root reads it");
	else if (!buf->nr_importers)
		puts("importers  none");
	for (i = 0; i < buf->nr_importers; i++) {
		printf("%s%s", i ? "           " : "importers  ",
		       buf->importers[i]);
		if (pci_exists(buf->importers[i])) {
			pci_driver(buf->importers[i], driver, sizeof(driver));
			printf(" (%s)", *driver ? driver : "no driver");
		} else if (!strcmp(buf->importers[i], "iommu")) {
			printf(" (IOMMUFD)");
		}
		putchar('\n');
	}
}

static void text_buffer(const struct buffer *buf)
{
	size_t i;

	printf("dma-buf    %llu\n", buf->ino);
	printf("size       %s (%llu bytes)\n", size_text(buf->size),
	       buf->size);
	printf("exporter   %s\n", buf->exporter);
	if (*buf->name)
		printf("name       %s\n", buf->name);
	if (buf->described)
		text_described(buf);
	else
		puts("state      its exporter does not describe it, so there is none");
	text_importers(buf);
	if (!buf->nr_holders)
		puts("held by    no process that this user can see");
	for (i = 0; i < buf->nr_holders; i++)
		printf("%sprocess %d (%s) as fd %d\n",
		       i ? "           " : "held by    ", buf->holders[i].pid,
		       buf->holders[i].comm, buf->holders[i].fd);
	printf("references %llu: fds, importers, what maps it or is about to\n",
	       buf->count);
}

int cmd_show(int argc, char **argv)
{
	struct buffers bufs;
	struct buffer *buf;
	u64 ino;
	char *unseen;

	no_more_options(argc, argv);
	if (optind + 1 != argc)
		fail(CTL_USAGE, "dmabufctl list shows the inode numbers",
		     "show takes one buffer: INO or PID:FD");
	if (strchr(argv[optind], ':'))
		ino = ino_of_fd(argv[optind]);
	else if (!parse_number(argv[optind], &ino))
		fail(CTL_USAGE, "dmabufctl list shows the inode numbers",
		     "'%s' is neither INO nor PID:FD", argv[optind]);

	buffers_read(&bufs);
	unseen = buffers_unseen(&bufs);
	buf = buffers_find(&bufs, ino);
	if (!buf)
		fail(unseen ? CTL_DENIED : CTL_NOT_FOUND, unseen ?
		     "run this as root to be sure" :
		     "dmabufctl list shows those that there are",
		     "no dma-buf %llu%s%s", ino,
		     unseen ? " can be seen; not seen: " : "",
		     unseen ? unseen : "");
	if (ctl_json) {
		json_object(NULL);
		buffer_json("buffer", buf);
		json_text("unseen", unseen);
		json_end();
	} else {
		text_buffer(buf);
		if (unseen)
			printf("not seen   %s\n", unseen);
	}
	free(unseen);
	buffers_free(&bufs);
	return CTL_OK;
}
