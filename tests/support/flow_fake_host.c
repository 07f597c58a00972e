/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a flow asks of the fake: written down */

#include "support/flow_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"

static void maybe_cancel(struct flow_fake *fake)
{
	if (!fake->cancel_inside)
		return;
	fake->cancel_inside = false;
	flow_run_cancel(fake->run);
}

static int fake_answer(void *arg)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	if (fake->answered)
		return EALREADY;
	++fake->answers;

	return fake->answer_err;
}

static int fake_send_digits(void *arg, const struct flow_digits *digits,
			    uint32_t *idp)
{
	struct flow_fake *fake = arg;

	if (fake->play_err)
		return fake->play_err;
	g_strlcpy(fake->digits, digits->digits, sizeof(fake->digits));
	fake->digit_ms = digits->duration_ms;
	*idp = ++fake->play_id;

	return 0;
}

static int fake_play(void *arg, const struct flow_play *play, uint32_t *idp)
{
	struct flow_fake *fake = arg;
	GString *urls = g_string_new(NULL);
	json_t *url;
	size_t i;

	maybe_cancel(fake);
	json_array_foreach(play->urls, i, url) g_string_append_printf(
		urls, "%s%s", i ? " " : "", json_string_value(url));
	g_free(fake->urls);
	fake->urls = g_string_free(urls, FALSE);
	fake->loops = play->loops;
	fake->seek_ms = play->seek_ms;
	fake->gain_db = play->gain_db;
	fake->async = play->async;
	++fake->plays;
	if (fake->play_err)
		return fake->play_err;
	*idp = ++fake->play_id;

	return 0;
}

static int fake_talk(void *arg, const struct flow_talk *talk, uint32_t *idp)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	g_free(fake->said);
	fake->said =
		g_strjoin("|", talk->text, talk->language ? talk->language : "",
			  talk->voice_id ? talk->voice_id : "",
			  talk->provider ? talk->provider : "", NULL);
	fake->async = talk->async;
	++fake->talks;
	if (fake->play_err)
		return fake->play_err;
	*idp = ++fake->play_id;

	return 0;
}

static void fake_stop(void *arg)
{
	struct flow_fake *fake = arg;

	++fake->stops;
}

static int fake_echo(void *arg, bool on)
{
	struct flow_fake *fake = arg;

	++fake->echos;
	if (fake->echo_err)
		return fake->echo_err;
	fake->echo = on;

	return 0;
}

static void fake_timer(void *arg, int64_t ms)
{
	struct flow_fake *fake = arg;

	fake->due_ms = ms < 0 ? -1 : clock_mono_ms(&fake->clock.clock) + ms;
}

static int64_t fake_now_ms(void *arg)
{
	const struct flow_fake *fake = arg;

	return clock_mono_ms(&fake->clock.clock);
}

static int64_t fake_wall_ms(void *arg)
{
	const struct flow_fake *fake = arg;

	return clock_wall_ms(&fake->clock.clock);
}

static char *fake_lookup(void *arg, const char *name)
{
	(void)arg;

	if (strcmp(name, "call.source") == 0)
		return g_strdup("+4520123456");
	if (strcmp(name, "call.bytes") == 0)
		return g_strdup("\xe9t\xe9"); /* Latin-1, as strangers send */

	return NULL;
}

static int fake_flow(void *arg, const char *id, struct flow_doc **docp)
{
	struct flow_fake *fake = arg;
	struct flow_doc *doc = NULL;

	maybe_cancel(fake);
	if (fake->stored)
		doc = g_hash_table_lookup(fake->stored, id);
	if (!doc)
		return ENOENT;
	*docp = obj_ref(doc);

	return 0;
}

static char *fake_describe(void *arg)
{
	(void)arg;

	return g_strdup("{\"id\":\"c\"}");
}

static void set_text(char **textp, const char *text)
{
	g_free(*textp);
	*textp = g_strdup(text);
}

static int fake_http(void *arg, const struct flow_http *http, uint32_t *idp)
{
	struct flow_fake *fake = arg;
	char *headers =
		http->headers ? json_dumps(http->headers, JSON_COMPACT) : NULL;

	maybe_cancel(fake);
	++fake->https;
	g_free(fake->http);
	g_free(fake->http_body);
	fake->http = g_strdup_printf("%s %s", http->method, http->url);
	fake->http_body =
		http->body ? g_strndup(http->body, http->body_len) : NULL;
	set_text(&fake->http_headers, headers);
	set_text(&fake->http_type, http->content_type);
	set_text(&fake->http_message_id, http->message_id);
	free(headers);
	fake->http_signed = http->sign;
	fake->http_attempt = http->attempt;
	if (fake->http_err)
		return fake->http_err;
	fake->http_waits = idp;
	if (idp)
		*idp = ++fake->http_id;

	return 0;
}

static void fake_http_cancel(void *arg, uint32_t id)
{
	struct flow_fake *fake = arg;

	if (id == fake->http_id)
		++fake->http_cancels;
}

static int fake_mute(void *arg, bool in, bool out, bool on)
{
	struct flow_fake *fake = arg;
	const bool was_in = strstr(fake->muted, "in");
	const bool was_out = strstr(fake->muted, "out");

	if (fake->mute_err)
		return fake->mute_err;
	in = in ? on : was_in;
	out = out ? on : was_out;
	g_snprintf(fake->muted, sizeof(fake->muted), "%s%s%s", in ? "in" : "",
		   in && out ? " " : "", out ? "out" : "");

	return 0;
}

/* What was asked for, as text, without what is not said */
static void asked(struct flow_fake *fake, json_t *what, struct flow_doc *doc)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(what, next, key, value)
	{
		if (json_is_null(value) || json_is_false(value) ||
		    (json_is_integer(value) && !json_integer_value(value)))
			json_object_del(what, key);
	}
	free(fake->asked);
	fake->asked = json_text(what);
	json_decref(what);
	obj_unref(fake->asked_doc);
	fake->asked_doc = obj_ref(doc);
}

static int fake_connect(void *arg, const struct flow_connect *prm,
			const char **codep)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	++fake->connects;
	asked(fake,
	      json_pack("{s:O?,s:O,s:b,s:i,s:i,s:b,s:s?,s:s?,s:i,s:O?,s:O?,"
			"s:b}",
			"source", prm->source, "destinations",
			prm->destinations, "sequence", prm->sequence,
			"timeout_ms", prm->timeout_ms, "each_ms",
			prm->destination_timeout_ms, "early_media",
			prm->early_media, "ring_tone", prm->ring_tone,
			"anonymous", prm->anonymous, "max_ms",
			prm->max_duration_ms, "record", prm->record, "headers",
			prm->headers, "star", prm->hangup_on_star),
	      prm->confirm);
	*codep = fake->start_code;

	return fake->connect_err;
}

static void fake_connect_cancel(void *arg)
{
	struct flow_fake *fake = arg;

	++fake->connect_cancels;
}

static int fake_record(void *arg, const struct flow_record *prm,
		       char id[ID_SIZE], const char **codep)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	++fake->records;
	asked(fake,
	      json_pack("{s:s,s:b,s:i,s:i,s:s,s:b,s:b}", "format", prm->format,
			"stereo", prm->stereo, "max_ms", prm->max_duration_ms,
			"silence_ms", prm->end_of_silence_ms, "keys",
			prm->end_of_key, "beep", prm->beep_start, "wait",
			prm->wait),
	      NULL);
	*codep = fake->start_code;
	g_snprintf(id, ID_SIZE, "r%u", fake->records);

	return fake->record_err;
}

static int fake_record_verb(void *arg, enum flow_record_verb verb,
			    const char *id)
{
	static const char *const names[] = {
		[FLOW_RECORD_STOP] = "stop",
		[FLOW_RECORD_PAUSE] = "pause",
		[FLOW_RECORD_RESUME] = "resume",
	};
	struct flow_fake *fake = arg;
	char *old = fake->verbs;

	fake->verbs = g_strconcat(old ? old : "", old ? " " : "", names[verb],
				  id ? " " : "", id ? id : "", NULL);
	g_free(old);

	return fake->verb_err;
}

static int fake_call(void *arg, const struct flow_call *prm, json_t **idsp,
		     const char **codep)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	++fake->calls;
	asked(fake,
	      json_pack("{s:O?,s:O,s:s?,s:b}", "source", prm->source,
			"destinations", prm->destinations, "flow_id",
			prm->flow_id, "chained", prm->chained),
	      prm->doc);
	*codep = fake->start_code;
	if (!fake->call_err)
		*idsp = json_pack("[s,s]", "c1", "c2");

	return fake->call_err;
}

static void fake_action(void *arg, const struct flow_step *step)
{
	struct flow_fake *fake = arg;

	g_string_append_printf(fake->trace, "%s%s", fake->trace->len ? " " : "",
			       step->type);
}

static void fake_error(void *arg, const struct flow_step *step,
		       const char *code, const char *detail)
{
	struct flow_fake *fake = arg;

	(void)step;
	++fake->errors;
	g_free(fake->error_code);
	g_free(fake->error_detail);
	fake->error_code = g_strdup(code);
	fake->error_detail = g_strdup(detail);
}

static void fake_ended(void *arg, const struct flow_end *end)
{
	struct flow_fake *fake = arg;

	++fake->ends;
	fake->end_kind = end->kind;
	g_free(fake->end_reason);
	g_free(fake->end_code);
	fake->end_reason = g_strdup(end->reason);
	fake->end_code = g_strdup(end->code);
	fake->end_sip_code = end->sip_code;
}

const struct flow_host flow_fake_host = {
	.answer = fake_answer,
	.play = fake_play,
	.talk = fake_talk,
	.send_digits = fake_send_digits,
	.stop = fake_stop,
	.echo = fake_echo,
	.timer = fake_timer,
	.now_ms = fake_now_ms,
	.wall_ms = fake_wall_ms,
	.lookup = fake_lookup,
	.flow = fake_flow,
	.describe = fake_describe,
	.http = fake_http,
	.http_cancel = fake_http_cancel,
	.mute = fake_mute,
	.connect = fake_connect,
	.connect_cancel = fake_connect_cancel,
	.record = fake_record,
	.record_verb = fake_record_verb,
	.call = fake_call,
	.action = fake_action,
	.error = fake_error,
	.ended = fake_ended,
};
