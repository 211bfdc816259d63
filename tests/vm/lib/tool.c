// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "sys.h"
#include "tool.h"

#define TOOL	"dmabufctl"

static const char *file_of(pid_t pid, const char *kind)
{
	return sys_path("/tmp/tool.%d.%s", pid, kind);
}

static void redirect(int to, const char *kind)
{
	int fd = open(file_of(getpid(), kind), O_WRONLY | O_CREAT | O_TRUNC,
		      0644);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(125);
	close(fd);
}

pid_t tool_start_as(uid_t user, const char *fmt, ...)
{
	char arguments[1024], command[1100];
	va_list args;
	pid_t pid;

	if (!sys_exists("/tmp/" TOOL))
		skip("no " TOOL " in this guest");
	va_start(args, fmt);
	vsnprintf(arguments, sizeof(arguments), fmt, args);
	va_end(args);
	/* Its end must be seen, and signals must reach it. */
	snprintf(command, sizeof(command), "exec " TOOL " %s", arguments);
	pid = ktap_fork();
	if (!pid) {
		redirect(1, "out");
		redirect(2, "err");
		if (user && (setgid(user) || setuid(user)))
			_exit(125);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(125);
	}
	return pid;
}

void tool_stop(struct tool *t, pid_t pid, int sig)
{
	int status;

	if (sig)
		kill(pid, sig);
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	CHECK(WIFEXITED(status), TOOL " died: wait status %#x", status);
	t->status = WEXITSTATUS(status);
	t->out = sys_slurp(file_of(pid, "out"));
	t->err = sys_slurp(file_of(pid, "err"));
	unlink(file_of(pid, "out"));
	unlink(file_of(pid, "err"));
}

void tool_expect(const struct tool *t, int status, const char *said)
{
	CHECK(t->status == status, "exit status %d, should be %d:\n%s%s",
	      t->status, status, t->out, t->err);
	CHECK(strstr(t->out, said) || strstr(t->err, said),
	      "it did not say '%s' but\n%s%s", said, t->out, t->err);
}

const char *tool_jq(const struct tool *t, bool slurp, const char *fmt, ...)
{
	char filter[2048], command[2200], in[64];
	static char said[4096];
	size_t len = 0;
	va_list args;
	FILE *file;
	int status;

	if (!sys_exists("/usr/bin/jq"))
		skip("no jq in this guest");
	va_start(args, fmt);
	vsnprintf(filter, sizeof(filter), fmt, args);
	va_end(args);

	snprintf(in, sizeof(in), "/tmp/jq.%d", getpid());
	file = fopen(in, "w");
	CHECK(file && fputs(t->out, file) >= 0 && !fclose(file), "%s: %m", in);
	snprintf(command, sizeof(command), "jq -e -r %s '%s' <%s 2>&1",
		 slurp ? "-s" : "", filter, in);
	file = popen(command, "r");
	CHECK(file, "popen: %m");
	len = fread(said, 1, sizeof(said) - 1, file);
	said[len] = 0;
	said[strcspn(said, "\n")] = 0;
	status = pclose(file);
	unlink(in);
	/* 1 is for false and null, which are answers. */
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1 && len,
	      "jq '%s': %s:\n%s", filter, said, t->out);
	return said;
}
