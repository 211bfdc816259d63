// SPDX-License-Identifier: GPL-2.0
/* How dmabufctl speaks: errors, numbers, text of others */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl.h"
#include "json.h"

bool ctl_json;

void fail(int code, const char *todo, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	fprintf(stderr, "dmabufctl: %s\n", text);
	if (todo)
		fprintf(stderr, "  %s\n", todo);
	if (ctl_json) {
		json_object(NULL);
		json_text("error", text);
		json_text("do", todo);
		json_number("status", code);
		json_end();
	}
	exit(code);
}

void fail_option(void)
{
	fail(CTL_USAGE, "'dmabufctl help' lists verbs and options",
	     "unknown option, or an option without its value");
}

void no_more_options(int argc, char **argv)
{
	static const struct option none[] = { {} };

	if (getopt_long(argc, argv, "+", none, NULL) != -1)
		fail_option();
}

int denied_or(int otherwise)
{
	return errno == EACCES || errno == EPERM ? CTL_DENIED : otherwise;
}

static char *text_buffer(void)
{
	static char texts[8][48];
	static unsigned int next;

	return texts[next++ % 8];
}

const char *size_text(u64 bytes)
{
	static const char units[] = "\0KMGTPE";
	char *text = text_buffer();
	int unit = 0;

	while (bytes && !(bytes % 1024) && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, 48, "%llu%.1s", bytes, units + unit);
	return text;
}

const char *time_text(u64 ns)
{
	char *text = text_buffer();

	if (ns < 1000000)
		snprintf(text, 48, "%.1f us", ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, 48, "%.3f ms", ns / 1e6);
	else
		snprintf(text, 48, "%.3f s", ns / 1e9);
	return text;
}

/*
 * strtoull() takes signs and white space, too; and leading zeros, as the kernel
 * writes them in debugfs, do not make a number octal.
 */
static bool parse_digits(const char *text, u64 *value, char **end)
{
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, end, strncasecmp(text, "0x", 2) ? 10 : 16);
	return !errno;
}

bool parse_number(const char *text, u64 *value)
{
	char *end;

	return parse_digits(text, value, &end) && !*end;
}

bool parse_size(const char *text, u64 *value)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	int shift;

	if (!parse_digits(text, value, &end))
		return false;
	if (!*end)
		return true;
	unit = strchr(units, toupper((unsigned char)*end));
	if (!unit || end[1])
		return false;
	shift = 10 * (unit - units + 1);
	if (*value << shift >> shift != *value)
		return false;
	*value <<= shift;
	return true;
}

void copy_text(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; from[i] && i + 1 < size; i++) {
		unsigned char c = from[i], next = from[i + 1];
		/* U+0080 to U+009f, of which one does what ESC [ does */
		bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;

		to[i] = iscntrl(c) || c1 ? '?' : c;
	}
	to[i] = 0;
}
