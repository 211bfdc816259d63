// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "buffers.h"
#include "json.h"

void buffer_json(const char *key, const struct buffer *buf)
{
	size_t i;

	json_object(key);
	json_unsigned("ino", buf->ino);
	json_unsigned("size", buf->size);
	json_text("exporter", buf->exporter);
	json_text("name", *buf->name ? buf->name : NULL);
	json_unsigned("references", buf->count);
	json_bool("described", buf->described);
	if (buf->described) {
		json_text("state", buf->state);
		json_unsigned("ranges", buf->ranges);
		json_text("provider", strcmp(buf->provider, "none") ?
			  buf->provider : NULL);
		json_unsigned("mappings", buf->mappings);
		json_unsigned("severed", buf->severed);
	}
	if (buf->importers_known) {
		json_array("importers");
		for (i = 0; i < buf->nr_importers; i++)
			json_text(NULL, buf->importers[i]);
		json_end();
	} else {
		json_text("importers", NULL);
	}
	json_array("holders");
	for (i = 0; i < buf->nr_holders; i++) {
		json_object(NULL);
		json_number("pid", buf->holders[i].pid);
		json_text("comm", buf->holders[i].comm);
		json_number("fd", buf->holders[i].fd);
		json_end();
	}
	json_end();
	json_end();
}
