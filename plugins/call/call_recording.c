/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Recordings of a call. A tap of its leg goes to record/, which writes the
 * file and says when it is closed: after the call's end, mostly, so that a
 * recording that runs holds its call.
 */

#include "call/call_recording.h"

#include <errno.h>
#include <string.h>

#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "media/media.h"
#include "media/tone.h"

enum {
	RECORDINGS_MAX = 100,       /* of one call */
	RUNNING_MAX = LEG_TAPS_MAX, /* of these at once */
	BEEP_MS = 500,
	BEEP_AFTER_MS = 60, /* until the last of it went out */
};

#define BEEP "tone:1000/500"

const struct call_record_ops call_record_default = {
	.start = recording_start,
	.end = recording_end,
};

static struct media_leg *media_of(const struct call *call)
{
	return call->leg ? call->leg->media : NULL;
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
	text = call_recording_put(rec);
	rec->watch(rec->watch_arg, text->str);
	rec->watch = NULL;
	g_string_free(text, TRUE);
}

/* ---- the end ---- */

bool call_recording_has_tap(const struct call_recording *rec)
{
	return rec->tap_id && rec->tapped == media_of(rec->call);
}

static void let_go(struct call_recording *rec)
{
	struct call *call = rec->call;

	timer_cancel(call->table->env.timers, &rec->beep_timer);
	if (call_recording_has_tap(rec))
		call->table->env.media->untap(media_of(call), rec->tap_id);
	else if (!rec->tap_id)
		media_tap_finish(rec->tap); /* no media thread has it */
	rec->tap_id = 0;
}

void call_recording_stop(struct call_recording *rec, const char *reason)
{
	if (call_recording_set_state(rec, RECORDING_ENDING))
		return;
	rec->reason = reason;
	let_go(rec);
	rec->call->table->env.record->end(rec->rec);
}

const char *call_recording_reason(enum media_tap_end why)
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
		rec->reason = call_recording_reason(why);
	if (!rec->reason)
		rec->reason = "stopped";
}

static void count(const struct call_recording *rec)
{
	struct call_stats *stats = &rec->call->table->stats;

	if (rec->err)
		++stats->record_failed;
	else
		++stats->recorded;
	stats->record_bytes += (uint64_t)MAX(rec->res.size_bytes, 0);
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
	if (call_recording_runs(rec))
		let_go(rec);
	settle_reason(rec);
	rec->over = call_now(call);
	count(rec);
	(void)call_recording_set_state(rec, rec->err ? RECORDING_FAILED
						     : RECORDING_FINISHED);
	call_recording_write(rec, rec->err ? EVENT_RECORDING_FAILED
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
	rec->tapped = media;

	return rec->tap_id ? 0 : EAGAIN;
}

static void on_beeped(void *arg)
{
	struct call_recording *rec = arg;
	struct call *call = rec->call;

	call_turn_begin(call);
	rec->err = call_recording_runs(rec) ? give_tap(rec) : 0;
	if (rec->err)
		call_recording_stop(rec, "failed");
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

static unsigned running(const struct call *call)
{
	unsigned i, n = 0;

	for (i = 0; call->recordings && i < call->recordings->len; ++i)
		n += call_recording_runs(call->recordings->pdata[i]);

	return n;
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
		return EDQUOT;
	if (running(call) >= RUNNING_MAX)
		return EBUSY;
	/* the beep would cut off what the flow waits for */
	if (prm->beep_start && call->play.id && !call->play.async)
		return EPROTO;
	rec->rate = env->media->rate(media_of(call));

	return rec->rate ? 0 : ENOTCONN;
}

static const char *code_of(int err)
{
	switch (err) {
	case EAGAIN:
	case EDQUOT:
		return "busy";
	case EBUSY:
		return "wrong_state";
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
	call_recording_write(rec, EVENT_RECORDING_STARTED);
	if (prm->beep_start && beep(rec)) {
		rec->err = EIO;
		call_recording_stop(rec, "failed");
	}
	call_turn_end(call);

	return 0;
}
