/* SPDX-License-Identifier: GPL-2.0 */
/* A story with claims in it, which hold or do not */
#ifndef VM_TELL_H
#define VM_TELL_H

#include <stdbool.h>

#include "layout.h"

void chapter(const char *title);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void claim(bool holds, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Where in the BAR the pieces of a buffer are */
void say_layout(const struct layout *l);
/* What the core says of a buffer */
void say_state(int dmabuf);

/* Return: the exit status, 0 if all claims held. */
int tell_end(void);

#endif
