/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_doc.h  A flow as validated: immutable, counted
 *
 * Thread: any, once made (nothing in it changes; its json_t members are only
 * read on the loop). Made by verbs to check input and by the directory to run
 * it.
 */
#ifndef BIFRONS_FLOW_FLOW_DOC_H
#define BIFRONS_FLOW_FLOW_DOC_H

#include <jansson.h>
#include <stddef.h>

struct flow_doc;
struct opt_faults;

enum {
	FLOW_MAX_ACTIONS = 1000,
	FLOW_MAX_BYTES = 512 * 1024, /**< of the document */
	FLOW_MAX_NESTING = 4,        /**< of actions in options of actions */
	FLOW_ACTION_BYTES = 512,     /**< counted for each one */
};

/** Check and take a flow.
 * @param doc     {"actions":[…], "fallback_actions":[…]}; borrowed; other
 *                members are ignored
 * @param faults  Every fault with its JSON pointer is added
 * @param docp    Set on success; NULL to check only
 * @return 0 or EINVAL
 */
int flow_doc_alloc(struct flow_doc **docp, const json_t *doc,
		   struct opt_faults *faults);

/** The actions with aliases renamed and defaults left out, as stored and
 * shown: {"actions":[…],"fallback_actions":[…]}; a new object
 */
json_t *flow_doc_json(const struct flow_doc *doc);

/** What it counts for a quota: its actions as JSON, and FLOW_ACTION_BYTES for
 * each of them, as memory holds much that the shortest text does not show
 */
size_t flow_doc_bytes(const struct flow_doc *doc);

/** Schema of an action (oneOf over all types) for OpenAPI; a new object */
json_t *flow_action_schema(void);

/** Markdown that documents every action, for docs/actions.md */
char *flow_actions_markdown(void);

#endif
