// SPDX-License-Identifier: GPL-2.0
/* Files, memory, time and signals */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

static __noreturn void no_memory(void)
{
	fail(CTL_FAILED, NULL, "out of memory");
}

void *xcalloc(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	if (!p)
		no_memory();
	return p;
}

/* Room for one more than nr; grows at every power of two. */
void *xgrow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	array = reallocarray(array, nr ? 2 * nr : 1, size);
	if (!array)
		no_memory();
	return array;
}

char *xvprintf(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		no_memory();
	return text;
}

char *xprintf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = xvprintf(fmt, args);
	va_end(args);
	return text;
}

void xappend(char **list, const char *fmt, ...)
{
	char *item, *longer;
	va_list args;

	va_start(args, fmt);
	item = xvprintf(fmt, args);
	va_end(args);
	longer = xprintf("%s%s%s", *list, **list ? ", " : "", item);
	free(item);
	free(*list);
	*list = longer;
}

static char *read_all(int fd)
{
	size_t size = 4096, len = 0;
	char *text = NULL;
	ssize_t n;
	int error;

	do {
		if (!text || len + 1 == size) {
			size *= 2;
			text = realloc(text, size);
			if (!text)
				no_memory();
		}
		n = read(fd, text + len, size - len - 1);
		len += n > 0 ? n : 0;
	} while (n > 0);

	if (n < 0) {
		error = errno;
		free(text);
		errno = error;
		return NULL;
	}
	text[len] = 0;
	return text;
}

char *read_file_at(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	char *text;
	int error;

	if (fd < 0)
		return NULL;
	text = read_all(fd);
	error = errno;
	close(fd);
	errno = error;
	return text;
}

char *read_file(const char *path)
{
	return read_file_at(AT_FDCWD, path);
}

void link_name(const char *path, char *name, size_t size)
{
	char target[512];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	const char *last;

	*name = 0;
	if (len <= 0)
		return;
	target[len] = 0;
	last = strrchr(target, '/');
	copy_text(name, size, last ? last + 1 : target);
}

u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void block_signals(sigset_t *signals)
{
	struct sigaction hangup;

	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGQUIT);
	sigaddset(signals, SIGTERM);
	/* A signal that is waited for arrives even if nohup(1) ignores it. */
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN)
		sigaddset(signals, SIGHUP);
	sigprocmask(SIG_BLOCK, signals, NULL);
}
