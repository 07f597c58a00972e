/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop/su_clock.h"

#include <sofia-sip/su_time.h>
#include <time.h>

/* sofia's own hook ("for testing timing and timers"), exported but in no
 * header. Weak: a sofia without it is slower, and that is all. The name is
 * theirs. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c) */
extern void (*_su_time)(su_time_t *tv) __attribute__((weak));

static void on_time(su_time_t *tv)
{
	struct timespec ts;

	if (!tv || clock_gettime(CLOCK_MONOTONIC, &ts))
		return;
	tv->tv_sec = SU_TIME_EPOCH + (unsigned long)ts.tv_sec;
	tv->tv_usec = (unsigned long)ts.tv_nsec / 1000;
	tv->tv_usec -= tv->tv_usec % SU_CLOCK_TICK_US;
}

bool su_clock_tick(void)
{
	if (!&_su_time)
		return false;
	_su_time = on_time;

	return true;
}
