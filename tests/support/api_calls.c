/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/api_calls.h"
#include "support/leg_still.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "loop/loop.h"
#include "media/media.h"
#include "media/tone.h"

/* ---- thread: loop ---- */

static int do_hold(struct leg *leg, bool on)
{
	(void)leg;
	(void)on;

	return 0;
}

static void tell_closed(void *arg)
{
	struct api_leg *leg = arg;

	leg->closed = true;
	leg->leg.handler->closed(leg->leg.arg);
}

static void close_soon(struct api_leg *leg)
{
	if (!timer_is_running(&leg->timer))
		timer_start(loop_timers(leg->rig->loop), &leg->timer, 0,
			    "api_leg_closed", tell_closed, leg);
}

static int do_hangup(struct leg *leg, const struct leg_end *end)
{
	struct api_leg *self = (struct api_leg *)leg;

	if (self->hangups++)
		return 0;
	self->end = *end;
	self->end.sip_reason = NULL;
	close_soon(self);

	return end->sip_code ? end->sip_code : 480;
}

static char *do_describe(const struct leg *leg)
{
	(void)leg;

	return g_strdup("{}");
}

/* ---- sound: a leg is its own ---- */

static struct api_leg *leg_of(const struct media_leg *media)
{
	return (struct api_leg *)media;
}

static uint32_t play_tones(struct media_leg *media, struct tone_list *list,
			   unsigned loops)
{
	(void)loops;
	obj_unref(list);

	return ++leg_of(media)->plays;
}

static uint32_t play_stream(struct media_leg *media,
			    struct media_stream *stream)
{
	(void)stream;

	return ++leg_of(media)->plays;
}

static unsigned rate(const struct media_leg *media)
{
	(void)media;

	return 8000;
}

static uint32_t send_dtmf(struct media_leg *media, const char *digits,
			  unsigned duration_ms, unsigned interval_ms)
{
	struct api_leg *leg = leg_of(media);

	(void)duration_ms;
	(void)interval_ms;
	str_copy(leg->digits, sizeof(leg->digits), digits);

	return ++leg->plays;
}

static void stop(struct media_leg *media)
{
	++leg_of(media)->stops;
}

static void echo(struct media_leg *media, bool on)
{
	leg_of(media)->echos += on;
}

static void stats(const struct media_leg *media, struct media_stats *out)
{
	(void)media;
	memset(out, 0, sizeof(*out));
}

static int bridge(struct media_leg *a, struct media_leg *b)
{
	(void)a;
	(void)b;

	return 0;
}

static void unbridge(struct media_leg *media)
{
	(void)media;
}

static void mute(struct media_leg *media, bool in, bool out)
{
	leg_of(media)->muted_in = in;
	leg_of(media)->muted_out = out;
}

static void hold(struct media_leg *media, bool on)
{
	leg_of(media)->held = on;
}

static uint32_t tap(struct media_leg *media, struct media_tap *tap)
{
	struct api_leg *leg = leg_of(media);

	if (leg->ntaps == LEG_TAPS_MAX)
		return 0;
	leg->taps[leg->ntaps] = obj_ref(tap);

	return ++leg->ntaps;
}

static void untap(struct media_leg *media, uint32_t tap_id)
{
	media_tap_finish(leg_of(media)->taps[tap_id - 1]);
}

const struct call_media_ops api_legs_media = {
	.play_tones = play_tones,
	.play_stream = play_stream,
	.rate = rate,
	.send_dtmf = send_dtmf,
	.stop = stop,
	.echo = echo,
	.stats = stats,
	.bridge = bridge,
	.unbridge = unbridge,
	.mute = mute,
	.hold = hold,
	.tap = tap,
	.untap = untap,
};

static const struct leg_ops ops = {
	.endpoint = "sip",
	.ring = leg_still_ok,
	.progress = leg_still_ok,
	.answer = leg_still_ok,
	.hangup = do_hangup,
	.hold = do_hold,
	.describe = do_describe,
	.unref = leg_still_unref,
};

static struct api_leg *add_leg(struct api_legs *legs)
{
	struct api_leg *leg = g_new0(struct api_leg, 1);

	if (legs->n == API_LEGS_MAX)
		abort();
	leg->rig = legs->rig;
	leg->leg.ops = &ops;
	legs->legs[legs->n++] = leg;

	return leg;
}

/* "sip:nobody@…" leads nowhere */
static int routes(void *arg, const struct leg_dial *dial,
		  struct leg_route *list, unsigned *np, const char **codep)
{
	struct api_legs *legs = arg;

	if (str_starts(dial->target, "sip:nobody@")) {
		*codep = "no_route";
		return ENOENT;
	}
	if (*np == LEG_ROUTES_MAX)
		return 0;
	memset(&list[*np], 0, sizeof(list[*np]));
	list[*np].factory = &legs->factory;
	str_copy(list[*np].host, sizeof(list[*np].host), "192.0.2.1:5060");
	++*np;

	return 0;
}

static int dial(void *arg, const struct leg_dial *dial,
		const struct leg_route *route,
		const struct leg_handler *handler, void *handler_arg,
		struct leg **legp)
{
	struct api_legs *legs = arg;
	struct api_leg *leg = add_leg(legs);

	(void)route;
	leg->leg.handler = handler;
	leg->leg.arg = handler_arg;
	leg->type = g_strdup(dial->type);
	leg->target = g_strdup(dial->target);
	leg->source = g_strdup(dial->source);
	leg->name = g_strdup(dial->source_name);
	leg->auto_answer = dial->auto_answer;
	leg->trunk_id = g_strdup(dial->trunk_id);
	leg->headers = dial->headers ? json_deep_copy(dial->headers) : NULL;
	++legs->dialed;
	*legp = &leg->leg;

	return 0;
}

static void add_factory(void *arg)
{
	struct api_legs *legs = arg;

	call_table_add_factory(legs->rig->calls, &legs->factory);
}

void api_legs_open(struct api_legs *legs, struct api_rig *rig)
{
	memset(legs, 0, sizeof(*legs));
	legs->rig = rig;
	legs->factory = (struct leg_factory){
		.endpoint = "sip",
		.routes = routes,
		.dial = dial,
		.arg = legs,
	};
	api_rig_on_loop(rig, add_factory, legs);
}

struct closing {
	struct api_legs *legs;
	size_t left;
};

static void end_all(void *arg) /* Thread: loop */
{
	static const struct leg_end end = {.by = HANGUP_BY_SYSTEM,
					   .reason = HANGUP_NORMAL};
	struct closing *closing = arg;
	struct call_table *calls = closing->legs->rig->calls;

	call_table_hangup_all(calls, NULL, &end);
	closing->left = call_table_count(calls);
}

void api_legs_close(struct api_legs *legs)
{
	struct closing closing = {.legs = legs};
	unsigned i;
	uint32_t k;

	do {
		api_rig_on_loop(legs->rig, end_all, &closing);
	} while (closing.left);

	for (i = 0; i < legs->n; ++i) {
		struct api_leg *leg = legs->legs[i];

		for (k = 0; k < leg->ntaps; ++k)
			obj_unref(leg->taps[k]);
		g_free(leg->type);
		g_free(leg->target);
		g_free(leg->source);
		g_free(leg->name);
		g_free(leg->trunk_id);
		json_decref(leg->headers);
		g_free(leg);
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

void api_legs_sync(struct api_legs *legs)
{
	api_rig_on_loop(legs->rig, nothing, NULL);
}

struct dialing {
	struct api_legs *legs;
	unsigned n;
	bool done;
};

static void look_dialed(void *arg) /* Thread: loop */
{
	struct dialing *dialing = arg;

	dialing->done = dialing->legs->dialed >= dialing->n;
}

void api_legs_wait_dialed(struct api_legs *legs, unsigned n)
{
	struct dialing dialing = {.legs = legs, .n = n};

	do {
		api_rig_on_loop(legs->rig, look_dialed, &dialing);
	} while (!dialing.done);
}

/* ---- calls that come ---- */

struct incoming {
	struct api_legs *legs;
	struct api_leg *leg;
	const char *account_id, *flow_id;
	enum call_refusal refusal;
};

static void take(void *arg) /* Thread: loop */
{
	struct incoming *run = arg;
	struct leg_incoming in = {
		.account_id = run->account_id,
		.flow_id = run->flow_id,
		.source = "+4511111111",
		.source_type = "tel",
		.destination = "+4522222222",
		.destination_type = "tel",
	};

	run->leg = add_leg(run->legs);
	in.leg = &run->leg->leg;
	run->refusal = call_incoming(run->legs->rig->calls, &in);
}

char *api_legs_call_in(struct api_legs *legs, const char *account_id,
		       struct api_leg **legp)
{
	struct incoming run = {.legs = legs, .account_id = account_id};
	const struct api_ask ask = {.verb = "calls.list",
				    .account_id = account_id};
	json_t *flow, *list = NULL, *call = NULL;
	char *id = NULL;

	flow = api_rig_make(legs->rig, "flows.create", account_id,
			    json_pack("{s:s, s:[{s:s, s:{s:i}}]}", "name",
				      "wait", "actions", "type", "sleep",
				      "option", "duration_ms", 60000));
	if (!account_id)
		run.account_id = legs->rig->account_id;
	run.flow_id = json_str(flow, "id", "");
	api_rig_on_loop(legs->rig, take, &run);
	if (run.refusal != CALL_TAKEN)
		abort();

	/* its record comes with the next commit */
	while (!id) {
		list = api_rig_ok(api_rig_ask(legs->rig, &ask));
		call = json_array_get(json_object_get(list, "result"), 0);
		if (str_eq(json_str(call, "flow_id", ""), run.flow_id))
			id = g_strdup(json_str(call, "id", ""));
		json_decref(list);
	}
	json_decref(flow);
	if (legp)
		*legp = run.leg;

	return id;
}

/* ---- what the party does ---- */

static void rings(void *arg) /* Thread: loop */
{
	struct api_leg *leg = arg;

	leg->leg.handler->ringing(leg->leg.arg);
}

void api_leg_rings(struct api_leg *leg)
{
	api_rig_on_loop(leg->rig, rings, leg);
}

static void answers(void *arg) /* Thread: loop */
{
	struct api_leg *leg = arg;

	if (leg->rig->media == &api_legs_media)
		leg->leg.media = (struct media_leg *)leg;
	leg->leg.handler->answered(leg->leg.arg);
}

void api_leg_answers(struct api_leg *leg)
{
	api_rig_on_loop(leg->rig, answers, leg);
}

struct ending {
	struct api_leg *leg;
	struct leg_end end;
};

static void ends(void *arg) /* Thread: loop */
{
	struct ending *ending = arg;
	struct api_leg *leg = ending->leg;

	leg->leg.handler->ended(leg->leg.arg, &ending->end);
	close_soon(leg);
}

void api_leg_ends(struct api_leg *leg, enum hangup_reason reason, int sip_code)
{
	struct ending ending = {
		.leg = leg,
		.end = {.by = HANGUP_BY_REMOTE,
			.reason = reason,
			.sip_code = sip_code},
	};

	api_rig_on_loop(leg->rig, ends, &ending);
}

json_t *api_legs_wait_status(struct api_legs *legs, const char *account_id,
			     const char *id, const char *status)
{
	const struct api_ask ask = {
		.verb = "calls.get", .account_id = account_id, .id = id};
	json_t *call = NULL;

	do {
		json_decref(call);
		call = api_rig_ok(api_rig_ask(legs->rig, &ask));
	} while (!str_eq(json_str(call, "status", ""), status));

	return call;
}
