/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A flow's list of things to play, as one play after the other of the media.
 * Before the answer it waits for early media.
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"
#include "media/tone.h"

static bool is_running(const struct call *call)
{
	return call->leg && call->leg->media &&
	       (call->state == CALL_ANSWERED || call->early);
}

void call_play_forget(struct call *call)
{
	timer_cancel(call->table->env.timers, &call->dtmf_timer);
	g_free(call->play.digits);
	json_decref(call->play.urls);
	memset(&call->play, 0, sizeof(call->play));
}

void call_play_finish(struct call *call, int err, const char *why)
{
	const struct flow_event ev = {
		.type = FLOW_EV_PLAYED,
		.id = call->play.id,
		.err = err,
		.why = why,
	};

	call_play_forget(call);
	call_flow_event(call, &ev);
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

	while ((err = play_one(call, whyp)) == ERANGE)
		if (!step(&call->play))
			break;

	return err;
}

void call_play_begin(struct call *call)
{
	call_play_forget(call);
	if (!++call->play_ids)
		++call->play_ids;
	call->play.id = call->play_ids;
}

int call_play_start(struct call *call, const struct flow_play *prm,
		    uint32_t *idp)
{
	struct call_play *play = &call->play;
	const bool sounds = play->media_id != 0;
	const char *why = NULL;
	int err;

	if (call->state == CALL_ENDED || !call->leg)
		return ESHUTDOWN;
	if (!json_array_size(prm->urls))
		return EINVAL;

	call_play_begin(call); /* what sounds now is replaced by the media */
	play->urls = json_deep_copy(prm->urls);
	play->endless = prm->loops == 0;
	play->left = prm->loops;
	play->seek_ms = prm->seek_ms;
	*idp = play->id;

	if (is_running(call)) {
		err = begin(call, &why);
	} else {
		err = call->answering ? 0 : call->leg->ops->progress(call->leg);
		if (err == EALREADY)
			err = 0; /* it is on its way: early() follows */
	}
	if (err)
		call_play_forget(call);
	if (err && sounds && call->leg->media)
		call->table->env.media->stop(call->leg->media);

	return err;
}

void call_play_stop(struct call *call)
{
	if (call->play.media_id && call->leg && call->leg->media &&
	    call->state != CALL_ENDED)
		call->table->env.media->stop(call->leg->media);
	call_play_forget(call);
}

void call_play_ready(struct call *call)
{
	const char *why = NULL;
	int err;

	if (!call->play.id || call->play.media_id || !is_running(call))
		return;
	err = begin(call, &why);
	if (err)
		call_play_finish(call, err, why);
}

void call_play_fail(struct call *call, int err, const char *why)
{
	if (call->play.id && !call->play.media_id)
		call_play_finish(call, err ? err : EIO, why);
}

void call_play_over(struct call *call, uint32_t media_id, int err)
{
	const char *why = NULL;

	if (!call->play.id || call->play.media_id != media_id ||
	    call->state == CALL_ENDED)
		return;

	call->play.media_id = 0;
	if (err || !step(&call->play)) {
		call_play_finish(call, err, NULL);
		return;
	}
	if (!is_running(call)) {
		call_play_finish(call, ECANCELED, NULL);
		return;
	}
	err = begin(call, &why);
	if (err)
		call_play_finish(call, err, why);
}
