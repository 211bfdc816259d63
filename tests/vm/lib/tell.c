// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "see.h"
#include "tell.h"

static unsigned int held, broken;

static void line(const char *begin, const char *fmt, va_list args)
{
	printf("%s", begin);
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
}

void chapter(const char *title)
{
	printf("\n%s\n", title);
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("   ", fmt, args);
	va_end(args);
}

void claim(bool holds, const char *fmt, ...)
{
	va_list args;

	*(holds ? &held : &broken) += 1;
	va_start(args, fmt);
	line(holds ? " + " : " NOT ", fmt, args);
	va_end(args);
}

void say_layout(const struct layout *l)
{
	uint64_t at = 0;
	size_t i;

	for (i = 0; i < l->nr; i++) {
		say("    buffer %#7llx = BAR2 + %#8llx, %llu KiB",
		    (unsigned long long)at, l->ranges[i].offset,
		    l->ranges[i].length >> 10);
		at += l->ranges[i].length;
	}
}

void say_state(int dmabuf)
{
	say("the core says: %s, %s ranges of %s, %s mappings",
	    fdinfo(dmabuf, "phys_state"), fdinfo(dmabuf, "phys_ranges"),
	    fdinfo(dmabuf, "phys_provider"), fdinfo(dmabuf, "phys_mappings"));
}

int tell_end(void)
{
	printf("\n%u claims held, %u did not.\n", held, broken);
	return broken || !held;
}
