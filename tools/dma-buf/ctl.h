/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of dmabufctl share: verbs, exit status, messages, helpers */
#ifndef CTL_H
#define CTL_H

#include <signal.h>
#include <stdarg.h>

#include "types.h"

/* Exit status, as in dmabufctl.8 */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1,		/* the kernel refused, or it went wrong */
	CTL_USAGE = 2,		/* a wrong call: option, number, range */
	CTL_NOT_FOUND = 3,	/* no such device, BAR or buffer */
	CTL_DENIED = 4,		/* this user may not */
	CTL_NOT_READY = 5,	/* not bound to vfio-pci, or not in this kernel */
	CTL_NO_ROUTE = 6,	/* reach: the device cannot reach the other */
	CTL_UNKNOWN = 7,	/* reach: what decides is hidden from this user */
};

/* --json */
extern bool ctl_json;

int cmd_list(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_reach(int argc, char **argv);

/*
 * What failed and why, and in another line what to do about it (NULL: nothing),
 * then exit. With --json it is an object, so nothing else may be printed before.
 */
__noreturn void fail(int code, const char *todo, const char *fmt, ...)
	__printf(3, 4);
/* For an option that getopt_long() has complained of */
__noreturn void fail_option(void);
/* For a verb that has none; optind is then its first argument. */
void no_more_options(int argc, char **argv);
/* CTL_DENIED if that is what errno means, else otherwise */
int denied_or(int otherwise);

/* Bytes for people, such as 12K or 16M; in one of a few static buffers */
const char *size_text(u64 bytes);
/* Parse such text, or a number, which may be 0x...; false if it is neither. */
bool parse_size(const char *text, u64 *value);
bool parse_number(const char *text, u64 *value);

/* A copy with ? for each character that would steer a terminal */
void copy_text(char *to, size_t size, const char *from);

/* The whole of a file of any size, to be freed, or NULL and errno */
char *read_file(const char *path);
char *read_file_at(int dir, const char *path);
/* The name that a link ends in, "" if there is no link */
void link_name(const char *path, char *name, size_t size);

void *xcalloc(size_t nr, size_t size);
void *xgrow(void *array, size_t nr, size_t size);
char *xvprintf(const char *fmt, va_list args) __printf(1, 0);
char *xprintf(const char *fmt, ...) __printf(1, 2);
/* Adds to a list with commas between; *list is "" at first, and is replaced. */
void xappend(char **list, const char *fmt, ...) __printf(2, 3);

u64 now_ns(void);
/* Such as 1.234 ms; static like size_text() */
const char *time_text(u64 ns);

/* Blocks what users end programs with, so that the caller can wait for it. */
void block_signals(sigset_t *signals);

#endif /* CTL_H */
