/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "actions/actions.h"
#include "actions/addresses.h"
#include "common/header_map.h"
#include "common/json.h"
#include "common/str.h"
#include "flow/flow_doc.h"

enum {
	TIMEOUT_MAX_S = 600,
	DURATION_MAX_S = 86400,
};

static const char *const strategies[] = {"all", "sequence", NULL};
static const char *const anonymous[] = {"auto", "yes", "no", NULL};
static const char *const formats[] = {"wav", "ogg", "mp3", NULL};
static const char *const channels[] = {"mono", "stereo", NULL};

static const char *check_ring_tone(const char *value)
{
	if (strlen(value) == 2 && g_ascii_isalpha(value[0]) &&
	    g_ascii_isalpha(value[1]))
		return NULL;
	if (!action_check_url(value))
		return NULL;

	return "must be a country such as \"dk\", or what `play` plays";
}

static const struct opt record_opts[] = {
	{.name = "format",
	 .type = OPT_STRING,
	 .values = formats,
	 .def = "\"wav\"",
	 .doc = "Of the file."},
	{.name = "channels",
	 .type = OPT_STRING,
	 .values = channels,
	 .def = "\"stereo\"",
	 .doc = "`stereo`: the caller left, the callee right."},
	OPT_END,
};

static const struct opt opts[] = {
	ADDRESSES_OPT_SOURCE,
	ADDRESSES_OPT_DESTINATIONS("Whom to ring"),
	{.name = "strategy",
	 .type = OPT_STRING,
	 .values = strategies,
	 .def = "\"all\"",
	 .doc = "`all` at once, or one after the other, in `sequence`."},
	{.name = "timeout_s",
	 .alias = "timeout",
	 .type = OPT_INT,
	 .min = 1,
	 .max = TIMEOUT_MAX_S,
	 .def = "60",
	 .doc = "How long it rings in all, in seconds."},
	{.name = "destination_timeout_s",
	 .type = OPT_INT,
	 .min = 1,
	 .max = TIMEOUT_MAX_S,
	 .doc = "How long each of them rings, in seconds."},
	{.name = "early_media",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "The caller hears what the callee's side sends before the "
		"answer, instead of ringing."},
	{.name = "ring_tone",
	 .type = OPT_STRING,
	 .min = 2,
	 .max = ACTION_TEXT_MAX,
	 .check = check_ring_tone,
	 .doc = "What the caller hears meanwhile: a country's tone (`dk`), or "
		"what `play` plays; the tone of the account's country when "
		"left out."},
	{.name = "relay_reason",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "When nobody answers, end the call with the callee's reason "
		"and code."},
	{.name = "anonymous",
	 .type = OPT_STRING,
	 .values = anonymous,
	 .def = "\"auto\"",
	 .doc = "Hide the source: `auto` as the caller does."},
	{.name = "max_duration_s",
	 .type = OPT_INT,
	 .min = 0,
	 .max = DURATION_MAX_S,
	 .def = "0",
	 .doc = "How long they may talk, in seconds; 0 = no limit of its "
		"own."},
	{.name = "record",
	 .type = OPT_OBJECT,
	 .sub = record_opts,
	 .doc = "Record what they say, until the bridge is over; `{}` for "
		"the defaults."},
	{.name = "headers",
	 .type = OPT_MAP,
	 .min = 0,
	 .max = HEADER_MAP_MAX,
	 .doc = "SIP header fields to be added, `X-…`."},
	{.name = "confirm_actions",
	 .type = OPT_ANY,
	 .format = FLOW_FORMAT_ACTIONS,
	 .doc = "Actions that each callee goes through after its answer. The "
		"first who reaches their end is bridged, the others ring on "
		"until then; `hangup` in them refuses. In them `call.*` is "
		"the callee, `parent.*` the caller."},
	{.name = "hangup_on_star",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "The caller's `*` ends the bridge."},
	OPT_END,
};

/* A callee that still confirms calls nobody itself */
static void check_confirm(const json_t *option, const char *pointer,
			  struct opt_faults *faults)
{
	json_t *item;
	char ptr[256];
	size_t i;

	json_array_foreach(json_object_get(option, "confirm_actions"), i, item)
	{
		if (!str_eq(json_str(item, "type", ""), "connect"))
			continue;
		g_snprintf(ptr, sizeof(ptr), "%s/confirm_actions/%zu/type",
			   pointer, i);
		opt_fault(faults, ptr, "cannot be among confirm_actions");
	}
}

static void connect_check(const json_t *option, const char *pointer,
			  struct opt_faults *faults)
{
	char ptr[256];

	addresses_check(option, pointer, faults);
	g_snprintf(ptr, sizeof(ptr), "%s/headers", pointer);
	header_map_check(json_object_get(option, "headers"), HEADER_SIP, ptr,
			 faults);
	check_confirm(option, pointer, faults);
}

static void *connect_keep(const json_t *option, const char *pointer,
			  struct opt_faults *faults)
{
	return flow_doc_keep(option, "confirm_actions", pointer, faults);
}

static unsigned seconds(const json_t *option, const char *name)
{
	return (unsigned)json_int(option, name, 0) * 1000;
}

static enum act connect_start(struct flow_run *run)
{
	const json_t *o = flow_opts(run);
	json_t *source = addresses_source(o);
	json_t *destinations = addresses_destinations(o);
	const struct flow_connect prm = {
		.source = source,
		.destinations = destinations,
		.sequence = str_eq(json_str(o, "strategy", ""), "sequence"),
		.timeout_ms = seconds(o, "timeout_s"),
		.destination_timeout_ms = seconds(o, "destination_timeout_s"),
		.early_media = json_flag(o, "early_media", false),
		.ring_tone = json_str(o, "ring_tone", NULL),
		.anonymous = json_str(o, "anonymous", "auto"),
		.max_duration_ms = seconds(o, "max_duration_s"),
		.record = json_object_get(o, "record"),
		.headers = json_object_get(o, "headers"),
		.confirm = flow_kept(run),
		.hangup_on_star = json_flag(o, "hangup_on_star", false),
	};
	const char *code = NULL;
	int err = ENOTSUP;

	flow_unset_all(run, "connect.");
	if (flow_host(run)->connect)
		err = flow_host(run)->connect(flow_host_arg(run), &prm, &code);
	json_decref(source);
	json_decref(destinations);
	if (err)
		return flow_fail(run, code ? code : "connect_failed", "%s",
				 strerror(err));

	return ACT_WAIT;
}

static int set_outcome(struct flow_run *run, const struct flow_connected *how)
{
	char ms[32], sip_code[16] = "";
	json_t *values;
	int err;

	g_snprintf(ms, sizeof(ms), "%lld", (long long)how->duration_ms);
	if (how->sip_code)
		g_snprintf(sip_code, sizeof(sip_code), "%d", how->sip_code);
	values = json_pack(
		"{s:s, s:s, s:s, s:s}", "connect.status", how->status,
		"connect.call_id", how->call_id ? how->call_id : "",
		"connect.duration_ms", ms, "connect.sip_code", sip_code);
	err = flow_set_all(run, values, false);
	json_decref(values);

	return err;
}

static enum act over(struct flow_run *run, const struct flow_connected *how)
{
	const struct flow_end end = {
		.kind = FLOW_END_HANGUP,
		.reason = how->status,
		.sip_code = how->sip_code,
	};

	if (set_outcome(run, how))
		return ACT_FAILED;
	if (str_eq(how->status, "answered") ||
	    !json_flag(flow_opts(run), "relay_reason", false))
		return ACT_NEXT;

	return flow_finish(run, &end);
}

static enum act connect_event(struct flow_run *run, const struct flow_event *ev)
{
	if (ev->type == FLOW_EV_BRIDGED)
		flow_digits_ignore(run);
	if (ev->type == FLOW_EV_CONNECT)
		return over(run, ev->connect);

	return ACT_WAIT;
}

static void connect_cancel(struct flow_run *run)
{
	if (flow_host(run)->connect_cancel)
		flow_host(run)->connect_cancel(flow_host_arg(run));
}

const struct action_type action_connect = {
	.name = "connect",
	.opts = opts,
	.check = connect_check,
	.keep = connect_keep,
	.drop = flow_doc_drop,
	.start = connect_start,
	.event = connect_event,
	.cancel = connect_cancel,
	.doc = "Rings others, connects the call with the first that answers, "
	       "cancels the rest, and goes on with the next action when they "
	       "have talked, or when nobody answered. The caller hears "
	       "ringing; it is answered when a callee does. Digits are not "
	       "typed ahead while they talk. That nobody answers is an "
	       "outcome; what cannot even begin breaks it "
	       "(`connect_failed`, or a code that says more).",
	.sets = "`connect.status`: `answered`, `busy`, `noanswer`, `rejected`, "
		"`failed`, `canceled`; `connect.call_id`; "
		"`connect.duration_ms`, how long they talked; "
		"`connect.sip_code`, or \"\"",
	.example = "{\"type\": \"connect\", \"option\": {\"destinations\": "
		   "[\"extension:1001@acme.test\", "
		   "\"sip:bob@pbx.acme.test\"], "
		   "\"timeout_s\": 20}}",
};
