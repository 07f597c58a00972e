/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/play.h"

#include <ctype.h>
#include <errno.h>

#include "common/obj.h"
#include "media/leg_priv.h"
#include "media/sound.h"

enum {
	WAIT_MS = 500,    /* of a 'w' */
	SENDING_MAX = 32, /* that wait: a party may press faster than we send */
};

struct media_play *media_play_tones(struct tone_list *list, unsigned loops)
{
	struct media_play *play = g_new0(struct media_play, 1);

	play->lists = g_new(struct tone_list *, 1);
	play->lists[0] = list;
	play->nlists = 1;
	play->loops = loops;

	return play;
}

static struct tone_list *pause_list(void)
{
	struct tone_list *list = obj_zalloc(sizeof(*list), NULL);

	list->nsteps = 1;
	list->steps[0].ms = WAIT_MS;

	return list;
}

struct media_play *media_play_inband(const char *digits, unsigned duration_ms,
				     unsigned interval_ms)
{
	struct media_play *play = g_new0(struct media_play, 1);

	play->lists = g_new(struct tone_list *, strlen(digits));
	play->loops = 1;
	for (; *digits; ++digits) {
		struct tone_list *list = NULL;

		if (tolower(*digits) == 'w')
			list = pause_list();
		else
			(void)tone_dtmf(&list, *digits, duration_ms,
					interval_ms);
		if (list)
			play->lists[play->nlists++] = list;
	}

	return play;
}

struct media_play *media_play_events(const char *digits, unsigned duration_ms,
				     unsigned interval_ms)
{
	struct media_play *play = g_new0(struct media_play, 1);

	play->digits = g_strdup(digits);
	play->duration_ms = duration_ms;
	play->interval_ms = interval_ms;

	return play;
}

void media_play_free(struct media_play *play)
{
	size_t i;

	if (!play)
		return;

	for (i = 0; i < play->nlists; ++i)
		obj_unref(play->lists[i]);
	g_free(play->lists);
	if (play->digits) /* they may be a PIN */
		explicit_bzero(play->digits, strlen(play->digits));
	g_free(play->digits);
	media_play_stream_free(play);
	g_free(play);
}

/* Tell how it ended; it is gone then */
static void end_play(struct media_leg *leg, struct media_thread *th,
		     struct media_play *play, int err)
{
	const struct media_event ev = {
		.type = MEDIA_EV_PLAYED,
		.play_id = play->id,
		.err = err,
	};

	if (play->id)
		media_event_add(th, leg, &ev);
	media_play_free(play);
}

/* Take the first one off */
static void finish(struct media_leg *leg, struct media_thread *th,
		   struct media_play **firstp, int err)
{
	struct media_play *play = *firstp;

	*firstp = play->next;
	leg->tx.writer = NULL; /* what follows is a spurt of its own */
	end_play(leg, th, play, err);
}

/* @return true when it is over */
static bool step_tones(struct media_leg *leg, struct media_thread *th,
		       struct media_play *play)
{
	const unsigned frame = media_sound_frame(leg->sound);
	int16_t pcm[CODEC_FRAME_MAX];
	size_t got = 0;

	while (got < frame && play->at < play->nlists) {
		if (!play->running)
			tone_source_init(&play->source, play->lists[play->at],
					 media_sound_rate(leg->sound),
					 play->loops);
		play->running = true;
		got += tone_source_run(&play->source, pcm + got, frame - got);
		if (got < frame) {
			play->running = false;
			++play->at;
		}
	}
	if (got) {
		memset(pcm + got, 0, (frame - got) * sizeof(*pcm));
		media_sound_put(leg, th, pcm);
	}
	if (got == frame)
		return false;
	media_sound_flush(leg, th);

	return true;
}

static void send_event(struct media_leg *leg, struct media_thread *th,
		       struct media_play *play, const struct dtmf_out *dtmf)
{
	const struct media_session *sess = &leg->sess;
	uint8_t buf[RTP_HEADER_LEN + DTMF_PAYLOAD_LEN];
	const uint64_t offset = dtmf->ts_offset;
	const struct media_out out = {
		.buf = buf,
		.len = sizeof(buf),
		.pt = (uint8_t)sess->dtmf_pt,
		.marker = dtmf->marker,
		.ts = play->ts + (uint32_t)(offset * sess->codec->clock /
					    sess->dtmf_clock),
		.span = dtmf->marker
				? codec_ts_units(sess->codec, play->duration_ms)
				: 0,
		.writer = play,
	};

	memcpy(buf + RTP_HEADER_LEN, dtmf->payload, DTMF_PAYLOAD_LEN);
	media_tx_packet(leg, th, &out);
}

/* Begin the next digit or pause. @return false when there is none */
static bool next_digit(struct media_leg *leg, struct media_thread *th,
		       struct media_play *play)
{
	while (play->digits[play->pos]) {
		const char digit = play->digits[play->pos++];

		if (tolower(digit) == 'w') {
			play->wait = WAIT_MS / CODEC_FRAME_MS;
			return true;
		}
		if (dtmf4733_tx_start(&play->tx, digit, play->duration_ms,
				      leg->sess.dtmf_clock, CODEC_FRAME_MS))
			continue;
		play->pressed = true;
		play->ts = media_tx_resume(&leg->tx, th->now_us);
		return true;
	}

	return false;
}

static bool step_events(struct media_leg *leg, struct media_thread *th,
			struct media_play *play)
{
	struct dtmf_out out;

	if (play->wait) {
		--play->wait;
		return false;
	}
	if (!play->pressed && !next_digit(leg, th, play))
		return true;
	if (!play->pressed)
		return false; /* a pause began */

	if (dtmf4733_tx_step(&play->tx, &out)) {
		send_event(leg, th, play, &out);
	} else {
		play->pressed = false;
		play->wait = (play->interval_ms + CODEC_FRAME_MS - 1) /
			     CODEC_FRAME_MS;
	}

	return false;
}

/* Thread: media. 20 ms of what stands first in this list. */
static void step(struct media_leg *leg, struct media_thread *th,
		 struct media_play **firstp)
{
	struct media_play *play = *firstp;
	bool over;
	int err = 0;

	if (play->digits) {
		if (leg->sess.dtmf_pt < 0 || !leg->sess.dtmf_clock)
			err = ENOTSUP; /* the session lost it */
		over = err || step_events(leg, th, play);
	} else {
		err = media_sound_need(leg);
		if (!err && play->stream)
			over = media_play_stream_step(leg, th, play, &err);
		else
			over = err || step_tones(leg, th, play);
	}

	if (over)
		finish(leg, th, firstp, err);
}

void media_play_step(struct media_leg *leg, struct media_thread *th)
{
	if (leg->sending)
		step(leg, th, &leg->sending);
	else if (leg->play)
		step(leg, th, &leg->play);
}

void media_play_cmd_play(struct media_thread *th, void *arg)
{
	struct media_play *play = arg;
	struct media_leg *leg = play->leg;

	if (leg->play)
		finish(leg, th, &leg->play, ECANCELED);
	media_sound_clear(leg->sound);
	leg->play = play;
	media_leg_update_tick(leg, th);
}

void media_play_cmd_send(struct media_thread *th, void *arg)
{
	struct media_play *play = arg;
	struct media_leg *leg = play->leg;
	struct media_play **lastp = &leg->sending;
	unsigned n;

	for (n = 0; *lastp; ++n)
		lastp = &(*lastp)->next;
	if (n >= SENDING_MAX) {
		end_play(leg, th, play, EBUSY);
		return;
	}
	*lastp = play;
	media_leg_update_tick(leg, th);
}

void media_play_forget_passed(struct media_leg *leg)
{
	struct media_play **at = &leg->sending, *play;

	if (*at) /* it is being pressed */
		at = &(*at)->next;
	while ((play = *at)) {
		if (play->id) {
			at = &play->next;
			continue;
		}
		*at = play->next;
		media_play_free(play);
	}
}

void media_play_cmd_stop(struct media_thread *th, void *arg)
{
	struct media_leg *leg = arg;

	while (leg->sending)
		finish(leg, th, &leg->sending, ECANCELED);
	if (leg->play)
		finish(leg, th, &leg->play, ECANCELED);
	media_sound_clear(leg->sound);
	media_leg_update_tick(leg, th);
}

static void restart(struct media_play *play)
{
	for (; play; play = play->next)
		play->running = false;
}

void media_play_restart(struct media_leg *leg)
{
	restart(leg->play);
	restart(leg->sending);
}

void media_play_drop(struct media_leg *leg)
{
	struct media_play *play, *next;

	media_play_free(leg->play);
	leg->play = NULL;
	for (play = leg->sending; play; play = next) {
		next = play->next;
		media_play_free(play);
	}
	leg->sending = NULL;
}
