/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files and speech: clip/ brings them and feeds a stream, which the leg's
 * media plays. Why it broke comes before the media's word of the end.
 */

#include <errno.h>

#include "call/call_priv.h"
#include "clip/clip.h"
#include "common/obj.h"
#include "media/media.h"

const struct call_clip_ops call_clip_default = {
	.start = clip_play_start,
	.stop = clip_play_stop,
};

static void on_failed(void *arg, const struct clip_end *end)
{
	struct call *call = arg;

	g_free(call->play.why);
	call->play.code = end->code;
	call->play.why = g_strdup(end->why);
}

int call_clip_begin(struct call *call)
{
	const struct call_env *env = &call->table->env;
	struct call_play *play = &call->play;
	const struct clip_text text = {
		.text = play->text,
		.language = play->language,
		.voice = play->voice,
		.provider = play->provider,
	};
	const struct clip_play_params prm = {
		.account_id = call->account_id,
		.name = call->id,
		.rate = env->media->rate(call->leg->media),
		.urls = play->urls,
		.text = play->text ? &text : NULL,
		.loops = play->endless ? 0 : play->left,
		.seek_ms = play->seek_ms,
		.gain_db = play->gain_db,
		.failed = on_failed,
		.arg = call,
	};
	struct media_stream *stream = NULL;
	int err;

	if (!env->clips)
		return ENOTSUP;

	err = env->clip->start(&play->clip, env->clips, &prm, &stream);
	if (err)
		return err;
	play->media_id = env->media->play_stream(call->leg->media, stream);
	obj_unref(stream);

	return 0;
}

void call_clip_forget(struct call *call)
{
	if (call->play.clip)
		call->play.clip = call->table->env.clip->stop(call->play.clip);
}
