/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a flow plays or says. A list of tones is one play after the other of
 * the media; anything else is a stream that clip/ feeds (call_clip.c). Before
 * the answer it waits for early media.
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "media/tone.h"

/* What is played to one who rings is not heard by anyone */
bool call_is_running(const struct call *call)
{
	return call->leg && call->leg->media &&
	       (call->state == CALL_ANSWERED ||
		(call->early && !call->outgoing));
}

void call_play_forget(struct call *call)
{
	struct call_play *play = &call->play;

	timer_cancel(call->table->env.timers, &call->dtmf_timer);
	call_clip_forget(call);
	g_free(play->digits);
	json_decref(play->urls);
	g_free(play->text);
	g_free(play->language);
	g_free(play->voice);
	g_free(play->provider);
	g_free(play->why);
	memset(play, 0, sizeof(*play));
}

/* The flow does not wait for it: its end is an event */
static void emit_finished(struct call *call, const char *result,
			  const char *code, const char *why)
{
	json_t *data;

	if (!call->play.async || call->state == CALL_ENDED)
		return;

	data = json_object();
	json_set_str(data, "flow_id",
		     call->play.by == CALL_PLAY_FLOW
			     ? call_opt_id(call->flow_id)
			     : NULL);
	json_set_str(data, "type", call->play.text ? "talk" : "play");
	json_set_str(data, "result", result);
	json_set_str(data, "code", code);
	json_set_str(data, "detail", why);
	call_emit(call, EVENT_CALL_MEDIA_FINISHED, data);
}

void call_play_finish(struct call *call, int err, const char *code,
		      const char *why)
{
	const bool broke = err && err != ECANCELED;
	const enum call_play_by by = call->play.by;
	char *words = g_strdup(why ? why : broke ? strerror(err) : NULL);
	const struct flow_event ev = {
		.type = FLOW_EV_PLAYED,
		.id = call->play.id,
		.err = err,
		.code = code            ? code
			: err == EAGAIN ? "busy"
					: NULL,
		.why = words,
	};

	if (broke)
		emit_finished(call, "failed", ev.code ? ev.code : "play_failed",
			      words);
	else
		emit_finished(call, err ? "stopped" : "finished", NULL, NULL);
	call_play_forget(call);
	if (by == CALL_PLAY_RING && broke)
		call_connect_ring_failed(call);
	else
		call_flow_event(call, &ev);
	if (by == CALL_PLAY_REQUEST)
		call_hold_music_again(call);
	g_free(words);
}

/* Play the list's present element. @return 0 or errno */
static int play_one(struct call *call, const char **whyp)
{
	struct call_play *play = &call->play;
	const char *url =
		json_string_value(json_array_get(play->urls, play->at));
	const bool alone = json_array_size(play->urls) == 1 && !play->seek_ms;
	struct tone_list *list = NULL;
	unsigned loops = 1;

	if (!url || tone_parse(&list, url, whyp))
		return EINVAL;
	tone_seek(list, play->seek_ms);
	play->seek_ms = 0;

	/* one alone is repeated by the media, without a gap */
	if (alone) {
		loops = play->endless ? 0 : play->left;
		play->endless = false;
		play->left = 1;
	}
	if (!list->nsteps) {
		obj_unref(list);
		return ERANGE;
	}
	play->media_id = call->table->env.media->play_tones(call->leg->media,
							    list, loops);

	return 0;
}

/* Step to the next element. @return false at the end of the last pass */
static bool step(struct call_play *play)
{
	if (++play->at < json_array_size(play->urls))
		return true;
	play->at = 0;

	return play->endless || --play->left > 0;
}

/* Begin with the present element; what was skipped whole is stepped over */
static int begin(struct call *call, const char **whyp)
{
	int err;

	if (call->play.by_clips)
		return call_clip_begin(call);

	while ((err = play_one(call, whyp)) == ERANGE)
		if (!step(&call->play))
			break;

	return err;
}

void call_play_begin(struct call *call)
{
	if (call->play.id)
		emit_finished(call, "stopped", NULL, NULL);
	call_play_forget(call);
	if (!++call->play_ids)
		++call->play_ids;
	call->play.id = call->play_ids;
}

/* Begin at once, or have early media made for it */
static int start(struct call *call, bool sounds)
{
	const char *why = NULL;
	int err;

	if (call_is_running(call)) {
		err = begin(call, &why);
	} else if (call->outgoing) {
		err = 0; /* it waits for the answer */
	} else {
		err = call->answering ? 0 : call->leg->ops->progress(call->leg);
		if (err == EALREADY)
			err = 0; /* it is on its way: early() follows */
	}
	if (err)
		call_play_forget(call);
	if (err && sounds && call->leg && call->leg->media)
		call->table->env.media->stop(call->leg->media);

	return err;
}

static bool is_all_tones(const json_t *urls)
{
	const json_t *url;
	size_t i;

	json_array_foreach(urls, i, url) if (!str_starts(json_string_value(url),
							 "tone:")) return false;

	return true;
}

int call_play_start(struct call *call, const struct flow_play *prm,
		    uint32_t *idp)
{
	struct call_play *play = &call->play;
	const bool sounds = play->media_id != 0;

	if (call->state == CALL_ENDED || (!call->leg && !call->outgoing))
		return ESHUTDOWN;
	if (!json_array_size(prm->urls))
		return EINVAL;

	call_play_begin(call); /* what sounds now is replaced by the media */
	play->urls = json_deep_copy(prm->urls);
	play->endless = prm->loops == 0;
	play->left = prm->loops;
	play->seek_ms = prm->seek_ms;
	play->gain_db = prm->gain_db;
	play->by_clips = prm->gain_db != 0 || !is_all_tones(prm->urls);
	*idp = play->id;
	play->async = prm->async;

	return start(call, sounds);
}

int call_talk_start(struct call *call, const struct flow_talk *prm,
		    uint32_t *idp)
{
	struct call_play *play = &call->play;
	const bool sounds = play->media_id != 0;

	if (call->state == CALL_ENDED || (!call->leg && !call->outgoing))
		return ESHUTDOWN;
	if (!prm->text || !prm->text[0])
		return EINVAL;

	call_play_begin(call);
	play->text = g_strdup(prm->text);
	play->language = g_strdup(prm->language);
	play->voice = g_strdup(prm->voice_id);
	play->provider = g_strdup(prm->provider);
	play->left = 1;
	play->by_clips = true;
	*idp = play->id;
	play->async = prm->async;

	return start(call, sounds);
}

void call_play_stop(struct call *call)
{
	if (call->play.media_id && call->leg && call->leg->media &&
	    call->state != CALL_ENDED)
		call->table->env.media->stop(call->leg->media);
	if (call->play.id)
		emit_finished(call, "stopped", NULL, NULL);
	call_play_forget(call);
}

void call_play_ready(struct call *call)
{
	const char *why = NULL;
	int err;

	if (!call->play.id || call->play.media_id || !call_is_running(call))
		return;
	err = begin(call, &why);
	if (err)
		call_play_finish(call, err, NULL, why);
}

void call_play_fail(struct call *call, int err, const char *why)
{
	if (call->play.id && !call->play.media_id)
		call_play_finish(call, err ? err : EIO, NULL, why);
}

void call_play_over(struct call *call, uint32_t media_id, int err)
{
	struct call_play *play = &call->play;
	const char *why = NULL;

	if (!play->id || play->media_id != media_id ||
	    call->state == CALL_ENDED)
		return;

	play->media_id = 0;
	if (err || play->by_clips || !step(play)) {
		call_play_finish(call, err, play->code, play->why);
		return;
	}
	if (!call_is_running(call)) {
		call_play_finish(call, ECANCELED, NULL, NULL);
		return;
	}
	err = begin(call, &why);
	if (err)
		call_play_finish(call, err, NULL, why);
}
