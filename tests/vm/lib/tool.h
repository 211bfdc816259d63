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

/* "dmabufctl", arguments as a shell reads them. Skips the case without it. */
void tool_run(struct tool *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same as somebody who may nothing, and has inherited this process's fds */
void tool_run_nobody(struct tool *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* In the background, its output to a file until tool_stop() */
pid_t tool_start(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A signal, and its end; 0: wait only */
void tool_stop(struct tool *t, pid_t pid, int sig);

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
