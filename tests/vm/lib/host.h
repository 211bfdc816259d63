/* SPDX-License-Identifier: GPL-2.0 */
/* What the guest may ask its host for: scripts/vm --host, scripts/vm-host.sh */
#ifndef VM_HOST_H
#define VM_HOST_H

#include <stddef.h>

/* Skip the case if nobody listens. */
void host_need(void);

/*
 * Press the attention button of a device's slot; plug it in again. Returns when
 * the host has done it: the kernel's part follows. Fails the test.
 */
void host_unplug(const char *id);
void host_plug(const char *id);

/* Any request, and the line that comes back; fails the test. */
void host_ask(char *answer, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
