/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file su_clock.h  sofia's clock: it ticks, and nobody sets it
 *
 * sofia waits whole milliseconds for times of microseconds: the rest of the
 * last one it spins, epoll_wait() after epoll_wait() without a timeout. With
 * three transactions that time out for each call, that is a third of the
 * loop's CPU at 100 calls a second. A clock that stands still between ticks
 * makes every wait whole, and timers that are due within one tick share a
 * wake-up. The timers of RFC 3261 begin at 500 ms.
 *
 * sofia's timers go by the time of day. When that is set forward they would
 * all be due at once, and calls that wait for an answer or an ACK would end;
 * set back, nothing would be sent again for as long. So its time is that since
 * the machine's start: no date that we send comes from it.
 */
#ifndef BIFRONS_LOOP_SU_CLOCK_H
#define BIFRONS_LOOP_SU_CLOCK_H

#include <stdbool.h>

enum {
	SU_CLOCK_TICK_US = 10000
};

/** Let sofia's time advance by ticks, whatever the time of day does, for the
 * whole process and for good. Thread: any, before sofia's timers are used;
 * again does nothing.
 * @return false when this sofia has no such hook: it spins then
 */
bool su_clock_tick(void);

#endif
