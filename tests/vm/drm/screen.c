// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "ktap.h"
#include "screen.h"
#include "sys.h"

/* The driver does not wait for the host to be done. */
#define SOON_MS	5000

static char line[512];

void screen_need(void)
{
	host_need();
	host_ask(line, sizeof(line), "backing");
	if (strncmp(line, "attached:", 9))
		skip("the host does not look at the screen: scripts/vm --screen");
}

static void look(const struct card *card, unsigned int one, unsigned int other)
{
	host_ask(line, sizeof(line), "screen %s %u %u %u %u", card->id,
		 card->mode.hdisplay, card->mode.vdisplay, one, other);
}

const char *screen_differs(const struct card *card, unsigned int nr)
{
	const char *should = sys_path("picture %u", nr);
	uint64_t deadline = now_ms() + SOON_MS;

	for (;;) {
		look(card, nr, nr);
		if (!strcmp(line, should))
			return NULL;
		if (now_ms() >= deadline)
			return line;
		sleep_ms(100);
	}
}

void screen_shows(const struct card *card, unsigned int nr)
{
	const char *shows = screen_differs(card, nr);

	CHECK(!shows, "the screen, which should show picture %u: %s", nr,
	      shows);
}

bool screen_is_sane(const struct card *card, unsigned int one,
		    unsigned int other)
{
	look(card, one, other);
	return !strncmp(line, "picture ", 8) || !strcmp(line, "blank");
}

void screen_sane(const struct card *card, unsigned int one, unsigned int other)
{
	CHECK(screen_is_sane(card, one, other), "the screen: %s", line);
}

unsigned int screen_backings(void)
{
	unsigned int nr = 0;
	char *at = line;

	host_ask(line, sizeof(line), "backing");
	CHECK(!strncmp(line, "attached:", 9), "the host says: %s", line);
	while ((at = strchr(at + 1, ' ')))
		nr++;
	return nr;
}

unsigned int screen_complaints(void)
{
	host_ask(line, sizeof(line), "complaints");
	CHECK(isdigit((unsigned char)*line), "the host says: %s", line);
	return atoi(line);
}

const char *screen_keep(const struct card *card, const char *name)
{
	host_ask(line, sizeof(line), "keep %s %s", card->id, name);
	return line;
}
