/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/target.h"

#include <glib.h>

bool target_may_start(const struct target *target,
		      const struct target_places *places, int64_t now_ms,
		      int64_t *waitp)
{
	if (places->running >= places->max ||
	    target->running >= MAX(target->window, 1))
		return false;
	if (target->is_slow && places->slow >= MAX(places->max / 2, 1))
		return false;
	if (target->not_before_ms > now_ms) {
		*waitp = MIN(*waitp, target->not_before_ms - now_ms);
		return false;
	}

	return true;
}

bool target_started(struct target *target, struct target_places *places,
		    int64_t now_ms)
{
	++target->running;
	++places->running;
	if (target->is_slow)
		++places->slow;
	if (target->is_down)
		target->not_before_ms = now_ms + TARGET_PAUSE_MS;

	return target->is_slow;
}

void target_dropped(struct target *target, struct target_places *places,
		    bool was_slow)
{
	--target->running;
	--places->running;
	if (was_slow)
		--places->slow;
}

static enum target_news delivered(struct target *target,
				  const struct target_places *places)
{
	const bool was_down = target->is_down;

	target->failures = 0;
	target->is_down = false;
	target->not_before_ms = 0;
	target->window = MIN(2 * MAX(target->window, 1), places->max_target);

	return was_down ? TARGET_CAME_BACK : TARGET_AS_BEFORE;
}

enum target_news target_ended(struct target *target,
			      struct target_places *places,
			      const struct target_end *end)
{
	target_dropped(target, places, end->was_slow);
	target->is_slow = end->latency_ms > TARGET_SLOW_MS;

	if (end->delivered)
		return delivered(target, places);

	/* it held a place for as long as it could */
	if (!end->answered && target->is_slow)
		target->window = 1;
	if (++target->failures < TARGET_DOWN_AFTER || target->is_down)
		return TARGET_AS_BEFORE;

	target->window = 1;
	target->is_down = true;

	return TARGET_WENT_DOWN;
}
