/* SPDX-License-Identifier: GPL-2.0 */
/* Buffers of exporters that know nothing of ranges; skip the case without them */
#ifndef VM_OTHER_H
#define VM_OTHER_H

#include <stddef.h>

int make_udmabuf(size_t len);
int make_heap(size_t len);

#endif
