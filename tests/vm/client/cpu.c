// SPDX-License-Identifier: GPL-2.0
/*
 * What the CPU of the emulated machine does, by QEMU's protocol for its own tests:
 * a line each way. The firmware runs meanwhile, so the config space is accessed in
 * memory: the ports would be its own.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "client/qemu.h"
#include "ktap.h"

/* Where a PC's firmware places the config space of a Q35 */
#define CONFIG	0xb0000000u

/* Return: what follows "OK", until the next call. */
static const char *ask(struct qemu *q, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static const char *ask(struct qemu *q, const char *fmt, ...)
{
	static char *answer;
	static size_t size;
	va_list args;

	va_start(args, fmt);
	vdprintf(fileno(q->qtest), fmt, args);
	dprintf(fileno(q->qtest), "\n");
	va_end(args);
	CHECK(getline(&answer, &size, q->qtest) > 0 &&
	      !strncmp(answer, "OK", 2), "QEMU has no answer to '%s'; it said:\n%s",
	      fmt, qemu_trace(q));
	return answer + 2;
}

static unsigned int config(unsigned int dev, unsigned int offset)
{
	return CONFIG + ((QEMU_SLOT + dev) << 15) + offset;
}

static char width(unsigned int size)
{
	return size == 1 ? 'b' : size == 2 ? 'w' : 'l';
}

uint32_t cpu_config_read(struct qemu *q, unsigned int dev, unsigned int offset,
			 unsigned int size)
{
	return strtoul(ask(q, "read%c %#x", width(size), config(dev, offset)),
		       NULL, 16);
}

void cpu_config_write(struct qemu *q, unsigned int dev, unsigned int offset,
		      unsigned int size, uint32_t value)
{
	ask(q, "write%c %#x %#x", width(size), config(dev, offset), value);
}

uint64_t cpu_bar(struct qemu *q, unsigned int dev, unsigned int bar)
{
	unsigned int at = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint64_t low = cpu_config_read(q, dev, at, 4), high = 0;

	if (low & PCI_BASE_ADDRESS_MEM_TYPE_64)
		high = cpu_config_read(q, dev, at + 4, 4);
	return high << 32 | (low & PCI_BASE_ADDRESS_MEM_MASK);
}

void cpu_write64(struct qemu *q, uint64_t addr, uint64_t value)
{
	ask(q, "writeq %#llx %#llx", (unsigned long long)addr,
	    (unsigned long long)value);
}

uint64_t cpu_read64(struct qemu *q, uint64_t addr)
{
	return strtoull(ask(q, "readq %#llx", (unsigned long long)addr), NULL,
			16);
}

void cpu_write(struct qemu *q, uint64_t addr, const void *data, size_t len)
{
	char *hex = malloc(2 * len + 1);
	size_t i;

	CHECK(hex, "no memory");
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)data)[i]);
	ask(q, "write %#llx %#zx 0x%s", (unsigned long long)addr, len, hex);
	free(hex);
}

void cpu_read(struct qemu *q, uint64_t addr, void *data, size_t len)
{
	const char *hex = ask(q, "read %#llx %#zx", (unsigned long long)addr, len);
	unsigned int byte;
	size_t i;

	CHECK(!strncmp(hex, " 0x", 3), "QEMU reads '%s'", hex);
	hex += 3;
	for (i = 0; i < len; i++) {
		CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1, "%zu bytes of %zu",
		      i, len);
		((uint8_t *)data)[i] = byte;
	}
}
