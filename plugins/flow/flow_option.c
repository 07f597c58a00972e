/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "flow/flow_doc_priv.h"
#include "flow/flow_expr.h"

enum {
	POINTER_SIZE = 512
};

struct walk {
	char pointer[POINTER_SIZE];
	size_t bytes;
	struct opt_faults *faults;
	bool failed;
};

static void walk_strings(struct walk *walk, const json_t *in);

static void walk_member(struct walk *walk, const char *token, const json_t *in)
{
	const size_t mark = strlen(walk->pointer);

	json_pointer_add(walk->pointer, sizeof(walk->pointer), token);
	walk_strings(walk, in);
	walk->pointer[mark] = '\0';
}

/* Are all expressions well-formed? Counts what the values weigh, too. */
static void walk_strings(struct walk *walk, const json_t *in)
{
	const char *key, *wrong;
	json_t *item;
	char token[24];
	size_t i;

	walk->bytes += 8;
	if (json_is_string(in)) {
		walk->bytes += json_string_length(in);
		wrong = flow_expr_check(json_string_value(in));
		if (wrong) {
			opt_fault(walk->faults, walk->pointer, "%s", wrong);
			walk->failed = true;
		}
	} else if (json_is_array(in)) {
		json_array_foreach(in, i, item)
		{
			snprintf(token, sizeof(token), "%zu", i);
			walk_member(walk, token, item);
		}
	} else if (json_is_object(in)) {
		json_object_foreach((json_t *)in, key, item)
		{
			walk->bytes += strlen(key);
			walk_member(walk, key, item);
		}
	}
}

static int check_strings(const json_t *option, const char *pointer,
			 struct opt_faults *faults)
{
	struct walk walk = {.faults = faults};

	str_copy(walk.pointer, sizeof(walk.pointer), pointer);
	walk_strings(&walk, option);
	if (walk.bytes > FLOW_OPTION_MAX_BYTES) {
		opt_fault(faults, pointer, "must be at most %d KiB",
			  FLOW_OPTION_MAX_BYTES / 1024);
		return E2BIG;
	}

	return walk.failed ? EINVAL : 0;
}

/* The rest, when expressions are wrong: what was told of a value is enough */
static void check_others(const struct action_type *type, const json_t *option,
			 const char *pointer, struct opt_faults *faults)
{
	const size_t told = json_array_size(faults->list);
	struct opt_faults more = {0};
	const json_t *fault, *other;
	json_t *out = NULL;
	size_t i, j;

	(void)opt_check(&out, type->opts, option, OPT_MODE_FLOW, false, pointer,
			&more);
	json_array_foreach(more.list, i, fault)
	{
		const char *at = json_str(fault, "pointer", "");

		for (j = 0; j < told; ++j) {
			other = json_array_get(faults->list, j);
			if (str_eq(json_str(other, "pointer", ""), at))
				break;
		}
		if (j == told)
			opt_fault(faults, at, "%s",
				  json_str(fault, "message", ""));
	}
	json_decref(more.list);
	json_decref(out);
}

int flow_option_check(json_t **outp, const struct action_type *type,
		      const json_t *option, enum opt_mode mode,
		      const char *pointer, struct opt_faults *faults)
{
	const size_t before = json_array_size(faults->list);
	json_t *out = NULL;
	int err;

	/* an expression is text when it is saved, and a value when it runs */
	if (mode == OPT_MODE_FLOW) {
		err = check_strings(option, pointer, faults);
		if (err == EINVAL) {
			check_others(type, option, pointer, faults);
			return err;
		}
		if (err)
			return err;
	}
	err = opt_check(&out, type->opts, option, mode, false, pointer, faults);
	if (err)
		return err;

	if (type->check)
		type->check(out, pointer, faults);
	if (json_array_size(faults->list) != before || faults->more) {
		json_decref(out);
		return EINVAL;
	}
	*outp = out;

	return 0;
}

static void target_values(const json_t *in, const char *pointer,
			  flow_target_h *fn, void *arg)
{
	char ptr[POINTER_SIZE];
	const char *key;
	json_t *item;

	if (json_is_string(in)) {
		if (!flow_expr_is_dynamic(json_string_value(in)))
			fn(arg, json_string_value(in), pointer);
		return;
	}
	json_object_foreach((json_t *)in, key, item)
	{
		if (!json_is_string(item))
			continue;
		str_copy(ptr, sizeof(ptr), pointer);
		json_pointer_add(ptr, sizeof(ptr), key);
		target_values(item, ptr, fn, arg);
	}
}

void flow_option_targets(const struct opt *opts, const json_t *option,
			 const char *pointer, flow_target_h *fn, void *arg)
{
	char ptr[POINTER_SIZE];

	for (; opts->name; ++opts) {
		const json_t *in = json_object_get(option, opts->name);

		if (!in || !str_eq(opts->format, FLOW_FORMAT_TARGET))
			continue;
		str_copy(ptr, sizeof(ptr), pointer);
		json_pointer_add(ptr, sizeof(ptr), opts->name);
		target_values(in, ptr, fn, arg);
	}
}
