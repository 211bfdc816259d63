// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"

enum { PASS = 0, FAIL = 1, SKIP = 4 };

/* Why a case is skipped travels to the parent through this pipe. */
static int reason_pipe[2];

void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

void ktap_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# %s:%d: ", file, line);
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
	_exit(FAIL);
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(reason_pipe[1], fmt, args);
	va_end(args);
	_exit(SKIP);
}

const char *ktap_number(long long value)
{
	static char text[4][48];
	static unsigned int next;
	char *out = text[next++ % 4];

	if (value < 0 && value > -4096)
		snprintf(out, sizeof(text[0]), "-%s", strerrorname_np(-value) ?: "?");
	else
		snprintf(out, sizeof(text[0]), "%lld (%#llx)", value, value);
	return out;
}

int ktap_fork(void)
{
	int pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0, "fork: %m");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

void ktap_join(int pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == PASS,
	      "a process of this test failed, wait status %#x", status);
}

static int run_case(const struct ktap_case *c, char *reason, size_t size)
{
	int status, pid;
	ssize_t len;

	if (pipe(reason_pipe))
		return FAIL;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(c->seconds ?: 120);
		c->run(c->arg);
		fflush(stdout);
		_exit(PASS);
	}
	close(reason_pipe[1]);
	if (waitpid(pid, &status, 0) != pid)
		status = FAIL << 8;
	/* Its own processes die with it; what they had open must be closed too. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	len = WIFEXITED(status) && WEXITSTATUS(status) == SKIP ?
	      read(reason_pipe[0], reason, size - 1) : 0;
	reason[len > 0 ? len : 0] = 0;
	close(reason_pipe[0]);

	if (WIFSIGNALED(status)) {
		note("%s: %s", c->name, WTERMSIG(status) == SIGALRM ?
		     "not done in time" : strsignal(WTERMSIG(status)));
		return FAIL;
	}
	return WEXITSTATUS(status);
}

int ktap_run(const struct ktap_case *cases, size_t nr)
{
	size_t failed = 0, skipped = 0, i;
	char reason[256];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	printf("KTAP version 1\n1..%zu\n", nr);
	for (i = 0; i < nr; i++) {
		int result = run_case(&cases[i], reason, sizeof(reason));

		failed += result != PASS && result != SKIP;
		skipped += result == SKIP;
		printf("%sok %zu %s%s%s\n",
		       result == PASS || result == SKIP ? "" : "not ",
		       i + 1, cases[i].name, result == SKIP ? " # SKIP " : "",
		       reason);
		fflush(stdout);
	}
	if (failed)
		return FAIL;
	return skipped == nr ? SKIP : PASS;
}
