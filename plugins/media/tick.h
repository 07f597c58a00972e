/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file tick.h  The 20 ms clock of a media thread, in four phases
 *
 * Thread: media. A leg that plays, sends digits or is decoded joins the phase
 * with the fewest legs, so that the work spreads over the 20 ms. The timer
 * stands at the next phase that has a leg, and is disarmed without any: echo
 * needs none. After a delay at most three frames are caught up; what is older
 * is given up and the phase returns to its grid.
 */
#ifndef BIFRONS_MEDIA_TICK_H
#define BIFRONS_MEDIA_TICK_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct media_leg;
struct media_thread;

enum {
	TICK_PHASES = 4,
	TICK_US = 20000,
	TICK_PHASE_US = TICK_US / TICK_PHASES,
	TICK_CATCH_UP = 3,
};

struct tick_phase {
	GPtrArray *legs;
	int64_t due_us;
};

struct tick {
	/* thread: media */
	int fd; /**< timerfd */
	bool ready;
	int64_t armed_us; /**< 0 = disarmed */
	uint64_t serial;  /**< of the 20 ms that a phase is in */
	struct tick_phase phases[TICK_PHASES];

	/* any thread */
	atomic_ullong late, late_max_us;
};

/** A leg's place; zeroed = in no phase */
struct tick_member {
	unsigned phase; /**< 1 + index */
	unsigned slot;
};

/* Bridged legs share a phase: a frame that one makes is there for the other. */

/** @return 0 or errno of timerfd_create(2) */
int tick_init(struct tick *tick);
void tick_free(struct tick *tick);

void tick_join(struct tick *tick, struct media_leg *leg, int64_t now_us);
/** A leg may leave while it runs, but not while another does */
void tick_leave(struct tick *tick, struct media_leg *leg);

/** Run every phase that is due, and arm the timer for the next */
void tick_run(struct tick *tick, struct media_thread *th);
/** Arm the timer after joins and leaves */
void tick_arm(struct tick *tick);

#endif
