/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ways to a destination. Those of one order ring together; the next order
 * is tried when none of them came to the callee's own answer (busy, declined,
 * unknown there): a host that is down, or says nothing at all.
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/str.h"
#include "directory/directory.h"
#include "host/log.h"

struct call_dial {
	struct leg_route routes[LEG_ROUTES_MAX]; /**< by order */
	unsigned nroutes, next;
	bool is_final; /**< the callee itself said no */
	bool has_best;
	struct call_end best; /**< of what failed */
};

void call_dial_forget(struct call *call)
{
	g_free(call->dial);
	call->dial = NULL;
}

unsigned call_reason_rank(enum hangup_reason reason)
{
	static const unsigned ranks[HANGUP_NREASONS] = {
		[HANGUP_FAILED] = 1,   [HANGUP_TIMEOUT] = 2,
		[HANGUP_CANCELED] = 3, [HANGUP_NOANSWER] = 4,
		[HANGUP_REJECTED] = 5, [HANGUP_BUSY] = 6,
	};

	return ranks[reason];
}

/* Is it the callee's own answer, or the way's trouble? */
static bool is_callees(const struct leg_end *end)
{
	if (!end->sip_code)
		return end->reason != HANGUP_FAILED;

	return end->sip_code != 408 &&
	       (end->sip_code < 500 || end->sip_code >= 600);
}

static void take_result(struct call_dial *dial, const struct leg_end *end)
{
	struct call_end *best = &dial->best;

	dial->is_final |= is_callees(end);
	if (dial->has_best &&
	    call_reason_rank(end->reason) <= call_reason_rank(best->reason))
		return;

	dial->has_best = true;
	best->by = end->by;
	best->reason = end->reason;
	best->code = end->code;
	best->sip_code = end->sip_code;
	str_copy(best->sip_reason, sizeof(best->sip_reason),
		 end->sip_reason ? end->sip_reason : "");
}

static void end_as(struct call *call, const struct call_end *as)
{
	const struct leg_end end = {
		.by = as->by,
		.reason = as->reason,
		.code = as->code,
		.sip_code = as->sip_code,
		.sip_reason = as->sip_reason,
	};

	call_end(call, &end);
}

static void end_with_best(struct call *call)
{
	const struct call_end best = call->dial->best;

	end_as(call, &best);
}

static void dial_on(struct call *call);

/* Nothing at all was heard: that way leads nowhere */
static void on_give_up(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "unreachable",
	};
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note_as(call, CALL_NOTE_ATTEMPT, "nothing was heard from it");
	call_attempt_hangup(att, &end);
	if (call->dial) {
		take_result(call->dial, &end);
		dial_on(call);
	}
	call_turn_end(call);
}

/* What its leg needs to know; text is the caller's to free */
static struct leg_dial dial_of(struct call *call, const char *text)
{
	return (struct leg_dial){
		.account_id = call->account_id,
		.call_id = call->id,
		.type = call->destination.type,
		.target = call->destination.target,
		.trunk_id = call_opt_id(call->trunk_id),
		.source_type = call->source.type,
		.source = call->source.target,
		.source_name = call->source.name,
		.anonymous = call->anonymous,
		.auto_answer = call->auto_answer,
		.headers = call->headers,
		.codec = call->codec_hint,
		.call_text = text,
	};
}

/* @return Whether it is under way */
static bool dial_one(struct call *call, const struct leg_dial *prm,
		     const struct leg_route *route)
{
	static const struct leg_end unreachable = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "unreachable",
	};
	const struct leg_factory *factory = route->factory;
	struct call_attempt *att =
		call_attempt_new(call, route->trunk_id, route->host);
	char line[CALL_NOTE_SIZE];
	int err;

	/* before what the leg notes */
	g_snprintf(line, sizeof(line), "dialing %s %s", factory->endpoint,
		   route->host);
	call_note_as(call, CALL_NOTE_ATTEMPT, line);
	err = factory->dial(factory->arg, prm, route, &call_attempt_handler,
			    att, &att->leg);
	if (err) {
		g_snprintf(line, sizeof(line), "not dialed: %s", strerror(err));
		call_note_as(call, CALL_NOTE_ATTEMPT, line);
		att->leg = NULL;
		att->state = CALL_ENDED;
		take_result(call->dial, &unreachable);
		return false;
	}

	str_copy(att->leg->call_id, ID_SIZE, call->id);
	call->endpoint = factory->endpoint;
	if (route->give_up_ms)
		timer_start(call->table->env.timers, &att->give_up_timer,
			    route->give_up_ms, "call_give_up", on_give_up, att);

	return true;
}

/* All of the next order. @return Whether any is under way */
static bool dial_order(struct call *call)
{
	struct call_dial *dial = call->dial;
	const unsigned order = dial->routes[dial->next].order;
	GString *text = g_string_sized_new(CALL_TEXT_SIZE);
	struct leg_dial prm;
	bool any = false;

	call_put(text, call);
	prm = dial_of(call, text->str);
	while (dial->next < dial->nroutes &&
	       dial->routes[dial->next].order == order)
		any |= dial_one(call, &prm, &dial->routes[dial->next++]);
	g_string_free(text, TRUE);

	return any;
}

/* When all that was tried has failed: the next order, or the end */
static void dial_on(struct call *call)
{
	struct call_dial *dial = call->dial;

	if (call_attempts_are_pending(call))
		return;
	while (!dial->is_final && dial->next < dial->nroutes)
		if (dial_order(call))
			return;

	end_with_best(call);
}

void call_dial_failed(struct call_attempt *att, const struct leg_end *end)
{
	static const struct leg_end declined = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_CANCELED,
		.code = "declined_elsewhere",
	};
	struct call *call = att->call;

	if (!call->dial)
		return;
	take_result(call->dial, end);
	/* 6xx is said for all of the callee's devices (RFC 3261, 16.7) */
	if (end->sip_code >= 600)
		call_attempts_cancel(call, att, &declined);
	dial_on(call);
	call_connect_callee_quiet(call);
}

void call_dial_timeout(struct call *call)
{
	static const struct leg_end late = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NOANSWER,
		.code = "not_answered",
	};

	if (!call->dial) {
		call_end(call, &late);
		return;
	}
	take_result(call->dial, &late);
	end_with_best(call);
}

static void by_order(struct leg_route *routes, unsigned n)
{
	unsigned i, j;

	for (i = 1; i < n; ++i) {
		const struct leg_route route = routes[i];

		for (j = i; j && routes[j - 1].order > route.order; --j)
			routes[j] = routes[j - 1];
		routes[j] = route;
	}
}

/* The allow-list holds for every way out, whoever asks */
static bool is_allowed(const struct call *call)
{
	const struct directory *dir = call->table->env.dir;
	const struct dir_account *account =
		directory_account(dir, call->account_id);
	const char *target = call->destination.target;

	if (str_eq(call->destination.type, "extension"))
		return true;
	if (!account)
		return false;
	if (str_eq(call->destination.type, "tel"))
		return directory_may_call(account, target);

	return directory_may_call_uri(account, target,
				      directory_trunk(dir, call->trunk_id));
}

/* The first kind that knows a way. @return NULL, or why there is none */
static const char *find_ways(struct call *call)
{
	const struct call_table *table = call->table;
	struct call_dial *dial = call->dial;
	const struct leg_dial prm = dial_of(call, NULL);
	const char *why = NULL;
	unsigned i;

	if (!is_allowed(call))
		return "destination_not_allowed";
	for (i = 0; i < table->nfactories; ++i) {
		const struct leg_factory *factory = table->factories[i];
		const char *code = NULL;
		int err;

		err = factory->routes(factory->arg, &prm, dial->routes,
				      &dial->nroutes, &code);
		if (!err && dial->nroutes)
			break;
		if (err == EINVAL && !code)
			code = "invalid_destination";
		if (!why)
			why = code;
	}
	by_order(dial->routes, dial->nroutes);

	return dial->nroutes ? NULL : why ? why : "no_route";
}

void call_dial_start(struct call *call)
{
	struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
	};

	if (call->state != CALL_QUEUED)
		return;

	call_turn_begin(call);
	call->dial = g_new0(struct call_dial, 1);
	call_set_state(call, CALL_DIALING);
	call_timers_ringing(call);
	end.code = find_ways(call);
	call_write(call, EVENT_CALL_DIALING);
	if (end.code) {
		log_info("call %s: no way to %s:%s, %s", call->id,
			 call->destination.type, call->destination.target,
			 end.code);
		call_end(call, &end);
	} else {
		dial_on(call);
	}
	call_turn_end(call);
}
