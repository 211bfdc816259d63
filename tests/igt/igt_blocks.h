/* SPDX-License-Identifier: MIT */
/*
 * The blocks of a test, as IGT's current master spells them: int igt_main(),
 * igt_fixture(). Older ones write igt_main and igt_fixture without parentheses.
 * What is below the blocks has not changed, so this serves both; a tree that
 * has the new spelling can do without this file.
 */
#ifndef IGT_BLOCKS_H
#define IGT_BLOCKS_H

#undef igt_main
#undef igt_fixture
#undef igt_subtest
#undef igt_subtest_with_dynamic
#undef igt_dynamic

#define igt_main() \
	main(int argc, char **argv); \
	static void igt_blocks_main(void); \
	int main(int argc, char **argv) \
	{ \
		igt_subtest_init_parse_opts(&argc, argv, NULL, NULL, NULL, \
					    NULL, NULL); \
		igt_blocks_main(); \
		igt_exit(); \
	} \
	static void igt_blocks_main(void)

/* Whatever ends a block early jumps back to its sigsetjmp(). */
#define igt_fixture() \
	for (bool __in_fixture = __igt_fixture() && \
			  !sigsetjmp(igt_subtest_jmpbuf, 1); \
	     __in_fixture; __in_fixture = (__igt_fixture_complete(), false))

#define igt_subtest(name) \
	for (bool __in_subtest = __igt_run_subtest(name, __FILE__, __LINE__) && \
			  !sigsetjmp(igt_subtest_jmpbuf, 1); \
	     __in_subtest; igt_success())

#define igt_subtest_with_dynamic(name) \
	for (bool __in_subtest = __igt_run_subtest(name, __FILE__, __LINE__) && \
			  __igt_enter_dynamic_container() && \
			  !sigsetjmp(igt_subtest_jmpbuf, 1); \
	     __in_subtest; igt_success())

#define igt_dynamic(name) \
	for (bool __in_dynamic = __igt_run_dynamic_subtest(name) && \
			  !sigsetjmp(igt_dynamic_jmpbuf, 1); \
	     __in_dynamic; igt_success())

#endif
