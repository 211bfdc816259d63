// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "trace.h"

#define TRACEFS		"/sys/kernel/tracing"
#define EVENTS		"events/dma_buf_phys"

/* A reader of trace_pipe is woken when a buffer is half full: look this often. */
#define POLL_MS		200

static struct {
	char *instance;
	int pipe;
	int signals;
	u64 end;		/* on the clock of now_ns() */
	u64 lost;
	char text[65536];
	size_t len;
} trace = { .pipe = -1 };

static void remove_instance(void)
{
	if (trace.pipe >= 0)
		close(trace.pipe);
	rmdir(trace.instance);
}

static void set(const char *file, const char *value)
{
	char *path = xprintf("%s/%s", trace.instance, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail(denied_or(CTL_FAILED), NULL, "%s: %s", path,
		     strerror(errno));
	close(fd);
	free(path);
}

static void make_instance(void)
{
	if (access(TRACEFS "/" EVENTS, F_OK)) {
		if (errno == EACCES || errno == EPERM)
			fail(CTL_DENIED, "run this as root",
			     "only root may read " TRACEFS);
		fail(CTL_NOT_READY, access(TRACEFS "/events", F_OK) ?
		     "mount -t tracefs none " TRACEFS :
		     "it takes a kernel with described dma-bufs and CONFIG_FTRACE",
		     "there are no trace events dma_buf_phys");
	}
	trace.instance = xprintf(TRACEFS "/instances/dmabufctl-%d", getpid());
	if (mkdir(trace.instance, 0700))
		fail(denied_or(CTL_FAILED), "run this as root",
		     "cannot trace: %s: %s", trace.instance, strerror(errno));
	atexit(remove_instance);
}

void trace_begin(u64 seconds)
{
	sigset_t signals;
	char *path;

	/* From here on these end it by exit(), which removes the instance. */
	block_signals(&signals);
	signal(SIGPIPE, SIG_IGN);
	trace.signals = signalfd(-1, &signals, SFD_CLOEXEC);
	if (trace.signals < 0)
		fail(CTL_FAILED, NULL, "signalfd: %s", strerror(errno));
	make_instance();

	/* The clock of now_ns(), the same on all CPUs */
	set("trace_clock", "mono");
	path = xprintf("%s/trace_pipe", trace.instance);
	trace.pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace.pipe < 0)
		fail(denied_or(CTL_FAILED), NULL, "%s: %s", path,
		     strerror(errno));
	free(path);
	trace.end = seconds ? now_ns() + seconds * 1000000000 : ~0ull;
	set(EVENTS "/enable", "1");
}

u64 trace_lost(void)
{
	return trace.lost;
}

/* "CPU:1 [LOST 12 EVENTS]"; the number may be missing. */
static void count_lost(const char *line)
{
	const char *at = strstr(line, "[LOST ");
	unsigned long lost;

	if (!strncmp(line, "CPU:", 4) && at) {
		lost = strtoul(at + 6, NULL, 10);
		trace.lost += lost ? lost : 1;
	}
}

/* Takes a line if all of it has been read; false if there is none. */
static bool take_line(char *line, size_t size)
{
	char *end = memchr(trace.text, '\n', trace.len);
	size_t len;

	if (!end)
		return false;
	len = end - trace.text;
	snprintf(line, size, "%.*s", (int)len, trace.text);
	trace.len -= len + 1;
	memmove(trace.text, end + 1, trace.len);
	return true;
}

/* A signal ends it now; what came before that is still read. */
static void look_for_signal(int ms)
{
	struct pollfd fds[] = {
		{ .fd = trace.signals, .events = POLLIN },
		{ .fd = trace.pipe, .events = POLLIN },
	};
	u64 now;

	poll(fds, ms ? 2 : 1, ms);
	now = now_ns();
	if (fds[0].revents & POLLIN && now < trace.end)
		trace.end = now;
}

/* Return: false if it is over and nothing is left. */
static bool more_text(void)
{
	u64 now;
	ssize_t n;

	look_for_signal(0);
	now = now_ns();
	if (trace.len == sizeof(trace.text))
		trace.len = 0;
	n = read(trace.pipe, trace.text + trace.len,
		 sizeof(trace.text) - trace.len);
	if (n > 0) {
		trace.len += n;
		return true;
	}
	if (now >= trace.end)
		return false;
	if (trace.end - now < POLL_MS * 1000000ull)
		look_for_signal((trace.end - now) / 1000000 + 1);
	else
		look_for_signal(POLL_MS);
	return true;
}

bool trace_next(struct trace_event *event)
{
	char line[1024];

	do {
		while (take_line(line, sizeof(line))) {
			if (trace_parse(line, event))
				return event->ns <= trace.end;
			count_lost(line);
		}
	} while (more_text());
	return false;
}
