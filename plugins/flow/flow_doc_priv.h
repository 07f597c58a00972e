/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_doc_priv.h  The inside of a flow, for the files of flow/
 *
 * Thread: as flow_doc.h; constant once made.
 */
#ifndef BIFRONS_FLOW_FLOW_DOC_PRIV_H
#define BIFRONS_FLOW_FLOW_DOC_PRIV_H

#include <glib.h>

#include "flow/flow_action.h"
#include "flow/flow_doc.h"

/** An index that ends the flow */
#define FLOW_OVER SIZE_MAX

enum {
	FLOW_OPTION_MAX_BYTES = 64 * 1024, /**< of one action, strings */
};

struct flow_action {
	const struct action_type *type;
	const char *id;      /**< borrowed from json, or NULL */
	const char *next_id; /**< as given, or NULL; the same below */
	const char *error_id;
	size_t next;    /**< index or FLOW_OVER */
	size_t error;   /**< where to on an error; else as next */
	json_t *json;   /**< as stored and shown: names renamed */
	json_t *option; /**< checked, defaults filled in */
	bool dynamic;   /**< the option has "${" in it */
	void *kept;     /**< of type->keep(), or NULL */
};

struct flow_doc {
	struct flow_action *actions; /**< fallback_actions at the end */
	size_t nactions;
	size_t nmain;    /**< how many are not fallback_actions */
	size_t bytes;    /**< flow_doc_bytes() */
	GHashTable *ids; /**< id -> 1 + index */
	bool sensitive;  /**< a dtmf_receive in it, or in a flow that it
			    fetches, may be */
};

/** @return The index, or FLOW_OVER when there is no such id */
size_t flow_doc_find(const struct flow_doc *doc, const char *id);

/** The check of an action's options with all values known.
 * @param mode  OPT_MODE_FLOW when saved, OPT_MODE_QUERY when run
 * @param outp  As opt_check()
 * @return 0, EINVAL, or E2BIG: nobody need look at the rest
 */
int flow_option_check(json_t **outp, const struct action_type *type,
		      const json_t *option, enum opt_mode mode,
		      const char *pointer, struct opt_faults *faults);

/** Call fn for each option that names an action; pointer is where it lies */
typedef void(flow_target_h)(void *arg, const char *id, const char *pointer);
void flow_option_targets(const struct opt *opts, const json_t *option,
			 const char *pointer, flow_target_h *fn, void *arg);

#endif
