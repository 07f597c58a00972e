/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file opt_priv.h  What the files of opt share, private to them
 *
 * Thread: any; a check belongs to one opt_check() and lies on its stack.
 */
#ifndef BIFRONS_COMMON_OPT_PRIV_H
#define BIFRONS_COMMON_OPT_PRIV_H

#include "common/opt.h"

enum {
	OPT_POINTER_SIZE = 1024
};

/** One run of opt_check() */
struct opt_check_run {
	enum opt_mode mode;
	bool platform;
	bool failed;
	struct opt_faults *faults;
	char pointer[OPT_POINTER_SIZE]; /**< of what is being checked */
};

/** Add a fault at the present pointer */
void opt_run_fault(struct opt_check_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Go down one member; give the result to opt_run_up() */
size_t opt_run_down(struct opt_check_run *run, const char *token);
void opt_run_up(struct opt_check_run *run, size_t mark);

/** Check one value. @return What goes out, new, or NULL with a fault added */
json_t *opt_check_value(struct opt_check_run *run, const struct opt *opt,
			const json_t *in);
json_t *opt_check_object(struct opt_check_run *run, const struct opt *opts,
			 const json_t *in);

/** The values of strings, in opt_scalar.c; as opt_check_value() */
json_t *opt_check_scalar(struct opt_check_run *run, const struct opt *opt,
			 const json_t *in);
/** The fault of a name that is not in the table */
void opt_run_unknown(struct opt_check_run *run, const struct opt *opts,
		     const char *name);

/** Limits: both 0 is none, and max under min is no max */
bool opt_has_min(const struct opt *opt);
bool opt_has_max(const struct opt *opt);

#endif
