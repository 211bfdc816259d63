// SPDX-License-Identifier: GPL-2.0
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "iommufd.h"
#include "ktap.h"
#include "nvme/driver.h"
#include "sys.h"

#define PAGE	4096ull

/* Registers */
#define CAP	0x00
#define CC	0x14
#define CSTS	0x1c
#define AQA	0x24
#define ASQ	0x28
#define ACQ	0x30
#define DOORBELLS	0x1000

#define CC_ENABLE	1u
/* 64 bytes a command, 16 a result, as powers of two */
#define CC_SIZES	(6u << 16 | 4u << 20)
#define CSTS_READY	1u
#define CSTS_FATAL	2u

#define ADMIN_CREATE_SQ	1
#define ADMIN_CREATE_CQ	5
#define IN_ONE_PIECE	1u

#define COMMAND	64
#define RESULT	16

struct command {
	uint8_t opcode, flags;
	uint16_t id;
	uint32_t namespace;
	uint64_t unused[2];
	uint64_t prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};

_Static_assert(sizeof(struct command) == COMMAND, "what the device expects");

static uint32_t read32(struct nvme *n, unsigned int reg)
{
	return *(volatile uint32_t *)(n->regs + reg);
}

static void write32(struct nvme *n, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(n->regs + reg) = value;
}

static void write64(struct nvme *n, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(n->regs + reg) = value;
}

/* What the device has to be told for an IOVA: without an IOMMU where it is. */
static uint64_t address(struct nvme *n, uint64_t iova)
{
	uint64_t run = 1, phys;

	if (!n->dev.noiommu)
		return iova;
	CHECK_EQ(ioas_phys(n->dev.iommufd, n->ioas, iova, &run, &phys), 0);
	return phys;
}

static void *memory(struct nvme *n, size_t len, uint64_t *iova)
{
	void *mem = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(mem != MAP_FAILED, "no memory");
	CHECK_EQ(ioas_map_user(n->dev.iommufd, n->ioas, mem, len, iova), 0);
	return mem;
}

/* Each is a page of its own: pages have one address whatever translates them. */
static void queue_init(struct nvme *n, struct nvme_queue *q, unsigned int nr,
		       uint64_t *commands, uint64_t *results)
{
	q->commands = memory(n, PAGE, commands);
	q->results = memory(n, PAGE, results);
	*commands = address(n, *commands);
	*results = address(n, *results);
	q->nr = nr;
	q->entries = NVME_DEPTH + 1;
	q->phase = 1;
}

static struct command *queue_command(struct nvme_queue *q)
{
	struct command *c = (void *)(q->commands + q->tail * COMMAND);

	memset(c, 0, sizeof(*c));
	c->id = q->tail;
	q->tail = (q->tail + 1) % q->entries;
	return c;
}

static void queue_tell(struct nvme *n, struct nvme_queue *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	write32(n, DOORBELLS + 2 * q->nr * n->stride, q->tail);
}

static unsigned int queue_wait(struct nvme *n, struct nvme_queue *q)
{
	volatile uint16_t *status = (void *)(q->results + q->head * RESULT + 14);
	uint64_t deadline = now_ms() + 20000;
	unsigned int result;

	while ((*status & 1) != q->phase) {
		CHECK(now_ms() < deadline, "the NVMe does not answer");
		CHECK(!(read32(n, CSTS) & CSTS_FATAL), "the NVMe has given up");
		sleep_ms(1);
	}
	result = *status >> 1;
	q->head = (q->head + 1) % q->entries;
	q->phase ^= !q->head;
	write32(n, DOORBELLS + (2 * q->nr + 1) * n->stride, q->head);
	return result;
}

static void wait_ready(struct nvme *n, uint32_t ready)
{
	uint64_t deadline = now_ms() + 20000;

	while ((read32(n, CSTS) & CSTS_READY) != ready) {
		CHECK(now_ms() < deadline, "the NVMe does not get %s",
		      ready ? "ready" : "quiet");
		sleep_ms(1);
	}
}

static void create_queue(struct nvme *n, unsigned int opcode, uint64_t at,
			 uint32_t cdw11)
{
	struct command *c = queue_command(&n->admin);

	c->opcode = opcode;
	c->prp1 = at;
	c->cdw10 = n->io.nr | (n->io.entries - 1) << 16;
	c->cdw11 = cdw11;
	queue_tell(n, &n->admin);
	CHECK_EQ(queue_wait(n, &n->admin), 0);
}

void nvme_open(struct nvme *n)
{
	uint64_t commands, results;
	char name[PCI_NAME_LEN];
	size_t len;

	memset(n, 0, sizeof(*n));
	if (!pci_find(PCI_NVME, 0, name) || !pci_bind(name, "vfio-pci"))
		skip("no NVMe for VFIO");
	vfio_open(&n->dev, name, iommufd_open());
	n->ioas = ioas_alloc(n->dev.iommufd);
	CHECK_EQ(vfio_attach(&n->dev, n->ioas), 0);
	n->regs = vfio_map_bar(&n->dev, 0, &len);
	n->stride = 4u << (read32(n, CAP + 4) & 0xf);

	write32(n, CC, 0);
	wait_ready(n, 0);
	queue_init(n, &n->admin, 0, &commands, &results);
	write32(n, AQA, (n->admin.entries - 1) * 0x10001);
	write64(n, ASQ, commands);
	write64(n, ACQ, results);
	write32(n, CC, CC_ENABLE | CC_SIZES);
	wait_ready(n, CSTS_READY);

	queue_init(n, &n->io, 1, &commands, &results);
	create_queue(n, ADMIN_CREATE_CQ, results, IN_ONE_PIECE);
	create_queue(n, ADMIN_CREATE_SQ, commands, IN_ONE_PIECE | n->io.nr << 16);
	n->lists = memory(n, n->io.entries * PAGE, &n->lists_iova);
	n->bounce = memory(n, NVME_MOST, &n->bounce_iova);
}

/*
 * The first page is told in the command; of two the second too; of more there is a
 * list, on the page that belongs to the place in the queue.
 */
static void tell_pages(struct nvme *n, struct command *c, uint64_t iova,
		       size_t len)
{
	uint64_t list_iova = n->lists_iova + c->id * PAGE;
	uint64_t *list = (void *)(n->lists + c->id * PAGE);
	uint64_t last = (iova + len - 1) & ~(PAGE - 1), page;

	c->prp1 = address(n, iova);
	page = (iova & ~(PAGE - 1)) + PAGE;
	if (page > last)
		return;
	if (page == last) {
		c->prp2 = address(n, page);
		return;
	}
	c->prp2 = address(n, list_iova);
	for (; page <= last; page += PAGE)
		*list++ = address(n, page);
}

void nvme_queue(struct nvme *n, enum nvme_op op, uint64_t block, uint64_t iova,
		size_t len)
{
	struct command *c = queue_command(&n->io);

	CHECK(len && len <= NVME_MOST && !(len % NVME_BLOCK),
	      "a command for %zu bytes", len);
	c->opcode = op;
	c->namespace = 1;
	tell_pages(n, c, iova, len);
	c->cdw10 = block;
	c->cdw11 = block >> 32;
	c->cdw12 = len / NVME_BLOCK - 1;
}

void nvme_tell(struct nvme *n)
{
	queue_tell(n, &n->io);
}

unsigned int nvme_wait(struct nvme *n)
{
	return queue_wait(n, &n->io);
}

void nvme_do(struct nvme *n, enum nvme_op op, uint64_t block, uint64_t iova,
	     size_t len)
{
	while (len) {
		size_t most = NVME_MOST - iova % PAGE;
		size_t step = len < most ? len : most;

		nvme_queue(n, op, block, iova, step);
		nvme_tell(n);
		CHECK_EQ(nvme_wait(n), 0);
		block += step / NVME_BLOCK;
		iova += step;
		len -= step;
	}
}
