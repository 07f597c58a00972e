/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/tick.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "media/leg_priv.h"

enum {
	TICK_FIRED = -1 /* neither armed nor off (0) */
};

int tick_init(struct tick *tick)
{
	unsigned i;

	for (i = 0; i < TICK_PHASES; ++i)
		tick->phases[i].legs = g_ptr_array_new();
	tick->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return tick->fd < 0 ? errno : 0;
}

void tick_free(struct tick *tick)
{
	unsigned i;

	for (i = 0; i < TICK_PHASES; ++i)
		if (tick->phases[i].legs)
			g_ptr_array_free(tick->phases[i].legs, TRUE);
	if (tick->fd >= 0)
		close(tick->fd);
}

/* The next time after now_us at which this phase stands on its grid */
static int64_t next_due(unsigned phase, int64_t now_us)
{
	const int64_t offset = (int64_t)phase * TICK_PHASE_US;

	return ((now_us - offset) / TICK_US + 1) * TICK_US + offset;
}

void tick_join(struct tick *tick, struct media_leg *leg, int64_t now_us)
{
	unsigned i, best = 0;
	struct tick_phase *phase;

	if (leg->tick.phase)
		return;

	for (i = 1; i < TICK_PHASES; ++i)
		if (tick->phases[i].legs->len < tick->phases[best].legs->len)
			best = i;
	if (leg->peer && leg->peer->tick.phase)
		best = leg->peer->tick.phase - 1;

	phase = &tick->phases[best];
	if (!phase->legs->len)
		phase->due_us = next_due(best, now_us);
	leg->tick.phase = best + 1;
	leg->tick.slot = phase->legs->len;
	g_ptr_array_add(phase->legs, leg);
}

void tick_leave(struct tick *tick, struct media_leg *leg)
{
	GPtrArray *legs;
	const unsigned slot = leg->tick.slot;

	if (!leg->tick.phase)
		return;

	legs = tick->phases[leg->tick.phase - 1].legs;
	g_ptr_array_remove_index_fast(legs, slot);
	if (slot < legs->len) {
		struct media_leg *moved = g_ptr_array_index(legs, slot);

		moved->tick.slot = slot;
	}
	leg->tick.phase = 0;
}

static void note_lateness(struct tick *tick, int64_t late_us)
{
	if (late_us < TICK_PHASE_US)
		return;

	media_count(&tick->late, 1);
	if ((uint64_t)late_us > media_counted(&tick->late_max_us))
		atomic_store_explicit(&tick->late_max_us, (uint64_t)late_us,
				      memory_order_relaxed);
}

static void run_phase(struct tick *tick, unsigned index,
		      struct media_thread *th)
{
	struct tick_phase *phase = &tick->phases[index];
	const int64_t late_us = th->now_us - phase->due_us;
	const int64_t behind = late_us / TICK_US + 1;
	const bool resync = behind > TICK_CATCH_UP;
	const unsigned frames = resync ? TICK_CATCH_UP : (unsigned)behind;
	unsigned n, i;

	note_lateness(tick, late_us);

	for (n = 0; n < frames; ++n) {
		++tick->serial;
		/* from the end: who leaves is replaced by one that has run */
		for (i = phase->legs->len; i > 0; --i)
			media_leg_tick(g_ptr_array_index(phase->legs, i - 1),
				       th, resync && n == 0);
	}

	phase->due_us = resync ? next_due(index, th->now_us)
			       : phase->due_us + behind * TICK_US;
}

void tick_run(struct tick *tick, struct media_thread *th)
{
	unsigned i;

	tick->ready = false;
	tick->armed_us = TICK_FIRED; /* until it is set, it stays readable */
	for (i = 0; i < TICK_PHASES; ++i) {
		const struct tick_phase *phase = &tick->phases[i];

		if (phase->legs->len && phase->due_us <= th->now_us)
			run_phase(tick, i, th);
	}
}

void tick_arm(struct tick *tick)
{
	struct itimerspec its = {0};
	int64_t next = 0;
	unsigned i;

	for (i = 0; i < TICK_PHASES; ++i) {
		const struct tick_phase *phase = &tick->phases[i];

		if (phase->legs->len && (!next || phase->due_us < next))
			next = phase->due_us;
	}
	if (next == tick->armed_us)
		return;

	/* this resets the descriptor: it need not be read */
	its.it_value.tv_sec = next / 1000000;
	its.it_value.tv_nsec = next % 1000000 * 1000;
	(void)timerfd_settime(tick->fd, TFD_TIMER_ABSTIME, &its, NULL);
	tick->armed_us = next;
}
