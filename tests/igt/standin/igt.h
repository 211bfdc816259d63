/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for IGT's igt.h where there is a libigt to link to but no headers:
 * what the tests here use of it, and no more. Inside an IGT tree it is not used.
 */
#ifndef IGT_STANDIN_H
#define IGT_STANDIN_H

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/drm.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_mode.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* igt_core.h */
struct option;
extern const char *__igt_test_description __attribute__((weak));
extern jmp_buf igt_subtest_jmpbuf, igt_dynamic_jmpbuf;

int igt_subtest_init_parse_opts(int *argc, char **argv, const char *short_opts,
				const struct option *long_opts, const char *help,
				int (*handler)(int opt, int index, void *data),
				void *data);
void igt_exit(void) __attribute__((noreturn));
bool __igt_fixture(void);
void __igt_fixture_complete(void);
bool __igt_run_subtest(const char *name, const char *file, const int line);
bool __igt_enter_dynamic_container(void);
bool __igt_run_dynamic_subtest(const char *name);
bool __igt_fork(void);
void igt_waitchildren(void);
void igt_success(void);
void igt_describe_f(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void __igt_skip_check(const char *file, const int line, const char *func,
		      const char *check, const char *format, ...)
	__attribute__((noreturn, format(printf, 5, 6)));
void __igt_fail_assert(const char *domain, const char *file, const int line,
		       const char *func, const char *assertion,
		       const char *format, ...)
	__attribute__((noreturn, format(printf, 6, 7)));

enum igt_log_level {
	IGT_LOG_DEBUG,
	IGT_LOG_INFO,
	IGT_LOG_WARN,
	IGT_LOG_CRITICAL,
	IGT_LOG_NONE,
};
void igt_log(const char *domain, enum igt_log_level level, const char *format,
	     ...) __attribute__((format(printf, 3, 4)));

#define IGT_TEST_DESCRIPTION(text) const char *__igt_test_description = text
#define igt_describe(text)	igt_describe_f("%s", text)
#define igt_info(...)		igt_log(NULL, IGT_LOG_INFO, __VA_ARGS__)

#define igt_require_f(expr, ...) do { \
	if (!(expr)) \
		__igt_skip_check(__FILE__, __LINE__, __func__, #expr, \
				 __VA_ARGS__); \
} while (0)
#define igt_require(expr)	igt_require_f(expr, NULL)

#define igt_assert_f(expr, ...) do { \
	if (!(expr)) \
		__igt_fail_assert(NULL, __FILE__, __LINE__, __func__, #expr, \
				  __VA_ARGS__); \
} while (0)
#define igt_assert(expr)	igt_assert_f(expr, NULL)
#define igt_assert_eq(a, b) do { \
	int __a = (a), __b = (b); \
	igt_assert_f(__a == __b, #a " == " #b ": %d, %d\n", __a, __b); \
} while (0)
#define igt_assert_neq(a, b) do { \
	int __a = (a), __b = (b); \
	igt_assert_f(__a != __b, #a " != " #b ": %d\n", __a); \
} while (0)
#define igt_assert_eq_u64(a, b) do { \
	uint64_t __a = (a), __b = (b); \
	igt_assert_f(__a == __b, #a " == " #b ": %#llx, %#llx\n", \
		     (long long)__a, (long long)__b); \
} while (0)
#define igt_assert_fd(fd)	igt_assert_f((fd) >= 0, "file descriptor " #fd "\n")

#define igt_fork(child, n) \
	for (int child = 0; child < (n); child++) \
		for (; __igt_fork(); exit(0))

/* drmtest.h, ioctl_wrappers.h */
#define DRIVER_VGEM		(1 << 2)
#define DRIVER_VKMS		(1 << 9)
#define DRIVER_VIRTIO		(1 << 10)

int __drm_open_driver(int chipset);
int drm_close_driver(int fd);
extern __thread int (*igt_ioctl)(int fd, unsigned long request, void *arg);
void gem_close(int fd, uint32_t handle);

/* igt_debugfs.h, igt_pipe_crc.h */
enum pipe {
	PIPE_A,
};
typedef struct _igt_pipe_crc igt_pipe_crc_t;
typedef struct {
	uint32_t frame;
	bool has_valid_frame;
	int n_words;
	uint32_t crc[10];
} igt_crc_t;
#define IGT_PIPE_CRC_SOURCE_AUTO "auto"

const char *igt_debugfs_mount(void);
void igt_require_pipe_crc(int fd);
igt_pipe_crc_t *igt_pipe_crc_new(int fd, enum pipe pipe, const char *source);
void igt_pipe_crc_free(igt_pipe_crc_t *pipe_crc);
void igt_pipe_crc_collect_crc(igt_pipe_crc_t *pipe_crc, igt_crc_t *crc);
bool igt_check_crc_equal(const igt_crc_t *a, const igt_crc_t *b);

#endif
