// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "crc.h"
#include "ktap.h"
#include "sys.h"

/* What was under way when the file was opened is not what is wanted. */
#define SKIPPED	2

uint32_t crc_now(const struct card *card)
{
	const char *path = sys_path("/sys/kernel/debug/dri/%u/crtc-0/crc/data",
				    card->minor);
	struct pollfd data = { .events = POLLIN };
	char text[64] = "";
	unsigned int i, crc;

	data.fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(data.fd >= 0, "%s: %m", path);
	for (i = 0; i <= SKIPPED; i++) {
		CHECK(poll(&data, 1, 10000) == 1, "no CRC in 10 s");
		CHECK(read(data.fd, text, sizeof(text) - 1) > 0, "CRC: %m");
	}
	close(data.fd);
	/* The frame's number, if it has one, then the CRC */
	CHECK(sscanf(text, "%*s %x", &crc) == 1, "a CRC of '%s'", text);
	return crc;
}
