/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test cases and their KTAP. Each case runs in a process of its own: what it
 * opened is closed when it ends, and a case that hangs or dies is one failure.
 */
#ifndef VM_KTAP_H
#define VM_KTAP_H

#include <stddef.h>

struct ktap_case {
	const char *name;
	void (*run)(const void *arg);
	const void *arg;
	unsigned int seconds;	/* guest time until it counts as hung; 0: 120 */
};

#define CASES(array)	(array), sizeof(array) / sizeof((array)[0])

/* Prints one result per case. Return: 0, 1 if a case failed, 4 if all skipped. */
int ktap_run(const struct ktap_case *cases, size_t nr);

/* The three ways out of a case, beside returning: that is a pass. */
_Noreturn void ktap_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* A line for whoever reads the log */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(cond, ...)						\
	do {								\
		if (!(cond))						\
			ktap_fail(__FILE_NAME__, __LINE__, __VA_ARGS__);	\
	} while (0)

/* Numbers, errnos as negative ones: both are shown if they differ. */
#define CHECK_EQ(is, should)						\
	do {								\
		long long is__ = (is), should__ = (should);		\
									\
		CHECK(is__ == should__, "%s is %s, should be %s", #is,	\
		      ktap_number(is__), ktap_number(should__));	\
	} while (0)

const char *ktap_number(long long value);

/* A process of a case; its failures become the case's by ktap_join(). */
int ktap_fork(void);
void ktap_join(int pid);

#endif
