/* SPDX-License-Identifier: GPL-2.0 */
/* The text that the kernel writes about buffers, in debugfs and in fdinfo */
#ifndef BUFINFO_H
#define BUFINFO_H

#include "buffers.h"
#include "types.h"

/* debugfs: calls found for each buffer; buf->importers is found's to keep. */
void bufinfo_parse(char *text,
		   void (*found)(const struct buffer *buf, void *arg),
		   void *arg);

/* fdinfo; false if it is not that of a dma-buf. text is written to. */
bool fdinfo_parse(char *text, struct buffer *buf);

#endif /* BUFINFO_H */
