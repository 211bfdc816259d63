// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer's name is its user's to choose: 31 bytes of anything, newlines too, so
 * it may look like other lines. A line that the kernel writes before the name is
 * the first of its kind, and one that it writes after the name is the last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bufinfo.h"
#include "ctl.h"

/* "key:\tvalue" as the first line of that key in text, or the last */
static bool value_of(const char *text, const char *key, bool last, char *value,
		     size_t size)
{
	size_t len = strlen(key);
	const char *line, *next;
	bool found = false;
	char copy[256];

	for (line = text; *line && !(found && !last); line = next) {
		next = line + strcspn(line, "\n");
		if (!strncmp(line, key, len) && line[len] == ':') {
			line += len + 1;
			line += strspn(line, " \t");
			snprintf(copy, sizeof(copy), "%.*s",
				 next > line ? (int)(next - line) : 0, line);
			copy_text(value, size, copy);
			found = true;
		}
		next += *next == '\n';
	}
	return found;
}

static bool number_of(const char *text, const char *key, bool last,
		      u64 *number)
{
	char value[32];

	if (!value_of(text, key, last, value, sizeof(value)))
		return false;
	*number = strtoull(value, NULL, 10);
	return true;
}

static void parse_described(const char *text, struct buffer *buf)
{
	buf->described = value_of(text, "phys_state", true, buf->state,
				  sizeof(buf->state)) &&
			 number_of(text, "phys_ranges", true, &buf->ranges) &&
			 value_of(text, "phys_provider", true, buf->provider,
				  sizeof(buf->provider)) &&
			 number_of(text, "phys_mappings", true, &buf->mappings);
	number_of(text, "phys_severed", true, &buf->severed);
}

bool fdinfo_parse(char *text, struct buffer *buf)
{
	memset(buf, 0, sizeof(*buf));
	if (!value_of(text, "exp_name", false, buf->exporter,
		      sizeof(buf->exporter)) ||
	    !number_of(text, "size", false, &buf->size) ||
	    !number_of(text, "ino", false, &buf->ino))
		return false;
	number_of(text, "count", false, &buf->count);
	value_of(text, "name", false, buf->name, sizeof(buf->name));
	parse_described(text, buf);
	return true;
}

/* Takes a field of at least so many bytes, up to a tab, and moves *at past it. */
static bool take_field(const char **at, size_t least, char *to, size_t size)
{
	size_t len = strcspn(*at, "\t\n");

	if (len < least || (*at)[len] != '\t')
		return false;
	snprintf(to, size, "%.*s", (int)len, *at);
	*at += len + 1;
	return true;
}

/*
 * size, flags, mode, count, exporter, ino, name: the numbers have eight digits at
 * least, which is more than a forged name has room for.
 */
static bool parse_header(const char *line, struct buffer *buf)
{
	char size[24], word[64], count[24], exporter[64], ino[24], name[64];

	if (!take_field(&line, 8, size, sizeof(size)) ||
	    !take_field(&line, 8, word, sizeof(word)) ||
	    !take_field(&line, 8, word, sizeof(word)) ||
	    !take_field(&line, 8, count, sizeof(count)) ||
	    !take_field(&line, 1, exporter, sizeof(exporter)) ||
	    !take_field(&line, 8, ino, sizeof(ino)) ||
	    strspn(size, "0123456789") != strlen(size))
		return false;

	memset(buf, 0, sizeof(*buf));
	buf->size = strtoull(size, NULL, 10);
	buf->count = strtoull(count, NULL, 10);
	buf->ino = strtoull(ino, NULL, 10);
	copy_text(buf->exporter, sizeof(buf->exporter), exporter);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "\n"), line);
	if (strcmp(name, "<none>"))
		copy_text(buf->name, sizeof(buf->name), name);
	return true;
}

#define DEVICES_FOLLOW	"\tAttached Devices:\n"

/* One device a line, then "Total ..." */
static void parse_importers(char *text, struct buffer *buf)
{
	char *start = NULL, *line, *save = NULL;

	while ((text = strstr(text, DEVICES_FOLLOW))) {
		text += strlen(DEVICES_FOLLOW);
		start = text;
	}
	if (!start)
		return;
	buf->importers_known = true;
	for (line = strtok_r(start, "\n", &save); line && *line == '\t';
	     line = strtok_r(NULL, "\n", &save)) {
		buf->importers = xgrow(buf->importers, buf->nr_importers,
				       sizeof(*buf->importers));
		copy_text(buf->importers[buf->nr_importers++],
			  sizeof(*buf->importers), line + 1);
	}
}

/* The next line that begins a buffer, at text or after it; text's end if none */
static char *next_header(char *text, struct buffer *buf)
{
	while (*text && !parse_header(text, buf)) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

void bufinfo_parse(char *text,
		   void (*found)(const struct buffer *buf, void *arg),
		   void *arg)
{
	struct buffer buf, following;
	char *next, saved;

	text = next_header(text, &following);
	while (*text) {
		buf = following;
		text += strcspn(text, "\n");
		next = next_header(text, &following);
		saved = *next;
		*next = 0;
		parse_described(text, &buf);
		parse_importers(text, &buf);
		found(&buf, arg);
		*next = saved;
		text = next;
	}
}
