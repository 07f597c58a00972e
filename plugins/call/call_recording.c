/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Recordings of a call. A tap of its leg goes to record/, which writes the
 * file and says when it is closed: after the call's end, mostly, so that a
 * recording that runs holds its call.
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/jsonw.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "media/media.h"
#include "media/tone.h"
#include "record/record.h"

enum {
	RECORDINGS_MAX = 100, /* of one call */
	KEYS_SIZE = 17,
	BEEP_MS = 500,
	BEEP_AFTER_MS = 60, /* until the last of it went out */
	TEXT_SIZE = 640,
};

#define BEEP "tone:1000/500"

enum state {
	RECORDING,
	PAUSED,
	ENDING, /* nothing comes any more; the file is not closed yet */
	FINISHED,
	FAILED,
	NSTATES,
};

#define TO(state) (1u << (state))

static const unsigned allowed[NSTATES] = {
	[RECORDING] = TO(PAUSED) | TO(ENDING) | TO(FINISHED) | TO(FAILED),
	[PAUSED] = TO(RECORDING) | TO(ENDING) | TO(FINISHED) | TO(FAILED),
	[ENDING] = TO(FINISHED) | TO(FAILED),
	[FINISHED] = 0,
	[FAILED] = 0,
};

static const char *const names[NSTATES] = {
	[RECORDING] = "recording", [PAUSED] = "paused", [ENDING] = "recording",
	[FINISHED] = "finished",   [FAILED] = "failed",
};

struct call_recording {
	struct call *call; /* held while it runs */
	char id[ID_SIZE];
	enum state state;
	enum record_format format;
	bool stereo;
	unsigned rate;
	char keys[KEYS_SIZE];
	bool wait; /* the flow does */
	struct call_time started, over;
	struct timer beep_timer;
	const char *reason; /* static, or NULL: not known yet */

	struct media_tap *tap; /* NULL when it is over */
	uint32_t tap_id;       /* 0 = the leg does not have it (yet) */
	struct recording *rec;
	int err;
	struct recording_result res;

	void (*watch)(void *arg, const char *text);
	void *watch_arg;
};

const struct call_record_ops call_record_default = {
	.start = recording_start,
	.end = recording_end,
};

static bool runs(const struct call_recording *rec)
{
	return rec->state == RECORDING || rec->state == PAUSED;
}

static struct media_leg *media_of(const struct call *call)
{
	return call->leg ? call->leg->media : NULL;
}

static int set_state(struct call_recording *rec, enum state next)
{
	if (!(allowed[rec->state] & TO(next))) {
		log_warn("recording %s: refused %s -> %s", rec->id,
			 names[rec->state], names[next]);
		return EPROTO;
	}
	rec->state = next;

	return 0;
}

/* ---- what is shown and written ---- */

static void put_size(GString *out, const char *key, bool known, int64_t n)
{
	if (known)
		jsonw_int(out, key, n);
	else
		jsonw_null(out, key);
}

static GString *text_of(const struct call_recording *rec)
{
	const struct call *call = rec->call;
	const bool over = rec->state == FINISHED || rec->state == FAILED;
	GString *out = g_string_sized_new(TEXT_SIZE);

	jsonw_open(out, NULL, '{');
	jsonw_str(out, "id", rec->id);
	jsonw_str(out, "account_id", call->account_id);
	jsonw_str(out, "call_id", call->id);
	jsonw_null(out, "conference_id");
	jsonw_str(out, "node_id", call->table->env.events->node_id);
	jsonw_str(out, "status", names[rec->state]);
	jsonw_str(out, "format", record_format_name(rec->format));
	jsonw_str(out, "channels", rec->stereo ? "stereo" : "mono");
	jsonw_int(out, "rate", rec->rate);
	put_size(out, "duration_ms", over, rec->res.duration_ms);
	put_size(out, "size_bytes", over, rec->res.size_bytes);
	jsonw_str(out, "reason", over ? rec->reason : NULL);
	jsonw_str(out, "error",
		  rec->state == FAILED ? strerror(rec->err) : NULL);
	jsonw_bool(out, "interrupted", false);
	jsonw_time(out, "created_at", rec->started.wall_ms);
	jsonw_time(out, "ended_at", rec->over.wall_ms);
	jsonw_close(out, '}');

	return out;
}

static const char insert[] =
	"INSERT INTO recording (id, account_id, call_id, status, format,"
	" node_id, sequence, created_at, doc)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

static const char update[] =
	"UPDATE recording SET status = ?2, sequence = ?3, doc = ?4"
	" WHERE id = ?1";

/* The row and its event, as call_write() does for the call */
static void write_down(struct call_recording *rec, enum event_type type)
{
	struct call *call = rec->call;
	GString *text = text_of(rec);

	call_emit_text(call, type, text->str);
	if (type == EVENT_RECORDING_STARTED)
		STORE_ADD(call->tx, STORE_ONE_ROW, insert, DB_S(rec->id),
			  DB_S(call->account_id), DB_S(call->id),
			  DB_S(names[rec->state]),
			  DB_S(record_format_name(rec->format)),
			  DB_S(call->table->env.events->node_id),
			  DB_I(call->sequence), DB_I(rec->started.wall_ms),
			  DB_S(text->str));
	else /* it may be gone: with its account */
		STORE_ADD(call->tx, STORE_ANY, update, DB_S(rec->id),
			  DB_S(names[rec->state]), DB_I(call->sequence),
			  DB_S(text->str));
	g_string_free(text, TRUE);
}

static void tell_flow(struct call_recording *rec)
{
	const struct flow_recorded recorded = {
		.id = rec->id,
		.reason = rec->reason,
		.duration_ms = rec->res.duration_ms,
	};
	const struct flow_event ev = {
		.type = FLOW_EV_RECORDED,
		.err = rec->err,
		.recorded = &recorded,
	};

	if (rec->wait && rec->call->state != CALL_ENDED)
		call_flow_event(rec->call, &ev);
}

static void tell_watcher(struct call_recording *rec)
{
	GString *text;

	if (!rec->watch)
		return;
	text = text_of(rec);
	rec->watch(rec->watch_arg, text->str);
	rec->watch = NULL;
	g_string_free(text, TRUE);
}

/* ---- the end ---- */

static void let_go(struct call_recording *rec)
{
	struct call *call = rec->call;

	timer_cancel(call->table->env.timers, &rec->beep_timer);
	if (rec->tap_id && media_of(call))
		call->table->env.media->untap(media_of(call), rec->tap_id);
	else if (!rec->tap_id)
		media_tap_finish(rec->tap); /* no media thread has it */
	rec->tap_id = 0;
}

/* The file is closed a moment later. @param reason  Static */
static void stop(struct call_recording *rec, const char *reason)
{
	if (set_state(rec, ENDING))
		return;
	rec->reason = reason;
	let_go(rec);
	rec->call->table->env.record->end(rec->rec);
}

static const char *reason_of(enum media_tap_end why)
{
	switch (why) {
	case MEDIA_TAP_SILENCE:
		return "silence";
	case MEDIA_TAP_FULL:
		return "duration";
	}

	return NULL;
}

/* Why, if nobody said it: the tap's own word may come after the file's end */
static void settle_reason(struct call_recording *rec)
{
	enum media_tap_end why;

	if (rec->err)
		rec->reason = "failed";
	else if (!rec->reason && media_tap_ended(rec->tap, &why))
		rec->reason = reason_of(why);
	if (!rec->reason)
		rec->reason = "stopped";
}

static void on_done(void *arg, const struct recording_result *res)
{
	struct call_recording *rec = arg;
	struct call *call = rec->call;

	call_turn_begin(call);
	rec->rec = NULL;
	rec->res = *res;
	if (res->err)
		rec->err = res->err;
	if (runs(rec))
		let_go(rec);
	settle_reason(rec);
	rec->over = call_now(call);
	(void)set_state(rec, rec->err ? FAILED : FINISHED);
	write_down(rec, rec->err ? EVENT_RECORDING_FAILED
				 : EVENT_RECORDING_FINISHED);
	rec->tap = obj_unref(rec->tap);
	tell_flow(rec);
	tell_watcher(rec);
	call_turn_end(call);
	obj_unref(call); /* and rec with it, if that was the last */
}

/* ---- the start ---- */

static void recording_free(void *arg)
{
	struct call_recording *rec = arg;

	timer_cancel(rec->call->table->env.timers, &rec->beep_timer);
	obj_unref(rec->tap);
	g_free(rec);
}

void call_recordings_free(struct call *call)
{
	if (call->recordings)
		g_ptr_array_free(call->recordings, TRUE);
	call->recordings = NULL;
}

static int alloc_tap(struct call_recording *rec, const struct flow_record *prm)
{
	const struct media_tap_params tap = {
		.rate = rec->rate,
		.channels = prm->stereo ? 2 : 1,
		.silence_ms = prm->end_of_silence_ms,
		.max_frames = (uint64_t)prm->max_duration_ms * rec->rate / 1000,
	};

	return media_tap_alloc(&rec->tap, &tap);
}

static int give_tap(struct call_recording *rec)
{
	const struct call_media_ops *ops = rec->call->table->env.media;
	struct media_leg *media = media_of(rec->call);

	if (!media)
		return ENOTCONN;
	rec->tap_id = ops->tap(media, rec->tap);

	return rec->tap_id ? 0 : EAGAIN;
}

static void on_beeped(void *arg)
{
	struct call_recording *rec = arg;
	struct call *call = rec->call;

	call_turn_begin(call);
	rec->err = runs(rec) ? give_tap(rec) : 0;
	if (rec->err)
		stop(rec, "failed");
	call_turn_end(call);
}

static int beep(struct call_recording *rec)
{
	struct call *call = rec->call;
	struct tone_list *list = NULL;
	const int err = tone_parse(&list, BEEP, NULL);

	if (err)
		return err;
	if (call->play.id)
		call_play_stop(call); /* it would be replaced anyhow */
	(void)call->table->env.media->play_tones(media_of(call), list, 1);
	timer_start(call->table->env.timers, &rec->beep_timer,
		    BEEP_MS + BEEP_AFTER_MS, "recording_beep", on_beeped, rec);

	return 0;
}

static int start_file(struct call_recording *rec)
{
	const struct call_env *env = &rec->call->table->env;
	const struct recording_params prm = {
		.id = rec->id,
		.format = rec->format,
		.channels = rec->stereo ? 2 : 1,
		.tap = rec->tap,
		.done = on_done,
		.arg = rec,
	};

	return env->record->start(&rec->rec, env->recorder, &prm);
}

/* Everything that may fail, before anybody hears of it */
static int begin(struct call_recording *rec, const struct flow_record *prm)
{
	int err = alloc_tap(rec, prm);

	if (!err && !prm->beep_start)
		err = give_tap(rec);
	if (!err)
		err = start_file(rec);
	if (err && rec->tap_id)
		rec->call->table->env.media->untap(media_of(rec->call),
						   rec->tap_id);

	return err;
}

static int check(const struct call *call, const struct flow_record *prm,
		 struct call_recording *rec)
{
	const struct call_env *env = &call->table->env;

	if (record_format_by_name(prm->format, &rec->format) ||
	    str_copy(rec->keys, sizeof(rec->keys),
		     prm->end_of_key ? prm->end_of_key : ""))
		return EINVAL;
	if (!env->recorder || !env->media->tap)
		return ENOTSUP;
	if (call->state == CALL_ENDED || !media_of(call) ||
	    (call->state != CALL_ANSWERED && !call->early))
		return ENOTCONN;
	if (call->recordings && call->recordings->len >= RECORDINGS_MAX)
		return EAGAIN;
	/* the beep would cut off what the flow waits for */
	if (prm->beep_start && call->play.id && !call->play.async)
		return EPROTO;
	rec->rate = env->media->rate(media_of(call));

	return rec->rate ? 0 : ENOTCONN;
}

static const char *code_of(int err)
{
	switch (err) {
	case ENOTCONN:
		return "not_answered";
	case EAGAIN:
		return "busy";
	default:
		return "recording_failed";
	}
}

int call_recording_start(struct call *call, const struct flow_record *prm,
			 char id[ID_SIZE], const char **codep)
{
	struct call_recording *rec = g_new0(struct call_recording, 1);
	int err;

	rec->call = call;
	rec->stereo = prm->stereo;
	rec->wait = prm->wait;
	rec->started = call_now(call);
	id_new(rec->id);
	err = check(call, prm, rec);
	if (!err)
		err = begin(rec, prm);
	if (err) {
		recording_free(rec);
		if (codep)
			*codep = code_of(err);
		return err;
	}

	call_turn_begin(call);
	obj_ref(call); /* until on_done() */
	if (!call->recordings)
		call->recordings =
			g_ptr_array_new_with_free_func(recording_free);
	g_ptr_array_add(call->recordings, rec);
	(void)str_copy(id, ID_SIZE, rec->id);
	write_down(rec, EVENT_RECORDING_STARTED);
	if (prm->beep_start && beep(rec)) {
		rec->err = EIO;
		stop(rec, "failed");
	}
	call_turn_end(call);

	return 0;
}

/* ---- what happens to it ---- */

/* The newest that runs, or the one of this id; of all the newest first */
static struct call_recording *find(const struct call *call, const char *id)
{
	unsigned i = call->recordings ? call->recordings->len : 0;

	while (i-- > 0) {
		struct call_recording *rec = call->recordings->pdata[i];

		if (id ? str_eq(rec->id, id) : runs(rec))
			return rec;
	}

	return NULL;
}

int call_recording_verb(struct call *call, enum flow_record_verb verb,
			const char *id)
{
	struct call_recording *rec = find(call, id);
	const bool pause = verb == FLOW_RECORD_PAUSE;

	if (!rec)
		return ENOENT;
	if (verb == FLOW_RECORD_STOP
		    ? !runs(rec)
		    : rec->state != (pause ? RECORDING : PAUSED))
		return EPROTO;

	call_turn_begin(call);
	if (verb == FLOW_RECORD_STOP) {
		stop(rec, "stopped");
	} else {
		media_tap_pause(rec->tap, pause);
		(void)set_state(rec, pause ? PAUSED : RECORDING);
		write_down(rec, pause ? EVENT_RECORDING_PAUSED
				      : EVENT_RECORDING_RESUMED);
	}
	call_turn_end(call);

	return 0;
}

bool call_recording_digit(struct call *call, char digit)
{
	unsigned i = call->recordings ? call->recordings->len : 0;

	while (i-- > 0) {
		struct call_recording *rec = call->recordings->pdata[i];

		if (!runs(rec) || !strchr(rec->keys, digit))
			continue;
		stop(rec, "key");
		return true;
	}

	return false;
}

void call_recording_tapped(struct call *call, uint32_t tap_id,
			   enum media_tap_end why)
{
	unsigned i;

	for (i = 0; call->recordings && i < call->recordings->len; ++i) {
		struct call_recording *rec = call->recordings->pdata[i];

		if (runs(rec) && rec->tap_id == tap_id)
			stop(rec, reason_of(why));
	}
}

void call_recordings_end(struct call *call)
{
	unsigned i;

	for (i = 0; call->recordings && i < call->recordings->len; ++i)
		if (runs(call->recordings->pdata[i]))
			stop(call->recordings->pdata[i], "hangup");
}

void call_recordings_put(GString *out, const char *key, const struct call *call)
{
	unsigned i;

	jsonw_open(out, key, '[');
	for (i = 0; call->recordings && i < call->recordings->len; ++i) {
		const struct call_recording *rec = call->recordings->pdata[i];

		jsonw_str(out, NULL, rec->id);
	}
	jsonw_close(out, ']');
}

/* ---- for verbs ---- */

struct call *call_of_recording(const struct call_table *table,
			       const char *recording_id)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, table->calls);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct call_recording *rec = find(value, recording_id);

		if (rec && rec->rec)
			return value;
	}

	return NULL;
}

int call_recording_request(struct call *call, enum flow_record_verb verb,
			   const char *id, const char *request_id,
			   const char **whyp)
{
	int err;

	call_turn_begin(call);
	g_free(call->request_id);
	call->request_id = g_strdup(request_id);
	err = call_recording_verb(call, verb, id);
	g_free(call->request_id);
	call->request_id = NULL;
	call_turn_end(call);
	if (err == EPROTO)
		*whyp = verb == FLOW_RECORD_PAUSE    ? "it does not record now"
			: verb == FLOW_RECORD_RESUME ? "it is not paused"
						     : "it has ended";

	return err;
}

char *call_recording_text(const struct call *call, const char *id)
{
	const struct call_recording *rec = id ? find(call, id) : NULL;

	return rec ? g_string_free(text_of(rec), FALSE) : NULL;
}

int call_recording_watch(struct call *call, const char *id,
			 void (*closed)(void *arg, const char *text), void *arg)
{
	struct call_recording *rec = id ? find(call, id) : NULL;

	if (!rec || !rec->rec || rec->watch)
		return EALREADY;
	rec->watch = closed;
	rec->watch_arg = arg;

	return 0;
}
