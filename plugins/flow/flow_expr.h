/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_expr.h  "${name}" in the options of an action
 *
 * ${name}            the value, or nothing when there is none
 * ${name:-text}      text when the value is missing or empty
 * ${name|url}        percent-encoded; ${name|ssml} escaped for XML
 * ${name|url:-text}  both; the text is encoded too
 * $${                "${" itself
 *
 * Defaults do not nest, values are not expanded again, and what comes out is
 * bounded. Thread: any. Pure.
 */
#ifndef BIFRONS_FLOW_FLOW_EXPR_H
#define BIFRONS_FLOW_FLOW_EXPR_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	/** Bytes that the options of one action may become */
	FLOW_EXPR_MAX_BYTES = 256 * 1024
};

struct flow_expr {
	/** Append the value of a name. @return false when unknown */
	bool (*lookup)(void *arg, const char *name, GString *out,
		       bool *secretp);
	void *arg;
	size_t used; /**< bytes so far; start with 0 */
	bool secret; /**< set when a secret value went in */
};

/** @return NULL, or what is wrong with the text (static) */
const char *flow_expr_check(const char *text);

/** Has it anything to expand? */
bool flow_expr_is_dynamic(const char *text);

/** Append the expansion of text to out.
 * @return 0, EINVAL, or EOVERFLOW; out then holds a part
 */
int flow_expr_expand(struct flow_expr *expr, const char *text, GString *out);

/** Expand every string in a value (not the names of members).
 * @param outp  A new value, on success only
 * @return as flow_expr_expand()
 */
int flow_expr_eval(struct flow_expr *expr, const json_t *in, json_t **outp);

#endif
