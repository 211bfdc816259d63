/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's part of dma-buf-phys.pml, to be read beside
 * drivers/dma-buf/dma-buf-phys.c, dma-buf-phys-revoke.c and dma-buf-phys-sever.c.
 * What has the name of a function there does what the function does. An atomic block is one critical
 * section of phys->lock, or one step outside of it.
 */

/*
 * dma-buf-phys.c
 */
inline dma_buf_phys_map_begin(i)
{
	atomic {
		touch_map(i);
		if
		:: state == LIVE -> map[i].state = BUILDING; phys_add()
		:: else -> imp[i].ret = ENODEV
		fi
	}
}

inline phys_drop(i)
{
	atomic {
		touch_map(i);
		assert(map[i].state == BUILDING);
		map[i].state = OFF;
		phys_del()
	}
}

/* The routes' work; what fails undoes itself. */
inline translate(i)
{
	atomic {
		touch_desc();
		if
		:: map[i].translated = true; map[i].iova = !map[i].bus
#if NOMEM
		:: imp[i].ret = ENOMEM
#endif
		fi
	}
}

inline release(i)
{
	atomic {
		touch_map(i);
		touch_desc();
		assert(map[i].translated && map[i].iova != map[i].bus);
		map[i].translated = false;
		map[i].iova = false
	}
}

/* Without translation: the release of an importer that has stopped */
inline phys_untranslate(i)
{
	touch_map(i);
	touch_desc();
	assert(map[i].translated && map[i].iova != map[i].bus);
	map[i].translated = false;
	map[i].stale = !map[i].bus;
#ifdef BUG_SEVER_GIVES_IOVA_BACK
	map[i].iova = false
#endif
}

inline forget(i)
{
	atomic {
		touch_map(i);
#ifdef BUG_FORGET_TOUCHES_DESC
		touch_desc();
#endif
		assert(!map[i].translated && !map[i].stale);
		assert(map[i].iova != map[i].bus);
		map[i].iova = false
	}
}

inline dma_buf_phys_map_end(i)
{
	if
	:: imp[i].ret == OK ->
		atomic {
			if
#ifdef BUG_NO_RECHECK
			:: true -> map[i].state = MAPPED
#else
			:: state == LIVE -> map[i].state = MAPPED
#endif
			:: else -> imp[i].ret = ENODEV
			fi
		};
		if
		:: imp[i].ret != OK -> release(i)
		:: else
		fi
	:: else
	fi;
	if
	:: imp[i].ret != OK -> phys_drop(i)
	:: else
	fi
}

inline dma_buf_phys_map(i)
{
	dma_buf_phys_map_begin(i);
	if
	:: imp[i].ret == OK -> translate(i); dma_buf_phys_map_end(i)
	:: else
	fi
}

inline dma_buf_phys_unmap(i)
{
	do
	:: atomic { map[i].state == MAPPED -> map[i].state = BUILDING };
#ifdef BUG_DROP_BEFORE_RELEASE
		phys_drop(i);
		release(i);
#else
		release(i);
		phys_drop(i);
#endif
		break
#ifdef BUG_UNMAP_DOES_NOT_WAIT
	:: atomic { map[i].state == SEVERING -> map[i].state = OFF };
		forget(i);
		break
#else
	:: atomic { map[i].state == SEVERING -> sleep(i) };
		awake(i)
#endif
	:: atomic { map[i].state == SEVERED ->
		map[i].state = OFF;
#ifndef BUG_SEVERED_STAYS_COUNTED
		nr_severed--
#endif
	   };
#ifdef BUG_SEVER_DOUBLE_FREE
		release(i);
#elif !defined(BUG_SEVERED_LEAKS)
		forget(i);
#endif
		break
	od
}

/* phys->describing is fair: new readers do not keep a writer waiting. */
inline dma_buf_phys_reachable()
{
	atomic {
		!describing_wanted -> readers++;
#ifdef BUG_QUESTIONS_ARE_MAPPINGS
		phys_add()
#endif
	};
	if
	:: state != DEAD -> touch_desc()
	:: state == DEAD
	fi;
	atomic {
		readers--;
#ifdef BUG_QUESTIONS_ARE_MAPPINGS
		phys_del()
#endif
	}
}

/* Whoever is in the core for importer i, which is one thread at a time */
proctype core(byte i)
{
end:	do
	:: imp[i].fn == MAP -> dma_buf_phys_map(i); imp[i].fn = NONE
	:: imp[i].fn == UNMAP -> dma_buf_phys_unmap(i); imp[i].fn = NONE
	od
}

/*
 * dma-buf-phys-sever.c
 */
#ifdef BUG_SEVER_BUILDING
#define at_rest(i)	(map[i].state == MAPPED || map[i].state == BUILDING)
#else
#define at_rest(i)	(map[i].state == MAPPED)
#endif
#define left_to_core(i)		(imp[i].leaves)
#define can_be_severed(i)	(!map[i].bus)

inline phys_take(stopped_only)
{
	atomic {
		do
		:: j < N ->
			if
			:: at_rest(j) && (stopped_only -> left_to_core(j) :
							  can_be_severed(j)) ->
				map[j].state = SEVERING
			:: else
			fi;
			j++
		:: else -> j = 0; break
		od
	}
}

/* iommu_iotlb_sync() */
inline flush()
{
	atomic {
		do
		:: j < N && map[j].state == SEVERING ->
			map[j].stale = false; j++
		:: j < N && map[j].state != SEVERING -> j++
		:: else -> j = 0; break
		od
	}
}

/* All at once: there is one domain. */
inline phys_give_back()
{
	atomic {
		do
		:: j < N && map[j].state == SEVERING ->
			touch_map(j);
			map[j].state = SEVERED;
			nr_severed++;
			nr_maps--;
			kref_put();
			j++
		:: j < N && map[j].state != SEVERING -> j++
		:: else -> j = 0; break
		od;
#ifndef BUG_SEVER_DOES_NOT_WAKE
		wake_up_all()
#endif
	}
}

inline phys_sever_taken()
{
	atomic {
		do
		:: j < N && map[j].state == SEVERING ->
			phys_untranslate(j); j++
		:: j < N && map[j].state != SEVERING -> j++
		:: else -> j = 0; break
		od
	};
#ifdef BUG_GIVE_BACK_BEFORE_FLUSH
	phys_give_back();
	flush()
#else
#ifndef BUG_SEVER_DOES_NOT_FLUSH
	flush();
#endif
	phys_give_back()
#endif
}

inline dma_buf_phys_unmap_stopped()
{
	phys_take(true);
	phys_sever_taken()
}

inline dma_buf_phys_sever()
{
	phys_take(false);
#ifdef BUG_SEVER_TAKES_RESV
	lock(resv);
	unlock(resv);
#endif
	phys_sever_taken()
}

/*
 * dma-buf-phys-revoke.c
 */
inline phys_tell_revoked()
{
	lock(resv);
	do
	:: j < N -> invalidate_mappings(j); j++
	:: else -> j = 0; break
	od;
#ifndef BUG_RESV_HELD_WHILE_WAITING
	unlock(resv);
#endif
}

inline phys_tell_restored()
{
	lock(resv);
	do
	:: j < N -> restored(j); j++
	:: else -> j = 0; break
	od;
	unlock(resv)
}

#ifdef KREF
#define phys_drained	(done)
#else
#define phys_drained	(nr_maps == 0)
#endif

/* These waits look again every now and then, woken or not. */
inline phys_drain()
{
#ifdef KREF
	atomic { kref_put() };
#endif
	if
	:: phys_drained
#ifdef BUG_NEVER_SEVERS
	:: true
#else
	:: dma_buf_phys_sever()		/* the grace time is over */
#endif
	fi;
	atomic {
		phys_drained ->
#ifdef KREF
		done = false;
#ifndef BUG_KREF_REARM
		refs = 1;
#endif
#endif
		state = REVOKED
	}
}

/* Changes the description, at which nobody may be looking. */
inline phys_change(new)
{
	describing_wanted = true;
	atomic {
#ifdef BUG_RESTORE_BEFORE_SETTLE
		new == LIVE ||
#endif
		readers == 0 ->
		assert(readers == 0 && nr_maps == 0);
		state = new;
		describing_wanted = false
	}
}

inline phys_begin_revoke()
{
	if
	:: state == LIVE ->
#ifdef BUG_UNMAPS_BEFORE_TELLING
		dma_buf_phys_unmap_stopped();
#endif
#ifdef BUG_STATE_AFTER_TELL
		phys_tell_revoked();
		state = REVOKING
#else
		state = REVOKING;
		phys_tell_revoked()
#endif
	:: else
	fi
}

inline phys_finish_revoke()
{
	if
	:: state == REVOKING ->
#ifndef BUG_NEVER_UNMAPS_STOPPED
		dma_buf_phys_unmap_stopped();
#endif
		phys_drain();
#ifdef BUG_RESV_HELD_WHILE_WAITING
		unlock(resv)
#endif
	:: else
	fi
}

#ifdef BUG_NO_TRANSITION
#define lock_transition()	skip
#define unlock_transition()	skip
#else
#define lock_transition()	lock(transition)
#define unlock_transition()	unlock(transition)
#endif

inline dma_buf_phys_revoke_begin()
{
	lock_transition();
	phys_begin_revoke();
	unlock_transition()
}

inline dma_buf_phys_revoke()
{
	lock_transition();
#ifdef BUG_REVOKE_IGNORES_BEGUN
	if
	:: state == LIVE -> phys_begin_revoke(); phys_finish_revoke()
	:: else
	fi;
#else
	phys_begin_revoke();
	phys_finish_revoke();
#endif
	taken = true;
	unlock_transition()
}

inline dma_buf_phys_restore()
{
	lock_transition();
	if
	:: state == REVOKING || state == REVOKED ->
#ifndef BUG_RESTORE_DOES_NOT_FINISH
		phys_finish_revoke();
#endif
		taken = false;
#ifdef BUG_RESTORED_BEFORE_LIVE
		phys_tell_restored();
		phys_change(LIVE)
#elif defined(BUG_RESTORED_NOT_TOLD)
		phys_change(LIVE)
#else
		phys_change(LIVE);
		phys_tell_restored()
#endif
	:: else
	fi;
	unlock_transition()
}

inline dma_buf_phys_kill()
{
	lock_transition();
	if
	:: state != DEAD ->
		phys_begin_revoke();
		phys_finish_revoke();
		phys_change(DEAD);
		taken = true
	:: else
	fi;
	unlock_transition()
}
