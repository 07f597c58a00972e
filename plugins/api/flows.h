/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flows.h  Flows, for the verbs that do more than keep them
 *
 * Thread: pool.
 */
#ifndef BIFRONS_API_FLOWS_H
#define BIFRONS_API_FLOWS_H

#include "common/opt.h"

struct flow_doc;
struct req;

/** A flow in a body: name, description, actions, fallback_actions */
extern const struct opt flows_members[];

/** A stored flow of the request's account. Blocks.
 * @param docp  A new reference
 * @return 0, ENOENT or EIO
 */
int flows_load(struct req *req, const char *id, struct flow_doc **docp);

#endif
