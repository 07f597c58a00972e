/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/opt_priv.h"
#include "common/str.h"

bool opt_has_min(const struct opt *opt)
{
	return opt->min || opt->max;
}

bool opt_has_max(const struct opt *opt)
{
	return opt->max >= opt->min && (opt->min || opt->max);
}

static bool is_count_right(struct opt_check_run *run, const struct opt *opt,
			   size_t count, const char *what)
{
	const int64_t n = (int64_t)count;

	if (opt_has_min(opt) && n < opt->min) {
		opt_run_fault(run, "must have at least %lld %s",
			      (long long)opt->min, what);
		return false;
	}
	if (opt_has_max(opt) && n > opt->max) {
		opt_run_fault(run, "must have at most %lld %s",
			      (long long)opt->max, what);
		return false;
	}

	return true;
}

/* In a query "a,b" stands for ["a", "b"]; "" for none */
static json_t *split(const char *text)
{
	json_t *out = json_array();

	while (*text) {
		const size_t len = strcspn(text, ",");

		json_array_append_new(out, json_stringn(text, len));
		text += len;
		if (*text)
			++text;
	}

	return out;
}

static json_t *check_items(struct opt_check_run *run, const struct opt *opt,
			   const json_t *in)
{
	json_t *out = json_array();
	json_t *item, *value;
	size_t i, mark;
	char token[24];

	json_array_foreach(in, i, item)
	{
		snprintf(token, sizeof(token), "%zu", i);
		mark = opt_run_down(run, token);
		value = opt->sub ? opt_check_value(run, opt->sub, item)
				 : json_deep_copy(item);
		if (value)
			json_array_append_new(out, value);
		opt_run_up(run, mark);
	}

	return out;
}

static json_t *check_array(struct opt_check_run *run, const struct opt *opt,
			   const json_t *in)
{
	const enum opt_mode mode = run->mode;
	json_t *parts = NULL, *out = NULL;

	if (mode == OPT_MODE_QUERY && json_is_string(in))
		in = parts = split(json_string_value(in));
	if (!json_is_array(in)) {
		opt_run_fault(run, "must be an array");
		goto out;
	}
	if (!is_count_right(run, opt, json_array_size(in), "items"))
		goto out;

	/* a patch replaces an array whole, so its items must be complete */
	if (mode == OPT_MODE_PATCH)
		run->mode = OPT_MODE_CREATE;
	out = check_items(run, opt, in);
	run->mode = mode;
out:
	json_decref(parts);

	return out;
}

/* What a map may hold unless its table says more */
static const struct opt map_value = {.type = OPT_STRING};

static json_t *check_map(struct opt_check_run *run, const struct opt *opt,
			 const json_t *in)
{
	const struct opt *sub = opt->sub ? opt->sub : &map_value;
	const char *key;
	json_t *out, *item, *value;
	size_t mark;

	if (!json_is_object(in)) {
		opt_run_fault(run, "must be an object");
		return NULL;
	}
	if (!is_count_right(run, opt, json_object_size(in), "members"))
		return NULL;

	out = json_object();
	json_object_foreach((json_t *)in, key, item)
	{
		mark = opt_run_down(run, key);
		if (!*key || !str_is_clean(key, strlen(key), false))
			opt_run_fault(run, "the name must be printable text");
		if (json_is_null(item) && run->mode == OPT_MODE_PATCH)
			value = json_null();
		else
			value = opt_check_value(run, sub, item);
		if (value)
			json_object_set_new(out, key, value);
		opt_run_up(run, mark);
	}

	return out;
}

json_t *opt_check_value(struct opt_check_run *run, const struct opt *opt,
			const json_t *in)
{
	if (json_is_null(in) && (opt->flags & OPT_NULLABLE))
		return json_null();

	switch (opt->type) {
	case OPT_OBJECT:
		return opt_check_object(run, opt->sub, in);
	case OPT_ARRAY:
		return check_array(run, opt, in);
	case OPT_MAP:
		return check_map(run, opt, in);
	case OPT_ANY:
		return json_deep_copy(in);
	case OPT_STRING:
	case OPT_INT:
	case OPT_NUM:
	case OPT_BOOL:
	case OPT_ID:
	case OPT_TIME:
		return opt_check_scalar(run, opt, in);
	case OPT_NTYPES:
		break;
	}
	opt_run_fault(run, "cannot be checked");

	return NULL;
}

/* May the member be given at all? */
static bool is_allowed(struct opt_check_run *run, const struct opt *opt)
{
	if (opt->flags & OPT_READ)
		opt_run_fault(run, "read-only");
	else if ((opt->flags & OPT_PLATFORM) && !run->platform)
		opt_run_fault(run, "only the platform may set this");
	else if ((opt->flags & OPT_CREATE) && run->mode == OPT_MODE_PATCH)
		opt_run_fault(run, "can only be set at creation");
	else
		return true;

	return false;
}

/* The default; that of an object is checked, which fills in its members */
static json_t *default_of(struct opt_check_run *run, const struct opt *opt)
{
	const bool platform = run->platform;
	json_t *def, *out;

	if (!opt->def)
		return NULL;
	def = json_loads(opt->def, JSON_DECODE_ANY, NULL);
	if (!def) {
		opt_run_fault(run, "has a default that is not JSON");
		return NULL;
	}
	if (opt->type != OPT_OBJECT || !json_is_object(def))
		return def;

	run->platform = true;
	out = opt_check_object(run, opt->sub, def);
	run->platform = platform;
	json_decref(def);

	return out;
}

static json_t *check_missing(struct opt_check_run *run, const struct opt *opt)
{
	if (run->mode == OPT_MODE_PATCH || (opt->flags & OPT_READ))
		return NULL;
	if (!(opt->flags & OPT_REQUIRED))
		return default_of(run, opt);

	/* what the platform alone may set, others cannot be asked for */
	if (!(opt->flags & OPT_PLATFORM) || run->platform)
		opt_run_fault(run, "is required");

	return NULL;
}

static json_t *check_present(struct opt_check_run *run, const struct opt *opt,
			     const json_t *in)
{
	if (!is_allowed(run, opt))
		return NULL;
	if (run->mode == OPT_MODE_PATCH && json_is_null(in)) {
		if (!(opt->flags & OPT_REQUIRED) || (opt->flags & OPT_NULLABLE))
			return json_null();
		opt_run_fault(run, "is required and cannot be removed");
		return NULL;
	}

	return opt_check_value(run, opt, in);
}

static const struct opt *find(const struct opt *opts, const char *name)
{
	for (; opts->name; ++opts)
		if (str_eq(opts->name, name) ||
		    (opts->alias && str_eq(opts->alias, name)))
			return opts;

	return NULL;
}

static void check_names(struct opt_check_run *run, const struct opt *opts,
			const json_t *in)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)in, key, value)
	{
		const struct opt *opt = find(opts, key);
		const size_t mark = opt_run_down(run, key);

		if (!opt)
			opt_run_unknown(run, opts, key);
		else if (!str_eq(opt->name, key) &&
			 json_object_get(in, opt->name))
			opt_run_fault(run, "given twice, also as \"%s\"",
				      opt->name);
		opt_run_up(run, mark);
	}
}

json_t *opt_check_object(struct opt_check_run *run, const struct opt *opts,
			 const json_t *in)
{
	const struct opt *opt;
	json_t *out, *given, *value;

	if (!json_is_object(in)) {
		opt_run_fault(run, "must be an object");
		return NULL;
	}
	check_names(run, opts, in);

	out = json_object();
	for (opt = opts; opt->name; ++opt) {
		const char *name = opt->name;
		size_t mark;

		given = json_object_get(in, name);
		if (!given && opt->alias) {
			given = json_object_get(in, opt->alias);
			if (given)
				name = opt->alias;
		}
		mark = opt_run_down(run, name);
		value = given ? check_present(run, opt, given)
			      : check_missing(run, opt);
		if (value)
			json_object_set_new(out, opt->name, value);
		opt_run_up(run, mark);
	}

	return out;
}

/* the shape is the header's: input, how, where and what came of it */
/* NOLINTNEXTLINE(readability-function-size) */
int opt_check(json_t **outp, const struct opt *opts, const json_t *in,
	      enum opt_mode mode, bool platform, const char *pointer,
	      struct opt_faults *faults)
{
	struct opt_check_run run = {
		.mode = mode, .platform = platform, .faults = faults};
	json_t *out;

	str_copy(run.pointer, sizeof(run.pointer), pointer);
	out = opt_check_object(&run, opts, in);
	if (run.failed) {
		json_decref(out);
		return EINVAL;
	}
	if (outp)
		*outp = out;
	else
		json_decref(out);

	return 0;
}
