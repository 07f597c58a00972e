/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file opt.h  Option tables: one description, three uses
 *
 * A table of struct opt says what a JSON object may hold. From it come the
 * check of input (actions, REST bodies and queries, configuration files), the
 * JSON Schema in OpenAPI, and the generated documentation.
 *
 * Thread: any; tables are constant, nothing is kept.
 */
#ifndef BIFRONS_COMMON_OPT_H
#define BIFRONS_COMMON_OPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
	OPT_STRING, /**< min..max bytes; values (enum), check, format */
	OPT_INT,    /**< min..max */
	OPT_NUM,    /**< min..max, may have a fraction */
	OPT_BOOL,
	OPT_ID,     /**< a UUID */
	OPT_TIME,   /**< RFC 3339 */
	OPT_OBJECT, /**< members in sub */
	OPT_ARRAY,  /**< min..max items, each as sub[0] */
	OPT_MAP,    /**< any names, string values; min..max members */
	OPT_ANY, /**< passed through (checked by its owner); with sub: a text,
		    or an object as described there */
	OPT_NTYPES,
};

enum {
	OPT_REQUIRED = 1 << 0,
	OPT_NULLABLE = 1 << 1, /**< null is a value */
	OPT_READ = 1 << 2,   /**< only in replies: input naming it is refused */
	OPT_WRITE = 1 << 3,  /**< only in requests: a secret */
	OPT_CREATE = 1 << 4, /**< may be given at creation, not patched */
	OPT_PLATFORM = 1 << 5, /**< only a platform key may set it */
};

struct opt {
	const char *name;  /**< NULL ends a table */
	const char *alias; /**< other accepted name, or NULL */
	enum opt_type type;
	unsigned flags;
	int64_t min, max;          /**< value, bytes or count; see the type */
	const char *def;           /**< default as JSON text, or NULL */
	const char *const *values; /**< allowed strings, NULL-ended */
	const struct opt *sub;
	/** Further check of a string. @return NULL, or what is wrong */
	const char *(*check)(const char *value);
	const char *format; /**< for the schema: "uri", "cidr", … */
	const char *doc;    /**< one sentence, with the unit */
};

/** What an answer shows and nobody sets */
#define OPT_SHOW(member, of, text)                                             \
	{                                                                      \
		.name = member, .type = (of), .flags = OPT_READ, .doc = text   \
	}
#define OPT_SHOW_NULL(member, of, text)                                        \
	{                                                                      \
		.name = member, .type = (of),                                  \
		.flags = OPT_READ | OPT_NULLABLE, .doc = text                  \
	}
/** One of a NULL-ended list of texts */
#define OPT_SHOW_ENUM(member, of, text)                                        \
	{                                                                      \
		.name = member, .type = OPT_STRING, .flags = OPT_READ,         \
		.values = (of), .doc = text                                    \
	}
#define OPT_SHOW_ENUM_NULL(member, of, text)                                   \
	{                                                                      \
		.name = member, .type = OPT_STRING,                            \
		.flags = OPT_READ | OPT_NULLABLE, .values = (of), .doc = text  \
	}

#define OPT_END                                                                \
	{                                                                      \
		.name = NULL                                                   \
	}

/** Faults found: [{pointer, message}], 100 at most */
struct opt_faults {
	json_t *list; /**< NULL while there are none; json_decref() it */
	bool more;    /**< over 100: the rest was left out */
};

void opt_fault(struct opt_faults *faults, const char *pointer, const char *fmt,
	       ...) __attribute__((format(printf, 3, 4)));
/** Not when the same was told there already */
void opt_fault_once(struct opt_faults *faults, const char *pointer,
		    const char *message);

enum opt_mode {
	OPT_MODE_CREATE, /**< required must be there, defaults filled in */
	OPT_MODE_PATCH,  /**< nothing required, no defaults, null removes */
	OPT_MODE_FLOW, /**< as CREATE, and a scalar may be one whole "${…}" */
	OPT_MODE_QUERY, /**< as CREATE, scalars arrive as strings */
};

/** Check an object against a table.
 * @param in        Borrowed
 * @param pointer   Where `in` lies, "" at the root
 * @param platform  May set OPT_PLATFORM members
 * @param outp      A new object: aliases renamed, defaults filled in, members
 *                  in table order; set only when no fault was added. NULL to
 *                  check only
 * @return 0, or EINVAL with at least one fault added
 */
int opt_check(json_t **outp, const struct opt *opts, const json_t *in,
	      enum opt_mode mode, bool platform, const char *pointer,
	      struct opt_faults *faults);

/** JSON Schema (2020-12) of an object; `reply` takes READ, drops WRITE */
json_t *opt_schema(const struct opt *opts, bool reply, bool patch);

/** A Markdown table with a row for each member; g_free() it */
char *opt_markdown(const struct opt *opts);

/** Shared checks for .check: NULL when right, or what is wrong */
const char *opt_check_cidr(const char *value);
const char *opt_check_host(const char *value);
const char *opt_check_e164(const char *value);
const char *opt_check_number_pattern(const char *value);
const char *opt_check_country(const char *value);
const char *opt_check_http_url(const char *value);
const char *opt_check_no_controls(const char *value);

#endif
