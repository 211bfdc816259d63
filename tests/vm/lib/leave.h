/* SPDX-License-Identifier: GPL-2.0 */
/* The ways in which a PCI device leaves its driver, or the machine */
#ifndef VM_LEAVE_H
#define VM_LEAVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "pci.h"

struct leave_way {
	const char *name;
	/* Skips the case; may be NULL. */
	void (*require)(const char *pci_name);
	/* Begins it; may block until the device's user lets go. */
	void (*leave)(const char *pci_name, const char *id);
	void (*come_back)(const char *pci_name, const char *id);
	bool stays;		/* in the machine, without a driver */
	bool surprise;		/* nobody is asked first */
};

extern const struct leave_way leave_ways[];
extern const size_t nr_leave_ways;

/* A device on its way out; id is QEMU's name for it. */
struct leaving {
	const struct leave_way *way;
	const char *id;
	char name[PCI_NAME_LEN];
	pthread_t thread;
};

void leave_begin(struct leaving *l, const struct leave_way *way,
		 const char *pci_name, const char *id);
/* Is it gone? */
bool leave_done(struct leaving *l);
/* Fails the test if it is not gone in that time. */
void leave_wait(struct leaving *l, unsigned int ms);
/* Give it back to a driver; fails the test. */
void leave_undo(struct leaving *l, const char *driver);

#endif
