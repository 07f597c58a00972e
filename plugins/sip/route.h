/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file route.h  Which ways lead to a destination by SIP
 *
 * Thread: loop only.
 */
#ifndef BIFRONS_SIP_ROUTE_H
#define BIFRONS_SIP_ROUTE_H

#include "sipx_priv.h"
#include "target.h"

/** leg_factory.routes; arg is the stack */
int sipx_routes(void *arg, const struct leg_dial *dial,
		struct leg_route *routes, unsigned *np, const char **codep);

/** The trunk that a call names, of its own account.
 * @return 0 (*trunkp NULL: it names none) or ENOENT; borrowed
 */
int sipx_route_trunk(const struct sipx_stack *stack,
		     const struct leg_dial *dial,
		     const struct dir_trunk **trunkp);

/** Where the INVITE of this way goes: Request-URI and To.
 * @return 0 or EINVAL
 */
int sipx_route_target(const struct sipx_stack *stack,
		      const struct leg_dial *dial,
		      const struct leg_route *route,
		      const struct dir_trunk *trunk,
		      struct sipx_target *target);

/** The address of a name that this machine's hosts file has, in its place:
 * sofia asks DNS alone */
void sipx_route_near(const struct sipx_stack *stack,
		     struct sipx_target *target);

#endif
