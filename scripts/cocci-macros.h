/* SPDX-License-Identifier: GPL-2.0 */
/* Macros that coccinelle 1.1.1 is too old to know: a function that has one would not be read. */
#define scoped_guard(...) YACFE_ITERATOR
#define scoped_cond_guard(...) YACFE_ITERATOR
#define __free(x)
#define __counted_by(x)
#define __counted_by_le(x)
#define __guarded_by(x)
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __cond_acquires(...)
#define __private
