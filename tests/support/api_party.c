/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/api_party.h"
#include "support/leg_still.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "loop/loop.h"
#include "media/media.h"

/* ---- thread: loop ---- */

static void tell_closed(void *arg)
{
	struct api_party *party = arg;

	party->leg.handler->closed(party->leg.arg);
}

static int do_hangup(struct leg *leg, const struct leg_end *end)
{
	struct api_party *party = (struct api_party *)leg;

	timer_start(loop_timers(party->rig.loop), &party->timer, 0, "closed",
		    tell_closed, party);

	return end->sip_code;
}

static const struct leg_ops leg_ops = {
	.endpoint = "sip",
	.ring = leg_still_ok,
	.progress = leg_still_ok,
	.answer = leg_still_ok,
	.hangup = do_hangup,
	.unref = leg_still_unref,
};

static unsigned media_rate(const struct media_leg *leg)
{
	(void)leg;

	return 8000;
}

static uint32_t media_tap(struct media_leg *leg, struct media_tap *tap)
{
	struct api_party *party = (struct api_party *)leg;

	if (party->ntaps == API_PARTY_TAPS)
		return 0;
	party->taps[party->ntaps] = obj_ref(tap);

	return ++party->ntaps;
}

static void media_untap(struct media_leg *leg, uint32_t tap_id)
{
	media_tap_finish(((struct api_party *)leg)->taps[tap_id - 1]);
}

static void media_stats(const struct media_leg *leg, struct media_stats *stats)
{
	(void)leg;
	(void)stats;
}

static const struct call_media_ops media_ops = {
	.rate = media_rate,
	.tap = media_tap,
	.untap = media_untap,
	.stats = media_stats,
};

static void come(void *arg)
{
	struct api_party *party = arg;
	const struct leg_incoming in = {
		.leg = &party->leg,
		.account_id = party->rig.account_id,
		.flow_id = party->flow_id,
		.source = "+4511111111",
		.source_type = "tel",
		.destination = "+4522222222",
		.destination_type = "tel",
	};

	party->leg.ops = &leg_ops;
	party->leg.media = (struct media_leg *)party;
	if (call_incoming(party->rig.calls, &in) == CALL_TAKEN)
		party->leg.handler->answered(party->leg.arg);
}

struct start {
	struct api_party *party;
	char id[ID_SIZE];
};

static void start_one(void *arg)
{
	const struct flow_record prm = {.format = "ogg", .end_of_key = ""};
	struct start *start = arg;
	struct call *call =
		call_find(start->party->rig.calls, start->party->leg.call_id);

	if (call)
		(void)call_recording_start(call, &prm, start->id, NULL);
}

static void speak(void *arg) /* in place of the media thread */
{
	static const int16_t pcm[160];
	struct api_party *party = arg;
	uint32_t i;
	int k;

	for (i = 0; i < party->ntaps; ++i)
		for (k = 0; k < 50; ++k)
			media_tap_put(party->taps[i], pcm, pcm, NULL);
}

static void hang_up(void *arg)
{
	static const struct leg_end end = {.by = HANGUP_BY_REMOTE};
	struct api_party *party = arg;

	if (!call_table_count(party->rig.calls))
		return;
	party->leg.handler->ended(party->leg.arg, &end);
	tell_closed(party);
}

/* ---- thread: the test's ---- */

void api_party_open(struct api_party *party)
{
	json_t *flow;

	memset(party, 0, sizeof(*party));
	party->rig.media = &media_ops;
	party->rig.records = true;
	api_rig_open(&party->rig);
	flow = api_rig_make(&party->rig, "flows.create", NULL,
			    json_pack("{s:s, s:[{s:s, s:{s:i}}]}", "name",
				      "wait", "actions", "type", "sleep",
				      "option", "duration_ms", 60000));
	str_copy(party->flow_id, ID_SIZE, json_str(flow, "id", ""));
	json_decref(flow);
	api_rig_on_loop(&party->rig, come, party);
	assert_true(id_is_valid(party->leg.call_id));
}

void api_party_hang_up(struct api_party *party)
{
	api_rig_on_loop(&party->rig, hang_up, party);
}

void api_party_close(struct api_party *party)
{
	uint32_t i;

	api_party_hang_up(party);
	api_rig_close(&party->rig);
	for (i = 0; i < party->ntaps; ++i)
		obj_unref(party->taps[i]);
}

char *api_party_record(struct api_party *party)
{
	struct start start = {.party = party};

	api_rig_on_loop(&party->rig, start_one, &start);
	assert_true(id_is_valid(start.id));

	return g_strdup(start.id);
}

char *api_party_record_stored(struct api_party *party)
{
	char *id = api_party_record(party), *stored = NULL;

	while (!str_eq(stored, id)) {
		g_free(stored);
		stored = api_rig_text(&party->rig,
				      "SELECT id FROM recording WHERE id = ?1",
				      id);
	}
	g_free(stored);

	return id;
}

void api_party_speak(struct api_party *party)
{
	api_rig_on_loop(&party->rig, speak, party);
}

json_t *api_party_ask(struct api_party *party, const char *verb, const char *id,
		      json_t *body)
{
	const struct api_ask ask = {.verb = verb, .id = id, .body = body};

	return api_rig_ask(&party->rig, &ask);
}

json_t *api_party_patch(struct api_party *party, const char *id,
			const char *status)
{
	return api_party_ask(party, "recordings.patch", id,
			     json_pack("{s:s}", "status", status));
}

void api_party_expect(json_t *reply, const char *code)
{
	assert_string_equal(api_rig_code(reply), code);
}
