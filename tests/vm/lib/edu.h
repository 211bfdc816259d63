/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's edu device, driven from user space. Its DMA engine copies between the
 * bus and a buffer of 4 KiB inside the device; each transfer takes 100 ms.
 */
#ifndef VM_EDU_H
#define VM_EDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One byte more aborts QEMU. */
#define EDU_MOST	4095

struct edu {
	volatile uint8_t *regs;
};

/* regs: BAR0, mapped */
void edu_init(struct edu *edu, void *regs);

/* Bus to device, device to bus. Return at once; edu_wait() for the end. */
void edu_start_load(struct edu *edu, uint64_t addr, size_t len);
void edu_start_store(struct edu *edu, uint64_t addr, size_t len);
bool edu_busy(struct edu *edu);
/* Fails the test if the device does not come to an end. */
void edu_wait(struct edu *edu);

/* Started and waited for */
void edu_load(struct edu *edu, uint64_t addr, size_t len);
void edu_store(struct edu *edu, uint64_t addr, size_t len);

#endif
