/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's integer types; those of 64 bits are long long everywhere. */
#ifndef TYPES_H
#define TYPES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define __noreturn		__attribute((noreturn))
#define __printf(a, b)		__attribute((format(printf, a, b)))

#endif /* TYPES_H */
