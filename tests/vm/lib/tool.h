/* SPDX-License-Identifier: GPL-2.0 */
/* dmabufctl, as its users call it */
#ifndef VM_TOOL_H
#define VM_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of the last call */
struct tool {
	int status;
	char *out, *err;
};

#define TOOL_ROOT	0
#define TOOL_NOBODY	65534

/*
 * "dmabufctl", arguments as a shell reads them, with this process's fds; its output
 * goes to a file until tool_stop(). Skips the case where there is no dmabufctl.
 */
pid_t tool_start_as(uid_t user, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Sends a signal, unless that is 0, and waits for its end. */
void tool_stop(struct tool *t, pid_t pid, int sig);

#define tool_start(...)	tool_start_as(TOOL_ROOT, __VA_ARGS__)
#define tool_run(t, ...) \
	tool_stop(t, tool_start(__VA_ARGS__), 0)
#define tool_run_nobody(t, ...) \
	tool_stop(t, tool_start_as(TOOL_NOBODY, __VA_ARGS__), 0)

/* Fails the test unless status and a part of what it said are these. */
void tool_expect(const struct tool *t, int status, const char *said);

/*
 * What a jq filter makes of the output; fails the test if that is no JSON, or if
 * the filter yields nothing. slurp: the output is many objects, taken as an array.
 */
const char *tool_jq(const struct tool *t, bool slurp, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* That, and it must be so. */
#define TOOL_JQ_IS(t, slurp, should, ...)				\
	do {								\
		const char *is__ = tool_jq(t, slurp, __VA_ARGS__);	\
									\
		CHECK(!strcmp(is__, should), "jq says '%s', should be '%s':\n%s", \
		      is__, should, (t)->out);				\
	} while (0)

#endif
