// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bufinfo.h"
#include "ctl.h"
#include "procs.h"

/* What the link of a dma-buf's fd begins with; its name follows. */
#define DMABUF_LINK	"/dmabuf:"

struct walk {
	/* For each open file whose link is or begins with this: */
	const char *link;
	bool whole;
	void (*file)(struct walk *walk, int pid, int fd);
	unsigned int hidden;

	void (*found)(const struct holder *holder, const struct buffer *buf,
		      void *arg);
	void *arg;
	char *who;
	int last;		/* pid that is in who already */
};

bool buffer_of_fd(int pid, int fd, struct buffer *buf)
{
	char *path = xprintf("/proc/%d/fdinfo/%d", pid, fd);
	char *text = read_file(path);
	bool good;

	free(path);
	if (!text) {
		path = xprintf("/proc/%d", pid);
		if (errno == ENOENT)
			errno = access(path, F_OK) ? ESRCH : EBADF;
		free(path);
		return false;
	}
	good = fdinfo_parse(text, buf);
	free(text);
	errno = EINVAL;
	return good;
}

static void read_comm(int pid, char *comm, size_t size)
{
	char *path = xprintf("/proc/%d/comm", pid);
	char *text = read_file(path);

	if (text)
		text[strcspn(text, "\n")] = 0;
	copy_text(comm, size, text ? text : "?");
	free(text);
	free(path);
}

static bool is_number(const char *text)
{
	return isdigit((unsigned char)*text);
}

/* Kernel threads and the dead have no command line, and no files of users. */
static bool is_process(int pid)
{
	char *path = xprintf("/proc/%d/cmdline", pid);
	char *text = read_file(path);
	bool is = text && *text;

	free(text);
	free(path);
	return is;
}

static void walk_files(struct walk *walk, int pid, DIR *dir)
{
	size_t len = strlen(walk->link);
	struct dirent *entry;
	char target[256];
	ssize_t n;

	while ((entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		n = readlinkat(dirfd(dir), entry->d_name, target,
			       sizeof(target) - 1);
		if (n < (ssize_t)len)
			continue;
		target[n] = 0;
		if (!strncmp(target, walk->link, len) &&
		    (!walk->whole || !target[len]))
			walk->file(walk, pid, atoi(entry->d_name));
	}
}

static void walk_processes(struct walk *walk)
{
	struct dirent *entry;
	DIR *proc, *dir;
	char *path;
	int pid;

	proc = opendir("/proc");
	if (!proc)
		fail(CTL_NOT_READY, "mount -t proc none /proc",
		     "/proc: %s", strerror(errno));
	while ((entry = readdir(proc))) {
		if (!is_number(entry->d_name))
			continue;
		pid = atoi(entry->d_name);
		path = xprintf("/proc/%d/fd", pid);
		dir = opendir(path);
		free(path);
		if (dir) {
			walk_files(walk, pid, dir);
			closedir(dir);
		} else if ((errno == EACCES || errno == EPERM) &&
			   is_process(pid)) {
			walk->hidden++;
		}
	}
	closedir(proc);
}

static void found_buffer(struct walk *walk, int pid, int fd)
{
	struct holder holder = { .pid = pid, .fd = fd };
	struct buffer buf;

	/* It may be closed by now. */
	if (!buffer_of_fd(pid, fd, &buf))
		return;
	read_comm(pid, holder.comm, sizeof(holder.comm));
	walk->found(&holder, &buf, walk->arg);
}

unsigned int procs_walk(void (*found)(const struct holder *holder,
				      const struct buffer *buf, void *arg),
			void *arg)
{
	struct walk walk = {
		.link = DMABUF_LINK,
		.file = found_buffer,
		.found = found,
		.arg = arg,
	};

	walk_processes(&walk);
	return walk.hidden;
}

static void found_path(struct walk *walk, int pid, int fd)
{
	char comm[32];

	(void)fd;
	if (pid == walk->last || pid == getpid())
		return;
	walk->last = pid;
	read_comm(pid, comm, sizeof(comm));
	xappend(&walk->who, "%s (process %d)", comm, pid);
}

char *procs_who_has(const char *path)
{
	struct walk walk = {
		.link = path,
		.whole = true,
		.file = found_path,
		.who = xprintf("%s", ""),
	};

	walk_processes(&walk);
	return walk.who;
}
