/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_expr.h"
#include "flow/flow_run_priv.h"

#define TO(state) (1u << (state))

static const unsigned allowed[RUN_NSTATES] = {
	[RUN_IDLE] = TO(RUN_STEPPING) | TO(RUN_ENDED),
	[RUN_STEPPING] = TO(RUN_ANSWERING) | TO(RUN_WAITING) | TO(RUN_PAUSED) |
			 TO(RUN_ENDED),
	[RUN_ANSWERING] = TO(RUN_STEPPING) | TO(RUN_ENDED),
	[RUN_WAITING] = TO(RUN_STEPPING) | TO(RUN_ENDED),
	[RUN_PAUSED] = TO(RUN_STEPPING) | TO(RUN_ENDED),
	[RUN_ENDED] = 0,
};

static bool set_state(struct flow_run *run, enum run_state next)
{
	if (!(allowed[run->state] & TO(next)))
		return false;
	run->state = next;

	return true;
}

static void run_destructor(void *obj)
{
	struct flow_run *run = obj;

	json_decref(run->own);
	flow_run_drop_flows(run);
	obj_unref(run->vars);
}

int flow_run_alloc(struct flow_run **runp, const struct flow_run_params *prm)
{
	struct flow_run *run;

	if (!runp || !prm || !prm->doc || !prm->vars || !prm->host)
		return EINVAL;

	run = obj_zalloc(sizeof(*run), run_destructor);
	run->doc = obj_ref(prm->doc);
	run->vars = obj_ref(prm->vars);
	run->host = prm->host;
	run->arg = prm->arg;
	run->at = FLOW_OVER;
	*runp = run;

	return 0;
}

static struct flow_action *current(const struct flow_run *run)
{
	return &run->doc->actions[run->at];
}

bool flow_run_step(const struct flow_run *run, struct flow_step *step)
{
	const struct flow_action *action;

	if (run->state == RUN_IDLE || run->state == RUN_ENDED ||
	    run->at == FLOW_OVER)
		return false;

	action = current(run);
	step->index = run->at;
	step->id = action->id;
	step->flow_id = *run->flow_id ? run->flow_id : NULL;
	step->type = action->type->name;
	step->patched = run->patched;

	return true;
}

bool flow_run_has_ended(const struct flow_run *run)
{
	return run->state == RUN_ENDED;
}

bool flow_run_is_secret(const struct flow_run *run)
{
	if (run->state != RUN_WAITING ||
	    !(current(run)->type->flags & ACTION_TAKES_DIGITS))
		return run->state != RUN_ENDED &&
		       flow_run_may_be_sensitive(run);

	return json_flag(run->opts, "sensitive", false);
}

static void end(struct flow_run *run, const struct flow_end *how)
{
	if (!set_state(run, RUN_ENDED))
		return;
	flow_run_timer(run, -1);
	run->host->ended(run->arg, how);
}

static void cancel_now(struct flow_run *run)
{
	static const struct flow_end how = {.kind = FLOW_END_CANCELED};

	if (run->state == RUN_WAITING && current(run)->type->cancel)
		current(run)->type->cancel(run);
	end(run, &how);
}

void flow_run_cancel(struct flow_run *run)
{
	if (run->state == RUN_ENDED)
		return;
	if (run->busy) {
		run->canceled = true;
		return;
	}

	obj_ref(run);
	cancel_now(run);
	obj_unref(run);
}

/* What the check of options found first, as an error */
static enum act fail_options(struct flow_run *run,
			     const struct opt_faults *faults)
{
	const json_t *first = json_array_get(faults->list, 0);

	return flow_fail(run, "invalid_value", "%s: %s",
			 json_str(first, "pointer", "/option"),
			 json_str(first, "message", "not valid"));
}

/* The options but the actions in them, which are kept as documents */
static json_t *open_options(const struct flow_action *action)
{
	json_t *out = json_copy(action->option);
	const struct opt *opt;

	for (opt = action->type->opts; opt->name; ++opt)
		if (str_eq(opt->format, FLOW_FORMAT_ACTIONS))
			json_object_del(out, opt->name);

	return out;
}

/* Put the variables into the options, and check what came of it */
static enum act put_options(struct flow_run *run)
{
	const struct flow_action *action = current(run);
	struct flow_expr expr = {.lookup = flow_run_lookup, .arg = run};
	struct opt_faults faults = {0};
	json_t *values = NULL, *open;
	enum act act = ACT_NEXT;
	int err;

	json_decref(run->own);
	run->own = NULL;
	run->opts = action->option;
	run->opts_secret = false;
	if (!action->dynamic)
		return ACT_NEXT;

	open = open_options(action);
	err = flow_expr_eval(&expr, open, &values);
	json_decref(open);
	if (err)
		return flow_fail(run, "invalid_value",
				 "/option: too long with its variables");
	if (flow_option_check(&run->own, action->type, values, OPT_MODE_QUERY,
			      "/option", &faults))
		act = fail_options(run, &faults);
	run->opts = run->own;
	run->opts_secret = expr.secret;
	json_decref(values);
	json_decref(faults.list);

	return act;
}

/* From the choice of an action to its start, or to the answer it needs */
static enum act begin_busy(struct flow_run *run)
{
	struct flow_step step;
	enum act act;
	int err;

	memset(run->action_state, 0, sizeof(run->action_state));
	run->play_id = 0;
	run->deaf = false;
	if (flow_run_step(run, &step))
		run->host->action(run->arg, &step);

	act = put_options(run);
	if (act != ACT_NEXT)
		return act;
	if (!(current(run)->type->flags & ACTION_ANSWERS))
		return current(run)->type->start(run);

	err = run->host->answer(run->arg);
	if (err == EALREADY)
		return current(run)->type->start(run);
	if (err)
		return flow_fail(run, "answer_failed", "%s", strerror(err));
	set_state(run, RUN_ANSWERING);

	return ACT_WAIT;
}

static enum act begin(struct flow_run *run)
{
	enum act act;

	run->busy = true;
	act = begin_busy(run);
	run->busy = false;

	return act;
}

static void tell_error(struct flow_run *run)
{
	struct flow_step step;

	flow_vars_set(run->vars, "error.code", run->error_code, false);
	flow_vars_set(run->vars, "error.detail", run->error_detail, false);
	run->busy = true;
	if (flow_run_step(run, &step))
		run->host->error(run->arg, &step, run->error_code,
				 run->error_detail);
	run->busy = false;
}

/* @return Whether there is a next action to begin */
static bool go_on_broken(struct flow_run *run)
{
	static const struct flow_end how = {
		.kind = FLOW_END_FAILED,
		.reason = "failed",
		.code = "patch_failed",
	};
	const struct flow_action *action = current(run);

	if (!(action->type->flags & ACTION_FALLS_BACK) || action->error_id) {
		run->at = action->error;
		return true;
	}
	if (flow_run_fall_back(run))
		return true;
	end(run, &how);

	return false;
}

/* @return Whether there is a next action to begin */
static bool apply(struct flow_run *run, enum act act)
{
	if (act == ACT_FAILED && !run->canceled)
		tell_error(run);
	if (run->canceled) {
		if (act == ACT_WAIT && run->state == RUN_STEPPING)
			set_state(run, RUN_WAITING);
		cancel_now(run);
		return false;
	}

	switch (act) {
	case ACT_WAIT:
		if (run->state == RUN_STEPPING)
			set_state(run, RUN_WAITING);
		return false;
	case ACT_NEXT:
		run->at = current(run)->next;
		break;
	case ACT_JUMP:
		run->at = run->jump;
		break;
	case ACT_FAILED:
		if (!go_on_broken(run))
			return false;
		break;
	case ACT_END:
		end(run, &run->end);
		return false;
	}
	flow_run_timer(run, -1);

	return true;
}

static void stop_loop(struct flow_run *run)
{
	static const struct flow_end how = {
		.kind = FLOW_END_FAILED,
		.reason = "failed",
		.code = "flow_loop",
	};

	flow_fail(run, "flow_loop", "%d actions without waiting",
		  FLOW_STEPS_MAX);
	tell_error(run);
	if (run->canceled)
		cancel_now(run);
	else
		end(run, &how);
}

static void run_steps(struct flow_run *run)
{
	static const struct flow_end done = {.kind = FLOW_END_DONE};
	unsigned turn = 0;

	do {
		if (run->at == FLOW_OVER && !flow_run_leave(run)) {
			end(run, &done);
			return;
		}
		if (run->steps >= FLOW_STEPS_MAX) {
			stop_loop(run);
			return;
		}
		if (turn++ == FLOW_STEPS_TURN) {
			set_state(run, RUN_PAUSED);
			flow_run_timer(run, 0);
			return;
		}
		++run->steps;
	} while (apply(run, begin(run)));

	if (run->state == RUN_WAITING || run->state == RUN_ANSWERING)
		run->waiting_ms = flow_now_ms(run);
}

void flow_run_start(struct flow_run *run)
{
	if (run->state != RUN_IDLE || !set_state(run, RUN_STEPPING))
		return;

	obj_ref(run);
	run->at = run->doc->nmain ? 0 : FLOW_OVER;
	run_steps(run);
	obj_unref(run);
}

/* The wait is over with this answer of the action */
static void resume(struct flow_run *run, enum act act)
{
	if (act == ACT_WAIT && !run->canceled)
		return;

	/* what hardly waits at all must not spin for ever either */
	if (flow_now_ms(run) - run->waiting_ms >= FLOW_WAIT_MIN_MS)
		run->steps = 0;
	if (act != ACT_WAIT && run->state != RUN_STEPPING)
		set_state(run, RUN_STEPPING);
	if (apply(run, act))
		run_steps(run);
}

static void event_answering(struct flow_run *run, const struct flow_event *ev)
{
	enum act act;

	if (ev->type == FLOW_EV_FAILED) {
		act = flow_fail(run, "answer_failed", "%s",
				ev->why ? ev->why : strerror(ev->err));
	} else if (ev->type == FLOW_EV_ANSWERED) {
		set_state(run, RUN_STEPPING);
		run->busy = true;
		act = current(run)->type->start(run);
		run->busy = false;
		if (act == ACT_WAIT) {
			if (!apply(run, act))
				run->waiting_ms = flow_now_ms(run);
			return;
		}
	} else {
		return;
	}
	resume(run, act);
}

static void event_waiting(struct flow_run *run, const struct flow_event *ev)
{
	const struct action_type *type = current(run)->type;
	enum act act;

	if (ev->type == FLOW_EV_PLAYED) {
		if (!run->play_id || ev->id != run->play_id)
			return;
		run->play_id = 0;
	}
	if (!type->event)
		return;

	run->busy = true;
	act = type->event(run, ev);
	run->busy = false;
	resume(run, act);
}

static void dispatch(struct flow_run *run, const struct flow_event *ev)
{
	switch (run->state) {
	case RUN_ANSWERING:
		event_answering(run, ev);
		break;
	case RUN_WAITING:
		event_waiting(run, ev);
		break;
	case RUN_PAUSED:
		if (ev->type != FLOW_EV_TIMER)
			break;
		set_state(run, RUN_STEPPING);
		run_steps(run);
		break;
	case RUN_IDLE:
	case RUN_STEPPING:
	case RUN_ENDED:
	case RUN_NSTATES:
		break;
	}
}

void flow_run_event(struct flow_run *run, const struct flow_event *ev)
{
	if (run->state == RUN_ENDED)
		return;
	if (ev->type == FLOW_EV_DIGIT && !run->deaf)
		flow_run_push_digit(run, ev->digit);
	if (ev->type == FLOW_EV_TIMER) {
		if (!run->timer_on)
			return;
		run->timer_on = false;
	}

	obj_ref(run);
	dispatch(run, ev);
	obj_unref(run);
}
