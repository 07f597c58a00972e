/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Servers, callees and recordings of a trial: what the script says of them, or
 * what goes well */

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "flow/flow_action.h"
#include "flow/flow_trial_priv.h"

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == TRIAL_NEVER || b == TRIAL_NEVER)
		return a == TRIAL_NEVER ? b : a;

	return MIN(a, b);
}

/* When `ms` are over; 0 = never */
static int64_t after(const struct flow_trial *trial, int64_t ms)
{
	return ms ? trial->now_ms + ms : TRIAL_NEVER;
}

/* ---- servers ---- */

int flow_trial_http(void *arg, const struct flow_http *http, uint32_t *idp)
{
	struct flow_trial *trial = arg;

	flow_trial_note_text(trial, "url", http->url);
	if (!idp)
		return 0;
	trial->http_id = *idp = ++trial->ids;
	trial->http_ms = trial->scripted_http ? after(trial, http->timeout_ms)
					      : trial->now_ms;

	return 0;
}

void flow_trial_http_cancel(void *arg, uint32_t id)
{
	struct flow_trial *trial = arg;

	(void)id;
	trial->http_id = 0;
	trial->http_ms = TRIAL_NEVER;
}

static void tell_http(struct flow_trial *trial,
		      const struct flow_http_reply *reply)
{
	const struct flow_event ev = {
		.type = FLOW_EV_HTTP, .id = trial->http_id, .http = reply};

	flow_trial_http_cancel(trial, 0);
	if (ev.id)
		flow_trial_tell(trial, &ev);
}

void flow_trial_http_due(struct flow_trial *trial)
{
	static const struct flow_http_reply late = {
		.code = "timeout",
		.why = "the script has no answer in time",
		.retry_after_s = -1,
	};
	static const struct flow_http_reply nothing = {.status = 204,
						       .retry_after_s = -1};

	tell_http(trial, trial->scripted_http ? &late : &nothing);
}

static void play_http(struct flow_trial *trial, const json_t *in)
{
	const json_t *body = json_object_get(in, "body");
	struct flow_http_reply reply = {
		.code = json_str(in, "code", NULL),
		.retry_after_s = json_int(in, "retry_after_s", -1),
		.content_type = "application/json",
	};
	char *text = NULL;

	if (reply.code)
		reply.why = "the script says so";
	else
		reply.status = (int)json_int(in, "status", 200);
	if (json_is_string(body)) {
		reply.content_type = "text/plain";
		reply.body = json_string_value(body);
	} else if (body) {
		reply.body = text =
			json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	reply.body_len = reply.body ? strlen(reply.body) : 0;
	tell_http(trial, &reply);
	free(text);
}

/* ---- callees ---- */

int flow_trial_connect(void *arg, const struct flow_connect *prm,
		       const char **codep)
{
	struct flow_trial *trial = arg;
	const int err = flow_trial_refusal(trial, "connect", codep);

	flow_trial_note(trial, "destinations", prm->destinations);
	if (err)
		return err;
	trial->connecting = true;
	trial->bridge_max_ms = prm->max_duration_ms;
	trial->star = prm->hangup_on_star;
	trial->connect_ms = trial->scripted_connect
				    ? after(trial, prm->timeout_ms)
				    : trial->now_ms;

	return 0;
}

void flow_trial_connect_cancel(void *arg)
{
	struct flow_trial *trial = arg;

	trial->connecting = trial->bridged = false;
	trial->connect_ms = TRIAL_NEVER;
}

static void tell_connect(struct flow_trial *trial, const char *status,
			 int sip_code)
{
	const struct flow_connected how = {
		.status = status,
		.call_id = FLOW_TRIAL_CALLEE,
		.duration_ms =
			trial->bridged ? trial->now_ms - trial->bridged_ms : 0,
		.sip_code = sip_code,
	};
	const struct flow_event ev = {.type = FLOW_EV_CONNECT, .connect = &how};

	flow_trial_connect_cancel(trial);
	flow_trial_tell(trial, &ev);
}

/* One of those who are called answers */
static void bridge(struct flow_trial *trial)
{
	static const struct flow_event ev = {.type = FLOW_EV_BRIDGED};

	if (!trial->connecting || trial->bridged)
		return;
	trial->answered = true;
	trial->bridged = true;
	trial->bridged_ms = trial->now_ms;
	trial->connect_ms = after(trial, trial->bridge_max_ms);
	if (!trial->scripted_connect)
		trial->connect_ms = earlier(trial->connect_ms,
					    trial->now_ms + trial->sound_ms);
	flow_trial_tell(trial, &ev);
}

void flow_trial_connect_due(struct flow_trial *trial)
{
	trial->connect_ms = TRIAL_NEVER;
	if (trial->bridged)
		tell_connect(trial, "answered", 0);
	else if (trial->scripted_connect)
		tell_connect(trial, "noanswer", 0);
	else
		bridge(trial);
}

static void play_connected(struct flow_trial *trial, const json_t *in)
{
	const char *status = json_str(in, "status", "answered");

	if (!trial->connecting)
		return;
	if (str_eq(status, "answered"))
		bridge(trial);
	tell_connect(trial, status, (int)json_int(in, "sip_code", 0));
}

/* ---- recordings ---- */

static bool runs(const struct trial_recording *rec)
{
	return rec->state != TRIAL_RECORDING_OVER;
}

static unsigned running(const struct flow_trial *trial)
{
	unsigned i, n = 0;

	for (i = 0; i < trial->nrecordings; ++i)
		n += runs(&trial->recordings[i]);

	return n;
}

/* By its id; the last one that runs when that is NULL */
static struct trial_recording *find(struct flow_trial *trial, const char *id)
{
	unsigned i = trial->nrecordings;

	while (i-- > 0) {
		struct trial_recording *rec = &trial->recordings[i];

		if (id ? str_eq(rec->id, id) : runs(rec))
			return rec;
	}

	return NULL;
}

static void wait_for(struct flow_trial *trial, struct trial_recording *rec,
		     const struct flow_record *prm)
{
	trial->waited = rec;
	trial->record_since_ms = trial->now_ms;
	str_copy(trial->record_keys, sizeof(trial->record_keys),
		 prm->end_of_key);
	trial->record_ms = after(trial, prm->max_duration_ms);
	trial->record_reason = "duration";
	if (!trial->scripted_record && prm->end_of_silence_ms &&
	    (trial->record_ms == TRIAL_NEVER ||
	     trial->now_ms + trial->sound_ms < trial->record_ms)) {
		trial->record_ms = trial->now_ms + trial->sound_ms;
		trial->record_reason = "silence";
	}
}

int flow_trial_record(void *arg, const struct flow_record *prm,
		      char id[ID_SIZE], const char **codep)
{
	struct flow_trial *trial = arg;
	struct trial_recording *rec;
	const int err = flow_trial_refusal(trial, "record", codep);

	if (err)
		return err;
	if (trial->nrecordings == TRIAL_RECORDINGS) {
		*codep = "busy";
		return EDQUOT;
	}
	if (running(trial) == TRIAL_RECORDINGS_RUNNING) {
		*codep = "wrong_state";
		return EBUSY;
	}

	rec = &trial->recordings[trial->nrecordings++];
	g_snprintf(rec->id, ID_SIZE, "00000000-0000-7000-8000-%012x",
		   ++trial->ids);
	rec->state = TRIAL_RECORDING_ON;
	str_copy(id, ID_SIZE, rec->id);
	if (prm->wait)
		wait_for(trial, rec, prm);

	return 0;
}

/* It is over. @return true when the flow waits to hear that */
static bool end_recording(struct flow_trial *trial, struct trial_recording *rec)
{
	const bool waits = rec == trial->waited;

	rec->state = TRIAL_RECORDING_OVER;
	if (waits) {
		trial->waited = NULL;
		trial->record_ms = TRIAL_NEVER;
	}

	return waits;
}

static void tell_recorded(struct flow_trial *trial, struct trial_recording *rec,
			  const char *reason)
{
	const struct flow_recorded how = {
		.id = rec->id,
		.reason = reason,
		.duration_ms = trial->now_ms - trial->record_since_ms,
	};
	const struct flow_event ev = {.type = FLOW_EV_RECORDED,
				      .recorded = &how};

	if (end_recording(trial, rec))
		flow_trial_tell(trial, &ev);
}

void flow_trial_record_due(struct flow_trial *trial)
{
	tell_recorded(trial, trial->waited, trial->record_reason);
}

/* The one that the flow waits for, or the last that runs */
static void play_recorded(struct flow_trial *trial, const char *reason)
{
	struct trial_recording *rec = trial->waited;

	if (!rec)
		rec = find(trial, NULL);
	if (rec)
		tell_recorded(trial, rec, reason);
}

int flow_trial_record_verb(void *arg, enum flow_record_verb verb,
			   const char *id)
{
	struct flow_trial *trial = arg;
	struct trial_recording *rec = find(trial, id);
	const bool pause = verb == FLOW_RECORD_PAUSE;

	if (!rec)
		return ENOENT;
	if (verb == FLOW_RECORD_STOP) {
		if (!runs(rec))
			return EPROTO;
		end_recording(trial, rec);
		return 0;
	}
	if (rec->state != (pause ? TRIAL_RECORDING_ON : TRIAL_RECORDING_PAUSED))
		return EPROTO;
	rec->state = pause ? TRIAL_RECORDING_PAUSED : TRIAL_RECORDING_ON;

	return 0;
}

/* ---- independent calls ---- */

int flow_trial_call(void *arg, const struct flow_call *prm, json_t **idsp,
		    const char **codep)
{
	struct flow_trial *trial = arg;
	const int err = flow_trial_refusal(trial, "call", codep);
	char id[ID_SIZE];
	json_t *ids;
	size_t i;

	flow_trial_note(trial, "destinations", prm->destinations);
	if (err)
		return err;
	ids = json_array();
	for (i = 0; i < json_array_size(prm->destinations); ++i) {
		g_snprintf(id, ID_SIZE, "00000000-0000-7000-8000-%012x",
			   ++trial->ids);
		json_array_append_new(ids, json_string(id));
	}
	*idsp = ids;

	return 0;
}

/* ---- the script ---- */

bool flow_trial_world_digit(struct flow_trial *trial, char digit)
{
	if (trial->waited && strchr(trial->record_keys, digit)) {
		tell_recorded(trial, trial->waited, "key");
		return true;
	}
	if (trial->bridged && trial->star && digit == '*') {
		tell_connect(trial, "answered", 0);
		return true;
	}

	return false;
}

void flow_trial_world_entry(struct flow_trial *trial, const json_t *entry)
{
	const json_t *http = json_object_get(entry, "http");
	const json_t *connected = json_object_get(entry, "connected");
	const char *recorded = json_str(entry, "recorded", NULL);

	if (http)
		play_http(trial, http);
	if (json_flag(entry, "bridged", false))
		bridge(trial);
	if (connected)
		play_connected(trial, connected);
	if (recorded)
		play_recorded(trial, recorded);
}

void flow_trial_world_start(struct flow_trial *trial)
{
	json_t *entry;
	size_t i;

	trial->http_ms = trial->connect_ms = trial->record_ms = TRIAL_NEVER;
	json_array_foreach(trial->script, i, entry)
	{
		trial->scripted_http |= !!json_object_get(entry, "http");
		trial->scripted_connect |= json_object_get(entry, "bridged") ||
					   json_object_get(entry, "connected");
		trial->scripted_record |= !!json_object_get(entry, "recorded");
	}
}
