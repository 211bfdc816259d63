/* SPDX-License-Identifier: GPL-2.0 */
/* What virtio-gpu's screen shows, as QEMU has it: scripts/vm-screen.sh */
#ifndef DRM_SCREEN_H
#define DRM_SCREEN_H

#include <stdbool.h>

#include "card.h"

/* Skip the case if the host cannot tell. */
void screen_need(void);

/* It shows that picture, every pixel of it, soon; fails the test. */
void screen_shows(const struct card *card, unsigned int nr);
/* The same. Return: NULL, or what it shows. */
const char *screen_differs(const struct card *card, unsigned int nr);
/* It shows one of the two, or nothing at all. */
bool screen_is_sane(const struct card *card, unsigned int one,
		    unsigned int other);
/* The same; fails the test. */
void screen_sane(const struct card *card, unsigned int one, unsigned int other);

/* How many resources QEMU has the guest's memory for */
unsigned int screen_backings(void);
/* How often it was asked to use what it had no memory for, or did not know */
unsigned int screen_complaints(void);

/* Keep it under the host's build/screens. Return: the path there. */
const char *screen_keep(const struct card *card, const char *name);

#endif
