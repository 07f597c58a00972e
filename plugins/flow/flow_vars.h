/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_vars.h  A flow's variables: dotted names to strings
 *
 * Thread: one owner (loop). Pure. 64 KiB in all, names and values. A value
 * may be secret (digits of a sensitive dtmf_receive and what was made of
 * them): it can be used, and is masked wherever it would be shown.
 */
#ifndef BIFRONS_FLOW_FLOW_VARS_H
#define BIFRONS_FLOW_FLOW_VARS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct flow_vars; /* counted */

enum {
	FLOW_VARS_MAX_BYTES = 64 * 1024,
	FLOW_VAR_NAME_MAX = 128,
};

/** What stands for a secret value */
#define FLOW_VAR_MASK "****"

int flow_vars_alloc(struct flow_vars **varsp);

/** May a variable have this name? Letters, digits, '_', '-' and '.' */
bool flow_var_name_is_valid(const char *name);

/** Is it one that flows read but do not set (call.*, parent.*)? */
bool flow_var_name_is_reserved(const char *name);

/** @param value  Copied; what is not UTF-8 is replaced
 * @return 0, EINVAL for the name, ENOSPC: over 64 KiB, nothing changed
 */
int flow_vars_set(struct flow_vars *vars, const char *name, const char *value,
		  bool secret);
void flow_vars_unset(struct flow_vars *vars, const char *name);

/** Set several, {name: text, or null to unset}: all or none. One that was
 * secret stays so: a server that was told of it may send it back.
 * @return 0, EINVAL: a name that none may have, or a value that is no text;
 *         ENOSPC as above
 */
int flow_vars_set_all(struct flow_vars *vars, const json_t *values,
		      bool secret);
/** Unset every one whose name begins so */
void flow_vars_unset_all(struct flow_vars *vars, const char *prefix);

/** Borrowed until the next change; NULL when unknown.
 * @param secretp  May be NULL
 */
const char *flow_vars_get(const struct flow_vars *vars, const char *name,
			  bool *secretp);

size_t flow_vars_bytes(const struct flow_vars *vars);

/** All of them, sorted by name, secrets masked; a new object.
 * @param max         At most so many bytes of names and values; what does not
 *                    fit is left out
 * @param truncatedp  Set to whether something was; may be NULL
 */
json_t *flow_vars_json(const struct flow_vars *vars, size_t max,
		       bool *truncatedp);

/** All of them, secrets as they are: for the flow's own server alone */
json_t *flow_vars_plain(const struct flow_vars *vars);

#endif
