// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "judge.h"
#include "ktap.h"
#include "sys.h"

#define OPS_MOST	48
#define ERRNO_END	134
#define RING		20
/* Fewer calls of an operation say nothing about how many succeed. */
#define ENOUGH		300

struct row {
	uint32_t calls, ok, foreseen, slowest_ms;
	uint32_t refused[ERRNO_END];
};

static struct board {
	unsigned int slow_ms;
	struct lane_board {
		uint64_t cases, begun_ms;
		int pid;
		bool failed;
		struct row rows[OPS_MOST];
		struct record {
			struct call call;
			uint64_t actual[4];
			long ret;
			bool answered;
		} ring[RING];
	} lanes[LANES];
} *board;

static struct lane_board *mine;

void judge_init(unsigned int slow_ms)
{
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(board != MAP_FAILED, "no memory");
	board->slow_ms = slow_ms;
}

void judge_enter(enum lane lane)
{
	mine = &board->lanes[lane];
	mine->pid = getpid();
}

void judge_leave(enum lane lane)
{
	board->lanes[lane].begun_ms = 0;
	board->lanes[lane].pid = 0;
}

static const char *answer(const struct record *r)
{
	if (!r->answered)
		return "did not return";
	return ktap_number(r->ret);
}

static void print_record(const struct record *r, uint64_t nr)
{
	const struct op *op = r->call.op;
	size_t i;

	printf("#   %llu: %s(", (unsigned long long)nr, op->name);
	for (i = 0; i < ARGS_MOST && op->args[i].name; i++)
		printf("%s%s=%#llx", i ? " " : "", op->args[i].name,
		       (unsigned long long)r->call.args[i]);
	printf(") -> %#llx %#llx %#llx %#llx = %s\n",
	       (unsigned long long)r->actual[0],
	       (unsigned long long)r->actual[1],
	       (unsigned long long)r->actual[2],
	       (unsigned long long)r->actual[3], answer(r));
}

static void print_lane(const struct lane_board *lane)
{
	uint64_t nr = lane->cases > RING ? lane->cases - RING : 0;

	note("the last calls of process %d:", lane->pid);
	for (; nr < lane->cases; nr++)
		print_record(&lane->ring[nr % RING], nr);
	fflush(stdout);
}

static void print_stack(int pid)
{
	char text[4096], *line, *save = NULL;

	sys_read(sys_path("/proc/%d/stack", pid), text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		note("  %s", line);
}

void judge_fail(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	mine->failed = true;
	print_lane(mine);
	ktap_fail(__FILE_NAME__, __LINE__, "%s", text);
}

void judge_before(const struct call *call)
{
	struct record *r = &mine->ring[mine->cases % RING];

	r->call = *call;
	memset(r->actual, 0, sizeof(r->actual));
	r->answered = false;
	mine->begun_ms = now_ms();
	mine->cases++;
}

void judge_actual(uint64_t one, uint64_t two, uint64_t three, uint64_t four)
{
	struct record *r = &mine->ring[(mine->cases - 1) % RING];

	r->actual[0] = one;
	r->actual[1] = two;
	r->actual[2] = three;
	r->actual[3] = four;
}

static bool documented(const struct op *op, int error)
{
	size_t i;

	for (i = 0; i < ERRNOS_MOST && op->errnos[i]; i++)
		if (op->errnos[i] == error)
			return true;
	return false;
}

void judge_after(const struct call *call, long ret, int expect)
{
	struct record *r = &mine->ring[(mine->cases - 1) % RING];
	struct row *row = &mine->rows[op_index(call->op)];
	uint64_t took = now_ms() - mine->begun_ms;

	mine->begun_ms = 0;
	if (ret == NOTHING) {
		mine->cases--;
		return;
	}
	r->ret = ret;
	r->answered = true;
	row->calls++;
	row->foreseen += expect != ANY;
	if (took > row->slowest_ms)
		row->slowest_ms = took;
	if (ret >= 0)
		row->ok++;
	else if (ret > -ERRNO_END)
		row->refused[-ret]++;

	if (ret < 0 && !documented(call->op, -ret))
		judge_fail("%s: %s is not documented for it", call->op->name,
			   ktap_number(ret));
	if (expect == REFUSED ? ret >= 0 :
	    expect != ANY && (ret < 0 ? ret : 0) != expect)
		judge_fail("%s: %s, should be %s", call->op->name,
			   ktap_number(ret),
			   expect == REFUSED ? "refused" : ktap_number(expect));
	if (took > board->slow_ms)
		judge_fail("%s took %llu ms", call->op->name,
			   (unsigned long long)took);
}

void judge_watch(unsigned int seconds)
{
	uint64_t now = now_ms();
	size_t i;

	for (i = 0; i < LANES; i++) {
		const struct lane_board *lane = &board->lanes[i];
		uint64_t begun = lane->begun_ms;

		if (!begun || now < begun + seconds * 1000ull)
			continue;
		print_lane(lane);
		print_stack(lane->pid);
		CHECK(0, "a call hangs");
	}
}

bool judge_failed(void)
{
	return board->lanes[LANE_MAIN].failed || board->lanes[LANE_PEER].failed;
}

uint64_t judge_cases(void)
{
	return board->lanes[LANE_MAIN].cases + board->lanes[LANE_PEER].cases;
}

static struct row sum_row(size_t op)
{
	struct row sum = board->lanes[LANE_MAIN].rows[op];
	const struct row *peer = &board->lanes[LANE_PEER].rows[op];
	size_t i;

	sum.calls += peer->calls;
	sum.ok += peer->ok;
	sum.foreseen += peer->foreseen;
	if (peer->slowest_ms > sum.slowest_ms)
		sum.slowest_ms = peer->slowest_ms;
	for (i = 0; i < ERRNO_END; i++)
		sum.refused[i] += peer->refused[i];
	return sum;
}

static void print_row(const struct op *op, const struct row *row)
{
	int i;

	printf("# %-14s %7u calls, %7u foreseen, %5u ms at most, %7u ok",
	       op->name, row->calls, row->foreseen, row->slowest_ms, row->ok);
	for (i = 0; i < ERRNO_END; i++)
		if (row->refused[i])
			printf(", %u %s", row->refused[i], strerrorname_np(i));
	printf("\n");
}

void judge_report(void)
{
	uint32_t calls = 0, ok = 0, foreseen = 0;
	const char *starved = NULL;
	size_t i;

	for (i = 0; i < nr_all_ops; i++) {
		struct row row = sum_row(i);

		print_row(all_ops[i], &row);
		calls += row.calls;
		ok += row.ok;
		foreseen += row.foreseen;
		if (row.calls >= ENOUGH &&
		    row.ok < (uint64_t)row.calls * all_ops[i]->least / 1000)
			starved = all_ops[i]->name;
	}
	note("%u calls, %u done, %u refused; %u answers were foreseen", calls,
	     ok, calls - ok, foreseen);
	CHECK(!starved, "too few calls of %s get through", starved);
}
