/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * An exporter that takes its memory back and watches it: /dev/phys_probe.
 */
#ifndef _PHYS_PROBE_H
#define _PHYS_PROBE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bytes of the BAR that are watched, and of them those in a buffer */
#define PHYS_PROBE_LEN		(1 << 20)
#define PHYS_PROBE_SIZE		(PHYS_PROBE_LEN / 4)

/* Make the buffer. Returns its fd. */
#define PHYS_PROBE_EXPORT	_IO('P', 0x60)
/* Take the memory back, and then take a picture of it at once. */
#define PHYS_PROBE_REVOKE	_IO('P', 0x61)
/* Look for bytes that are not as in the picture, and give the memory again. */
#define PHYS_PROBE_RESTORE	_IOR('P', 0x62, __u32)

#endif /* _PHYS_PROBE_H */
