/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations of the kernel that fail when a test wants them to: slab, pages,
 * and what IOMMUFD has for its own tests.
 */
#ifndef VM_INJECT_H
#define VM_INJECT_H

#include <stdbool.h>

/*
 * Make every allocation one that can fail, sleeping ones too. Return: false if
 * this kernel has no fault injection. inject_exit() puts all back.
 */
bool inject_init(void);
void inject_exit(void);

/* The nth allocation from now on, made for this thread, fails. */
void inject_arm(unsigned int nth);
/* No more. Return: whether the nth was reached. */
bool inject_disarm(void);

#endif
