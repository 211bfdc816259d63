// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of trace_pipe, such as
 *
 *     cat-12      [001] ..... 12.345678: dma_buf_phys_map: ino=3 importer=...
 *
 * A task's name may have anything in it: the event's name is looked for after it,
 * and the task ends at the last " [" before the event's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "trace.h"

#define PREFIX		": dma_buf_phys_"
#define COMM_WIDTH	16	/* of a task's name in trace_pipe */

const char * const trace_names[TRACE_KINDS] = {
	[TRACE_MAP] = "map",
	[TRACE_UNMAP] = "unmap",
	[TRACE_SEVER] = "sever",
	[TRACE_REVOKE] = "revoke",
	[TRACE_REVOKED] = "revoked",
	[TRACE_RESTORE] = "restore",
	[TRACE_KILL] = "kill",
};

/* The value between "key=" and the next key, as names may have spaces */
static bool field(const char *text, const char *key, const char *next,
		  char *value, size_t size)
{
	const char *start = strstr(text, key), *end;
	char copy[256];

	if (!start)
		return false;
	start += strlen(key);
	end = next ? strstr(start, next) : start + strlen(start);
	if (!end)
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)(end - start), start);
	copy_text(value, size, copy);
	return true;
}

static bool number(const char *text, const char *key, u64 *value)
{
	const char *at = strstr(text, key);

	if (!at)
		return false;
	*value = strtoull(at + strlen(key), NULL, 0);
	return true;
}

static bool parse_mapping(const char *text, struct trace_event *event)
{
	const char *at = strstr(text, " route=");
	u64 ret;

	/* Keys are looked for after the importer's name, which is free text. */
	if (!number(text, "ino=", &event->ino) ||
	    !field(text, "importer=", " route=", event->importer,
		   sizeof(event->importer)) || !at ||
	    !field(at, "route=", " ", event->route, sizeof(event->route)) ||
	    !number(at, "offset=", &event->offset) ||
	    !number(at, "len=", &event->len) || !number(at, "ret=", &ret))
		return false;
	event->ret = ret;
	return true;
}

static bool parse_buffer(const char *text, struct trace_event *event)
{
	return field(text, "exp_name=", " size=", event->exporter,
		     sizeof(event->exporter)) &&
	       number(text, "size=", &event->size) &&
	       number(text, "ino=", &event->ino);
}

/* Seconds and their fraction, which is of microseconds */
static bool parse_head(const char *line, const char *name,
		       struct trace_event *event)
{
	unsigned long long seconds, fraction;
	const char *at = name, *bracket;
	char task[64];
	size_t len;

	while (at > line && at[-1] != ' ')
		at--;
	if (sscanf(at, "%llu.%6llu", &seconds, &fraction) != 2)
		return false;
	event->ns = seconds * 1000000000 + fraction * 1000;

	for (bracket = at; bracket > line + 1; bracket--)
		if (bracket[0] == '[' && bracket[-1] == ' ')
			break;
	line += strspn(line, " ");
	if (bracket <= line)
		return false;
	len = bracket - line;
	while (len && line[len - 1] == ' ')
		len--;
	snprintf(task, sizeof(task), "%.*s", (int)len, line);
	copy_text(event->task, sizeof(event->task), task);
	return true;
}

bool trace_parse(const char *line, struct trace_event *event)
{
	const char *name = NULL, *text;
	size_t len;
	int kind;

	if (strlen(line) > COMM_WIDTH)
		name = strstr(line + COMM_WIDTH, PREFIX);
	if (!name)
		return false;
	memset(event, 0, sizeof(*event));
	if (!parse_head(line, name, event))
		return false;
	name += strlen(PREFIX);
	len = strcspn(name, ":");
	text = name + len;
	for (kind = 0; kind < TRACE_KINDS; kind++)
		if (strlen(trace_names[kind]) == len &&
		    !strncmp(trace_names[kind], name, len))
			break;
	if (kind == TRACE_KINDS)
		return false;
	event->kind = kind;
	return kind <= TRACE_SEVER ? parse_mapping(text, event) :
				     parse_buffer(text, event);
}
