// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "sys.h"

size_t sys_read(const char *path, char *text, size_t size)
{
	size_t done = 0;
	ssize_t n = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		while (done < size - 1 &&
		       (n = read(fd, text + done, size - 1 - done)) > 0)
			done += n;
		close(fd);
	}
	text[done] = 0;
	return done;
}

char *sys_slurp(const char *path)
{
	size_t size = 1 << 20;
	char *text;

	CHECK(sys_exists(path), "%s: %m", path);
	for (;;) {
		text = malloc(size);
		CHECK(text, "no memory for %s", path);
		if (sys_read(path, text, size) < size - 1)
			return text;
		free(text);
		size *= 2;
	}
}

int sys_write(const char *path, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = 0;
	int fd;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some files take a word at a time. */
	do {
		n = write(fd, text, len);
		if (n < 0)
			n = -errno;
		if (n > 0) {
			text += n;
			len -= n;
		}
	} while (n > 0 && len);
	close(fd);
	return n < 0 ? n : 0;
}

bool sys_exists(const char *path)
{
	return !access(path, F_OK);
}

char *sys_path(const char *fmt, ...)
{
	static __thread char paths[4][512];
	static __thread unsigned int next;
	char *path = paths[next++ % 4];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(paths[0]), fmt, args);
	va_end(args);
	return path;
}

long sys_ioctl(int fd, unsigned long request, void *arg)
{
	long ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000l };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}
