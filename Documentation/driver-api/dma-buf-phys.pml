/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The revocation protocol of dma-buf physical ranges, for the model checker
 * spin. It tries every order of every step of everybody. Here is the world
 * around the core, dma-buf-phys-core.pml is the core.
 *
 * What there is
 *	One buffer. Exporters, with or without a lock of their own, that begin
 *	to revoke, revoke, restore and kill it in any order. N importers, each
 *	with a lock, a thread and a mapping. All that an importer may do it does
 *	or leaves, as it comes: map and unmap, under the reservation lock or its
 *	own; unmap when it is told to, or later, or never, or leave that to the
 *	core; map again when the buffer is restored; map without any lock; ask
 *	questions about the buffer. Devices that use whatever they can reach. One
 *	IOMMU domain, which goes on translating until it is flushed.
 *
 * What is left out
 *	Fences: they only take time. Time: the grace time is over whenever that
 *	makes trouble. The domain route: it is the iova route with nothing to
 *	forget. The CPU: the iova route again. The direct route: to the protocol
 *	it is the bus route. Several mappings of one importer: they are like
 *	several importers. Attaching and detaching.
 *
 * How it is run
 *	Assertions and deadlocks, then that a revoke ends:
 *
 *		spin -a dma-buf-phys.pml
 *		gcc -O2 -DCOLLAPSE -DSAFETY -DNOCLAIM -o search pan.c
 *		./search -m1000000
 *
 *		spin -a -DFAIR=1 -DCARELESS=0 dma-buf-phys.pml
 *		gcc -O2 -DCOLLAPSE -DNFAIR=3 -o search pan.c
 *		./search -m1000000 -a -f -N revoke_ends
 *
 *	Three importers are too many states, and so are two exporters with two
 *	importers and everything that they can do.
 *
 * Each BUG_ puts a bug in that must be found.
 */

/* Parameters, -DNAME=VALUE */
#ifndef N
#define N 2		/* importers */
#endif
#ifndef EXPORTERS
#define EXPORTERS 1	/* more than one: they have no common lock */
#endif
#ifndef DEVICE
#define DEVICE 0	/* DMA; as it never ends it would hide a deadlock */
#endif
#ifndef FAIR
#define FAIR 0		/* who waits for a mutex gets it some day */
#endif
#ifndef UNTRANSLATED
#define UNTRANSLATED 1	/* there are mappings that cannot be severed... */
#endif
#ifndef LEAVES
#define LEAVES 1	/* the first may leave it to the core to unmap; 2: all do */
#endif
#ifndef RULES
#define RULES 1		/* ...and their importers unmap them once told */
#endif
#ifndef CARELESS
#define CARELESS 1	/* importers map without a lock; 2: untranslated, too */
#endif
#ifndef QUESTIONS
#define QUESTIONS 1	/* and call dma_buf_phys_reachable() */
#endif
#ifndef NOMEM
#define NOMEM 1		/* translating may fail */
#endif
#ifdef BUG_KREF_REARM
#define KREF		/* count mappings with a kref and a completion */
#endif

mtype:buffer = { LIVE, REVOKING, REVOKED, DEAD };
mtype:mapping = { OFF, BUILDING, MAPPED, SEVERING, SEVERED };
mtype:function = { NONE, MAP, UNMAP };
mtype:error = { OK, ENODEV, ENOMEM };
/* An importer's own idea of its mapping */
mtype:mine = { FREE, BUSY, HAS };

/* struct dma_buf_phys_map; OFF: it is on no list, and nobody's business */
typedef phys_map {
	mtype:mapping state = OFF;
	bool bus;			/* route without translation */
	bool translated;
	bool stale;			/* still, by the IOTLB */
	bool iova			/* reserved */
};
phys_map map[N];

/* struct dma_buf_phys */
mtype:buffer state = LIVE;
byte nr_maps;
byte nr_severed;

typedef importer_data {
	mtype:mine mine = FREE;
	bool leaves;			/* unmapping to the core */
	bool told;			/* has what it ought to have unmapped */
	bool remap;			/* wants it back when it is restored */
	mtype:function fn = NONE;	/* is in this function of the core */
	mtype:error ret = OK		/* which returned this */
};
importer_data imp[N];

bool describing_wanted;			/* the rwsem phys->describing, */
byte readers;				/* whose writer is in one step */
byte sleepers;				/* phys->changed, a bit for each */
#define sleep(who)	sleepers = sleepers | (1 << (who))
#define awake(who)	((sleepers & (1 << (who))) == 0)
#define wake_up_all()	sleepers = 0

/* For the checks only */
bool taken;				/* revoke has returned, no restore yet */

#if FAIR
typedef mutex { chan q = [N + EXPORTERS] of { byte } };
inline lock(m) { m.q!_pid; m.q?[eval(_pid)] }
inline unlock(m) { m.q?eval(_pid) }
#else
typedef mutex { bool held };
inline lock(m) { atomic { !m.held -> m.held = true } }
inline unlock(m) { m.held = false }
#endif

/* From the outermost to the innermost */
mutex memory_lock;			/* the exporter's */
mutex transition;
mutex resv;
mutex own[N];				/* the importers' */

#ifdef KREF
byte refs = 1;
bool done;
inline kref_get() { refs++ }
inline kref_put() { refs--; if :: refs == 0 -> done = true :: else fi }
#else
#define kref_get()	skip
#define kref_put()	skip
#endif

/* Onto the list of mappings, and off it */
inline phys_add() { nr_maps++; kref_get() }
inline phys_del() { nr_maps--; kref_put() }

/* Wherever the core looks at the description, or at an importer's memory */
inline touch_desc() { assert(state != DEAD) }
inline touch_map(i) { assert(imp[i].mine != FREE) }

/*
 * Importers. Whoever changes a mapping holds the importer's lock or the
 * reservation lock; the callbacks hold both.
 */
inline choose_route(i)
{
	imp[i].mine = BUSY;
	if
	:: map[i].bus = false
#if UNTRANSLATED
	:: map[i].bus = true
#endif
	fi
}

inline call_map(i)
{
	imp[i].fn = MAP;
	atomic {
		imp[i].fn == NONE ->
		if
		:: imp[i].ret == OK -> imp[i].mine = HAS
		:: else -> imp[i].mine = FREE; map[i].bus = false
		fi;
		imp[i].ret = OK
	}
}

/* Its device does not use what it has. */
#define stopped(i)	(imp[i].leaves && imp[i].told)

/* Stop the device, unmap, free the memory; nothing may be left then. */
inline call_unmap(i)
{
	atomic { imp[i].mine = BUSY; imp[i].fn = UNMAP };
	atomic {
		imp[i].fn == NONE ->
		assert(map[i].state == OFF);
		assert(!map[i].translated && !map[i].stale && !map[i].iova);
		imp[i].mine = FREE;
		imp[i].told = false;
		map[i].bus = false
	}
}

/* Unmap, or leave that for later, or for never. */
inline invalidate_mappings(i)
{
#ifdef BUG_CALLBACK_TAKES_EXPORTER_LOCK
	lock(memory_lock);
#endif
	lock(own[i]);
	if
	:: imp[i].mine == HAS ->
		if
		:: imp[i].remap = true
		:: imp[i].remap = false
		fi;
		if
		:: call_unmap(i)
		:: imp[i].told = true
		fi
	:: else
	fi;
	unlock(own[i]);
#ifdef BUG_CALLBACK_TAKES_EXPORTER_LOCK
	unlock(memory_lock);
#endif
}

/* What was severed meanwhile is still to be unmapped first. */
inline restored(i)
{
	assert(state == LIVE);
	lock(own[i]);
	if
	:: imp[i].remap && imp[i].told -> call_unmap(i)
	:: else
	fi;
	if
	:: atomic { imp[i].remap && imp[i].mine == FREE -> choose_route(i) };
		call_map(i)
	:: else
	fi;
	imp[i].remap = false;
	unlock(own[i])
}

#include "dma-buf-phys-core.pml"

/* The one case in which revoke depends on an importer */
#define obliged(i) \
	(RULES && imp[i].mine == HAS && imp[i].told && !imp[i].leaves && map[i].bus)

proctype importer(byte i)
{
	bool with_own;

	do
	:: if
	   :: with_own = true; lock(own[i])
	   :: with_own = false; lock(resv)
	   fi;
	   if
	   :: atomic { imp[i].mine == FREE -> choose_route(i) };
		call_map(i)
	   :: imp[i].mine == HAS ->
		call_unmap(i)
	   :: atomic { imp[i].mine == HAS && map[i].bus && !obliged(i) &&
		       !stopped(i) ->
		touch_desc() }		/* dma_buf_phys_for_each() */
	   fi;
	   if
	   :: atomic { with_own -> with_own = false; unlock(own[i]) }
	   :: atomic { !with_own -> unlock(resv) }
	   fi
#if CARELESS
	:: atomic { imp[i].mine == FREE ->
		imp[i].mine = BUSY; map[i].bus = CARELESS == 2 };
		call_map(i)
#endif
#if QUESTIONS
	:: !obliged(i) ->
		dma_buf_phys_reachable()
#endif
	:: !obliged(i) ->
end_idle:	obliged(i)
	od
}

#if DEVICE
/*
 * What is translated a device can reach, whatever its driver thinks. What is
 * not, it uses while its driver lets it.
 */
proctype device(byte i)
{
end:	do
	:: atomic { (map[i].translated || map[i].stale) && !map[i].bus ->
		assert(!taken) }
	:: atomic { imp[i].mine == HAS && map[i].bus && !stopped(i) ->
		assert(!taken && map[i].translated) }
	od
}
#endif

/* The last importer has let go of a dead buffer. */
inline dma_buf_phys_fini()
{
	do
	:: j < N ->
end_fini:	imp[j].mine == FREE -> j++
	:: else -> j = 0; break
	od;
	assert(nr_maps == 0 && nr_severed == 0)
}

proctype exporter()
{
	byte j;

	do
	::
#if EXPORTERS == 1
		lock(memory_lock);
#endif
		if
		:: state == LIVE -> dma_buf_phys_revoke_begin()
		:: dma_buf_phys_revoke()
		:: dma_buf_phys_restore()
		:: dma_buf_phys_kill()
		fi;
#if EXPORTERS == 1
		unlock(memory_lock)
#endif
	:: state != REVOKING -> break	/* what is begun must be finished */
	od;
	if
	:: state == DEAD -> dma_buf_phys_fini()
	:: else
	fi
}

init
{
	byte j;

	atomic {
		do
		:: j < N ->
#if LEAVES == 2
			imp[j].leaves = true;
#elif LEAVES && N == 1
			if
			:: imp[j].leaves = true
			:: imp[j].leaves = false
			fi;
#elif LEAVES
			imp[j].leaves = (j == 0);
#endif
			run core(j);
			run importer(j);
#if DEVICE
			run device(j);
#endif
			j++
		:: else -> j = 0; break
		od;
		do
		:: j < EXPORTERS -> run exporter(); j++
		:: else -> j = 0; break
		od
	}
}

/* A revoke comes to its end. */
ltl revoke_ends { [] (state == REVOKING -> <> (state != REVOKING)) }

/* Who wants its mapping back gets it, unless there is the next revoke. */
ltl maps_again {
	[] (state == LIVE && imp[0].remap ->
	    <> (map[0].state == MAPPED || state != LIVE))
}
