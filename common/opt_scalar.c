/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/json.h"
#include "common/opt_priv.h"
#include "common/str.h"

/* Is it one whole "${name}", with a ":-default" or "|filter" perhaps? Its
 * value is checked when the action runs. */
static bool is_expression(const char *s)
{
	const size_t len = strlen(s);
	size_t i = 2;

	if (len < 4 || !str_starts(s, "${") || s[len - 1] != '}')
		return false;
	while (g_ascii_isalnum(s[i]) || (s[i] && strchr("_.-", s[i])))
		++i;
	if (i == 2 || strcspn(s, "}") != len - 1)
		return false;

	return s[i] == '}' || s[i] == '|' || str_starts(s + i, ":-");
}

static void fault_values(struct opt_check_run *run, const struct opt *opt)
{
	char *all = g_strjoinv(", ", (char **)opt->values);

	opt_run_fault(run, "must be one of %s", all);
	g_free(all);
}

static bool is_value(const struct opt *opt, const char *s)
{
	const char *const *v;

	for (v = opt->values; *v; ++v)
		if (strcmp(*v, s) == 0)
			return true;

	return false;
}

static bool is_length_right(struct opt_check_run *run, const struct opt *opt,
			    const char *s)
{
	const int64_t len = (int64_t)strlen(s);

	if (opt_has_min(opt) && len < opt->min) {
		if (len == 0)
			opt_run_fault(run, "must not be empty");
		else
			opt_run_fault(run, "must be at least %lld bytes",
				      (long long)opt->min);
		return false;
	}
	if (opt_has_max(opt) && len > opt->max) {
		opt_run_fault(run, "must be at most %lld bytes",
			      (long long)opt->max);
		return false;
	}

	return true;
}

static json_t *check_string(struct opt_check_run *run, const struct opt *opt,
			    const char *s)
{
	const char *wrong;

	/* a text with expressions in it is known when the action runs */
	if (run->mode == OPT_MODE_FLOW && strstr(s, "${") && !opt->values)
		goto ok;
	if (opt->values && !is_value(opt, s)) {
		fault_values(run, opt);
		return NULL;
	}
	if (!opt->values && !is_length_right(run, opt, s))
		return NULL;
	wrong = opt->check ? opt->check(s) : NULL;
	if (wrong) {
		opt_run_fault(run, "%s", wrong);
		return NULL;
	}
ok:
	return json_string(s);
}

static json_t *check_id(struct opt_check_run *run, const char *s)
{
	if (id_is_valid(s))
		return json_string(s);
	opt_run_fault(run, "must be an id (a UUID in lower case)");

	return NULL;
}

/* What goes out is in UTC, so that times compare as texts */
static json_t *check_time(struct opt_check_run *run, const char *s)
{
	char buf[CLOCK_RFC3339_SIZE];
	int64_t ms;

	if (clock_parse_rfc3339(s, &ms)) {
		opt_run_fault(run, "must be a time such as "
				   "\"2026-11-23T15:04:05Z\" (RFC 3339)");
		return NULL;
	}
	clock_rfc3339(buf, sizeof(buf), ms);

	return json_string(buf);
}

/* way: below 0 under the minimum, above 0 over the maximum */
static bool is_in_range(struct opt_check_run *run, const struct opt *opt,
			int way)
{
	const long long min = opt->min, max = opt->max;

	if (!(way < 0 && opt_has_min(opt)) && !(way > 0 && opt_has_max(opt)))
		return true;
	if (opt_has_max(opt))
		opt_run_fault(run, "must be from %lld to %lld", min, max);
	else
		opt_run_fault(run, "must be %lld or more", min);

	return false;
}

static json_t *check_int(struct opt_check_run *run, const struct opt *opt,
			 const json_t *in)
{
	int64_t n = 0;
	int err = 0;

	if (json_is_integer(in))
		n = (int64_t)json_integer_value(in);
	else if (run->mode == OPT_MODE_QUERY && json_is_string(in))
		err = str_to_int(json_string_value(in), INT64_MIN, INT64_MAX,
				 &n);
	else
		err = EINVAL;

	if (err == ERANGE)
		opt_run_fault(run, "is too large a number");
	else if (err)
		opt_run_fault(run, "must be an integer");
	else if (is_in_range(run, opt, n < opt->min ? -1 : n > opt->max))
		return json_integer(n);

	return NULL;
}

static json_t *check_num(struct opt_check_run *run, const struct opt *opt,
			 const json_t *in)
{
	double n = 0;

	/* an integer stays one: its text is what the caller wrote */
	if (json_is_integer(in))
		return check_int(run, opt, in);
	if (json_is_real(in)) {
		n = json_real_value(in);
	} else if (run->mode != OPT_MODE_QUERY || !json_is_string(in) ||
		   str_to_num(json_string_value(in), &n)) {
		opt_run_fault(run, "must be a number");
		return NULL;
	}
	if (!is_in_range(run, opt,
			 n < (double)opt->min ? -1 : n > (double)opt->max))
		return NULL;

	return json_real(n);
}

static json_t *check_bool(struct opt_check_run *run, const json_t *in)
{
	const char *s = json_string_value(in);

	if (json_is_boolean(in))
		return json_boolean(json_is_true(in));
	if (run->mode == OPT_MODE_QUERY && s) {
		if (str_eq(s, "true") || str_eq(s, "false"))
			return json_boolean(str_eq(s, "true"));
	}
	opt_run_fault(run, "must be true or false");

	return NULL;
}

json_t *opt_check_scalar(struct opt_check_run *run, const struct opt *opt,
			 const json_t *in)
{
	const char *s = json_string_value(in);

	if (s && run->mode == OPT_MODE_FLOW && is_expression(s))
		return json_string(s);
	if (opt->type == OPT_INT)
		return check_int(run, opt, in);
	if (opt->type == OPT_NUM)
		return check_num(run, opt, in);
	if (opt->type == OPT_BOOL)
		return check_bool(run, in);

	if (!s) {
		opt_run_fault(run, "must be a string");
		return NULL;
	}
	if (opt->type == OPT_ID)
		return check_id(run, s);
	if (opt->type == OPT_TIME)
		return check_time(run, s);

	return check_string(run, opt, s);
}
