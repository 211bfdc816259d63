// SPDX-License-Identifier: GPL-2.0
/* dmabufctl watch: what happens to described buffers, as it happens, and how long it took */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "trace.h"

/*
 * Events that wait for the one that ends what they began. An event does not say
 * which mapping it is about: of several alike the oldest is taken.
 */
struct open_event {
	struct trace_event event;
	struct open_event *next;
};

static struct {
	struct open_event *mapped;	/* TRACE_MAP */
	struct open_event *revoking;	/* TRACE_REVOKE */
	struct open_event *revoked;	/* TRACE_REVOKED */
	u64 counts[TRACE_KINDS];
	u64 refused;		/* maps that failed */
	u64 longest_revoke;
} watched;

static void remember(struct open_event **list, const struct trace_event *event)
{
	struct open_event *open = xcalloc(1, sizeof(*open));

	open->event = *event;
	while (*list)
		list = &(*list)->next;
	*list = open;
}

static bool alike(const struct trace_event *a, const struct trace_event *b)
{
	return a->ino == b->ino && !strcmp(a->importer, b->importer) &&
	       !strcmp(a->route, b->route) && a->offset == b->offset &&
	       a->len == b->len;
}

/* Nanoseconds since the oldest that is alike, which is forgotten; -1: none */
static s64 since(struct open_event **list, const struct trace_event *event)
{
	struct open_event *open;
	s64 ns;

	while (*list && !alike(&(*list)->event, event))
		list = &(*list)->next;
	open = *list;
	if (!open)
		return -1;
	ns = event->ns - open->event.ns;
	*list = open->next;
	free(open);
	return ns;
}

/* How long what this event ends has lasted, -1 if its start was not seen */
static s64 account(const struct trace_event *event)
{
	s64 ns = -1;

	watched.counts[event->kind]++;
	switch (event->kind) {
	case TRACE_MAP:
		if (event->ret)
			watched.refused++;
		else
			remember(&watched.mapped, event);
		break;
	case TRACE_UNMAP:
	case TRACE_SEVER:
		ns = since(&watched.mapped, event);
		break;
	case TRACE_REVOKE:
		remember(&watched.revoking, event);
		break;
	case TRACE_REVOKED:
		ns = since(&watched.revoking, event);
		if (ns > (s64)watched.longest_revoke)
			watched.longest_revoke = ns;
		remember(&watched.revoked, event);
		break;
	case TRACE_RESTORE:
	case TRACE_KILL:
		ns = since(&watched.revoked, event);
		break;
	default:
		break;
	}
	return ns;
}

/* What a duration is, by the kind of the event that ends it */
static const char * const lasted[TRACE_KINDS][2] = {
	[TRACE_UNMAP] = { "lived_ns", "mapped for" },
	[TRACE_SEVER] = { "lived_ns", "its importer did not let go, mapped for" },
	[TRACE_REVOKED] = { "took_ns", "the revoke took" },
	[TRACE_RESTORE] = { "away_ns", "was away for" },
	[TRACE_KILL] = { "away_ns", "for good, was away for" },
};

static void tell_json(const struct trace_event *event, s64 ns)
{
	json_object(NULL);
	json_text("event", trace_names[event->kind]);
	json_unsigned("time_ns", event->ns);
	json_text("task", event->task);
	json_unsigned("ino", event->ino);
	if (event->kind <= TRACE_SEVER) {
		json_text("importer", event->importer);
		json_text("route", event->route);
		json_unsigned("offset", event->offset);
		json_unsigned("len", event->len);
		json_number("ret", event->ret);
	} else {
		json_text("exporter", event->exporter);
		json_unsigned("size", event->size);
	}
	if (lasted[event->kind][0]) {
		if (ns < 0)
			json_text(lasted[event->kind][0], NULL);
		else
			json_number(lasted[event->kind][0], ns);
	}
	json_end();
}

static void tell_text(const struct trace_event *event, s64 ns)
{
	printf("%6llu.%06llu  %-8s %llu",
	       event->ns / 1000000000, event->ns / 1000 % 1000000,
	       trace_names[event->kind], event->ino);
	if (event->kind <= TRACE_SEVER)
		printf("  %s by %s, %s at %#llx", event->importer,
		       event->route, size_text(event->len), event->offset);
	else
		printf("  %s, %s", event->exporter, size_text(event->size));
	if (event->kind == TRACE_MAP && event->ret)
		printf(", refused: %s", strerror(-event->ret));
	if (lasted[event->kind][1] && ns >= 0)
		printf(", %s %s", lasted[event->kind][1], time_text(ns));
	printf("  (%s)\n", event->task);
	fflush(stdout);
}

static void summary_json(void)
{
	int kind;

	json_object(NULL);
	json_text("event", "end");
	json_object("counts");
	for (kind = 0; kind < TRACE_KINDS; kind++)
		json_unsigned(trace_names[kind], watched.counts[kind]);
	json_end();
	json_unsigned("refused", watched.refused);
	json_unsigned("longest_revoke_ns", watched.longest_revoke);
	json_unsigned("lost", trace_lost());
	json_end();
}

static void summary_text(void)
{
	printf("%llu mapped, %llu of them refused; %llu unmapped, %llu severed; %llu revokes",
	       watched.counts[TRACE_MAP], watched.refused,
	       watched.counts[TRACE_UNMAP], watched.counts[TRACE_SEVER],
	       watched.counts[TRACE_REVOKE]);
	if (watched.longest_revoke)
		printf(", the longest %s", time_text(watched.longest_revoke));
	putchar('\n');
	if (trace_lost())
		printf("at least %llu events were lost: the trace buffer was full\n",
		       trace_lost());
}

int cmd_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ino", required_argument, NULL, 'i' },
		{ "seconds", required_argument, NULL, 's' },
		{}
	};
	u64 ino = 0, seconds = 0;
	struct trace_event event;
	int option;
	s64 ns;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option != 'i' && option != 's')
			fail_option();
		if (!parse_number(optarg, option == 'i' ? &ino : &seconds) ||
		    seconds > 1000000000)
			fail(CTL_USAGE, "such as --ino 1234 --seconds 10",
			     "'%s' is not a number, or too large", optarg);
	}
	if (optind < argc)
		fail(CTL_USAGE, "one buffer: --ino N",
		     "watch takes no argument, and there is '%s'",
		     argv[optind]);

	trace_begin(seconds);
	if (!ctl_json)
		fprintf(stderr, "watching%s\n", seconds ? "" : " until ^C");
	while (trace_next(&event)) {
		if (ino && event.ino != ino)
			continue;
		ns = account(&event);
		if (ctl_json)
			tell_json(&event, ns);
		else
			tell_text(&event, ns);
		if (ferror(stdout))
			return CTL_FAILED;
	}
	if (ctl_json)
		summary_json();
	else
		summary_text();
	return CTL_OK;
}
