// SPDX-License-Identifier: GPL-2.0
/*
 * DRM devices that show what lies in another device's BAR.
 *
 *     drmphys SUITE      base, shows, revoke, refuse, leave, short, limits,
 *                        bypass, vkms
 *     drmphys story      the third act of the demo
 *
 * The host looks at the screen: scripts/vm --screen.
 */
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "suites.h"

static const struct {
	const char *name;
	int (*run)(void);
} suites[] = {
	{ "base", base_suite },
	{ "shows", shows_suite },
	{ "revoke", revoke_suite },
	{ "refuse", refuse_suite },
	{ "leave", leave_suite },
	{ "short", short_suite },
	{ "limits", limits_suite },
	{ "bypass", bypass_suite },
	{ "vkms", vkms_suite },
	{ "bochs", bochs_suite },
	{ "story", story_main },
};

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	size_t i;

	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (strcmp(what, suites[i].name))
			continue;
		machine_init();
		return suites[i].run();
	}
	fprintf(stderr, "drmphys: no '%s', see the top of main.c\n", what);
	return 2;
}
