/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file leg_still.h  A leg that takes whatever it is asked, and tells nothing
 *
 * For calls over a real loop, where what matters is elsewhere. Thread: loop.
 */
#ifndef BIFRONS_SUPPORT_LEG_STILL_H
#define BIFRONS_SUPPORT_LEG_STILL_H

#include "call/leg.h"

/** A copy may have members of its own */
extern const struct leg_ops leg_still_ops;

/** Its ops, for tables of others: done, and nothing to be freed */
int leg_still_ok(struct leg *leg);
void leg_still_unref(struct leg *leg);

#endif
