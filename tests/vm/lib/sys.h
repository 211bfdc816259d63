/* SPDX-License-Identifier: GPL-2.0 */
/* Files of /proc and /sys, and time */
#ifndef VM_SYS_H
#define VM_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole file as a string; empty if it cannot be read. Return: its length. */
size_t sys_read(const char *path, char *text, size_t size);
/* The whole of a file of any size, to be freed; fails the test. */
char *sys_slurp(const char *path);
/* Return: 0 or -errno. */
int sys_write(const char *path, const char *text);
bool sys_exists(const char *path);

char *sys_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ioctl() with the errno as a negative result */
long sys_ioctl(int fd, unsigned long request, void *arg);

uint64_t now_ms(void);
void sleep_ms(unsigned int ms);

#endif
