/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/call_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "clip/clip.h"
#include "common/json.h"
#include "common/obj.h"
#include "directory/directory.h"
#include "media/media.h"
#include "store/backend.h"
#include "support/call_fake_priv.h"
#include "support/flow_fake.h"

/* ---- the store: a list of events, a map of rows ---- */

static json_t *value_json(const struct db_value *value)
{
	if (value->type == DB_TEXT)
		return json_string(value->s);

	return value->type == DB_INT ? json_integer(value->i) : json_null();
}

static void set(json_t *row, const char *name, const struct db_value *value)
{
	json_object_set_new(row, name, value_json(value));
}

static void on_event_row(struct call_fake *fake, const struct db_value *v)
{
	json_array_append_new(fake->log, json_loads(v[7].s, 0, NULL));
}

static void on_insert(struct call_fake *fake, const struct db_value *v)
{
	json_t *row = json_object();

	assert_null(json_object_get(fake->rows, v[0].s));
	set(row, "status", &v[2]);
	set(row, "hangup_reason", &v[9]);
	set(row, "ended_at", &v[11]);
	set(row, "sequence", &v[13]);
	json_object_set_new(row, "doc", json_loads(v[14].s, 0, NULL));
	json_object_set_new(fake->rows, v[0].s, row);
}

static void on_update(struct call_fake *fake, const struct db_value *v,
		      size_t n)
{
	json_t *row = json_object_get(fake->rows, v[0].s);

	assert_non_null(row);
	if (n == 2) {
		json_object_set_new(row, "timeline",
				    json_loads(v[1].s, 0, NULL));
		return;
	}
	set(row, "status", &v[1]);
	set(row, "hangup_reason", &v[2]);
	set(row, "ended_at", &v[3]);
	set(row, "sequence", &v[4]);
	json_object_set_new(row, "doc", json_loads(v[5].s, 0, NULL));
}

static void on_webhook(struct call_fake *fake, const struct db_value *v)
{
	json_t *row = json_object();

	assert_string_equal(v[1].s, CALL_FAKE_ACCOUNT);
	set(row, "id", &v[0]);
	set(row, "call_id", &v[2]);
	set(row, "created_at", &v[3]);
	json_object_set_new(row, "doc", json_loads(v[4].s, 0, NULL));
	json_object_set_new(row, "at", json_integer(fake->commits));
	json_array_append_new(fake->webhooks, row);
}

static void on_alive(struct call_fake *fake, const struct db_value *v)
{
	++fake->alives;
	fake->alive_ms = g_ascii_strtoll(v[1].s, NULL, 10);
}

static void on_recording(struct call_fake *fake, const char *sql,
			 const struct db_value *v)
{
	const bool is_new = strstr(sql, "INSERT");
	json_t *row = json_object();

	assert_int_equal(!json_object_get(fake->recordings, v[0].s), is_new);
	set(row, "status", &v[is_new ? 3 : 1]);
	set(row, "sequence", &v[is_new ? 6 : 2]);
	json_object_set_new(row, "doc",
			    json_loads(v[is_new ? 8 : 3].s, 0, NULL));
	json_object_set_new(fake->recordings, v[0].s, row);
}

static int run(void *conn, const char *sql, const struct db_value *params,
	       size_t nparams, int64_t *changed, char why[STORE_WHY_SIZE])
{
	struct call_fake *fake = conn;

	(void)why;

	if (strstr(sql, "recording"))
		on_recording(conn, sql, params);
	else if (strstr(sql, "INSERT INTO event"))
		on_event_row(conn, params);
	else if (strstr(sql, "INSERT INTO call"))
		on_insert(conn, params);
	else if (strstr(sql, "INSERT INTO webhook"))
		on_webhook(conn, params);
	else if (strstr(sql, "INSERT INTO meta"))
		on_alive(fake, params);
	else
		on_update(conn, params, nparams);
	*changed = 1;

	return 0;
}

static const struct store_backend recorder = {.run = run};

static void commit(void *arg, struct store_tx *tx)
{
	struct call_fake *fake = arg;

	const unsigned alives = fake->alives;

	assert_int_equal(store_tx_run(tx, &recorder, fake), 0);
	if (fake->alives == alives)
		++fake->commits;
	store_tx_free(tx);
}

/* ---- clips ---- */

static int clip_start(struct clip_play **playp, struct clips *clips,
		      const struct clip_play_params *prm,
		      struct media_stream **streamp)
{
	struct call_fake *fake = (struct call_fake *)clips;
	GString *what = g_string_new(NULL);
	const json_t *url;
	size_t i;

	if (fake->clip_err) {
		g_string_free(what, TRUE);
		return fake->clip_err;
	}
	assert_int_equal(fake->clips_open, 0);
	assert_int_equal(prm->rate, 16000);
	assert_string_equal(prm->account_id, CALL_FAKE_ACCOUNT);
	json_array_foreach(prm->urls, i, url) g_string_append_printf(
		what, "%s%s", i ? " " : "", json_string_value(url));
	if (prm->text)
		g_string_append_printf(what, "%s|%s", prm->text->text,
				       prm->text->language);
	g_free(fake->clip);
	fake->clip = g_string_free(what, FALSE);
	fake->loops = prm->loops;
	fake->seek_ms = prm->seek_ms;
	fake->gain_db = prm->gain_db;
	fake->clip_failed = prm->failed;
	fake->clip_arg = prm->arg;
	++fake->clips_open;
	++fake->clips_started;
	*playp = (struct clip_play *)fake;
	fake->stream = obj_zalloc(1, NULL);
	*streamp = (struct media_stream *)fake->stream;

	return 0;
}

static struct clip_play *clip_stop(struct clip_play *play)
{
	--((struct call_fake *)play)->clips_open;

	return NULL;
}

static const struct call_clip_ops clip_ops = {
	.start = clip_start,
	.stop = clip_stop,
};

void call_fake_clip_failed(struct call_fake *fake, int err, const char *code,
			   const char *why)
{
	const struct clip_end end = {.err = err, .code = code, .why = why};

	fake->clip_failed(fake->clip_arg, &end);
}

/* ---- a leg ---- */

static struct call_fake_leg *of(struct leg *leg)
{
	return (struct call_fake_leg *)leg;
}

static int leg_ring(struct leg *leg)
{
	++of(leg)->rings;

	return 0;
}

static int leg_progress(struct leg *leg)
{
	++of(leg)->progresses;

	return of(leg)->progress_err;
}

static int leg_answer(struct leg *leg)
{
	++of(leg)->answers;

	return of(leg)->answer_err;
}

static int leg_hangup(struct leg *leg, const struct leg_end *end)
{
	++of(leg)->hangups;
	of(leg)->end = *end;

	return of(leg)->hangup_code;
}

static bool leg_by_info(const struct leg *leg)
{
	return ((const struct call_fake_leg *)leg)->by_info;
}

static int leg_send_dtmf(struct leg *leg, char digit, unsigned duration_ms)
{
	char *info = of(leg)->info;
	const size_t len = strlen(info);

	(void)duration_ms;
	if (!of(leg)->send_err && len + 1 < sizeof(of(leg)->info))
		info[len] = digit;

	return of(leg)->send_err;
}

static const char *leg_remote(const struct leg *leg)
{
	(void)leg;

	return "192.0.2.1:5060";
}

static char *leg_describe(const struct leg *leg)
{
	return g_strdup_printf("{\"call_id\":\"abc@1\",\"remote\":\"%s\"}",
			       leg_remote(leg));
}

static char *leg_describe_media(const struct leg *leg)
{
	(void)leg;

	return g_strdup("{\"audio\":{\"codec\":\"PCMU\"}}");
}

static void leg_unref(struct leg *leg)
{
	++of(leg)->unrefs;
}

static int leg_hold(struct leg *leg, bool on)
{
	if (of(leg)->hold_err)
		return of(leg)->hold_err;
	++of(leg)->holds;
	of(leg)->on_hold = on;

	return 0;
}

static void leg_bridge(struct leg *leg, struct leg *peer)
{
	++of(leg)->bridges;
	of(leg)->picture = peer;
}

static const struct leg_ops leg_ops = {
	.endpoint = "sip",
	.ring = leg_ring,
	.progress = leg_progress,
	.answer = leg_answer,
	.hangup = leg_hangup,
	.dtmf_by_signalling = leg_by_info,
	.send_dtmf = leg_send_dtmf,
	.hold = leg_hold,
	.bridge = leg_bridge,
	.describe = leg_describe,
	.describe_media = leg_describe_media,
	.remote = leg_remote,
	.unref = leg_unref,
};

void call_fake_leg_init(struct call_fake *fake, struct call_fake_leg *leg)
{
	memset(leg, 0, sizeof(*leg));
	leg->leg.ops = &leg_ops;
	leg->media.fake = fake;
	leg->leg.media = (struct media_leg *)&leg->media;
}

/* ---- the world ---- */

static void on_idle(void *arg)
{
	++((struct call_fake *)arg)->idles;
}

static void apply(struct call_fake *fake, enum dir_kind kind, const char *id,
		  const char *text)
{
	json_t *doc = flow_fake_json(text ? text : "{}");

	json_object_set_new(doc, "id", json_string(id));
	json_object_set_new(doc, "account_id", json_string(CALL_FAKE_ACCOUNT));
	json_object_set_new(doc, "name", json_string("x"));
	directory_apply(fake->dir, kind, doc);
	json_decref(doc);
}

void call_fake_setup(struct call_fake *fake, const char *actions,
		     const char *account, const char *trunk, unsigned max_calls)
{
	struct call_env env = {
		.clock = &fake->clock.clock,
		.commit = commit,
		.commit_arg = fake,
		.events = &fake->events,
		.max_calls = max_calls,
		.ring_timeout_s = 60,
		.max_duration_s = 14400,
		.idle = on_idle,
		.idle_arg = fake,
		.media = &call_fake_media_ops,
		.clips = (struct clips *)fake,
		.clip = &clip_ops,
		.recorder = (struct recorder *)fake,
		.record = &call_fake_record_ops,
	};
	char *flow = g_strdup_printf("{'actions':%s}", actions);

	memset(fake, 0, sizeof(*fake));
	clock_fake_init(&fake->clock, 1800000000000);
	assert_int_equal(timers_alloc(&fake->timers, &fake->clock.clock), 0);
	assert_int_equal(directory_alloc(&fake->dir), 0);
	apply(fake, DIR_ACCOUNT, CALL_FAKE_ACCOUNT, account);
	apply(fake, DIR_TRUNK, CALL_FAKE_TRUNK, trunk);
	apply(fake, DIR_FLOW, CALL_FAKE_FLOW, flow);
	g_free(flow);
	fake->events.node_id = "node-1";
	fake->events.clock = &fake->clock.clock;
	fake->log = json_array();
	fake->rows = json_object();
	fake->recordings = json_object();
	fake->webhooks = json_array();

	env.timers = fake->timers;
	env.dir = fake->dir;
	assert_int_equal(call_table_alloc(&fake->table, &env), 0);
	call_fake_out_setup(fake);
}

void call_fake_teardown(struct call_fake *fake)
{
	obj_unref(fake->table);
	assert_int_equal(timers_count(fake->timers), 0);
	assert_int_equal(fake->clips_open, 0);
	g_free(fake->clip);
	json_decref(fake->headers);
	obj_unref(fake->dir);
	obj_unref(fake->timers);
	json_decref(fake->log);
	json_decref(fake->rows);
	json_decref(fake->recordings);
	json_decref(fake->webhooks);
}

enum call_refusal call_fake_invite(struct call_fake *fake,
				   struct call_fake_leg *leg)
{
	const struct leg_incoming in = {
		.leg = &leg->leg,
		.account_id = CALL_FAKE_ACCOUNT,
		.trunk_id = CALL_FAKE_TRUNK,
		.flow_id = CALL_FAKE_FLOW,
		.number_id = fake->number_id,
		.source = "+4511111111",
		.source_name = "B\xf8",
		.source_type = "tel",
		.destination = "+4522222222",
		.destination_type = "tel",
	};

	call_fake_leg_init(fake, leg);

	return call_incoming(fake->table, &in);
}

struct call *call_fake_call(struct call_fake *fake, struct call_fake_leg *leg)
{
	const json_t *created;

	assert_int_equal(call_fake_invite(fake, leg), CALL_TAKEN);
	created = call_fake_event(fake, "call.created");
	call_fake_pass(fake, 0);

	return call_find(fake->table, json_str(created, "id", ""));
}

void call_fake_pass(struct call_fake *fake, int64_t ms)
{
	const int64_t until = clock_mono_us(&fake->clock.clock) + ms * 1000;
	int64_t next;

	timers_run(fake->timers);
	while ((next = timers_next_us(fake->timers)) >= 0 &&
	       fake->clock.now_us + next <= until) {
		fake->clock.now_us += next;
		timers_run(fake->timers);
	}
	fake->clock.now_us = until;
}

void call_fake_answered(struct call_fake_leg *leg)
{
	leg->leg.handler->answered(leg->leg.arg);
}

void call_fake_early(struct call_fake_leg *leg)
{
	leg->leg.handler->early(leg->leg.arg);
}

void call_fake_digits(struct call_fake_leg *leg, const char *digits)
{
	for (; *digits; ++digits)
		leg->leg.handler->dtmf(leg->leg.arg, *digits, 100,
				       !leg->by_info && !leg->by_message);
}

void call_fake_played(struct call_fake *fake, struct call_fake_leg *leg,
		      int err)
{
	leg->leg.handler->played(leg->leg.arg, fake->play_id, err);
}

void call_fake_bye(struct call_fake_leg *leg)
{
	static const struct leg_end end = {.by = HANGUP_BY_REMOTE};

	leg->leg.handler->ended(leg->leg.arg, &end);
}

void call_fake_closed(struct call_fake_leg *leg)
{
	leg->leg.media = NULL;
	leg->leg.handler->closed(leg->leg.arg);
}
