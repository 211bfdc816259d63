// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "host.h"
#include "ktap.h"

#define HOST	"/dev/ttyS3"

/* One question at a time: the answers do not say whose they are. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* A port that QEMU does not have can be opened, but is no terminal. */
static int host_open(void)
{
	struct termios raw;
	int fd;

	fd = open(HOST, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &raw)) {
		close(fd);
		return -1;
	}
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
	return fd;
}

void host_need(void)
{
	int fd = host_open();

	if (fd < 0)
		skip("nobody listens at " HOST ": scripts/vm --host");
	close(fd);
}

void host_ask(char *answer, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len = 0;
	int fd;

	pthread_mutex_lock(&turn);
	fd = host_open();
	CHECK(fd >= 0, HOST ": %m");
	va_start(args, fmt);
	CHECK(vdprintf(fd, fmt, args) > 0 && write(fd, "\n", 1) == 1,
	      HOST ": %m");
	va_end(args);
	while (len < size - 1 && read(fd, answer + len, 1) == 1 &&
	       answer[len] != '\n')
		len++;
	answer[len] = 0;
	close(fd);
	pthread_mutex_unlock(&turn);
}

static void ask(const char *verb, const char *id)
{
	char line[256];

	host_ask(line, sizeof(line), "%s %s", verb, id);
	CHECK(!strcmp(line, "ok"), "%s %s: %s", verb, id, line);
}

void host_unplug(const char *id)
{
	ask("device_del", id);
}

void host_plug(const char *id)
{
	ask("device_add", id);
}
