// SPDX-License-Identifier: GPL-2.0
#include "edu.h"
#include "ktap.h"
#include "sys.h"

#define EDU_ID		0x00
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98

#define EDU_CMD_RUN	1
#define EDU_CMD_STORE	2

#define EDU_BUFFER	0x40000

static void edu_write(struct edu *edu, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->regs + reg) = value;
}

void edu_init(struct edu *edu, void *regs)
{
	uint32_t id;

	edu->regs = regs;
	id = *(volatile uint32_t *)(edu->regs + EDU_ID);
	CHECK((id & 0xff) == 0xed, "this is no edu device: id %#x", id);
	edu_wait(edu);
}

static void edu_start(struct edu *edu, uint64_t src, uint64_t dst, size_t len,
		      uint64_t command)
{
	CHECK(len && len <= EDU_MOST, "transfer of %zu bytes", len);
	CHECK(!edu_busy(edu), "the engine is busy");
	edu_write(edu, EDU_DMA_SRC, src);
	edu_write(edu, EDU_DMA_DST, dst);
	edu_write(edu, EDU_DMA_COUNT, len);
	edu_write(edu, EDU_DMA_CMD, command | EDU_CMD_RUN);
}

void edu_start_load(struct edu *edu, uint64_t addr, size_t len)
{
	edu_start(edu, addr, EDU_BUFFER, len, 0);
}

void edu_start_store(struct edu *edu, uint64_t addr, size_t len)
{
	edu_start(edu, EDU_BUFFER, addr, len, EDU_CMD_STORE);
}

bool edu_busy(struct edu *edu)
{
	return *(volatile uint64_t *)(edu->regs + EDU_DMA_CMD) & EDU_CMD_RUN;
}

void edu_wait(struct edu *edu)
{
	uint64_t deadline = now_ms() + 10000;

	while (edu_busy(edu)) {
		CHECK(now_ms() < deadline, "the DMA engine does not stop");
		sleep_ms(2);
	}
}

void edu_load(struct edu *edu, uint64_t addr, size_t len)
{
	edu_start_load(edu, addr, len);
	edu_wait(edu);
}

void edu_store(struct edu *edu, uint64_t addr, size_t len)
{
	edu_start_store(edu, addr, len);
	edu_wait(edu);
}
