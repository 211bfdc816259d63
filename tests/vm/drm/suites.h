/* SPDX-License-Identifier: GPL-2.0 */
/* What the program can be asked to do */
#ifndef DRM_SUITES_H
#define DRM_SUITES_H

/* Test suites, each a KTAP of its own. Return: the exit status. */
int base_suite(void);
int shows_suite(void);
int revoke_suite(void);
int refuse_suite(void);
int leave_suite(void);
int short_suite(void);
int limits_suite(void);
int bypass_suite(void);
int vkms_suite(void);
int bochs_suite(void);

/* The third act of the demo */
int story_main(void);

#endif
