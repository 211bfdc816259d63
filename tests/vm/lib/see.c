// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "see.h"
#include "sys.h"

const char *fdinfo(int fd, const char *key)
{
	static char values[4][128];
	static unsigned int next;
	char text[4096], *line, *save = NULL;
	char *value = values[next++ % 4];
	size_t len = strlen(key);

	*value = 0;
	sys_read(sys_path("/proc/self/fdinfo/%d", fd), text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, len) && line[len] == ':')
			snprintf(value, sizeof(values[0]), "%s",
				 line + len + 1 + strspn(line + len + 1, " \t"));
	return value;
}

void kmsg_open(struct kmsg *log)
{
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(log->fd >= 0, "/dev/kmsg: %m");
	lseek(log->fd, 0, SEEK_END);
}

bool kmsg_find(struct kmsg *log, const char *regex, unsigned int ms, char *line,
	       size_t size)
{
	uint64_t deadline = now_ms() + ms;
	bool found = false;
	char record[4096];
	regex_t re;
	ssize_t n;

	CHECK(!regcomp(&re, regex, REG_EXTENDED | REG_NOSUB), "bad regex");
	while (!found) {
		n = read(log->fd, record, sizeof(record) - 1);
		if (n <= 0) {
			if (now_ms() >= deadline)
				break;
			sleep_ms(10);
			continue;
		}
		record[n] = 0;
		/* "priority,sequence,time,flags;text\n key=value..." */
		record[strcspn(record, "\n")] = 0;
		if (!strchr(record, ';'))
			continue;
		snprintf(line, size, "%s", strchr(record, ';') + 1);
		found = !regexec(&re, line, 0, NULL, 0);
	}
	regfree(&re);
	return found;
}
