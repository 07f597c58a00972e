/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flatten.h  A server's answer as variables
 *
 * Thread: any; pure. Bounded: what is too much, or has names that no variable
 * may have, is left out.
 */
#ifndef BIFRONS_ACTIONS_FLATTEN_H
#define BIFRONS_ACTIONS_FLATTEN_H

#include <jansson.h>
#include <stddef.h>

enum {
	FLATTEN_VALUES_MAX = 100,
	FLATTEN_BYTES_MAX = 16 * 1024, /**< names and values */
	FLATTEN_DEPTH_MAX = 16,
};

/** Add what JSON text holds: {"a": [1]} is NAME.a.0 = "1"; null is nothing.
 * What is no JSON is taken as text */
void flatten_json(json_t *values, const char *name, const char *text,
		  size_t len);

/** Add a text as NAME; cut, and made UTF-8 */
void flatten_text(json_t *values, const char *name, const char *text,
		  size_t len);

#endif
