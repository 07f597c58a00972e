/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop/su_clock.h"

#include <sofia-sip/su_time.h>

/* sofia's own hook ("for testing timing and timers"), exported but in no
 * header. Weak: a sofia without it is slower, and that is all. The name is
 * theirs. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c) */
extern void (*_su_time)(su_time_t *tv) __attribute__((weak));

static void on_time(su_time_t *tv)
{
	if (tv)
		tv->tv_usec -= tv->tv_usec % SU_CLOCK_TICK_US;
}

bool su_clock_tick(void)
{
	if (!&_su_time)
		return false;
	_su_time = on_time;

	return true;
}
