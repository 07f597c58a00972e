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

	(void)codep;
	flow_trial_note(trial, "destinations", prm->destinations);
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

int flow_trial_record(void *arg, const struct flow_record *prm,
		      char id[ID_SIZE], const char **codep)
{
	struct flow_trial *trial = arg;

	(void)codep;
	g_snprintf(id, ID_SIZE, "00000000-0000-7000-8000-%012x", ++trial->ids);
	str_copy(trial->recording_id, ID_SIZE, id);
	trial->recording = true;
	trial->record_paused = false;
	if (!prm->wait)
		return 0;

	trial->record_waits = true;
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

	return 0;
}

static void tell_recorded(struct flow_trial *trial, const char *reason)
{
	const struct flow_recorded how = {
		.id = trial->recording_id,
		.reason = reason,
		.duration_ms = trial->now_ms - trial->record_since_ms,
	};
	const struct flow_event ev = {.type = FLOW_EV_RECORDED,
				      .recorded = &how};
	const bool waits = trial->record_waits;

	trial->recording = trial->record_waits = false;
	trial->record_ms = TRIAL_NEVER;
	if (waits)
		flow_trial_tell(trial, &ev);
}

void flow_trial_record_due(struct flow_trial *trial)
{
	tell_recorded(trial, trial->record_reason);
}

int flow_trial_record_verb(void *arg, enum flow_record_verb verb,
			   const char *id)
{
	struct flow_trial *trial = arg;

	const bool pause = verb == FLOW_RECORD_PAUSE;

	if (!trial->recording || (id && !str_eq(id, trial->recording_id)))
		return ENOENT;
	if (verb != FLOW_RECORD_STOP) {
		if (trial->record_paused == pause)
			return EPROTO;
		trial->record_paused = pause;
	} else {
		trial->recording = trial->record_waits = false;
		trial->record_ms = TRIAL_NEVER;
	}

	return 0;
}

/* ---- independent calls ---- */

int flow_trial_call(void *arg, const struct flow_call *prm, json_t **idsp,
		    const char **codep)
{
	struct flow_trial *trial = arg;
	char id[ID_SIZE];
	json_t *ids = json_array();
	size_t i;

	(void)codep;
	flow_trial_note(trial, "destinations", prm->destinations);
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
	if (trial->record_waits && strchr(trial->record_keys, digit)) {
		tell_recorded(trial, "key");
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
	if (recorded && trial->recording)
		tell_recorded(trial, recorded);
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
