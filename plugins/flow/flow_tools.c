/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a running action may use (flow_action.h) */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "flow/flow_expr.h"
#include "flow/flow_run_priv.h"

const json_t *flow_opts(const struct flow_run *run)
{
	return run->opts;
}

bool flow_opts_secret(const struct flow_run *run)
{
	return run->opts_secret;
}

bool flow_opt_is_secret(struct flow_run *run, const char *name)
{
	struct flow_expr expr = {.lookup = flow_run_lookup, .arg = run};
	const struct flow_action *action = &run->doc->actions[run->at];
	json_t *value = NULL;

	if (!run->opts_secret)
		return false;
	(void)flow_expr_eval(&expr, json_object_get(action->option, name),
			     &value);
	json_decref(value);

	return expr.secret;
}

const struct flow_host *flow_host(const struct flow_run *run)
{
	return run->host;
}

void *flow_host_arg(const struct flow_run *run)
{
	return run->arg;
}

int64_t flow_now_ms(const struct flow_run *run)
{
	return run->host->now_ms(run->arg);
}

int64_t flow_wall_ms(const struct flow_run *run)
{
	return run->host->wall_ms(run->arg);
}

void *flow_kept(const struct flow_run *run)
{
	return run->doc->actions[run->at].kept;
}

void *flow_state(struct flow_run *run)
{
	return run->action_state;
}

unsigned *flow_counter(struct flow_run *run)
{
	if (!run->counters)
		run->counters = g_new0(unsigned, run->doc->nactions);

	return &run->counters[run->at];
}

void flow_run_timer(struct flow_run *run, int64_t ms)
{
	if (ms < 0 && !run->timer_on)
		return;
	run->timer_on = ms >= 0;
	run->host->timer(run->arg, ms);
}

void flow_timer(struct flow_run *run, int64_t ms)
{
	flow_run_timer(run, ms);
}

enum act flow_jump(struct flow_run *run, const char *id)
{
	run->jump = flow_doc_find(run->doc, id);
	if (run->jump == FLOW_OVER)
		return flow_fail(run, "invalid_value",
				 "no action has the id \"%.40s\"",
				 run->opts_secret ? FLOW_VAR_MASK : id);

	return ACT_JUMP;
}

enum act flow_fail(struct flow_run *run, const char *code, const char *fmt, ...)
{
	va_list ap;

	run->error_code = code;
	va_start(ap, fmt);
	vsnprintf(run->error_detail, sizeof(run->error_detail), fmt, ap);
	va_end(ap);

	return ACT_FAILED;
}

enum act flow_finish(struct flow_run *run, const struct flow_end *end)
{
	run->end = *end;

	return ACT_END;
}

static void fail_set(struct flow_run *run, int err)
{
	if (err == ENOSPC)
		flow_fail(run, "variables_full",
			  "variables hold at most %d KiB in all",
			  FLOW_VARS_MAX_BYTES / 1024);
	else
		flow_fail(run, "invalid_value", "not a name for a variable");
}

int flow_set(struct flow_run *run, const char *name, const char *value,
	     bool secret)
{
	int err;

	if (!value) {
		flow_vars_unset(run->vars, name);
		return 0;
	}

	err = flow_vars_set(run->vars, name, value, secret);
	if (err)
		fail_set(run, err);

	return err;
}

int flow_set_all(struct flow_run *run, const json_t *values, bool secret)
{
	const int err = flow_vars_set_all(run->vars, values, secret);

	if (err)
		fail_set(run, err);

	return err;
}

void flow_unset_all(struct flow_run *run, const char *prefix)
{
	flow_vars_unset_all(run->vars, prefix);
}

json_t *flow_variables(const struct flow_run *run)
{
	return flow_vars_plain(run->vars);
}

json_t *flow_position(const struct flow_run *run)
{
	const struct flow_action *action = &run->doc->actions[run->at];
	json_t *out = json_object();

	json_set_str(out, "flow_id", *run->flow_id ? run->flow_id : NULL);
	json_set_str(out, "id", action->id);
	json_object_set_new(out, "index", json_integer((json_int_t)run->at));

	return out;
}

char *flow_get(struct flow_run *run, const char *name)
{
	const char *value = flow_vars_get(run->vars, name, NULL);

	return value ? g_strdup(value) : run->host->lookup(run->arg, name);
}

bool flow_run_lookup(void *arg, const char *name, GString *out, bool *secretp)
{
	struct flow_run *run = arg;
	const char *value = flow_vars_get(run->vars, name, secretp);
	char *own, *valid;

	if (value) {
		g_string_append(out, value);
		return true;
	}

	own = run->host->lookup(run->arg, name);
	if (!own)
		return false;
	valid = g_utf8_make_valid(own, -1); /* what a SIP header held */
	g_string_append(out, valid);
	g_free(valid);
	g_free(own);

	return true;
}

void flow_run_push_digit(struct flow_run *run, char digit)
{
	if (run->ndigits < FLOW_DIGITS_MAX)
		run->digits[run->ndigits++] = digit;
}

size_t flow_digits_count(const struct flow_run *run)
{
	return run->ndigits;
}

bool flow_digits_have(const struct flow_run *run, const char *keys)
{
	size_t i;

	if (str_eq(keys, "any"))
		return run->ndigits > 0;
	for (i = 0; i < run->ndigits; ++i)
		if (strchr(keys, run->digits[i]))
			return true;

	return false;
}

char flow_digits_take(struct flow_run *run)
{
	const char digit = run->digits[0];

	if (!run->ndigits)
		return 0;
	memmove(run->digits, run->digits + 1, --run->ndigits);

	return digit;
}

void flow_digits_clear(struct flow_run *run)
{
	run->ndigits = 0;
}

void flow_digits_ignore(struct flow_run *run)
{
	run->deaf = true;
}

/* It did not even begin */
static enum act fail_play(struct flow_run *run, int err)
{
	return flow_fail(run, err == EAGAIN ? "busy" : "play_failed", "%s",
			 strerror(err));
}

enum act flow_play(struct flow_run *run, const struct flow_play *play)
{
	uint32_t id = 0;
	int err;

	err = run->host->play(run->arg, play, &id);
	if (err)
		return fail_play(run, err);
	run->play_id = id;

	return ACT_WAIT;
}

enum act flow_talk(struct flow_run *run, const struct flow_talk *talk)
{
	uint32_t id = 0;
	int err = ENOTSUP;

	if (run->host->talk)
		err = run->host->talk(run->arg, talk, &id);
	if (err)
		return fail_play(run, err);
	run->play_id = id;

	return ACT_WAIT;
}

enum act flow_played(struct flow_run *run, const struct flow_event *ev)
{
	const char *why = ev->why ? ev->why : strerror(ev->err);

	if (!ev->err || ev->err == ECANCELED)
		return ACT_NEXT;

	return flow_fail(run, ev->code ? ev->code : "play_failed", "%s",
			 run->opts_secret ? FLOW_VAR_MASK : why);
}

enum act flow_send_digits(struct flow_run *run,
			  const struct flow_digits *digits)
{
	uint32_t id = 0;
	int err;

	if (!run->host->send_digits)
		return flow_fail(run, "send_failed", "%s", strerror(ENOTSUP));
	err = run->host->send_digits(run->arg, digits, &id);
	if (err)
		return flow_fail(run, "send_failed", "%s", strerror(err));
	run->play_id = id;

	return ACT_WAIT;
}

void flow_play_forget(struct flow_run *run)
{
	run->play_id = 0;
}
