// SPDX-License-Identifier: GPL-2.0
/* dmabufctl list: all dma-bufs that can be seen */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffers.h"
#include "ctl.h"
#include "json.h"
#include "table.h"

static void json_list(const struct buffers *bufs, const char *unseen)
{
	size_t i;

	json_object(NULL);
	json_array("buffers");
	for (i = 0; i < bufs->nr; i++)
		buffer_json(NULL, &bufs->all[i]);
	json_end();
	json_text("unseen", unseen);
	json_end();
}

static char *importers_text(const struct buffer *buf)
{
	char *text = xprintf("%s", "");
	size_t i;

	for (i = 0; i < buf->nr_importers; i++)
		xappend(&text, "%s", buf->importers[i]);
	return text;
}

static char *holders_text(const struct buffer *buf)
{
	char *text = xprintf("%s", "");
	size_t i;

	for (i = 0; i < buf->nr_holders; i++)
		xappend(&text, "%s[%d]:%d", buf->holders[i].comm,
			buf->holders[i].pid, buf->holders[i].fd);
	return text;
}

static void list_row(struct table *t, const struct buffer *buf)
{
	char *importers = importers_text(buf), *holders = holders_text(buf);

	table_cell(t, "%llu", buf->ino);
	table_cell(t, "%s", size_text(buf->size));
	table_cell(t, "%s", buf->exporter);
	table_cell(t, "%s", buf->described ? buf->state : "-");
	if (buf->described) {
		table_cell(t, "%llu", buf->ranges);
		table_cell(t, "%s", buf->provider);
		table_cell(t, "%llu live, %llu severed",
			   buf->mappings, buf->severed);
	} else {
		table_cell(t, "-");
		table_cell(t, "-");
		table_cell(t, "-");
	}
	table_cell(t, "%s", !buf->importers_known ? "?" :
		   *importers ? importers : "none");
	table_cell(t, "%s", *holders ? holders : "nobody seen");
	free(importers);
	free(holders);
}

static void list_table(const struct buffers *bufs)
{
	static const char * const heads[] = {
		"INO", "SIZE", "EXPORTER", "STATE", "RANGES", "PROVIDER",
		"MAPPINGS", "IMPORTERS", "HELD BY",
	};
	struct table t;
	size_t i;

	table_begin(&t, ARRAY_SIZE(heads));
	for (i = 0; i < t.columns; i++)
		table_cell(&t, "%s", heads[i]);
	for (i = 0; i < bufs->nr; i++)
		list_row(&t, &bufs->all[i]);
	table_end(&t);
}

static void text_list(const struct buffers *bufs, const char *unseen)
{
	if (bufs->nr)
		list_table(bufs);
	else
		puts(unseen ? "no dma-buf that this user can see" :
		     "no dma-buf");
	if (unseen)
		printf("not seen: %s\n", unseen);
}

int cmd_list(int argc, char **argv)
{
	struct buffers bufs;
	char *unseen;

	no_more_options(argc, argv);
	if (optind < argc)
		fail(CTL_USAGE, "for one buffer: dmabufctl show INO",
		     "list takes no argument, and there is '%s'",
		     argv[optind]);
	buffers_read(&bufs);
	unseen = buffers_unseen(&bufs);
	if (ctl_json)
		json_list(&bufs, unseen);
	else
		text_list(&bufs, unseen);
	free(unseen);
	buffers_free(&bufs);
	return CTL_OK;
}
