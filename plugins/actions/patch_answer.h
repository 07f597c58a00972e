/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file patch_answer.h  What a server answers to patch
 *
 * {"actions": […], "fallback_actions": […], "variables": {name: value}}, or a
 * list of actions; a stranger's word. Thread: loop.
 */
#ifndef BIFRONS_ACTIONS_PATCH_ANSWER_H
#define BIFRONS_ACTIONS_PATCH_ANSWER_H

#include "flow/flow_action.h"

enum patch_result {
	PATCH_EMPTY,   /**< nothing to run; variables are set */
	PATCH_ENTERED, /**< its actions run */
	PATCH_WRONG,   /**< flow_fail() says why the answer is none */
	PATCH_FAILED,  /**< flow_fail(): it cannot be run */
};

/** Check it, set its variables, enter its actions */
enum patch_result patch_answer(struct flow_run *run,
			       const struct flow_http_reply *reply);

#endif
