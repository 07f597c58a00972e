/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file limit.h  A budget of failures for each source address
 *
 * A token bucket per address (IPv6: per /64), in a table of fixed size: when
 * it is full the one that was used longest ago makes room.
 *
 * Thread: any.
 */
#ifndef BIFRONS_REST_LIMIT_H
#define BIFRONS_REST_LIMIT_H

#include "common/clock.h"

struct sockaddr;
struct rest_limit;

/** @param per_min  Failures a minute that pass, and the most at once */
struct rest_limit *rest_limit_new(unsigned per_min, const struct clock *clk);
void rest_limit_free(struct rest_limit *limit);

/** Count a failure.
 * @return 0, or after how many seconds the budget allows one again
 */
unsigned rest_limit_fail(struct rest_limit *limit, const struct sockaddr *from);

#endif
