// SPDX-License-Identifier: GPL-2.0
/*
 * Chooses calls: new ones, and variations of those that came before an answer
 * which had not been seen. What counts as the same answer is the operation, its
 * errno, the states of what it was about, and the operation before it.
 */
#include <string.h>

#include "fuzz.h"
#include "judge.h"
#include "ktap.h"
#include "sys.h"

#define OPS_MOST	48
#define SEEN_BITS	16
#define CORPUS		512
/* An answer is kept with the calls that led to it. */
#define CHAIN		4

const struct op *all_ops[OPS_MOST];
size_t nr_all_ops;

static const struct op * const tables[] = {
	export_ops, device_ops, map_ops, ioas_ops, file_ops, sample_ops,
	peer_ops,
};

struct chain {
	struct call calls[CHAIN];
};

static struct chain corpus[CORPUS];
static uint64_t nr_corpus;
static uint8_t seen[1 << SEEN_BITS];
static struct chain last;

size_t op_index(const struct op *op)
{
	size_t i = 0;

	while (all_ops[i] != op)
		i++;
	return i;
}

void engine_init(void)
{
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct op *op = tables[i];

		for (; op->name; op++) {
			CHECK(nr_all_ops < OPS_MOST, "too many operations");
			all_ops[nr_all_ops++] = op;
		}
	}
}

static const struct op *choose_op(struct world *w)
{
	unsigned int sum = 0, at;
	size_t i;

	for (i = 0; i < nr_all_ops; i++)
		sum += all_ops[i]->weight;
	at = below(w, sum);
	for (i = 0; at >= all_ops[i]->weight; i++)
		at -= all_ops[i]->weight;
	return all_ops[i];
}

static unsigned int nr_args(const struct op *op)
{
	unsigned int i = 0;

	while (i < ARGS_MOST && op->args[i].name)
		i++;
	return i;
}

static struct call make_call(struct world *w)
{
	struct call call = { .op = choose_op(w) };
	unsigned int i;

	for (i = 0; i < nr_args(call.op); i++)
		call.args[i] = call.op->args[i].make(w);
	return call;
}

/* Another value for one argument, or one that is a little off */
static void vary(struct world *w, struct call *call)
{
	unsigned int nr = nr_args(call->op), i;

	if (!nr)
		return;
	i = below(w, nr);
	if (one_in(w, 4))
		call->args[i] ^= 1ull << below(w, 64);
	else
		call->args[i] = call->op->args[i].make(w);
}

/* An answer that is new is worth to be varied. */
static void remember(const struct world *w, const struct call *call, long ret)
{
	const struct op *before = last.calls[CHAIN - 2].op;
	uint64_t what;

	what = op_index(call->op) | (ret < 0 ? -ret : 0) << 8 |
	       (uint64_t)w->feature << 16 |
	       (before ? op_index(before) + 1 : 0) << 56;
	what = mix(what) >> (64 - SEEN_BITS);
	if (seen[what])
		return;
	seen[what] = 1;
	corpus[nr_corpus++ % CORPUS] = last;
}

/* Return: how many cases that was. */
static unsigned int run_call(struct world *w, const struct call *call)
{
	long ret;

	memmove(&last.calls[0], &last.calls[1],
		sizeof(last) - sizeof(last.calls[0]));
	last.calls[CHAIN - 1] = *call;
	w->expect = ANY;
	w->feature = 0;
	judge_before(call);
	ret = call->op->run(w, call->args);
	judge_after(call, ret, w->expect);
	if (ret == NOTHING)
		return 0;
	remember(w, call, ret);
	return 1;
}

/* What once led to something new, with one call that is different */
static unsigned int run_chain(struct world *w)
{
	struct chain chain;
	unsigned int i, ran = 0, varied = below(w, CHAIN);

	chain = corpus[below(w, nr_corpus < CORPUS ? nr_corpus : CORPUS)];
	for (i = 0; i < CHAIN; i++) {
		struct call *call = &chain.calls[i];

		if (!call->op || call->op->weight <= 2)
			continue;
		if (i == varied)
			vary(w, call);
		ran += run_call(w, call);
	}
	return ran;
}

void engine_run(struct world *w, uint64_t seed, uint64_t cases,
		uint64_t deadline_ms)
{
	w->random = seed;
	while (cases && now_ms() < deadline_ms) {
		unsigned int ran;

		if (nr_corpus && one_in(w, 8)) {
			ran = run_chain(w);
		} else {
			struct call call = make_call(w);

			ran = run_call(w, &call);
		}
		cases -= ran < cases ? ran : cases;
	}
}

/*
 * Where the kernel reads an argument from. how is 0 for memory as it should be,
 * else an address of nothing, or bytes that end too early.
 */
void *user_memory(struct world *w, const void *data, size_t nr, uint64_t how,
		  size_t *readable)
{
	char *at = w->page_end - nr;

	*readable = nr;
	if (how) {
		*readable = 0;
		if (how % 8 == 1)
			return NULL;
		if (how % 8 == 2)
			return (void *)-PAGE;
		*readable = (how >> 8) % nr;
		at = w->page_end - *readable;
	}
	memcpy(at, data, *readable);
	return at;
}
